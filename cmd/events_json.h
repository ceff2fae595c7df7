/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of `ctr events`, in runc's shape (OCI-CONTRACT 2.4). Pure. */
#pragma once

#include "cgroups/stat.h"
#include "runtime/base/str.h"

void events_stats_json(struct str *out, const char *id, const struct cg_stats *stats);
struct cg_psi_trigger; /* cgroups/psi.h */
struct cg_psi;
void events_pressure_json(struct str *out, const char *id, const struct cg_psi_trigger *t,
			  const struct cg_psi *now);
void events_oom_json(struct str *out, const char *id);
