/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cmd/bundle.h"
#include "cmd/command.h"
#include "cmd/run_env.h"
#include "image/user.h"
#include "namespaces/caps.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/config/decode.h"
#include "runtime/config/validate.h"
#include "runtime/load.h"
#include "runtime/probe.h"
#include "runtime/state.h"

enum { EXIT_NOT_STARTED = 255 };

struct exec_flags {
	struct io_opts io;
	const char *process, *cwd, *user, *label, *apparmor, *cgroup;
	struct words env, env_files, groups, caps;
	bool tty, no_new_privs, ignore_paused, privileged;
};

/* clang-format off */
#define OPT(member) offsetof(struct exec_flags, member)
#define EXEC_ARGS \
	{"process", 'p', ARG_TEXT, OPT(process), "FILE", "the whole process as JSON; flags and arguments don't count then"}, \
	{"detach", 'd', ARG_FLAG, offsetof(struct io_opts, detach), NULL, "don't wait for its end"}, \
	{"tty", 't', ARG_FLAG, OPT(tty), NULL, "give it a terminal"}, \
	{"interactive", 'i', ARG_NO_FLAG, 0, NULL, NULL}, \
	{"cwd", 'w', ARG_TEXT, OPT(cwd), "DIR", "its working directory"}, \
	{"workdir", 0, ARG_TEXT, OPT(cwd), "DIR", NULL}, \
	{"env", 'e', ARG_LIST, OPT(env), "NAME=VALUE", "set an environment variable"}, \
	{"user", 'u', ARG_TEXT, OPT(user), "USER[:GROUP]", "names of the container, or numbers"}, \
	{"additional-gids", 'g', ARG_LIST, OPT(groups), "GROUP", "add a supplementary group"}, \
	{"cap", 'c', ARG_LIST, OPT(caps), "NAME", "add a capability"}, \
	{"no-new-privs", 0, ARG_FLAG, OPT(no_new_privs), NULL, "setuid programs give it nothing"}, \
	{"process-label", 0, ARG_TEXT, OPT(label), "LABEL", "its SELinux label"}, \
	{"apparmor", 0, ARG_TEXT, OPT(apparmor), "NAME", "its AppArmor profile"}, \
	{"cgroup", 0, ARG_TEXT, OPT(cgroup), "PATH", "a group below the container's"}, \
	{"ignore-paused", 0, ARG_FLAG, OPT(ignore_paused), NULL, "start it in a paused container too"}, \
	IO_ARGS
static const struct arg strict_exec_args[] = {EXEC_ARGS, ARGS_END};
static const struct arg exec_args[] = {
	EXEC_ARGS,
	{"env-file", 0, ARG_LIST, OPT(env_files), "FILE", "the same, a line each"},
	{"privileged", 0, ARG_FLAG, OPT(privileged), NULL, "all capabilities that ctr has; the container's filter stays"},
	ARGS_END};
#undef OPT
/* clang-format on */

/* One request in the making. */
struct exec_request {
	const struct exec_flags *flags;
	struct call *call;
	const struct container *container;
	struct config *config;
	struct config_process *process;
};

static int read_process(struct exec_request *x, struct err *err)
{
	struct warnings warnings = {.arena = x->call->mem};
	const char *file = x->flags->process;
	auto_(str) struct str text = {0};
	void *process;

	int r = fd_read_file(AT_FDCWD, file, JSON_SIZE_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read %s", file);
	r = decode_object(&config_process_table, text.p ? text.p : "", text.len, x->call->mem,
			  &process, err);
	if (r < 0)
		return err_wrap(err, "%s", file);
	x->process = process;
	if (x->flags->tty)
		x->process->terminal = x->process->has_terminal = true;
	r = config_validate_process(process, &warnings, err);
	for (size_t i = 0; i < warnings.n; i++)
		log_warning("%s", warnings.texts[i]);
	return r < 0 ? err_wrap(err, "%s", file) : 0;
}

/* The root as the container's first process has it; proven to be of that process. */
static int open_root(const struct container *c, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->pid);
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open the container's root");
	if (c->pidfd < 0 || sys_pidfd_send_signal(c->pidfd, 0) < 0)
		return err_say(err, ESRCH, "cannot exec in a stopped container");
	return steal_fd(&fd);
}

static int set_user(struct exec_request *x, struct err *err)
{
	const struct exec_flags *f = x->flags;
	struct arena *mem = x->call->mem;
	/* An empty one says nothing: the container's own user stays, who need not be root. */
	const bool has_user = f->user && *f->user;
	struct passwd_user found;

	if (!has_user && !f->groups.n)
		return 0;
	struct config_user *user = arena_zalloc(mem, 1, sizeof(*user));
	if (x->process->user)
		*user = *x->process->user;
	x->process->user = user;
	auto_fd int root = open_root(x->container, err);
	if (root < 0)
		return root;
	if (has_user) {
		int r = user_lookup((struct user_roots){&root, 1}, f->user, mem, &found, err);
		if (r < 0)
			return err_wrap(err, "--user %.60s", f->user);
		user_set(user, &found);
	}
	for (size_t i = 0; i < f->groups.n; i++)
		if (user_add_group((struct user_roots){&root, 1}, f->groups.v[i], mem, user, err) <
		    0)
			return -err->num;
	return 0;
}

/* a, and b behind it, in the arena. */
static const char **joined(const char **a, size_t n_a, const struct words *b, struct arena *mem)
{
	const char **all = arena_zalloc(mem, n_a + b->n, sizeof(*all));

	for (size_t i = 0; i < n_a; i++)
		all[i] = a[i];
	for (size_t i = 0; i < b->n; i++)
		all[n_a + i] = b->v[i];
	return all;
}

static void add_caps(struct config_process *p, struct words *names, struct arena *mem)
{
	struct config_capabilities *c = arena_zalloc(mem, 1, sizeof(*c));

	if (!names->n)
		return;
	for (size_t i = 0; i < names->n; i++)
		if (strncmp(names->v[i], "CAP_", 4) != 0)
			names->v[i] = arena_printf(mem, "CAP_%s", names->v[i]);
	if (p->capabilities)
		*c = *p->capabilities;
	c->bounding = joined(c->bounding, c->n_bounding, names, mem);
	c->effective = joined(c->effective, c->n_effective, names, mem);
	c->permitted = joined(c->permitted, c->n_permitted, names, mem);
	c->n_bounding += names->n;
	c->n_effective += names->n;
	c->n_permitted += names->n;
	p->capabilities = c;
}

static int set_privileges(struct exec_request *x, const struct host *host, struct err *err)
{
	struct arena *mem = x->call->mem;
	struct config_capabilities *c = arena_zalloc(mem, 1, sizeof(*c));
	struct config_process *p = x->process;

	if (!x->flags->privileged)
		return 0;
	if (x->flags->no_new_privs)
		return err_say(err, EINVAL, "--privileged with --no-new-privs is not possible");
	c->bounding = caps_names(host->caps, mem, &c->n_bounding);
	c->effective = c->permitted = c->bounding;
	c->n_effective = c->n_permitted = c->n_bounding;
	p->capabilities = c;
	p->apparmor_profile = NULL;
	return 0;
}

/* The container's own process with other arguments. */
static int compose_process(struct exec_request *x, const struct host *host, struct err *err)
{
	const struct exec_flags *f = x->flags;
	struct words env = f->env;
	struct arena *mem = x->call->mem;
	struct config_process *p = arena_zalloc(mem, 1, sizeof(*p));
	struct words caps = f->caps, words = {0};
	size_t skip = x->call->n_words > 1 && str_eq(x->call->words[1], "--") ? 2 : 1;

	if (x->config->process)
		*p = *x->config->process;
	x->process = p;
	for (size_t i = skip; i < x->call->n_words; i++)
		words_add(&words, x->call->words[i], mem);
	if (!words.n)
		return err_say(err, EINVAL, "process args cannot be empty");
	p->args = words.v;
	p->n_args = words.n;
	if (!x->call->g->is_strict && run_env(&f->env_files, &env, mem, err) < 0)
		return -err->num;
	p->env = joined(p->env, p->n_env, &env, mem);
	p->n_env += env.n;
	p->terminal = p->has_terminal = f->tty;
	p->cwd = f->cwd ? f->cwd : p->cwd;
	p->console_size = NULL;
	p->no_new_privileges |= f->no_new_privs;
	p->has_no_new_privileges |= f->no_new_privs;
	p->selinux_label = f->label ? f->label : p->selinux_label;
	p->apparmor_profile = f->apparmor ? f->apparmor : p->apparmor_profile;
	add_caps(p, &caps, mem);
	int r = set_privileges(x, host, err);
	if (r < 0 || (r = set_user(x, err)) < 0)
		return r;
	return config_validate_process(p, NULL, err);
}

static int do_exec(struct call *call, struct err *err)
{
	const struct exec_flags *f = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct exec_request x = {.flags = f, .call = call, .container = &c};
	struct exec_opts want = {.container = &c, .cgroup = f->cgroup};
	struct host host;
	unsigned listen;
	int status;

	call->exit_failed = EXIT_NOT_STARTED;
	int r = io_opts_read(&f->io, call->mem, &want.io, &listen, err);
	if (r < 0 || (r = container_open(call->g->root, call->id, false, false, &c, err)) < 0)
		return r;
	call->is_engine = c.state && c.state->engine && !call->g->is_strict;
	enum container_status now = container_status(&c);
	if (now == STATUS_STOPPED || now == STATUS_CREATING)
		return err_say(err, ESRCH, "cannot exec in a stopped container");
	if ((r = load_config(&c, call->mem, &x.config, err)) < 0 ||
	    (r = host_probe_process(&host, err)) < 0)
		return r;
	r = f->process ? read_process(&x, err) : compose_process(&x, &host, err);
	if (r < 0)
		return r;
	io_opts_tell(x.process, listen, call->mem);
	want.process = x.process;
	want.config = x.config;
	want.ignore_paused = f->ignore_paused;
	want.proxy_terminal = x.process->terminal && !f->io.detach;
	r = ctr_exec(&want, &host, &status, err);
	return r < 0 ? r : status;
}

const struct command cmd_exec = {
	.name = "exec",
	.usage = "[flags] ID COMMAND [arguments]",
	.about = "run one more program in a running container",
	.examples = "ctr exec -t web bash\nctr exec -u nobody -e LANG=C web id\n",
	.args = {exec_args, true},
	.strict_args = {strict_exec_args, true},
	.opts_size = sizeof(struct exec_flags),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_exec,
};
