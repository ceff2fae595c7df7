/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody needs any more, each kind by the file of its verbs; volumes: cmd/volume.h. What went away is
 * added to *ret, a line each. */
#pragma once

#include "cmd/command.h"
#include "image/gc.h"

/* Containers of the engine that do not run, and are not about to be started again. */
int containers_prune(struct call *call, struct str *ret, struct err *err);
/* Networks without members. */
int networks_prune(const struct call *call, struct str *ret, struct err *err);
/* Images without a name that no container uses; all: those with one, too. */
int images_prune(struct call *call, bool all, struct gc *ret, struct err *err);
void images_tell(const struct gc *g, struct str *ret);
