/* SPDX-License-Identifier: Apache-2.0 */
/* quadlet: the units that files of podman-systemd.unit(5) stand for; also what systemd runs when it reads its
 * units, as ctr-system-generator and ctr-user-generator. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/command.h"
#include "cmd/out.h"
#include "cmd/quadlet.h"
#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/base/self.h"
#include "runtime/base/words.h"

enum { FILE_MAX = 1 << 20 };

/* clang-format off */
struct quadlet_opts { const char *output; bool user; };
static const struct arg quadlet_args[] = {
	{"output", 'o', ARG_TEXT, offsetof(struct quadlet_opts, output), "DIR", "write the units, and links to them, there (print them)"},
	{"user", 0, ARG_FLAG, offsetof(struct quadlet_opts, user), NULL, "for a user's own systemd"},
	ARGS_END};
/* clang-format on */

struct making {
	const struct quadlet_opts *o;
	struct arena *mem;
	const char *self;
	int dir; /* of the units; -1: they are printed */
	struct words seen;
	unsigned n_bad;
};

/* ---- where the files are ----------------------------------------------------------------------*/

static void add_dir(struct words *dirs, const char *dir, struct arena *mem)
{
	if (*dir == '/')
		words_add(dirs, dir, mem);
}

/* Podman's directories are podman's where it makes units of them itself. */
static bool is_podmans(bool is_user)
{
	return access(is_user ? "/usr/lib/systemd/user-generators/podman-user-generator"
			      : "/usr/lib/systemd/system-generators/podman-system-generator",
		      F_OK) == 0;
}

static void default_dirs(const struct making *m, struct words *dirs)
{
	const char *given = getenv("QUADLET_UNIT_DIRS"), *home = getenv("HOME"),
		   *config = getenv("XDG_CONFIG_HOME");
	static const char *const names[] = {"ctr", "containers"};

	if (given && *given) {
		for (; *given; given += given[strcspn(given, ":")] == ':') {
			size_t n = strcspn(given, ":");
			add_dir(dirs, arena_copy(m->mem, given, n), m->mem);
			given += n;
		}
		return;
	}
	if (!config || *config != '/')
		config = arena_printf(m->mem, "%s/.config", home ? home : "");
	for (size_t i = 0; i < 2 && !(i && is_podmans(m->o->user)); i++) {
		if (m->o->user)
			add_dir(dirs, arena_printf(m->mem, "%s/%s/systemd", config, names[i]),
				m->mem);
		add_dir(dirs,
			arena_printf(m->mem, "/etc/%s/systemd%s", names[i],
				     m->o->user ? "/users" : ""),
			m->mem);
	}
}

/* ---- one file ---------------------------------------------------------------------------------*/

static int print_unit(const char *name, const struct str *unit, struct err *err)
{
	auto_(str) struct str text = {0};

	str_addf(&text, "---%s---\n%s\n", name, unit->p);
	return out_text(&text, err);
}

static int write_unit(const struct making *m, const char *name, const struct str *unit,
		      const struct words *wanted, struct err *err)
{
	int r = fd_replace(m->dir, name, unit->p, unit->len, 0644);

	if (r < 0)
		return err_set(err, r, "write %s", name);
	for (size_t i = 0; i < wanted->n; i++) {
		const char *link = arena_printf(m->mem, "%s/%s", wanted->v[i], name);
		if (mkdirat(m->dir, wanted->v[i], 0755) < 0 && errno != EEXIST)
			return err_set(err, errno, "make %s", wanted->v[i]);
		if (symlinkat(arena_printf(m->mem, "../%s", name), m->dir, link) < 0 &&
		    errno != EEXIST)
			return err_set(err, errno, "make %s", link);
	}
	return 0;
}

static int do_file(struct making *m, const char *path, const char *name, struct err *err)
{
	auto_(str) struct str text = {0}, unit = {0};
	struct words wanted = {0};
	const char *more = arena_printf(m->mem, "%s.d", path);
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", path);
	if (text.len != strlen(text.p ? text.p : ""))
		return err_say(err, EINVAL, "%s: a NUL byte", path);
	if (access(more, F_OK) == 0) {
		err_say(err, ENOTSUP, "%s: pieces of such a file are not read", more);
		err_hint(err, "write them into the file; those of the unit (%.100s.d) work", name);
		return -ENOTSUP;
	}
	const struct quadlet q = {m->self, path, text.p ? text.p : "", m->o->user};
	if ((r = quadlet_unit(&q, m->mem, &unit, &wanted, err)) < 0)
		return r;
	return m->dir < 0 ? print_unit(name, &unit, err) : write_unit(m, name, &unit, &wanted, err);
}

/* One that is wrong does not keep the others from being made. */
static void take_file(struct making *m, const char *path)
{
	static const char *const others[] = {".kube", ".pod", ".image", ".build", ".artifact"};
	const char *name = quadlet_unit_name(path, m->mem);
	char text[600];
	struct err err = {0};

	for (size_t i = 0; !name && i < sizeof(others) / sizeof(*others); i++)
		if (str_ends(path, others[i]))
			err_say(&err, ENOTSUP,
				"%s: ctr makes units of .container, .volume and "
				".network files only",
				path);
	for (size_t i = 0; name && i < m->seen.n; i++)
		if (str_eq(m->seen.v[i], name))
			return;
	if (name) {
		words_add(&m->seen, name, m->mem);
		do_file(m, path, name, &err);
	}
	if (!err.num)
		return;
	m->n_bad++;
	log_warning("%s%s%s", err_text(&err, text, sizeof(text)), *err.hint ? "; " : "", err.hint);
}

static int is_shown(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void take_dir(struct making *m, const char *dir)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_shown, alphasort);

	for (int i = 0; i < n; i++) {
		take_file(m, arena_printf(m->mem, "%s/%s", dir, list[i]->d_name));
		free(list[i]);
	}
	free(list);
}

/* ---- all of them ------------------------------------------------------------------------------*/

static int take_word(struct making *m, const char *word, struct err *err)
{
	const char *path = NULL;
	struct stat st;
	int r = absolute_path(word, m->mem, &path, err);

	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_set(err, errno, "open %s", word);
	if (S_ISDIR(st.st_mode))
		take_dir(m, path);
	else if (quadlet_unit_name(path, m->mem))
		take_file(m, path);
	else
		return err_say(err, EINVAL, "%s is no .container, .volume or .network file", word);
	return 0;
}

static int do_quadlet(struct call *call, struct err *err)
{
	const struct quadlet_opts *o = call->opts;
	struct making m = {.o = o, .mem = call->mem, .dir = -1};
	struct words dirs = {0};
	char self[PATH_MAX];
	auto_fd int dir = -1;
	int r = self_path(self, sizeof(self), err);

	if (r < 0)
		return r;
	m.self = self;
	if (o->output) {
		dir = open(o->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return err_set(err, errno, "open %s", o->output);
		m.dir = dir;
	}
	for (size_t i = 0; r == 0 && i < call->n_words; i++)
		r = take_word(&m, call->words[i], err);
	if (!call->n_words)
		default_dirs(&m, &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		take_dir(&m, dirs.v[i]);
	if (r == 0 && m.n_bad)
		return err_say(err, EINVAL, "no unit was made of %u of the files", m.n_bad);
	return r;
}

const struct command cmd_quadlet = {
	.name = "quadlet",
	.usage = "[flags] [FILE|DIR...]",
	.about = "print systemd units for .container, .volume and .network files",
	.examples = "ctr quadlet web.container     # what systemd will make of it\n"
		    "ctr quadlet --output /run/systemd/system /srv/units\n",
	.args = {quadlet_args, false},
	.opts_size = sizeof(struct quadlet_opts),
	.flags = CMD_ENGINE,
	.max_words = ANY_WORDS,
	.run = do_quadlet,
};
