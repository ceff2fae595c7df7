/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

/* `expected`: where a file that is as long as it says ends; 0 when nothing says so. */
static int read_upto(int fd, size_t max, size_t expected, struct str *ret)
{
	char buf[16384];
	size_t total = 0;

	for (;;) {
		ssize_t r = read(fd, buf, sizeof(buf));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return 0;
		total += (size_t)r;
		if (total > max)
			return -EFBIG;
		str_add_mem(ret, buf, (size_t)r);
		if (total == expected)
			return 0;
	}
}

int fd_read_all(int fd, size_t max, struct str *ret)
{
	return read_upto(fd, max, 0, ret);
}

int fd_read_file(int dirfd, const char *path, size_t max, struct str *ret)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return read_upto(fd, max, (size_t)st.st_size, ret);
}

int fd_put(int dirfd, const char *path, const char *value)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = strlen(value);

	if (fd < 0)
		return -errno;
	ssize_t w = write(fd, value, n);
	if (w < 0)
		return -errno;
	return (size_t)w == n ? 0 : -EIO;
}

int fd_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode)
{
	char tmp[300];
	int len = snprintf(tmp, sizeof(tmp), ".%s.new", name);

	if (len < 0 || (size_t)len >= sizeof(tmp))
		return -ENAMETOOLONG;
	auto_fd int fd =
		openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, p, n);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, tmp, 0);
	return r;
}

void fd_cloexec_from(int first)
{
	sys_close_range((unsigned)first, ~0U, SYS_CLOSE_RANGE_CLOEXEC);
}
