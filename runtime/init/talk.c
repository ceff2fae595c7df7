/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the parent, and the fork that only makes sense together with it. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/init/exec.h"

enum { FAREWELL_MS = 10000, FAREWELL_MESSAGES = 4 };

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

int talk_send(const struct exec *x, const struct op_msg *msg, int fd)
{
	struct op_msg copy = *msg;
	struct iovec iov = {.iov_base = &copy, .iov_len = sizeof(copy)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;

	copy.op = x->at;
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	ssize_t n;
	do
		n = sendmsg(x->slot[SLOT_CHAN], &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

struct heard {
	struct op_msg msg;
	int fd[MSG_FDS_MAX];
	unsigned n;
};

static void forget_fds(struct heard *h)
{
	while (h->n)
		close(h->fd[--h->n]);
}

static void keep_fds(struct msghdr *m, struct heard *h)
{
	h->n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		h->n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)); /* as many as fit */
		memcpy(h->fd, CMSG_DATA(c), h->n * sizeof(int));
	}
}

/* Waits for one message: 1, or 0 at the end, or -errno. */
static int hear(int sock, struct heard *h)
{
	struct iovec iov = {.iov_base = &h->msg, .iov_len = sizeof(h->msg)};
	union control control;
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	keep_fds(&m, h);
	if (n == sizeof(h->msg) && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	forget_fds(h);
	return -EPROTO;
}

/* Waits for a message of that type with that many descriptors. A parent that goes away takes the
 * container in the making with it. */
static int expect(struct exec *x, uint32_t type, uint64_t n_fds, struct heard *h)
{
	int r = hear(x->slot[SLOT_CHAN], h);

	if (r == 0 || r == -ECONNRESET)
		_exit(1);
	if (r < 0)
		return r;
	if (h->msg.type == type && h->n == n_fds)
		return 0;
	forget_fds(h);
	return -EPROTO;
}

void talk_fail(struct exec *x, int num)
{
	struct op_msg msg = {
		.type = MSG_FAIL,
		.a = (uint64_t)num | (uint64_t)(uint32_t)x->hook_status << 32,
	};
	struct heard h;
	int root = -1;

	/* Who asks why a program could not be found looks into the container through this. */
	if (x->image && x->at != UINT32_MAX) {
		unsigned kind = op_list(x->image)[x->at].kind;
		if (kind == OP_FIND || kind == OP_EXEC)
			root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	talk_send(x, &msg, root);
	/* Until the parent has looked it needs us alive: it hangs up when it is done. */
	struct pollfd p = {.fd = x->slot[SLOT_CHAN], .events = POLLIN};
	for (int i = 0; i < FAREWELL_MESSAGES && poll(&p, 1, FAREWELL_MS) > 0; i++) {
		if (hear(p.fd, &h) <= 0)
			return;
		forget_fds(&h);
	}
}

int op_sync(struct exec *x, const struct op *op)
{
	struct op_msg msg = {.type = MSG_SYNC, .a = op->a};
	struct heard h;

	if (op->b && (op->ret < 0 || op->b > MSG_FDS_MAX || op->ret + (int)op->b > OP_SLOTS))
		return -EINVAL;
	int r = talk_send(x, &msg, -1);
	if (r < 0 || (r = expect(x, MSG_OK, op->b, &h)) < 0)
		return r;
	for (unsigned i = 0; i < h.n; i++)
		exec_put(x, op->ret + (int)i, h.fd[i]);
	return 0;
}

int op_ready(struct exec *x, const struct op *op)
{
	struct op_msg msg = {.type = MSG_READY};

	(void)op;
	return talk_send(x, &msg, -1);
}

int op_start(struct exec *x, const struct op *op)
{
	struct heard h;

	if (op->fd == SLOT_NONE)
		return expect(x, MSG_START, 0, &h);
	int r = expect(x, MSG_OK, 0, &h);
	if (r < 0)
		return r;
	for (;;) {
		int sock = accept4(exec_fd(x, op->fd), NULL, NULL, SOCK_CLOEXEC);
		if (sock < 0 && errno != EINTR && errno != ECONNABORTED)
			return -errno;
		if (sock < 0)
			continue;
		bool heard = hear(sock, &h) == 1;
		if (heard)
			forget_fds(&h);
		if (heard && h.msg.type == MSG_START) {
			exec_drop(x, op->fd);
			return exec_put(x, SLOT_CHAN, sock);
		}
		/* One who connects and goes away, killed perhaps, has not started anything. */
		close(sock);
	}
}

int op_fork(struct exec *x, const struct op *op)
{
	int pidfd = -1;
	struct heard h;
	/* With CLONE_PARENT our parent hears of the child's end, by the signal it hears of ours. */
	struct clone_args args = {
		.flags = CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
	};

	(void)op;
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	/* Both speak on one socket: the child keeps silent until the parent knows of it. */
	if (pid == 0)
		return expect(x, MSG_OK, 0, &h);
	struct op_msg msg = {.type = MSG_FORKED, .a = (uint64_t)pid};
	if (talk_send(x, &msg, pidfd) < 0)
		sys_pidfd_send_signal(pidfd, SIGKILL);
	_exit(0);
}
