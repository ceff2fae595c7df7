/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground: ctr stands in for the program towards its caller. Signals are passed on, the
 * terminal's bytes are carried, the exit status is collected. */
#pragma once

#include <signal.h>

#include "runtime/base/err.h"
#include "runtime/beat.h"
#include "runtime/spawn.h"

/* Blocks the signals that are to be passed on; call before the process exists, so that none is lost
 * in between. Returns a descriptor that reads them (signalfd(2)) or -errno. */
int supervise_signals(struct err *err);

/* Until the process has ended. *ret_status: its exit code, or 128 + the signal that ended it. beat may
 * be NULL. */
int supervise(struct spawn *s, int signals, const struct beat *beat, int *ret_status,
	      struct err *err);
