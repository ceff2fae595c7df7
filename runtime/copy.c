/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/copy.h"

enum { BLOCK = 256 << 10, CHUNK = 64 << 20, NAME_SIZE = 32 };

/* The directories that are open at the other end, the innermost last. */
struct copying {
	const struct copy *c;
	int dirs[WALK_DEPTH_MAX + 2];
	size_t n;
	char temporary[NAME_SIZE];
	bool is_exact; /* owners are set */
};

static const char *name_of(const struct copying *g, const struct walk_entry *e)
{
	const char *slash = strrchr(e->path, '/');

	return slash ? slash + 1 : *e->path ? e->path : g->c->as;
}

static int new_name(char name[NAME_SIZE], struct err *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_set(err, errno, "get random bytes");
	snprintf(name, NAME_SIZE, ".ctr-%016llx", (unsigned long long)random);
	return 0;
}

/* ---- what files have besides their bytes ------------------------------------------------------*/

static int put_xattr(void *ctx, const char *key, const void *value, size_t n, struct err *err)
{
	const int *to = ctx;

	if (fsetxattr(*to, key, value, n, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
		return err_set(err, errno, "set %.60s", key);
	return 0;
}

/* A change of the owner takes set-id bits and capabilities away: it comes first. */
static int put_rights(const struct copying *g, const struct walk_entry *e, int to, struct err *err)
{
	const struct timespec times[2] = {e->st.st_mtim, e->st.st_mtim};
	mode_t mask = g->c->keeps_rights || S_ISDIR(e->st.st_mode) ? 07777 : 01777;

	if (g->is_exact && fchown(to, e->st.st_uid, e->st.st_gid) < 0)
		return err_set(err, errno, "give it to %u:%u", e->st.st_uid, e->st.st_gid);
	if (fchmod(to, e->st.st_mode & mask) < 0)
		return err_set(err, errno, "set its mode");
	if (g->c->keeps_rights && !e->is_mount && walk_xattrs(e->fd, put_xattr, &to, err) < 0)
		return -err->num;
	futimens(to, times);
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------*/

static int copy_bytes(int from, int to, struct err *err)
{
	auto_free char *buf = NULL;
	ssize_t n;

	do
		n = copy_file_range(from, NULL, to, NULL, CHUNK, 0);
	while (n > 0);
	if (n == 0 && lseek(from, 0, SEEK_CUR) > 0)
		return 0;
	/* Kernel files have no size, and not every pair of file systems can do it. */
	for (buf = mem_zalloc(1, BLOCK); (n = read(from, buf, BLOCK)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "read it");
		int r = fd_write_all(to, buf, (size_t)n);
		if (r < 0)
			return err_set(err, r, "write it");
	}
	return 0;
}

static int make_file(struct copying *g, const struct walk_entry *e, int dir, struct err *err)
{
	auto_fd int to = openat(dir, g->temporary,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return err_set(err, errno, "make a file");
	int r = e->is_mount ? 0 : copy_bytes(e->fd, to, err);
	if (r == 0)
		r = put_rights(g, e, to, err);
	return r;
}

/* Another name for what has been copied; where that can't be, it is copied once more. */
static bool make_link(struct copying *g, const struct walk_entry *e, int dir)
{
	char path[40];
	auto_fd int there = path_open_in(g->dirs[0], e->linked, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (there < 0 || fstat(there, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != e->st.st_size)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", there);
	return linkat(AT_FDCWD, path, dir, g->temporary, AT_SYMLINK_FOLLOW) == 0;
}

static int make_other(struct copying *g, const struct walk_entry *e, int dir, struct err *err)
{
	const struct timespec times[2] = {e->st.st_mtim, e->st.st_mtim};
	int r = e->target ? symlinkat(e->target, dir, g->temporary)
			  : mknodat(dir, g->temporary, e->st.st_mode & (S_IFMT | 0777),
				    e->st.st_rdev);

	if (r < 0)
		return err_set(err, errno, "make it");
	if (g->is_exact &&
	    fchownat(dir, g->temporary, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "give it to %u:%u", e->st.st_uid, e->st.st_gid);
	utimensat(dir, g->temporary, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int place(const struct copying *g, int dir, const char *name, struct err *err)
{
	if (renameat(dir, g->temporary, dir, name) == 0) {
		unlinkat(dir, g->temporary, 0); /* two names of one file are not renamed */
		return 0;
	}
	if (errno == EISDIR)
		return err_say(err, EISDIR, "a directory is there, which a file can't replace");
	if (errno != EBUSY)
		return err_set(err, errno, "replace what is there");
	err_say(err, EBUSY, "something is mounted there");
	err_hint(err, "write to it from inside: ctr exec -i ID sh -c 'cat >FILE'");
	return -EBUSY;
}

static int put_thing(struct copying *g, const struct walk_entry *e, int dir, struct err *err)
{
	bool is_file = S_ISREG(e->st.st_mode);
	int r = new_name(g->temporary, err);

	if (r == 0 && !(is_file && e->linked && make_link(g, e, dir)))
		r = is_file ? make_file(g, e, dir, err) : make_other(g, e, dir, err);
	if (r == 0)
		r = place(g, dir, name_of(g, e), err);
	if (r < 0)
		unlinkat(dir, g->temporary, 0);
	return r;
}

/* ---- directories ------------------------------------------------------------------------------*/

static int enter_dir(struct copying *g, const struct walk_entry *e, int dir, struct err *err)
{
	const char *name = name_of(g, e);
	int fd;

	if (!*e->path && !g->c->as) {
		fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
			return err_set(err, errno, "make the directory");
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return err_say(err, ENOTDIR, "what is there is no directory");
	if (fd < 0)
		return err_set(err, errno, "open the directory");
	g->dirs[g->n++] = fd;
	return 0;
}

/* Its mode comes last: without a right to write nothing could be put into it. */
static int leave_dir(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct copying *g = ctx;
	auto_fd int fd = g->dirs[--g->n];

	if (!*e->path && !g->c->as)
		return 0;
	return put_rights(g, e, fd, err) < 0 ? err_wrap(err, "%s", e->path) : 0;
}

static int enter(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct copying *g = ctx;
	int dir = g->n ? g->dirs[g->n - 1] : g->c->to, r;

	if (S_ISDIR(e->st.st_mode)) {
		r = enter_dir(g, e, dir, err);
	} else if ((S_ISCHR(e->st.st_mode) || S_ISBLK(e->st.st_mode)) && g->c->skips_devices) {
		log_warning("%s: a device is not copied", e->path);
		return 0;
	} else {
		r = put_thing(g, e, dir, err);
	}
	return r < 0 && *e->path ? err_wrap(err, "%s", e->path) : r;
}

int copy_tree(const struct copy *c, struct err *err)
{
	struct copying g = {.c = c, .is_exact = geteuid() == 0};
	const struct walk w = {.enter = enter, .leave = leave_dir, .ctx = &g, .owner = &c->owner};
	int r = walk_tree(c->from, c->name, &w, err);

	while (g.n)
		auto_close_fd(&g.dirs[--g.n]);
	return r;
}
