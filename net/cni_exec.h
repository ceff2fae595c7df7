/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin of CNI, called once. */
#pragma once

#include <stdbool.h>

#include "gen/wire.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct cni_call {
	const char *command; /* ADD or DEL */
	const struct wire_cni *cni;
	const struct wire_plugin *plugin;
	const char *netns; /* "": there is none any more */
	const char *told;  /* its standard input */
	bool ends_with_us; /* it is killed when ctr is; else it goes on */
	int lock;          /* of cni_lock: it holds it, too, as long as it lives */
};

/* One at a time for a container, whose directory is dir: that of a ctr that was killed is awaited. */
int cni_lock(int dir, struct err *err);
void cni_unlock(int dir);

/* What it answers is appended to *ret. After ten seconds it is killed: -ETIMEDOUT. */
int cni_exec(const struct cni_call *c, struct str *ret, struct err *err);
