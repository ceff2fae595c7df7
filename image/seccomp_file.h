/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp profiles as Docker and Podman write them (--security-opt seccomp=FILE): the runtime
 * specification's own form, and besides rules that count only with certain capabilities, on certain
 * architectures or kernels. Those are decided here; what comes out is linux.seccomp. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/config/config.h"

/* For whom a profile is resolved. */
struct seccomp_for {
	uint64_t bounding; /* capabilities of the container */
	uint32_t kernel;   /* as in struct host */
};

/* Pure. *ret is in the arena. -EINVAL: not such a document, or both archMap and architectures. */
int seccomp_file_resolve(const char *text, size_t len, const struct seccomp_for *who,
			 struct arena *mem, struct config_seccomp **ret, struct err *err);
