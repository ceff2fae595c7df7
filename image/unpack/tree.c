/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/unpack/tree.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

enum { DEPTH_MAX = 200, IMPLIED_MAX = 10000, TIMES_MAX = 2000000, LINK_MAX_BYTES = PATH_MAX - 1 };

#define SIGN ".wh."
#define OPAQUE ".wh..wh..opq"
#define RESERVED ".wh..wh."

struct tree_time {
	const char *name;
	struct timespec mtime;
};

void tree_clear(struct tree *t)
{
	if (t->parent_fd >= 0)
		close(t->parent_fd);
	if (t->root >= 0)
		close(t->root);
	free(t->times);
	free(t->parent);
	arena_clear(&t->mem);
	*t = (struct tree)TREE_NONE;
}

/* ---- names ------------------------------------------------------------------------------------*/

int tree_name(struct tree *t, const char *raw, const char **ret, struct err *err)
{
	size_t len = strlen(raw), n = 0, depth = 0;

	if (len >= PATH_MAX)
		return err_say(err, ENAMETOOLONG, "a name of %zu bytes", len);
	char *out = arena_zalloc(&t->mem, len + 1, 1);
	for (const char *p = raw; *p;) {
		size_t part = strcspn(p, "/");
		if (part == 2 && p[0] == '.' && p[1] == '.')
			return err_say(err, EINVAL, "the name climbs with \"..\"");
		if (part && !(part == 1 && *p == '.')) {
			if (part > NAME_MAX || ++depth > DEPTH_MAX)
				return err_say(err, ENAMETOOLONG,
					       "the name is too long or too deep");
			if (n)
				out[n++] = '/';
			memcpy(out + n, p, part);
			n += part;
		}
		p += part + (p[part] == '/');
	}
	out[n] = 0;
	*ret = out;
	return 0;
}

static const char *last(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

bool tree_is_sign(const struct tree *t, const char *name)
{
	return !t->is_plain && str_starts(last(name), SIGN);
}

/* ---- directories on the way -------------------------------------------------------------------*/

static void forget_parent(struct tree *t)
{
	if (t->parent_fd >= 0)
		close(t->parent_fd);
	t->parent_fd = -1;
	free(t->parent);
	t->parent = NULL;
}

static int set_opaque(int fd, struct err *err)
{
	if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
		return err_set(err, errno, "mark a directory as opaque");
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Makes the directory dir/name. Where the layer deleted one of that name before, the new one hides
 * what is below it. */
static int make_dir(struct tree *t, int dir, const char *name, mode_t mode, struct err *err)
{
	struct stat st;
	bool hides = false;

	if (mkdirat(dir, name, mode) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "make a directory");
	if (S_ISDIR(st.st_mode))
		return 0;
	hides = is_whiteout(&st);
	if (unlinkat(dir, name, 0) < 0 || mkdirat(dir, name, mode) < 0)
		return err_set(err, errno, "make a directory");
	forget_parent(t);
	if (!hides)
		return 0;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open a directory") : set_opaque(fd, err);
}

/* Links inside are followed, inside: archives that several tools wrote have them on the way. */
static int open_dir(const struct tree *t, const char *name)
{
	if (!*name)
		return openat(t->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return path_open_in(t->root, name, O_RDONLY | O_DIRECTORY);
}

/* Makes what is missing of a directory, a component at a time. */
static int make_dirs(struct tree *t, const char *name, struct err *err)
{
	auto_free char *copy = mem_copy(name, strlen(name));

	for (char *at = copy;; at++) {
		at += strcspn(at, "/");
		char end = *at;
		*at = 0;
		if (tree_is_sign(t, copy))
			return err_say(err, EINVAL, "a whiteout is no directory");
		auto_fd int there = open_dir(t, copy);
		if (there < 0) {
			const char *base = last(copy);
			auto_free char *up =
				mem_copy(copy, base == copy ? 0 : (size_t)(base - copy - 1));
			auto_fd int dir = open_dir(t, up);
			struct stat st;
			if (dir < 0)
				return err_set(err, errno, "open a directory on the way");
			if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && !is_whiteout(&st))
				return err_say(err, ENOTDIR,
					       "it leads through something that is no directory");
			if (make_dir(t, dir, base, 0755, err) < 0)
				return -err->num;
			if (t->implied.n < IMPLIED_MAX)
				words_add(&t->implied, arena_str(&t->mem, copy), &t->mem);
		}
		*at = end;
		if (!end)
			return 0;
	}
}

/* The directory that `name` is in, made if it has to be; entries of one directory stand together. */
static int parent_of(struct tree *t, const char *name, struct err *err)
{
	const char *base = last(name);
	size_t n = base == name ? 0 : (size_t)(base - name - 1);

	if (t->parent && strlen(t->parent) == n && memcmp(t->parent, name, n) == 0)
		return t->parent_fd;
	auto_free char *up = mem_copy(name, n);
	int fd = open_dir(t, up);
	if (fd < 0) {
		if (make_dirs(t, up, err) < 0)
			return -err->num;
		fd = open_dir(t, up);
	}
	if (fd < 0)
		return err_set(err, fd, "open the directory it is in");
	forget_parent(t);
	t->parent = steal_ptr(&up);
	t->parent_fd = fd;
	return fd;
}

/* ---- signs ------------------------------------------------------------------------------------*/

static int sign_opaque(struct tree *t, const char *name, int parent, struct err *err)
{
	if (last(name) == name) {
		t->is_opaque = true;
		return 0;
	}
	return set_opaque(parent, err);
}

/* A whiteout counts for the layers below only, wherever in the archive it stands: what this layer has
 * of the same name stays, and hides what is below it. */
int tree_sign(struct tree *t, const char *name, struct err *err)
{
	const char *base = last(name), *what = base + strlen(SIGN);
	struct stat st;

	if (str_starts(base, RESERVED) && !str_eq(base, OPAQUE))
		return 0; /* aufs's own */
	if (!*what || str_eq(what, ".") || str_eq(what, ".."))
		return err_say(err, EINVAL, "a whiteout of \"%s\"", what);
	int parent = parent_of(t, name, err);
	if (parent < 0)
		return parent;
	if (str_eq(base, OPAQUE))
		return sign_opaque(t, name, parent, err);
	if (mknodat(parent, what, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent, what, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "make a whiteout");
	if (!S_ISDIR(st.st_mode))
		return 0;
	auto_fd int fd = openat(parent, what, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open a directory") : set_opaque(fd, err);
}

/* ---- entries ----------------------------------------------------------------------------------*/

/* Takes away what is at the place: of two entries of one name the later one counts. */
static int clear_place(struct tree *t, int parent, const char *base, struct err *err)
{
	int r = path_remove_tree(parent, base);

	/* Not the parent itself, but perhaps what the cache knows below it. */
	forget_parent(t);
	return r < 0 ? err_set(err, r, "replace what is there") : 0;
}

static int set_owner_at(const struct tree *t, int parent, const char *base,
			const struct tree_entry *e, struct err *err)
{
	if (t->keeps_ids && fchownat(parent, base, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "give it to %u:%u", e->uid, e->gid);
	return 0;
}

static int keep_time(struct tree *t, const char *name, const struct timespec *mtime)
{
	if (t->n_times == t->room) {
		t->room = t->room ? t->room * 2 : 256;
		t->times = mem_resize(t->times, t->room, sizeof(*t->times));
	}
	if (t->n_times < TIMES_MAX)
		t->times[t->n_times++] = (struct tree_time){name, *mtime};
	return 0;
}

static int make_directory(struct tree *t, const char *name, const struct tree_entry *e,
			  struct err *err)
{
	auto_fd int fd = -1;

	if (!*name) {
		fd = open_dir(t, "");
	} else {
		int parent = parent_of(t, name, err);
		if (parent < 0 || make_dir(t, parent, last(name), 0755, err) < 0)
			return -err->num;
		if ((parent = parent_of(t, name, err)) < 0)
			return parent;
		fd = openat(parent, last(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(err, errno, "open the directory");
	if (t->keeps_ids && fchown(fd, e->uid, e->gid) < 0)
		return err_set(err, errno, "give it to %u:%u", e->uid, e->gid);
	if (fchmod(fd, e->mode & 07777) < 0)
		return err_set(err, errno, "set its mode");
	return keep_time(t, name, &e->mtime);
}

static int make_other(int parent, const char *base, const struct tree_entry *e)
{
	if (S_ISLNK(e->mode))
		return symlinkat(e->target, parent, base);
	return mknodat(parent, base, S_IFIFO | (e->mode & 07777), 0);
}

int tree_make(struct tree *t, const char *name, const struct tree_entry *e, struct err *err)
{
	const struct timespec times[2] = {e->mtime, e->mtime};

	if (S_ISDIR(e->mode))
		return make_directory(t, name, e, err);
	if (!*name)
		return err_say(err, EINVAL, "the layer's root must be a directory");
	if (!S_ISLNK(e->mode) && !S_ISFIFO(e->mode))
		return 0; /* a container's devices are its configuration's affair */
	if (S_ISLNK(e->mode) && (!*e->target || strlen(e->target) > LINK_MAX_BYTES))
		return err_say(err, EINVAL, "a symbolic link without or with too long a target");
	int parent = parent_of(t, name, err);
	if (parent < 0)
		return parent;
	if (make_other(parent, last(name), e) < 0) {
		if (errno != EEXIST)
			return err_set(err, errno, "make it");
		if (clear_place(t, parent, last(name), err) < 0 ||
		    (parent = parent_of(t, name, err)) < 0)
			return -err->num;
		if (make_other(parent, last(name), e) < 0)
			return err_set(err, errno, "make it");
	}
	if (set_owner_at(t, parent, last(name), e, err) < 0)
		return -err->num;
	utimensat(parent, last(name), times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int create(int parent, const char *base, mode_t mode)
{
	return openat(parent, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      mode & 0777);
}

int tree_file(struct tree *t, const char *name, const struct tree_entry *e, struct err *err)
{
	if (!*name)
		return err_say(err, EINVAL, "the layer's root must be a directory");
	int parent = parent_of(t, name, err);
	if (parent < 0)
		return parent;
	auto_fd int fd = create(parent, last(name), e->mode);
	if (fd < 0 && errno == EEXIST) {
		if (clear_place(t, parent, last(name), err) < 0 ||
		    (parent = parent_of(t, name, err)) < 0)
			return -err->num;
		fd = create(parent, last(name), e->mode);
	}
	if (fd < 0)
		return err_set(err, errno, "make the file");
	if (t->keeps_ids && (e->uid || e->gid) && fchown(fd, e->uid, e->gid) < 0)
		return err_set(err, errno, "give it to %u:%u", e->uid, e->gid);
	return steal_fd(&fd);
}

int tree_close(int fd, const struct tree_entry *e, struct err *err)
{
	const struct timespec times[2] = {e->mtime, e->mtime};
	int r = 0;

	/* A change of owner takes the set-id bits away, and so does writing: they come last. */
	if ((e->mode & 07000) && fchmod(fd, e->mode & 07777) < 0)
		r = err_set(err, errno, "set its mode");
	if (r == 0 && futimens(fd, times) < 0 && errno != EINVAL)
		r = err_set(err, errno, "set its time");
	if (close(fd) < 0 && r == 0)
		r = err_set(err, errno, "close the file");
	return r;
}

int tree_link(struct tree *t, const char *name, const char *target, struct err *err)
{
	const char *from = "", *base;
	struct stat st;

	int r = tree_name(t, target, &from, err);
	if (r < 0)
		return err_wrap(err, "hard link");
	if (!*from || !*name || str_eq(from, name))
		return err_say(err, EINVAL, "a hard link to itself or to the root");
	base = last(from);
	auto_free char *up = mem_copy(from, base == from ? 0 : (size_t)(base - from - 1));
	auto_fd int dir = open_dir(t, up);
	if (dir < 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_say(err, ENOENT,
			       "a hard link to \"%.100s\", which the layer does not have", from);
	if (S_ISDIR(st.st_mode) || is_whiteout(&st))
		return err_say(err, EINVAL, "a hard link to a directory or to something deleted");
	int parent = parent_of(t, name, err);
	if (parent < 0)
		return parent;
	if (linkat(dir, base, parent, last(name), 0) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(err, errno, "make the hard link");
	if (clear_place(t, parent, last(name), err) < 0 || (parent = parent_of(t, name, err)) < 0)
		return -err->num;
	return linkat(dir, base, parent, last(name), 0) < 0
		       ? err_set(err, errno, "make the hard link")
		       : 0;
}

/* Overlay's own would make it believe things; trusted ones and labels are the host's. */
static bool may_have(const char *key)
{
	return str_eq(key, "security.capability") ||
	       (str_starts(key, "user.") && !str_starts(key, "user.overlay."));
}

int tree_xattr(struct tree *t, const char *name, const char *key, const void *value, size_t n,
	       struct err *err)
{
	if (!may_have(key))
		return 0;
	int parent = *name ? parent_of(t, name, err) : t->root;
	if (parent < 0)
		return parent;
	auto_fd int fd = openat(parent, *name ? last(name) : ".",
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return 0; /* a symbolic link has none */
	if (fd < 0)
		return err_set(err, errno, "open it for its attributes");
	if (fsetxattr(fd, key, value, n, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
		return err_set(err, errno, "set %.60s", key);
	return 0;
}

/* From the last to the first: making something in a directory changes its time. */
int tree_end(struct tree *t, struct err *err)
{
	(void)err;
	forget_parent(t);
	for (size_t i = t->n_times; i-- > 0;) {
		const struct timespec times[2] = {t->times[i].mtime, t->times[i].mtime};
		auto_fd int fd = open_dir(t, t->times[i].name);
		if (fd >= 0)
			futimens(fd, times);
	}
	return 0;
}
