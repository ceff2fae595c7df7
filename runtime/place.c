/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/place.h"

enum { LINKS_MAX = 40 };

void place_clear(struct place *p)
{
	auto_close_fd(&p->dir);
	*p = (struct place)PLACE_NONE;
}

static int open_dir(int root, const char *path)
{
	if (root != AT_FDCWD)
		return path_open_in(root, path, O_PATH | O_DIRECTORY);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The path of the directory that it is in; *ret_name is its name there. One that ends in ".." is a
 * directory itself. */
static const char *split(const char *path, struct arena *mem, const char **ret_name)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	const char *copy = arena_copy(mem, path, n), *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;
	if (!*name || str_eq(name, ".") || str_eq(name, "..")) {
		*ret_name = ".";
		return copy;
	}
	*ret_name = name;
	if (!slash)
		return ".";
	return slash == copy ? "/" : arena_copy(mem, copy, (size_t)(slash - copy));
}

/* One step: where the name is, and what. Returns 1 if it is a link to be followed: *path then. */
static int step(int root, const char **path, bool follows, struct arena *mem, struct place *ret,
		struct err *err)
{
	const char *above = split(*path, mem, &ret->name);
	char target[PATH_MAX];
	struct stat st;

	auto_close_fd(&ret->dir);
	ret->dir = open_dir(root, above);
	if (ret->dir < 0) {
		int num = ret->dir;
		ret->dir = -1;
		return err_set(err, num, "%.200s", above);
	}
	ret->is_there = fstatat(ret->dir, ret->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!ret->is_there && errno != ENOENT)
		return err_set(err, errno, "%.200s", *path);
	ret->is_dir = ret->is_there && S_ISDIR(st.st_mode);
	if (!follows || !ret->is_there || !S_ISLNK(st.st_mode))
		return 0;
	ssize_t n = readlinkat(ret->dir, ret->name, target, sizeof(target));
	if (n < 0 || n == (ssize_t)sizeof(target))
		return err_set(err, n < 0 ? errno : ENAMETOOLONG, "%.200s", *path);
	*path = *target == '/' ? arena_copy(mem, target, (size_t)n)
			       : arena_printf(mem, "%s/%.*s", above, (int)n, target);
	return 1;
}

int place_find(int root, const char *path, bool follows, struct arena *mem, struct place *ret,
	       struct err *err)
{
	auto_(place) struct place p = PLACE_NONE;
	const char *clean =
		path_clean(mem, root == AT_FDCWD ? path : arena_printf(mem, "/%s", path));
	const char *slash = strrchr(clean, '/'), *at = clean;
	size_t n = strlen(path);
	int r = 1;

	p.base = slash ? slash + 1 : clean;
	if (!*p.base || str_eq(p.base, ".") || str_eq(p.base, ".."))
		p.base = NULL;
	p.wants_dir = n && path[n - 1] == '/';
	p.wants_inside = str_eq(path, ".") || str_ends(path, "/.") || !p.base;
	for (int i = 0; r == 1 && i < LINKS_MAX; i++)
		r = step(root, &at, follows || p.wants_dir || p.wants_inside, mem, &p, err);
	if (r == 1)
		return err_set(err, ELOOP, "%.200s", path);
	if (r < 0)
		return r;
	if (p.is_there && !p.is_dir && (p.wants_dir || p.wants_inside))
		return err_set(err, ENOTDIR, "%.200s", path);
	*ret = p;
	p = (struct place)PLACE_NONE;
	return 0;
}
