/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "tests/lib/test.h"

/* A directory of our own; the caller closes it and calls clean_up. */
static int make_dir(char *name)
{
	return mkdtemp(name) ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* `name` lies in /tmp. */
static void clean_up(const char *name)
{
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(path_remove_tree(tmp, strrchr(name, '/') + 1), 0);
}

TEST(fd_replace_is_all_or_nothing)
{
	char name[] = "/tmp/ctr-fd-XXXXXX";
	auto_fd int dir = make_dir(name);
	auto_(str) struct str text = {0};
	struct stat st;

	CHECK_INT(fd_replace(dir, "state", "one", 3, 0600), 0);
	CHECK_INT(fd_replace(dir, "state", "seven", 5, 0600), 0);
	CHECK_INT(fd_read_file(dir, "state", 100, &text), 0);
	CHECK_STR(text.p, "seven");
	CHECK(fstatat(dir, "state", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	/* One that cannot be replaced leaves nothing beside it. */
	CHECK(mkdirat(dir, "busy", 0700) == 0);
	CHECK_INT(fd_replace(dir, "busy", "x", 1, 0600), -EISDIR);
	CHECK(faccessat(dir, ".busy.new", F_OK, 0) < 0);
	char long_name[300];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	CHECK_INT(fd_replace(dir, long_name, "x", 1, 0600), -ENAMETOOLONG);
	clean_up(name);
}

TEST(fd_read_file_has_a_bound)
{
	char name[] = "/tmp/ctr-fd-XXXXXX";
	auto_fd int dir = make_dir(name);
	auto_(str) struct str text = {0};

	CHECK_INT(fd_replace(dir, "file", "0123456789", 10, 0600), 0);
	CHECK_INT(fd_read_file(dir, "file", 10, &text), 0);
	CHECK_INT(text.len, 10);
	text.len = 0;
	CHECK_INT(fd_read_file(dir, "file", 9, &text), -EFBIG);
	CHECK_INT(fd_read_file(dir, "none", 9, &text), -ENOENT);
	CHECK_INT(fd_read_file(dir, ".", 9, &text), -EISDIR);
	CHECK(mkfifoat(dir, "fifo", 0600) == 0); /* does not block */
	CHECK_INT(fd_read_file(dir, "fifo", 9, &text), -EINVAL);
	clean_up(name);
}

TEST(fd_put_writes_into_what_exists)
{
	char name[] = "/tmp/ctr-fd-XXXXXX";
	auto_fd int dir = make_dir(name);
	auto_(str) struct str text = {0};

	CHECK_INT(fd_put(dir, "file", "x"), -ENOENT);
	CHECK_INT(fd_replace(dir, "file", "", 0, 0600), 0);
	CHECK_INT(fd_put(dir, "file", "max"), 0);
	CHECK_INT(fd_read_file(dir, "file", 10, &text), 0);
	CHECK_STR(text.p, "max");
	clean_up(name);
}

TEST(fd_cloexec_from_marks)
{
	int fd = fcntl(1, F_DUPFD, 20), dup = fcntl(1, F_DUPFD, 200);

	fd_cloexec_from(200);
	CHECK_INT(fcntl(fd, F_GETFD), 0);
	CHECK_INT(fcntl(dup, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(dup);
}

TEST(auto_fd_keeps_errno)
{
	errno = ENOENT;
	{
		auto_fd int fd = 12345; /* close says EBADF */
		(void)fd;
	}
	CHECK_INT(errno, ENOENT);
	int fd = 7;
	CHECK_INT(steal_fd(&fd), 7);
	CHECK_INT(fd, -1);
}
