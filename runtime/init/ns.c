/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, and the attributes of a process that take one call. */
#include <linux/if.h>
#include <linux/sockios.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runtime/init/exec.h"

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

int op_unshare(struct exec *x, const struct op *op)
{
	(void)x;
	return result(syscall(SYS_unshare, op->a));
}

int op_setns(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_setns, exec_fd(x, op->fd), op->a));
}

int op_hostname(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_sethostname, exec_str(x, op), strlen(exec_str(x, op))));
}

int op_domainname(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_setdomainname, exec_str(x, op), strlen(exec_str(x, op))));
}

int op_loopback(struct exec *x, const struct op *op)
{
	struct ifreq req = {.ifr_flags = IFF_UP | IFF_RUNNING};
	/* Any socket will do, and this kind is there in every kernel. */
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)x;
	(void)op;
	if (sock < 0)
		return -errno;
	memcpy(req.ifr_name, "lo", 3);
	int r = result(ioctl(sock, SIOCSIFFLAGS, &req));
	close(sock);
	return r;
}

int op_prctl(struct exec *x, const struct op *op)
{
	(void)x;
	return result(prctl((int)op->a, op->b, op->c, 0, 0));
}

int op_setsid(struct exec *x, const struct op *op)
{
	(void)x;
	(void)op;
	/* EPERM: we lead a process group, which is as it should be if it is a session, too. */
	return setsid() < 0 && getsid(0) != getpid() ? -errno : 0;
}

int op_signals(struct exec *x, const struct op *op)
{
	/* struct sigaction as the kernel has it, no larger on any machine: SIG_DFL, no flags. sigaction(3)
	 * would refuse the signals that libc keeps for itself; who ignores those was seen, too. */
	static const uint64_t by_default[8];

	(void)x;
	for (int n = 1; n < _NSIG; n++)
		if (op->a >> (n - 1) & 1 &&
		    syscall(SYS_rt_sigaction, n, by_default, NULL, sizeof(op->a)) < 0)
			return -errno;
	return 0;
}

int op_umask(struct exec *x, const struct op *op)
{
	(void)x;
	umask((mode_t)op->a);
	return 0;
}

int op_rlimit(struct exec *x, const struct op *op)
{
	const uint64_t limit[2] = {op->b, op->c}; /* struct rlimit64 */

	(void)x;
	return result(syscall(SYS_prlimit64, 0, op->a, limit, NULL));
}

int op_keyring(struct exec *x, const struct op *op)
{
	enum { KEYCTL_JOIN_SESSION_KEYRING = 1 };
	int r = result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, exec_str(x, op), 0, 0, 0));

	return r == -ENOSYS ? 0 : r;
}

int op_sched(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_sched_setattr, 0, exec_data(x, op), 0));
}

int op_ioprio(struct exec *x, const struct op *op)
{
	enum { IOPRIO_WHO_PROCESS = 1 };

	(void)x;
	return result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, op->a));
}

int op_personality(struct exec *x, const struct op *op)
{
	(void)x;
	return result(syscall(SYS_personality, op->a));
}

int op_affinity(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_sched_setaffinity, 0, (size_t)op->size, exec_data(x, op)));
}

int op_mempolicy(struct exec *x, const struct op *op)
{
	return result(syscall(SYS_set_mempolicy, op->a, exec_data(x, op), op->b));
}
