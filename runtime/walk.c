/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/base/str.h"
#include "runtime/base/words.h"
#include "runtime/walk.h"

enum { KEYS_BYTES_MAX = 64 << 10, VALUE_BYTES_MAX = 64 << 10 };

/* ---- owners -----------------------------------------------------------------------------------*/

/* To the container whoever it does not know is nobody. */
static int translate(const struct owner *o, struct idmap map, uint32_t id, uint32_t *ret)
{
	enum { NOBODY = 65534 };

	*ret = id;
	if (!map.n)
		return 0;
	if (o->kind == OWNER_IN)
		return idmap_to_host(map, id, ret) ? 0 : -EOVERFLOW;
	if (!idmap_to_container(map, id, ret))
		*ret = NOBODY;
	return 0;
}

int owner_of(const struct owner *o, struct stat *st, struct err *err)
{
	if (!o || o->kind == OWNER_SAME)
		return 0;
	if (o->kind == OWNER_ONE) {
		st->st_uid = o->uid;
		st->st_gid = o->gid;
		return 0;
	}
	uint32_t uid = st->st_uid, gid = st->st_gid;
	if (translate(o, o->uids, uid, &st->st_uid) < 0 ||
	    translate(o, o->gids, gid, &st->st_gid) < 0)
		return err_say(err, EOVERFLOW,
			       "it belongs to %u:%u, which the container's user namespace does "
			       "not have",
			       uid, gid);
	return 0;
}

/* ---- names and attributes ---------------------------------------------------------------------*/

int walk_names(int dir, struct words *ret, struct arena *mem)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct words names = {0};

	if (!d)
		return -errno;
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			words_add(&names, arena_str(mem, e->d_name), mem);
	int num = errno;
	closedir(d);
	words_sort(&names);
	*ret = names;
	return -num;
}

static bool is_kept(const char *key)
{
	return str_eq(key, "security.capability") ||
	       (str_starts(key, "user.") && !str_starts(key, "user.overlay."));
}

int walk_xattrs(int fd,
		int (*each)(void *ctx, const char *key, const void *value, size_t n,
			    struct err *err),
		void *ctx, struct err *err)
{
	ssize_t n = flistxattr(fd, NULL, 0);

	if (n <= 0 || n > KEYS_BYTES_MAX)
		return n < 0 && errno != EOPNOTSUPP ? err_set(err, errno, "list its attributes")
						    : 0;
	auto_(arena) struct arena mem = {0};
	char *keys = arena_zalloc(&mem, (size_t)n + 1, 1);
	char *value = arena_zalloc(&mem, VALUE_BYTES_MAX, 1);
	struct words sorted = {0};
	n = flistxattr(fd, keys, (size_t)n);
	for (char *key = keys; n > 0 && key < keys + n; key += strlen(key) + 1)
		if (is_kept(key))
			words_add(&sorted, key, &mem);
	words_sort(&sorted);
	for (size_t i = 0; i < sorted.n; i++) {
		ssize_t size = fgetxattr(fd, sorted.v[i], value, VALUE_BYTES_MAX);
		int r = size < 0 ? 0 : each(ctx, sorted.v[i], value, (size_t)size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the walk ---------------------------------------------------------------------------------*/

/* A file with more than one name, and the first of them that was met. */
struct seen {
	dev_t dev;
	ino_t ino;
	const char *path;
};

static int by_inode(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void keep(void *p)
{
	(void)p; /* the arena's */
}

struct walking {
	const struct walk *w;
	struct arena mem; /* of what must outlive one directory */
	void *seen;
	uint64_t mount;
};

static uint64_t mount_of(int fd)
{
	struct statx x;

	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &x) == 0 ? x.stx_mnt_id
										     : 0;
}

/* Opens for reading what `fd` is, and nothing else. */
static int reopen(int fd, bool is_dir)
{
	char path[40];

	if (is_dir)
		return openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static const char *find_link(struct walking *g, const struct walk_entry *e)
{
	struct seen key = {e->st.st_dev, e->st.st_ino, e->path};

	if (S_ISDIR(e->st.st_mode) || e->st.st_nlink < 2)
		return NULL;
	const struct seen *const *there = tfind(&key, &g->seen, by_inode);
	if (there)
		return (*there)->path;
	key.path = arena_str(&g->mem, e->path);
	struct seen *kept = arena_zalloc(&g->mem, 1, sizeof(*kept));
	*kept = key;
	tsearch(kept, &g->seen, by_inode);
	return NULL;
}

static int read_target(int fd, struct arena *mem, const char **ret, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));

	if (n < 0 || n == (ssize_t)sizeof(target))
		return err_set(err, n < 0 ? errno : ENAMETOOLONG, "read the link");
	*ret = arena_copy(mem, target, (size_t)n);
	return 0;
}

static int visit(struct walking *g, int dir, const char *name, struct walk_entry *e, int depth,
		 struct err *err);

static int visit_inside(struct walking *g, const struct walk_entry *e, int depth, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words names = {0};
	int r = walk_names(e->fd, &names, &mem);

	if (r < 0)
		return err_set(err, r, "read the directory");
	for (size_t i = 0; i < names.n; i++) {
		struct walk_entry child = {
			.path = *e->path ? arena_printf(&mem, "%s/%s", e->path, names.v[i])
					 : names.v[i],
			.fd = -1,
		};
		r = visit(g, e->fd, names.v[i], &child, depth + 1, err);
		/* It went away meanwhile. */
		if (r < 0 && !(r == -ENOENT && child.fd < 0))
			return r;
		*err = (struct err){0};
	}
	return 0;
}

/* What the entry is: from here on its name does not matter any more. */
static int look(struct walking *g, int dir, const char *name, struct walk_entry *e,
		struct arena *mem, struct err *err)
{
	auto_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &e->st) < 0)
		return err_set(err, errno, "%s", *e->path ? e->path : name);
	e->is_mount = *e->path && g->w->stays && mount_of(fd) != g->mount;
	e->linked = find_link(g, e);
	bool is_dir = S_ISDIR(e->st.st_mode);
	if (S_ISLNK(e->st.st_mode) && read_target(fd, mem, &e->target, err) < 0)
		return err_wrap(err, "%s", e->path);
	if (is_dir || (S_ISREG(e->st.st_mode) && !e->is_mount)) {
		e->fd = reopen(fd, is_dir);
		if (e->fd < 0)
			return err_set(err, errno, "open %s", *e->path ? e->path : name);
	} else {
		e->fd = steal_fd(&fd);
	}
	if (owner_of(g->w->owner, &e->st, err) == 0)
		return 0;
	if (!e->is_mount)
		return err_wrap(err, "%s", e->path);
	*err = (struct err){0}; /* the owner of /proc is nobody's affair */
	e->st.st_uid = e->st.st_gid = 0;
	return 0;
}

static int visit(struct walking *g, int dir, const char *name, struct walk_entry *e, int depth,
		 struct err *err)
{
	auto_(arena) struct arena mem = {0};
	int r = look(g, dir, name, e, &mem, err);

	auto_fd int fd = e->fd;
	if (r < 0)
		return r;
	if (depth > WALK_DEPTH_MAX)
		return err_say(err, ELOOP, "%.100s...: more than %d directories deep", e->path,
			       WALK_DEPTH_MAX);
	if (S_ISSOCK(e->st.st_mode)) {
		log_warning("%s: a socket is not copied", e->path);
		return 0;
	}
	r = g->w->enter(g->w->ctx, e, err);
	if (r < 0 || !S_ISDIR(e->st.st_mode))
		return r;
	if (r == 0 && !e->is_mount)
		r = visit_inside(g, e, depth, err);
	if (r >= 0 && g->w->leave)
		r = g->w->leave(g->w->ctx, e, err);
	return r;
}

int walk_tree(int dir, const char *name, const struct walk *w, struct err *err)
{
	struct walking g = {.w = w};
	struct walk_entry top = {.path = "", .fd = -1};

	if (w->stays) {
		auto_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		g.mount = fd < 0 ? 0 : mount_of(fd);
	}
	int r = visit(&g, dir, name, &top, 0, err);
	tdestroy(g.seen, keep);
	arena_clear(&g.mem);
	return r < 0 ? r : 0;
}
