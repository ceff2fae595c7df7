/* SPDX-License-Identifier: Apache-2.0 */
/* system: what all of it takes, what is left over, whether it is as it should be. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/far.h"
#include "cmd/out.h"
#include "cmd/prune.h"
#include "cmd/remove.h"
#include "cmd/system.h"
#include "cmd/verbs.h"
#include "cmd/volume.h"
#include "runtime/container.h"
#include "runtime/state.h"

/* ---- prune ------------------------------------------------------------------------------------*/

/* Only what was made for good, and has nobody who is about to go on with it. */
static bool is_idle(const struct container *c)
{
	auto_fd int monitor = container_monitor(c);
	enum container_status status = container_status(c);

	return c->state && c->state->engine && monitor < 0 &&
	       (status == STATUS_STOPPED || status == STATUS_CREATED);
}

int containers_prune(struct call *call, struct str *ret, struct err *err)
{
	static const struct engine_removal gently = {.force = false};
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err);

	for (int i = 0; i < n; i++) {
		struct container c = {.dir_fd = -1, .pidfd = -1};
		struct err ignored = {0};
		if (container_open(call->g->root, ids[i], false, false, &c, &ignored) < 0)
			continue;
		bool goes = is_idle(&c);
		container_clear(&c);
		int r = goes ? engine_remove(call, ids[i], &gently, err) : 0;
		/* It was started, or removed, meanwhile. */
		if (r < 0 && r != -EBUSY && r != -ENOENT)
			return err_wrap(err, "%s", ids[i]);
		if (goes && r == 0)
			str_addf(ret, "%s\n", ids[i]);
	}
	return n < 0 ? n : 0;
}

/* Whether the user means it. */
static int ask(bool is_forced, const char *more, struct err *err)
{
	char answer[16] = "";

	if (is_forced)
		return 1;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		err_say(err, EINVAL, "it removes containers: --force says that this is meant");
		return -EINVAL;
	}
	fprintf(stderr, "This removes all containers that do not run%s. Go on? [y/N] ", more);
	if (!fgets(answer, sizeof(answer), stdin))
		return 0;
	return *answer == 'y' || *answer == 'Y';
}

static void add_section(struct str *out, const char *title, const struct str *lines)
{
	if (lines->len)
		str_addf(out, "%s:\n%s\n", title, lines->p);
}

int system_prune(struct call *call, struct err *err)
{
	const struct system_opts *o = call->opts;
	auto_(str) struct str out = {0}, containers = {0}, networks = {0}, volumes = {0};
	struct gc g = {0};

	int r = ask(o->force,
		    arena_printf(call->mem, ", networks without members%s, and images that %s",
				 o->volumes ? ", volumes without a name that nobody uses" : "",
				 o->all ? "no container uses" : "have no name"),
		    err);
	if (r <= 0)
		return r;
	if ((r = containers_prune(call, &containers, err)) == 0 &&
	    (r = networks_prune(call, &networks, err)) == 0 && o->volumes)
		r = volumes_prune(call, false, &volumes, err);
	if (r == 0)
		r = images_prune(call, o->all, &g, err);
	add_section(&out, "containers", &containers);
	add_section(&out, "networks", &networks);
	add_section(&out, "volumes", &volumes);
	if (r == 0) {
		str_add(&out, "images: ");
		images_tell(&g, &out);
	}
	struct err other = {0};
	int w = out_text(&out, r < 0 ? &other : err);
	return r < 0 ? r : w;
}

/* ---- the verbs --------------------------------------------------------------------------------*/

/* clang-format off */
#define OPT(member) offsetof(struct system_opts, member)
static const struct arg system_args[] = {
	{"verbose", 'v', ARG_FLAG, OPT(verbose), NULL, "df: each container and volume, too"},
	{"format", 0, ARG_TEXT, OPT(format), "FORMAT", "df: table or json; info: json, or as in '{{.KernelVersion}}'"},
	{"all", 'a', ARG_FLAG, OPT(all), NULL, "prune: also images with a name that no container uses"},
	{"volumes", 0, ARG_FLAG, OPT(volumes), NULL, "prune: also volumes without a name that nobody uses"},
	{"force", 'f', ARG_FLAG, OPT(force), NULL, "prune: don't ask"},
	{"repair", 0, ARG_FLAG, OPT(repair), NULL, "check: remove what is damaged or left over, mend networks"},
	ARGS_END};
#undef OPT

static const struct command verbs[] = {
	{.name = "system df", .usage = "", .run = system_df},
	{.name = "system prune", .usage = "", .run = system_prune},
	{.name = "system check", .usage = "", .run = system_check},
	{.name = "system info", .usage = "", .run = system_info},
};
/* clang-format on */

static int do_system(struct call *call, struct err *err)
{
	return verbs_run(call, verbs, sizeof(verbs) / sizeof(*verbs), err);
}

const struct command cmd_system = {
	FAR_SYSTEM,
	.examples = "ctr system df -v\n"
		    "ctr system prune --all --volumes\n"
		    "ctr system check --repair\n"
		    "ctr system info --format json | jq .CgroupVersion\n",
	.args = {system_args, false},
	.opts_size = sizeof(struct system_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_system,
};

/* ---- container --------------------------------------------------------------------------------*/

/* clang-format off */
struct container_opts { bool force; };
static const struct arg container_args[] = {
	{"force", 'f', ARG_FLAG, offsetof(struct container_opts, force), NULL, "prune: don't ask"},
	ARGS_END};
/* clang-format on */

static int do_container(struct call *call, struct err *err)
{
	const struct container_opts *o = call->opts;
	auto_(str) struct str out = {0};

	if (!str_eq(call->words[0], "prune") || call->n_words > 1)
		return err_say(err, EINVAL,
			       "expected prune, or another verb of containers; got \"%.40s\"",
			       call->words[str_eq(call->words[0], "prune")]);
	int r = ask(o->force, "", err);
	if (r <= 0 || (r = containers_prune(call, &out, err)) < 0)
		return r;
	return out_text(&out, err);
}

const struct command cmd_container = {
	FAR_CONTAINER,
	.examples = "ctr container prune\nctr container ls -a      # the same as ctr ps -a\n",
	.args = {container_args, false},
	.opts_size = sizeof(struct container_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_container,
};
