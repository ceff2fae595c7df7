/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wire.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/ledger.h"
#include "runtime/outside.h"
#include "runtime/state.h"
#include "runtime/supervise.h"

/* Removes the ended container, or leaves it "stopped" with its exit code. The groups of a kept one
 * stay, so that its last figures can be read; its addresses are free again. */
static int finish(struct creation *c, const struct create_opts *o, int status, struct err *err)
{
	if (o->auto_remove)
		return ctr_dismantle(&c->c, err);
	int r = wire_down(c->c.root, c->c.id, c->c.dir_fd, err);
	if (r == 0)
		r = container_write_exit(&c->c, status, err);
	ledger_note_end(&c->c, LEDGER_ENDED);
	return r;
}

int ctr_run(const struct create_opts *o, const struct config *cfg, const struct host *host,
	    int *ret_status, struct err *err)
{
	auto_(creation) struct creation c = {
		.c = {.dir_fd = -1, .pidfd = -1},
		.spawn = SPAWN_NONE,
	};
	auto_fd int signals = -1;
	int status = 0;

	if (!o->io.detach) {
		signals = supervise_signals(err);
		if (signals < 0)
			return signals;
	}
	int r = creation_begin(o, cfg, host, &c, err);
	if (r < 0)
		return r;
	struct outside outside = {.record = c.c.state};
	r = spawn_go(&c.spawn, err);
	if (r == 0)
		r = spawn_until(&c.spawn, PROTO_RUNNING, &c.plan.ops, outside_sync, &outside, err);
	if (r < 0)
		creation_explain(&c.spawn, &c.plan.ops, cfg->process, err);
	else
		r = hooks_poststart(c.c.state, c.spawn.pid, err);
	if (r < 0) {
		creation_undo(&c);
		return -err->num;
	}
	if (!o->io.detach) {
		container_unlock(&c.c);
		r = supervise(&c.spawn, signals, &status, err);
		if (r == 0)
			r = finish(&c, o, status, err);
	}
	*ret_status = status;
	return r;
}
