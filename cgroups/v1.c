/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v1: a hierarchy for each controller or two. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/devices.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

enum { LIST_MAX = 1 << 20 };

/* ---- cpuset: a new group may use nothing, not even for its first process ---------------------- */

/* Gives dir's file its parent's value if it has none; parents first. `top` is the length of the
 * mount point, whose own files are always filled. */
static int inherit(const char *dir, size_t top, const char *file)
{
	char parent[PATH_MAX], value[4096];
	int r = cg_file_read(dir, file, value, sizeof(value));

	if (r != 0) /* an error, or not empty */
		return r < 0 ? r : 0;
	size_t n = (size_t)(strrchr(dir, '/') - dir);
	snprintf(parent, sizeof(parent), "%.*s", (int)n, dir);
	r = n > top ? inherit(parent, top, file) : 0;
	if (r == 0)
		r = cg_file_read(parent, file, value, sizeof(value));
	return r < 0 ? r : cg_file_write(dir, file, value);
}

static int prepare(const struct cg_plan *plan, const struct cg_group *g, const char *dir,
		   struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	(void)plan;
	if (!cg_word_in(g->controllers, ',', "cpuset"))
		return 0;
	for (int i = 0; i < 2; i++) {
		int r = inherit(dir, strlen(g->mountpoint), files[i]);
		if (r < 0)
			return err_set(err, r, "copy %s from the parents to %s", files[i], dir);
	}
	return 0;
}

static int open_v1(const char *dir, struct cg_handles *h, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tasks", dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open %s", path);
	h->tasks[h->n_tasks++] = fd;
	return 0;
}

static int check_idle(const char *dir, struct err *err)
{
	char text[32];
	int r = cg_file_read(dir, "cgroup.procs", text, sizeof(text));

	if (r < 0)
		return err_set(err, r, "read %s/cgroup.procs", dir);
	if (r > 0)
		return err_say(err, EBUSY, "container's cgroup is not empty: %s", dir);
	if (cg_file_read(dir, "freezer.state", text, sizeof(text)) > 0 &&
	    strcmp(text, "THAWED") != 0)
		return err_say(err, EBUSY, "container's cgroup unexpectedly frozen: %s", dir);
	return 0;
}

const struct cg_backend cg_v1 = {.prepare = prepare, .open = open_v1, .check_idle = check_idle};

/* ---- devices ---------------------------------------------------------------------------------- */

/* The two files, open for a series of lines. */
struct device_files {
	int allow, deny;
};

static int put_device(const struct device_files *files, const struct cg_device *dev)
{
	char line[CG_DEVICE_TEXT];

	cg_device_text(dev, line);
	return write(dev->allow ? files->allow : files->deny, line, strlen(line)) < 0 ? -errno : 0;
}

/* What of `dev` the plan does not say, taken back. */
static int take_back(const struct cg_plan *plan, const struct device_files *files,
		     struct cg_device dev)
{
	for (size_t i = 0; i < plan->n_devices; i++) {
		const struct cg_device *d = &plan->devices[i];
		if (d->type == dev.type && d->major == dev.major && d->minor == dev.minor)
			dev.access &= ~d->access;
	}
	dev.allow = !dev.allow;
	return dev.access ? put_device(files, &dev) : 0;
}

/* An update that stays with "deny all but": first what is new, then what is not wanted any more. */
static int update_list(const struct cg_plan *plan, const struct device_files *files,
		       const char *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_devices; i++)
		r = put_device(files, &plan->devices[i]);
	for (const char *line = list; r == 0 && *line;) {
		size_t n = strcspn(line, "\n");
		struct cg_device dev;
		if (cg_device_parse(line, n, &dev) == 0)
			r = take_back(plan, files, dev);
		line += n + (line[n] == '\n');
	}
	return r;
}

static int set_list(const struct cg_plan *plan, const struct device_files *files)
{
	bool allow_all = plan->n_devices && plan->devices[0].type == 'a';
	struct cg_device all = {'a', allow_all, CG_DEV_RWM, -1, -1};
	int r = put_device(files, &all);

	for (size_t i = allow_all; r == 0 && i < plan->n_devices; i++)
		r = put_device(files, &plan->devices[i]);
	return r;
}

int cg_v1_devices(const struct cg_plan *plan, const char *dir, bool is_new, struct err *err)
{
	char path[PATH_MAX];
	auto_(str) struct str list = {0};

	snprintf(path, sizeof(path), "%s/devices.allow", dir);
	auto_fd int allow = open(path, O_WRONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/devices.deny", dir);
	auto_fd int deny = open(path, O_WRONLY | O_CLOEXEC);
	if (allow < 0 || deny < 0)
		return err_set(err, errno, "open %s", path);
	const struct device_files files = {.allow = allow, .deny = deny};
	snprintf(path, sizeof(path), "%s/devices.list", dir);
	int r = is_new ? 0 : fd_read_file(AT_FDCWD, path, LIST_MAX, &list);
	/* A list that begins with "a" is one of "all but", and does not say but what. */
	bool is_list =
		list.len && *list.p != 'a' && plan->n_devices && plan->devices[0].type != 'a';
	if (r == 0)
		r = is_list ? update_list(plan, &files, list.p) : set_list(plan, &files);
	return r < 0 ? err_set(err, r, "linux.resources.devices: write to %s", dir) : 0;
}
