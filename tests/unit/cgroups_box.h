/* SPDX-License-Identifier: Apache-2.0 */
/* Containers without a runtime, for tests against the kernel: groups below "ctr-test-PID" only, which
 * are gone when the box goes out of scope. */
#pragma once

#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"
#include "tests/lib/test.h"

#define CG "/sys/fs/cgroup"

/* ---- hosts ------------------------------------------------------------------------------------- */

static inline void add_hierarchy(struct host *h, const char *controllers, const char *dir)
{
	struct host_cgroup *c = &h->cgroups[h->n_cgroups];

	if (access(dir, F_OK) < 0)
		return;
	h->n_cgroups++;
	snprintf(c->controllers, sizeof(c->controllers), "%s", controllers);
	snprintf(c->mountpoint, sizeof(c->mountpoint), "%s", dir);
	snprintf(c->own, sizeof(c->own), "/");
}

static inline void read_v2_controllers(struct host *h, const char *dir)
{
	char text[200] = "";

	cg_file_read(dir, "cgroup.controllers", text, sizeof(text));
	snprintf(h->v2_controllers, sizeof(h->v2_controllers), " %s ", text);
}

/* A machine, or else a namespace, in which cgroup v2 is all there is. */
static inline bool v2_host(struct host *h)
{
	struct statfs fs;

	*h = (struct host){.layout = CGROUP_V2};
	if (geteuid() != 0 || statfs(CG, &fs) < 0)
		return false;
	if (fs.f_type != CGROUP2_SUPER_MAGIC &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     mount("none", CG, "cgroup2", 0, NULL) < 0))
		return false;
	add_hierarchy(h, "", CG);
	read_v2_controllers(h, CG);
	return true;
}

/* The hierarchies of this machine, if it has v1's. */
static inline bool v1_host(struct host *h)
{
	static const char *const names[] = {"cpu",     "cpuacct", "cpuset", "memory",
					    "devices", "freezer", "blkio",  "pids"};

	*h = (struct host){.layout = CGROUP_V1};
	if (geteuid() != 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char dir[64], tasks[80];
		snprintf(dir, sizeof(dir), CG "/%s", names[i]);
		snprintf(tasks, sizeof(tasks), "%s/tasks", dir);
		if (access(tasks, W_OK) == 0)
			add_hierarchy(h, names[i], dir);
	}
	return h->n_cgroups >= 8;
}

static inline bool hybrid_host(struct host *h)
{
	if (!v1_host(h) || access(CG "/unified/cgroup.procs", W_OK) < 0)
		return false;
	h->layout = CGROUP_HYBRID;
	add_hierarchy(h, "", CG "/unified");
	read_v2_controllers(h, CG "/unified");
	return true;
}

/* ---- a container without a runtime -------------------------------------------------------------- */

struct box {
	const char *record;
	struct cg_plan plan;
	struct cg_handles handles;
	struct err err;
	pid_t pid;
};

#define BOX                                                                                        \
	{                                                                                          \
		.handles = CG_HANDLES_NONE                                                         \
	}

static inline void box_clear(struct box *b)
{
	char parent[64];
	struct err err = {0};

	cg_handles_clear(&b->handles);
	CHECK_INT(cg_undo(b->plan.names, b->plan.n_names, &err), 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(parent, sizeof(parent), "/ctr-test-%d", getpid());
	for (size_t i = 0; i < b->plan.n_groups; i++) {
		char dir[300];
		CHECK(access(cg_name_dir(b->plan.names[i]), F_OK) < 0);
		snprintf(dir, sizeof(dir), "%s%s", b->plan.groups[i].mountpoint, parent);
		rmdir(dir);
	}
	cg_plan_clear(&b->plan);
}

static inline bool box_make(struct box *b, const struct host *host, struct config_resources *res)
{
	char path[64];
	struct config_linux lx = {.cgroups_path = path, .resources = res};
	struct config cfg = {.linux_ = &lx};
	struct cg_want want = {.id = "box", .record = b->record};

	snprintf(path, sizeof(path), "/ctr-test-%d/box", getpid());
	int r = cg_plan(&cfg, host, &want, &b->plan, &b->err);
	if (r == 0)
		r = cg_apply(&b->plan, &b->handles, &b->err);
	return r == 0;
}

/* In the child: the way in that costs no lock. */
static inline void enter(const struct cg_handles *h)
{
	for (unsigned i = 0; i < h->n_tasks; i++)
		if (write(h->tasks[i], "0", 1) < 0)
			_exit(99);
}

/* A fork that begins in the group; 0 in the child. It is in there when this returns. */
static inline pid_t spawn(const struct cg_handles *h)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int ready[2];
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;

	if (h->v2 >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)h->v2;
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		enter(h);
	close(ready[1]); /* the child's end, too */
	if (pid > 0 && read(ready[0], &c, 1) != 0)
		pid = -1;
	close(ready[0]);
	return pid;
}

static inline void box_run(struct box *b)
{
	b->pid = spawn(&b->handles);
	if (b->pid == 0)
		for (;;)
			pause();
}

static inline int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline const char *value(const struct box *b, const char *controller, const char *file)
{
	static char text[4096];
	const char *dir = cg_name_find(b->plan.names, b->plan.n_names, controller);

	if (!dir || cg_file_read(dir, file, text, sizeof(text)) < 0)
		return NULL;
	return text;
}

static inline size_t count_procs(const struct box *b)
{
	pid_t *pids = NULL;
	size_t n = 0;
	struct err err = {0};

	CHECK_INT(cg_procs(b->plan.names, b->plan.n_names, &pids, &n, &err), 0);
	free(pids);
	return n;
}
