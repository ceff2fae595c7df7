/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/diff.h"
#include "image/pack.h"
#include "runtime/base/path.h"
#include "runtime/base/words.h"
#include "runtime/disk.h"
#include "runtime/overlay.h"

struct diff {
	const struct container_root *root;
	int below; /* the image's root */
	struct diff_line *lines;
	size_t n, room;
	struct arena *mem;
};

bool diff_is_place(const void *config, const struct walk_entry *e)
{
	auto_(arena) struct arena mem = {0};
	const struct config *c = config;
	const char *full = arena_printf(&mem, "/%s", e->path);
	struct words names = {0};

	for (size_t i = 0; i < c->n_mounts; i++) {
		if (!str_eq(path_clean(&mem, c->mounts[i].destination), full))
			continue;
		if (S_ISDIR(e->st.st_mode))
			return walk_names(e->fd, &names, &mem) == 0 && !names.n;
		return S_ISREG(e->st.st_mode) && !e->st.st_size;
	}
	return false;
}

static void add(struct diff *d, enum diff_kind kind, const char *path)
{
	if (d->n == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		d->lines = mem_resize(d->lines, d->room, sizeof(*d->lines));
	}
	d->lines[d->n++] = (struct diff_line){kind, arena_printf(d->mem, "/%s", path)};
}

/* What the image has at a path of the layer's. Links on the way would be the layer's own affair: it
 * would not have the path as one of its own. */
static int open_below(const struct diff *d, const char *path, int flags)
{
	return path_open_in(d->below, path, flags | O_NOFOLLOW);
}

/* All of the image's that an opaque directory does not have itself. */
static int add_hidden(struct diff *d, const struct walk_entry *e, int below, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words names = {0};
	struct stat st;
	int r = walk_names(below, &names, &mem);

	if (r < 0)
		return err_set(err, r, "read the image's %s", e->path);
	for (size_t i = 0; i < names.n; i++)
		if (fstatat(e->fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			add(d, DIFF_DELETED, arena_printf(&mem, "%s/%s", e->path, names.v[i]));
	return 0;
}

static int enter(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct diff *d = ctx;

	if (!*e->path)
		return 0;
	if (pack_is_whiteout(&e->st)) {
		add(d, DIFF_DELETED, e->path);
		return 0;
	}
	auto_fd int below = open_below(d, e->path, O_PATH);
	if (diff_is_place(d->root->config, e))
		return 1;
	add(d, below < 0 ? DIFF_ADDED : DIFF_CHANGED, e->path);
	if (below < 0 || !S_ISDIR(e->st.st_mode) || !pack_is_opaque(e->fd))
		return 0;
	auto_fd int dir = openat(below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? 0 : add_hidden(d, e, dir, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct diff_line *)a)->path, ((const struct diff_line *)b)->path);
}

int diff_open(const struct container_root *root, struct rootfs_overlay *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	if (!container_overlay(&root->container, ret)) {
		err_say(err, ENOTSUP,
			"it has no writable layer on disk, above an image of the store");
		err_hint(err, "ctr export writes all that is in it");
		return -ENOTSUP;
	}
	/* While it runs it is mounted in there only. */
	if (root->is_running && disk_attach(ret, err) < 0)
		return -err->num;
	const char *upper = arena_printf(&mem, "%s/%s/upper", ret->dir, ret->upper);
	int fd = open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open %s", upper) : fd;
}

int diff_container(const struct container_root *root, struct arena *mem, struct diff_line **ret,
		   size_t *ret_n, struct err *err)
{
	struct diff d = {.root = root, .below = -1, .mem = mem};
	const struct walk w = {.enter = enter, .ctx = &d};
	struct rootfs_overlay overlay;
	auto_fd int upper = diff_open(root, &overlay, err);

	if (upper < 0)
		return upper;
	auto_fd int below = overlay_open(&overlay, false, err);
	if (below < 0)
		return below;
	d.below = below;
	int r = walk_tree(upper, ".", &w, err);
	if (r == 0 && d.n) {
		qsort(d.lines, d.n, sizeof(*d.lines), by_path);
		*ret = arena_zalloc(mem, d.n, sizeof(*d.lines));
		memcpy(*ret, d.lines, d.n * sizeof(*d.lines));
	}
	*ret_n = d.n;
	free(d.lines);
	return r;
}
