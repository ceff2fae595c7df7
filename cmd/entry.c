/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/entry.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"
#include "runtime/base/self.h"
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

static const char *const places[] = {"", "../libexec/ctr/"};

static int not_there(const char *name, const char *self, struct err *err)
{
	err_set(err, errno, "execute %s, which this needs", name);
	err_hint(err, "install it as %.80s/%s%s", self, places[1], name);
	return -err->num;
}

int entry_become(const char *name, char **argv, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char self[PATH_MAX];

	if (self_dir(self, sizeof(self), err) < 0)
		return -err->num;
	/* What was inherited is the other's to inherit too. */
	for (int fd = FIRST; fd < FDS_MAX; fd++)
		fcntl(fd, F_SETFD, 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		execv(arena_printf(&mem, "%s/%s%s", self, places[i], name), argv);
	return not_there(name, self, err);
}

int entry_call(const char *name, char **argv, bool loses_output, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	posix_spawn_file_actions_t files;
	char self[PATH_MAX];
	int num = ENOENT, status = 0;
	pid_t pid = 0;

	if (self_dir(self, sizeof(self), err) < 0)
		return -err->num;
	if (posix_spawn_file_actions_init(&files) != 0)
		return err_set(err, ENOMEM, "start %s", name);
	if (loses_output)
		posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	for (size_t i = 0; num && i < sizeof(places) / sizeof(*places); i++)
		num = posix_spawn(&pid, arena_printf(&mem, "%s/%s%s", self, places[i], name),
				  &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (num) {
		errno = num;
		return not_there(name, self, err);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for %s", name);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
