/* SPDX-License-Identifier: Apache-2.0 */
/* Which message of the executor is legal when (the messages are in runtime/base/op.h). Pure. */
#pragma once

#include <stdint.h>

#include "runtime/base/op.h"

enum proto_state {
	PROTO_SETUP,   /* carrying out operations */
	PROTO_READY,   /* set up; waits for the go */
	PROTO_STARTED, /* was told to go */
	PROTO_RUNNING, /* the program runs: end-of-file after the go */
	PROTO_FAILED,  /* said what went wrong */
	PROTO_BROKEN,  /* died, or said what it must not say now */
};

/* The message type that stands for end-of-file. */
enum { MSG_EOF = 0 };

/* The state after a message of that type with that many descriptors. */
enum proto_state proto_next(enum proto_state now, uint32_t type, unsigned n_fds);
