/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: in the foreground ctr carries the bytes between its own standard streams and the
 * terminal that the container was given. */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "runtime/base/err.h"
#include "runtime/beat.h"

/* The terminal on standard input, whose mode is to be put back. */
struct raw_mode {
	bool is_set;
	struct termios before;
};

/* Keys are the container's from here on: ^C reaches its terminal as a byte. Without a terminal
 * nothing happens. */
void raw_mode_set(struct raw_mode *m);
void raw_mode_clear(struct raw_mode *m);

/* Rows << 16 | columns of the terminal on a standard stream; 0: there is none. */
unsigned tty_size(void);

/* Until the process of `pidfd` has ended and what it wrote is written: standard input goes to
 * `master`, what comes from there to standard output. Of `signals` (signalfd(2), non-blocking)
 * SIGWINCH carries the window's size over, the others go to the process. ctr's own terminal, if
 * standard input is one, is raw meanwhile and put back on every way out. */
int tty_proxy(int master, int pidfd, int signals, const struct beat *beat, struct err *err);
