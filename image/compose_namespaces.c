/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "runtime/base/str.h"

/* ---- ids --------------------------------------------------------------------------------------*/

static void map_ids(struct config_linux *l, struct id_range uids, struct id_range gids,
		    struct arena *mem)
{
	struct config_id_mapping *m = arena_zalloc(mem, 2, sizeof(*m));

	m[0] = (struct config_id_mapping){0, true, uids.first, true, uids.count, true};
	m[1] = (struct config_id_mapping){0, true, gids.first, true, gids.count, true};
	l->uid_mappings = &m[0];
	l->gid_mappings = &m[1];
	l->n_uid_mappings = l->n_gid_mappings = 1;
}

bool compose_maps_ids(const struct compose *in)
{
	return in->host->euid != 0 || in->facts->ids.count;
}

/* ---- what the flags say -----------------------------------------------------------------------*/

static const char *mode(const struct compose *in, enum config_namespace_type type)
{
	const struct namespace_flags *f = &in->flags->namespaces;
	const char *text = type == CONFIG_NAMESPACE_TYPE_PID      ? f->pid
			   : type == CONFIG_NAMESPACE_TYPE_IPC    ? f->ipc
			   : type == CONFIG_NAMESPACE_TYPE_UTS    ? f->uts
			   : type == CONFIG_NAMESPACE_TYPE_CGROUP ? f->cgroup
								  : NULL;

	return text ? text : "private";
}

bool compose_is_hosts(const struct compose *in, enum config_namespace_type type)
{
	if (type == CONFIG_NAMESPACE_TYPE_NETWORK)
		return in->facts->network.kind == RUN_NETWORK_HOST;
	return str_eq(mode(in, type), "host");
}

static bool joins_pid(const struct compose *in)
{
	return str_starts(mode(in, CONFIG_NAMESPACE_TYPE_PID), "container:");
}

static int check_modes(const struct compose *in, struct err *err)
{
	static const struct {
		enum config_namespace_type type;
		const char *flag, *hint;
	} rows[] = {
		{CONFIG_NAMESPACE_TYPE_PID, "--pid", NULL},
		{CONFIG_NAMESPACE_TYPE_IPC, "--ipc",
		 "a volume at /dev/shm, -v NAME:/dev/shm, is memory that containers share"},
		{CONFIG_NAMESPACE_TYPE_UTS, "--uts", NULL},
		{CONFIG_NAMESPACE_TYPE_CGROUP, "--cgroupns", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = mode(in, rows[i].type);
		bool is_pid = rows[i].type == CONFIG_NAMESPACE_TYPE_PID;
		if (str_eq(text, "private") || str_eq(text, "host") ||
		    (is_pid && in->facts->pid_path))
			continue;
		err_say(err, EINVAL, "%s: expected private%s or host, got \"%.60s\"", rows[i].flag,
			is_pid ? ", container:ID" : "", text);
		if (rows[i].hint)
			err_hint(err, "%s", rows[i].hint);
		return -EINVAL;
	}
	return 0;
}

/* What would do nothing, or not to this container alone. */
static int check_conflicts(const struct compose *in, struct err *err)
{
	const struct run_flags *f = in->flags;
	bool pid = compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_PID) || joins_pid(in);
	bool uts = compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_UTS);
	bool ipc = compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_IPC);
	bool cgroup = compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_CGROUP);
	const struct err_conflict rows[] = {
		{uts && f->hostname, "--hostname with --uts host", "it would be the host's name"},
		{uts && f->domainname, "--domainname with --uts host",
		 "it would be the host's name"},
		{ipc && f->shm_size, "--shm-size with --ipc host", "/dev/shm is the host's"},
		{pid && f->init, "--init with --pid", "another process is number 1 there"},
		{pid && f->systemd, "--systemd with --pid", "systemd has to be process 1"},
		{cgroup && f->systemd, "--systemd with --cgroupns host",
		 "it would take the host's control groups for its own"},
		{joins_pid(in) && compose_maps_ids(in),
		 "--pid container:ID in a user namespace of its own",
		 "only root's containers without a tenant can show another's processes"},
	};

	return err_conflicts(rows, sizeof(rows) / sizeof(*rows), err);
}

/* ---- config -----------------------------------------------------------------------------------*/

/* A user who is not root becomes root in a user namespace, where that is nobody else; a tenant's
 * containers have its ids. */
int compose_namespaces(const struct compose *in, struct config_linux *l, struct err *err)
{
	static const enum config_namespace_type types[] = {
		CONFIG_NAMESPACE_TYPE_MOUNT,  CONFIG_NAMESPACE_TYPE_PID,
		CONFIG_NAMESPACE_TYPE_IPC,    CONFIG_NAMESPACE_TYPE_UTS,
		CONFIG_NAMESPACE_TYPE_CGROUP, CONFIG_NAMESPACE_TYPE_NETWORK,
	};
	const size_t n = sizeof(types) / sizeof(*types);
	const struct run_network *network = &in->facts->network;
	int r = check_modes(in, err);

	if (r < 0 || (r = check_conflicts(in, err)) < 0)
		return r;
	l->namespaces = arena_zalloc(in->mem, n + 1, sizeof(*l->namespaces));
	if (compose_maps_ids(in))
		l->namespaces[l->n_namespaces++].type = CONFIG_NAMESPACE_TYPE_USER;
	for (size_t i = 0; i < n; i++) {
		if (compose_is_hosts(in, types[i]))
			continue;
		struct config_namespace *ns = &l->namespaces[l->n_namespaces++];
		ns->type = types[i];
		if (types[i] == CONFIG_NAMESPACE_TYPE_PID && joins_pid(in))
			ns->path = in->facts->pid_path;
		if (types[i] == CONFIG_NAMESPACE_TYPE_NETWORK && network->kind == RUN_NETWORK_JOIN)
			ns->path = network->path;
	}
	if (in->host->euid != 0)
		map_ids(l, (struct id_range){in->host->euid, 1},
			(struct id_range){in->host->egid, 1}, in->mem);
	else if (in->facts->ids.count)
		map_ids(l, in->facts->ids, in->facts->ids, in->mem);
	return 0;
}
