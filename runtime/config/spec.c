/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "runtime/base/str.h"
#include "runtime/config/spec.h"

/* A list of the arena's own, and its length. */
static const char **words(struct arena *a, const char *const *from, size_t *ret_n)
{
	size_t n = 0;

	while (from[n])
		n++;
	const char **r = arena_zalloc(a, n, sizeof(*r));
	memcpy(r, from, n * sizeof(*r));
	*ret_n = n;
	return r;
}

static struct config_process *make_process(struct arena *a)
{
	static const char *const args[] = {"sh", NULL};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL};
	static const char *const caps[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE",
					   NULL};
	struct config_process *p = arena_zalloc(a, 1, sizeof(*p));

	p->terminal = p->has_terminal = true;
	p->user = arena_zalloc(a, 1, sizeof(*p->user));
	p->user->has_uid = p->user->has_gid = true;
	p->args = words(a, args, &p->n_args);
	p->env = words(a, env, &p->n_env);
	p->cwd = "/";
	p->capabilities = arena_zalloc(a, 1, sizeof(*p->capabilities));
	p->capabilities->bounding = words(a, caps, &p->capabilities->n_bounding);
	p->capabilities->effective = words(a, caps, &p->capabilities->n_effective);
	p->capabilities->permitted = words(a, caps, &p->capabilities->n_permitted);
	p->n_rlimits = 1;
	p->rlimits = arena_zalloc(a, 1, sizeof(*p->rlimits));
	*p->rlimits = (struct config_rlimit){"RLIMIT_NOFILE", 1024, true, 1024, true};
	p->no_new_privileges = p->has_no_new_privileges = true;
	return p;
}

struct default_mount {
	const char *destination, *type, *source;
	const char *options[7];
};

static const struct default_mount default_mounts[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts",
	 "devpts",
	 "devpts",
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

/* A user who is not root has one group only, so gid=5 fails; and sysfs belongs to the network
 * namespace, which stays the host's. */
static void make_rootless(struct config_mount *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_options; i++)
		if (!str_starts(m->options[i], "gid=") && !str_starts(m->options[i], "uid="))
			m->options[n++] = m->options[i];
	m->n_options = n;
}

static void make_mounts(const struct spec *spec, struct arena *a, struct config *c)
{
	static const struct default_mount host_sys = {
		"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};

	c->n_mounts = sizeof(default_mounts) / sizeof(*default_mounts);
	c->mounts = arena_zalloc(a, c->n_mounts, sizeof(*c->mounts));
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct default_mount *d = &default_mounts[i];
		struct config_mount *m = &c->mounts[i];
		if (spec->is_rootless && str_eq(d->type, "sysfs"))
			d = &host_sys;
		m->destination = d->destination;
		m->type = d->type;
		m->source = d->source;
		if (d->options[0])
			m->options = words(a, d->options, &m->n_options);
		if (spec->is_rootless)
			make_rootless(m);
	}
}

static void make_namespaces(const struct spec *spec, struct arena *a, struct config_linux *l)
{
	const struct {
		enum config_namespace_type type;
		bool wanted;
	} rows[] = {
		{CONFIG_NAMESPACE_TYPE_PID, true},
		{CONFIG_NAMESPACE_TYPE_NETWORK, !spec->is_rootless},
		{CONFIG_NAMESPACE_TYPE_IPC, true},
		{CONFIG_NAMESPACE_TYPE_UTS, true},
		{CONFIG_NAMESPACE_TYPE_MOUNT, true},
		{CONFIG_NAMESPACE_TYPE_CGROUP, spec->has_cgroup_ns},
		{CONFIG_NAMESPACE_TYPE_USER, spec->is_rootless},
	};
	const size_t n = sizeof(rows) / sizeof(*rows);

	l->namespaces = arena_zalloc(a, n, sizeof(*l->namespaces));
	for (size_t i = 0; i < n; i++)
		if (rows[i].wanted)
			l->namespaces[l->n_namespaces++].type = rows[i].type;
}

static struct config_id_mapping *map_root(struct arena *a, uint32_t id)
{
	struct config_id_mapping *m = arena_zalloc(a, 1, sizeof(*m));

	*m = (struct config_id_mapping){0, true, id, true, 1, true};
	return m;
}

static struct config_resources *deny_devices(struct arena *a)
{
	struct config_resources *r = arena_zalloc(a, 1, sizeof(*r));

	r->n_devices = 1;
	r->devices = arena_zalloc(a, 1, sizeof(*r->devices));
	r->devices[0] = (struct config_device_rule){.has_allow = true, .access = "rwm"};
	return r;
}

static struct config_linux *make_linux(const struct spec *spec, struct arena *a)
{
	static const char *const masked[] = {"/proc/acpi",
					     "/proc/asound",
					     "/proc/kcore",
					     "/proc/keys",
					     "/proc/latency_stats",
					     "/proc/timer_list",
					     "/proc/timer_stats",
					     "/proc/sched_debug",
					     "/sys/firmware",
					     "/proc/scsi",
					     NULL};
	static const char *const readonly[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};
	struct config_linux *l = arena_zalloc(a, 1, sizeof(*l));

	if (spec->is_rootless) {
		l->uid_mappings = map_root(a, spec->uid);
		l->gid_mappings = map_root(a, spec->gid);
		l->n_uid_mappings = l->n_gid_mappings = 1;
	} else {
		l->resources = deny_devices(a);
	}
	make_namespaces(spec, a, l);
	l->masked_paths = words(a, masked, &l->n_masked_paths);
	l->readonly_paths = words(a, readonly, &l->n_readonly_paths);
	return l;
}

struct config *spec_config(const struct spec *spec, struct arena *arena)
{
	struct config *c = arena_zalloc(arena, 1, sizeof(*c));

	c->oci_version = CONFIG_OCI_VERSION;
	c->process = make_process(arena);
	c->root = arena_zalloc(arena, 1, sizeof(*c->root));
	c->root->path = "rootfs";
	c->root->readonly = c->root->has_readonly = true;
	c->hostname = spec->hostname;
	make_mounts(spec, arena, c);
	c->linux_ = make_linux(spec, arena);
	return c;
}
