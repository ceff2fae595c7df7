/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "image/user.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"

enum { DEVICES_MAX = 400, PROFILE_MAX = 4 << 20, MOUNTS_MAX = 16 << 20 };

/* ---- user -------------------------------------------------------------------------------------*/

/* The image's directories, open. */
struct roots {
	int *fds; /* in an arena */
	size_t n;
};

static void roots_clear(struct roots *r)
{
	for (size_t i = 0; i < r->n; i++)
		close(r->fds[i]);
	r->n = 0;
}

static int open_roots(const struct image *image, struct roots *ret, struct arena *mem,
		      struct err *err)
{
	ret->fds = arena_zalloc(mem, image->lookup.n, sizeof(*ret->fds));
	for (; ret->n < image->lookup.n; ret->n++) {
		const char *path = image->lookup.v[ret->n];
		ret->fds[ret->n] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (ret->fds[ret->n] < 0)
			return err_set(err, errno, "open %s", path);
	}
	return 0;
}

static int look_user(const struct run_flags *f, const struct image *image, struct arena *mem,
		     struct config_user *ret, struct err *err)
{
	const char *spec = f->user ? f->user : image->user;
	struct config_user user = {.has_uid = true, .has_gid = true};
	struct passwd_user found;

	if (!spec && !f->groups.n) {
		*ret = user;
		return 0;
	}
	auto_(roots) struct roots roots = {0};
	int r = open_roots(image, &roots, mem, err);
	if (r < 0)
		return r;
	const struct user_roots in = {roots.fds, roots.n};
	if (spec) {
		if (user_lookup(in, spec, mem, &found, err) < 0)
			return err_wrap(err, "user \"%.60s\"", spec);
		user_set(&user, &found);
	}
	for (size_t i = 0; i < f->groups.n; i++)
		if (user_add_group(in, f->groups.v[i], mem, &user, err) < 0)
			return -err->num;
	*ret = user;
	return 0;
}

/* ---- devices ----------------------------------------------------------------------------------*/

static bool node_from(const struct stat *st, const char *path, struct config_device *ret)
{
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
		return false;
	*ret = (struct config_device){
		.type = S_ISBLK(st->st_mode) ? CONFIG_DEVICE_TYPE_B : CONFIG_DEVICE_TYPE_C,
		.path = path,
		.major = major(st->st_rdev),
		.has_major = true,
		.minor = minor(st->st_rdev),
		.has_minor = true,
		.file_mode = st->st_mode & 0777,
		.has_file_mode = true,
		.uid = st->st_uid,
		.has_uid = true,
		.gid = st->st_gid,
		.has_gid = true,
	};
	return true;
}

static int look_device(const char *text, struct arena *mem, struct run_facts *facts,
		       struct err *err)
{
	struct run_device *d = &facts->devices[facts->n_devices];
	struct device_spec spec;
	struct stat st;
	int r = device_parse(text, &spec, mem, err);

	if (r < 0)
		return r;
	if (stat(spec.host, &st) < 0)
		return err_set(err, errno, "--device %.80s", spec.host);
	if (!node_from(&st, spec.path, &d->node))
		return err_say(err, ENODEV, "--device %.80s: not a device", spec.host);
	d->access = spec.access;
	facts->n_devices++;
	return 0;
}

/* --privileged: what lies in the host's /dev itself. Terminals and the six that every container has
 * are made anew. */
static int look_at_all(struct arena *mem, struct run_facts *facts, struct err *err)
{
	static const char *const own[] = {"null",    "zero", "full",    "random",
					  "urandom", "tty",  "console", "ptmx"};
	DIR *dir = opendir("/dev");
	struct stat st;

	if (!dir)
		return err_set(err, errno, "read /dev");
	for (struct dirent *e; (e = readdir(dir)) && facts->n_devices < DEVICES_MAX;) {
		bool made = false;
		for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
			made |= str_eq(e->d_name, own[i]);
		struct run_device *d = &facts->devices[facts->n_devices];
		if (made || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !node_from(&st, arena_printf(mem, "/dev/%s", e->d_name), &d->node))
			continue;
		d->access = "rwm";
		facts->n_devices++;
	}
	closedir(dir);
	return 0;
}

static int look_devices(const struct run_flags *f, struct arena *mem, struct run_facts *facts,
			struct err *err)
{
	size_t n = f->devices.n + (f->privileged ? DEVICES_MAX : 0);

	facts->devices = arena_zalloc(mem, n, sizeof(*facts->devices));
	if (f->privileged && look_at_all(mem, facts, err) < 0)
		return -err->num;
	for (size_t i = 0; i < f->devices.n; i++)
		if (look_device(f->devices.v[i], mem, facts, err) < 0)
			return -err->num;
	return 0;
}

static int look_name(struct arena *mem, const char **ret, struct err *err)
{
	struct utsname host;

	if (uname(&host) < 0)
		return err_set(err, errno, "read the host's name");
	*ret = arena_str(mem, host.nodename);
	return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------*/

static int look_seccomp(const struct run_flags *f, struct arena *mem, struct run_facts *facts,
			struct err *err)
{
	auto_(str) struct str text = {0};
	struct security s;
	int r = security_parse(&f->security, &s, mem, err);

	if (r < 0 || !s.seccomp || str_eq(s.seccomp, "unconfined"))
		return r;
	r = fd_read_file(AT_FDCWD, s.seccomp, PROFILE_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read the seccomp profile %s", s.seccomp);
	facts->seccomp_text = arena_copy(mem, text.p ? text.p : "", text.len);
	facts->seccomp_len = text.len;
	return 0;
}

/* On v2 what cannot be counted cannot be used either. */
static bool counts_swap(const struct host *host)
{
	char path[sizeof(host->cgroups->mountpoint) + 40];

	for (unsigned i = 0; i < host->n_cgroups; i++) {
		const struct host_cgroup *c = &host->cgroups[i];
		if (!str_eq(c->controllers, "memory"))
			continue;
		snprintf(path, sizeof(path), "%s/memory.memsw.limit_in_bytes", c->mountpoint);
		return access(path, F_OK) == 0;
	}
	return true;
}

/* An option of the one cgroup2 that all its mounts show. */
static bool keeps_limits(void)
{
	auto_(str) struct str text = {0};
	bool found = false;

	fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text);
	for (char *save = NULL, *line = text.p ? strtok_r(text.p, "\n", &save) : NULL;
	     line && !found; line = strtok_r(NULL, "\n", &save)) {
		const char *type = strstr(line, " - cgroup2 ");
		found = type && strstr(type, "nsdelegate");
	}
	return found;
}

/* The host's resolv.conf for one who is in the host's network, if the image has a place for it. */
static bool has_resolver(const struct image *image)
{
	if (access("/etc/resolv.conf", F_OK) < 0)
		return false;
	for (size_t i = 0; i < image->lookup.n; i++) {
		auto_fd int root = open(image->lookup.v[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		auto_fd int link =
			root < 0 ? -1 : path_open_in(root, "/etc/resolv.conf", O_PATH | O_NOFOLLOW);
		if (link >= 0)
			return true;
	}
	return false;
}

int run_look(const struct run_flags *flags, const struct image *image, const struct host *host,
	     struct arena *mem, struct run_facts *ret, struct err *err)
{
	struct run_facts facts = {
		.counts_swap = counts_swap(host),
		.keeps_limits = flags->systemd && keeps_limits(),
		.network = ret->network,
		.ids = ret->ids,
		.pid_path = ret->pid_path,
	};

	if (facts.network.kind == RUN_NETWORK_HOST && has_resolver(image))
		facts.network.resolv = "/etc/resolv.conf";

	int r = look_user(flags, image, mem, &facts.user, err);
	if (r < 0 || (r = look_devices(flags, mem, &facts, err)) < 0 ||
	    (r = look_name(mem, &facts.host_name, err)) < 0 ||
	    (r = look_seccomp(flags, mem, &facts, err)) < 0)
		return r;
	*ret = facts;
	return 0;
}
