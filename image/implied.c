/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/implied.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/sys.h"

enum { LIST_MAX = 64 << 20 };

static int open_beneath(int dir, const char *path, int flags)
{
	return sys_openat2(dir, path, (uint64_t)flags | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* Whether a layer below has a directory there; what is none hides those further below. */
static bool find_below(int fd, const char *const *trees, size_t n, const char *path,
		       struct stat *ret)
{
	for (size_t i = n; i-- > 0;) {
		auto_fd int tree = openat(fd, trees[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (tree < 0)
			return false;
		auto_fd int there = open_beneath(tree, path, O_PATH | O_NOFOLLOW);
		if (there >= 0)
			return fstat(there, ret) == 0 && S_ISDIR(ret->st_mode);
		if (errno != ENOENT)
			return false;
	}
	return false;
}

static int settle_one(int dir, const char *path, const struct stat *st)
{
	auto_fd int fd = open_beneath(dir, path, O_RDONLY | O_DIRECTORY);
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fd < 0)
		return -errno;
	if (geteuid() == 0 && fchown(fd, st->st_uid, st->st_gid) < 0)
		return -errno;
	return fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0 ? -errno : 0;
}

static int open_tree_of(int layer)
{
	int fd = openat(layer, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd
		       : openat(layer, "opaque", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int implied_settle(int fd, const char *layer, const char *const *trees, size_t n_trees,
		   struct err *err)
{
	auto_(str) struct str list = {0};
	auto_fd int dir = openat(fd, layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int tree = dir < 0 ? -1 : open_tree_of(dir);

	if (tree < 0)
		return err_set(err, errno, "open %s", layer);
	int r = fd_read_file(dir, "implied", LIST_MAX, &list);
	if (r < 0)
		return err_set(err, r, "read %s/implied", layer);
	unlinkat(dir, "implied", 0);
	for (size_t at = 0; at < list.len; at += strlen(list.p + at) + 1) {
		struct stat st;
		if (find_below(fd, trees, n_trees, list.p + at, &st) &&
		    (r = settle_one(tree, list.p + at, &st)) < 0)
			return err_set(err, r, "set the attributes of %.100s", list.p + at);
	}
	return 0;
}
