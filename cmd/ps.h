/* SPDX-License-Identifier: Apache-2.0 */
/* The table of `ctr ps`: what the host's own ps(1) says about some processes. Nothing is run in or
 * taken from the container (CVE-2022-1227). */
#pragma once

#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* Appends the lines of `ps ARGS` (ps -ef without any) whose PID is among pids, and its header. */
int ps_table(const pid_t *pids, size_t n, const char *const *args, size_t n_args, struct str *ret,
	     struct err *err);

/* The choice by itself, of ps's output; text is taken apart. -EINVAL without a PID column. Pure. */
int ps_filter(char *text, const pid_t *pids, size_t n, struct str *ret, struct err *err);
