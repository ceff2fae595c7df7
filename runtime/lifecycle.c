/* SPDX-License-Identifier: Apache-2.0 */
/* The commands on a container that exists: kill, delete, pause, resume, update. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "cgroups/rdt.h"
#include "net/wire.h"
#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/hooks.h"
#include "runtime/keep.h"
#include "runtime/ledger.h"
#include "runtime/lifecycle.h"
#include "runtime/own_size.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

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

/* Before a container is deleted its monitor must be gone. The monitor itself may be the one who
 * deletes; one that is about to end is given the time, and needs the lock for it. */
static int end_monitor(const char *root, const char *id, bool force, struct err *err)
{
	enum { PATIENCE_MS = 2000 };
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, false, force, &c, err);

	if (r < 0)
		return r;
	if (container_is_monitor(&c) || (!force && container_status(&c) != STATUS_STOPPED))
		return 0;
	auto_fd int pidfd = container_monitor(&c);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	if (force)
		container_halt(&c);
	if (pidfd < 0)
		return 0;
	if (force)
		sys_pidfd_send_signal(pidfd, SIGKILL);
	if (poll(&p, 1, force ? END_TIMEOUT_MS : PATIENCE_MS) > 0)
		return 0;
	return err_say(err, EBUSY, "cannot delete container %s that is about to be started again",
		       id);
}

int ctr_delete(const char *root, const char *id, bool force, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_had_monitor(root, id) ? end_monitor(root, id, force, err) : 0;

	if (r == 0)
		r = container_open(root, id, true, force, &c, err);
	if (r < 0)
		return force && err->num == ENOENT ? 0 : r;
	enum container_status status = container_status(&c);
	if (!force && (status == STATUS_RUNNING || status == STATUS_PAUSED))
		return err_say(err, EBUSY, "cannot delete container %s that is not stopped: %s", id,
			       container_status_word(status));
	r = ctr_end(&c, err);
	return r < 0 ? r : ctr_dismantle(&c, err);
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

/* Until the process of pidfd has ended; false: not in time. timeout_ms -1: for ever. */
static bool ends_in_time(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

/* The exit code is there when the monitor has done its part. One that waits with a restart is ended. */
static void settle(const struct container *c)
{
	enum { STEP_MS = 5, STEPS = 1000 };
	auto_fd int monitor = container_monitor(c);

	for (int i = 0; monitor >= 0 && i < STEPS; i++) {
		if (container_exit_code(c) >= 0)
			sys_pidfd_send_signal(monitor, SIGUSR1);
		if (ends_in_time(monitor, STEP_MS))
			return;
	}
}

int ctr_note_end(const char *root, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, true, false, &c, err);

	if (r < 0 || c.pidfd >= 0)
		return r;
	r = wire_down(c.root, c.id, c.dir_fd, err);
	ledger_note_end(&c, LEDGER_ENDED);
	return r;
}

int ctr_stop(const char *root, const char *id, const struct stop_opts *o, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	/* A start that goes on is awaited; the next one sees that it is not to be. */
	int r = container_open(root, id, true, false, &c, err);

	if (r < 0)
		return r;
	const struct state_options *s = c.state ? c.state->options : NULL;
	int sig = o->sig ? o->sig : s && s->stop_signal ? (int)s->stop_signal : SIGTERM;
	int64_t ms = o->timeout != STOP_TIMEOUT_OWN ? o->timeout
		     : s && s->has_stop_timeout     ? s->stop_timeout
						    : STOP_TIMEOUT_DEFAULT;
	container_halt(&c);
	container_unlock(&c);
	if (c.pidfd >= 0 && c.state) {
		sys_pidfd_send_signal(c.pidfd, sig);
		struct err ignored;
		if (cg_is_frozen(c.state->cgroups, c.state->n_cgroups, &ignored) == 1)
			cg_freeze(c.state->cgroups, c.state->n_cgroups, false, &ignored);
		ms = ms < 0 ? -1 : ms * 1000 > INT_MAX ? INT_MAX : ms * 1000;
		if (!ends_in_time(c.pidfd, (int)ms) && (r = ctr_end(&c, err)) < 0)
			return r;
	}
	settle(&c);
	return 0;
}

void ctr_halt(const char *root, const char *id)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;

	if (container_open(root, id, false, false, &c, &ignored) == 0 && c.state && c.state->engine)
		container_halt(&c);
}

/* The writable layer names its container's record in the first line of `uses` (image/snapshot.h): as
 * long as that is there, the layer is somebody's. */
static int rename_user(const struct state *s, const char *root, const char *to, struct err *err)
{
	enum { USES_MAX = 1 << 20 };
	auto_(str) struct str old = {0}, text = {0};

	if (!s->scratch)
		return 0;
	auto_fd int dir = open(s->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : fd_read_file(dir, "uses", USES_MAX, &old);
	if (r == 0) {
		str_addf(&text, "%s/%s%s", root, to, strchrnul(old.p ? old.p : "", '\n'));
		r = fd_replace(dir, "uses", text.p, text.len, 0600);
	}
	return r < 0 ? err_set(err, r, "write %s/uses", s->scratch) : 0;
}

/* Both names are there until the end, so that whoever is killed between leaves no layer without a
 * container. */
int ctr_rename(const char *root, const char *id, const char *to, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1}, place = c;
	int r = container_open(root, id, true, false, &c, err);

	if (r < 0)
		return r;
	if (!c.state)
		return err_say(err, EBUSY, "it is being made");
	if (c.state->options && c.state->options->wire) {
		err_say(err, ENOTSUP, "its networks know it by its name");
		err_hint(err, "make it again with --name, or with --network none");
		return -ENOTSUP;
	}
	if (container_new(root, to, &place, err) < 0)
		return err_wrap(err, "%.80s", to);
	struct state state = *c.state;
	state.id = to;
	r = rename_user(&state, root, to, err);
	if (r == 0)
		r = container_write_state(&c, &state, err);
	if (r == 0 &&
	    syscall(SYS_renameat2, AT_FDCWD, c.dir, AT_FDCWD, place.dir, RENAME_EXCHANGE) < 0)
		r = err_set(err, errno, "rename %s", c.dir);
	if (rmdir(r == 0 ? c.dir : place.dir) < 0 && r == 0)
		r = err_set(err, errno, "remove %s", c.dir);
	return r;
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
	if ((r = tenant_check_update(&c, res, err)) < 0 ||
	    (r = cg_plan_update(res, c.state->cgroups, c.state->n_cgroups, &plan, err)) < 0)
		return r;
	for (size_t i = 0; i < plan.n_warnings; i++)
		log_warning("%s", plan.warnings[i]);
	if ((r = cg_update(&plan, err)) < 0 || (r = keep_resources(&c, res, err)) < 0)
		return r;
	return own_size_write(&c, OWN_SIZE_ALL, err);
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
