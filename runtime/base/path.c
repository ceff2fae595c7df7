/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

enum { ID_MAX = 1024, RETRIES = 32, DEPTH_MAX = 512 };

int path_open_in(int root, const char *path, int flags)
{
	/* The kernel gives EAGAIN when a rename somewhere made it lose its way ("..", RESOLVE_IN_ROOT);
	 * a container that renames in a loop must not hold us for ever. */
	for (int i = 0; i < RETRIES; i++) {
		int fd = sys_openat2(root, path, (uint64_t)flags | O_CLOEXEC, 0,
				     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

char *path_clean(struct arena *a, const char *path)
{
	bool absolute = *path == '/';
	char *out = arena_zalloc(a, strlen(path) + 2, 1);
	size_t len = 0, floor = 0; /* out[0 … floor) holds "../.." that nothing can take back */

	if (absolute)
		out[len++] = '/', floor = 1;
	while (*path) {
		size_t n = strcspn(path, "/");
		bool up = n == 2 && path[0] == '.' && path[1] == '.';
		if (up && len > floor) {
			while (len > floor && out[len - 1] != '/')
				len--;
			if (len > floor)
				len--;
		} else if (n && !(n == 1 && *path == '.') && !(up && absolute)) {
			if (len && out[len - 1] != '/')
				out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
			if (up)
				floor = len;
		}
		path += n + (path[n] == '/');
	}
	if (!len)
		out[len++] = '.';
	out[len] = 0;
	return out;
}

char *path_from(struct arena *a, const char *dir, const char *path)
{
	return path_clean(a, *path == '/' ? path : arena_printf(a, "%s/%s", dir, path));
}

char *path_join(struct arena *a, const char *base, const char *rest)
{
	const char *inner = path_clean(a, arena_printf(a, "/%s", rest));
	const char *outer = path_clean(a, base);

	if (str_eq(inner, "/"))
		return path_clean(a, outer);
	return arena_printf(a, "%s%s", str_eq(outer, "/") ? "" : outer, inner);
}

bool path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (str_eq(dir, "/"))
		return *path == '/';
	return str_starts(path, dir) && (path[n] == 0 || path[n] == '/');
}

bool path_id_ok(const char *id)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	size_t n = strspn(id, chars);

	return n && !id[n] && n <= ID_MAX && *id != '.';
}

int path_make_dir(const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	auto_free char *copy = mem_copy(path, strlen(path));
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int remove_at(int dirfd, const char *name, int depth);

static int empty_dir(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	for (struct dirent *d; r == 0 && (d = readdir(dir));)
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			r = remove_at(dirfd(dir), d->d_name, depth + 1);
	closedir(dir);
	return r;
}

static int open_child(int dirfd, const char *name)
{
	return sys_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int remove_at(int dirfd, const char *name, int depth)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	int fd = open_child(dirfd, name);
	/* Overlay's work directory has no permissions at all; without root that counts. */
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = open_child(dirfd, name);
	int r = fd < 0 ? -errno : empty_dir(fd, depth);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int path_remove_tree(int dirfd, const char *name)
{
	return remove_at(dirfd, name, 0);
}
