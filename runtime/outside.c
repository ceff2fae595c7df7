/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cgroups/rdt.h"
#include "namespaces/idmap.h"
#include "namespaces/rlimit.h"
#include "net/device.h"
#include "runtime/base/fd.h"
#include "runtime/disk.h"
#include "runtime/hooks.h"
#include "runtime/idwrite.h"
#include "runtime/listener.h"
#include "runtime/outside.h"
#include "runtime/state.h"

static int open_proc(const struct spawn *s, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)s->pid);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open %s", path) : fd;
}

static int set_limits(const struct outside *o, const struct spawn *s, struct err *err)
{
	const struct config_process *p = o->process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		struct rlimit lim = {.rlim_cur = p->rlimits[i].soft,
				     .rlim_max = p->rlimits[i].hard};
		int resource = rlimit_number(p->rlimits[i].type);
		if (resource < 0 ||
		    prlimit(s->pid, (enum __rlimit_resource)resource, &lim, NULL) < 0)
			return err_set(err, resource < 0 ? EINVAL : errno,
				       "process.rlimits[%zu] %s", i, p->rlimits[i].type);
	}
	if (!p->has_oom_score_adj)
		return 0;
	auto_fd int proc = open_proc(s, err);
	if (proc < 0)
		return proc;
	char text[16];
	snprintf(text, sizeof(text), "%d", p->oom_score_adj);
	int r = fd_put(proc, "oom_score_adj", text);
	return r < 0 ? err_set(err, r, "process.oomScoreAdj %s", text) : 0;
}

static int wrap_idmount(const struct idmount *m, struct err *err)
{
	return m->index == IDMOUNT_ROOT ? err_wrap(err, "the root file system")
					: err_wrap(err, "mounts[%zd]", m->index);
}

static int make_mounts(const struct outside *o, const struct spawn *s, struct chan_fds *reply,
		       struct err *err)
{
	auto_fd int proc = open_proc(s, err);

	if (proc < 0)
		return proc;
	for (size_t i = 0; i < o->plan->idmounts.n; i++) {
		const struct idmount *m = &o->plan->idmounts.list[i];
		int fd = m->is_disk ? disk_open(m->source, err) : idmount_open(m, proc, err);
		if (fd < 0)
			return wrap_idmount(m, err);
		reply->fd[reply->n++] = fd;
		if (m->is_disk && idmount_map(m, fd, proc, err) < 0)
			return wrap_idmount(m, err);
	}
	return 0;
}

static int move_devices(const struct outside *o, const struct spawn *s, struct err *err)
{
	const struct config_linux *l = o->cfg->linux_;

	if (!l->n_net_devices)
		return 0;
	auto_fd int proc = open_proc(s, err);
	if (proc < 0)
		return proc;
	auto_fd int netns = openat(proc, "ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_set(err, errno, "open the container's network namespace");
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct config_net_device *d = &l->net_devices[i];
		int r = device_move(d->key, d->name && *d->name ? d->name : d->key, netns, err);
		if (r < 0)
			return err_wrap(err, "linux.netDevices[\"%s\"]", d->key);
	}
	return 0;
}

static int runtime_part(const struct outside *o, const struct spawn *s, struct err *err)
{
	const struct config_hooks *h = o->init ? NULL : o->cfg->hooks;
	int r = rdt_enter(o->record->rdt_groups, o->record->n_rdt_groups, RDT_ROOT, s->pid, err);

	if (r == 0 && !o->init)
		r = move_devices(o, s, err);
	if (r < 0 || !h)
		return r;
	const struct hook_list lists[] = {
		{"prestart", h->prestart, h->n_prestart},
		{"createRuntime", h->create_runtime, h->n_create_runtime},
	};
	r = hooks_run(&lists[0], &o->subject, "creating", s->pid, err);
	return r < 0 ? r : hooks_run(&lists[1], &o->subject, "creating", s->pid, err);
}

/* The executor's hooks print into it; what they said is told if one fails. */
static int give_output(struct spawn *s, struct chan_fds *reply, struct err *err)
{
	auto_close_fd(&s->output);
	s->output = hooks_make_output();
	int copy = s->output < 0 ? s->output : fcntl(s->output, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return err_set(err, s->output < 0 ? s->output : errno,
			       "make a file for what hooks print");
	reply->fd[reply->n++] = copy;
	return 0;
}

int outside_sync(void *outside, enum sync_point point, struct spawn *s, struct chan_fds *reply,
		 struct err *err)
{
	const struct outside *o = outside;

	switch (point) {
	case SYNC_IDS: {
		auto_fd int proc = open_proc(s, err);
		return proc < 0 ? proc : idwrite_maps(o->cfg, o->host, proc, s->pid, err);
	}
	case SYNC_CGROUP:
		return cg_adopt(&o->plan->cg, s->pid, o->cgroup, err);
	case SYNC_LIMITS:
		return set_limits(o, s, err);
	case SYNC_RUNTIME:
		return runtime_part(o, s, err);
	case SYNC_LISTENER:
		return listener_send(o->record, s->seccomp, s->pid, o->init ? o->init : s->pid,
				     err);
	case SYNC_HOOKS:
		return give_output(s, reply, err);
	case SYNC_MOUNTS:
		return make_mounts(o, s, reply, err);
	}
	return err_say(err, EPROTO, "the container's init asked for step %d", (int)point);
}
