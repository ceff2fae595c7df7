/* SPDX-License-Identifier: Apache-2.0 */
/* Where systemd runs, a user's processes live in user-UID.slice, and systemd writes its limits: a tenant
 * that is a UNIX user has its shares there too, in drop-ins, and the user's own service manager is handed
 * the controllers that his containers need. They take effect with `systemctl daemon-reload`. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/tenant_record.h"

/* Pure: the slice's drop-in. */
void tenant_unit_text(const struct tenant *t, struct str *out);

/* Writes both, below `dir` (/etc/systemd/system). */
int tenant_unit_write(const struct tenant *t, const char *dir, struct err *err);
/* Idempotent. */
int tenant_unit_remove(const struct tenant *t, const char *dir, struct err *err);

#define TENANT_UNITS "/etc/systemd/system"
