/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a container's groups, from the record alone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "cgroups/kill.h"
#include "cgroups/mark.h"
#include "cgroups/name.h"
#include "cgroups/procs.h"
#include "cgroups/wait.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

enum { REMOVE_MS = 10000, SYSTEMD_MS = 3000, PAUSE_US = 100, PAUSE_MAX_US = 20000 };

/* The record could be old, or not ours: nothing but groups is touched. */
static int check_is_group(const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return -errno;
	if (strstr(dir, "/../") || str_ends(dir, "/.."))
		return -EINVAL;
	return fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC ? 0 : -EINVAL;
}

/* Removes each child of the group that lets itself be removed. 1 when one is left, whose
 * descriptor then is *ret; 0 when none is. */
static int remove_children(int group, int *ret)
{
	int copy = openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int left = -1;

	if (!d) {
		auto_close_fd(&copy);
		return -errno;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if (unlinkat(group, e->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT || left >= 0)
			continue;
		left = openat(group, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	closedir(d);
	*ret = left;
	return left >= 0;
}

/* A container that was given its group may have made a tree of any depth: it is walked with one
 * descriptor, down to where something can be removed and up again, not recursively. */
static int remove_below(const char *dir, int64_t end)
{
	auto_fd int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned depth = 0;

	while (at >= 0 && clock_ms() < end) {
		int next = -1, r = remove_children(at, &next);
		if (r < 0)
			return r;
		if (r == 0 && depth == 0)
			return 0;
		if (r == 0) { /* a leaf; its parent can remove it as soon as it is really empty */
			next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			usleep(PAUSE_US);
		}
		depth = r ? depth + 1 : depth - 1;
		close(at);
		at = next;
	}
	return at < 0 ? -errno : -ETIMEDOUT;
}

/* The last process is gone, but its remains may take a moment (EBUSY). */
static int remove_patiently(const char *dir, int64_t end)
{
	for (useconds_t pause = PAUSE_US;; pause = pause < PAUSE_MAX_US ? pause * 2 : pause) {
		if (rmdir(dir) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_ms() >= end)
			return -errno;
		usleep(pause);
	}
}

/* systemd removes its groups when it hears that they are empty. Were ctr faster, it would hear
 * nothing, and keep the scope and its name for ever. */
static void wait_for_systemd(const char *dir)
{
	int64_t end = clock_ms() + SYSTEMD_MS;

	while (access(dir, F_OK) == 0 && clock_ms() < end)
		usleep(1000);
}

/* Everybody out, and all groups below removed. */
static int empty(const char *dir, const char *freezer, int64_t end)
{
	int r = cg_kill_dir(dir, freezer);

	if (r == 0 && clock_ms() < end)
		r = cg_wait_event(dir, "populated", 0, (int)(end - clock_ms()));
	if (r == 0)
		r = remove_below(dir, end);
	return r == -ENOENT ? 0 : r;
}

static bool has_processes(const char *dir)
{
	auto_(cg_pids) struct cg_pids pids = {0};

	return cg_pids_below(dir, &pids) < 0 || pids.n;
}

/* What is known about the container while its groups are removed. */
struct undoing {
	const char *freezer, *unit, *mark;
	const char *main; /* the group that has the mark */
	int64_t end;
};

static bool is_systemds(const struct undoing *u, const char *name)
{
	return u->unit && str_ends(name, u->unit) &&
	       (cg_name_has(name, "") || cg_name_has(name, "name=systemd"));
}

/* A group that has processes after those of the marked one are gone is somebody else's. */
static bool is_ours(const struct undoing *u, const char *dir)
{
	if (dir == u->main)
		return u->mark && cg_is_marked(dir, u->mark);
	return !has_processes(dir);
}

static int remove_group(const struct undoing *u, const char *name)
{
	const char *dir = cg_name_dir(name);
	bool leave_to_systemd = is_systemds(u, name);
	int r = check_is_group(dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!leave_to_systemd && rmdir(dir) == 0)
		return 0;
	if (!leave_to_systemd && errno != EBUSY && errno != ENOTEMPTY)
		return errno == ENOENT ? 0 : -errno;
	if (!is_ours(u, dir))
		return 0;
	r = dir == u->main ? empty(dir, u->freezer, u->end) : remove_below(dir, u->end);
	if (leave_to_systemd)
		wait_for_systemd(dir);
	return r < 0 ? r : remove_patiently(dir, u->end);
}

int cg_undo(const char *const *names, size_t n, struct err *err)
{
	bool is_user;
	const struct undoing u = {.freezer = cg_name_find(names, n, "freezer"),
				  .unit = cg_name_unit(names, n, &is_user),
				  .mark = cg_name_mark(names, n),
				  .main = cg_main_dir(names, n),
				  .end = clock_ms() + REMOVE_MS};
	int r = 0;

	/* The main group is the first one; the freezer is the last, being needed for killing. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const char *dir = cg_name_dir(names[i]);
			if (!dir || (dir == u.freezer && dir != u.main) != pass)
				continue;
			int one = remove_group(&u, names[i]);
			if (one < 0 && r == 0)
				r = err_set(err, one, "remove cgroup %s", dir);
		}
	return r;
}
