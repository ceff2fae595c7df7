/* SPDX-License-Identifier: Apache-2.0 */
/* Why a container's process was killed for memory: which limit, at which level, and what the memory
 * held then. The kernel's log is the only witness of the moment; the counters of the group and of its
 * ancestors tell what the log no longer does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

enum cg_oom_cause {
	CG_OOM_NONE,     /* nothing was killed for memory */
	CG_OOM_OWN,      /* its own limit */
	CG_OOM_ANCESTOR, /* the limit of a group above it: others' use counts too */
	CG_OOM_MACHINE,  /* the machine had no memory left */
	CG_OOM_UNKNOWN,  /* killed, but the log no longer says at which level */
};
extern const char *const cg_oom_words[]; /* "own", "ancestor", … */

/* A line of memory.stat at the moment. */
struct cg_oom_stat {
	const char *key;
	uint64_t value; /* bytes */
};

struct cg_oom_level {
	const char *dir;
	uint64_t limit, usage, peak, fails; /* limit UINT64_MAX: none */
};

struct cg_death {
	enum cg_oom_cause cause;
	uint64_t kills;    /* in this group, all told */
	bool is_in_log;    /* what follows up to `stats` is known */
	int64_t when_us;   /* on the clock of the kernel's log: since boot */
	const char *when;  /* RFC 3339 */
	int64_t pid, uid;  /* of the victim, on the host */
	const char *task;  /* its name */
	uint64_t anon_rss; /* bytes */
	const char *group; /* whose limit: a path in the hierarchy; "" for the machine */
	struct cg_oom_stat *stats;
	size_t n_stats;
	struct cg_oom_level *levels; /* the container's own, then its ancestors' */
	size_t n_levels;
};

/* names: as recorded. Groups that are gone leave kills at 0. All in the arena. */
int cg_death(const char *const *names, size_t n, struct arena *mem, struct cg_death *ret,
	     struct err *err);

/* Pure: finds the last kill in `log`, lines of "MICROSECONDS TEXT", whose victim was in the group
 * `path` ("/a/b") or below, and fills what the log tells of it. False: there is none. */
bool cg_oom_parse(const char *log, const char *path, struct arena *mem, struct cg_death *ret);

/* What most of the memory was at the moment, as a sentence's end; NULL when the log does not say. */
const char *cg_oom_mostly(const struct cg_death *);
