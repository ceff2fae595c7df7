/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/prctl.h>

#include "namespaces/caps.h"
#include "namespaces/lsm.h"
#include "namespaces/rlimit.h"
#include "runtime/process.h"
#include "runtime/schedule.h"
#include "runtime/shares.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* ---- before the pivot: what needs the host's side of things ---------------------------------- */

static void write_op(struct oplist *ops, int16_t dir, const char *path, const char *text,
		     unsigned flags)
{
	uint32_t str = oplist_str(ops, path);
	uint32_t data = oplist_blob(ops, text, strlen(text));
	struct op *op = oplist_add(ops, OP_WRITE);

	op->fd = dir;
	op->str = str;
	op->data = data;
	op->size = (uint32_t)strlen(text);
	op->flags = (uint8_t)flags;
}

/* Files of the process's own in /proc, reached through a private procfs that no rootfs can place. */
static int plan_proc_files(const struct process_want *w, const struct host *host,
			   struct oplist *ops, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const struct config_process *cp = w->process;
	struct lsm_label label;
	char score[16];
	bool oom = cp->has_oom_score_adj && !w->in_userns;
	int r = lsm_exec_label(cp, host, &mem, &label, err);

	if (r < 0 || (!oom && !label.path))
		return r;
	int16_t proc = oplist_slots(ops, 1);
	oplist_why(ops, "a private procfs");
	uint32_t type = oplist_str(ops, "proc");
	struct op *op = oplist_add(ops, OP_FSMOUNT);
	op->str = type;
	op->ret = proc;
	if (oom) {
		oplist_why(ops, "process.oomScoreAdj");
		snprintf(score, sizeof(score), "%d", cp->oom_score_adj);
		write_op(ops, proc, "self/oom_score_adj", score, 0);
	}
	if (label.path) {
		oplist_why(ops, "process.apparmorProfile, process.selinuxLabel");
		write_op(ops, proc, label.path, label.text, 0);
	}
	oplist_add(ops, OP_CLOSE)->fd = proc;
	return 0;
}

static void plan_terminal(const struct process_want *w, struct oplist *ops)
{
	const struct config_process *p = w->process;

	if (!p->terminal)
		return;
	oplist_why(ops, "process.terminal");
	uint32_t ptmx = oplist_str(ops, "/dev/pts/ptmx");
	uint32_t console = w->is_init ? oplist_str(ops, "/dev/console") : 0;
	struct op *op = oplist_add(ops, OP_CONSOLE);
	op->fd = w->root;
	op->str = ptmx;
	if (p->console_size)
		op->a = (uint64_t)p->console_size->height << 16 | p->console_size->width;
	op->b = p->user ? p->user->uid : 0;
	op->data = console;
	op->size = console ? sizeof("/dev/console") : 0;
}

int process_plan_before(const struct process_want *w, const struct host *host, struct oplist *ops,
			struct err *err)
{
	oplist_why(ops, "a session of its own");
	oplist_add(ops, OP_SETSID);
	if (!w->no_new_keyring) {
		oplist_why(ops, "a session keyring of its own");
		auto_(arena) struct arena mem = {0};
		uint32_t name = oplist_str(ops, arena_printf(&mem, "_ses.%s", w->id));
		oplist_add(ops, OP_KEYRING)->str = name;
	}
	schedule_sharing(w->annotations, w->n_annotations, w->is_init, ops);
	int r = schedule_plan(w->process, w->linux_, ops, err);
	if (r < 0)
		return r;
	plan_terminal(w, ops);
	return plan_proc_files(w, host, ops, err);
}

/* ---- inside: identity, program, privileges --------------------------------------------------- */

static void plan_rlimits(const struct process_want *w, struct oplist *ops)
{
	const struct config_process *p = w->process;

	for (size_t i = 0; !w->in_userns && i < p->n_rlimits; i++) {
		oplist_why(ops, "process.rlimits[%zu] %s", i, p->rlimits[i].type);
		struct op *op = oplist_add(ops, OP_RLIMIT);
		op->a = (uint64_t)rlimit_number(p->rlimits[i].type);
		op->b = p->rlimits[i].soft;
		op->c = p->rlimits[i].hard;
	}
}

static void plan_identity(const struct process_want *w, const struct host *host, struct oplist *ops)
{
	const struct config_user *u = w->process->user;
	uint32_t uid = u ? u->uid : 0, gid = u ? u->gid : 0;

	oplist_why(ops, "process.user");
	struct op *op;
	if (uid || w->in_userns) /* else the streams are root's already, or somebody's on purpose */
		oplist_add(ops, OP_STDIO_OWNER)->a = uid;
	uint32_t groups = u && u->n_additional_gids
				  ? oplist_blob(ops, u->additional_gids,
						u->n_additional_gids * sizeof(uint32_t))
				  : 0;
	op = oplist_add(ops, OP_SETIDS);
	op->a = uid;
	op->b = gid;
	op->flags = (uid || w->in_userns ? OPF_KEEPCAPS : 0) | (w->keeps_groups ? 0 : OPF_GROUPS) |
		    (w->may_keep_groups ? OPF_DENIED_OK : 0);
	op->data = w->keeps_groups ? 0 : groups;
	op->size = op->data ? (uint32_t)(u->n_additional_gids * sizeof(uint32_t)) : 0;
	if (host->ignored_signals) {
		oplist_why(ops, "signals that the caller ignores");
		oplist_add(ops, OP_SIGNALS)->a = host->ignored_signals;
	}
	oplist_why(ops, "process.user.umask");
	oplist_add(ops, OP_UMASK)->a = u && u->has_umask ? u->umask : 022;
}

static void plan_cwd(const struct process_want *w, bool late, struct oplist *ops)
{
	if (str_eq(w->process->cwd,
		   "/")) /* where the pivot, or joining the mount namespace, leads */
		return;
	oplist_why(ops, "process.cwd %s", w->process->cwd);
	uint32_t str = oplist_str(ops, w->process->cwd);
	struct op *op = oplist_add(ops, OP_CHDIR);
	op->str = str;
	op->a = !late;
	op->b = late;
	op->flags = late ? 0 : OPF_LATE;
}

/* The value of the last NAME= in env; NULL without one. */
static const char *env_value(const struct config_process *p, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = p->n_env; i-- > 0;)
		if (!strncmp(p->env[i], name, n) && p->env[i][n] == '=')
			return p->env[i] + n + 1;
	return NULL;
}

/* Where execvp(3) would look: the program itself if it has a slash, else every directory of PATH. */
static void plan_find(const struct process_want *w, struct oplist *ops)
{
	const char *name = w->process->args[0], *path = env_value(w->process, "PATH");
	auto_(str) struct str list = {0};
	uint64_t n = 0;

	if (strchr(name, '/')) {
		str_add_mem(&list, name, strlen(name) + 1);
		n = 1;
	}
	for (const char *at = path && *path ? path : default_path; !strchr(name, '/') && at;) {
		size_t len = strcspn(at, ":");
		if (len) {
			str_add_mem(&list, at, len);
			str_add_char(&list, '/');
			str_add_mem(&list, name, strlen(name) + 1);
			n++;
		}
		at = at[len] ? at + len + 1 : NULL;
	}
	oplist_why(ops, "process.args[0] %s", name);
	uint32_t data = oplist_blob(ops, list.p ? list.p : "", list.len);
	struct op *op = oplist_add(ops, OP_FIND);
	op->data = data;
	op->size = (uint32_t)list.len;
	op->a = n;
}

/* The last of several with the same name wins, and takes the place of the first. */
static uint64_t add_env(const struct config_process *p, struct str *data)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_env; i++) {
		size_t name = strcspn(p->env[i], "=") + 1;
		bool again = false;
		for (size_t k = i + 1; k < p->n_env && !again; k++)
			again = !strncmp(p->env[i], p->env[k], name);
		if (again)
			continue;
		str_add_mem(data, p->env[i], strlen(p->env[i]) + 1);
		n++;
	}
	return n;
}

static void plan_exec_op(const struct process_want *w, struct oplist *ops)
{
	const struct config_process *p = w->process;
	auto_(str) struct str data = {0};

	for (size_t i = 0; i < p->n_args; i++)
		str_add_mem(&data, p->args[i], strlen(p->args[i]) + 1);
	uint64_t n_env = add_env(p, &data);
	oplist_why(ops, "process.args[0] %s", p->args[0]);
	/* Two more than the pointers and their ends: HOME may be added. */
	uint32_t room = oplist_room(ops, (p->n_args + n_env + 3) * sizeof(char *));
	uint32_t blob = oplist_blob(ops, data.p, data.len);
	struct op *op = oplist_add(ops, OP_EXEC);
	op->a = p->n_args;
	op->b = n_env;
	op->c = w->is_init && shares_wants(w->annotations, w->n_annotations, PROCESS_INIT);
	op->str = room;
	op->data = blob;
	op->size = (uint32_t)data.len;
}

/* Before the first operation that seals the executor. */
static void plan_preserve(const struct process_want *w, struct oplist *ops)
{
	if (!w->preserve_fds)
		return;
	oplist_why(ops, "--preserve-fds, LISTEN_FDS");
	oplist_add(ops, OP_PRESERVE)->a = w->preserve_fds;
}

static void plan_caps(const struct process_want *w, const struct host *host, struct oplist *ops,
		      struct warnings *warnings)
{
	struct op_caps caps;

	caps_from_config(w->process->capabilities, w->in_userns ? caps_all() : host->caps, warnings,
			 &caps);
	oplist_why(ops, "process.capabilities");
	uint32_t data = oplist_blob(ops, &caps, sizeof(caps));
	struct op *op = oplist_add(ops, OP_CAPS);
	op->data = data;
	op->size = sizeof(caps);
}

static void plan_seccomp(const struct process_want *w, struct oplist *ops)
{
	if (!w->filter)
		return;
	oplist_why(ops, "linux.seccomp");
	uint32_t data = oplist_blob(ops, w->filter->code, w->filter->n * sizeof(*w->filter->code));
	struct op *op = oplist_add(ops, OP_SECCOMP);
	op->a = w->filter->flags;
	op->data = data;
	op->size = (uint32_t)(w->filter->n * sizeof(*w->filter->code));
}

/* The filter comes as late as it can: after no_new_privs just before the exec, so that it need not
 * allow what the executor itself calls; without it the kernel wants CAP_SYS_ADMIN, so before the
 * capabilities are given away. */
static void plan_privileges(const struct process_want *w, const struct host *host,
			    struct oplist *ops, struct warnings *warnings)
{
	if (w->process->no_new_privileges) {
		oplist_why(ops, "process.noNewPrivileges");
		struct op *op = oplist_add(ops, OP_PRCTL);
		op->a = PR_SET_NO_NEW_PRIVS;
		op->b = 1;
		plan_caps(w, host, ops, warnings);
		plan_seccomp(w, ops);
		return;
	}
	if (w->filter) {
		oplist_why(ops, "linux.seccomp");
		oplist_add(ops, OP_CAPS)->flags = OPF_KEEPCAPS;
	}
	plan_seccomp(w, ops);
	plan_caps(w, host, ops, warnings);
}

int process_plan_inside(const struct process_want *w, const struct host *host, struct oplist *ops,
			struct warnings *warnings, struct err *err)
{
	const struct config_user *u = w->process->user;
	const char *home = env_value(w->process, "HOME");

	if (!w->process->n_args)
		return err_say(err, EINVAL, "process.args must not be empty");
	if (w->keeps_groups && u && u->n_additional_gids)
		return err_say(err, EPERM,
			       "process.user.additionalGids: the user namespace of an "
			       "ordinary user with one group denies setgroups");
	plan_rlimits(w, ops);
	plan_cwd(w, false, ops);
	plan_identity(w, host, ops);
	if (u && u->uid)
		plan_cwd(w, true, ops);
	if (!home || !*home) {
		oplist_why(ops, "HOME from the container's /etc/passwd");
		oplist_add(ops, OP_HOME)->a = u ? u->uid : 0;
	}
	plan_find(w, ops);
	oplist_why(ops, "set-up is complete");
	oplist_add(ops, OP_READY);
	oplist_why(ops, "wait to be started");
	oplist_add(ops, OP_START)->fd = w->start;
	if (w->hooks) {
		const struct hook_list list = {"startContainer", w->hooks->start_container,
					       w->hooks->n_start_container};
		hooks_plan(&list, w->subject, "created", false, ops);
	}
	plan_preserve(w, ops);
	plan_privileges(w, host, ops, warnings);
	plan_exec_op(w, ops);
	return 0;
}
