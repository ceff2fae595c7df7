/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to everybody in a container. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/freeze.h"
#include "cgroups/kill.h"
#include "cgroups/mark.h"
#include "cgroups/name.h"
#include "cgroups/procs.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/sys.h"

enum { FREEZE_MS = 2000, KILL_MS = 10000 };
/* Descriptors held at a time. */
enum { BATCH = 64 };

/* A number read from a file may belong to somebody else by now. So: hold the processes by pidfd
 * first, then look again; whoever is still listed is in the group, or was and is dead. */
static int signal_batch(const char *dir, const pid_t *pids, size_t n, int sig)
{
	auto_(cg_pids) struct cg_pids now = {0};
	int fds[BATCH];
	int r;

	for (size_t i = 0; i < n; i++)
		fds[i] = sys_pidfd_open(pids[i], 0);
	r = cg_pids_below(dir, &now);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (r == 0 && cg_pids_have(&now, pids[i]) &&
		    sys_pidfd_send_signal(fds[i], sig) < 0 && errno != ESRCH)
			r = -errno;
		close(fds[i]);
	}
	return r;
}

/* The number of processes that were listed, or -errno. */
static int signal_all(const char *dir, int sig)
{
	auto_(cg_pids) struct cg_pids pids = {0};
	int r = cg_pids_below(dir, &pids);

	for (size_t i = 0; r == 0 && i < pids.n; i += BATCH)
		r = signal_batch(dir, pids.v + i, pids.n - i < BATCH ? pids.n - i : BATCH, sig);
	return r < 0 ? r : (int)pids.n;
}

/* Without cgroup.kill: nobody may fork while the list is gone through. */
static int kill_frozen(const char *dir, const char *freezer)
{
	int64_t end = clock_ms() + KILL_MS;

	for (;;) {
		if (freezer)
			cg_freeze_v1(freezer, true, FREEZE_MS);
		int n = signal_all(dir, SIGKILL);
		if (freezer)
			cg_freeze_v1(freezer, false, FREEZE_MS);
		if (n <= 0)
			return n;
		if (clock_ms() >= end)
			return -ETIMEDOUT;
		usleep(1000);
	}
}

int cg_kill_dir(const char *dir, const char *freezer)
{
	int r = cg_file_write(dir, "cgroup.kill", "1");

	if (r == -ENOENT && access(dir, F_OK) < 0)
		return 0;
	if (r == -ENODEV)
		return 0;
	return r == -ENOENT ? kill_frozen(dir, freezer) : r; /* v1, or a kernel before 5.14 */
}

int cg_kill(const char *const *names, size_t n, int sig, struct err *err)
{
	const char *dir = cg_main_dir(names, n), *mark = cg_name_mark(names, n);
	int r = 0;

	if (!dir || (mark && !cg_is_marked(dir, mark)))
		return 0;
	if (sig == SIGKILL)
		r = cg_kill_dir(dir, cg_name_find(names, n, "freezer"));
	else
		r = signal_all(dir, sig);
	return r < 0 ? err_set(err, r, "send signal %d to the processes of %s", sig, dir) : 0;
}
