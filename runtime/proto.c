/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "runtime/proto.h"

/* Silence is never success: end-of-file is legal in one state only, where close-on-exec makes it
 * the sign of a successful exec. */
static const struct {
	enum proto_state now;
	uint32_t type;
	unsigned min_fds, max_fds;
	enum proto_state next;
} rules[] = {
	{PROTO_SETUP, MSG_SYNC, 0, 0, PROTO_SETUP},
	{PROTO_SETUP, MSG_FORKED, 1, 1, PROTO_SETUP},
	{PROTO_SETUP, MSG_FD, 1, 1, PROTO_SETUP},
	{PROTO_SETUP, MSG_READY, 0, 0, PROTO_READY},
	{PROTO_SETUP, MSG_FAIL, 0, 1, PROTO_FAILED},
	{PROTO_READY, MSG_FAIL, 0, 1, PROTO_FAILED},
	{PROTO_STARTED, MSG_SYNC, 0, 0, PROTO_STARTED},
	{PROTO_STARTED, MSG_FD, 1, 1, PROTO_STARTED},
	{PROTO_STARTED, MSG_FAIL, 0, 1, PROTO_FAILED},
	{PROTO_STARTED, MSG_EOF, 0, 0, PROTO_RUNNING},
};

enum proto_state proto_next(enum proto_state now, uint32_t type, unsigned n_fds)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].now == now && rules[i].type == type)
			return n_fds >= rules[i].min_fds && n_fds <= rules[i].max_fds
				       ? rules[i].next
				       : PROTO_BROKEN;
	return PROTO_BROKEN;
}
