/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as a whole: made, kept, removed. A record (net/store.h) says what is wanted; the bridge,
 * its addresses and the packet filter are made from it, again and again the same. */
#pragma once

#include "net/ipam.h"
#include "net/store.h"

/* As `ctr network create` was told; NULL: ctr chooses. */
struct network_want {
	const char *name, *driver, *link, *mode;
	const char *subnet, *gateway, *subnet6, *gateway6;
	uint32_t mtu;
	bool internal, isolated, no_six;
};

/* Decides on what was not said, records, makes. The caller holds the lock. On failure nothing of it
 * is left. -EEXIST: the name is taken. */
int network_create(const struct nets *n, const struct network_want *want, struct arena *mem,
		   struct network **ret, struct err *err);

/* The network that is there without being made: the first use makes it. The lock as above. */
int network_default(const struct nets *n, struct arena *mem, struct network **ret, struct err *err);

/* The bridge, its addresses, forwarding, and the elements of the packet filter. What is there stays. */
int network_up(const struct nets *n, const struct network *w, struct err *err);

/* Its bridge and its elements; what is not there is fine. */
int network_down(const struct nets *n, const struct network *w, struct err *err);
/* That, its record, and with the last bridge the packet filter's tables. */
int network_unmake(const struct nets *n, const struct network *w, struct err *err);

/* All of it, record last. -EBUSY while it has members. */
int network_remove(const struct nets *n, const char *name, struct err *err);

/* Makes the packet filter afresh, in one transaction, from all records. `except`: a container that
 * adds itself; or NULL. */
int network_rebuild(const struct nets *n, const char *except, struct err *err);

/* What of it is not as recorded: one line each into *ret. Returns how many lines. */
int network_check(const struct nets *n, struct str *ret, struct err *err);
/* Forgets containers that are gone, removes links and files that are nobody's, makes bridges and packet filter what the records say. */
int network_repair(const struct nets *n, struct err *err);
