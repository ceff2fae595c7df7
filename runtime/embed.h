/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of ctr-init, the executor, inside ctr. */
#pragma once

#include <stddef.h>

extern const char embed_init[], embed_init_end[];

/* A sealed memfd with the executor in it: nobody who gets hold of it through /proc/PID/exe can
 * change what it runs (CVE-2019-5736). Close-on-exec. -errno. */
int embed_init_memfd(void);
