/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name. Pure. */
#pragma once

#include "runtime/base/err.h"

/* "9", "KILL", "sigkill", "RTMIN+3", "SIGRTMAX-1": the number, 0 … 64; -EINVAL. */
int signal_number(const char *text, struct err *err);
