/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: what the image has at the mount point is copied into the new file system, before that
 * is mounted there. */
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "runtime/init/exec.h"

enum { DEPTH_MAX = 64, XATTRS_MAX = 4096, CHUNK = 1 << 20 };

static int copy_dir(int from, int to, int depth);

/* Not inlined: its buffers would be there once for each directory on the way. */
__attribute__((noinline)) static int copy_xattrs(int from, int to)
{
	char names[XATTRS_MAX], value[XATTRS_MAX];
	ssize_t n = flistxattr(from, names, sizeof(names));

	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (char *at = names; at < names + n; at += strlen(at) + 1) {
		ssize_t size = fgetxattr(from, at, value, sizeof(value));
		/* A tmpfs keeps some kinds only; those it refuses it cannot hold. */
		if (size >= 0 && fsetxattr(to, at, value, (size_t)size, 0) < 0 &&
		    errno != ENOTSUP && errno != EPERM)
			return -errno;
	}
	return 0;
}

/* The owner first: a change of owner takes set-id bits and file capabilities away. */
static int copy_attributes(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	int r = copy_xattrs(from, to);
	return r < 0 ? r : futimens(to, times) < 0 ? -errno : 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t n;

	while ((n = sendfile(to, from, NULL, CHUNK)) > 0)
		;
	return n < 0 ? -errno : 0;
}

__attribute__((noinline)) static int copy_link(int from, int to, const char *name,
					       const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = 0;
	if (symlinkat(target, to, name) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* A regular file or a directory. What was opened must be what was looked at. */
static int copy_opened(int from, int to, const char *name, const struct stat *st, int depth)
{
	const bool dir = S_ISDIR(st->st_mode);
	const int flags = O_NOFOLLOW | O_CLOEXEC | (dir ? O_DIRECTORY | O_RDONLY : 0);
	struct stat now;
	int in = openat(from, name, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY), out = -1, r = 0;

	if (in < 0)
		return -errno;
	if (fstat(in, &now) < 0 || (dir && mkdirat(to, name, 0700) < 0))
		r = -errno;
	else if ((now.st_mode & S_IFMT) != (st->st_mode & S_IFMT))
		r = -EAGAIN;
	else if ((out = openat(to, name, dir ? flags : flags | O_WRONLY | O_CREAT | O_EXCL, 0600)) <
		 0)
		r = -errno;
	else
		r = dir ? copy_dir(in, out, depth + 1) : copy_bytes(in, out);
	if (r == 0)
		r = copy_attributes(in, out, &now);
	if (out >= 0)
		close(out);
	close(in);
	return r;
}

static int copy_entry(int from, int to, const char *name, int depth)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, &st);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return copy_opened(from, to, name, &st, depth);
	if (mknodat(to, name, st.st_mode, st.st_rdev) < 0 ||
	    fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

struct dirent_head { /* struct linux_dirent64 of getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static int copy_dir(int from, int to, int depth)
{
	_Alignas(8) char buf[4096];

	if (depth > DEPTH_MAX)
		return -ELOOP;
	for (;;) {
		long n = syscall(SYS_getdents64, from, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			struct dirent_head *d = (struct dirent_head *)(void *)(buf + at);
			int r = copy_entry(from, to, d->name, depth);
			if (r < 0)
				return r;
			at += d->len;
		}
	}
}

/* ".", ".." and nothing else. */
static bool is_empty(int dir)
{
	_Alignas(8) char buf[256];
	int n_names = 0;
	long n = syscall(SYS_getdents64, dir, buf, sizeof(buf));

	for (long at = 0; at < n; n_names++)
		at += ((struct dirent_head *)(void *)(buf + at))->len;
	return n >= 0 && n_names <= 2;
}

int op_copy_up(struct exec *x, const struct op *op)
{
	struct stat st = {.st_mode = 0};
	int from = walk_open(exec_fd(x, op->fd), exec_str(x, op), O_RDONLY | O_DIRECTORY);

	if (from < 0)
		return from == -ENOENT ? 0 : from;
	int to = openat(exec_fd(x, op->fd2), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_full = op->b && to >= 0 && !is_empty(to);
	int r = to < 0 || fstat(from, &st) < 0 ? -errno : is_full ? 0 : copy_dir(from, to, 0);
	if (r == 0 && !op->a && !is_full)
		r = copy_attributes(from, to, &st);
	if (to >= 0)
		close(to);
	close(from);
	return r;
}
