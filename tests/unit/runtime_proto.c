/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/proto.h"
#include "tests/lib/test.h"

/* What is legal; everything else breaks the connection. */
static const struct {
	enum proto_state now;
	uint32_t type;
	unsigned n_fds;
	enum proto_state next;
} legal[] = {
	{PROTO_SETUP, MSG_SYNC, 0, PROTO_SETUP},     {PROTO_SETUP, MSG_FORKED, 1, PROTO_SETUP},
	{PROTO_SETUP, MSG_FD, 1, PROTO_SETUP},       {PROTO_SETUP, MSG_READY, 0, PROTO_READY},
	{PROTO_SETUP, MSG_FAIL, 0, PROTO_FAILED},    {PROTO_SETUP, MSG_FAIL, 1, PROTO_FAILED},
	{PROTO_READY, MSG_FAIL, 0, PROTO_FAILED},    {PROTO_READY, MSG_FAIL, 1, PROTO_FAILED},
	{PROTO_STARTED, MSG_SYNC, 0, PROTO_STARTED}, {PROTO_STARTED, MSG_FD, 1, PROTO_STARTED},
	{PROTO_STARTED, MSG_FAIL, 0, PROTO_FAILED},  {PROTO_STARTED, MSG_FAIL, 1, PROTO_FAILED},
	{PROTO_STARTED, MSG_EOF, 0, PROTO_RUNNING},
};

static enum proto_state expected(enum proto_state now, uint32_t type, unsigned n_fds)
{
	for (size_t i = 0; i < sizeof(legal) / sizeof(*legal); i++)
		if (legal[i].now == now && legal[i].type == type && legal[i].n_fds == n_fds)
			return legal[i].next;
	return PROTO_BROKEN;
}

TEST(every_message_in_every_state)
{
	for (int now = PROTO_SETUP; now <= PROTO_BROKEN; now++)
		for (uint32_t type = MSG_EOF; type <= MSG_START + 2; type++)
			for (unsigned n = 0; n <= 3; n++)
				CHECK_INT(proto_next((enum proto_state)now, type, n),
					  expected((enum proto_state)now, type, n));
}

TEST(numbers_that_are_no_messages)
{
	CHECK_INT(proto_next(PROTO_SETUP, UINT32_MAX, 0), PROTO_BROKEN);
	CHECK_INT(proto_next(PROTO_SETUP, MSG_READY, MSG_FDS_MAX), PROTO_BROKEN);
	CHECK_INT(proto_next(PROTO_SETUP, MSG_FD, UINT32_MAX), PROTO_BROKEN);
}

/* Silence is success in one state only. */
TEST(end_of_file)
{
	CHECK_INT(proto_next(PROTO_SETUP, MSG_EOF, 0), PROTO_BROKEN);
	CHECK_INT(proto_next(PROTO_READY, MSG_EOF, 0), PROTO_BROKEN);
	CHECK_INT(proto_next(PROTO_RUNNING, MSG_EOF, 0), PROTO_BROKEN);
}
