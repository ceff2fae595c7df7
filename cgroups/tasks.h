/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of a container are doing at this moment. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct cg_tasks {
	size_t running; /* on a processor, or waiting for one (R) */
	size_t blocked; /* waiting for a disk or the like (D) */
	size_t total;
	pid_t last; /* the highest of their ids, as ctr sees it */
};

/* names: as recorded. The threads of the group and of all below it; those that end meanwhile are not
 * counted. 0, -ENOENT without a group, or -errno. */
int cg_tasks(const char *const *names, size_t n, struct cg_tasks *ret);

/* Pure: the state in a text such as /proc/PID/stat, '?' if there is none. */
char cg_task_state(const char *text);
