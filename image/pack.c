/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/pack.h"
#include "runtime/base/log.h"
#include "runtime/base/mem.h"

bool pack_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool pack_is_opaque(int dir)
{
	char value;

	return fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* The name in the tar of what is at `path` of the tree. */
static const char *name_of(const struct pack *p, const char *path, bool is_dir, struct arena *mem)
{
	const char *slash = is_dir ? "/" : "";

	if (!p->as)
		return arena_printf(mem, "%s%s", path, slash);
	return arena_printf(mem, "%s%s%s%s", p->as, *path ? "/" : "", path, slash);
}

static int add_xattr(void *ctx, const char *key, const void *value, size_t n, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	(void)err;
	tarball_record(ctx, arena_printf(&mem, "SCHILY.xattr.%s", key), value, n);
	return 0;
}

static int put_thing(const struct pack *p, const struct walk_entry *e, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str records = {0};
	bool is_dir = S_ISDIR(e->st.st_mode), is_file = S_ISREG(e->st.st_mode), is_short = false;
	struct stat st = e->st;
	const struct tarball_thing thing = {
		.name = name_of(p, e->path, is_dir, &mem),
		.st = &st,
		.target = e->linked ? name_of(p, e->linked, false, &mem) : e->target,
		.is_again = e->linked != NULL,
		.records = &records,
	};

	if (e->is_mount)
		st.st_size = 0;
	if ((is_dir || is_file) && !e->is_mount && !e->linked &&
	    walk_xattrs(e->fd, add_xattr, &records, err) < 0)
		return -err->num;
	int r = tarball_thing(p->to, &thing, err);
	if (r < 0 || !is_file || e->linked || !st.st_size)
		return r;
	r = tarball_bytes(p->to, e->fd, (uint64_t)st.st_size, &is_short, err);
	if (is_short)
		log_warning("%s: it became shorter meanwhile; zeros stand for the rest", e->path);
	return r;
}

static int put_sign(const struct pack *p, const char *name, struct err *err)
{
	const struct stat st = {.st_mode = S_IFREG | 0600};
	const struct tarball_thing thing = {.name = name, .st = &st};

	return tarball_thing(p->to, &thing, err);
}

/* "etc/.wh.passwd": etc/passwd is gone. "etc/.wh..wh..opq": nothing of etc is there that is not in
 * this layer (image specification, layer.md, "Whiteouts"). */
static int put_layer_thing(const struct pack *p, const struct walk_entry *e, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *slash = strrchr(e->path, '/'), *base = slash ? slash + 1 : e->path;

	if (pack_is_whiteout(&e->st))
		return put_sign(
			p, arena_printf(&mem, "%.*s.wh.%s", (int)(base - e->path), e->path, base),
			err);
	if (str_starts(base, ".wh.")) {
		log_warning("%s: layers can't hold files of such a name", e->path);
		return 0;
	}
	int r = put_thing(p, e, err);
	if (r < 0 || !S_ISDIR(e->st.st_mode) || !pack_is_opaque(e->fd))
		return r;
	return put_sign(p, arena_printf(&mem, "%s/.wh..wh..opq", e->path), err);
}

static int enter(void *ctx, const struct walk_entry *e, struct err *err)
{
	const struct pack *p = ctx;

	if (!*e->path && !p->as)
		return 0;
	if (p->skips && p->skips(p->arg, e))
		return 1;
	int r = p->is_layer ? put_layer_thing(p, e, err) : put_thing(p, e, err);
	return r < 0 ? err_wrap(err, "%s", e->path) : 0;
}

int pack_tree(int dir, const char *name, const struct pack *p, struct err *err)
{
	struct pack own = *p;
	const struct walk w = {.enter = enter, .ctx = &own, .owner = &own.owner, .stays = p->stays};

	return walk_tree(dir, name, &w, err);
}
