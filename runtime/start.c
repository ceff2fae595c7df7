/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "runtime/base/fd.h"
#include "runtime/config/decode.h"
#include "runtime/create.h"
#include "runtime/filter.h"
#include "runtime/hooks.h"
#include "runtime/load.h"
#include "runtime/notify.h"
#include "runtime/outside.h"
#include "runtime/probe.h"
#include "runtime/state.h"

/* The one who starts has no plan at hand; only when the start failed it is made again, from the
 * same config on the same host, to know which operation it was. */
static int explain(const struct container *c, struct spawn *s, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(plan) struct plan plan = {0};
	auto_(seccomp_filter) struct seccomp_filter filter = {0};
	struct config *cfg;
	struct host host;
	struct err ignored, first = *err;

	if (s->state != PROTO_FAILED || load_config(c, &mem, &cfg, &ignored) < 0 ||
	    host_probe(&host, &ignored) < 0 || filter_get(cfg, &host, NULL, &filter, &ignored) < 0)
		return -err->num;
	if (faccessat(c->dir_fd, NOTIFY_DIR, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		notify_tell(cfg, c->dir, &mem);
	const struct plan_want want = {
		.id = c->id,
		.bundle = c->state->bundle,
		.manager = load_manager(c),
		.no_new_keyring = c->state->no_new_keyring,
		.preserve_fds = c->state->preserve_fds,
		.filter = filter.n ? &filter : NULL,
		.wait_for_start = true,
	};
	if (plan_create(cfg, &host, &want, &plan, &ignored) < 0 || s->failed_op >= plan.ops.n)
		return -err->num;
	err_set(&first, s->failed_num, "%s", plan.ops.why[s->failed_op]);
	*err = first;
	return creation_explain(s, &plan.ops, cfg->process, err);
}

static int check_status(const struct container *c, struct err *err)
{
	switch (container_status(c)) {
	case STATUS_CREATED:
		return 0;
	case STATUS_RUNNING:
	case STATUS_PAUSED:
		return err_say(err, EBUSY, "cannot start an already running container");
	case STATUS_STOPPED:
		return err_say(err, ESRCH, "cannot start a container that has stopped");
	case STATUS_CREATING:
		break;
	}
	return err_say(err, EBUSY, "cannot start a container that was not created completely");
}

int ctr_start(const char *root, const char *id, const char *notify, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(spawn) struct spawn s = SPAWN_NONE;
	static const struct oplist none;

	int r = container_open(root, id, true, false, &c, err);
	if (r < 0 || (r = check_status(&c, err)) < 0)
		return r;
	auto_fd int ready = -1;
	if (notify && faccessat(c.dir_fd, NOTIFY_DIR, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		ready = notify_listen(c.dir, err);
		if (ready < 0)
			return ready;
	}
	s.chan = chan_connect(c.dir_fd, "start.sock");
	if (s.chan < 0)
		return err_set(err, s.chan, "reach the container's init");
	s.state = PROTO_READY;
	s.pid = c.pid;
	struct outside outside = {.record = c.state};
	r = spawn_go(&s, err);
	if (r == 0)
		r = spawn_until(&s, PROTO_RUNNING, &none, outside_sync, &outside, err);
	/* Whatever came of it, nobody listens there any more. */
	unlinkat(c.dir_fd, "start.sock", 0);
	if (r < 0) {
		explain(&c, &s, err);
		/* Unless it has ended by itself, it will not get any further. */
		struct err ignored;
		ctr_end(&c, &ignored);
		return -err->num;
	}
	r = hooks_poststart(c.state, c.pid, err);
	if (r < 0) { /* runtime.md, lifecycle: the container is stopped and destroyed */
		struct err ignored;
		ctr_destroy(&c, &ignored);
	}
	if (r < 0 || ready < 0)
		return r;
	container_unlock(&c);
	return notify_relay(ready, notify, c.pid, c.pidfd, err);
}
