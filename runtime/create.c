/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "cgroups/psi.h"
#include "net/wire.h"
#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/base/monitor.h"
#include "runtime/base/path.h"
#include "runtime/create.h"
#include "runtime/explain.h"
#include "runtime/filter.h"
#include "runtime/handoff.h"
#include "runtime/hooks.h"
#include "runtime/ledger.h"
#include "runtime/listener.h"
#include "runtime/notify.h"
#include "runtime/outside.h"
#include "runtime/own_size.h"
#include "runtime/probe.h"
#include "runtime/secret.h"
#include "runtime/shares.h"
#include "runtime/state.h"

enum { STATE_VERSION = 1 };

static const char *manager_word(enum cg_manager m)
{
	return m == CG_SYSTEMD ? "systemd" : m == CG_DISABLED ? "disabled" : "cgroupfs";
}

/* Others may look who uses what: it is written down. */
static void release(const struct create_opts *o)
{
	for (size_t i = 0; i < sizeof(o->until_recorded) / sizeof(*o->until_recorded); i++) {
		if (!o->until_recorded[i])
			continue;
		auto_close_fd(o->until_recorded[i]);
		*o->until_recorded[i] = -1;
	}
}

/* The record names everything that is going to be made, before it is. */
static int write_record(struct creation *c, const struct create_opts *o, const struct config *cfg,
			const struct host *host, struct err *err)
{
	struct arena *a = &c->c.arena;
	struct state *s = arena_zalloc(a, 1, sizeof(*s));
	char now[CLOCK_TEXT_MAX];

	*s = (struct state){
		.version = STATE_VERSION,
		.has_version = true,
		.id = c->c.id,
		.bundle = arena_str(a, o->bundle),
		.rootfs = path_from(a, o->bundle, cfg->root->path),
		.created = c->created ? c->created : arena_str(a, clock_now(now, true)),
		.oci_version = cfg->oci_version,
		.uid = host->euid,
		.has_uid = true,
		.manager = manager_word(c->plan.cg.manager),
		.cgroups = c->plan.cg.names,
		.n_cgroups = c->plan.cg.n_names,
		.namespaces = c->plan.ns.all,
		.has_namespaces = true,
		.terminal = cfg->process->terminal,
		.has_terminal = true,
		.no_new_keyring = o->no_new_keyring,
		.has_no_new_keyring = o->no_new_keyring,
		.preserve_fds = o->io.preserve_fds,
		.has_preserve_fds = o->io.preserve_fds != 0,
		.engine = o->engine,
		.has_engine = true,
		.auto_remove = o->auto_remove,
		.has_auto_remove = true,
		.image = o->image,
		.scratch = o->scratch,
		.tenant = o->tenant,
		.annotations = cfg->annotations,
		.n_annotations = cfg->n_annotations,
		.options = o->options,
	};
	if (cfg->linux_ && cfg->linux_->seccomp) {
		s->seccomp_listener = listener_path(cfg);
		s->seccomp_metadata = cfg->linux_->seccomp->listener_metadata;
	}
	s->rdt_groups = c->plan.rdt.enter;
	s->n_rdt_groups = c->plan.rdt.n_enter;
	s->rdt_owned = c->plan.rdt.owned;
	s->n_rdt_owned = c->plan.rdt.n_owned;
	if (cfg->hooks) {
		s->poststart = cfg->hooks->poststart;
		s->n_poststart = cfg->hooks->n_poststart;
		s->poststop = cfg->hooks->poststop;
		s->n_poststop = cfg->hooks->n_poststop;
	}
	int r = container_write_state(&c->c, s, err);
	if (r < 0)
		return r;
	c->c.state = s;
	release(o);
	return 0;
}

static int open_namespace(const struct ns_join *j, struct err *err)
{
	auto_fd int fd = open(j->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_set(err, errno, "open the %s namespace %s", ns_word(j->flag), j->path);
	int type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0 || (uint64_t)type != j->flag)
		return err_say(err, EINVAL, "%s is not a %s namespace", j->path, ns_word(j->flag));
	return steal_fd(&fd);
}

/* Descriptors for the inherited slots, in slot order; those opened here are kept in *own. */
static int gather_fds(const struct creation *c, const struct cg_handles *cg, int start, int *fds,
		      struct chan_fds *own, struct err *err)
{
	for (unsigned i = 0; i < c->plan.n_fds; i++) {
		const struct plan_fd *f = &c->plan.fds[i];
		int fd = -1;
		if (f->kind == PLAN_FD_START)
			fd = start;
		else if (f->kind == PLAN_FD_CGROUP)
			fd = f->index < cg->n_tasks ? cg->tasks[f->index] : -1;
		else if (f->kind == PLAN_FD_NAMESPACE) {
			fd = open_namespace(&c->plan.ns.joins[f->index], err);
			if (fd < 0)
				return fd;
			own->fd[own->n++] = fd;
		}
		fds[i] = fd;
	}
	return 0;
}

static int spawn_init(struct creation *c, const struct create_opts *o, const struct cg_handles *cg,
		      struct err *err)
{
	auto_(chan_fds) struct chan_fds own = {0};
	auto_fd int start = -1;
	int fds[PLAN_FDS_MAX];

	if (o->wait_for_start) {
		start = chan_listen(c->c.dir_fd, "start.sock");
		if (start < 0)
			return err_set(err, start, "make the start socket");
	}
	int r = gather_fds(c, cg, start, fds, &own, err);
	if (r < 0)
		return r;
	const struct spawn_args args = {
		.ops = &c->plan.ops,
		.clone_flags = c->plan.ns.clone_flags,
		.cgroup = cg->v2,
		.fds = fds,
		.preserve_fds = o->io.preserve_fds,
		.streams = o->io.streams,
	};
	return spawn_begin(&args, &c->spawn, err);
}

/* An image may have been fetched since the host was looked at; who asks for no clock has it as it is. */
static const struct host *with_clock(const struct config *cfg, const struct host *host,
				     struct host *now)
{
	if (!shares_wants(cfg->annotations, cfg->n_annotations, SHARES_OWN_SIZE))
		return host;
	*now = *host;
	host_probe_clock(now);
	return now;
}

static int plan(const struct create_opts *o, enum cg_manager manager, const struct config *cfg,
		const struct host *host, struct plan *ret, struct err *err)
{
	auto_(secret_values) struct secret_values secrets = {0};
	auto_(seccomp_filter) struct seccomp_filter filter = {0};
	char record[4096];
	struct plan_want want = {
		.id = o->id,
		.bundle = o->bundle,
		.record = record,
		.manager = manager,
		.overlay = o->overlay,
		.engine = o->engine,
		.wait_for_start = o->wait_for_start,
		.no_new_keyring = o->no_new_keyring,
		.preserve_fds = o->io.preserve_fds,
	};

	snprintf(record, sizeof(record), "%s/%s", o->root, o->id);
	int r = cg_check_manager(manager, err);
	if (r == 0)
		r = filter_get(cfg, host, o->root, &filter, err);
	if (r == 0)
		r = secrets_read(o->options, o->root, SECRETS_ALL, &secrets, err);
	if (r < 0)
		return r;
	struct host now;
	struct config with = *cfg;
	with.process =
		(struct config_process *)(uintptr_t)secrets_environment(cfg->process, &secrets);
	want.filter = filter.n ? &filter : NULL;
	want.secrets = &secrets.all;
	return plan_create(&with, with_clock(cfg, host, &now), &want, ret, err);
}

/* An ordinary user may do without groups where none was asked for; the operations are then other
 * ones. */
static int make_groups(struct creation *c, const struct create_opts *o, const struct config *cfg,
		       const struct host *host, struct cg_handles *ret, struct err *err)
{
	int r = cg_apply(&c->plan.cg, ret, err);

	if (r < 0 || !c->plan.cg.is_optional || ret->v2 >= 0 || ret->n_tasks)
		return r;
	c->c.state = NULL; /* its list of groups is the plan's */
	plan_clear(&c->plan);
	r = plan(o, CG_DISABLED, cfg, host, &c->plan, err);
	return r < 0 ? r : write_record(c, o, cfg, host, err);
}

/* The addresses are its own before there is a process; the links come once it has a network
 * namespace, while it is busy with its mounts. */
static int join_networks(struct creation *c, const struct create_opts *o, struct wire **ret,
			 struct err *err)
{
	*ret = NULL;
	if (!o->wire)
		return 0;
	const struct wire_place at = {o->root, c->c.id, c->c.dir_fd};
	return wire_join(&at, o->wire, &c->c.arena, ret, err);
}

static int bring_up(struct creation *c, const struct create_opts *o, const struct config *cfg,
		    const struct host *host, struct err *err)
{
	auto_(cg_handles) struct cg_handles cg = CG_HANDLES_NONE;
	struct outside outside = {
		.cfg = cfg,
		.process = cfg->process,
		.host = host,
		.plan = &c->plan,
		.cgroup = &cg,
		.subject = plan_hook_subject(cfg, o->id, o->bundle),
	};
	struct wire *wire;
	int r = make_groups(c, o, cfg, host, &cg, err);

	if (r < 0 || (r = rdt_apply(&c->plan.rdt, RDT_ROOT, err)) < 0 ||
	    (r = own_size_write(&c->c, OWN_SIZE_NEW, err)) < 0 ||
	    (r = join_networks(c, o, &wire, err)) < 0 || (r = spawn_init(c, o, &cg, err)) < 0)
		return r;
	outside.record = c->c.state;
	/* What is written goes to disk while the executor works on the other processor. */
	r = container_write_config(&c->c, o->config_text, o->config_len, err);
	pid_t first = c->spawn.pid;
	bool hooks = plan_has_hooks(cfg, HOOKS_OF_CREATE);
	if (r == 0)
		r = container_write_init(&c->c, first, hooks, err);
	if (r == 0 && wire)
		r = wire_up(o->root, c->c.id, first, wire, err);
	if (r == 0)
		r = spawn_until(&c->spawn, PROTO_READY, &c->plan.ops, outside_sync, &outside, err);
	if (r < 0 && c->spawn.state == PROTO_BROKEN &&
	    cg_oom_struck(c->plan.cg.names, c->plan.cg.n_names))
		err_say(err, ENOMEM, "container init was OOM-killed (memory limit too low?)");
	if (r < 0)
		return creation_explain(&c->spawn, &c->plan.ops, cfg->process, err);
	const struct wire_place at = {o->root, c->c.id, c->c.dir_fd};
	if (wire && (r = wire_help(&at, c->spawn.pid, o->wire, wire, &c->c.arena, err)) < 0)
		return r;
	if (c->spawn.pid != first || hooks) /* it had to fork; or hooks may have looked */
		r = container_write_init(&c->c, c->spawn.pid, false, err);
	if (r == 0) /* its clock can be seen now */
		r = own_size_write(&c->c, OWN_SIZE_ALL, err);
	struct stdio_opts io = o->io;
	if (!io.pidfd_socket)
		io.pidfd_socket = config_annotation(cfg, "run.oci.pidfd_receiver");
	return r < 0 ? r : creation_hand_over(&io, &c->spawn, err);
}

static int check_terminal(const struct create_opts *o, const struct config *cfg, struct err *err)
{
	bool detached = (o->io.detach || o->wait_for_start) && !o->has_monitor;

	if (cfg->process->terminal && detached && !o->io.console_socket)
		return err_say(
			err, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (o->io.console_socket && (!detached || !cfg->process->terminal))
		return err_say(err, EINVAL,
			       "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* Of an earlier life only the groups are left, whose last figures could be read until now. */
static int take_over(const struct create_opts *o, struct creation *c, struct err *err)
{
	struct container old = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(o->root, o->id, true, false, &old, err);

	if (r < 0)
		return r;
	enum container_status status = container_status(&old);
	if (status == STATUS_RUNNING || status == STATUS_PAUSED)
		r = err_say(err, EBUSY, "it is running already");
	else if (container_is_monitor(&old) && faccessat(old.dir_fd, MONITOR_HALT, F_OK, 0) == 0)
		r = err_say(err, ECANCELED, "it was stopped meanwhile");
	else if (old.state && (r = wire_down(old.root, old.id, old.dir_fd, err)) == 0) {
		if (old.pid)
			ledger_note_end(&old, LEDGER_ENDED);
		r = cg_undo(old.state->cgroups, old.state->n_cgroups, err);
	}
	if (r < 0) {
		container_clear(&old);
		return r;
	}
	container_forget_run(&old);
	c->created = old.state ? old.state->created : NULL;
	c->is_old = true;
	c->c = old;
	return 0;
}

static int claim(const struct create_opts *o, struct creation *c, struct err *err)
{
	return o->again ? take_over(o, c, err) : container_new(o->root, o->id, &c->c, err);
}

int creation_begin(const struct create_opts *o, const struct config *cfg, const struct host *host,
		   struct creation *ret, struct err *err)
{
	struct creation c = {
		.c = {.dir_fd = -1, .pidfd = -1},
		.spawn = SPAWN_NONE,
	};

	int r = plan(o, o->manager, cfg, host, &c.plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c.plan.n_warnings; i++)
		log_debug("%s", c.plan.warnings[i]);
	for (size_t i = 0; i < c.plan.cg.n_warnings; i++)
		log_warning("%s", c.plan.cg.warnings[i]);
	if ((r = check_terminal(o, cfg, err)) < 0 || (r = claim(o, &c, err)) < 0) {
		plan_clear(&c.plan);
		return r;
	}
	r = o->notify ? notify_prepare(c.c.dir_fd, err) : 0;
	if (r == 0)
		r = write_record(&c, o, cfg, host, err);
	if (r == 0)
		r = bring_up(&c, o, cfg, host, err);
	if (r < 0) {
		creation_undo(&c);
		return r;
	}
	*ret = c;
	return 0;
}

int creation_start(struct creation *c, const struct config *cfg, struct err *err)
{
	struct outside outside = {.record = c->c.state};
	int r = spawn_go(&c->spawn, err);

	if (r == 0)
		r = spawn_until(&c->spawn, PROTO_RUNNING, &c->plan.ops, outside_sync, &outside,
				err);
	if (r < 0)
		return creation_explain(&c->spawn, &c->plan.ops, cfg->process, err);
	return hooks_poststart(c->c.state, c->spawn.pid, err);
}

/* What of a network could not be taken away is known by the record alone. */
static void warn_of_network(const struct container *c, const struct err *err)
{
	char text[sizeof(err->msg) + 100];

	log_warning(
		"container %s stays, for its network does: %s; once that is mended: ctr delete %s",
		c->id, err_text(err, text, sizeof(text)), c->id);
}

/* A container that was there before stays, as one that does not run. */
void creation_undo(struct creation *c)
{
	struct err ignored, kept = {0};
	bool is_left = false;

	spawn_kill(&c->spawn);
	if (c->c.state) {
		is_left = wire_down(c->c.root, c->c.id, c->c.dir_fd, &kept) < 0;
		cg_undo(c->c.state->cgroups, c->c.state->n_cgroups, &ignored);
		rdt_undo(c->c.state->rdt_owned, c->c.state->n_rdt_owned, RDT_ROOT, &ignored);
		hooks_poststop(c->c.state);
	}
	if (is_left)
		warn_of_network(&c->c, &kept);
	if (c->is_old || is_left)
		container_forget_run(&c->c);
	else
		container_remove(&c->c, &ignored);
	creation_clear(c);
}

void creation_clear(struct creation *c)
{
	spawn_clear(&c->spawn);
	plan_clear(&c->plan);
	container_clear(&c->c);
}

int creation_explain(const struct spawn *s, const struct oplist *ops,
		     const struct config_process *process, struct err *err)
{
	/* Only finding and executing the program send it along. */
	if (s->state == PROTO_FAILED && s->root >= 0)
		return explain_exec(s->root, process, s->failed_num, err);
	if (s->state == PROTO_FAILED && s->failed_op < ops->n &&
	    ops->ops[s->failed_op].kind == OP_HOOK)
		hooks_explain(ops->why[s->failed_op], s->failed_num, s->hook_status, s->output,
			      err);
	return err_wrap(err, "unable to start container process");
}

int creation_hand_over(const struct stdio_opts *io, struct spawn *s, struct err *err)
{
	int r = 0;

	if (io->console_socket && s->console >= 0)
		r = handoff_fd(io->console_socket, s->console, "/dev/ptmx", err);
	if (r == 0 && io->pidfd_socket)
		r = handoff_fd(io->pidfd_socket, s->pidfd, "pidfd", err);
	if (r == 0 && io->pid_file)
		r = handoff_pid_file(io->pid_file, s->pid, err);
	return r;
}

int ctr_keep(const struct create_opts *o, const struct config *cfg, const struct host *host,
	     struct err *err)
{
	auto_(creation) struct creation c = {
		.c = {.dir_fd = -1, .pidfd = -1},
		.spawn = SPAWN_NONE,
	};
	int r = plan(o, o->manager, cfg, host, &c.plan, err);

	if (r < 0 || (r = container_new(o->root, o->id, &c.c, err)) < 0)
		return r;
	r = container_write_config(&c.c, o->config_text, o->config_len, err);
	if (r == 0)
		r = write_record(&c, o, cfg, host, err);
	if (r < 0) {
		struct err ignored;
		container_remove(&c.c, &ignored);
	}
	return r;
}

int ctr_create(const struct create_opts *o, const struct config *cfg, const struct host *host,
	       struct err *err)
{
	struct creation c;
	int r = creation_begin(o, cfg, host, &c, err);

	if (r < 0)
		return r;
	/* Until now it would have ended with us. */
	r = spawn_leave(&c.spawn, err);
	if (r < 0)
		creation_undo(&c);
	else
		creation_clear(&c);
	return r;
}
