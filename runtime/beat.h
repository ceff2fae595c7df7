/* SPDX-License-Identifier: Apache-2.0 */
/* Something that is done every few seconds by a loop that waits for other things. */
#pragma once

#include "runtime/base/err.h"

struct beat {
	void (*run)(void *arg);
	void *arg;
	int timer; /* timerfd_create(2), for poll(2); -1: nothing is done */
};

/* Makes the timer, for one every so many milliseconds; the caller closes it. 0 or -errno. */
int beat_begin(struct beat *b, unsigned every_ms, struct err *err);
/* When the timer can be read. */
void beat_run(const struct beat *b);
