/* SPDX-License-Identifier: Apache-2.0 */
/* The member `mounts`. Option words are namespaces/mount_words' affair. */
#include <errno.h>
#include <stdio.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

static bool wants_idmap(const struct config_mount *m, bool *ret_explicit)
{
	bool wants = false;

	for (size_t i = 0; i < m->n_options; i++) {
		const char *o = m->options[i];
		if (str_starts(o, "idmap=") || str_starts(o, "ridmap="))
			*ret_explicit = wants = true;
		else if (str_eq(o, "idmap") || str_eq(o, "ridmap"))
			wants = true;
	}
	return wants;
}

static int check_idmap(const struct check *c, size_t i, const struct config_mount *m)
{
	char path[64];
	bool is_explicit = m->n_uid_mappings && m->n_gid_mappings;

	if (!m->n_uid_mappings != !m->n_gid_mappings)
		return err_say(c->err, EINVAL,
			       "mounts[%zu]: uidMappings and gidMappings need one another", i);
	if (wants_idmap(m, &is_explicit) && !is_explicit &&
	    !check_has_ns(c, CONFIG_NAMESPACE_TYPE_USER))
		return err_say(c->err, EINVAL,
			       "mounts[%zu]: idmap needs mappings or a user namespace", i);
	snprintf(path, sizeof(path), "mounts[%zu].uidMappings", i);
	int r = check_mappings(c, path, m->uid_mappings, m->n_uid_mappings);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "mounts[%zu].gidMappings", i);
	return check_mappings(c, path, m->gid_mappings, m->n_gid_mappings);
}

int check_mounts(const struct check *c)
{
	for (size_t i = 0; i < c->config->n_mounts; i++) {
		const struct config_mount *m = &c->config->mounts[i];
		if (!*m->destination)
			return err_say(c->err, EINVAL, "mounts[%zu].destination: must not be empty",
				       i);
		if (m->destination[0] != '/')
			check_warn(c,
				   "mounts[%zu].destination: \"%s\" is relative, taken as below /",
				   i, m->destination);
		int r = check_idmap(c, i, m);
		if (r < 0)
			return r;
	}
	return 0;
}
