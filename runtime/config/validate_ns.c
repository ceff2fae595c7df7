/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, and what only makes sense in one of the container's own: id maps, clock offsets,
 * sysctls, moved network devices. */
#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

enum {
	ID_MAP_LINES_MAX = 340, /* user_namespaces(7), since Linux 4.15 */
	NET_DEVICES_MAX = 256,  /* ours: their names are compared with one another */
};

static int check_namespace_list(const struct check *c, const struct config_linux *l)
{
	unsigned seen = 0;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct config_namespace *ns = &l->namespaces[i];
		if (seen >> ns->type & 1)
			return err_say(c->err, EINVAL,
				       "linux.namespaces[%zu].type: %s is there twice", i,
				       config_namespace_type_words[ns->type]);
		seen |= 1U << ns->type;
		if (ns->path && *ns->path && ns->path[0] != '/')
			return err_say(c->err, EINVAL,
				       "linux.namespaces[%zu].path: must be absolute, found \"%s\"",
				       i, ns->path);
	}
	return 0;
}

static bool is_joined(const struct config_namespace *ns)
{
	return ns && ns->path && *ns->path;
}

static int check_time_offsets(const struct check *c, const struct config_linux *l)
{
	const struct config_namespace *ns = config_namespace(c->config, CONFIG_NAMESPACE_TYPE_TIME);

	for (size_t i = 0; i < l->n_time_offsets; i++)
		if (!str_eq(l->time_offsets[i].key, "monotonic") &&
		    !str_eq(l->time_offsets[i].key, "boottime"))
			return err_say(
				c->err, EINVAL,
				"linux.timeOffsets: expected monotonic or boottime, found \"%s\"",
				l->time_offsets[i].key);
	if (l->n_time_offsets && !ns)
		return err_say(c->err, EINVAL, "linux.timeOffsets: set without a time namespace");
	if (l->n_time_offsets && is_joined(ns))
		return err_say(c->err, EINVAL,
			       "linux.timeOffsets: set for a time namespace that is only joined");
	return 0;
}

/* What the kernel takes, dev_valid_name() in net/core/dev.c: one word that fits IFNAMSIZ. */
static bool is_device_name(const char *s)
{
	return *s && strlen(s) < 16 && !str_eq(s, ".") && !str_eq(s, "..") &&
	       !strpbrk(s, "/: \t\n\v\f\r");
}

/* A new name may hold one %d for the kernel to fill in. */
static bool is_new_device_name(const char *s)
{
	const char *percent = strchr(s, '%');

	return is_device_name(s) && (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static int check_net_devices(const struct check *c, const struct config_linux *l)
{
	if (l->n_net_devices && !check_has_ns(c, CONFIG_NAMESPACE_TYPE_NETWORK))
		return err_say(c->err, EINVAL, "linux.netDevices: set without a network namespace");
	if (l->n_net_devices && c->host->euid != 0)
		return err_say(c->err, EINVAL,
			       "linux.netDevices: only root can move network devices");
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct config_net_device *d = &l->net_devices[i];
		if (!is_device_name(d->key))
			return err_say(c->err, EINVAL,
				       "linux.netDevices: \"%s\" is not a device name", d->key);
		if (!d->name || !*d->name)
			continue;
		if (!is_new_device_name(d->name))
			return err_say(c->err, EINVAL,
				       "linux.netDevices[\"%s\"].name: \"%s\" is not a device name",
				       d->key, d->name);
		for (size_t j = 0; j < i && !strchr(d->name, '%'); j++)
			if (l->net_devices[j].name && str_eq(d->name, l->net_devices[j].name))
				return err_say(
					c->err, EINVAL,
					"linux.netDevices[\"%s\"].name: \"%s\" is taken twice",
					d->key, d->name);
	}
	return 0;
}

/* Sysctls that belong to an ipc namespace, beside fs.mqueue. */
static const char *const ipc_sysctls[] = {
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
};

/* Into the form with dots: as sysctl.d(5) has it, the first separator decides which one it is, so
 * that net/ipv4/conf/eth0.1/arp_filter can be said. False: no file could have that name. */
static bool sysctl_name(const char *key, char *ret, size_t size)
{
	const char *first = strpbrk(key, "./");
	size_t n = strlen(key), start = 0;

	if (!first || n >= size)
		return false;
	char separator = *first;
	for (size_t i = 0; i <= n; i++) {
		if (key[i] != separator && key[i] != 0) {
			ret[i] = key[i] == '.' || key[i] == '/' ? '/' : key[i];
			continue;
		}
		size_t len = i - start;
		if (len == 0 || strspn(key + start, ".") >= len || strspn(key + start, "/") >= len)
			return false;
		ret[i] = key[i] ? '.' : 0;
		start = i + 1;
	}
	return true;
}

static int refuse_sysctl(const struct check *c, const char *key, const char *why)
{
	return err_say(c->err, EINVAL, "linux.sysctl: sysctl \"%s\" %s", key, why);
}

static int check_one_sysctl(const struct check *c, const char *key)
{
	char name[256];

	if (!sysctl_name(key, name, sizeof(name)))
		return refuse_sysctl(c, key, "is not a name");
	if (CHECK_WORD(name, ipc_sysctls) || str_starts(name, "fs.mqueue."))
		return check_has_ns(c, CONFIG_NAMESPACE_TYPE_IPC)
			       ? 0
			       : refuse_sysctl(c, key, "is not allowed in the hosts ipc namespace");
	if (str_starts(name, "net."))
		return check_has_ns(c, CONFIG_NAMESPACE_TYPE_NETWORK)
			       ? 0
			       : refuse_sysctl(c, key,
					       "is not allowed in the hosts network namespace");
	if (str_eq(name, "kernel.hostname"))
		return refuse_sysctl(
			c, key, "is not allowed as it conflicts with the OCI \"hostname\" field");
	if (str_eq(name, "kernel.domainname") && check_has_ns(c, CONFIG_NAMESPACE_TYPE_UTS))
		return 0;
	if (str_starts(name, "user.") && check_has_ns(c, CONFIG_NAMESPACE_TYPE_USER))
		return 0;
	return refuse_sysctl(c, key, "is not in a separate kernel namespace");
}

int check_namespaces(const struct check *c)
{
	const struct config_linux *l = c->config->linux_;

	if (!l)
		return 0;
	int r = check_namespace_list(c, l);
	if (r == 0)
		r = check_time_offsets(c, l);
	if (r == 0)
		r = check_net_devices(c, l);
	for (size_t i = 0; i < l->n_sysctl && r == 0; i++)
		r = check_one_sysctl(c, l->sysctl[i].key);
	return r;
}

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
	return a < (uint64_t)b + n_b && b < (uint64_t)a + n_a;
}

int check_mappings(const struct check *c, const char *path, const struct config_id_mapping *maps,
		   size_t n)
{
	if (n > ID_MAP_LINES_MAX)
		return err_say(c->err, EINVAL, "%s: more than %d lines", path, ID_MAP_LINES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct config_id_mapping *a = &maps[i];
		if ((uint64_t)a->container_id + a->size > UINT32_MAX ||
		    (uint64_t)a->host_id + a->size > UINT32_MAX)
			return err_say(c->err, EINVAL, "%s[%zu]: ends above the highest id", path,
				       i);
		for (size_t j = 0; j < i; j++)
			if (overlap(a->container_id, a->size, maps[j].container_id, maps[j].size) ||
			    overlap(a->host_id, a->size, maps[j].host_id, maps[j].size))
				return err_say(c->err, EINVAL, "%s[%zu]: overlaps %s[%zu]", path, i,
					       path, j);
	}
	return 0;
}

static bool is_mapped(const struct config_id_mapping *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
			return true;
	return false;
}

/* The process must have ids that its own namespace knows. */
static int check_mapped_user(const struct check *c, const struct config_linux *l,
			     const struct config_user *u)
{
	if (!is_mapped(l->uid_mappings, l->n_uid_mappings, u->uid))
		return err_say(
			c->err, EINVAL,
			"process.user.uid: cannot setuid to unmapped uid %u in user namespace",
			u->uid);
	if (!is_mapped(l->gid_mappings, l->n_gid_mappings, u->gid))
		return err_say(
			c->err, EINVAL,
			"process.user.gid: cannot setgid to unmapped gid %u in user namespace",
			u->gid);
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (!is_mapped(l->gid_mappings, l->n_gid_mappings, u->additional_gids[i]))
			return err_say(
				c->err, EINVAL,
				"process.user.additionalGids[%zu]: cannot setgid to unmapped gid "
				"%u in user namespace",
				i, u->additional_gids[i]);
	return 0;
}

int check_id_maps(const struct check *c)
{
	static const struct config_user root;
	const struct config_linux *l = c->config->linux_;
	const struct config_process *p = c->config->process;
	const struct config_namespace *ns = config_namespace(c->config, CONFIG_NAMESPACE_TYPE_USER);

	if (!l)
		return 0;
	bool has_any = l->n_uid_mappings || l->n_gid_mappings;
	if (has_any && !ns)
		return err_say(c->err, EINVAL, "linux.%s: set without a user namespace",
			       l->n_uid_mappings ? "uidMappings" : "gidMappings");
	if (ns && !l->n_uid_mappings != !l->n_gid_mappings)
		return err_say(c->err, EINVAL,
			       "linux: uidMappings and gidMappings need one another");
	if (ns && !has_any && !is_joined(ns))
		return err_say(c->err, EINVAL,
			       "linux.uidMappings: required for a new user namespace");
	int r = check_mappings(c, "linux.uidMappings", l->uid_mappings, l->n_uid_mappings);
	if (r == 0)
		r = check_mappings(c, "linux.gidMappings", l->gid_mappings, l->n_gid_mappings);
	if (r == 0 && has_any && p)
		r = check_mapped_user(c, l, p->user ? p->user : &root);
	return r;
}
