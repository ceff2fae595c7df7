/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor of a detached container: the parent of its first process. It keeps the exit code,
 * writes the log, holds the terminal and lets people attach. What needs thought (to start the
 * container again, to delete it, to check its health) is done by ctr, which it calls by its path,
 * so that an upgrade takes effect. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/init/exec.h"
#include "runtime/init/monitor.h"

enum {
	DELAY_FIRST_MS = 100, /* before a restart; doubled while lives are short */
	DELAY_MAX_MS = 60000,
	LONG_LIFE_MS = 10000,
	DRAIN_READS = 256,
};

/* In the order of the array that poll(2) gets; clients come behind. */
enum { AT_END, AT_OUT, AT_ERR, AT_LISTENER, AT_IN, AT_CHORES, AT_CLIENTS = AT_CHORES + CHORES };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const int unheard[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTOU, SIGTTIN, SIGUSR1,
};

static void set_signals(void (*handler)(int))
{
	for (size_t i = 0; i < sizeof(unheard) / sizeof(*unheard); i++)
		signal(unheard[i], handler);
}

/* ---- calling ctr ------------------------------------------------------------------------------ */

static char *number(char buf[12], uint32_t n)
{
	char *at = buf + 11;

	*at = 0;
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	return at;
}

/* The container may have got another name meanwhile. */
static void read_id(struct monitor *m)
{
	static const char fds[] = "/proc/self/fd/";
	char link[32], path[PATH_MAX], digits[12];
	const char *fd = number(digits, (uint32_t)m->spec.dir);

	memcpy(link, fds, sizeof(fds));
	memcpy(link + sizeof(fds) - 1, fd, strlen(fd) + 1);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : "";
	size_t len = strlen(name);
	if (len >= sizeof(m->id))
		len = 0;
	memcpy(m->id, name, len);
	m->id[len] = 0;
}

/* Becomes `ctr --root ROOT monitor WORD ID …`; comes back only when that cannot be executed. */
static void become_ctr(struct monitor *m, const char *word)
{
	char *program = m->spec.text, *root = program + strlen(program) + 1;
	char a[12], b[12], name[] = "ctr", option[] = "--root", command[] = "monitor";
	char *argv[] = {name,
			option,
			root,
			command,
			(char *)(uintptr_t)word,
			m->id,
			number(a, m->spec.in_a_row),
			number(b, m->spec.restarts),
			NULL};

	read_id(m);
	set_signals(SIG_DFL);
	execve(program, argv, environ);
	set_signals(SIG_IGN);
}

/* The same, and says so in the log. */
static void call_ctr(struct monitor *m, const char *word)
{
	static const char sorry[] = "ctr: cannot be executed by the monitor any more\n";

	become_ctr(m, word);
	mlog_take(&m->log, 1, sorry, sizeof(sorry) - 1);
	mlog_flush(&m->log);
}

static void chore_begin(struct monitor *m, struct chore *c)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&c->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		/* What is done that often would fill the log. */
		if (c == &m->chores[CHORE_SIZE])
			become_ctr(m, c->word);
		else
			call_ctr(m, c->word);
		_exit(127);
	}
	c->at_ms = now_ms() + c->every_ms;
	if (pid < 0)
		c->pidfd = -1;
}

static void chore_done(struct chore *c)
{
	waitid(P_PIDFD, (id_t)c->pidfd, NULL, WEXITED);
	close(c->pidfd);
	c->pidfd = -1;
	c->at_ms = now_ms() + c->every_ms;
}

static void chore_serve(struct monitor *m, struct chore *c, const struct pollfd *p)
{
	if (p->revents)
		chore_done(c);
	if (c->every_ms && c->pidfd < 0 && now_ms() >= c->at_ms)
		chore_begin(m, c);
}

/* ---- streams ---------------------------------------------------------------------------------- */

/* Reads once; false when there is nothing (more). */
static bool take_stream(struct monitor *m, int32_t *fd, int stream)
{
	ssize_t n = read(*fd, m->buffer, sizeof(m->buffer));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) { /* a terminal whose other side is closed says EIO */
		close(*fd);
		*fd = -1;
		if (m->spec.flags & MONITOR_TERMINAL)
			m->spec.in = -1;
		return false;
	}
	mlog_take(&m->log, stream, m->buffer, (size_t)n);
	mlog_flush(&m->log);
	attach_tell(m, stream ? STREAM_ERR : STREAM_OUT, m->buffer, (size_t)n);
	return true;
}

/* What the container wrote before its end. Others may still hold the stream open. */
static void drain(struct monitor *m, int32_t *fd, int stream)
{
	for (int i = 0; i < DRAIN_READS && *fd >= 0 && take_stream(m, fd, stream); i++)
		;
}

/* ---- the end ---------------------------------------------------------------------------------- */

static uint32_t collect(const struct monitor *m)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	while (waitid(P_PIDFD, (id_t)m->spec.pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	return (uint32_t)(info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status);
}

/* A crash leaves the old file or the new one. */
static void write_exit(const struct monitor *m, uint32_t status)
{
	char digits[13], *text = number(digits, status);
	int fd = openat(m->spec.dir, ".exit.new",
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	ssize_t n = (ssize_t)strlen(text);
	text[n++] = '\n'; /* in place of the NUL */
	if (fd >= 0 && write(fd, text, (size_t)n) == n)
		renameat(m->spec.dir, ".exit.new", m->spec.dir, MONITOR_EXIT);
	if (fd >= 0)
		close(fd);
}

static bool is_halted(const struct monitor *m)
{
	return faccessat(m->spec.dir, MONITOR_HALT, F_OK, 0) == 0;
}

static bool wants_restart(const struct monitor *m, uint32_t status)
{
	const struct monitor_spec *s = &m->spec;

	if (s->restart == MONITOR_RESTART_NO || is_halted(m))
		return false;
	if (s->restart == MONITOR_RESTART_ALWAYS)
		return true;
	return status != 0 && (!s->max_restarts || s->in_a_row < s->max_restarts);
}

static void wake(int number)
{
	(void)number;
}

static void restart(struct monitor *m, int64_t lived_ms)
{
	struct monitor_spec *s = &m->spec;
	int64_t delay = DELAY_FIRST_MS;

	if (lived_ms >= LONG_LIFE_MS)
		s->in_a_row = 0;
	for (uint32_t i = 0; i < s->in_a_row && delay < DELAY_MAX_MS; i++)
		delay *= 2;
	if (delay > DELAY_MAX_MS)
		delay = DELAY_MAX_MS;
	s->in_a_row++;
	s->restarts++;
	/* Who wants it to stay stopped says so by `halt`, and wakes us by SIGUSR1. */
	set_signals(SIG_DFL);
	signal(SIGUSR1, wake);
	const struct timespec t = {.tv_sec = delay / 1000, .tv_nsec = delay % 1000 * 1000000};
	if (!is_halted(m))
		nanosleep(&t, NULL);
	if (!is_halted(m))
		call_ctr(m, "restart");
}

static int end(struct monitor *m)
{
	uint32_t status = collect(m);

	drain(m, &m->spec.out, 0);
	drain(m, &m->spec.err, 1);
	write_exit(m, status);
	unlinkat(m->spec.dir, MONITOR_SOCKET, 0);
	close(m->spec.listener);
	attach_end(m, status);
	if (wants_restart(m, status))
		restart(m, now_ms() - m->started_ms);
	/* Who waits for our end may be told by SIGUSR1 to wake us: not from this. */
	signal(SIGUSR1, SIG_IGN);
	call_ctr(m, "ended");
	return 1;
}

/* ---- the loop --------------------------------------------------------------------------------- */

static int wait_ms(const struct monitor *m)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < CHORES; i++)
		if (m->chores[i].every_ms && m->chores[i].pidfd < 0 && m->chores[i].at_ms < least)
			least = m->chores[i].at_ms;
	if (least == INT64_MAX)
		return -1;
	int64_t left = least - now_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void fill(const struct monitor *m, struct pollfd *p)
{
	p[AT_END] = (struct pollfd){m->spec.pidfd, POLLIN, 0};
	p[AT_OUT] = (struct pollfd){m->spec.out, POLLIN, 0};
	p[AT_ERR] = (struct pollfd){m->spec.err, POLLIN, 0};
	p[AT_LISTENER] = (struct pollfd){m->spec.listener, POLLIN, 0};
	p[AT_IN] = (struct pollfd){m->n_in ? m->spec.in : -1, POLLOUT, 0};
	for (int i = 0; i < CHORES; i++)
		p[AT_CHORES + i] = (struct pollfd){m->chores[i].pidfd, POLLIN, 0};
	/* One packet of input at a time; who types more waits. */
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		p[AT_CLIENTS + i] = (struct pollfd){m->n_in ? -1 : m->clients[i].fd, POLLIN, 0};
}

static void serve(struct monitor *m, const struct pollfd *p)
{
	if (p[AT_OUT].revents)
		take_stream(m, &m->spec.out, 0);
	if (p[AT_ERR].revents)
		take_stream(m, &m->spec.err, 1);
	if (p[AT_IN].revents)
		attach_feed(m);
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		if (p[AT_CLIENTS + i].revents && !m->n_in && m->clients[i].fd >= 0)
			attach_hear(m, i);
	if (p[AT_LISTENER].revents)
		attach_accept(m);
	for (int i = 0; i < CHORES; i++)
		chore_serve(m, &m->chores[i], &p[AT_CHORES + i]);
}

static int loop(struct monitor *m)
{
	struct pollfd p[AT_CLIENTS + MONITOR_CLIENTS];

	for (;;) {
		fill(m, p);
		if (poll(p, AT_CLIENTS + MONITOR_CLIENTS, wait_ms(m)) < 0) {
			if (errno != EINTR)
				return 1;
			continue;
		}
		serve(m, p);
		if (p[AT_END].revents)
			return end(m);
	}
}

/* ---- the beginning ---------------------------------------------------------------------------- */

static bool read_spec(struct monitor_spec *s, const char *text)
{
	int fd = 0;

	while (*text >= '0' && *text <= '9' && fd < 1 << 20)
		fd = fd * 10 + (*text++ - '0');
	ssize_t n = pread(fd, s, sizeof(*s), 0);
	close(fd);
	return n > (ssize_t)offsetof(struct monitor_spec, text) && s->version == MONITOR_VERSION;
}

static void own(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* What ctr's caller reads from must not be held open by us. */
static void leave_caller(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

static void report(int32_t *fd)
{
	const int32_t ok = MONITOR_NEWS_OK;

	if (*fd < 0)
		return;
	send(*fd, &ok, sizeof(ok), MSG_NOSIGNAL);
	close(*fd);
	*fd = -1;
}

static struct chore chore(const char *word, uint32_t every_ms, int64_t now)
{
	return (struct chore){word, every_ms, -1, now + every_ms};
}

int monitor_main(const char *fd)
{
	struct monitor m;

	if (!read_spec(&m.spec, fd))
		return 1;
	set_signals(SIG_IGN);
	prctl(PR_SET_NAME, "ctr-monitor");
	sys_close_range(3, ~0U, SYS_CLOSE_RANGE_CLOEXEC);
	leave_caller();
	own(m.spec.in);
	own(m.spec.out);
	own(m.spec.err);
	own(m.spec.client);
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		m.clients[i].fd = -1;
	m.clients[0] = (struct client){m.spec.client, STREAM_OUT | STREAM_ERR};
	m.n_in = 0;
	m.started_ms = now_ms();
	m.chores[CHORE_HEALTH] = chore("health", m.spec.health_ms, m.started_ms);
	m.chores[CHORE_SIZE] = chore("size", m.spec.size_ms, m.started_ms);
	read_id(&m);
	mlog_open(&m.log, &m.spec, m.id);
	prctl(PR_SET_PDEATHSIG, 0); /* whoever started us may go now */
	report(&m.spec.report);
	return loop(&m);
}
