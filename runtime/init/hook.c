/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that belong inside: each is a process of its own, which has nothing of the executor's but
 * its namespaces. */
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/init/exec.h"

/* What the hook is to be: made before its process exists. */
struct hook {
	char **argv, **env;
	const char *path;
	int in, out;
};

/* The state of the container, as far as it was known beforehand, and the pid. A file, not a pipe:
 * it has room for all of it, whether the hook reads or not. */
static int make_input(const char *state)
{
	char number[16], *p = number + sizeof(number);
	int fd = sys_memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*--p = '}';
	for (int pid = getpid(); pid > 0; pid /= 10)
		*--p = (char)('0' + pid % 10);
	size_t len = strlen(state), rest = (size_t)(number + sizeof(number) - p);
	if (write(fd, state, len) == (ssize_t)len && write(fd, p, rest) == (ssize_t)rest &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -EIO;
}

static int prepare(struct exec *x, const struct op *op, struct hook *h)
{
	const char *end = exec_data(x, op) + op->size;
	char *rest;

	h->argv = (char **)(void *)op_str(x->image, op->str);
	int r = exec_vectors(x, op, NULL, h->argv, &rest);
	if (r < 0)
		return r;
	h->env = h->argv + op->a + 1;
	h->path = rest;
	const char *state = memchr(rest, 0, (size_t)(end - rest));
	if (!state || ++state >= end)
		return -EINVAL;
	h->out = exec_fd(x, op->fd2);
	if (ftruncate(h->out, 0) < 0 ||
	    lseek(h->out, 0, SEEK_SET) < 0) /* the last one's is not asked for */
		return -errno;
	h->in = make_input(state);
	return h->in < 0 ? h->in : 0;
}

/* What the program that the container is for will be allowed, no more. A listener for the filter
 * there is but one, and that is the program's: what the filter would ask it about, fails. */
static int take_privileges(struct exec *x)
{
	/* The second is SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19. */
	const unsigned of_listener = SECCOMP_FILTER_FLAG_NEW_LISTENER | 1U << 5;
	const struct op *ops = op_list(x->image);
	int r = 0;

	for (uint32_t i = x->at + 1; r == 0 && i < x->image->n_ops && ops[i].kind != OP_EXEC; i++) {
		struct op op = ops[i];
		if (op.kind == OP_PRCTL)
			r = op_prctl(x, &op);
		else if (op.kind == OP_CAPS)
			r = op_caps(x, &op);
		else if (op.kind == OP_SECCOMP) {
			op.a &= ~(uint64_t)of_listener;
			r = op_seccomp(x, &op);
		}
	}
	return r;
}

/* In the hook's process. Returns only if it failed. */
static int become(struct exec *x, const struct op *op, const struct hook *h)
{
	x->preserve = 0;
	if (setsid() < 0 || dup2(h->in, 0) < 0 || dup2(h->out, 1) < 0 || dup2(h->out, 2) < 0 ||
	    chdir("/") < 0)
		return -errno;
	if (!(op->flags & OPF_LATE)) /* the executor's own is 0 until the program's is set */
		umask(022);
	int r = op->flags & OPF_LATE ? take_privileges(x) : 0;
	if (r < 0)
		return r;
	exec_seal(x);
	execve(h->path, h->argv, h->env);
	return -errno;
}

int exec_wait(int pipe)
{
	int num = 0;
	ssize_t n;

	do
		n = read(pipe, &num, sizeof(num));
	while (n < 0 && errno == EINTR);
	return n == sizeof(num) ? num : 0;
}

static int wait_for_end(int pidfd, pid_t pid, uint64_t timeout, int *ret_status)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int ms = timeout && timeout < INT_MAX ? (int)timeout : -1, r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	if (r == 0) /* what it started belongs to its session, and goes with it */
		kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

static int run(struct exec *x, const struct op *op, const struct hook *h)
{
	int pidfd = -1, pipes[2], status = 0;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		int num = become(x, op, h);
		_exit(write(pipes[1], &num, sizeof(num)) > 0 ? 127 : 126);
	}
	int r = pid < 0 ? -errno : 0;
	close(pipes[1]);
	if (r == 0) {
		r = exec_wait(pipes[0]);
		int ended = wait_for_end(pidfd, (pid_t)pid, op->c, &status);
		r = r < 0 ? r : ended;
		close(pidfd);
	}
	close(pipes[0]);
	if (r == 0 && status) {
		x->hook_status = status;
		r = -ECHILD;
	}
	return r;
}

int op_hook(struct exec *x, const struct op *op)
{
	struct hook h = {.in = -1, .out = -1};
	int r = prepare(x, op, &h);

	if (r < 0)
		return r;
	r = run(x, op, &h);
	close(h.in);
	return r;
}
