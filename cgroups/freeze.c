/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "cgroups/file.h"
#include "cgroups/freeze.h"
#include "cgroups/name.h"
#include "cgroups/wait.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock.h"

enum { WAIT_MS = 10000 };

int cg_freeze_v2(const char *dir, bool freeze, int ms)
{
	int r = cg_file_write(dir, "cgroup.freeze", freeze ? "1" : "0");

	return r < 0 ? r : cg_wait_event(dir, "frozen", freeze, ms);
}

/* Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst: processes that are just being forked
 * may be missed, then the state stays FREEZING until it is written again. */
int cg_freeze_v1(const char *dir, bool freeze, int ms)
{
	const char *want = freeze ? "FROZEN" : "THAWED";
	int64_t end = clock_ms() + ms;
	char state[32];

	for (useconds_t pause = 50;; pause = pause < 10000 ? 2 * pause : pause) {
		int r = cg_file_write(dir, "freezer.state", want);
		if (r == 0)
			r = cg_file_read(dir, "freezer.state", state, sizeof(state));
		if (r < 0)
			return r;
		if (strcmp(state, want) == 0)
			return 0;
		if (clock_ms() >= end)
			return -ETIMEDOUT;
		usleep(pause);
	}
}

int cg_freeze(const char *const *names, size_t n, bool freeze, struct err *err)
{
	const char *v2 = cg_name_find(names, n, ""), *v1 = cg_name_find(names, n, "freezer");
	const char *dir = v2 ? v2 : v1;
	int (*set)(const char *, bool, int) = v2 ? cg_freeze_v2 : cg_freeze_v1;

	if (!dir) {
		err_say(err, ENOTSUP, "the container has no cgroup that could be frozen");
		err_hint(err, "mount a cgroup2 file system or the freezer controller");
		return -ENOTSUP;
	}
	int r = set(dir, freeze, WAIT_MS);
	if (r == -ETIMEDOUT && freeze) {
		set(dir, false, WAIT_MS);
		return err_say(err, ETIMEDOUT, "a process of %s did not freeze within %d s", dir,
			       WAIT_MS / 1000);
	}
	return r < 0 ? err_set(err, r, "%s %s", freeze ? "freeze" : "thaw", dir) : 0;
}

int cg_is_frozen(const char *const *names, size_t n, struct err *err)
{
	const char *v2 = cg_name_find(names, n, ""), *v1 = cg_name_find(names, n, "freezer");
	char state[32] = "";
	uint64_t is_frozen = 0;
	int r = 0;

	if (v2) {
		r = cg_file_key(v2, "cgroup.events", "frozen", &is_frozen);
	} else if (v1) {
		r = cg_file_read(v1, "freezer.state", state, sizeof(state));
		is_frozen = *state == 'F'; /* FROZEN, FREEZING */
	}
	if (r < 0 && r != -ENOENT && r != -ENODEV && r != -ENODATA)
		return err_set(err, r, "ask whether %s is frozen", v2 ? v2 : v1);
	return is_frozen != 0;
}
