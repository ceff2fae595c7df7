/* SPDX-License-Identifier: Apache-2.0 */
/* The few numbers that are billed, with as few reads as they take: every container's end pays them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"

struct cg_meter {
	uint64_t cpu_ns, user_ns, system_ns;
	uint64_t memory, memory_peak; /* bytes */
	uint64_t read_bytes, written_bytes, reads, writes;
	uint64_t oom_kills;
};

/* names: as recorded. -ENOENT when the groups are gone. */
int cg_meter(const char *const *names, size_t n, struct cg_meter *ret, struct err *err);
