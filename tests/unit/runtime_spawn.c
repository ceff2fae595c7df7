/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of a start, with a peer that follows a script. All that it says is in the socket
 * before the parent begins to listen; what the parent answers is read afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/spawn.h"
#include "tests/lib/test.h"

struct line {
	uint32_t type, op;
	uint64_t a;
	unsigned n_fds;
};

struct play {
	struct spawn s;
	struct oplist ops;
	int peer;
	struct err err;
	int r;
};

static void play_clear(struct play *p)
{
	spawn_clear(&p->s);
	oplist_clear(&p->ops);
	auto_close_fd(&p->peer);
}

/* Ends with the peer's end of the conversation closed for writing. */
static struct play play_of(enum proto_state now, const struct line *lines, size_t n)
{
	struct play p = {.s = SPAWN_NONE};
	int pair[2] = {-1, -1};
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[] = {null, null};

	CHECK_INT(chan_pair(pair), 0);
	p.s.chan = pair[0];
	p.s.state = now;
	p.peer = pair[1];
	oplist_init(&p.ops);
	oplist_why(&p.ops, "mounts[3] /data");
	oplist_add(&p.ops, OP_FSMOUNT);
	oplist_why(&p.ops, "process.args[0] sh");
	oplist_add(&p.ops, OP_FIND);
	for (size_t i = 0; i < n; i++) {
		const struct op_msg msg = {
			.type = lines[i].type, .op = lines[i].op, .a = lines[i].a};
		CHECK_INT(chan_send(p.peer, &msg, fds, lines[i].n_fds), 0);
	}
	shutdown(p.peer, SHUT_WR);
	return p;
}

#define PLAY(now, ...)                                                                             \
	play_of(now, (const struct line[]){__VA_ARGS__},                                           \
		sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))

/* Notes which points were asked for; gives a descriptor for mounts; SYNC_RUNTIME fails. */
static int sync_point(void *asked, enum sync_point point, struct spawn *s, struct chan_fds *reply,
		      struct err *err)
{
	(void)s;
	*(unsigned *)asked |= 1U << point;
	if (point == SYNC_RUNTIME)
		return err_say(err, EACCES, "the network is not to be had");
	if (point == SYNC_MOUNTS)
		reply->fd[reply->n++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

static unsigned until(struct play *p, enum proto_state goal)
{
	unsigned asked = 0;

	p->r = spawn_until(&p->s, goal, &p->ops, sync_point, &asked, &p->err);
	CHECK_INT(p->r, -p->err.num);
	return asked;
}

TEST(each_sync_point_is_answered)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_SYNC, 0, SYNC_IDS, 0},
					 {MSG_SYNC, 1, SYNC_MOUNTS, 0}, {MSG_READY, 0, 0, 0});
	struct op_msg msg;

	CHECK_INT(until(&p, PROTO_READY), 1U << SYNC_IDS | 1U << SYNC_MOUNTS);
	CHECK_INT(p.r, 0);
	for (unsigned i = 0; i < 2; i++) {
		auto_(chan_fds) struct chan_fds fds = {0};
		CHECK_INT(chan_recv(p.peer, &msg, &fds), 1);
		CHECK_INT(msg.type, MSG_OK);
		CHECK_INT(fds.n, i);
	}
}

TEST(a_step_of_ours_that_fails)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_SYNC, 0, SYNC_RUNTIME, 0});

	until(&p, PROTO_READY);
	CHECK_STR(p.err.msg, "the network is not to be had");
	CHECK_INT(p.r, -EACCES);
}

TEST(the_program_runs)
{
	auto_(play) struct play p = PLAY(PROTO_READY);

	CHECK_INT(spawn_go(&p.s, &p.err), 0);
	until(&p, PROTO_RUNNING);
	CHECK_INT(p.r, 0);
}

TEST(descriptors_are_kept)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_FD, 0, MSG_FD_CONSOLE, 1},
					 {MSG_FD, 0, MSG_FD_CONSOLE, 1}, {MSG_READY, 0, 0, 0});

	until(&p, PROTO_READY);
	CHECK(p.s.console >= 0);
	CHECK(p.s.seccomp < 0);
}

/* The executor knows an index and a number; the words are the plan's. */
TEST(a_failure_is_told_in_the_words_of_the_plan)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_FAIL, 0, EINVAL, 0});
	char text[200];

	until(&p, PROTO_READY);
	CHECK_STR(err_text(&p.err, text, sizeof(text)),
		  "mounts[3] /data (fsmount): invalid argument");
	CHECK_INT(p.s.failed_op, 0);
	CHECK_INT(p.s.failed_num, EINVAL);
	CHECK(p.s.root < 0);
}

TEST(a_program_that_is_not_found_comes_with_the_root)
{
	auto_(play) struct play p = PLAY(PROTO_STARTED, {MSG_FAIL, 1, ENOENT, 1});

	until(&p, PROTO_RUNNING);
	CHECK_INT(p.r, -ENOENT);
	CHECK_INT(p.s.failed_op, 1);
	CHECK(p.s.root >= 0);
}

TEST(a_failure_that_makes_no_sense)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_FAIL, 99, 1 << 20, 0});

	until(&p, PROTO_READY);
	CHECK_INT(p.r, -EIO);
}

static const struct line silence[1];
static const struct {
	enum proto_state now, goal;
	struct line line;
	const char *message;
} broken[] = {
	{PROTO_SETUP, PROTO_READY, {0, 0, 0, 0}, "the container's init died while setting up"},
	{PROTO_SETUP,
	 PROTO_READY,
	 {MSG_START, 0, 0, 0},
	 "the container's init sent message 7 out of turn"},
	{PROTO_SETUP,
	 PROTO_READY,
	 {MSG_READY, 0, 0, 1},
	 "the container's init sent message 4 out of turn"},
	{PROTO_READY,
	 PROTO_RUNNING,
	 {MSG_SYNC, 0, SYNC_IDS, 0},
	 "the container's init sent message 1 out of turn"},
	{PROTO_STARTED,
	 PROTO_RUNNING,
	 {MSG_READY, 0, 0, 0},
	 "the container's init sent message 4 out of turn"},
};

TEST(what_is_out_of_turn)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		bool says = broken[i].line.type != silence->type;
		auto_(play) struct play p = play_of(broken[i].now, &broken[i].line, says);
		until(&p, broken[i].goal);
		CHECK_STR(p.err.msg, broken[i].message);
		CHECK_INT(p.r, -EPROTO);
	}
}

TEST(packets_of_a_wrong_size)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_SYNC, 0, SYNC_IDS, 0});
	auto_(play) struct play odd = {.s = SPAWN_NONE, .peer = -1};
	int pair[2];

	MUST(chan_pair(pair) == 0);
	odd.s.chan = pair[0];
	odd.peer = pair[1];
	CHECK_INT(send(odd.peer, "abc", 3, 0), 3);
	oplist_init(&odd.ops);
	until(&odd, PROTO_READY);
	CHECK_INT(odd.r, -EPROTO);
	until(&p, PROTO_READY);
	CHECK_INT(p.r, -EPROTO); /* it went away after its question */
}

TEST(nobody_who_offers_anything)
{
	auto_(play) struct play p = PLAY(PROTO_SETUP, {MSG_SYNC, 0, SYNC_IDS, 0});

	CHECK_INT(spawn_until(&p.s, PROTO_READY, &p.ops, NULL, NULL, &p.err), -EPROTO);
}
