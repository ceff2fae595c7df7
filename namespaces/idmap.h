/* SPDX-License-Identifier: Apache-2.0 */
/* User and group id maps (user_namespaces(7)): the texts that make them, translation, and the
 * ranges that /etc/subuid and /etc/subgid grant. Pure: who may write what, and reading of files,
 * are the caller's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/config/config.h"

enum { IDMAP_LINES_MAX = 340, IDMAP_TEXT_MAX = 4095 };

/* A map, as struct config has them. */
struct idmap {
	const struct config_id_mapping *lines;
	size_t n;
};

/* -EINVAL: no line, or more than the kernel takes; an empty range, or one that ends above the
 * highest id; an id that is there twice. */
int idmap_check(struct idmap map, struct err *err);

/* Appends the text for /proc/PID/uid_map or gid_map. As idmap_check; -E2BIG: the text does not fit
 * the one page that the kernel reads. */
int idmap_text(struct idmap map, struct str *ret, struct err *err);

/* The arguments of newuidmap(1) or newgidmap(1), which write the map for those who may not:
 * { helper, PID, container id, host id, size, …, NULL }. */
const char **idmap_helper_argv(const char *helper, pid_t pid, struct idmap map, struct arena *mem);

/* Whether somebody without privilege may write that map himself: one line, of his own id. */
bool idmap_is_own(struct idmap map, uint32_t own);

/* The id outside for one inside, and the other way round. False: it is not mapped. */
bool idmap_to_host(struct idmap map, uint32_t id, uint32_t *ret);
bool idmap_to_container(struct idmap map, uint32_t id, uint32_t *ret);

/* The maps of the mount option "idmap=uids=C-H-S#C-H-S…;gids=…" (`text`: what stands behind
 * "idmap="): container id, host id, size. With an "@" in front, the host id is one of the
 * container's, and looked up in its own maps. Both maps must be there, and valid. */
struct idmap_pair {
	struct idmap uids, gids;
};
int idmap_parse(const char *text, struct idmap_pair own, struct arena *mem, struct idmap_pair *ret,
		struct err *err);

struct id_range {
	uint32_t first, count;
};

/* The ranges that a text of subuid(5) grants to a user, by name (or NULL) or by number. Lines that
 * are no ranges are skipped, as shadow's own tools do it. Returns how many, at most max. */
size_t idmap_subids(const char *text, const char *name, uint32_t id, struct id_range *ret,
		    size_t max);

/* The map for a container of somebody without privilege: 0 is he himself, 1 and on are his ranges. */
struct idmap idmap_rootless(uint32_t own, const struct id_range *ranges, size_t n,
			    struct arena *mem);
