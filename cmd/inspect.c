/* SPDX-License-Identifier: Apache-2.0 */
/* spec, validate, plan: configs and what ctr makes of them; nothing is run. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/command.h"
#include "cmd/out.h"
#include "runtime/base/fd.h"
#include "runtime/config/encode.h"
#include "runtime/config/spec.h"
#include "runtime/config/validate.h"
#include "runtime/filter.h"
#include "runtime/hostfile.h"
#include "runtime/plan.h"
#include "runtime/probe.h"

enum { HOST_FILE_MAX = 1 << 16 };

/* clang-format off */
struct spec_opts { const char *bundle, *file; bool rootless; };
static const struct arg spec_args[] = {
	{"bundle", 'b', ARG_TEXT, offsetof(struct spec_opts, bundle), "DIR", "where to write it (the current directory)"},
	{"file", 'f', ARG_TEXT, offsetof(struct spec_opts, file), "FILE", "its name (config.json)"},
	{"rootless", 0, ARG_FLAG, offsetof(struct spec_opts, rootless), NULL, "for a user who is not root"},
	ARGS_END};

struct plan_opts { const char *bundle, *config, *host; bool json; };
static const struct arg plan_args[] = {
	{"bundle", 'b', ARG_TEXT, offsetof(struct plan_opts, bundle), "DIR", "directory of config.json (the current one)"},
	{"config", 'f', ARG_TEXT, offsetof(struct plan_opts, config), "FILE", "read this instead of the bundle's config.json"},
	{"host", 0, ARG_TEXT, offsetof(struct plan_opts, host), "FILE", "for a machine that this file describes, not this one"},
	{"json", 0, ARG_FLAG, offsetof(struct plan_opts, json), NULL, "for programs"},
	ARGS_END};
/* clang-format on */

static int write_new(const char *path, const struct str *text, struct err *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return err_say(err, EEXIST, "file %s exists. Remove it first", path);
	if (fd < 0)
		return err_set(err, errno, "create %s", path);
	int r = fd_write_all(fd, text->p, text->len);
	return r < 0 ? err_set(err, r, "write %s", path) : 0;
}

static int do_spec(struct call *call, struct err *err)
{
	const struct spec_opts *o = call->opts;
	auto_(str) struct str text = {0};
	struct host host;

	int r = host_probe(&host, err);
	if (r < 0)
		return r;
	const struct spec spec = {
		.hostname = call->g->program,
		.has_cgroup_ns = host.layout == CGROUP_V2,
		.is_rootless = o->rootless,
		.uid = geteuid(),
		.gid = getegid(),
	};
	config_encode(spec_config(&spec, call->mem), "\t", &text);
	const char *name = o->file ? o->file : "config.json";
	if (o->bundle && *name != '/')
		name = arena_printf(call->mem, "%s/%s", o->bundle, name);
	return write_new(name, &text, err);
}

const struct command cmd_spec = {
	.name = "spec",
	.usage = "[flags]",
	.about = "write a config.json to begin with",
	.examples = "mkdir -p web/rootfs && ctr spec --bundle web\n",
	.args = {spec_args, false},
	.opts_size = sizeof(struct spec_opts),
	.run = do_spec,
};

/* Tells what is odd as its result, where other commands have the log for it. */
static int do_validate(struct call *call, struct err *err)
{
	auto_(str) struct str text = {0};
	struct warnings warnings = {.arena = call->mem};
	struct bundle b;

	int r = bundle_load(call->n_words ? call->words[0] : NULL, NULL, call->mem, &b, err);
	if (r < 0 || (r = config_validate(b.config, &b.host, &warnings, err)) < 0)
		return r;
	for (size_t i = 0; i < warnings.n; i++)
		str_addf(&text, "warning: %s\n", warnings.texts[i]);
	str_addf(&text, "%s/config.json: valid\n", b.dir);
	return out_text(&text, err);
}

const struct command cmd_validate = {
	.name = "validate",
	.usage = "[BUNDLE]",
	.about = "check a bundle's config.json",
	.examples = "ctr validate web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.max_words = 1,
	.run = do_validate,
};

static int read_host(const char *path, struct host *ret, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(AT_FDCWD, path, HOST_FILE_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", path);
	r = hostfile_parse(text.p ? text.p : "", ret, err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

static int do_plan(struct call *call, struct err *err)
{
	const struct plan_opts *o = call->opts;
	auto_(seccomp_filter) struct seccomp_filter filter = {0};
	auto_(plan) struct plan plan = {0};
	auto_(str) struct str text = {0};
	struct bundle b;

	int r = bundle_load(o->bundle, o->config, call->mem, &b, err);
	if (r < 0 || (o->host && (r = read_host(o->host, &b.host, err)) < 0) ||
	    (r = bundle_check(b.config, &b.host, call->mem, err)) < 0 ||
	    (r = filter_get(b.config, &b.host, NULL, &filter, err)) < 0)
		return r;
	const struct plan_want want = {
		.id = call->n_words ? call->words[0] : "container",
		.bundle = b.dir,
		.manager = call->g->manager,
		.filter = filter.n ? &filter : NULL,
		.wait_for_start = true,
	};
	r = plan_create(b.config, &b.host, &want, &plan, err);
	if (r < 0)
		return r;
	if (o->json)
		plan_json(&text, &plan);
	else
		plan_print(&text, &plan);
	if (text.len && text.p[text.len - 1] != '\n')
		str_add_char(&text, '\n');
	return out_text(&text, err);
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[flags] [ID]",
	.about = "show what creating a container from a bundle would do",
	.examples = "ctr plan --bundle web\nctr plan --bundle web --json web\n",
	.args = {plan_args, false},
	.opts_size = sizeof(struct plan_opts),
	.flags = CMD_ENGINE,
	.max_words = 1,
	.run = do_plan,
};
