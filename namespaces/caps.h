/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: names to 64-bit masks and back (libcap knows the names), the five sets of a
 * process, and the set that `ctr run` gives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/mem.h"
#include "runtime/base/op.h"
#include "runtime/base/str.h"
#include "runtime/config/validate.h"

/* What a container gets unless something else is said, as Docker has it: CHOWN DAC_OVERRIDE FSETID
 * FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
 * AUDIT_WRITE. */
extern const uint64_t caps_default;

/* "CAP_SYS_ADMIN", "sys_admin": the number; -1 if there is no such capability. */
int caps_number(const char *name);

/* All that libcap has a name for. */
uint64_t caps_all(void);

/* The masks of process.capabilities (NULL: all empty). Unknown names and those not in `grantable`
 * (the host's bounding set; all in a user namespace of the container's own) are left out, as the
 * specification wants it; so is an ambient one that would not be permitted and inheritable, which
 * the kernel refuses. Each is a warning; unknown names are config_validate's to warn of. */
void caps_from_config(const struct config_capabilities *caps, uint64_t grantable,
		      struct warnings *warnings, struct op_caps *ret);

struct caps_want {
	const char *const *add, *const *drop; /* --cap-add, --cap-drop: names, or "ALL" */
	size_t n_add, n_drop;
	bool privileged;    /* begin with everything */
	uint64_t grantable; /* what ALL means */
};

/* Docker's rules: ALL added: everything but what is dropped; ALL dropped: only what is added; else
 * the default less what is dropped, and what is added. -EINVAL: an unknown name, or ALL on both
 * sides. */
int caps_compose(const struct caps_want *want, uint64_t *ret, struct err *err);

/* "CAP_CHOWN CAP_KILL", in the order of their numbers; those without a name as a number. */
void caps_print(struct str *out, uint64_t mask);

/* The same as a list for struct config. */
const char **caps_names(uint64_t mask, struct arena *mem, size_t *ret_n);
