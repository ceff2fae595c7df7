/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/wait.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock.h"

static int event(int fd, const char *key, uint64_t *ret)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return cg_text_key(text, key, ret);
}

/* The kernel signals POLLPRI at each change since the last read. */
int cg_wait_event(const char *dir, const char *key, uint64_t value, int ms)
{
	char path[PATH_MAX];
	int64_t end = clock_ms() + ms, now;
	uint64_t is = 0;

	snprintf(path, sizeof(path), "%s/cgroup.events", dir);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	for (;;) {
		int r = event(fd, key, &is);
		if (r == -ENODEV || (r == 0 && is == value))
			return 0;
		if (r < 0)
			return r;
		now = clock_ms();
		if (now >= end)
			return -ETIMEDOUT;
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		if (poll(&p, 1, (int)(end - now)) < 0 && errno != EINTR)
			return -errno;
	}
}
