/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "runtime/supervise.h"
#include "runtime/tty.h"

/* Those that a terminal, a shell or a service manager sends. SIGKILL and SIGSTOP cannot be passed
 * on; SIGCHLD is ctr's own; faults and SIGPIPE are about ctr itself. */
static const int passed_on[] = {
	SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,   SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP,
	SIGTTIN, SIGTTOU, SIGURG,  SIGALRM, SIGVTALRM, SIGPROF, SIGIO,    SIGPWR,
};

int supervise_signals(struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(err, errno, "watch signals") : fd;
}

static void pass_on(int signals, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		sys_pidfd_send_signal(pidfd, (int)info.ssi_signo);
}

static int wait_for_end(struct spawn *s, int signals, const struct beat *beat, struct err *err)
{
	struct pollfd fds[] = {
		{.fd = s->pidfd, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = beat->timer, .events = POLLIN},
	};

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return err_set(err, errno, "wait for the container");
		if (fds[1].revents)
			pass_on(signals, s->pidfd);
		if (fds[2].revents)
			beat_run(beat);
		if (fds[0].revents)
			return 0;
	}
}

int supervise(struct spawn *s, int signals, const struct beat *beat, int *ret_status,
	      struct err *err)
{
	static const struct beat none = {.timer = -1};
	const struct beat *b = beat ? beat : &none;
	siginfo_t info = {0};
	int r = s->console >= 0 ? tty_proxy(s->console, s->pidfd, signals, b, err)
				: wait_for_end(s, signals, b, err);

	if (r < 0)
		return r;
	while (waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "collect the exit status");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}
