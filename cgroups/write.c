/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's writes: limits into files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

static const char *dir_of(const struct cg_plan *plan, const struct cg_write *w)
{
	return cg_name_dir(plan->names[w->group]);
}

static void add_hint(const struct cg_write *w, int num, struct err *err)
{
	if (num == ENOENT && str_starts(w->file, "hugetlb."))
		err_hint(err, "the page sizes of this machine are in /sys/kernel/mm/hugepages");
	else if (num == ENOENT)
		err_hint(err, "this kernel has no %s: go without that limit", w->file);
	else if (num == ENODEV)
		err_hint(err,
			 "there is no such disk; for a partition, name the disk that it is on");
	else if (num == EBUSY && str_starts(w->file, "memory."))
		err_hint(err, "the container uses more than that now");
}

static int fail(const struct cg_plan *plan, const struct cg_write *w, int num, struct err *err)
{
	err_set(err, num, "%s: write \"%s\" to %s/%s", w->property, w->value, dir_of(plan, w),
		w->file);
	add_hint(w, err->num, err);
	return -err->num;
}

static int require(const struct cg_plan *plan, const struct cg_write *w, struct err *err)
{
	uint64_t used, limit;
	int r = cg_file_u64(dir_of(plan, w), w->file, &used);

	if (r < 0)
		return err_set(err, r, "%s: read %s/%s", w->property, dir_of(plan, w), w->file);
	if (num_u64(w->value, &limit) == 0 && used > limit)
		return err_say(err, EBUSY,
			       "%s: %s is less than the container uses now (%llu); nothing was "
			       "changed",
			       w->property, w->value, (unsigned long long)used);
	return 0;
}

int cg_check_required(const struct cg_plan *plan, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_writes; i++)
		if (plan->writes[i].flags & CG_REQUIRE)
			r = require(plan, &plan->writes[i], err);
	return r;
}

static int put_once(const struct cg_plan *plan, const struct cg_write *w)
{
	char now[256], both[512];
	const char *dir = dir_of(plan, w);

	if (!(w->flags & CG_KEEP))
		return cg_file_write(dir, w->file, w->value);
	int r = cg_file_read(dir, w->file, now, sizeof(now));
	if (r < 0)
		return r;
	snprintf(both, sizeof(both), "%.*s %s", (int)strcspn(now, " "), now, w->value);
	return cg_file_write(dir, w->file, both);
}

/* A controller that somebody else is turning on for the parent at this moment is listed before its files
 * are there. He does it under a lock for which any write to cgroup.subtree_control waits, this one too,
 * which changes nothing. */
static int put(const struct cg_plan *plan, const struct cg_write *w)
{
	int r = put_once(plan, w);
	bool is_v2 = !*plan->groups[w->group].controllers;

	if (r == -ENOENT && is_v2 &&
	    cg_file_write(dir_of(plan, w), "cgroup.subtree_control", "\n") == 0)
		r = put_once(plan, w);
	return r;
}

/* Does write i, and those that i's flags tie to it. The number of writes done, or -errno. */
static int put_from(const struct cg_plan *plan, size_t i, struct err *err)
{
	const struct cg_write *w = &plan->writes[i];
	int r = w->flags & CG_REQUIRE ? 0 : put(plan, w);

	if (w->flags & CG_ELSE) {
		if (r == -ENOENT)
			return 1; /* the next one is the one */
		if (r == 0 && (r = put(plan, ++w)) == -ENOENT)
			r = 0;
		return r < 0 ? fail(plan, w, r, err) : 2;
	}
	if (w->flags & CG_SWAP && (r == -EINVAL || r == -EBUSY)) {
		int n = put_from(plan, i + 1, err);
		if (n < 0)
			return n;
		r = put(plan, w);
		return r < 0 ? fail(plan, w, r, err) : n + 1;
	}
	if (r < 0 && !(r == -ENOENT && w->flags & CG_OPTIONAL))
		return fail(plan, w, r, err);
	return 1;
}

int cg_write_all(const struct cg_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n_writes;) {
		int n = put_from(plan, i, err);
		if (n < 0)
			return n;
		i += (size_t)n;
	}
	return 0;
}

/* ---- all or nothing --------------------------------------------------------------------------- */

/* A file that holds one value says what to write to have it back. Those with a line a device don't, but
 * they are not refused for what stands in other files either. */
static bool can_restore(const struct cg_write *w)
{
	return !(w->flags & CG_REQUIRE) && !str_starts(w->file, "io.") &&
	       !str_starts(w->file, "blkio.") && !str_starts(w->file, "rdma.") &&
	       !str_starts(w->file, "net_prio.") && !str_starts(w->file, "memory.reclaim");
}

enum { VALUE_MAX = 4096 };

/* Twice: a value may only be allowed again once another one is back. */
static void restore(const struct cg_plan *plan, char *const *old)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = plan->n_writes; i-- > 0;)
			if (old[i])
				cg_file_write(dir_of(plan, &plan->writes[i]), plan->writes[i].file,
					      old[i]);
}

int cg_write_or_restore(const struct cg_plan *plan, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char **old = arena_zalloc(&mem, plan->n_writes, sizeof(*old));
	char text[VALUE_MAX];

	for (size_t i = 0; i < plan->n_writes; i++)
		if (can_restore(&plan->writes[i]) &&
		    cg_file_read(dir_of(plan, &plan->writes[i]), plan->writes[i].file, text,
				 sizeof(text)) > 0)
			old[i] = arena_str(&mem, text);
	int r = cg_write_all(plan, err);
	if (r < 0)
		restore(plan, old);
	return r;
}
