/* SPDX-License-Identifier: Apache-2.0 */
/* Between net/wire.c, which records, and net/wire_up.c, which makes. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "net/wire_plan.h"

/* Somebody who is becoming a member. */
struct joining {
	const char *id;
	int dir;
	const struct wire_want *want;
	struct arena *mem;
	struct wire *wire; /* grows */
};

int wire_add_end(const struct nets *n, const struct joining *j, const char *network, bool is_first,
		 struct err *err);
int wire_write_resolv(int dir, const struct wire_want *want, bool is_internal, struct err *err);
int wire_write_files(const struct nets *n, const struct joining *j, struct err *err);
/* eth0, eth1, …: the first that no end has. */
const char *wire_free_name(const struct wire *wire, struct arena *mem);

/* Elements of all ends; what they counted is added to net.usage. `links`: these as well, which takes
 * the kernel tens of milliseconds; the links of a container that has ended go with its namespace. */
int wire_unmake(const struct nets *n, int dir, struct wire *wire, bool links, struct err *err);
/* Whether its link is there, in the network namespace of the process, and has all that it is to have. */
bool wire_is_whole(pid_t pid, const struct wire_end *e);
int wire_filter_port(const struct nets *n, const struct wire_end *e, const struct wire_publish *p,
		     bool removes, struct err *err);
