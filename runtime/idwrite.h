/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the id maps of a new user namespace, as whoever ctr is. */
#pragma once

#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

/* proc: the /proc directory of the process in the namespace, pid its pid. By itself where that is
 * allowed, through newuidmap(1) and newgidmap(1) where it takes a grant of /etc/subuid. */
int idwrite_maps(const struct config *cfg, const struct host *host, int proc, pid_t pid,
		 struct err *err);
