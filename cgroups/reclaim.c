/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/reclaim.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

enum { PAUSE_US = 20000 };

uint64_t cg_reclaim_step(const struct cg_turn *t)
{
	enum { LIMIT_PER_MILLE = 1, MOST = 100 /* a hundredth */ };
	double pressure = t->interval_us ? (double)t->stalled_us / (double)t->interval_us : 1;
	double room = 1 - pressure * 1000 / LIMIT_PER_MILLE;
	uint64_t free = t->memory > t->protected_ ? t->memory - t->protected_ : 0;

	if (room <= 0)
		return 0;
	uint64_t step = (uint64_t)((double)t->memory / MOST * room);
	return step < free ? step : free;
}

/* ---- by hand ---------------------------------------------------------------------------------- */

static int reclaim_v1(const char *dir, uint64_t bytes, struct err *err)
{
	if (bytes != UINT64_MAX) {
		err_say(err, ENOTSUP, "cgroup v1 cannot take back a part of a group's memory");
		err_hint(err, "all of it that can be taken: ctr reclaim NAME all");
		err_code(err, "cgroup-unsupported");
		return -ENOTSUP;
	}
	int r = cg_file_write(dir, "memory.force_empty", "0");
	/* What is in use stays, and the kernel says that it is busy. */
	return r < 0 && r != -EBUSY ? err_set(err, r, "reclaim the memory of %s", dir) : 0;
}

static int reclaim_v2(const char *dir, uint64_t bytes, struct err *err)
{
	char text[32];

	if (bytes == UINT64_MAX && cg_file_u64(dir, "memory.current", &bytes) < 0)
		bytes = 0;
	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	int r = cg_file_write(dir, "memory.reclaim", text);
	if (r == -ENOENT)
		return err_say(err, ENOTSUP, "this kernel has no memory.reclaim: Linux 5.19 has");
	/* Less than was asked for is no failure: the difference is what counts. */
	return r < 0 && r != -EAGAIN ? err_set(err, r, "reclaim the memory of %s", dir) : 0;
}

int cg_reclaim(const char *const *names, size_t n, uint64_t bytes, uint64_t *ret_freed,
	       struct err *err)
{
	const char *v1 = cg_name_find(names, n, "memory"), *v2 = cg_name_find(names, n, "");
	const char *dir = v1 ? v1 : v2, *file = v1 ? "memory.usage_in_bytes" : "memory.current";
	uint64_t before = 0, after = 0;

	int r = dir ? cg_file_u64(dir, file, &before) : -ENOENT;
	if (r < 0)
		return err_set(err, r, "read the memory use of %s", dir ? dir : "the group");
	r = v1 ? reclaim_v1(v1, bytes, err) : reclaim_v2(v2, bytes, err);
	if (r < 0)
		return r;
	cg_file_u64(dir, file, &after);
	*ret_freed = before > after ? before - after : 0;
	return 0;
}

/* ---- before a limit is lowered ---------------------------------------------------------------- */

/* The plan's new memory.max, if there is one. */
static const struct cg_write *new_limit(const struct cg_plan *plan)
{
	const struct cg_write *found = NULL;

	for (size_t i = 0; i < plan->n_writes; i++)
		if (str_eq(plan->writes[i].file, "memory.max"))
			found = &plan->writes[i];
	return found;
}

static int shrink(const char *dir, uint64_t limit, int ms, uint64_t *ret_now)
{
	int64_t end = clock_ms() + ms;
	char text[32];

	for (;;) {
		int r = cg_file_u64(dir, "memory.current", ret_now);
		if (r < 0 || *ret_now <= limit)
			return r;
		if (clock_ms() >= end)
			return -EBUSY;
		snprintf(text, sizeof(text), "%" PRIu64, *ret_now - limit);
		cg_file_write(dir, "memory.reclaim",
			      text); /* memory.high reclaims too, but slowly */
		usleep(PAUSE_US);
	}
}

int cg_make_room(const struct cg_plan *plan, int ms, struct err *err)
{
	const struct cg_write *w = new_limit(plan);
	const char *dir = w ? cg_name_dir(plan->names[w->group]) : NULL;
	uint64_t limit, now = 0;
	char high[32];

	if (!w || num_u64(w->value, &limit) < 0 || cg_file_u64(dir, "memory.current", &now) < 0 ||
	    now <= limit || cg_file_read(dir, "memory.high", high, sizeof(high)) < 0)
		return 0;
	int r = cg_file_write(dir, "memory.high", w->value);
	if (r < 0)
		return err_set(err, r, "write %s to %s/memory.high", w->value, dir);
	r = shrink(dir, limit, ms, &now);
	/* Between here and the new limit the group may grow by what one turn of its processes takes:
	 * memory.max then reclaims, as it does every day. */
	cg_file_write(dir, "memory.high", high);
	if (r != -EBUSY)
		return r < 0 ? err_set(err, r, "make room in %s", dir) : 0;
	err_say(err, EBUSY,
		"%s: the container needs %" PRIu64 " bytes, which is more than %" PRIu64
		"; nothing was changed",
		w->property, now, limit);
	err_hint(err, "in %d s no more could be taken back: its processes use it", ms / 1000);
	return -EBUSY;
}
