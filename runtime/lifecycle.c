/* SPDX-License-Identifier: Apache-2.0 */
/* The commands on a container that exists: kill, delete, pause, resume, update. */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "cgroups/rdt.h"
#include "net/wire.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/hooks.h"
#include "runtime/ledger.h"
#include "runtime/lifecycle.h"
#include "runtime/own_size.h"
#include "runtime/state.h"

enum { END_TIMEOUT_MS = 10000 };

static bool has_pid_namespace(const struct container *c)
{
	return c->state && (c->state->namespaces & CLONE_NEWPID);
}

static int kill_groups(const struct container *c, int sig, struct err *err)
{
	return c->state ? cg_kill(c->state->cgroups, c->state->n_cgroups, sig, err) : 0;
}

int ctr_kill(const char *root, const char *id, int sig, bool all, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, false, false, &c, err);

	if (r < 0)
		return r;
	if (all)
		return kill_groups(&c, sig, err);
	if (c.pidfd < 0)
		return err_say(err, ESRCH, "container not running");
	/* Without a pid namespace the others would survive the first process. */
	if (sig == SIGKILL && !has_pid_namespace(&c))
		return kill_groups(&c, sig, err);
	if (sys_pidfd_send_signal(c.pidfd, sig) < 0) {
		if (errno == ESRCH)
			return err_say(err, ESRCH, "container not running");
		return err_set(err, errno, "send signal %d", sig);
	}
	/* A v1 freezer would keep even SIGKILL waiting. */
	struct err ignored;
	if (sig == SIGKILL && cg_is_frozen(c.state->cgroups, c.state->n_cgroups, &ignored) == 1)
		return cg_freeze(c.state->cgroups, c.state->n_cgroups, false, err);
	return 0;
}

int ctr_end(struct container *c, struct err *err)
{
	if (c->pidfd < 0)
		return 0;
	sys_pidfd_send_signal(c->pidfd, SIGKILL);
	int r = kill_groups(c, SIGKILL, err);
	if (r < 0)
		return r;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	for (;;) {
		r = poll(&p, 1, END_TIMEOUT_MS);
		if (r > 0)
			return 0;
		if (r == 0)
			return err_say(err, ETIMEDOUT, "process %d did not end in %d s",
				       (int)c->pid, END_TIMEOUT_MS / 1000);
		if (errno != EINTR)
			return err_set(err, errno, "wait for process %d", (int)c->pid);
	}
}

int ctr_dismantle(struct container *c, struct err *err)
{
	int r = wire_down(c->root, c->id, c->dir_fd, err);
	struct err ignored;

	/* Nobody may use anything any more when the sums are drawn. */
	if (r == 0 && c->state && !has_pid_namespace(c))
		kill_groups(c, SIGKILL, &ignored);
	if (r == 0)
		ledger_note_end(c, LEDGER_REMOVED);
	if (r == 0 && c->state)
		r = cg_undo(c->state->cgroups, c->state->n_cgroups, err);
	if (r == 0 && c->state)
		r = rdt_undo(c->state->rdt_owned, c->state->n_rdt_owned, RDT_ROOT, err);
	if (r < 0)
		return r;
	/* While the record is still there: whoever is killed now runs them again. */
	if (c->state)
		hooks_poststop(c->state);
	return container_remove(c, err);
}

int ctr_destroy(struct container *c, struct err *err)
{
	int r = ctr_end(c, err);

	return r < 0 ? r : ctr_dismantle(c, err);
}

int ctr_delete(const char *root, const char *id, bool force, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, true, force, &c, err);

	if (r < 0)
		return force && err->num == ENOENT ? 0 : r;
	enum container_status status = container_status(&c);
	if (!force && (status == STATUS_RUNNING || status == STATUS_PAUSED))
		return err_say(err, EBUSY, "cannot delete container %s that is not stopped: %s", id,
			       container_status_word(status));
	return ctr_destroy(&c, err);
}

static int open_running(const char *root, const char *id, enum container_status want,
			const char *text, struct container *ret, struct err *err)
{
	int r = container_open(root, id, true, false, ret, err);

	if (r < 0)
		return r;
	enum container_status now = container_status(ret);
	if (now == want || (want == STATUS_RUNNING && now == STATUS_CREATED))
		return 0;
	container_clear(ret);
	return err_say(err, EINVAL, "%s", text);
}

int ctr_pause(const char *root, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = open_running(root, id, STATUS_RUNNING, "container not running", &c, err);

	return r < 0 ? r : cg_freeze(c.state->cgroups, c.state->n_cgroups, true, err);
}

int ctr_resume(const char *root, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = open_running(root, id, STATUS_PAUSED, "container not paused", &c, err);

	return r < 0 ? r : cg_freeze(c.state->cgroups, c.state->n_cgroups, false, err);
}

int ctr_update(const char *root, const char *id, const struct config_resources *res,
	       struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(cg_plan) struct cg_plan plan = {0};
	int r = container_open(root, id, true, false, &c, err);

	if (r < 0)
		return r;
	if (!c.state || container_status(&c) == STATUS_STOPPED)
		return err_say(err, ESRCH, "container not running");
	r = cg_plan_update(res, c.state->cgroups, c.state->n_cgroups, &plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan.n_warnings; i++)
		log_warning("%s", plan.warnings[i]);
	r = cg_update(&plan, err);
	return r < 0 ? r : own_size_write(&c, false, err);
}

int ctr_update_rdt(const char *root, const char *id, const char *line, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, true, false, &c, err);

	if (r < 0)
		return r;
	if (!c.state || !c.state->n_rdt_groups)
		return err_say(err, EINVAL,
			       "the container has no linux.intelRdt: it is in no "
			       "resctrl group of its own");
	return rdt_write(c.state->rdt_groups[0], arena_printf(&c.arena, "%s\n", line), RDT_ROOT,
			 err);
}

int ctr_pids(const char *root, const char *id, pid_t **ret, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	size_t n = 0;
	int r = container_open(root, id, false, false, &c, err);

	if (r < 0)
		return r;
	if (!c.state)
		return err_say(err, ESRCH, "container not running");
	r = cg_procs(c.state->cgroups, c.state->n_cgroups, ret, &n, err);
	return r < 0 ? r : (int)n;
}
