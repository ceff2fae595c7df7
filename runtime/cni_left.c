/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "net/cni_keep.h"
#include "net/wire.h"
#include "runtime/cni_left.h"
#include "runtime/container.h"
#include "runtime/state.h"

/* ---- containers that have ended -----------------------------------------------------------------*/

static bool has_ended(const struct container *c)
{
	auto_fd int monitor = container_monitor(c);
	enum container_status status = container_status(c);

	return c->pidfd < 0 && monitor < 0 &&
	       (!c->state || status == STATUS_STOPPED || status == STATUS_CREATING);
}

/* Its network, when it has one of CNI's, nobody works on it and it does not run; else NULL. */
static const char *left_by(const char *root, const char *id, struct arena *mem)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct wire *wire;
	struct err ignored;

	if (container_is_busy(root, id) ||
	    container_open(root, id, false, true, &c, &ignored) < 0 || !has_ended(&c) ||
	    wire_load(c.dir_fd, mem, &wire, &ignored) < 0 || !wire || !wire->cni)
		return NULL;
	return wire->helper;
}

/* Whoever waits for its end takes it away a moment later. */
static const char *left_for_good(const char *root, const char *id, struct arena *mem)
{
	const char *network = left_by(root, id, mem);

	for (int i = 0; network && i < 5; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000L}, NULL);
		network = left_by(root, id, mem);
	}
	return network;
}

static int take_down(const char *root, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(root, id, true, true, &c, err);

	if (r == -ENOENT || (r == 0 && !has_ended(&c))) /* meanwhile */
		return 0;
	return r < 0 ? r : wire_down(root, id, c.dir_fd, err);
}

/* ---- containers that are gone -------------------------------------------------------------------*/

static bool is_gone(const char *root, const char *id, struct arena *mem)
{
	const char *dir = arena_printf(mem, "%s/%s", root, id);

	if (access(dir, F_OK) == 0 && container_is_busy(root, id))
		return false;
	return access(arena_printf(mem, "%s/net.json", dir), F_OK) < 0 && errno == ENOENT;
}

/* ---- all of them --------------------------------------------------------------------------------*/

struct looking {
	const char *root;
	bool repairs;
	struct arena mem;
	struct str *lines;
	int count;
	struct err failure; /* the first one */
};

static void found(struct looking *l, const char *id, const char *network, const char *what)
{
	str_addf(l->lines, "network %s: container %s %s, its plugins were not told so\n", network,
		 id, what);
	l->count++;
}

static void note(struct looking *l, int r, const struct err *err)
{
	if (r < 0 && !l->failure.num)
		l->failure = *err;
}

static int look_at_ended(struct looking *l, struct err *err)
{
	const char **ids;
	int n = container_ids(l->root, &l->mem, &ids, err);

	for (int i = 0; i < n; i++) {
		struct err one = {0};
		const char *network = left_for_good(l->root, ids[i], &l->mem);
		if (!network)
			continue;
		found(l, ids[i], network, "has ended");
		if (l->repairs)
			note(l, take_down(l->root, ids[i], &one), &one);
	}
	return n < 0 ? n : 0;
}

static int look_at_gone(struct looking *l, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	struct words ids = {0};
	int r = nets_open(l->root, false, &n, err);

	if (r < 0 || (r = cni_kept(&n, &l->mem, &ids, err)) < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		struct wire *wire = NULL;
		struct err one = {0};
		if (!is_gone(l->root, ids.v[i], &l->mem))
			continue;
		r = cni_recall(&n, ids.v[i], &l->mem, &wire, &one);
		note(l, r, &one);
		if (r < 0)
			continue;
		if (wire && wire->helper)
			found(l, ids.v[i], wire->helper, "is gone");
		if (l->repairs)
			note(l, cni_undo(&n, ids.v[i], &one), &one);
	}
	return 0;
}

int cni_left(const char *root, bool repairs, struct str *ret, struct err *err)
{
	struct looking l = {.root = root, .repairs = repairs, .lines = ret};
	int r = look_at_ended(&l, err);

	if (r == 0)
		r = look_at_gone(&l, err);
	arena_clear(&l.mem);
	if (r == 0 && l.failure.num) {
		*err = l.failure;
		r = -err->num;
	}
	return r < 0 ? r : l.count;
}
