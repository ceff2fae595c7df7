/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside a root file system. What exists is resolved by the kernel in one call; only where
 * something has to be made a path is walked, component by component: each step starts from the
 * descriptor of the step before it, links are followed as text that is walked again from the root.
 * Whoever exchanges a component meanwhile can make it fail, or end up elsewhere inside the root. */
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/init/exec.h"

enum { RETRIES = 32, LINKS_MAX = 40 };

#define RESOLVE_STEP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int walk_openat2(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	/* A rename or a mount somewhere makes the kernel unsure of ".." or of the root, and it says
	 * EAGAIN; one who does that in a loop must not hold us for ever. */
	for (int i = 0; i < RETRIES; i++) {
		int fd = sys_openat2(dir, path, flags | O_CLOEXEC, 0, resolve);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int walk_open(int root, const char *path, uint64_t flags)
{
	uint64_t in_root = root == AT_FDCWD ? 0 : RESOLVE_IN_ROOT;

	return walk_openat2(root, *path ? path : ".", flags, in_root | RESOLVE_NO_MAGICLINKS);
}

struct place {
	int root, at; /* `at` is ours unless it is the root */
	unsigned links;
	char done[PATH_MAX]; /* where `at` is: names only, no link, no ".." */
	char rest[PATH_MAX]; /* where to go from there */
};

static void move_to(struct place *p, int fd)
{
	if (p->at != p->root)
		exec_done(p->at);
	p->at = fd;
}

/* One directory up, textually: `done` has no links. */
static int go_up(struct place *p)
{
	char *slash = strrchr(p->done, '/');

	*(slash ? slash : p->done) = 0;
	int fd = *p->done ? walk_openat2(p->root, p->done, O_PATH | O_DIRECTORY, RESOLVE_STEP)
			  : p->root;
	if (fd < 0)
		return fd;
	move_to(p, fd);
	return 0;
}

static int go_into(struct place *p, const char *name, bool make)
{
	const uint64_t flags = O_PATH | O_DIRECTORY;
	size_t len = strlen(p->done), n = strlen(name);

	if (len + 1 + n >= sizeof(p->done))
		return -ENAMETOOLONG;
	int fd = walk_openat2(p->at, name, flags, RESOLVE_STEP);
	if (fd == -ENOENT && make) {
		if (mkdirat(p->at, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		fd = walk_openat2(p->at, name, flags, RESOLVE_STEP | RESOLVE_NO_XDEV);
	}
	if (fd < 0)
		return fd;
	move_to(p, fd);
	if (len)
		p->done[len++] = '/';
	memcpy(p->done + len, name, n + 1);
	return 0;
}

/* If `name` is a link, its target takes its place in what is left to walk: 1. Else 0. */
static int follow(struct place *p, const char *name)
{
	struct statfs fs;
	char target[PATH_MAX];
	size_t rest = strlen(p->rest);
	ssize_t n = readlinkat(p->at, name, target, sizeof(target));

	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	/* A magic link's text only looks like a path, and nothing can be made in a procfs anyway. */
	if (fstatfs(p->at, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC)
		return -ELOOP;
	if (++p->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)n + 1 + rest >= sizeof(p->rest))
		return -ENAMETOOLONG;
	memmove(p->rest + n + 1, p->rest, rest + 1);
	memcpy(p->rest, target, (size_t)n);
	p->rest[n] = rest ? '/' : 0;
	if (n && *target == '/') {
		move_to(p, p->root);
		*p->done = 0;
	}
	return 1;
}

/* Takes the next component off the rest, going up for each ".."; name is empty when there is none.
 * 1 if it was the last one, else 0. */
static int take(struct place *p, char name[NAME_MAX + 1])
{
	for (;;) {
		char *from = p->rest + strspn(p->rest, "/");
		size_t n = strcspn(from, "/");
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, from, n);
		name[n] = 0;
		from += n;
		memmove(p->rest, from, strlen(from) + 1);
		if (strcmp(name, "..") == 0) {
			int r = go_up(p);
			if (r < 0)
				return r;
		} else if (strcmp(name, ".") != 0) {
			return !*p->rest;
		}
	}
}

static int walk(struct place *p, enum walk how, char name[NAME_MAX + 1])
{
	for (;;) {
		int last = take(p, name);
		if (last < 0 || !*name || (last && !(how & WALK_FOLLOW)))
			return last < 0 ? last : 0;
		int r = follow(p, name);
		if (r < 0 || (r == 0 && last))
			return r;
		if (r == 0 && (r = go_into(p, name, how & WALK_MAKE)) < 0)
			return r;
	}
}

int walk_to(int root, const char *path, enum walk how, char name[NAME_MAX + 1])
{
	struct place p;
	size_t n = strlen(path);

	if (n >= sizeof(p.rest))
		return -ENAMETOOLONG;
	p.root = root == AT_FDCWD ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : root;
	if (p.root < 0)
		return root == AT_FDCWD ? -errno : -EBADF;
	p.at = p.root;
	p.links = 0;
	*p.done = 0;
	memcpy(p.rest, path, n + 1);
	/* "x/" is x: a slash behind it says nothing that the caller does not know. */
	while (n > 1 && p.rest[n - 1] == '/')
		p.rest[--n] = 0;
	int r = walk(&p, how, name);
	if (r < 0)
		move_to(&p, p.root);
	if (p.root != root && (r < 0 || p.at != p.root))
		exec_done(p.root);
	return r < 0 ? r : p.at;
}

void walk_done(int root, int dir)
{
	if (dir >= 0 && dir != root)
		exec_done(dir);
}

/* Opens `name`; makes it when it is missing and a type is given. */
static int open_last(int dir, const char *name, uint32_t type, uint32_t mode)
{
	int fd = walk_openat2(dir, name, O_PATH, RESOLVE_STEP);

	if (fd != -ENOENT || !type)
		return fd;
	int r = type == S_IFDIR ? mkdirat(dir, name, mode) : mknodat(dir, name, S_IFREG | mode, 0);
	if (r < 0 && errno != EEXIST)
		return -errno;
	return walk_openat2(dir, name, O_PATH, RESOLVE_STEP | RESOLVE_NO_XDEV);
}

/* The ordinary case of a missing directory: all but the last component of its path is there. Gives
 * -EAGAIN where it is not that simple. */
static int make_last(int root, const char *path, uint32_t mode)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!n || n >= sizeof(parent) || !slash[1] || slash[1] == '.')
		return -EAGAIN;
	memcpy(parent, path, n);
	parent[n] = 0;
	int dir = walk_open(root, parent, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return -EAGAIN;
	int fd = mkdirat(dir, slash + 1, mode) < 0
			 ? -EAGAIN
			 : walk_openat2(dir, slash + 1, O_PATH, RESOLVE_STEP | RESOLVE_NO_XDEV);
	exec_done(dir);
	return fd;
}

int walk_make(int root, const char *path, uint32_t type, uint32_t mode, enum walk how)
{
	char name[NAME_MAX + 1];

	if (type == S_IFDIR && (how & WALK_FOLLOW)) {
		int fd = make_last(root, path, mode);
		if (fd != -EAGAIN)
			return fd;
	}

	/* ENOENT and EXDEV here mean that somebody was quicker: removed, or mounted. */
	for (int i = 0;; i++) {
		int dir = walk_to(root, path, type ? how | WALK_MAKE : how, name);
		if (dir < 0 || (!*name && dir != root))
			return dir;
		int fd = *name ? open_last(dir, name, type, mode) : walk_open(root, ".", O_PATH);
		walk_done(root, dir);
		if ((fd != -ENOENT && fd != -EXDEV) || !type || i == RETRIES)
			return fd;
	}
}
