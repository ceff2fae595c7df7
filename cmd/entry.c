/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/entry.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

enum { FIRST = 3, FDS_MAX = 1024 };

int entry_fds(struct err *err)
{
	int fd;

	/* open(2) takes the lowest free number, so it closes the gaps in order. */
	do {
		fd = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open) */
		if (fd < 0)
			return err_set(err, errno, "open /dev/null");
	} while (fd < FIRST);
	close(fd);
	fd_cloexec_from(FIRST);
	return 0;
}

unsigned entry_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t p, n;

	if (!pid || !fds || num_u64(pid, &p) < 0 || p != (uint64_t)getpid() ||
	    num_max(fds, 10, FDS_MAX, &n) < 0)
		return 0;
	return (unsigned)n;
}

int entry_check_fds(unsigned n, struct err *err)
{
	for (unsigned i = 0; i < n; i++)
		if (fcntl((int)(FIRST + i), F_GETFD) < 0)
			return err_set(err, errno, "unable to stat preserved-fd %u (of %u)", i, n);
	return 0;
}

int entry_become_ext(char **argv, struct err *err)
{
	static const char *const places[] = {"ctr-ext", "../libexec/ctr/ctr-ext"};
	auto_(arena) struct arena mem = {0};
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return err_set(err, errno, "find out where ctr is");
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	/* What was inherited is ctr-ext's to inherit too. */
	for (int fd = FIRST; fd < FDS_MAX; fd++)
		fcntl(fd, F_SETFD, 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		execv(arena_printf(&mem, "%s/%s", self, places[i]), argv);
	err_set(err, errno, "execute ctr-ext, which this needs");
	err_hint(err, "install it as %.80s/%s", self, places[1]);
	return -err->num;
}
