/* SPDX-License-Identifier: Apache-2.0 */
/* Plan → groups. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/bpf.h"
#include "cgroups/file.h"
#include "cgroups/mark.h"
#include "cgroups/name.h"
#include "cgroups/reclaim.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

static const struct cg_backend *backend(const struct cg_group *g)
{
	return *g->controllers ? &cg_v1 : &cg_v2;
}

static const char *dir_of(const struct cg_plan *plan, size_t i)
{
	return cg_name_dir(plan->names[i]);
}

/* A scope's v2 group; the v1 controllers' groups are ctr's. */
static bool is_made_by_systemd(const struct cg_plan *plan, const struct cg_group *g)
{
	return plan->manager == CG_SYSTEMD && !*g->controllers;
}

/* The first group is the one by which cg_undo kills. */
static int mark(const struct cg_plan *plan, struct err *err)
{
	const char *text = cg_name_mark(plan->names, plan->n_names);
	int r = text && plan->n_groups ? cg_mark(dir_of(plan, 0), text) : 0;

	return r < 0 ? err_set(err, r, "mark %s (setxattr)", dir_of(plan, 0)) : 0;
}

int cg_check_manager(enum cg_manager manager, struct err *err)
{
	return manager == CG_SYSTEMD ? cg_systemd_check(err) : 0;
}

void cg_handles_clear(struct cg_handles *h)
{
	auto_close_fd(&h->v2);
	for (unsigned i = 0; i < h->n_tasks; i++)
		auto_close_fd(&h->tasks[i]);
	*h = (struct cg_handles)CG_HANDLES_NONE;
}

/* ---- making ----------------------------------------------------------------------------------- */

/* The directories between the mount point and the group. They stay when the container goes: others
 * may be about to use them. */
static int make_parents(const char *dir, size_t top)
{
	char path[PATH_MAX];

	for (size_t n = top + 1; dir[n += strcspn(dir + n, "/")]; n++) {
		snprintf(path, sizeof(path), "%.*s", (int)n, dir);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int make_dir(const struct cg_group *g, const char *dir, bool *ret_made)
{
	int r = mkdir(dir, 0755) < 0 ? -errno : 0;

	if (r == -ENOENT) {
		r = make_parents(dir, strlen(g->mountpoint));
		if (r == 0)
			r = mkdir(dir, 0755) < 0 ? -errno : 0;
	}
	*ret_made = r == 0;
	return r == -EEXIST ? 0 : r;
}

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int refuse(const char *dir, int r, struct err *err)
{
	err_set(err, r, "make cgroup %s", dir);
	if (is_refusal(r))
		err_hint(err, "limits need a cgroup that ctr may write to: for a user, one that "
			      "systemd has delegated (--systemd-cgroup); or ask for no limits");
	return -err->num;
}

/* One group, ready for limits. *ret_made: it is new. */
static int make(const struct cg_plan *plan, size_t i, bool *ret_made, struct err *err)
{
	const struct cg_group *g = &plan->groups[i];
	const char *dir = dir_of(plan, i);
	int r = make_dir(g, dir, ret_made);

	if (r < 0)
		return refuse(dir, r, err);
	if (!*ret_made)
		r = backend(g)->check_idle(dir, err);
	return r < 0 ? r : backend(g)->prepare(plan, g, dir, err);
}

/* Only what this call made, and nothing is in there yet. */
static void unmake(const struct cg_plan *plan, const bool *made)
{
	for (size_t i = 0; i < plan->n_groups; i++)
		if (made[i])
			rmdir(dir_of(plan, i));
}

/* ---- limits ----------------------------------------------------------------------------------- */

static int guard_devices(const struct cg_plan *plan, int v2, const bool *made, struct err *err)
{
	auto_(cg_bpf) struct cg_bpf program = {0};

	for (size_t i = 0; plan->devices_by == CG_DEVICES_V1 && i < plan->n_groups; i++)
		if (cg_word_in(plan->groups[i].controllers, ',', "devices"))
			return cg_v1_devices(plan, dir_of(plan, i), made[i], err);
	if (plan->devices_by != CG_DEVICES_BPF)
		return 0;
	int r = cg_bpf_build(plan->devices, plan->n_devices, &program, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n_groups; i++)
		if (!*plan->groups[i].controllers)
			return cg_bpf_attach(v2, &program, made[i], err);
	return 0;
}

/* Documentation/admin-guide/cgroup-v2.rst, "Model of Delegation": the kernel lists the files. */
static int delegate(const struct cg_plan *plan, int v2, struct err *err)
{
	char list[1024];
	uid_t uid = (uid_t)plan->owner;

	if (plan->owner < 0 || v2 < 0)
		return 0;
	if (cg_file_read("/sys/kernel/cgroup", "delegate", list, sizeof(list)) < 0)
		snprintf(list, sizeof(list),
			 "cgroup.procs\ncgroup.subtree_control\ncgroup.threads");
	if (fchown(v2, uid, (gid_t)-1) < 0)
		return err_set(err, errno, "give the cgroup to uid %u", uid);
	for (char *rest = list, *file; (file = strsep(&rest, "\n"));)
		if (*file && fchownat(v2, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_set(err, errno, "give %s of the cgroup to uid %u", file, uid);
	return 0;
}

static int limit(const struct cg_plan *plan, int v2, const bool *made, struct err *err)
{
	int r = cg_write_all(plan, err);

	if (r == 0)
		r = guard_devices(plan, v2, made, err);
	return r < 0 ? r : delegate(plan, v2, err);
}

/* ---- the order of things ---------------------------------------------------------------------- */

static int apply(const struct cg_plan *plan, struct cg_handles *h, bool *made, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < plan->n_groups; i++) {
		const struct cg_group *g = &plan->groups[i];
		if (is_made_by_systemd(plan, g))
			continue;
		r = make(plan, i, &made[i], err);
		if (r == 0)
			r = backend(g)->open(dir_of(plan, i), h, err);
		if (r < 0)
			return r;
	}
	if (plan->manager != CG_FS)
		return 0;
	r = mark(plan, err);
	return r < 0 ? r : limit(plan, h->v2, made, err);
}

int cg_apply(const struct cg_plan *plan, struct cg_handles *ret, struct err *err)
{
	bool made[HOST_CGROUPS_MAX] = {false};
	struct cg_handles h = CG_HANDLES_NONE;
	int r = apply(plan, &h, made, err);

	if (r < 0) {
		cg_handles_clear(&h);
		unmake(plan, made);
	}
	if (is_refusal(r) && plan->is_optional)
		r = 0;
	if (r == 0)
		*ret = h;
	return r;
}

int cg_adopt(const struct cg_plan *plan, pid_t pid, struct cg_handles *h, struct err *err)
{
	bool made[HOST_CGROUPS_MAX] = {false};

	if (plan->manager != CG_SYSTEMD)
		return 0;
	int r = cg_systemd_start(plan, pid, err);
	for (size_t i = 0; r == 0 && i < plan->n_groups; i++)
		if (!*plan->groups[i].controllers) {
			r = cg_v2.open(dir_of(plan, i), h, err);
			if (r == 0)
				r = cg_v2.prepare(plan, &plan->groups[i], dir_of(plan, i), err);
		}
	if (r == 0)
		r = mark(plan, err);
	return r < 0 ? r : limit(plan, h->v2, made, err);
}

/* A limit may be the first that needs its controller. */
static int pass_down(const struct cg_plan *plan, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && plan->manager == CG_FS && i < plan->n_groups; i++)
		if (!*plan->groups[i].controllers)
			r = cg_v2.prepare(plan, &plan->groups[i], dir_of(plan, i), err);
	return r;
}

int cg_update(const struct cg_plan *plan, struct err *err)
{
	bool made[HOST_CGROUPS_MAX] = {false};
	struct cg_handles h = CG_HANDLES_NONE;
	int r = cg_check_required(plan, err);

	if (r == 0)
		r = pass_down(plan, err);
	if (r == 0)
		r = cg_make_room(plan, CG_RECLAIM_MS, err);
	if (r == 0 && plan->manager == CG_SYSTEMD && plan->n_properties)
		r = cg_systemd_update(plan, err);
	for (size_t i = 0; r == 0 && plan->devices_by == CG_DEVICES_BPF && i < plan->n_groups; i++)
		if (!*plan->groups[i].controllers)
			r = cg_v2.open(dir_of(plan, i), &h, err);
	if (r == 0)
		r = cg_write_or_restore(plan, err);
	if (r == 0)
		r = guard_devices(plan, h.v2, made, err);
	cg_handles_clear(&h);
	return r;
}
