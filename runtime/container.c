/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cgroups/cgroup.h"
#include "runtime/base/chan.h"
#include "runtime/base/fd.h"
#include "runtime/base/monitor.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/base/words.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/container.h"
#include "runtime/probe.h"
#include "runtime/state.h"

enum { STATE_MAX = 1 << 20, SMALL_MAX = 256 };

/* podman without root calls runtimes as root of its own user namespace, and as another user. */
static bool is_root(void)
{
	const char *user = getenv("USER");

	return geteuid() == 0 && ((user && str_eq(user, "root")) || !probe_in_userns());
}

const char *container_default_root(struct arena *a)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	bool has_dir = dir && *dir == '/';

	if (geteuid() == 0 && (!has_dir || is_root()))
		return "/run/ctr";
	if (!has_dir)
		return arena_printf(a, "/run/user/%u/ctr", geteuid());
	return arena_printf(a, "%s/ctr", dir);
}

int container_check_id(const char *id, struct err *err)
{
	if (path_id_ok(id))
		return 0;
	err_say(err, EINVAL, "invalid container ID format: \"%.100s\"", id);
	err_hint(err,
		 "letters, digits, '_', '+', '-' and '.', at most 1024, not beginning with '.'");
	return -err->num;
}

/* Waits for the lock; false when the directory was removed meanwhile. */
static int lock(int dir_fd)
{
	struct stat st;

	while (flock(dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return fstat(dir_fd, &st) < 0 ? -errno : st.st_nlink == 0 ? -ENOENT : 0;
}

int container_new(const char *root, const char *id, struct container *ret, struct err *err)
{
	struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_check_id(id, err);

	if (r < 0)
		return r;
	auto_fd int root_fd = path_make_dir(root, 0711);
	if (root_fd < 0) {
		err_set(err, root_fd, "make the runtime root %s", root);
		err_hint(err, "choose another one with --root, or by XDG_RUNTIME_DIR");
		return -err->num;
	}
	if (mkdirat(root_fd, id, 0711) < 0) {
		if (errno == EEXIST)
			return err_say(err, EEXIST, "container with given ID already exists");
		return err_set(err, errno, "make %s/%s", root, id);
	}
	auto_fd int dir = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 ? -errno : lock(dir);
	if (r < 0) {
		unlinkat(root_fd, id, AT_REMOVEDIR);
		return err_set(err, r, "lock %s/%s", root, id);
	}
	c.root = arena_str(&c.arena, root);
	c.id = arena_str(&c.arena, id);
	c.dir = arena_printf(&c.arena, "%s/%s", root, id);
	c.dir_fd = steal_fd(&dir);
	*ret = c;
	return 0;
}

static int read_record(struct container *c, struct err *err)
{
	auto_(str) struct str text = {0};
	void *state = NULL;
	int r = fd_read_file(c->dir_fd, "state.json", STATE_MAX, &text);

	if (r == -ENOENT) /* its making was cut short before anything was made */
		return 0;
	if (r < 0)
		return err_set(err, r, "read %s/state.json", c->dir);
	r = decode_object(&state_table, text.p ? text.p : "", text.len, &c->arena, &state, err);
	if (r < 0)
		return err_wrap(err, "%s/state.json", c->dir);
	c->state = state;
	return 0;
}

static void read_init(struct container *c)
{
	auto_(str) struct str text = {0};
	unsigned long long start;
	char state;
	int pid;

	if (fd_read_file(c->dir_fd, "init", SMALL_MAX, &text) < 0 || !text.p ||
	    sscanf(text.p, "%d %llu", &pid, &start) != 2 || pid <= 0)
		return;
	c->pid = pid;
	c->start_time = start;
	c->is_creating = str_ends(text.p, " creating\n");
	/* First the descriptor, then the look whose it is: it cannot be reused in between. */
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	if (pidfd >= 0 && process_start_time(pid, &state) == start && state != 'Z' && state != 'X')
		c->pidfd = steal_fd(&pidfd);
}

int container_open(const char *root, const char *id, bool want_lock, bool broken_ok,
		   struct container *ret, struct err *err)
{
	struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_check_id(id, err);

	if (r < 0)
		return r;
	c.root = arena_str(&c.arena, root);
	c.id = arena_str(&c.arena, id);
	c.dir = arena_printf(&c.arena, "%s/%s", root, id);
	c.dir_fd = open(c.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = c.dir_fd < 0 ? -errno : want_lock ? lock(c.dir_fd) : 0;
	if (r == -ENOENT)
		r = err_say(err, ENOENT, "container does not exist");
	else if (r < 0)
		r = err_set(err, r, "open %s", c.dir);
	else
		r = read_record(&c, err);
	/* A record that cannot be read may be there the next time; one that says nothing never will. */
	if (r < 0 && !(broken_ok && r == -EINVAL)) {
		container_clear(&c);
		return r;
	}
	read_init(&c);
	*ret = c;
	return 0;
}

void container_clear(struct container *c)
{
	auto_close_fd(&c->dir_fd);
	auto_close_fd(&c->pidfd);
	arena_clear(&c->arena);
	*c = (struct container){.dir_fd = -1, .pidfd = -1};
}

void container_unlock(struct container *c)
{
	flock(c->dir_fd, LOCK_UN);
}

bool container_is_busy(const char *root, const char *id)
{
	auto_free char *path = mem_printf("%s/%s", root, id);
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir < 0 || flock(dir, LOCK_SH | LOCK_NB) < 0;
}

static int write_file(struct container *c, const char *name, const void *p, size_t n,
		      struct err *err)
{
	int r = fd_replace(c->dir_fd, name, p, n, 0600);
	return r < 0 ? err_set(err, r, "write %s/%s", c->dir, name) : 0;
}

/* For what is looked at only once a later file is there: torn is as good as missing. */
static int write_in_place(struct container *c, const char *name, const void *p, size_t n,
			  struct err *err)
{
	auto_fd int fd = openat(c->dir_fd, name,
				O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, p, n);
	return r < 0 ? err_set(err, r, "write %s/%s", c->dir, name) : 0;
}

int container_write_state(struct container *c, const struct state *state, struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};

	encode_object(&state_table, state, &out, NULL);
	return write_file(c, "state.json", text.p, text.len, err);
}

int container_write_config(struct container *c, const char *text, size_t len, struct err *err)
{
	if (!text) /* it is started again from the one that is there */
		return 0;
	return write_in_place(c, "config.json", text, len, err); /* `init` comes after it */
}

int container_replace_config(struct container *c, const char *text, size_t len, struct err *err)
{
	return write_file(c, "config.json", text, len, err);
}

int container_write_init(struct container *c, pid_t pid, bool creating, struct err *err)
{
	char text[64];
	uint64_t start = process_start_time(pid, NULL);
	int n = snprintf(text, sizeof(text), "%d %llu%s\n", (int)pid, (unsigned long long)start,
			 creating ? " creating" : "");

	c->pid = pid;
	c->start_time = start;
	return write_file(c, "init", text, (size_t)n, err);
}

void container_forget_run(struct container *c)
{
	static const char *const files[] = {"init",       "exit",       "error",  MONITOR_SOCKET,
					    "start.sock", MONITOR_HALT, "monitor"};
	/* The last two are about whoever calls, if it is the monitor. */
	size_t n = sizeof(files) / sizeof(*files) - (container_is_monitor(c) ? 2 : 0);

	for (size_t i = 0; i < n; i++)
		unlinkat(c->dir_fd, files[i], 0);
	auto_close_fd(&c->pidfd);
	c->pidfd = -1;
	c->pid = 0;
}

int container_write_monitor(struct container *c, pid_t pid, unsigned restarts, struct err *err)
{
	char text[64];
	uint64_t start = process_start_time(pid, NULL);
	int n = snprintf(text, sizeof(text), "%d %llu %u\n", (int)pid, (unsigned long long)start,
			 restarts);

	return write_file(c, "monitor", text, (size_t)n, err);
}

/* "PID STARTTIME RESTARTS"; false without such a file. */
static bool read_monitor(const struct container *c, int *pid, unsigned long long *start,
			 unsigned *restarts)
{
	auto_(str) struct str text = {0};

	return fd_read_file(c->dir_fd, "monitor", SMALL_MAX, &text) == 0 && text.p &&
	       sscanf(text.p, "%d %llu %u", pid, start, restarts) == 3 && *pid > 0;
}

bool container_had_monitor(const char *root, const char *id)
{
	struct err ignored;

	if (container_check_id(id, &ignored) < 0)
		return false;
	auto_free char *path = mem_printf("%s/%s/monitor", root, id);
	return access(path, F_OK) == 0;
}

int container_monitor(const struct container *c)
{
	unsigned long long start;
	unsigned restarts;
	char state;
	int pid;

	if (!read_monitor(c, &pid, &start, &restarts))
		return -1;
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0 || process_start_time(pid, &state) != start || state == 'Z' || state == 'X')
		return -1;
	return steal_fd(&pidfd);
}

unsigned container_restarts(const struct container *c)
{
	unsigned long long start;
	unsigned restarts;
	int pid;

	return read_monitor(c, &pid, &start, &restarts) ? restarts : 0;
}

bool container_is_monitor(const struct container *c)
{
	unsigned long long start;
	unsigned restarts;
	int pid;

	return read_monitor(c, &pid, &start, &restarts) && pid == getpid();
}

void container_halt(const struct container *c)
{
	auto_fd int fd = openat(c->dir_fd, MONITOR_HALT, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

void container_note_failure(struct container *c, int code, const struct err *why)
{
	char text[600];
	struct err ignored;

	err_text(why, text, sizeof(text));
	fd_replace(c->dir_fd, "error", text, strlen(text), 0600);
	container_write_exit(c, code, &ignored);
}

int container_exit_code(const struct container *c)
{
	auto_(str) struct str text = {0};
	int code;

	int r = fd_read_file(c->dir_fd, MONITOR_EXIT, SMALL_MAX, &text);
	if (r < 0)
		return r;
	return text.p && sscanf(text.p, "%d", &code) == 1 && code >= 0 ? code : -EINVAL;
}

int container_write_exit(struct container *c, int code, struct err *err)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", code);

	return write_file(c, "exit", text, (size_t)n, err);
}

/* The socket file outlives its listener when the one who started the container was killed right
 * after: only an answer proves that somebody still waits. */
static bool waits_for_start(const struct container *c)
{
	if (faccessat(c->dir_fd, "start.sock", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	int sock = chan_connect(c->dir_fd, "start.sock");
	if (sock >= 0)
		close(sock);
	return sock >= 0;
}

/* The engine keeps containers that have no process yet, or none any more. */
static enum container_status status_without_process(const struct container *c)
{
	if (!c->state || !c->state->engine ||
	    faccessat(c->dir_fd, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return STATUS_CREATING;
	return container_exit_code(c) < 0 ? STATUS_CREATED : STATUS_STOPPED;
}

enum container_status container_status(const struct container *c)
{
	struct err ignored;

	if (!c->state || !c->pid)
		return status_without_process(c);
	if (c->pidfd < 0)
		return STATUS_STOPPED;
	if (c->is_creating)
		return STATUS_CREATING;
	if (waits_for_start(c))
		return STATUS_CREATED;
	if (cg_is_frozen(c->state->cgroups, c->state->n_cgroups, &ignored) == 1)
		return STATUS_PAUSED;
	return STATUS_RUNNING;
}

const char *container_status_word(enum container_status status)
{
	static const char *const words[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
		[STATUS_RUNNING] = "running",   [STATUS_PAUSED] = "paused",
		[STATUS_STOPPED] = "stopped",
	};
	return words[status];
}

/* Before the record that names it. */
static int remove_scratch(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (*path != '/' || (size_t)(slash - path) >= sizeof(dir))
		return -EINVAL;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = 0;
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return path_remove_tree(fd, slash + 1);
}

int container_remove(struct container *c, struct err *err)
{
	enum { TRIES = 20 };
	static const char *const usual[] = {"state.json", "config.json", "init", "net.usage"};
	int r = c->state && c->state->scratch ? remove_scratch(c->state->scratch) : 0;

	if (r < 0)
		return err_set(err, r, "remove %s", c->state->scratch);
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		unlinkat(c->dir_fd, usual[i], 0);
	/* As a rule that was all. */
	if (rmdir(c->dir) == 0)
		return 0;
	auto_fd int root = openat(c->dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? -errno : -ENOTEMPTY;
	/* Whoever ran it may still be writing down how it ended. */
	for (int i = 0; i < TRIES && r == -ENOTEMPTY; i++)
		r = path_remove_tree(root, c->id);
	return r < 0 ? err_set(err, r, "remove %s", c->dir) : 0;
}

int container_ids(const char *root, struct arena *a, const char ***ret, struct err *err)
{
	struct words ids = {0};
	DIR *dir = opendir(root);

	if (!dir && errno != ENOENT)
		return err_set(err, errno, "read %s", root);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (path_id_ok(d->d_name) && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN))
			words_add(&ids, arena_str(a, d->d_name), a);
	if (dir)
		closedir(dir);
	words_sort(&ids);
	*ret = ids.v;
	return (int)ids.n;
}

uint64_t process_start_time(pid_t pid, char *ret_state)
{
	char path[32], text[1024], state;
	unsigned long long start;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	/* The name of the program, in parentheses, may hold anything. */
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			    " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
			    "%*d %*d %*d %*d %llu",
			    &state, &start) != 2)
		return 0;
	if (ret_state)
		*ret_state = state;
	return start;
}
