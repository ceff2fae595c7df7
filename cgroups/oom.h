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
	uint64_t ooms; /* how often nothing could be reclaimed; v2 alone counts it */
};

struct cg_death {
	enum cg_oom_cause cause;
	uint64_t kills; /* in this group, all told */
	const char *
		group; /* whose limit: a path in the hierarchy; "" for the machine; NULL: not known */
	uint64_t limit;    /* that limit then; 0: not known */
	bool is_in_log;    /* what follows up to `stats` is known */
	int64_t when_us;   /* on the clock of the kernel's log: since boot */
	const char *when;  /* RFC 3339 */
	int64_t pid, uid;  /* of the victim, on the host */
	const char *task;  /* its name */
	uint64_t anon_rss; /* bytes */
	struct cg_oom_stat *stats;
	size_t n_stats;
	struct cg_oom_level *levels; /* the container's own, then its ancestors' */
	size_t n_levels;
};

/* names: as recorded; created: RFC 3339, of the container. Groups that are gone leave kills at 0. All in
 * the arena. */
struct cg_names {
	const char *const *v;
	size_t n;
	const char *created;
};
int cg_death(const struct cg_names *names, struct arena *mem, struct cg_death *ret,
	     struct err *err);

/* Whose death: the group "/a/b" and those below, how many were killed there, and since when it is that
 * container's, on the log's clock. */
struct cg_oom_subject {
	const char *path;
	uint64_t kills;
	int64_t since_us;
};
/* Pure: finds the last kill in `log`, lines of "MICROSECONDS TEXT", and fills what the log tells of it.
 * False: there is none. A log that has more kills than were counted also has those of an earlier
 * container of that name. */
bool cg_oom_parse(const char *log, const struct cg_oom_subject *who, struct arena *mem,
		  struct cg_death *ret);

/* Pure: what the levels' counters tell when the log does not: fills cause, group and limit. `top`: how
 * many bytes of the levels' names are the mount's. */
void cg_oom_guess(struct cg_death *d, size_t top);

/* What most of the memory was at the moment, as a sentence's end; NULL when the log does not say. */
const char *cg_oom_mostly(const struct cg_death *);
