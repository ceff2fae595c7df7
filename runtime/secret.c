/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/ledger.h"
#include "runtime/secret.h"

enum { MODE_DEFAULT = 0444, MODE_MAX = 0777, NAME_LEN_MAX = 200 };

const char *secrets_dir(const char *root, struct arena *mem)
{
	return arena_printf(mem, "%s/secrets", ledger_state_dir(root, mem));
}

int secret_check_name(const char *name, struct err *err)
{
	if (path_id_ok(name) && strlen(name) <= NAME_LEN_MAX)
		return 0;
	return err_say(err, EINVAL,
		       "\"%.60s\" is no secret's name: letters, digits, '_', '.' and '-'", name);
}

/* ---- --secret ---------------------------------------------------------------------------------*/

/* What one text says, key by key. */
struct wish {
	const char *id, *source, *type, *target, *uid, *gid, *mode;
};

static int wish_key(struct wish *w, const char *word, bool is_first, struct arena *mem,
		    struct err *err)
{
	const char *equals = strchr(word, '=');
	const struct {
		const char *key;
		const char **at;
	} rows[] = {
		{"id", &w->id},      {"source", &w->source},
		{"src", &w->source}, {"type", &w->type},
		{"uid", &w->uid},    {"gid", &w->gid},
		{"mode", &w->mode},  {"target", &w->target},
		{"dst", &w->target}, {"destination", &w->target},
	};

	if (!equals && is_first) {
		w->source = word;
		return 0;
	}
	const char *key = equals ? arena_copy(mem, word, (size_t)(equals - word)) : word;
	for (size_t i = 0; equals && i < sizeof(rows) / sizeof(*rows); i++)
		if (str_eq(key, rows[i].key)) {
			*rows[i].at = equals + 1;
			return 0;
		}
	err_say(err, equals && str_eq(key, "env") ? ENOTSUP : EINVAL, "unknown key \"%.40s\"", key);
	if (equals && str_eq(key, "env"))
		err_hint(err, "a variable of ctr's is not there at the next start: "
			      "ctr secret create --env NAME VARIABLE");
	return -err->num;
}

static int read_number(const char *what, const char *text, int base, uint64_t max, uint32_t *ret,
		       struct err *err)
{
	uint64_t n;

	if (!text)
		return 0;
	if (num_max(text, base, max, &n) < 0)
		return err_say(err, EINVAL, "%s: expected %s number, got \"%.20s\"", what,
			       base == 8 ? "an octal" : "a", text);
	*ret = (uint32_t)n;
	return 0;
}

/* With id= the source is a path, else a name of the store's. */
static int find_source(const struct wish *w, struct arena *mem, struct state_secret *s,
		       struct err *err)
{
	char dir[PATH_MAX];

	s->name = w->id ? w->id : w->source;
	if (!s->name) {
		err_say(err, EINVAL, "it names none: NAME, or id=NAME,src=PATH");
		return -EINVAL;
	}
	int r = secret_check_name(s->name, err);
	if (r < 0) {
		err_hint(err, "a file is id=NAME,src=PATH");
		return r;
	}
	if (!w->id || !w->source) {
		s->stored = s->name;
		return 0;
	}
	if (!getcwd(dir, sizeof(dir)))
		return err_set(err, errno, "find the working directory");
	s->source = path_from(mem, dir, w->source);
	return 0;
}

/* A name is one of SECRETS_DIR; so is a path that leads there. */
static int find_target(const struct wish *w, struct arena *mem, struct state_secret *s,
		       struct err *err)
{
	static const char dir[] = SECRETS_DIR "/";
	const char *target = w->target;

	if (!target)
		return 0;
	if (*target == '/') {
		target = path_clean(mem, target);
		if (!str_starts(target, dir)) {
			s->target = target;
			return str_eq(target, "/") || str_eq(target, SECRETS_DIR)
				       ? err_say(err, EINVAL, "target=%.60s is a directory", target)
				       : 0;
		}
		target += strlen(dir);
	}
	s->name = target;
	return secret_check_name(target, err);
}

static int find_variable(const struct wish *w, struct state_secret *s, struct err *err)
{
	s->variable = w->target ? w->target : s->name;
	if (!*s->variable || strchr(s->variable, '='))
		return err_say(err, EINVAL, "\"%.40s\" is no name of a variable", s->variable);
	return w->mode || w->uid || w->gid
		       ? err_say(err, EINVAL, "uid, gid and mode belong to files: type=mount")
		       : 0;
}

static int read_wish(const struct wish *w, struct arena *mem, struct state_secret *ret,
		     struct err *err)
{
	struct state_secret s = {.mode = MODE_DEFAULT};
	bool is_variable = w->type && str_eq(w->type, "env");

	if (w->type && !is_variable && !str_eq(w->type, "mount") && !str_eq(w->type, "file"))
		return err_say(err, EINVAL, "type=%.20s: expected mount or env", w->type);
	int r = find_source(w, mem, &s, err);
	if (r == 0)
		r = is_variable ? find_variable(w, &s, err) : find_target(w, mem, &s, err);
	if (r < 0 || (r = read_number("uid", w->uid, 10, UINT32_MAX - 1, &s.uid, err)) < 0 ||
	    (r = read_number("gid", w->gid, 10, UINT32_MAX - 1, &s.gid, err)) < 0 ||
	    (r = read_number("mode", w->mode, 8, MODE_MAX, &s.mode, err)) < 0)
		return r;
	s.has_mode = s.has_uid = s.has_gid = !is_variable;
	*ret = s;
	return 0;
}

static int read_text(const char *text, struct arena *mem, struct state_secret *ret, struct err *err)
{
	struct wish w = {0};
	bool is_first = true;

	for (char *save = NULL, *word = strtok_r(arena_str(mem, text), ",", &save); word;
	     word = strtok_r(NULL, ",", &save), is_first = false)
		if (wish_key(&w, word, is_first, mem, err) < 0)
			return -err->num;
	return read_wish(&w, mem, ret, err);
}

int secrets_parse(const struct words *texts, struct arena *mem, struct state_options *ret,
		  bool *ret_files, struct err *err)
{
	struct state_secret *list = arena_zalloc(mem, texts->n, sizeof(*list));
	bool files = false;

	for (size_t i = 0; i < texts->n; i++) {
		if (read_text(texts->v[i], mem, &list[i], err) < 0)
			return err_wrap(err, "--secret");
		for (size_t k = 0; k < i && !list[i].variable; k++)
			if (!list[k].variable && str_eq(list[k].name, list[i].name))
				return err_say(err, EINVAL,
					       "--secret: two of them are the file %s/%.100s",
					       SECRETS_DIR, list[i].name);
		files |= !list[i].variable;
	}
	ret->secrets = list;
	ret->n_secrets = texts->n;
	*ret_files = files;
	return 0;
}

/* ---- values -----------------------------------------------------------------------------------*/

static int read_value(const struct state_secret *from, const char *root, struct str *text,
		      struct arena *mem, struct err *err)
{
	const char *path = from->source ? from->source
					: arena_printf(mem, "%s/%s", secrets_dir(root, mem),
						       from->stored ? from->stored : "");
	int r = fd_read_file(AT_FDCWD, path, SECRET_MAX, text);

	if (r == -EFBIG)
		return err_say(err, EFBIG, "the secret %s is larger than %d bytes", from->name,
			       SECRET_MAX);
	if (r == -ENOENT && !from->source) {
		err_say(err, ENOENT, "there is no secret \"%s\"", from->stored);
		err_hint(err, "ctr secret ls lists those there are, ctr secret create makes one");
		return -ENOENT;
	}
	if (r < 0)
		return err_set(err, r, "the secret %s: read %s", from->name, path);
	str_add(text, ""); /* an empty one is a text, too */
	if (from->variable && strlen(text->p) != text->len)
		return err_say(err, EINVAL, "the secret %s holds a zero byte: no variable does",
			       from->name);
	return 0;
}

/* Nothing of it stays in memory that somebody else gets. */
static void wipe(struct str *text)
{
	if (text->p)
		explicit_bzero(text->p, text->cap);
	str_clear(text);
}

static struct secret keep_value(const struct state_secret *from, const struct str *text,
				struct arena *mem)
{
	struct secret s = {
		.name = from->name,
		.target = from->target,
		.variable = from->variable,
		.data = from->variable ? arena_printf(mem, "%s=%s", from->variable, text->p)
				       : arena_copy(mem, text->p, text->len),
		.mode = from->mode,
		.uid = from->uid,
		.gid = from->gid,
	};

	s.size = from->variable ? strlen(s.data) : text->len;
	return s;
}

static int add_value(const struct state_secret *from, const char *root, struct secret_values *v,
		     struct err *err)
{
	auto_(str) struct str text = {0};
	int r = read_value(from, root, &text, &v->mem, err);

	if (r == 0)
		v->all.list[v->all.n++] = keep_value(from, &text, &v->mem);
	wipe(&text);
	return r;
}

int secrets_read(const struct state_options *o, const char *root, enum secrets_which which,
		 struct secret_values *ret, struct err *err)
{
	auto_(secret_values) struct secret_values v = {0};
	size_t n = o ? o->n_secrets : 0, total = 0;

	v.all.list = arena_zalloc(&v.mem, n, sizeof(*v.all.list));
	for (size_t i = 0; i < n; i++) {
		if (which == SECRETS_VARIABLES && !o->secrets[i].variable)
			continue;
		int r = add_value(&o->secrets[i], root, &v, err);
		if (r < 0)
			return r;
		total += v.all.list[v.all.n - 1].size;
		if (total > SECRETS_MAX)
			return err_say(err, E2BIG, "the secrets are larger than %d bytes together",
				       SECRETS_MAX);
	}
	*ret = v;
	v = (struct secret_values){0};
	return 0;
}

void secret_values_clear(struct secret_values *v)
{
	for (size_t i = 0; i < v->all.n; i++)
		explicit_bzero((char *)(uintptr_t)v->all.list[i].data, v->all.list[i].size);
	arena_clear(&v->mem);
	*v = (struct secret_values){0};
}

const struct config_process *secrets_environment(const struct config_process *process,
						 struct secret_values *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->all.n; i++)
		n += v->all.list[i].variable != NULL;
	if (!n)
		return process;
	struct config_process *p = arena_zalloc(&v->mem, 1, sizeof(*p));
	const char **env = arena_zalloc(&v->mem, process->n_env + n, sizeof(*env));
	*p = *process;
	p->env = env;
	p->n_env = 0;
	/* The last of equal names wins: not the image's. */
	for (size_t i = 0; i < process->n_env; i++)
		env[p->n_env++] = process->env[i];
	for (size_t i = 0; i < v->all.n; i++)
		if (v->all.list[i].variable)
			env[p->n_env++] = v->all.list[i].data;
	return p;
}
