/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/network_cni.h"
#include "net/cni_list.h"
#include "net/store.h"
#include "runtime/container.h"

/* ---- members ----------------------------------------------------------------------------------*/

/* A container's record, if it is in that network; else NULL. */
static const struct wire *member(const struct call *call, const char *id, const char *network)
{
	auto_fd int dir = open(arena_printf(call->mem, "%s/%s", call->g->root, id),
			       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct wire *wire = NULL;
	struct err ignored;

	if (dir < 0 || wire_load(dir, call->mem, &wire, &ignored) < 0 || !wire || !wire->helper)
		return NULL;
	return str_eq(wire->helper, network) ? wire : NULL;
}

static void show_member(struct json_out *o, const char *id, const struct wire *wire)
{
	const struct wire_end *e = wire->n_ends ? &wire->ends[0] : NULL;

	json_open(o, NULL, '{');
	json_text(o, "id", id);
	if (e && e->address)
		json_text(o, "address", e->address);
	if (e && e->address6)
		json_text(o, "address6", e->address6);
	json_close(o, '}');
}

/* Into o, unless that is NULL. Returns how many. */
static int members(const struct call *call, const char *network, struct json_out *o,
		   struct err *err)
{
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err), found = 0;

	for (int i = 0; i < n; i++) {
		const struct wire *wire = member(call, ids[i], network);
		if (wire && o)
			show_member(o, ids[i], wire);
		found += wire != NULL;
	}
	return n < 0 ? n : found;
}

/* ---- the verbs --------------------------------------------------------------------------------*/

static void show(struct json_out *o, const char *key, const char *name,
		 const struct cni_listed *one)
{
	json_open(o, key, '{');
	json_text(o, "name", name);
	json_text(o, "driver", "cni");
	json_text(o, "source", one->file);
	if (key)
		json_raw(o, "config", one->text);
	json_close(o, '}');
}

int network_cni_rows(const struct call *call, struct words *cells, struct json_out *o,
		     struct err *err)
{
	struct arena *mem = call->mem;
	struct cni_listed *list;
	int n = geteuid() ? 0 : cni_networks(mem, &list, err);

	for (int i = 0; i < n; i++) {
		const char *name = arena_printf(mem, CNI_PREFIX "%s", list[i].name);
		int used = members(call, name, NULL, err);
		if (used < 0)
			return used;
		const char *row[] = {name, "cni", "-", "-", "-", arena_printf(mem, "%d", used)};
		for (size_t k = 0; k < sizeof(row) / sizeof(*row); k++)
			words_add(cells, row[k], mem);
		show(o, NULL, name, &list[i]);
	}
	return n;
}

int network_cni_inspect(const struct call *call, const char *network, struct json_out *o,
			struct err *err)
{
	struct cni_listed one;
	int r = cni_look(network + strlen(CNI_PREFIX), call->mem, &one, err);

	if (r < 0)
		return r;
	json_open(o, NULL, '{');
	show(o, "network", network, &one);
	json_open(o, "members", '[');
	r = members(call, network, o, err);
	json_close(o, ']');
	json_close(o, '}');
	return r < 0 ? r : 0;
}

int network_cni_refuse(const struct call *call, const char *verb, struct err *err)
{
	for (size_t i = 0; i < call->n_words; i++) {
		struct cni_listed one;
		if (!cni_is(call->words[i]))
			continue;
		int r = cni_look(call->words[i] + strlen(CNI_PREFIX), call->mem, &one, err);
		if (r < 0)
			return r;
		err_say(err, EINVAL, "network %.80s is not ctr's to %s: %s describes it",
			call->words[i], verb, one.file);
		err_hint(err, "it is there as long as the file is; a container is in it from its "
			      "start to its end");
		return -EINVAL;
	}
	return 0;
}
