/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that nobody waits for: a process of ours makes the container, as its child, and then
 * becomes the monitor (runtime/init/monitor.c). So it is there before the container is, and is its
 * parent from the first moment. To start a container again the monitor becomes ctr, and that the
 * monitor again. */
#pragma once

#include "runtime/lifecycle.h"

/* Makes the container and starts it. ret_client (may be NULL): a connection to its attach socket,
 * from before it began. */
int ctr_detach(const struct create_opts *o, const struct config *cfg, const struct host *host,
	       int *ret_client, struct err *err);

/* What a monitor is told that is not in the container's record. */
struct monitor_start {
	int report, client;          /* descriptors or -1 */
	unsigned in_a_row, restarts; /* of the container by its monitor */
};

/* The same by the process that is called: becomes the monitor, returns only on failure. */
int detach_become_monitor(const struct create_opts *o, const struct config *cfg,
			  const struct host *host, const struct monitor_start *start,
			  struct err *err);
