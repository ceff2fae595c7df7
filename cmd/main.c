/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: global options, then a row of the table of commands. The only place that
 * prints errors and decides on exit statuses. Compiled three times: with CTR_EXT for ctr-ext, which
 * does all that ctr does, and with CTR_IMAGE for ctr-image, which does what ctr leaves to it. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "cmd/alias.h"
#include "cmd/bundle.h"
#include "cmd/command.h"
#include "cmd/entry.h"
#include "cmd/far.h"
#include "cmd/help.h"
#include "cmd/out.h"
#include "image/store.h"
#include "runtime/container.h"
#include "runtime/explain.h"

enum { EXIT_ENGINE = 125 };

#ifdef CTR_IMAGE
static const struct command *const commands[] = {FAR_COMMANDS, NULL};
#else
static const struct command far[] = {FAR_ROWS};
static const struct command *const commands[] = {
	COMMANDS("containers"),
	&cmd_run,
	&cmd_exec,
	&cmd_ps,
	&cmd_list,
	&cmd_inspect,
	&cmd_logs,
	&cmd_attach,
	&cmd_top,
	&cmd_wait,
	&cmd_stop,
	&cmd_restart,
	&cmd_rm,
	&cmd_rename,
	&cmd_generate,
	&cmd_quadlet,
	&cmd_pause,
	&cmd_unpause,
	FAR_OF_CONTAINERS,
	COMMANDS("networks and volumes"),
	&cmd_network,
	&cmd_port,
	&cmd_volume,
	&cmd_secret,
	COMMANDS("images"),
	&cmd_images,
	&cmd_image,
	&cmd_history,
	&cmd_tag,
	&cmd_rmi,
	&cmd_prune,
	FAR_OF_IMAGES,
	COMMANDS("sharing the machine"),
	&cmd_update,
	&cmd_stats,
	&cmd_counters,
	&cmd_why,
	&cmd_usage,
	&cmd_reclaim,
	&cmd_capacity,
	&cmd_metrics,
	&cmd_tenant,
	&cmd_events,
	FAR_OF_ALL,
	COMMANDS("as an OCI runtime"),
	&cmd_create,
	&cmd_start,
	&cmd_state,
	&cmd_kill,
	&cmd_resume,
	&cmd_delete,
	COMMANDS("configs"),
	&cmd_spec,
	&cmd_validate,
	&cmd_plan,
	&cmd_features,
	&cmd_monitor,
	NULL,
};
#endif

struct global_opts {
	const char *root, *store, *log, *log_format, *log_level, *manager, *rootless;
	bool debug, systemd, version, strict;
};

/* clang-format off */
static const struct arg global_args[] = {
	{"root", 0, ARG_TEXT, offsetof(struct global_opts, root), "DIR", "where the containers' state is kept (/run/ctr)"},
	{"store", 0, ARG_TEXT, offsetof(struct global_opts, store), "DIR", "where images are kept (/var/lib/ctr/images)"},
	{"log", 0, ARG_TEXT, offsetof(struct global_opts, log), "FILE", "append errors to this file too"},
	{"log-format", 0, ARG_TEXT, offsetof(struct global_opts, log_format), "FORMAT", "text or json (text)"},
	{"log-level", 0, ARG_TEXT, offsetof(struct global_opts, log_level), "LEVEL", "error, warning, info or debug"},
	{"debug", 0, ARG_FLAG, offsetof(struct global_opts, debug), NULL, "the same as --log-level debug"},
	{"systemd-cgroup", 0, ARG_FLAG, offsetof(struct global_opts, systemd), NULL, "the same as --cgroup-manager systemd"},
	{"cgroup-manager", 0, ARG_TEXT, offsetof(struct global_opts, manager), "NAME", "cgroupfs, systemd or disabled (cgroupfs)"},
	{"rootless", 0, ARG_TEXT, offsetof(struct global_opts, rootless), "WORD", "auto, true or false; ctr finds out by itself"},
	{"oci", 0, ARG_FLAG, offsetof(struct global_opts, strict), NULL, "be an OCI runtime, strictly"},
	{"criu", 0, ARG_IGNORED, 0, "PATH", NULL},
	{"version", 'v', ARG_FLAG, offsetof(struct global_opts, version), NULL, "print the version"},
	ARGS_END};
/* clang-format on */
static const struct arg_set global_set = {global_args, true};

/* ---- global options ---------------------------------------------------------------------------*/

/* The place of `word` in a list that ends with NULL; `option` is for the message. */
static int one_of(const char *option, const char *word, const char *const *list, struct err *err)
{
	for (int i = 0; list[i]; i++)
		if (str_eq(word, list[i]))
			return i;
	return err_say(err, EINVAL, "--%s: \"%.40s\" is not one of its words (ctr --help)", option,
		       word);
}

static int read_manager(const struct global_opts *o, struct globals *g, struct err *err)
{
	static const char *const words[] = {"cgroupfs", "systemd", "disabled", NULL};
	static const enum cg_manager managers[] = {CG_FS, CG_SYSTEMD, CG_DISABLED};
	int i = o->manager ? one_of("cgroup-manager", o->manager, words, err) : o->systemd;

	if (i < 0)
		return i;
	g->manager = managers[i];
	return 0;
}

/* Under another program warnings are only told when asked for: podman takes the log for one JSON
 * object, buildah shows its user what is on standard error. */
static int open_log(const struct global_opts *o, bool is_strict, struct out_log *log,
		    struct err *err)
{
	static const char *const formats[] = {"text", "json", NULL};
	static const char *const levels[] = {"error", "warning", "info", "debug", "warn", NULL};
	const char *path = o->log;
	int format = o->log_format ? one_of("log-format", o->log_format, formats, err) : 0;
	int level = o->log_level        ? one_of("log-level", o->log_level, levels, err)
		    : path || is_strict ? LOG_LEVEL_ERROR
					: LOG_LEVEL_WARNING;

	if (format < 0 || level < 0)
		return -EINVAL;
	if (level > LOG_LEVEL_DEBUG)
		level = LOG_LEVEL_WARNING;
	if (o->debug)
		level = LOG_LEVEL_DEBUG;
	if (path && str_starts(path, "file:"))
		path += 5;
	/* Other sinks of crun's: what goes there also goes to standard error. */
	if (path && (str_starts(path, "journald:") || str_starts(path, "syslog:")))
		path = NULL;
	if (path) {
		log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_SYNC | O_CLOEXEC, 0644);
		if (log->fd < 0)
			return err_set(err, errno, "open the log %s", path);
	}
	log->is_json = format == 1;
	log_to(path ? log->fd : STDERR_FILENO, log->is_json, (enum log_level)level);
	return 0;
}

static int read_globals(const struct global_opts *o, struct globals *g, struct arena *mem,
			struct err *err)
{
	static const char *const rootless[] = {"auto", "true", "false", NULL};
	int r = o->rootless ? one_of("rootless", o->rootless, rootless, err) : 0;

	if (r < 0 || (r = read_manager(o, g, err)) < 0)
		return r;
	g->is_strict = o->strict || str_ends(g->program, "runc") || str_ends(g->program, "crun");
	g->root_is_given = o->root != NULL;
	g->store = store_default_dir(mem);
	if (o->store && (r = absolute_path(o->store, mem, &g->store, err)) < 0)
		return r;
	if (!o->root) {
		g->root = container_default_root(mem);
		return 0;
	}
	r = absolute_path(o->root, mem, &g->root, err);
	if (r == 0 && str_eq(g->root, "/"))
		return err_say(err, EINVAL,
			       "--root: / itself can't be the directory of containers");
	return r;
}

/* ---- one command ------------------------------------------------------------------------------*/

static const struct command *find_command(const struct globals *g, const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (*name && str_eq(commands[i]->name, name) &&
		    !(g->is_strict && (commands[i]->flags & CMD_ENGINE)))
			return commands[i];
	return NULL;
}

static int exit_status(const struct call *call, const struct err *err)
{
	if (!call->is_engine)
		return call->exit_failed;
	int status = explain_exit(err);
	return status ? status : EXIT_ENGINE;
}

static int check_words(const struct command *c, size_t n, struct err *err)
{
	if (n >= c->min_words && n <= c->max_words)
		return 0;
	return err_say(err, EINVAL, "%s: expected %s %u argument(s), got %zu", c->name,
		       n < c->min_words ? "at least" : "at most",
		       n < c->min_words ? c->min_words : c->max_words, n);
}

/* Returns what the command does; *ret_usage: the fault lies in how it was called. */
static int call_command(const struct command *c, const char *const *argv, struct call *call,
			bool *ret_usage, struct err *err)
{
	const struct arg_set *set =
		call->g->is_strict && c->strict_args.rows ? &c->strict_args : &c->args;
	void *opts = arena_zalloc(call->mem, 1, c->opts_size + 1);
	const char **words;

	call->is_engine = !call->g->is_strict && (c->flags & CMD_IMAGE);
	int n = args_parse(set, argv, opts, &words, call->mem, err);
	if (n == ARGS_HELP)
		return help_command(call->g, c, err);
	if (n >= 0 && check_words(c, (size_t)n, err) < 0)
		n = -EINVAL;
	if (n < 0) {
		*ret_usage = true;
		return n;
	}
	call->opts = opts;
	call->argv = argv;
	call->words = words;
	call->n_words = (size_t)n;
	call->id = c->flags & CMD_ON_ID ? words[0] : NULL;
	int r = c->run(call, err);
	if (r < 0)
		err_wrap(err, "%s%s%.80s", c->name, call->id ? " " : "", call->id ? call->id : "");
	return r;
}

/* Whether only ctr-image knows what to do: the command is its own, or help for it is wanted. */
static bool is_far(const struct globals *g, const char *const *words)
{
	const char *name = str_eq(words[0], "help") && words[1] ? words[1] : words[0];
	const struct command *c = find_command(g, name);

	return c && (c->flags & CMD_FAR);
}

/* `words`: the command's name and what follows it. */
static int dispatch(const struct globals *g, const char *const *words, const struct out_log *log,
		    char **argv, struct arena *mem)
{
	struct call call = {.g = g, .mem = mem, .exit_failed = 1};
	const struct command *c = find_command(g, words[0]);
	bool usage = false;
	struct err err = {0};
	int r;

	if (is_far(g, words))
		r = entry_become("ctr-image", argv, &err);
	else if (c)
		r = call_command(c, words + 1, &call, &usage, &err);
	else
		r = help_other(g, commands, words, &err);
#ifndef CTR_EXT
	if (r < 0 && err.code && str_eq(err.code, "needs-ext"))
		r = entry_become("ctr-ext", argv, &err);
#endif
	if (r >= 0)
		return r;
	out_error(log, &err);
	if (usage || !c)
		help_usage(g, c);
	return exit_status(&call, &err);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "ctr";
}

/* What systemd calls as a generator has no words but directories: the first one is for units. */
static const char *const *own_words(const char *program, char **argv, struct arena *mem)
{
	const char *const words[] = {"quadlet", "--output", *argv,
				     str_eq(program, "ctr-user-generator") ? "--user" : NULL, NULL};
	const char **all = arena_zalloc(mem, 1, sizeof(words));

	if (!*argv || !str_ends(program, "-generator"))
		return (const char *const *)argv;
	memcpy(all, words, sizeof(words));
	return all;
}

int main(int argc, char **argv)
{
	auto_(arena) struct arena mem = {0};
	struct globals g = {.program = base_name(argc ? argv[0] : NULL)};
	struct out_log log = {.fd = -1};
	struct global_opts opts = {0};
	const char **words = NULL;
	struct err err = {0};

#ifdef CTR_IMAGE
	signal(SIGPIPE, SIG_IGN); /* ctr-unpack may end before it has read all */
#endif
	/* A few large steps of the heap instead of many small ones, and none back. */
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	const char *const *rest = own_words(g.program, argv + (argc > 0), &mem);
	int n = entry_fds(&err) < 0 ? -err.num
				    : args_parse(&global_set, rest, &opts, &words, &mem, &err);
	if (n >= 0 && (read_globals(&opts, &g, &mem, &err) < 0 ||
		       open_log(&opts, g.is_strict, &log, &err) < 0))
		n = -err.num;
	if (n < 0 && n != ARGS_HELP) {
		out_error(&log, &err);
		return 1;
	}
	if (n > 0 && words && !opts.version)
		return dispatch(&g, g.is_strict ? words : alias_resolve(words, &mem), &log, argv,
				&mem);
	if (opts.version)
		n = help_version(&g, &err);
	else
		n = help_overview(&g, commands, &global_set, n == ARGS_HELP ? 1 : 2);
	return n != 0;
}
