/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "net/helper.h"
#include "net/helper_keep.h"
#include "net/link.h"
#include "net/netlink.h"
#include "net/slirp.h"
#include "runtime/base/sys.h"
#include "runtime/base/words.h"

enum { WORD_MS = 20000, END_MS = 3000, STEP_MS = 5 };

#define LOCK_FILE "net.helper"
#define TUN "/dev/net/tun"

static const struct helper {
	const char *name, *package;
} helpers[] = {{"pasta", "passt"}, {"slirp4netns", "slirp4netns"}};

/* ---- which one ----------------------------------------------------------------------------------*/

static const struct helper *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (str_eq(helpers[i].name, name))
			return &helpers[i];
	return NULL;
}

bool helper_is(const char *name)
{
	return find_row(name) != NULL;
}

static bool is_installed(const char *name)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/bin:/bin"; *path; path += *path == ':') {
		size_t n = strcspn(path, ":");
		auto_free char *file = mem_printf("%.*s/%s", (int)n, path, name);
		if (n && access(file, X_OK) == 0)
			return true;
		path += n;
	}
	return false;
}

static int check_tun(const char *name, struct err *err)
{
	if (access(TUN, R_OK | W_OK) == 0)
		return 0;
	err_set(err, errno, "--network %s: open %s", name, TUN);
	err_hint(err, "%s makes its link of it: modprobe tun; chmod 666 " TUN, name);
	return -err->num;
}

/* pasta takes the addresses of the host's way out; without one it has none to take. */
static bool host_leads_out(void)
{
	struct err ignored;
	auto_fd int sock = nl_open(NETLINK_ROUTE, &ignored);

	return sock >= 0 && link_leads_out(sock, &ignored) > 0;
}

int helper_choose(const char *name, const char **ret, struct err *err)
{
	const struct helper *row = name ? find_row(name) : NULL;

	if (name && !is_installed(name)) {
		err_say(err, ENOENT, "--network %s: there is no program %s", name, name);
		err_hint(err, "it is in the package %s", row ? row->package : name);
		return -ENOENT;
	}
	if (!name && is_installed("pasta") && host_leads_out())
		name = "pasta";
	if (!name && is_installed("slirp4netns"))
		name = "slirp4netns";
	if (!name) {
		err_say(err, ENOENT, "only root makes bridges, and %s",
			is_installed("pasta") ? "pasta needs a host with a default route"
					      : "neither pasta nor slirp4netns is installed");
		err_hint(err, "they are in the packages passt and slirp4netns");
		return -ENOENT;
	}
	int r = check_tun(name, err);
	if (r == 0)
		*ret = name;
	return r;
}

/* ---- how it is called ---------------------------------------------------------------------------*/

static const char *range_text(unsigned first, unsigned count, struct arena *mem)
{
	return count > 1 ? arena_printf(mem, "%u-%u", first, first + count - 1)
			 : arena_printf(mem, "%u", first);
}

/* -t [ADDRESS/]PORT[-PORT]:PORT[-PORT], -u for udp. */
static void add_ports(const struct wire_end *e, struct words *w, struct arena *mem)
{
	static const char *const protocols[] = {"tcp", "udp"};

	for (size_t i = 0; i < 2; i++) {
		const char *flag = i ? "-u" : "-t";
		bool has_any = false;
		for (size_t k = 0; k < e->n_publish; k++) {
			const struct wire_publish *p = &e->publish[k];
			unsigned count = p->has_count ? p->count : 1;
			if (!str_eq(p->protocol, protocols[i]))
				continue;
			words_add(w, flag, mem);
			words_add(w,
				  arena_printf(mem, "%s%s%s:%s", p->address ? p->address : "",
					       p->address ? "/" : "",
					       range_text(p->port, count, mem),
					       range_text(p->to, count, mem)),
				  mem);
			has_any = true;
		}
		if (!has_any) {
			words_add(w, flag, mem);
			words_add(w, "none", mem);
		}
	}
}

static void add_all(const char *const *list, struct words *w, struct arena *mem)
{
	for (; *list; list++)
		words_add(w, *list, mem);
}

/* Both write to descriptor 0 once the link is there. Of the host's loopback they show nothing. */
int helper_argv(const struct wire_end *e, pid_t pid, bool own_user, struct arena *mem,
		const char ***ret, struct err *err)
{
	/* clang-format off */
	static const char *const pasta[] = {
		"pasta", "--config-net", "--foreground", "--quiet", "--no-map-gw", "--pid", "/proc/self/fd/0",
		"-T", "none", "-U", "none", "--ns-ifname", NULL};
	static const char *const slirp[] = {
		"slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-ipv6",
		"--enable-sandbox", "--enable-seccomp", "--ready-fd=0", "-a", SLIRP_SOCKET, NULL};
	/* clang-format on */
	bool is_pasta = str_eq(e->driver, "pasta");
	const char *target = arena_printf(mem, "%d", (int)pid);
	struct words w = {0};

	for (size_t i = 0; !is_pasta && i < e->n_publish; i++)
		if (e->publish[i].address && strchr(e->publish[i].address, ':'))
			return err_say(err, ENOTSUP,
				       "--publish: slirp4netns listens on addresses of IPv4 only");
	add_all(is_pasta ? pasta : slirp, &w, mem);
	if (is_pasta) {
		words_add(&w, e->name, mem);
		add_ports(e, &w, mem);
		if (!own_user) {
			add_all((const char *const[]){"--netns-only", "--no-netns-quit", "--netns",
						      NULL},
				&w, mem);
			target = arena_printf(mem, "/proc/%d/ns/net", (int)pid);
		}
	}
	words_add(&w, target, mem);
	if (!is_pasta)
		words_add(&w, e->name, mem);
	words_add(&w, NULL, mem);
	*ret = w.v;
	return 0;
}

/* ---- starting -----------------------------------------------------------------------------------*/

static bool has_own_user(pid_t pid)
{
	char path[32];
	struct stat own, its;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat("/proc/self/ns/user", &own) == 0 && stat(path, &its) == 0 &&
	       own.st_ino != its.st_ino;
}

/* What the keeper says: an empty text, or why there is no network. */
static int hear(int word, const char *name, struct err *err)
{
	char text[KEEPER_TEXT_MAX] = {1};
	struct pollfd p = {.fd = word, .events = POLLIN};
	int r;

	while ((r = poll(&p, 1, WORD_MS)) < 0 && errno == EINTR)
		;
	if (r == 0)
		return err_say(err, ETIMEDOUT, "%s did not make its link in %d s", name,
			       WORD_MS / 1000);
	ssize_t n = r < 0 ? r : read(word, text, sizeof(text) - 1);
	if (n < 0)
		return err_set(err, errno, "listen to the keeper of %s", name);
	if (n > 0 && !*text)
		return 0;
	return err_say(err, EIO, "%s ended: %s", name, n ? text : "it said nothing");
}

int helper_start(int dir, pid_t pid, const struct wire_end *e, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **argv;
	int word[2];

	int r = helper_argv(e, pid, has_own_user(pid), &mem, &argv, err);
	if (r < 0)
		return r;
	auto_fd int init = sys_pidfd_open(pid, 0);
	if (init < 0)
		return err_set(err, errno, "find the container's first process");
	auto_fd int lock = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, errno, "take %s of the container", LOCK_FILE);
	if (pipe2(word, O_CLOEXEC) < 0)
		return err_set(err, errno, "make a pipe");
	auto_fd int heard = word[0];
	const struct keeper k = {argv, dir, init, lock, word[1]};
	r = keeper_start(&k, err);
	close(word[1]);
	if (r == 0)
		r = hear(heard, e->driver, err);
	if (r == 0 && str_eq(e->driver, "slirp4netns"))
		r = slirp_publish(dir, e, err);
	return r;
}

int helper_wait(int dir, struct err *err)
{
	auto_fd int lock = openat(dir, LOCK_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (lock < 0)
		return errno == ENOENT ? 0 : err_set(err, errno, "open %s", LOCK_FILE);
	for (int ms = 0; flock(lock, LOCK_EX | LOCK_NB) < 0; ms += STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, errno, "lock %s", LOCK_FILE);
		if (ms >= END_MS)
			return err_say(err, ETIMEDOUT,
				       "what carries the container's packets goes on");
		poll(NULL, 0, STEP_MS);
	}
	unlinkat(dir, SLIRP_SOCKET, 0);
	unlinkat(dir, LOCK_FILE, 0);
	return 0;
}
