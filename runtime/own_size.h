/* SPDX-License-Identifier: Apache-2.0 */
/* The container sees its own size: files of /proc and /sys that programs read to find out how much
 * there is, generated from the limits that hold for it (its own and its tenants') and bound over the
 * kernel's. They stand in <root>/<id>/own and are written again by `ctr update`, and every 5 s what
 * moves by itself (meminfo, stat, loadavg) by whoever of ctr stays with the container: `ctr run` in the
 * foreground, or the monitor, which calls ctr for it. Of a container that an OCI caller has made nobody
 * stays; there they are pictures of its creation, or of the last update.
 *
 * Uptime and boot time are those of a time namespace that begins with the container (own_clock.h), and
 * need no file. What sched_getaffinity(2) says follows the cpuset, and what sysinfo(2) says of memory
 * and load is the machine's: no file can change that. */
#pragma once

#include "runtime/config/config.h"
#include "runtime/container.h"
#include "runtime/own_load.h"

/* Adds the mounts for a container `id` below `root`, if the config asks for it (SHARES_OWN_SIZE). */
void own_size_mounts(const char *root, const char *id, struct arena *mem, struct config *cfg);

/* Whether the container has such files. */
bool own_size_wants(const struct container *c);

/* Writes the files, from the groups as they are now; a container without them: nothing. */
enum own_size_when {
	OWN_SIZE_NEW,  /* before there is a process: they are made, the averages begin */
	OWN_SIZE_ALL,  /* again */
	OWN_SIZE_BEAT, /* those that move by themselves */
};
int own_size_write(const struct container *c, enum own_size_when when, struct err *err);

/* --- pure ---------------------------------------------------------------------------------------*/

struct own_size {
	uint64_t memory, used, cache; /* bytes; memory UINT64_MAX: the machine's */
	uint64_t swap, swap_used;     /* the same */
	unsigned cpus;                /* 0: the machine's */
	int64_t booted_later; /* seconds by which its boot time is later than what ctr sees */
	bool has_tasks;       /* what follows is known */
	struct own_load load;
	size_t running, tasks;
	uint64_t last_pid;
};
/* As the kernel writes them, given what it writes for the machine. */
void own_meminfo(const struct own_size *s, const char *host, struct str *out);
void own_cpuinfo(const struct own_size *s, const char *host, struct str *out);
void own_stat(const struct own_size *s, const char *host, struct str *out);
void own_loadavg(const struct own_size *s, const char *host, struct str *out);
/* How many processors "0-2,7" names; 0 for an empty list. */
unsigned own_count(const char *list);
/* The id that the container knows a task by: texts such as /proc/PID/status of its first process and of
 * the task. 0 where they don't say. */
uint64_t own_inner_pid(const char *init, const char *task);
