/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: in the foreground ctr carries the bytes between its own standard streams and the
 * terminal that the container was given. */
#pragma once

#include "runtime/base/err.h"

/* Until the process of `pidfd` has ended and what it wrote is written: standard input goes to
 * `master`, what comes from there to standard output. Of `signals` (signalfd(2), non-blocking)
 * SIGWINCH carries the window's size over, the others go to the process. ctr's own terminal, if
 * standard input is one, is raw meanwhile and put back on every way out. */
int tty_proxy(int master, int pidfd, int signals, struct err *err);
