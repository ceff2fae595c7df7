/* SPDX-License-Identifier: Apache-2.0 */
/* cp: files between containers and the host, or a tar. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/far.h"
#include "image/pack.h"
#include "image/unpacker.h"
#include "runtime/base/path.h"
#include "runtime/copy.h"
#include "runtime/place.h"
#include "runtime/root.h"

/* clang-format off */
struct cp_opts { bool archive, follow; };
static const struct arg cp_args[] = {
	{"archive", 'a', ARG_FLAG, offsetof(struct cp_opts, archive), NULL, "keep owners, set-id bits and capabilities"},
	{"follow-link", 'L', ARG_FLAG, offsetof(struct cp_opts, follow), NULL, "copy what the link SOURCE leads to"},
	{"quiet", 'q', ARG_NO_FLAG, 0, NULL, NULL},
	ARGS_END};
/* clang-format on */

/* One of both ends. */
struct side {
	const char *text, *id, *path; /* id NULL: the host's; path "-": a tar */
	struct container_root root;
	struct place place;
};

static void side_clear(struct side *s)
{
	place_clear(&s->place);
	container_root_clear(&s->root);
}

#define SIDE_NONE                                                                                  \
	{                                                                                          \
		.root = CONTAINER_ROOT_NONE, .place = PLACE_NONE                                   \
	}

/* ID:PATH; a path with a colon in it begins with "/" or ".". */
static void split(struct side *s, const char *text, struct arena *mem)
{
	const char *colon = strchr(text, ':');

	s->text = s->path = text;
	if (!colon || colon == text || *text == '/' || *text == '.')
		return;
	s->id = arena_copy(mem, text, (size_t)(colon - text));
	s->path = colon + 1;
}

static bool is_tar(const struct side *s)
{
	return !s->id && str_eq(s->path, "-");
}

static int open_side(struct call *call, struct side *s, bool follows, struct err *err)
{
	if (is_tar(s))
		return 0;
	if (s->id && container_root_open(call->g->root, s->id, &s->root, err) < 0)
		return err_wrap(err, "%s", s->id);
	int r = place_find(s->id ? s->root.fd : AT_FDCWD, s->path, follows, call->mem, &s->place,
			   err);
	if (r == 0 && s->id)
		r = container_root_check(&s->root, s->place.dir, err);
	return r < 0 && s->id ? err_wrap(err, "%s", s->id) : r;
}

/* Files of the caller's become those of the container's root, and the other way round. */
static struct owner new_owner(const struct cp_opts *o, const struct side *from,
			      const struct side *to)
{
	if (o->archive)
		return to->id ? to->root.into : from->root.out_of;
	if (to->id)
		return to->root.own;
	return (struct owner){.kind = OWNER_ONE, .uid = geteuid(), .gid = getegid()};
}

/* ---- between directories ----------------------------------------------------------------------*/

/* What its name will be at the other end, as docker cp has it; NULL: its inside goes into what is
 * there. */
static int choose_name(const struct side *from, const struct side *to, const char **ret,
		       struct err *err)
{
	const struct place *f = &from->place, *t = &to->place;

	if (!f->is_there)
		return err_set(err, ENOENT, "%.200s", from->text);
	if (!t->is_there && (t->wants_inside || (t->wants_dir && !f->is_dir)))
		return err_set(err, ENOENT, "%.200s", to->text);
	if (t->is_there && f->is_dir && !t->is_dir)
		return err_say(err, ENOTDIR, "%.200s is a file, which a directory can't replace",
			       to->text);
	*ret = !t->is_dir ? t->name : f->wants_inside ? NULL : f->base;
	return 0;
}

static int check_within(const struct side *from, const struct side *to, struct arena *mem,
			struct err *err)
{
	const char *a = path_join(mem, "/", from->path), *b = path_join(mem, "/", to->path);

	if (from->id && to->id && str_eq(from->id, to->id) && path_below(b, a))
		return err_say(err, EINVAL, "%.200s can't be copied into itself", from->text);
	return 0;
}

static int copy(const struct cp_opts *o, const struct side *from, const struct side *to,
		struct err *err)
{
	const char *name = NULL;
	int r = choose_name(from, to, &name, err);

	if (r < 0)
		return r;
	if (to->id && to->root.is_readonly)
		return err_say(err, EROFS, "%s: its root is read-only", to->id);
	auto_fd int into = to->place.is_dir ? openat(to->place.dir, to->place.name,
						     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
					    : fcntl(to->place.dir, F_DUPFD_CLOEXEC, 0);
	if (into < 0)
		return err_set(err, errno, "%.200s", to->text);
	if (to->id && container_root_check(&to->root, into, err) < 0)
		return err_wrap(err, "%s", to->id);
	const struct copy c = {
		.from = from->place.dir,
		.name = from->place.name,
		.to = into,
		.as = name,
		.owner = new_owner(o, from, to),
		.keeps_rights = o->archive || !from->id,
		.skips_devices = !o->archive && !to->id,
	};
	if (to->id && container_root_become(&to->root, err) < 0)
		return -err->num;
	r = copy_tree(&c, err);
	return r < 0 ? err_wrap(err, "copy %s to %s", from->text, to->text) : 0;
}

/* ---- a tar ------------------------------------------------------------------------------------*/

static int copy_to_tar(const struct side *from, struct err *err)
{
	struct tarball tar = tarball_on(STDOUT_FILENO);
	const struct place *p = &from->place;
	const struct pack pack = {
		.to = &tar,
		.as = p->wants_inside ? "." : p->base,
		.owner = from->root.out_of,
	};

	if (!from->id)
		return err_say(err, EINVAL, "one of both must be in a container: ID:PATH");
	if (!p->is_there)
		return err_set(err, ENOENT, "%.200s", from->text);
	if (isatty(STDOUT_FILENO))
		return err_say(err, EINVAL, "standard output is a terminal");
	int r = pack_tree(p->dir, p->name, &pack, err);
	return r < 0 ? err_wrap(err, "copy %s", from->text) : tarball_end(&tar, err);
}

/* The stream is unpacked in a jail first: then it is a tree like others. */
static int unpack(const struct stage *g, struct err *err)
{
	static const struct unpacker_want want = {.sub = "cp", .from = STDIN_FILENO, .is_plain = 1};
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;

	if (isatty(STDIN_FILENO))
		return err_say(err, EINVAL, "standard input is a terminal");
	int r = unpacker_start(g, &want, &u, err);
	if (r < 0 || unpacker_finish(&u, NULL, NULL, err) < 0)
		return err_wrap(err, "standard input");
	r = openat(g->fd, "cp/tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? err_set(err, errno, "open what was unpacked") : r;
}

/* A tar says whose its files are; unpacked without privilege they are all the caller's. */
static int copy_from_tar(struct call *call, struct side *from, const struct side *to,
			 struct err *err)
{
	const struct cp_opts keep = {.archive = geteuid() == 0};
	auto_(store) struct store s = STORE_NONE;
	auto_(stage) struct stage g = STAGE_NONE;

	if (!to->id || !to->place.is_dir)
		return err_say(err, ENOTDIR,
			       "a tar can only be copied into a directory of a container");
	int r = store_open(call->g->store, true, &s, err);
	if (r < 0 || (r = stage_open(&s, &g, err)) < 0 || (r = unpack(&g, err)) < 0)
		return r;
	from->place = (struct place){
		.dir = r, .name = ".", .is_there = true, .is_dir = true, .wants_inside = true};
	return copy(&keep, from, to, err);
}

static int do_cp(struct call *call, struct err *err)
{
	const struct cp_opts *o = call->opts;
	auto_(side) struct side from = SIDE_NONE, to = SIDE_NONE;

	split(&from, call->words[0], call->mem);
	split(&to, call->words[1], call->mem);
	if (!from.id && !to.id)
		return err_say(err, EINVAL, "one of both must be in a container: ID:PATH");
	int r = open_side(call, &from, o->follow, err);
	if (r == 0 && is_tar(&to))
		return copy_to_tar(&from, err);
	if (r < 0 || (r = check_within(&from, &to, call->mem, err)) < 0 ||
	    (r = open_side(call, &to, true, err)) < 0)
		return r;
	return is_tar(&from) ? copy_from_tar(call, &from, &to, err) : copy(o, &from, &to, err);
}

const struct command cmd_cp = {
	FAR_CP,
	.examples = "ctr cp web:/var/log/nginx logs\n"
		    "ctr cp index.html web:/usr/share/nginx/html/\n"
		    "ctr cp web:/etc - | tar tv\n"
		    "tar c site | ctr cp - web:/srv\n",
	.args = {cp_args, false},
	.opts_size = sizeof(struct cp_opts),
	.flags = CMD_ENGINE,
	.min_words = 2,
	.max_words = 2,
	.run = do_cp,
};
