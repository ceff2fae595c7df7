/* SPDX-License-Identifier: Apache-2.0 */
/* The smaller members of `linux`. */
#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

static int check_path_list(const struct check *c, const char *name, const char *const *paths,
			   size_t n)
{
	if (n && !check_has_ns(c, CONFIG_NAMESPACE_TYPE_MOUNT))
		return err_say(c->err, EINVAL, "linux.%s: set without a mount namespace", name);
	for (size_t i = 0; i < n; i++)
		if (paths[i][0] != '/')
			return err_say(c->err, EINVAL,
				       "linux.%s[%zu]: must be absolute, found \"%s\"", name, i,
				       paths[i]);
	return 0;
}

static int check_paths(const struct check *c, const struct config_linux *l)
{
	int r = check_path_list(c, "maskedPaths", (const char *const *)l->masked_paths,
				l->n_masked_paths);

	if (r < 0)
		return r;
	return check_path_list(c, "readonlyPaths", (const char *const *)l->readonly_paths,
			       l->n_readonly_paths);
}

static int check_propagation(const struct check *c, const struct config_linux *l)
{
	static const char *const words[] = {"private", "rprivate", "slave",      "rslave",
					    "shared",  "rshared",  "unbindable", "runbindable"};

	if (!l->rootfs_propagation || CHECK_WORD(l->rootfs_propagation, words))
		return 0;
	return err_say(c->err, EINVAL, "linux.rootfsPropagation: unknown word \"%s\"",
		       l->rootfs_propagation);
}

static int check_devices(const struct check *c, const struct config_linux *l)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct config_device *d = &l->devices[i];
		if (d->path[0] != '/')
			return err_say(c->err, EINVAL,
				       "linux.devices[%zu].path: must be absolute, found \"%s\"", i,
				       d->path);
		if (d->type != CONFIG_DEVICE_TYPE_P && !(d->has_major && d->has_minor))
			return err_say(
				c->err, EINVAL,
				"linux.devices[%zu]: a device of type %s needs major and minor", i,
				config_device_type_words[d->type]);
	}
	return 0;
}

/* set_mempolicy(2). */
static int check_memory_policy(const struct check *c, const struct config_linux *l)
{
	const struct config_memory_policy *p = l->memory_policy;

	if (!p)
		return 0;
	const char *mode = config_memory_policy_mode_words[p->mode];
	bool has_nodes = p->nodes && *p->nodes;
	bool takes_none = p->mode == CONFIG_MEMORY_POLICY_MODE_DEFAULT ||
			  p->mode == CONFIG_MEMORY_POLICY_MODE_LOCAL;
	bool is_preferred = p->mode == CONFIG_MEMORY_POLICY_MODE_PREFERRED;
	if (has_nodes && takes_none)
		return err_say(c->err, EINVAL, "linux.memoryPolicy.nodes: %s takes no nodes", mode);
	if (!has_nodes && !takes_none && !is_preferred)
		return err_say(c->err, EINVAL, "linux.memoryPolicy.nodes: %s needs a node", mode);
	if (has_nodes && !check_is_list(p->nodes))
		return err_say(c->err, EINVAL,
			       "linux.memoryPolicy.nodes: not a list of nodes: \"%s\"", p->nodes);
	return 0;
}

static bool has_newline(const char *s)
{
	return s && strchr(s, '\n');
}

static int check_intel_rdt(const struct check *c, const struct config_linux *l)
{
	const struct config_intel_rdt *r = l->intel_rdt;

	if (!r)
		return 0;
	const char *id = r->clos_id ? r->clos_id : "";
	bool is_name =
		!strchr(id, '/') && !has_newline(id) && !str_eq(id, ".") && !str_eq(id, "..");
	if (!is_name && !str_eq(id, "/"))
		return err_say(c->err, EINVAL, "linux.intelRdt.closID: not a name: \"%s\"", id);
	if (has_newline(r->l3_cache_schema) || has_newline(r->mem_bw_schema))
		return err_say(c->err, EINVAL, "linux.intelRdt.%s: must be one line",
			       has_newline(r->l3_cache_schema) ? "l3CacheSchema" : "memBwSchema");
	for (size_t i = 0; i < r->n_schemata; i++)
		if (has_newline(r->schemata[i]))
			return err_say(c->err, EINVAL,
				       "linux.intelRdt.schemata[%zu]: must be one line", i);
	return 0;
}

int check_linux(const struct check *c)
{
	static int (*const checks[])(const struct check *, const struct config_linux *) = {
		check_paths, check_propagation, check_devices, check_memory_policy, check_intel_rdt,
	};
	const struct config_linux *l = c->config->linux_;
	int r = 0;

	if (!l)
		return 0;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && r == 0; i++)
		r = checks[i](c, l);
	if (r == 0 && l->personality && l->personality->n_flags)
		check_warn(c, "linux.personality.flags: none is defined; ignored");
	return r;
}
