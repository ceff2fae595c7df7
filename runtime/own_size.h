/* SPDX-License-Identifier: Apache-2.0 */
/* The container sees its own size: files of /proc and /sys that programs read to find out how much
 * there is, generated from the limits that hold for it (its own and its tenants') and bound over the
 * kernel's. They stand in <root>/<id>/own and are written again by `ctr update`.
 *
 * They are pictures, not views: what is free, and times spent, are those of the moment they were
 * written; totals, and the number of processors, are what counts and is right. /proc/loadavg and
 * /proc/uptime change all the time and stay the machine's (a time namespace has its own uptime). What
 * sched_getaffinity(2) says follows the cpuset, not these files. */
#pragma once

#include "runtime/config/config.h"
#include "runtime/container.h"

/* Adds the mounts for a container `id` below `root`, if the config asks for it (SHARES_OWN_SIZE). */
void own_size_mounts(const char *root, const char *id, struct arena *mem, struct config *cfg);

/* Writes the files, from the limits of the groups as they are now; a container without them: nothing. */
int own_size_write(const struct container *c, bool is_new, struct err *err);

/* --- pure ---------------------------------------------------------------------------------------*/

struct own_size {
	uint64_t memory, used, cache; /* bytes; memory UINT64_MAX: the machine's */
	uint64_t swap, swap_used;     /* the same */
	unsigned cpus;                /* 0: the machine's */
};
/* As the kernel writes them, given what it writes for the machine. */
void own_meminfo(const struct own_size *s, const char *host, struct str *out);
void own_cpuinfo(const struct own_size *s, const char *host, struct str *out);
void own_stat(const struct own_size *s, const char *host, struct str *out);
/* How many processors "0-2,7" names; 0 for an empty list. */
unsigned own_count(const char *list);
