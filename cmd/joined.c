/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/joined.h"
#include "cmd/volume.h"
#include "runtime/base/path.h"
#include "runtime/load.h"

#define CONTAINER "container:"

/* ---- namespaces -------------------------------------------------------------------------------*/

int joined_open(const char *root, const char *flag, const char *id, struct container *ret,
		struct err *err)
{
	int r = container_open(root, id, false, false, ret, err);

	if (r == 0 && ret->pidfd < 0) {
		r = err_say(err, ESRCH, "container not running");
		err_hint(err, "ctr start %.60s", id);
	}
	return r < 0 ? err_wrap(err, "%s " CONTAINER "%.60s", flag, id) : 0;
}

const char *joined_path(const struct container *c, const char *name, struct arena *mem)
{
	return arena_printf(mem, "/proc/%d/ns/%s", (int)c->pid, name);
}

static int find_path(const char *root, const char *flag, const char *id, struct arena *mem,
		     const char **ret, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = joined_open(root, flag, id, &c, err);

	if (r == 0) /* all flags have the name of their namespace's file, but for this one */
		*ret = joined_path(&c, str_eq(flag, "--network") ? "net" : flag + 2, mem);
	return r;
}

int joined_find(const struct compose *in, const char *root, struct run_facts *facts,
		struct state_options *ret, struct err *err)
{
	const char *pid = in->flags->namespaces.pid;

	ret->joined_network = facts->network.container;
	if (!pid || !str_starts(pid, CONTAINER))
		return 0;
	ret->joined_pid = pid + strlen(CONTAINER);
	return find_path(root, "--pid", ret->joined_pid, in->mem, &facts->pid_path, err);
}

int joined_again(const struct call *call, const struct state_options *o, struct config *cfg,
		 struct err *err)
{
	const struct {
		enum config_namespace_type type;
		const char *flag, *id;
	} rows[] = {
		{CONFIG_NAMESPACE_TYPE_NETWORK, "--network", o->joined_network},
		{CONFIG_NAMESPACE_TYPE_PID, "--pid", o->joined_pid},
	};
	struct config_linux *l = cfg->linux_;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t k = 0; rows[i].id && k < l->n_namespaces; k++)
			if (l->namespaces[k].type == rows[i].type &&
			    find_path(call->g->root, rows[i].flag, rows[i].id, call->mem,
				      &l->namespaces[k].path, err) < 0)
				return -err->num;
	return 0;
}

/* ---- volumes ----------------------------------------------------------------------------------*/

static bool has_option(const struct config_mount *m, const char *word)
{
	for (size_t i = 0; i < m->n_options; i++)
		if (str_eq(m->options[i], word))
			return true;
	return false;
}

/* Not what ctr itself puts into each container. */
static bool is_volume(const struct call *call, const struct config_mount *m)
{
	static const char *const ours[] = {"/proc", "/sys", "/dev"};

	if (!m->type || !m->source || !m->destination || !str_eq(m->type, "bind") ||
	    (path_below(m->source, call->g->root) &&
	     !path_below(m->source, volumes_dir(call->g->root, call->mem))))
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (path_below(m->destination, ours[i]))
			return false;
	return true;
}

static int volumes_of(const struct call *call, const char *id, bool readonly, struct words *ret,
		      struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct config *cfg = NULL;

	if (container_open(call->g->root, id, false, false, &c, err) < 0 ||
	    load_config(&c, call->mem, &cfg, err) < 0)
		return -err->num;
	for (size_t i = 0; i < cfg->n_mounts; i++) {
		const struct config_mount *m = &cfg->mounts[i];
		bool is_ro = readonly || has_option(m, "ro") || has_option(m, "rro");
		if (is_volume(call, m))
			words_add(ret,
				  arena_printf(call->mem, "%s:%s%s", m->source, m->destination,
					       is_ro ? ":ro" : ""),
				  call->mem);
	}
	return 0;
}

int joined_volumes(const struct call *call, const struct words *from, struct run_flags *flags,
		   struct err *err)
{
	struct words all = {0};

	for (size_t i = 0; i < from->n; i++) {
		const char *colon = strchrnul(from->v[i], ':');
		const char *id = arena_copy(call->mem, from->v[i], (size_t)(colon - from->v[i]));
		if (*colon && !str_eq(colon, ":ro") && !str_eq(colon, ":rw"))
			return err_say(err, EINVAL,
				       "--volumes-from: expected ID[:ro], got \"%.60s\"",
				       from->v[i]);
		if (volumes_of(call, id, str_eq(colon, ":ro"), &all, err) < 0)
			return err_wrap(err, "--volumes-from");
	}
	for (size_t i = 0; i < flags->volumes.n; i++)
		words_add(&all, flags->volumes.v[i], call->mem);
	flags->volumes = all;
	return 0;
}
