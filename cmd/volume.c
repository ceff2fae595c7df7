/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "cmd/out.h"
#include "cmd/template.h"
#include "cmd/verbs.h"
#include "cmd/volume.h"
#include "image/usage.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/config/config.h"
#include "runtime/ledger.h"
#include "runtime/load.h"

const char *volumes_dir(const char *root, struct arena *mem)
{
	return arena_printf(mem, "%s/volumes", ledger_state_dir(root, mem));
}

static int open_volumes(const char *root, int lock, struct arena *mem, struct err *err)
{
	const char *path = volumes_dir(root, mem);
	auto_fd int fd = path_make_dir(path, 0701);

	if (fd < 0)
		return err_set(err, fd, "make %s", path);
	while (flock(fd, lock) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "lock %s", path);
	return steal_fd(&fd);
}

/* All of them: how many. They stay as they are while *dir is open. */
static int all_volumes(const struct call *call, int lock, int *dir, const char ***names,
		       struct err *err)
{
	*dir = open_volumes(call->g->root, lock, call->mem, err);
	return *dir < 0 ? *dir
			: container_ids(volumes_dir(call->g->root, call->mem), call->mem, names,
					err);
}

static int check_name(const char *name, struct err *err)
{
	if (path_id_ok(name) && strlen(name) < 200)
		return 0;
	return err_say(err, EINVAL,
		       "\"%.60s\" is no volume's name: letters, digits, '_', '.' and '-'", name);
}

/* What is there already stays. Half a one, left by a crash, becomes whole. */
static int make(int volumes, const char *name, bool is_anonymous, struct err *err)
{
	if (mkdirat(volumes, name, 0701) < 0 && errno != EEXIST)
		return err_set(err, errno, "make the volume %s", name);
	auto_fd int dir = openat(volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = dir < 0 ? -errno : is_anonymous ? fd_replace(dir, "anonymous", "", 0, 0600) : 0;
	if (r == 0 && mkdirat(dir, "_data", 0755) < 0 && errno != EEXIST)
		r = -errno;
	return r < 0 ? err_set(err, r, "make the volume %s", name) : 0;
}

/* ---- for run ----------------------------------------------------------------------------------*/

struct preparation {
	const struct call *call;
	int volumes;
	struct words made; /* without a name */
};

/* "NAME:/PATH[:OPTIONS]" and "/PATH" become "/…/_data:/PATH:copy[,OPTIONS]"; the rest stays. */
static int prepare_volume(struct preparation *p, const char *text, const char **ret,
			  struct err *err)
{
	struct arena *mem = p->call->mem;
	const char *colon = strchr(text, ':'), *name = NULL, *rest = text;
	unsigned char b[16];

	*ret = text;
	if (*text == '/' && colon)
		return 0;
	if (*text == '/') {
		auto_(str) struct str hex = {0};
		if (getrandom(b, sizeof(b), 0) != sizeof(b))
			return err_set(err, errno, "get random bytes");
		for (size_t i = 0; i < sizeof(b); i++)
			str_addf(&hex, "%02x", b[i]);
		name = arena_str(mem, hex.p);
		words_add(&p->made, name, mem);
	} else if (colon && colon[1] == '/') {
		name = arena_copy(mem, text, (size_t)(colon - text));
		rest = colon + 1;
	} else {
		return 0; /* compose says what is wrong with it */
	}
	int r = check_name(name, err);
	if (r < 0 || (r = make(p->volumes, name, *text == '/', err)) < 0)
		return r;
	const char *options = strchr(rest, ':');
	*ret = arena_printf(mem, "%s/%s/_data:%.*s:copy%s%s", volumes_dir(p->call->g->root, mem),
			    name, (int)strcspn(rest, ":"), rest, options ? "," : "",
			    options ? options + 1 : "");
	return 0;
}

/* --mount type=volume as what -v would say; NULL: it is of another type. */
static const char *mount_as_volume(const char *text, struct arena *mem)
{
	const char *source = "", *target = "";
	bool is_volume = true, is_readonly = false;
	char *copy = arena_str(mem, text);

	for (char *save = NULL, *w = strtok_r(copy, ",", &save); w;
	     w = strtok_r(NULL, ",", &save)) {
		const char *value = strchr(w, '=') ? strchr(w, '=') + 1 : "";
		if (str_starts(w, "type="))
			is_volume = str_eq(value, "volume");
		else if (str_starts(w, "source=") || str_starts(w, "src="))
			source = value;
		else if (str_starts(w, "target=") || str_starts(w, "destination=") ||
			 str_starts(w, "dst="))
			target = value;
		else if (str_starts(w, "readonly") || str_starts(w, "ro"))
			is_readonly = !*value || str_eq(value, "true") || str_eq(value, "1");
		else
			return NULL; /* compose knows it, or says that it does not */
	}
	if (!is_volume || !*target)
		return NULL;
	return arena_printf(mem, "%s%s%s%s", source, *source ? ":" : "", target,
			    is_readonly && *source ? ":ro" : "");
}

int volumes_prepare(const struct call *call, struct run_flags *flags, struct state_options *ret,
		    struct err *err)
{
	struct preparation p = {.call = call};
	struct words volumes = {0}, mounts = {0}, given = {0};

	for (size_t i = 0; i < flags->mounts.n; i++) {
		const char *volume = mount_as_volume(flags->mounts.v[i], call->mem);
		words_add(volume ? &given : &mounts, volume ? volume : flags->mounts.v[i],
			  call->mem);
	}
	for (size_t i = 0; i < flags->volumes.n; i++)
		words_add(&given, flags->volumes.v[i], call->mem);
	auto_fd int dir = given.n ? open_volumes(call->g->root, LOCK_SH, call->mem, err)
				  : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (dir < 0)
		return given.n ? dir : err_set(err, errno, "open /dev/null");
	p.volumes = dir;
	for (size_t i = 0; i < given.n; i++) {
		const char *text;
		int r = prepare_volume(&p, given.v[i], &text, err);
		ret->volumes = p.made.v;
		ret->n_volumes = p.made.n;
		if (r < 0)
			return r;
		words_add(&volumes, text, call->mem);
	}
	flags->volumes = volumes;
	flags->mounts = mounts;
	return steal_fd(&dir);
}

void volumes_remove(const char *root, const struct state_options *o)
{
	auto_(arena) struct arena mem = {0};
	struct err ignored;

	if (!o->n_volumes)
		return;
	auto_fd int dir = open_volumes(root, LOCK_EX, &mem, &ignored);
	for (size_t i = 0; dir >= 0 && i < o->n_volumes; i++)
		if (path_id_ok(o->volumes[i]))
			path_remove_tree(dir, o->volumes[i]);
}

/* ---- who uses one -----------------------------------------------------------------------------*/

/* The first container that does, or NULL. Its config cannot be read: then it may be. */
static const char *user_of(const struct call *call, const char *name)
{
	const char *path =
		arena_printf(call->mem, "%s/%s", volumes_dir(call->g->root, call->mem), name);
	const char **ids;
	struct err ignored;
	int n = container_ids(call->g->root, call->mem, &ids, &ignored);

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		struct config *cfg = NULL;
		if (container_open(call->g->root, ids[i], false, false, &c, &ignored) < 0)
			continue;
		if (load_config(&c, call->mem, &cfg, &ignored) < 0)
			continue;
		for (size_t k = 0; k < cfg->n_mounts; k++)
			if (cfg->mounts[k].source && path_below(cfg->mounts[k].source, path))
				return ids[i];
	}
	return NULL;
}

static bool is_anonymous(int volumes, const char *name)
{
	auto_fd int dir = openat(volumes, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir >= 0 && faccessat(dir, "anonymous", F_OK, 0) == 0;
}

/* ---- the verbs --------------------------------------------------------------------------------*/

struct volume_opts {
	const char *format;
	struct words labels;
	bool quiet, force, all;
};

static int volume_create(struct call *call, struct err *err)
{
	const struct volume_opts *o = call->opts;
	auto_fd int dir = open_volumes(call->g->root, LOCK_SH, call->mem, err);
	auto_(str) struct str labels = {0};
	const char *name = call->n_words ? call->words[0] : NULL;
	uint64_t number[2];

	if (dir < 0)
		return dir;
	if (!name && getrandom(number, sizeof(number), 0) != sizeof(number))
		return err_set(err, errno, "get random bytes");
	if (!name)
		name = arena_printf(call->mem, "%016llx%016llx", (unsigned long long)number[0],
				    (unsigned long long)number[1]);
	int r = check_name(name, err);
	if (r < 0 || (r = make(dir, name, false, err)) < 0)
		return r;
	for (size_t i = 0; i < o->labels.n; i++)
		str_addf(&labels, "%s\n", o->labels.v[i]);
	if (labels.len) {
		auto_fd int one = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = one < 0 ? -errno : fd_replace(one, "labels", labels.p, labels.len, 0600);
	}
	return r < 0 ? err_set(err, r, "write the volume's labels") : out_line(name, err);
}

static void add_labels(struct json_out *o, int dir)
{
	auto_(str) struct str text = {0};

	json_open(o, "Labels", '{');
	fd_read_file(dir, "labels", 1 << 20, &text);
	for (char *save = NULL, *line = text.p ? strtok_r(text.p, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *equals = strchr(line, '=');
		if (equals)
			*equals++ = 0;
		json_text(o, line, equals ? equals : "");
	}
	json_close(o, '}');
}

static int describe(const struct call *call, int volumes, const char *name, bool is_pretty,
		    struct str *ret, struct err *err)
{
	struct json_out o = {.s = ret, .indent = is_pretty ? "    " : NULL};
	char when[CLOCK_TEXT_MAX];
	struct stat st;

	int r = check_name(name, err);
	if (r < 0)
		return r;
	auto_fd int dir = openat(volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return err_say(err, ENOENT, "there is no volume \"%.80s\"", name);
	json_open(&o, NULL, '{');
	json_text(&o, "Name", name);
	json_text(&o, "Driver", "local");
	json_text(&o, "Mountpoint",
		  arena_printf(call->mem, "%s/%s/_data", volumes_dir(call->g->root, call->mem),
			       name));
	json_text(&o, "CreatedAt", clock_text(when, st.st_ctim.tv_sec, CLOCK_WHOLE));
	json_bool(&o, "Anonymous", is_anonymous(volumes, name));
	add_labels(&o, dir);
	json_close(&o, '}');
	return 0;
}

static int volume_ls(struct call *call, struct err *err)
{
	const struct volume_opts *o = call->opts;
	auto_(str) struct str text = {0};
	auto_fd int dir = -1;
	const char **names;

	int n = all_volumes(call, LOCK_SH, &dir, &names, err);
	if (n < 0)
		return n;
	if (!o->quiet && !o->format)
		str_add(&text, "DRIVER   VOLUME NAME\n");
	for (int i = 0; i < n; i++) {
		auto_(str) struct str json = {0};
		if (!o->format) {
			str_addf(&text, "%s%s\n", o->quiet ? "" : "local    ", names[i]);
			continue;
		}
		int r = describe(call, dir, names[i], false, &json, err);
		if (r == 0)
			r = template_fill(str_eq(o->format, "json") ? "{{json .}}" : o->format,
					  json.p, &text, err);
		if (r < 0)
			return r;
		str_add_char(&text, '\n');
	}
	return out_text(&text, err);
}

static int volume_inspect(struct call *call, struct err *err)
{
	const struct volume_opts *o = call->opts;
	auto_fd int dir = open_volumes(call->g->root, LOCK_SH, call->mem, err);

	return dir < 0 ? dir : verbs_inspect(call, o->format, dir, describe, err);
}

static int volume_rm(struct call *call, struct err *err)
{
	const struct volume_opts *o = call->opts;
	auto_fd int dir = open_volumes(call->g->root, LOCK_EX, call->mem, err);

	if (dir < 0)
		return dir;
	for (size_t i = 0; i < call->n_words; i++) {
		const char *name = call->words[i];
		int r = check_name(name, err);
		if (r == 0 && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			r = o->force ? 0
				     : err_say(err, ENOENT, "there is no volume \"%.80s\"", name);
		const char *user = r < 0 ? NULL : user_of(call, name);
		if (user)
			r = err_say(err, EBUSY, "the volume %s is used by the container %.80s",
				    name, user);
		if (r < 0)
			return r;
		if ((r = path_remove_tree(dir, name)) < 0)
			return err_set(err, r, "remove the volume %s", name);
		if (out_line(name, err) < 0)
			return -err->num;
	}
	return 0;
}

int volumes_prune(const struct call *call, bool all, struct str *ret, struct err *err)
{
	auto_fd int dir = -1;
	const char **names;

	int n = all_volumes(call, LOCK_EX, &dir, &names, err);
	for (int i = 0; i < n; i++) {
		if ((!all && !is_anonymous(dir, names[i])) || user_of(call, names[i]))
			continue;
		int r = path_remove_tree(dir, names[i]);
		if (r < 0)
			return err_set(err, r, "remove the volume %s", names[i]);
		str_addf(ret, "%s\n", names[i]);
	}
	return n < 0 ? n : 0;
}

int volumes_measure(const struct call *call, struct volume_usage **ret, size_t *ret_n,
		    struct err *err)
{
	auto_fd int dir = -1;
	const char **names;

	int n = all_volumes(call, LOCK_SH, &dir, &names, err);
	if (n < 0)
		return n;
	*ret = arena_zalloc(call->mem, (size_t)n, sizeof(**ret));
	for (int i = 0; i < n; i++)
		(*ret)[i] = (struct volume_usage){
			.name = names[i],
			.user = user_of(call, names[i]),
			.bytes = usage_tree(dir, names[i]),
		};
	*ret_n = (size_t)n;
	return 0;
}

static int volume_prune(struct call *call, struct err *err)
{
	const struct volume_opts *o = call->opts;
	auto_(str) struct str text = {0};
	int r = volumes_prune(call, o->all, &text, err);
	struct err other = {0};
	int w = out_text(&text, r < 0 ? &other : err);

	return r < 0 ? r : w;
}

/* clang-format off */
#define OPT(member) offsetof(struct volume_opts, member)
static const struct arg volume_args[] = {
	{"label", 'l', ARG_LIST, OPT(labels), "NAME[=VALUE]", "create: a remark"},
	{"quiet", 'q', ARG_FLAG, OPT(quiet), NULL, "ls: names only"},
	{"format", 0, ARG_TEXT, OPT(format), "FORMAT", "ls, inspect: json, or as in '{{.Mountpoint}}'"},
	{"force", 'f', ARG_FLAG, OPT(force), NULL, "rm: one that is not there is no error"},
	{"all", 'a', ARG_FLAG, OPT(all), NULL, "prune: those with a name, too"},
	ARGS_END};
#undef OPT

static const struct command verbs[] = {
	{.name = "volume create", .usage = "at most one NAME", .max_words = 1, .run = volume_create},
	{.name = "volume ls", .usage = "", .run = volume_ls},
	{.name = "volume list", .usage = "", .flags = CMD_HIDDEN, .run = volume_ls},
	{.name = "volume inspect", .usage = "NAME...", .min_words = 1, .max_words = ANY_WORDS, .run = volume_inspect},
	{.name = "volume rm", .usage = "NAME...", .min_words = 1, .max_words = ANY_WORDS, .run = volume_rm},
	{.name = "volume prune", .usage = "", .run = volume_prune},
};
/* clang-format on */

static int do_volume(struct call *call, struct err *err)
{
	return verbs_run(call, verbs, sizeof(verbs) / sizeof(*verbs), err);
}

const struct command cmd_volume = {
	.name = "volume",
	.usage = "create [NAME] | ls | inspect NAME... | rm NAME... | prune",
	.about = "directories that outlive containers",
	.examples =
		"ctr volume create db\nctr run -d -v db:/var/lib/data --name db host db-server\n"
		"ctr volume prune --all\n",
	.args = {volume_args, false},
	.opts_size = sizeof(struct volume_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_volume,
};
