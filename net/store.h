/* SPDX-License-Identifier: Apache-2.0 */
/* What ctr keeps about networks:
 *
 *     NAME.json           what it is (network.schema.json): in /var/lib/ctr/networks, where it survives
 *                         a reboot, or with a --root of its own in <root>/.net
 *     <root>/.net/NAME.members   who has which address (net/ipam.h)
 *     <root>/.net/NAME.hosts     the /etc/hosts of its members (net/files.h), NAME@NUMBER.hosts that
 *                                of a tenant's
 *     <root>/ID/net.json  a container's network (wire.schema.json)
 *
 * Whoever changes one of them holds the lock, which is <root>/.net itself. All are replaced in one
 * step, so a crash leaves the old or the new; what they name is made later and removed earlier. */
#pragma once

#include <stdbool.h>

#include "gen/network.h"
#include "gen/wire.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"

enum { NET_NAME_MAX = 64, NET_VERSION = 1 };

#define NET_DEFAULT "ctr0"

struct nets {
	const char *root; /* of the containers, absolute; not owned */
	int dir;          /* <root>/.net */
	int defs;         /* where NAME.json are */
	char table[16];   /* of nftables: "ctr"; another --root has another one */
};

#define NETS_NONE                                                                                  \
	{                                                                                          \
		.dir = -1, .defs = -1                                                              \
	}

/* Makes the directories if they are missing. `lock`: waits for the lock, held until nets_clear. */
int nets_open(const char *root, bool lock, struct nets *ret, struct err *err);
void nets_clear(struct nets *n);

/* A letter or digit, then letters, digits, '_', '-' and '.'. -EINVAL. */
int network_check_name(const char *name, struct err *err);

/* -ENOENT: "there is no network NAME". */
int network_load(const struct nets *n, const char *name, struct arena *mem, struct network **ret,
		 struct err *err);
int network_save(const struct nets *n, const struct network *w, struct err *err);
/* Record and members; "not there" is success. */
int network_forget(const struct nets *n, const char *name, struct err *err);
/* What somebody was about to put in a record's place who was killed. The caller holds the lock. */
int nets_sweep(const struct nets *n, struct err *err);
/* Every name, sorted; returns how many. */
int network_names(const struct nets *n, struct arena *mem, const char ***ret, struct err *err);

/* The container's record; `dir` is <root>/ID. NULL when it has none. */
int wire_load(int dir, struct arena *mem, struct wire **ret, struct err *err);
int wire_save(int dir, const struct wire *w, struct err *err);
