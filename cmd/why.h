/* SPDX-License-Identifier: Apache-2.0 */
/* What ctr why has found, for others that tell it too. */
#pragma once

#include "cgroups/oom.h"
#include "runtime/base/json.h"

/* Members of an open object: cause, kills, and what is known of victim, limitGroup, limit, mostly. */
void why_members(struct json_out *o, const struct cg_death *d);
