/* SPDX-License-Identifier: Apache-2.0 */
/* Looking on, and typing: the client of a monitor's attach socket (runtime/base/monitor.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/monitor.h"

struct container;

struct attach_opts {
	bool has_input;   /* standard input is passed on */
	bool is_terminal; /* the container's */
	bool passes_signals;
	unsigned streams; /* enum monitor_stream; 0: wait for the end only */
	const char *keys; /* that end it all and leave the container alone */
	size_t n_keys;    /* 0: none */
};

enum attach_end { ATTACH_ENDED, ATTACH_LEFT };

/* Connects to the monitor of a container. -errno with err filled; -ESRCH: it has none that lives. */
int attach_connect(const struct container *c, struct err *err);

/* Until the container's first process ends (*ret_status) or the keys are typed. pidfd: of that
 * process, for signals; -1: none are passed on. Returns enum attach_end. */
int attach_run(int sock, int pidfd, const struct attach_opts *o, int *ret_status, struct err *err);

/* "ctrl-p,ctrl-q", "ctrl-],x": bytes into *ret. Returns how many; "" is none. Pure. */
enum { ATTACH_KEYS_MAX = 16 };
int attach_keys(const char *text, char ret[ATTACH_KEYS_MAX], struct err *err);
