/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "net/wire.h"
#include "runtime/base/log.h"
#include "runtime/create.h"
#include "runtime/ledger.h"
#include "runtime/notify.h"
#include "runtime/own_size.h"
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

static void write_size(void *arg)
{
	const struct creation *c = arg;
	struct err err;

	if (own_size_write(&c->c, OWN_SIZE_BEAT, &err) < 0)
		log_debug("--own-size: %s", err.msg);
}

/* Until its end, what it is shown of itself is kept up to date. */
static int watch(struct creation *c, int signals, int *ret_status, struct err *err)
{
	struct beat beat = {write_size, c, -1};
	int r = own_size_wants(&c->c) ? beat_begin(&beat, OWN_LOAD_PERIOD_MS, err) : 0;

	auto_fd int timer = beat.timer;
	return r < 0 ? r : supervise(&c->spawn, signals, &beat, ret_status, err);
}

/* Whoever is supervised has somebody else wait for its word. */
static int relay(const struct creation *c, const struct create_opts *o, int ready, struct err *err)
{
	pid_t child = o->io.detach ? 0 : fork();

	if (child < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: fork");
	if (child > 0)
		return 0;
	int r = notify_relay(ready, o->notify, c->spawn.pid, c->spawn.pidfd, err);
	if (!o->io.detach)
		_exit(r < 0);
	return r;
}

int ctr_run(const struct create_opts *o, const struct config *cfg, const struct host *host,
	    int *ret_status, struct err *err)
{
	auto_(creation) struct creation c = {
		.c = {.dir_fd = -1, .pidfd = -1},
		.spawn = SPAWN_NONE,
	};
	auto_fd int signals = -1, ready = -1;
	int status = 0;

	if (!o->io.detach) {
		signals = supervise_signals(err);
		if (signals < 0)
			return signals;
	}
	int r = creation_begin(o, cfg, host, &c, err);
	if (r < 0)
		return r;
	if (o->notify && (ready = notify_listen(c.c.dir, err)) < 0)
		r = ready;
	if (r == 0)
		r = creation_start(&c, cfg, err);
	if (r < 0) {
		creation_undo(&c);
		return -err->num;
	}
	container_unlock(&c.c);
	if (ready >= 0)
		r = relay(&c, o, ready, err);
	if (r == 0 && !o->io.detach) {
		r = watch(&c, signals, &status, err);
		if (r == 0)
			r = finish(&c, o, status, err);
	}
	*ret_status = status;
	return r;
}
