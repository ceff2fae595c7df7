/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/procs.h"
#include "cgroups/tasks.h"
#include "runtime/base/auto.h"

char cg_task_state(const char *text)
{
	/* The command's name, in brackets, may hold brackets and blanks itself. */
	const char *end = strrchr(text, ')');

	return end && end[1] == ' ' && end[2] ? end[2] : '?';
}

static char state_of(pid_t tid)
{
	char dir[32], text[512];

	snprintf(dir, sizeof(dir), "/proc/%d", (int)tid);
	return cg_file_read(dir, "stat", text, sizeof(text)) > 0 ? cg_task_state(text) : 'X';
}

int cg_tasks(const char *const *names, size_t n, struct cg_tasks *ret)
{
	auto_(cg_pids) struct cg_pids threads = {0};
	const char *dir = cg_main_dir(names, n);
	struct cg_tasks t = {0};

	if (!dir)
		return -ENOENT;
	int r = cg_threads_below(dir, !cg_name_find(names, n, ""), &threads);
	if (r < 0)
		return r;
	for (size_t i = 0; i < threads.n; i++) {
		char state = state_of(threads.v[i]);
		t.running += state == 'R';
		t.blocked += state == 'D';
		t.total += state != 'X' && state != 'Z';
	}
	t.last = threads.n ? threads.v[threads.n - 1] : 0;
	*ret = t;
	return 0;
}
