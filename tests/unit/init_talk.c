/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init as its parent sees it: what it accepts, what it says, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/base/sys.h"
#include "tests/lib/test.h"
#include "tests/unit/init_peer.h"

TEST(an_empty_list_ends_well)
{
	struct oplist l;

	oplist_init(&l);
	CHECK_INT(peer_run(&l, NULL), 0);
}

TEST(a_bad_list_is_refused_with_its_operation)
{
	struct oplist l;
	uint32_t op = 0;

	oplist_init(&l);
	oplist_add(&l, OP_NOP);
	oplist_add(&l, OP_NOP)->zero = 1;
	CHECK_INT(peer_run(&l, &op), EBADMSG);
	CHECK_INT(op, 1);
}

TEST(a_failure_is_reported_and_waits_for_the_parent)
{
	struct oplist l;

	oplist_init(&l);
	oplist_add(&l, OP_NOP);
	peer_op(&l, OP_MKDIR, SLOT_FIRST, "x"); /* an empty slot */
	struct peer p = peer_start(&l, -1);
	CHECK_INT(peer_hear(&p), MSG_FAIL);
	CHECK_INT(p.msg.op, 1);
	CHECK_INT(p.msg.a, EBADF);
	CHECK_INT(p.fds.n, 0);
	CHECK_INT(waitpid(p.pid, NULL, WNOHANG), 0); /* still there to be looked at */
	CHECK_INT(peer_end(&p), 1);
}

TEST(a_parent_that_goes_away_takes_the_executor_with_it)
{
	struct oplist l;

	oplist_init(&l);
	oplist_add(&l, OP_SYNC)->a = SYNC_IDS;
	struct peer p = peer_start(&l, -1);
	CHECK_INT(peer_hear(&p), MSG_SYNC);
	CHECK_INT(p.msg.a, SYNC_IDS);
	CHECK_INT(peer_end(&p), 1);
}

TEST(sync_fills_slots)
{
	struct oplist l;
	int pipes[2];

	MUST(pipe2(pipes, O_CLOEXEC) == 0);
	oplist_init(&l);
	int16_t slot = oplist_slots(&l, 2);
	struct op *op = oplist_add(&l, OP_SYNC);
	op->a = SYNC_MOUNTS;
	op->b = 2;
	op->ret = slot;
	op = oplist_add(&l, OP_WRITE);
	op->fd = (int16_t)(slot + 1);
	peer_data(&l, op, "through", 7);
	struct peer p = peer_start(&l, -1);
	CHECK_INT(peer_hear(&p), MSG_SYNC);
	const int fds[] = {pipes[0], pipes[1]};
	peer_say(&p, MSG_OK, fds, 2);
	CHECK_INT(peer_hear(&p), 0);
	CHECK_INT(peer_end(&p), 0);
	char buf[8] = "";
	CHECK_INT(read(pipes[0], buf, 7), 7);
	CHECK_STR(buf, "through");
	close(pipes[0]);
	close(pipes[1]);
}

TEST(a_wrong_answer_is_a_failure)
{
	struct oplist l;

	for (int kind = 0; kind < 3; kind++) {
		oplist_init(&l);
		int16_t slot = oplist_slots(&l, 1);
		struct op *op = oplist_add(&l, OP_SYNC);
		op->b = kind == 2;
		op->ret = slot;
		struct peer p = peer_start(&l, -1);
		CHECK_INT(peer_hear(&p), MSG_SYNC);
		const int fd = STDOUT_FILENO;
		/* The wrong type; a descriptor too many; one too few. */
		peer_say(&p, kind == 0 ? MSG_START : MSG_OK, &fd, kind == 1);
		CHECK_INT(peer_hear(&p), MSG_FAIL);
		CHECK_INT(p.msg.a, EPROTO);
		CHECK_INT(peer_end(&p), 1);
	}
}

TEST(optional_and_missing_ok)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t slot = oplist_slots(&l, 2), after = (int16_t)(slot + 1);
	struct op *op = peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/no/such/path");
	op->a = OPEN_TREE_CLONE;
	op->ret = slot;
	op->flags = OPF_MISSING_OK;
	/* What depends on it, and what depends on that, is skipped. */
	op = peer_op(&l, OP_TARGET, SLOT_CWD, "/no/such/root");
	op->fd2 = slot;
	op->ret = after;
	op = oplist_add(&l, OP_MOVE_MOUNT);
	op->fd = slot;
	op->fd2 = after;
	oplist_add(&l, OP_CLOSE)->fd = slot;
	op = peer_op(&l, OP_MKDIR, SLOT_CWD, "/proc/no");
	op->flags = OPF_OPTIONAL;
	/* MISSING_OK forgives a missing file only. */
	op = peer_op(&l, OP_OPEN, SLOT_CWD, "/proc/self/exe/x");
	op->flags = OPF_MISSING_OK;
	uint32_t at = 0;
	CHECK_INT(peer_run(&l, &at), ENOTDIR);
	CHECK_INT(at, 5);
}

TEST(close_closes_one_slot_or_all_behind_it)
{
	struct oplist l;

	for (uint64_t behind = 0; behind < 2; behind++) {
		oplist_init(&l);
		int16_t first = peer_open(&l, "/"), second = peer_open(&l, "/"),
			third = peer_open(&l, "/");
		struct op *op = oplist_add(&l, OP_CLOSE);
		op->fd = second;
		op->a = behind;
		peer_op(&l, OP_OPEN, third, "proc")->a = O_PATH;
		peer_op(&l, OP_OPEN, second, "proc")->a = O_PATH;
		(void)first;
		uint32_t at = 0;
		CHECK_INT(peer_run(&l, &at), EBADF);
		CHECK_INT(at, behind ? 4 : 5);
	}
}

TEST(an_empty_slot_is_an_error)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t slot = oplist_slots(&l, 2);
	struct op *op = oplist_add(&l, OP_MOVE_MOUNT);
	op->fd = slot;
	op->fd2 = (int16_t)(slot + 1);
	CHECK_INT(peer_run(&l, NULL), EBADF);
}

TEST(fork_goes_on_in_a_child_of_ours)
{
	struct oplist l;
	int status;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	oplist_add(&l, OP_UNSHARE)->a = CLONE_NEWPID;
	oplist_add(&l, OP_FORK);
	oplist_add(&l, OP_SYNC)->a = SYNC_CGROUP;
	oplist_add(&l, OP_READY);
	struct peer p = peer_start(&l, -1);
	CHECK_INT(peer_hear(&p), MSG_FORKED);
	MUST(p.fds.n == 1);
	pid_t child = (pid_t)p.msg.a;
	siginfo_t info = {0};
	CHECK_INT(waitid(P_PIDFD, (id_t)p.fds.fd[0], &info, WEXITED | WNOHANG), 0);
	CHECK(waitpid(p.pid, &status, 0) == p.pid && WIFEXITED(status) && !WEXITSTATUS(status));
	/* Nothing is said before the parent knows the new process. */
	struct op_msg none;
	CHECK_INT(recv(p.chan, &none, sizeof(none), MSG_DONTWAIT), -1);
	peer_say(&p, MSG_OK, NULL, 0);
	CHECK_INT(peer_hear(&p), MSG_SYNC);
	peer_say(&p, MSG_OK, NULL, 0);
	CHECK_INT(peer_hear(&p), MSG_READY);
	p.pid = child;
	CHECK_INT(peer_end(&p), 0); /* it was our child all along */
}

TEST(start_over_the_channel)
{
	struct oplist l;

	oplist_init(&l);
	oplist_add(&l, OP_READY);
	oplist_add(&l, OP_START);
	peer_shell(&l, "exit 7", NULL, 0);
	struct peer p = peer_start(&l, -1);
	CHECK_INT(peer_hear(&p), MSG_READY);
	peer_say(&p, MSG_START, NULL, 0);
	CHECK_INT(peer_hear(&p), 0); /* the exec closed it */
	CHECK_INT(peer_end(&p), 7);
}

TEST(start_over_a_socket)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	int dir = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int listener = chan_listen(dir, "start");
	MUST(listener >= 0);
	oplist_init(&l);
	int16_t slot = oplist_inherit(&l);
	oplist_add(&l, OP_READY);
	oplist_add(&l, OP_START)->fd = slot;
	struct op *op = oplist_add(&l, OP_FIND);
	op->a = 1;
	peer_data(&l, op, "/tmp/nothing", sizeof("/tmp/nothing"));
	struct peer p = peer_start(&l, listener);
	CHECK_INT(peer_hear(&p), MSG_READY);
	peer_say(&p, MSG_OK, NULL, 0);
	close(p.chan);
	close(listener);
	/* Some only look. */
	int looker = chan_connect(dir, "start");
	CHECK(looker >= 0);
	close(looker);
	p.chan = chan_connect(dir, "start");
	close(dir);
	MUST(p.chan >= 0);
	peer_say(&p, MSG_START, NULL, 0);
	/* Now failures are told to the one who started. */
	CHECK_INT(peer_hear(&p), MSG_FAIL);
	CHECK_INT(p.msg.a, ENOENT);
	CHECK_INT(p.fds.n, 1);
	CHECK_INT(peer_end(&p), 1);
}

TEST(a_parent_that_ends_too_early_takes_it_along)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	int dir = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int listener = chan_listen(dir, "start");
	close(dir);
	MUST(listener >= 0);
	oplist_init(&l);
	int16_t slot = oplist_inherit(&l);
	oplist_add(&l, OP_READY);
	oplist_add(&l, OP_START)->fd = slot;
	struct peer p = peer_start(&l, listener);
	CHECK_INT(peer_hear(&p), MSG_READY);
	close(listener);
	close(p.chan);
	p.chan = -1;
	CHECK_INT(peer_end(&p), 1);
}

TEST(the_callers_descriptors_are_gone)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	peer_open(&l, "/tmp"); /* nor are those that operations opened */
	peer_shell(&l, "exec /bin/ls /proc/self/fd >/tmp/fds", NULL, 0);
	CHECK_INT(peer_run(&l, NULL), 0);
	CHECK_STR(peer_read_file("/tmp/fds"), "0\n1\n2\n3\n"); /* 3 is ls's own */
}
