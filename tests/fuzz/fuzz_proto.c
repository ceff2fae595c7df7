/* SPDX-License-Identifier: Apache-2.0 */
/* Any executor: the parent's side of a start ends in success or in an error, whatever is said to it
 * and with how many descriptors, and keeps none of those.
 *
 * The input is a list of messages, four bytes each: type, number of descriptors and odd sizes,
 * operation, argument. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/chan.h"
#include "runtime/spawn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_BYTES = 4, MESSAGES_MAX = 40, FDS = 3, ODD_SIZE = 0x80 };

/* Only one sequence of states is a success; that must hold without any socket, too. */
static void check_states(const uint8_t *data, size_t size)
{
	enum proto_state now = PROTO_SETUP;

	for (; size >= MESSAGE_BYTES; data += MESSAGE_BYTES, size -= MESSAGE_BYTES) {
		enum proto_state next = proto_next(now, data[0], data[1] & FDS);
		if ((unsigned)next > PROTO_BROKEN ||
		    (next == PROTO_RUNNING && (now != PROTO_STARTED || data[0] != MSG_EOF)) ||
		    ((now == PROTO_BROKEN || now == PROTO_FAILED) && next != PROTO_BROKEN))
			abort();
		now = next == PROTO_READY ? PROTO_STARTED : next;
	}
}

static void say(int peer, const uint8_t *m, const int *fds)
{
	const struct op_msg msg = {.type = m[0], .op = m[2], .a = m[3]};

	if (m[1] & ODD_SIZE)
		send(peer, &msg, m[3] % (sizeof(msg) + 1), MSG_NOSIGNAL);
	else
		chan_send(peer, &msg, fds, m[1] & FDS);
}

static int sync_point(void *failing, enum sync_point point, struct spawn *s, struct chan_fds *reply,
		      struct err *err)
{
	(void)s;
	if ((unsigned)point == *(unsigned *)failing)
		return err_say(err, EIO, "this step fails");
	if (point == SYNC_MOUNTS)
		reply->fd[reply->n++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

static void check_result(int r, const struct spawn *s, enum proto_state goal, const struct err *err)
{
	if (r != -err->num || (r == 0) != (s->state == goal && err->num == 0) ||
	    (r < 0 && !*err->msg))
		abort();
}

static void play(int mine, const struct oplist *ops, unsigned failing)
{
	struct spawn s = SPAWN_NONE;
	struct err err = {0};

	s.chan = mine;
	s.state = PROTO_SETUP;
	int r = spawn_until(&s, PROTO_READY, ops, sync_point, &failing, &err);
	check_result(r, &s, PROTO_READY, &err);
	if (r == 0 && spawn_go(&s, &err) == 0) {
		r = spawn_until(&s, PROTO_RUNNING, ops, NULL, NULL, &err);
		check_result(r, &s, PROTO_RUNNING, &err);
	}
	spawn_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(oplist) struct oplist ops;
	int pair[2], before = fcntl(0, F_DUPFD_CLOEXEC, 3);

	close(before);
	check_states(data, size);
	if (chan_pair(pair) < 0)
		abort();
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[FDS] = {null, null, null};
	for (size_t i = 0; i < MESSAGES_MAX && (i + 1) * MESSAGE_BYTES <= size; i++)
		say(pair[1], data + i * MESSAGE_BYTES, fds);
	close(null);
	shutdown(pair[1], SHUT_WR);
	oplist_init(&ops);
	oplist_why(&ops, "a test");
	oplist_add(&ops, OP_FIND);
	oplist_add(&ops, OP_EXEC);
	play(pair[0], &ops, size % 9);
	close(pair[1]);
	int after = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(after);
	if (after != before)
		abort();
	return 0;
}
