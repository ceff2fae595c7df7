/* SPDX-License-Identifier: Apache-2.0 */
/* reclaim: memory that a container or a tenant does not need, taken back for others. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/psi.h"
#include "cgroups/reclaim.h"
#include "cmd/command.h"
#include "cmd/duration.h"
#include "cmd/groups.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/container.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* clang-format off */
struct reclaim_opts { const char *interval, *freeze_idle; bool is_auto; unsigned turns; };
static const struct arg reclaim_args[] = {
	{"auto", 0, ARG_FLAG, offsetof(struct reclaim_opts, is_auto), NULL, "go on taking a little, while nobody waits for memory"},
	{"interval", 0, ARG_TEXT, offsetof(struct reclaim_opts, interval), "TIME", "between two turns of --auto (6s)"},
	{"freeze-idle", 0, ARG_TEXT, offsetof(struct reclaim_opts, freeze_idle), "TIME", "pause the named containers that did nothing for so long, and take all back"},
	{"turns", 0, ARG_COUNT, offsetof(struct reclaim_opts, turns), "N", "end --auto after so many (never)"},
	ARGS_END};
/* clang-format on */

static int reclaim_once(const struct call *call, struct err *err)
{
	auto_(str) struct str line = {0};
	struct groups t = {0};
	uint64_t bytes = UINT64_MAX, freed = 0;
	int64_t size;

	if (call->n_words != 2)
		return err_say(err, EINVAL,
			       "expected a container or tenant, and a size or \"all\"");
	if (!str_eq(call->words[1], "all")) {
		if (num_size(call->words[1], &size) < 0 || size <= 0)
			return err_say(err, EINVAL,
				       "expected a size such as 100m, or \"all\", got \"%.40s\"",
				       call->words[1]);
		bytes = (uint64_t)size;
	}
	int r = groups_find(call, call->words[0], &t, err);
	if (r < 0 || (r = cg_reclaim((const char *const *)t.names, t.n, bytes, &freed, err)) < 0)
		return r;
	str_addf(&line, "%" PRIu64 " bytes (%s)\n", freed, human_size(call->mem, freed));
	return out_text(&line, err);
}

/* ---- over and over ---------------------------------------------------------------------------- */

/* What is kept of a group from turn to turn. */
struct watched {
	const char *name;
	const char *dir; /* v2 */
	uint64_t stalled_us, freed;
	uint64_t cpu_us, idle_us;
};

/* Without names: every container that runs. */
static int watch_list(const struct call *call, struct arena *mem, const char ***ret,
		      struct err *err)
{
	if (call->n_words) {
		*ret = call->words;
		return (int)call->n_words;
	}
	return container_ids(call->g->root, mem, ret, err);
}

static uint64_t stalled(const char *dir)
{
	struct cg_psi psi;

	cg_psi_read(dir, "memory.pressure", &psi);
	return psi.some.total;
}

static void turn(const struct groups *t, struct watched *w, uint64_t interval_us, struct arena *mem)
{
	struct cg_turn seen = {.interval_us = interval_us};
	uint64_t now = stalled(w->dir), freed = 0;
	struct err err = {0};

	cg_file_u64(w->dir, "memory.current", &seen.memory);
	cg_file_u64(w->dir, "memory.low", &seen.protected_);
	seen.stalled_us = now - w->stalled_us;
	w->stalled_us = now;
	uint64_t step = cg_reclaim_step(&seen);
	if (step && cg_reclaim((const char *const *)t->names, t->n, step, &freed, &err) == 0)
		w->freed += freed;
	log_debug("%s: %s held, %" PRIu64 " us waited for, %s taken back", w->name,
		  human_size(mem, seen.memory), seen.stalled_us, human_size(mem, freed));
}

/* A thousandth of the time is what timers of idle programs take. */
static bool is_idle(struct watched *w, uint64_t interval_us, uint64_t after_us)
{
	uint64_t now = 0;

	cg_file_key(w->dir, "cpu.stat", "usage_usec", &now);
	w->idle_us = now - w->cpu_us <= interval_us / 1000 ? w->idle_us + interval_us : 0;
	w->cpu_us = now;
	return w->idle_us >= after_us;
}

/* What is frozen misses nothing: all of it may go, until ctr resume. */
static int freeze(const struct call *call, const struct groups *t, struct watched *w,
		  struct err *err)
{
	struct err nothing;
	uint64_t freed = 0;
	int r = ctr_pause(call->g->root, w->name, err);

	if (r < 0)
		return r;
	w->idle_us = 0;
	if (cg_reclaim((const char *const *)t->names, t->n, UINT64_MAX, &freed, &nothing) == 0)
		w->freed += freed;
	log_warning("%s is idle and was paused: ctr resume wakes it", w->name);
	return 0;
}

static bool is_running(const struct call *call, const char *name)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err err;

	return path_id_ok(name) &&
	       container_open(call->g->root, name, false, false, &c, &err) == 0 &&
	       container_status(&c) == STATUS_RUNNING;
}

static int check_v2(const struct groups *t, struct err *err)
{
	if (!cg_name_find((const char *const *)t->names, t->n, "memory") &&
	    cg_name_find((const char *const *)t->names, t->n, ""))
		return 0;
	err_say(err, ENOTSUP, "--auto needs the memory controller of cgroup v2 (memory.reclaim)");
	err_code(err, "cgroup-unsupported");
	return -ENOTSUP;
}

struct pace {
	uint64_t turn_us, freeze_us; /* 0: never */
};

static int one_turn(const struct call *call, struct watched *list, unsigned *n,
		    const struct pace *pace, struct err *err)
{
	enum { LIST_MAX = 4096 };
	auto_(arena) struct arena mem = {0};
	const char **names;
	int count = watch_list(call, &mem, &names, err);

	for (int i = 0; i < count; i++) {
		struct call here = *call;
		struct groups t = {0};
		struct err gone;
		unsigned k = 0;
		here.mem = &mem;
		if (groups_find(&here, names[i], &t, call->n_words ? err : &gone) < 0) {
			if (call->n_words)
				return -err->num;
			continue;
		}
		int r = check_v2(&t, err);
		if (r < 0)
			return r;
		while (k < *n && !str_eq(list[k].name, names[i]))
			k++;
		const char *dir = cg_name_find((const char *const *)t.names, t.n, "");
		if (k == LIST_MAX)
			continue;
		if (k == *n) { /* its first turn is a look only */
			list[(*n)++] = (struct watched){.name = arena_str(call->mem, names[i]),
							.stalled_us = stalled(dir)};
			continue;
		}
		list[k].dir = dir;
		turn(&t, &list[k], pace->turn_us, &mem);
		if (pace->freeze_us && is_idle(&list[k], pace->turn_us, pace->freeze_us) &&
		    is_running(call, names[i]) && (r = freeze(call, &t, &list[k], err)) < 0)
			return r;
	}
	return count < 0 ? count : 0;
}

static int reclaim_auto(const struct call *call, struct err *err)
{
	enum { LIST_MAX = 4096, INTERVAL_MS = 6000 };
	const struct reclaim_opts *o = call->opts;
	struct watched *list = arena_zalloc(call->mem, LIST_MAX, sizeof(*list));
	int ms = INTERVAL_MS, idle_ms = 0;
	int r = o->interval ? duration_ms(o->interval, &ms, err) : 0;
	auto_(str) struct str text = {0};
	unsigned n = 0;

	if (r == 0 && o->freeze_idle)
		r = duration_ms(o->freeze_idle, &idle_ms, err);
	if (r == 0 && o->freeze_idle && !call->n_words)
		return err_say(
			err, EINVAL,
			"--freeze-idle: name the containers that may be paused: nobody but ctr "
			"resume wakes them");
	const struct pace pace = {(uint64_t)ms * 1000, (uint64_t)idle_ms * 1000};
	for (unsigned i = 0; r == 0 && (!o->turns || i <= o->turns); i++) {
		struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
		if (i)
			nanosleep(&pause, NULL);
		r = one_turn(call, list, &n, &pace, err);
	}
	for (unsigned i = 0; r == 0 && i < n; i++)
		str_addf(&text, "%s %" PRIu64 " bytes\n", list[i].name, list[i].freed);
	return r < 0 ? r : out_text(&text, err);
}

static int do_reclaim(struct call *call, struct err *err)
{
	const struct reclaim_opts *o = call->opts;

	return o->is_auto ? reclaim_auto(call, err) : reclaim_once(call, err);
}

const struct command cmd_reclaim = {
	.name = "reclaim",
	.usage = "NAME SIZE|all | --auto [flags] [NAME...]",
	.about = "take memory back from containers and tenants that do not need it",
	.examples = "ctr reclaim web 100m\nctr reclaim acme all\nctr reclaim --auto --interval 6s\n"
		    "ctr reclaim --auto --freeze-idle 1h nightly-build\n",
	.args = {reclaim_args, false},
	.opts_size = sizeof(struct reclaim_opts),
	.flags = CMD_ENGINE,
	.max_words = ANY_WORDS,
	.run = do_reclaim,
};
