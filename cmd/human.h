/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them. Pure; all in the arena. */
#pragma once

#include <stdint.h>

#include "runtime/base/mem.h"

/* "512 B", "1.5 MiB"; UINT64_MAX is "-". */
const char *human_size(struct arena *mem, uint64_t bytes);
/* The same, where no limit is "max". */
const char *human_limit(struct arena *mem, uint64_t bytes);
/* "1.500 s", "12 m 3 s", "2 d 4 h". */
const char *human_seconds(struct arena *mem, double seconds);
/* 1500 thousandths are "1.5"; UINT64_MAX is "max". */
const char *human_cpus(struct arena *mem, uint64_t thousandths);
