/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the machine once and fills struct host; the only place that does. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/config/host.h"

int host_probe(struct host *ret, struct err *err);
/* All but the control groups: what exec needs, in half the time. */
int host_probe_process(struct host *ret, struct err *err);
/* Whether there are time namespaces, and the uptime of now. */
void host_probe_clock(struct host *h);
/* Whether ctr itself runs inside a user namespace. */
bool probe_in_userns(void);

/* The parsers, for tests: text of /proc/self/status, mountinfo and cgroup. */
void probe_status(const char *text, struct host *h);
void probe_mountinfo(const char *text, struct host *h);
void probe_own_cgroups(const char *text, struct host *h);
