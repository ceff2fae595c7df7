/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/builder.h"
#include "cgroups/file.h"
#include "cgroups/mark.h"
#include "cgroups/name.h"
#include "cgroups/reclaim.h"
#include "cgroups/shared.h"
#include "runtime/base/auto.h"

/* All that containers have groups in: a parent that a container had to make would be left behind. */
static const char *const controllers[] = {"",       "cpu",  "cpuacct", "cpuset",
					  "memory", "pids", "blkio",   "devices"};
static const char *const passed_down[] = {"cpu", "cpuset", "io", "memory", "pids"};
#define N_OF(a) (sizeof(a) / sizeof(*(a)))

static void plan_names(struct cg_plan *plan, const char *mark)
{
	plan->names = arena_zalloc(&plan->mem, plan->n_groups + 1, sizeof(char *));
	for (size_t i = 0; i < plan->n_groups; i++) {
		const struct cg_group *g = &plan->groups[i];
		plan->names[plan->n_names++] = arena_printf(&plan->mem, "%s:%s/%s", g->controllers,
							    g->mountpoint, g->path);
	}
	plan->names[plan->n_names++] = arena_printf(&plan->mem, "mark=%s", mark);
}

int cg_plan_shared(const char *path, const char *mark, const struct config_resources *res,
		   const struct host *host, struct cg_plan *ret, struct err *err)
{
	auto_(cg_plan) struct cg_plan plan = {.manager = CG_FS,
					      .layout = host->layout,
					      .enable = "",
					      .try_enable = "",
					      .owner = -1};
	struct cg_builder b = {
		.plan = &plan, .host = host, .path = path, .id = "tenant", .err = err};

	for (size_t i = 0; i < N_OF(controllers); i++)
		cg_group_for(&b, controllers[i]);
	if (cg_planned(&plan, "") < 0)
		cg_group_for(&b, "freezer");
	if (host->runs_systemd)
		cg_group_for(&b, "name=systemd");
	cg_limits(&b, res);
	for (size_t i = 0; host->layout == CGROUP_V2 && i < N_OF(passed_down); i++)
		if (cg_word_in(host->v2_controllers, ' ', passed_down[i]) &&
		    !cg_word_in(plan.enable, ' ', passed_down[i]))
			plan.try_enable = arena_printf(&plan.mem, "%s%s%s", plan.try_enable,
						       *plan.try_enable ? " " : "", passed_down[i]);
	if (b.r < 0)
		return b.r;
	if (!plan.n_groups)
		return err_say(err, ENOTSUP, "this host has no control groups");
	plan_names(&plan, mark);
	*ret = plan;
	plan = (struct cg_plan){0};
	return 0;
}

/* mkdir -p below the mount point. */
static int make_dirs(const char *dir, size_t top)
{
	char path[PATH_MAX];

	for (size_t n = top + 1; dir[n - 1]; n++) {
		n += strcspn(dir + n, "/");
		snprintf(path, sizeof(path), "%.*s", (int)n, dir);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int claim(const struct cg_plan *plan, struct err *err)
{
	const char *dir = cg_name_dir(plan->names[0]);
	const char *text = cg_name_mark(plan->names, plan->n_names);

	if (access(dir, F_OK) == 0 && !cg_is_marked(dir, text) && cg_is_marked_at_all(dir))
		return err_say(err, EBUSY, "%s is somebody else's group", dir);
	return 0;
}

int cg_apply_shared(const struct cg_plan *plan, struct err *err)
{
	int r = claim(plan, err);

	for (size_t i = 0; r == 0 && i < plan->n_groups; i++) {
		const struct cg_group *g = &plan->groups[i];
		const char *dir = cg_name_dir(plan->names[i]);
		r = make_dirs(dir, strlen(g->mountpoint));
		if (r < 0)
			return err_set(err, r, "make cgroup %s", dir);
		r = (*g->controllers ? &cg_v1 : &cg_v2)->prepare(plan, g, dir, err);
	}
	if (r < 0)
		return r;
	r = cg_mark(cg_name_dir(plan->names[0]), cg_name_mark(plan->names, plan->n_names));
	if (r < 0)
		return err_set(err, r, "mark %s (setxattr)", cg_name_dir(plan->names[0]));
	r = cg_make_room(plan, CG_RECLAIM_MS, err);
	return r < 0 ? r : cg_write_or_restore(plan, err);
}

bool cg_has_shared(const char *const *names, size_t n)
{
	const char *mark = cg_name_mark(names, n);

	if (!n || !mark || !cg_name_dir(names[0]) || !cg_is_marked(cg_name_dir(names[0]), mark))
		return false;
	for (size_t i = 0; i < n; i++)
		if (cg_name_dir(names[i]) && access(cg_name_dir(names[i]), F_OK) < 0)
			return false;
	return true;
}

int cg_remove_shared(const char *const *names, size_t n, struct err *err)
{
	const char *mark = cg_name_mark(names, n);

	if (n && mark && cg_name_dir(names[0]) && access(cg_name_dir(names[0]), F_OK) == 0 &&
	    !cg_is_marked(cg_name_dir(names[0]), mark))
		return 0; /* never made, or taken by somebody else since */
	/* Whether it is empty the main one knows: it goes first. */
	for (size_t i = 0; i < n; i++) {
		const char *dir = cg_name_dir(names[i]);
		if (dir && rmdir(dir) < 0 && errno != ENOENT)
			return err_set(err, errno, "remove cgroup %s", dir);
	}
	return 0;
}

int cg_delegate_shared(const struct cg_plan *plan, uid_t uid, struct err *err)
{
	static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control",
					    "cgroup.threads"};

	if (plan->layout != CGROUP_V2)
		return err_say(
			err, ENOTSUP,
			"a user's own groups need cgroup v2: on v1 they would be a way to root");
	auto_fd int dir = open(cg_name_dir(plan->names[0]), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fchown(dir, uid, (gid_t)-1) < 0)
		return err_set(err, errno, "give %s to uid %u", cg_name_dir(plan->names[0]), uid);
	for (size_t i = 0; i < N_OF(files); i++)
		if (fchownat(dir, files[i], uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(err, errno, "give %s to uid %u", files[i], uid);
	return 0;
}
