/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "net/helper_keep.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

/* ---- the helper ---------------------------------------------------------------------------------*/

static _Noreturn void become_helper(const struct keeper *k, pid_t keeper, int ready, int says)
{
	sigset_t none;

	/* What somebody ignores who called ctr is not the helper's: pasta refuses to start so. */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == keeper &&
	    dup2(ready, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(says, STDOUT_FILENO) == STDOUT_FILENO &&
	    dup2(says, STDERR_FILENO) == STDERR_FILENO)
		execvp(k->argv[0], (char *const *)(uintptr_t)k->argv);
	dprintf(says, "%s: %s", k->argv[0], strerror(errno));
	_exit(127);
}

/* ---- the keeper ---------------------------------------------------------------------------------*/

struct held {
	const struct keeper *k;
	pid_t helper;
	int ready, says;            /* what the helper writes to; closed: -1 */
	int word;                   /* -1: told */
	char text[KEEPER_TEXT_MAX]; /* the helper's last words */
	size_t n;
};

static void tell(struct held *h, const char *text)
{
	if (h->word < 0)
		return;
	fd_write_all(h->word, text, strlen(text) + 1);
	close(h->word);
	h->word = -1;
}

static void hear_ready(struct held *h)
{
	char c;

	if (read(h->ready, &c, 1) == 1)
		tell(h, "");
	close(h->ready);
	h->ready = -1;
}

/* Keeps the end of what is said. false: nobody is there any more. */
static bool hear_words(struct held *h)
{
	char buf[KEEPER_TEXT_MAX / 2];
	ssize_t n = read(h->says, buf, sizeof(buf));

	if (n <= 0)
		return false;
	if (h->n + (size_t)n >= sizeof(h->text)) {
		memmove(h->text, h->text + h->n / 2, h->n - h->n / 2);
		h->n -= h->n / 2;
	}
	memcpy(h->text + h->n, buf, (size_t)n);
	h->n += (size_t)n;
	h->text[h->n] = 0;
	return true;
}

/* Until the container ends, or the helper. */
static void hold(struct held *h)
{
	for (;;) {
		struct pollfd p[] = {
			{h->k->init, POLLIN, 0}, {h->says, POLLIN, 0}, {h->ready, POLLIN, 0}};
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents || (p[1].revents && !hear_words(h)))
			return;
		if (p[2].revents)
			hear_ready(h);
	}
}

/* The last line that is not empty says most. */
static const char *last_line(char *text)
{
	size_t n = strlen(text);

	while (n && strchr(" \n", text[n - 1]))
		text[--n] = 0;
	char *line = strrchr(text, '\n');
	return line ? line + 1 : *text ? text : "it said nothing";
}

/* What ctr has open is not the keeper's: a lock that it kept would be held for ever. */
static void close_others(const struct keeper *k)
{
	const int keep[] = {k->init, k->lock, k->word};
	const size_t n = sizeof(keep) / sizeof(*keep);

	for (unsigned from = 0;;) {
		unsigned next = ~0U;
		for (size_t i = 0; i < n; i++)
			if ((unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			close_range(from, next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

static _Noreturn void keep(const struct keeper *k)
{
	struct held h = {.k = k, .word = k->word};
	int ready[2] = {-1, -1}, says[2] = {-1, -1};

	setsid();
	prctl(PR_SET_NAME, "ctr-keeper");
	if (fchdir(k->dir) < 0)
		_exit(1);
	close_others(k);
	/* 0 to 2 are the helper's, not pipes'. */
	for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0 && fd < STDERR_FILENO;)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(says, O_CLOEXEC) < 0)
		_exit(1);
	pid_t self = getpid();
	h.helper = fork();
	if (h.helper == 0)
		become_helper(k, self, ready[1], says[1]);
	close(ready[1]);
	close(says[1]);
	h.ready = ready[0];
	h.says = says[0];
	if (h.helper > 0)
		hold(&h);
	tell(&h, last_line(h.text));
	if (h.helper > 0) {
		kill(h.helper, SIGKILL);
		waitpid(h.helper, NULL, 0);
	}
	_exit(0);
}

int keeper_start(const struct keeper *k, struct err *err)
{
	pid_t between = fork();

	if (between < 0)
		return err_set(err, errno, "fork");
	if (between == 0) {
		pid_t pid = fork();
		if (pid == 0)
			keep(k);
		_exit(pid < 0);
	}
	int status;
	while (waitpid(between, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for a process");
	return status ? err_say(err, EAGAIN, "no process can be made for a keeper") : 0;
}
