/* SPDX-License-Identifier: Apache-2.0 */
/* A seccomp filter whose listener somebody else is to have. Once it is installed any system call of
 * ours may wait for that listener's answer, also the one that would send it away. So a second
 * thread, which the filter is not for, sends it, and this one makes no call until that is done. */
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/init/exec.h"

enum { NOT_YET = -1, DONE = -2, NEVER = -3 };

struct sender {
	const struct exec *x;
	_Atomic int word; /* the listener, or one of the above */
	int result;
};

static int send_it(void *arg)
{
	const struct timespec a_while = {.tv_nsec = 20000};
	struct op_msg msg = {.type = MSG_FD, .a = MSG_FD_SECCOMP};
	struct sender *s = arg;
	int fd;

	/* A futex would take the other one a call. */
	while ((fd = atomic_load(&s->word)) == NOT_YET)
		nanosleep(&a_while, NULL);
	if (fd >= 0)
		s->result = talk_send(s->x, &msg, fd);
	atomic_store(&s->word, DONE);
	return 0;
}

int listener_install(struct exec *x, unsigned flags, void *prog)
{
	/* TSYNC is for other threads of the program's: it has none yet. */
	const unsigned of_threads = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	const int share = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	struct sender s = {.x = x, .word = NOT_YET};

	if (clone(send_it, x->stack + sizeof(x->stack), share, &s) < 0)
		return -errno;
	int fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags & ~of_threads, prog);
	int r = fd < 0 ? -errno : 0;
	atomic_store(&s.word, fd < 0 ? NEVER : fd);
	while (atomic_load(&s.word) != DONE)
		;
	return r < 0 ? r : s.result;
}
