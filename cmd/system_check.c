/* SPDX-License-Identifier: Apache-2.0 */
/* system check: the store, the containers' records, the networks. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/remove.h"
#include "cmd/system.h"
#include "image/check.h"
#include "net/network.h"
#include "runtime/base/path.h"
#include "runtime/cni_left.h"
#include "runtime/ledger.h"
#include "runtime/state.h"
#include "runtime/walk.h"

/* ---- containers -------------------------------------------------------------------------------*/

/* What is wrong with it; NULL: nothing. */
static const char *fault_of(const struct call *call, const char *id, bool *ret_leftover)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err err = {0};

	*ret_leftover = true;
	if (container_is_busy(call->g->root, id) ||
	    container_open(call->g->root, id, false, true, &c, &err) < 0)
		return NULL;
	if (!c.state)
		return "its making was cut short";
	auto_fd int monitor = container_monitor(&c);
	enum container_status status = container_status(&c);
	if (status == STATUS_CREATING && c.pidfd < 0)
		return "its making was cut short";
	if (monitor >= 0)
		return NULL;
	if (status == STATUS_STOPPED && c.state->auto_remove)
		return "it has ended, and should have been removed";
	*ret_leftover = false;
	if ((status == STATUS_RUNNING || status == STATUS_PAUSED) &&
	    faccessat(c.dir_fd, "monitor", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return "it runs without its monitor (ctr restart makes another)";
	return NULL;
}

/* Between two steps of a command it may look so for a moment. */
static const char *lasting_fault(const struct call *call, const char *id, bool *ret_leftover)
{
	const char *fault = fault_of(call, id, ret_leftover);

	for (int i = 0; fault && *ret_leftover && i < 5; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000L}, NULL);
		fault = fault_of(call, id, ret_leftover);
	}
	return fault;
}

static int check_containers(struct call *call, struct check *c, struct err *err)
{
	static const struct engine_removal all = {.force = true, .volumes = true};
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err);

	for (int i = 0; i < n; i++) {
		bool is_leftover;
		const char *fault = lasting_fault(call, ids[i], &is_leftover);
		if (!fault)
			continue;
		bool mend = c->repairs && is_leftover;
		if (mend && engine_remove(call, ids[i], &all, err) < 0)
			return err_wrap(err, "%s", ids[i]);
		check_line(c, mend, "container %s: %s", ids[i], fault);
	}
	return n < 0 ? n : 0;
}

/* ---- logs -------------------------------------------------------------------------------------*/

static bool is_log(const struct call *call, const char *path)
{
	const char **ids;
	struct err ignored = {0};
	int n = container_ids(call->g->root, call->mem, &ids, &ignored);
	bool found = n < 0;

	for (int i = 0; i < n && !found; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		found = container_open(call->g->root, ids[i], false, true, &c, &ignored) == 0 &&
			(!c.state || (c.state->options && c.state->options->log_dir &&
				      str_eq(c.state->options->log_dir, path)));
	}
	return found;
}

static int check_logs(struct call *call, struct check *c)
{
	const char *path =
		arena_printf(call->mem, "%s/logs", ledger_state_dir(call->g->root, call->mem));
	auto_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct words names = {0};

	if (dir < 0 || walk_names(dir, &names, call->mem) < 0)
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		const char *log = arena_printf(call->mem, "%s/%s", path, names.v[i]);
		if (is_log(call, log) || faccessat(dir, names.v[i], F_OK, 0) < 0)
			continue;
		bool mend = c->repairs && path_remove_tree(dir, names.v[i]) == 0;
		check_line(c, mend, "%s: the log of a container that is gone", log);
	}
	return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------*/

static int check_networks(const struct call *call, struct check *c, struct err *err)
{
	const char *path = arena_printf(call->mem, "%s/.net", call->g->root);
	auto_(nets) struct nets n = NETS_NONE;
	auto_(str) struct str text = {0};
	size_t lines = 0;

	if (access(path, F_OK) < 0)
		return 0;
	/* Plugins take their time: not under the lock of the networks. */
	struct err plugins = {0};
	int left = cni_left(call->g->root, c->repairs, &text, &plugins);
	int r = nets_open(call->g->root, true, &n, err);
	if (r < 0)
		return r;
	int bad = network_check(&n, &text, err);
	if (bad < 0 || (bad && c->repairs && network_repair(&n, err) < 0))
		return -err->num;
	for (char *save = NULL, *line = text.p ? strtok_r(text.p, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save), lines++)
		check_line(c, c->repairs, "network: %s", line);
	if (left < 0)
		*err = plugins;
	return left < 0 ? left : 0;
}

static int check_images(const struct call *call, struct check *c, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	int r = store_open(call->g->store, false, &s, err);

	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	return r < 0 ? r : check_store(&s, c, err);
}

/* Records first: what they name is somebody's. */
int system_check(struct call *call, struct err *err)
{
	const struct system_opts *o = call->opts;
	auto_(check) struct check c = {.repairs = o->repair};

	int r = check_containers(call, &c, err);
	if (r == 0)
		r = check_logs(call, &c);
	if (r == 0)
		r = check_networks(call, &c, err);
	if (r == 0)
		r = check_images(call, &c, err);
	struct err other = {0};
	int w = out_text(&c.text, r < 0 ? &other : err);
	if (r < 0 || w < 0)
		return r < 0 ? r : w;
	return c.n_found > c.n_mended;
}
