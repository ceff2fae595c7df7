/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/create.h"
#include "runtime/filter.h"
#include "runtime/outside.h"
#include "runtime/schedule.h"
#include "runtime/secret.h"
#include "runtime/state.h"
#include "runtime/supervise.h"
#include "runtime/tenant.h"

struct exec {
	const struct exec_opts *o;
	const struct host *host;
	struct seccomp_filter filter;
	struct secret_values secrets;
	const struct config_process *process; /* with the variables that are secrets */
	struct plan plan;
	struct spawn spawn;
	struct arena mem;
};

static void exec_clear(struct exec *x)
{
	spawn_clear(&x->spawn);
	plan_clear(&x->plan);
	seccomp_filter_clear(&x->filter);
	secret_values_clear(&x->secrets);
	arena_clear(&x->mem);
}

static int check_status(const struct exec_opts *o, const struct container *c, struct err *err)
{
	enum container_status status = container_status(c);

	if (status == STATUS_PAUSED && !o->ignore_paused)
		return err_say(
			err, EBUSY,
			"cannot exec in a paused container (use --ignore-paused to override)");
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_say(err, ESRCH, "cannot exec in a stopped container");
	if (o->process->terminal && o->io.detach && !o->io.console_socket)
		return err_say(
			err, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (o->io.console_socket && (!o->io.detach || !o->process->terminal))
		return err_say(err, EINVAL,
			       "cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

/* Whether the user namespace of that process denies setgroups. */
static bool denies_setgroups(pid_t pid)
{
	char path[40], word[8] = "";

	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, word, 4) == 4 && word[0] == 'd';
}

/* Clones the executor into the container's group. A container that has divided its group has no
 * process in it any more, nor may it: then the group of its first process is taken. One that is
 * about to divide it (systemd, which boots) would be hindered by a process there. */
static int begin(struct exec *x, struct err *err)
{
	const struct state *st = x->o->container->state;
	int fds[PLAN_FDS_MAX];

	for (bool is_beside = cg_is_writable(x->o->config);; is_beside = true) {
		auto_(cg_handles) struct cg_handles cg = CG_HANDLES_NONE;
		int r = cg_enter(st->cgroups, st->n_cgroups, x->o->cgroup,
				 is_beside ? x->o->container->pid : 0, &cg, err);
		if (r < 0)
			return r;
		const struct plan_exec_want want = {
			.id = x->o->container->id,
			.namespaces = st->namespaces,
			.filter = x->filter.n ? &x->filter : NULL,
			.n_cgroups = cg.n_tasks,
			.has_rdt = st->n_rdt_groups != 0,
			.drops_groups = ((st->namespaces & CLONE_NEWUSER) || x->host->in_userns) &&
					denies_setgroups(x->o->container->pid),
			.preserve_fds = x->o->io.preserve_fds,
		};
		plan_clear(&x->plan);
		r = plan_exec(x->o->config, x->process, x->host, &want, &x->plan, err);
		if (r < 0)
			return r;
		for (unsigned i = 0; i < x->plan.n_fds; i++)
			fds[i] = x->plan.fds[i].kind == PLAN_FD_PIDFD
					 ? x->o->container->pidfd
					 : cg.tasks[x->plan.fds[i].index];
		const struct spawn_args args = {
			.ops = &x->plan.ops,
			.cgroup = cg.v2,
			.fds = fds,
			.preserve_fds = x->o->io.preserve_fds,
			.streams = x->o->io.streams,
		};
		r = spawn_begin(&args, &x->spawn, err);
		if (r != -EBUSY || is_beside)
			return r;
	}
}

static int bring_up(struct exec *x, struct err *err)
{
	struct outside outside = {
		.cfg = x->o->config,
		.process = x->o->process,
		.host = x->host,
		.plan = &x->plan,
		.record = x->o->container->state,
		.init = x->o->container->pid,
	};
	int r = begin(x, err);

	if (r < 0)
		return r;
	r = spawn_until(&x->spawn, PROTO_READY, &x->plan.ops, outside_sync, &outside, err);
	if (r == 0)
		r = creation_hand_over(&x->o->io, &x->spawn, err);
	if (r == 0)
		r = spawn_go(&x->spawn, err);
	if (r == 0)
		r = spawn_until(&x->spawn, PROTO_RUNNING, &x->plan.ops, outside_sync, &outside,
				err);
	if (r < 0) {
		creation_explain(&x->spawn, &x->plan.ops, x->o->process, err);
		spawn_kill(&x->spawn);
		if (x->o->io.pid_file)
			unlink(x->o->io.pid_file);
		return -err->num;
	}
	return 0;
}

static void end_late(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	while (poll(&p, 1, timeout_ms) < 0 && errno == EINTR)
		;
	if (!p.revents)
		sys_pidfd_send_signal(pidfd, SIGKILL);
}

int ctr_exec(const struct exec_opts *o, const struct host *host, int *ret_status, struct err *err)
{
	struct exec x = {.o = o, .host = host, .spawn = SPAWN_NONE};
	auto_fd int signals = -1;
	int status = 0;

	int r = check_status(o, o->container, err);
	if (r < 0 || (r = tenant_check_exec(o->container, o->process, err)) < 0)
		return r;
	if (!o->io.detach) {
		signals = supervise_signals(err);
		if (signals < 0)
			return signals;
	}
	const char *root = arena_copy(&x.mem, o->container->dir,
				      strlen(o->container->dir) - strlen(o->container->id));
	r = filter_get(o->config, host, root, &x.filter, err);
	if (r == 0)
		r = secrets_read(o->container->state->options, o->container->root,
				 SECRETS_VARIABLES, &x.secrets, err);
	x.process = secrets_environment(o->process, &x.secrets);
	if (r == 0)
		r = schedule_first_cpus(o->process, err);
	if (r == 0)
		r = bring_up(&x, err);
	if (r == 0 && o->timeout_ms)
		end_late(x.spawn.pidfd, o->timeout_ms);
	if (r == 0 && !o->io.detach)
		r = supervise(&x.spawn, signals, NULL, &status, err);
	exec_clear(&x);
	if (r == 0)
		*ret_status = status;
	return r;
}
