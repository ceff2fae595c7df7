/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/clone.h"
#include "runtime/embed.h"
#include "runtime/spawn.h"

static void reap(int pidfd)
{
	while (waitid(P_PIDFD, (id_t)pidfd, NULL, WEXITED) < 0 && errno == EINTR)
		;
}

void spawn_clear(struct spawn *s)
{
	/* Its end was not worth waiting for, but it must not be left to somebody who knows nothing of
	 * it. */
	if (s->helper >= 0)
		reap(s->helper);
	int *fds[] = {&s->chan,    &s->pidfd,  &s->helper, &s->console,
		      &s->seccomp, &s->output, &s->root};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		auto_close_fd(fds[i]);
		*fds[i] = -1;
	}
}

/* ---- in the child, before exec: system calls only ------------------------------------------ */

struct child {
	const int *fds;     /* n descriptors, to become first_fd … */
	const int *streams; /* to become 0, 1, 2, or NULL */
	unsigned n, first_fd;
	int exe;
	bool raise_caps;
	char arg[12];
	int error; /* read by the parent: memory is shared */
};

/* Out of the way of the numbers that are about to be given away. */
static int lift(const struct child *c, int fd)
{
	int floor = (int)(c->first_fd + c->n);

	return fd < 0 || fd >= floor ? fd : fcntl(fd, F_DUPFD_CLOEXEC, floor);
}

static int arrange(struct child *c)
{
	int from[OP_SLOTS];

	for (int i = 0; c->streams && i < 3; i++) /* each above 2 */
		if (dup2(c->streams[i], i) < 0)
			return -1;
	c->exe = lift(c, c->exe);
	if (c->exe < 0)
		return -1;
	for (unsigned i = 0; i < c->n; i++) {
		from[i] = lift(c, c->fds[i]);
		if (c->fds[i] >= 0 && from[i] < 0)
			return -1;
	}
	for (unsigned i = 0; i < c->n; i++) {
		if (from[i] <
		    0) /* an empty slot must not be taken for what ctr's caller left open there */
			close((int)(c->first_fd + i));
		else if (dup2(from[i], (int)(c->first_fd + i)) < 0)
			return -1;
	}
	for (unsigned fd = 3; fd < c->first_fd; fd++)
		if (fcntl((int)fd, F_SETFD, 0) < 0)
			return -1;
	return 0;
}

/* In a user namespace without maps nobody is root, and exec would take all capabilities away;
 * ambient ones stay (capabilities(7)). The executor sets the final sets itself. */
static int keep_caps(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return -1;
	for (int cap = 0; cap < 64; cap++)
		if (data[cap / 32].permitted >> (cap % 32) & 1)
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return 0;
}

static int child_main(void *arg)
{
	struct child *c = arg;
	char name[] = "ctr-init";
	char *argv[] = {name, c->arg, NULL}, *envp[] = {NULL};

	if (arrange(c) == 0 && (!c->raise_caps || keep_caps() == 0))
		sys_execveat(c->exe, "", argv, envp, AT_EMPTY_PATH);
	c->error = errno;
	return 1;
}

/* ---- the parent ------------------------------------------------------------------------------ */

static int plan_memfd(const struct oplist *ops, unsigned first_fd, struct err *err)
{
	auto_(str) struct str image = {0};
	int r = oplist_pack(ops, first_fd, &image, err);
	if (r < 0)
		return r;
	auto_fd int fd = sys_memfd_create("ctr-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_set(err, errno, "create a memory file");
	r = fd_write_all(fd, image.p, image.len);
	if (r < 0)
		return err_set(err, r, "write the plan");
	return steal_fd(&fd);
}

static int clone_executor(const struct spawn_args *a, struct child *c, struct spawn *s,
			  struct err *err)
{
	struct clone_args args = {
		.flags = a->clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&s->pidfd,
		.exit_signal = SIGCHLD,
	};

	if (a->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)a->cgroup;
	}
	/* To one who was started with SIGCHLD ignored no child would ever tell how it ended (wait(2)). */
	signal(SIGCHLD, SIG_DFL);
	s->pid = clone_vfork(&args, child_main, c);
	if (s->pid < 0) {
		err_set(err, s->pid, "create the container's first process");
		if (s->pid == -ENOSPC)
			err_hint(
				err,
				"a limit on namespaces is reached: see /proc/sys/user/max_*_namespaces");
		else if (s->pid == -EAGAIN)
			err_hint(err, "a pids limit, of the cgroup or RLIMIT_NPROC, is reached");
		else if (s->pid == -EACCES && a->cgroup >= 0)
			err_hint(err,
				 "whoever is not root makes processes only in groups beside his "
				 "own session's: log in where systemd runs, or have root put the "
				 "session into a group below the tenant's");
		else if (s->pid == -EPERM)
			err_hint(
				err,
				"whoever is not root needs a user namespace: see ctr spec --rootless");
		return -err->num;
	}
	if (!c->error)
		return 0;
	spawn_kill(s);
	return err_set(err, c->error, "execute the container's init");
}

int spawn_begin(const struct spawn_args *a, struct spawn *ret, struct err *err)
{
	unsigned first_fd = 3 + a->preserve_fds;
	int fds[OP_SLOTS], pair[2];
	struct spawn s = SPAWN_NONE;

	auto_fd int exe = embed_init_memfd();
	if (exe < 0)
		return err_set(err, exe, "make the sealed executor");
	auto_fd int plan = plan_memfd(a->ops, first_fd, err);
	if (plan < 0)
		return plan;
	int r = chan_pair(pair);
	if (r < 0)
		return err_set(err, r, "make a socket pair");
	auto_fd int theirs = pair[1];
	s.chan = pair[0];

	fds[SLOT_CHAN] = theirs;
	fds[SLOT_PLAN] = plan;
	for (unsigned i = SLOT_FIRST; i < a->ops->n_fds; i++)
		fds[i] = a->fds[i - SLOT_FIRST];
	struct child c = {
		.fds = fds,
		.n = a->ops->n_fds,
		.first_fd = first_fd,
		.exe = exe,
		.streams = a->streams,
		.raise_caps = (a->clone_flags & CLONE_NEWUSER) != 0,
	};
	snprintf(c.arg, sizeof(c.arg), "%u", first_fd);
	r = clone_executor(a, &c, &s, err);
	if (r < 0)
		spawn_clear(&s);
	else
		*ret = s;
	return r;
}

static int took_fork(struct spawn *s, const struct op_msg *msg, struct chan_fds *fds,
		     struct err *err)
{
	struct op_msg ok = {.type = MSG_OK};
	int r = chan_send(s->chan, &ok, NULL, 0);

	if (r < 0)
		return err_set(err, r, "answer the executor");
	if (s->helper >= 0)
		return err_say(err, EPROTO, "the container's init forked twice");
	s->helper = s->pidfd;
	s->pid = (pid_t)msg->a;
	s->pidfd = steal_fd(&fds->fd[0]);
	return 0;
}

/* What the parent knows while it listens. */
struct listener {
	const struct oplist *ops;
	spawn_sync *sync;
	void *arg;
};

static int answer(struct spawn *s, const struct op_msg *msg, const struct listener *l,
		  struct err *err)
{
	auto_(chan_fds) struct chan_fds reply = {0};
	struct op_msg ok = {.type = MSG_OK};
	int r = l->sync ? l->sync(l->arg, (enum sync_point)msg->a, s, &reply, err)
			: err_say(err, EPROTO, "the executor asked for what nobody offers");

	if (r < 0)
		return r;
	r = chan_send(s->chan, &ok, reply.fd, reply.n);
	return r < 0 ? err_set(err, r, "answer the executor") : 0;
}

/* The listener is handed on at once: the program may not get on without it. */
static int took_fd(struct spawn *s, const struct op_msg *msg, struct chan_fds *fds,
		   const struct listener *l, struct err *err)
{
	bool is_console = msg->a == MSG_FD_CONSOLE;
	auto_(chan_fds) struct chan_fds none = {0};
	int *to = is_console ? &s->console : &s->seccomp;

	auto_close_fd(to);
	*to = steal_fd(&fds->fd[0]);
	if (is_console)
		return 0;
	return l->sync ? l->sync(l->arg, SYNC_LISTENER, s, &none, err)
		       : err_say(err, EPROTO, "the executor sent a listener that nobody wants");
}

static int took_failure(struct spawn *s, const struct op_msg *msg, struct chan_fds *fds,
			const struct oplist *ops, struct err *err)
{
	uint32_t num = (uint32_t)msg->a;

	s->failed_op = msg->op;
	s->failed_num = num && num < 4096 ? (int)num : EIO;
	s->hook_status = (int)(msg->a >> 32);
	if (fds->n)
		s->root = steal_fd(&fds->fd[0]);
	const char *name = msg->op < ops->n ? op_name(ops->ops[msg->op].kind) : "?";
	return err_set(err, s->failed_num, "%s (%s)", msg->op < ops->n ? ops->why[msg->op] : "?",
		       name);
}

static int handle(struct spawn *s, const struct op_msg *msg, struct chan_fds *fds,
		  const struct listener *l, struct err *err)
{
	if (s->state == PROTO_FAILED)
		return took_failure(s, msg, fds, l->ops, err);
	if (s->state == PROTO_BROKEN)
		return msg->type == MSG_EOF
			       ? err_say(err, EPROTO, "the container's init died while setting up")
			       : err_say(err, EPROTO,
					 "the container's init sent message %u out of turn",
					 msg->type);
	if (msg->type == MSG_SYNC)
		return answer(s, msg, l, err);
	if (msg->type == MSG_FORKED)
		return took_fork(s, msg, fds, err);
	if (msg->type == MSG_FD)
		return took_fd(s, msg, fds, l, err);
	return 0;
}

int spawn_until(struct spawn *s, enum proto_state goal, const struct oplist *ops, spawn_sync *sync,
		void *arg, struct err *err)
{
	const struct listener l = {.ops = ops, .sync = sync, .arg = arg};

	while (s->state != goal) {
		auto_(chan_fds) struct chan_fds fds = {0};
		struct op_msg msg = {0};
		int r = chan_recv(s->chan, &msg, &fds);
		/* A peer that is killed with our answer unread makes the kernel say "reset". */
		if (r < 0 && r != -ECONNRESET)
			return err_set(err, r, "hear from the container's init");
		if (r <= 0)
			msg = (struct op_msg){.type = MSG_EOF};
		s->state = proto_next(s->state, msg.type, fds.n);
		r = handle(s, &msg, &fds, &l, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int spawn_go(struct spawn *s, struct err *err)
{
	struct op_msg go = {.type = MSG_START};
	int r = chan_send(s->chan, &go, NULL, 0);

	if (r < 0)
		return err_set(err, r, "tell the container's init to go on");
	s->state = PROTO_STARTED;
	return 0;
}

int spawn_leave(struct spawn *s, struct err *err)
{
	struct op_msg ok = {.type = MSG_OK};
	int r = chan_send(s->chan, &ok, NULL, 0);

	return r < 0 ? err_set(err, r, "leave the container's init") : 0;
}

void spawn_kill(struct spawn *s)
{
	if (s->pidfd < 0)
		return;
	sys_pidfd_send_signal(s->pidfd, SIGKILL);
	reap(s->pidfd);
}
