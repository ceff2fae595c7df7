/* SPDX-License-Identifier: Apache-2.0 */
/* A container's network, step by step: wire_join decides and records, before there is a process;
 * wire_up makes it, once there is a network namespace; wire_down takes it away, as often as one
 * likes. */
#pragma once

#include <sys/types.h>

#include "net/wire_plan.h"

/* A container's directory, <root>/<id>, is `dir`. */
struct wire_place {
	const char *root, *id;
	int dir;
};

/* Gives the container its addresses: net.json, the members' files,
 * hosts and resolv.conf. *ret lives in the arena. On failure nothing is left. */
int wire_join(const struct wire_place *at, const struct wire_want *want, struct arena *mem,
	      struct wire **ret, struct err *err);

/* Makes links, addresses, routes, filter elements for the network namespace of the process. */
int wire_up(const char *root, const char *id, pid_t pid, const struct wire *wire, struct err *err);

/* The same for one with a helper or plugins of CNI, once the ids of its user namespace are mapped and
 * its loopback is up; nothing to do for others, as there is nothing above to do for this one. */
int wire_help(const struct wire_place *at, pid_t pid, const struct wire_want *want,
	      struct wire *wire, struct arena *mem, struct err *err);

/* Takes all of it away and gives the addresses back; what was used is kept in <root>/ID/net.usage.
 * Nothing there is success. */
int wire_down(const char *root, const char *id, int dir, struct err *err);

/* `ctr network connect` and `disconnect` of a running container. */
int wire_connect(const struct wire_place *at, pid_t pid, const char *network,
		 const struct wire_want *want, struct err *err);
int wire_disconnect(const char *root, const char *id, int dir, const char *network,
		    struct err *err);

/* Another priority for what its ends send (net/priority.h), at once; -ENOTSUP where none holds. One that
 * does not run is left alone. */
int wire_prioritize(const struct wire_place *at, uint32_t priority, struct err *err);

/* Live changes of what is published; `adds` false takes it back. */
int wire_publish(const char *root, const char *id, int dir, const struct wire_publish *p, bool adds,
		 struct err *err);
