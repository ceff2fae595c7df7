/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "runtime/beat.h"

int beat_begin(struct beat *b, unsigned every_ms, struct err *err)
{
	const struct timespec t = {every_ms / 1000, every_ms % 1000 * 1000000L};
	const struct itimerspec both = {t, t};

	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (b->timer < 0 || timerfd_settime(b->timer, 0, &both, NULL) < 0)
		return err_set(err, errno, "make a timer");
	return 0;
}

void beat_run(const struct beat *b)
{
	uint64_t times;

	if (read(b->timer, &times, sizeof(times)) == sizeof(times))
		b->run(b->arg);
}
