/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/tty.h"

/* No more than PIPE_BUF, which a pipe that polls as writable takes without blocking (pipe(7)): so
 * a slow reader of ours can hold up the container, but not the handling of signals. */
enum { FLOW_SIZE = 4096 };

/* Bytes on their way from one descriptor to the other. */
struct flow {
	int from, to; /* -1: ended; nobody takes the bytes any more */
	size_t n;     /* read and not written yet */
	char buf[FLOW_SIZE];
};

void raw_mode_clear(struct raw_mode *m)
{
	int saved = errno;

	if (m->is_set)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &m->before);
	errno = saved;
}

void raw_mode_set(struct raw_mode *m)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &m->before) < 0)
		return;
	raw = m->before;
	cfmakeraw(&raw);
	m->is_set = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

unsigned tty_size(void)
{
	struct winsize size;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0)
			return (unsigned)size.ws_row << 16 | size.ws_col;
	return 0;
}

static void copy_size(int master)
{
	unsigned both = tty_size();
	const struct winsize size = {
		.ws_row = (unsigned short)(both >> 16),
		.ws_col = (unsigned short)both,
	};

	if (both)
		ioctl(master, TIOCSWINSZ, &size);
}

static void take_signals(int signals, int master, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			copy_size(master);
		else
			sys_pidfd_send_signal(pidfd, (int)info.ssi_signo);
	}
}

static bool is_momentary(int num)
{
	return num == EAGAIN || num == EINTR;
}

/* Fills the empty buffer. A terminal whose other side is closed says EIO. */
static void flow_read(struct flow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n > 0)
		f->n = f->to < 0 ? 0 : (size_t)n;
	else if (n == 0 || !is_momentary(errno))
		f->from = -1;
}

/* When nobody takes the bytes any more they are read and dropped: the container is not to be stopped
 * by a full terminal. */
static void flow_write(struct flow *f)
{
	ssize_t n = write(f->to, f->buf, f->n);

	if (n < 0 && is_momentary(errno))
		return;
	if (n < 0) {
		f->to = -1;
		n = (ssize_t)f->n;
	}
	f->n -= (size_t)n;
	memmove(f->buf, f->buf + n, f->n);
}

/* A flow waits for input when it is empty, else for its output to take the rest. */
static struct pollfd flow_poll(const struct flow *f)
{
	if (f->n)
		return (struct pollfd){.fd = f->to, .events = POLLOUT};
	return (struct pollfd){.fd = f->from, .events = POLLIN};
}

static void flow_go(struct flow *f)
{
	if (f->n)
		flow_write(f);
	else
		flow_read(f);
}

/* What the container wrote before its end. Others may still hold the terminal open: only what is
 * there already is fetched. */
static void flow_drain(struct flow *f)
{
	do {
		if (f->n && fd_write_all(f->to, f->buf, f->n) < 0)
			return;
		f->n = 0;
		if (f->from >= 0)
			flow_read(f);
	} while (f->n);
}

int tty_proxy(int master, int pidfd, int signals, const struct beat *beat, struct err *err)
{
	struct flow in = {.from = STDIN_FILENO, .to = master};
	struct flow out = {.from = master, .to = STDOUT_FILENO};
	auto_(raw_mode) struct raw_mode mode = {0};

	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_set(err, errno, "set up the terminal");
	raw_mode_set(&mode);
	copy_size(master);
	for (;;) {
		struct pollfd fds[] = {
			{.fd = pidfd, .events = POLLIN},
			{.fd = signals, .events = POLLIN},
			flow_poll(&in),
			flow_poll(&out),
			{.fd = beat->timer, .events = POLLIN},
		};
		if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 && errno != EINTR)
			return err_set(err, errno, "wait for the terminal");
		if (fds[1].revents)
			take_signals(signals, master, pidfd);
		if (fds[2].revents)
			flow_go(&in);
		if (fds[3].revents)
			flow_go(&out);
		if (fds[4].revents)
			beat_run(beat);
		if (fds[0].revents)
			break;
	}
	flow_drain(&out);
	return 0;
}
