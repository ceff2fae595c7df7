/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "net/cni.h"
#include "net/cni_exec.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

enum { PATIENCE_MS = 10000, SAID_MAX = 4096, CHUNK = 4096, PIPE_CHUNKS = 32 };

#define LOCK_FILE "net.plugin"

struct running {
	pid_t pid;
	int pidfd, answer, says; /* its end; its standard output and error */
	struct str said;
};

static void running_clear(struct running *r)
{
	auto_close_fd(&r->pidfd);
	auto_close_fd(&r->answer);
	auto_close_fd(&r->says);
	str_clear(&r->said);
}

int cni_lock(int dir, struct err *err)
{
	enum { STEP_MS = 10 };
	auto_fd int raw = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	auto_fd int fd = raw < 0 ? -1 : fcntl(raw, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0)
		return err_set(err, errno, "open %s of the container", LOCK_FILE);
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ms += STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, errno, "lock %s of the container", LOCK_FILE);
		if (ms >= PATIENCE_MS) {
			err_say(err, ETIMEDOUT, "a plugin that was called before is still at work");
			err_hint(err, "end it: fuser " LOCK_FILE " in the container's directory "
				      "tells its number");
			return -ETIMEDOUT;
		}
		poll(NULL, 0, STEP_MS);
	}
	return steal_fd(&fd);
}

void cni_unlock(int dir)
{
	unlinkat(dir, LOCK_FILE, 0);
}

static int make_input(const char *text)
{
	auto_fd int fd = sys_memfd_create("config", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : steal_fd(&fd);
}

static char **make_environment(const struct cni_call *c, struct arena *mem)
{
	const char *path = getenv("PATH");
	char *const vars[] = {
		arena_printf(mem, "CNI_COMMAND=%s", c->command),
		arena_printf(mem, "CNI_CONTAINERID=%s", c->cni->id),
		arena_printf(mem, "CNI_NETNS=%s", c->netns),
		arena_printf(mem, "CNI_IFNAME=eth0"),
		arena_printf(mem, "CNI_ARGS=IgnoreUnknown=1"),
		arena_printf(mem, "CNI_PATH=%s", c->cni->path),
		/* They call iptables and the like. */
		arena_printf(mem, "PATH=%s",
			     path ? path
				  : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
		NULL,
	};
	char **env = arena_zalloc(mem, sizeof(vars) / sizeof(*vars), sizeof(*env));

	memcpy(env, vars, sizeof(vars));
	return env;
}

struct plugin_files {
	int in, out, err;
};

static _Noreturn void become_plugin(const struct cni_call *c, const struct plugin_files *f,
				    char **env, pid_t ctr)
{
	char *argv[] = {(char *)(uintptr_t)c->plugin->file, NULL};
	sigset_t none;

	setsid();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, c->ends_with_us ? SIGKILL : 0) == 0 && getppid() == ctr &&
	    chdir("/") == 0 && dup2(f->in, STDIN_FILENO) >= 0 && dup2(f->out, STDOUT_FILENO) >= 0 &&
	    dup2(f->err, STDERR_FILENO) >= 0) {
		fd_cloexec_from(STDERR_FILENO + 1);
		fcntl(c->lock, F_SETFD, 0);
		execve(argv[0], argv, env);
	}
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(127);
}

/* Above 2, so that none is in the way of another. */
static int make_pipe(int ends[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		close(raw[i]);
	}
	return ends[0] < 0 || ends[1] < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -EMFILE : 0;
}

static int start(const struct cni_call *c, struct running *ret)
{
	auto_(arena) struct arena mem = {0};
	auto_fd int raw = make_input(c->told);
	auto_fd int in = raw < 0 ? -1 : fcntl(raw, F_DUPFD_CLOEXEC, 3);
	int answer[2] = {-1, -1}, says[2] = {-1, -1};
	char **env = make_environment(c, &mem);
	pid_t self = getpid();

	if (in < 0)
		return raw < 0 ? raw : -errno;
	int r = make_pipe(answer);
	if (r == 0)
		r = make_pipe(says);
	ret->answer = answer[0];
	ret->says = says[0];
	auto_fd int out = answer[1];
	auto_fd int err = says[1];
	if (r < 0)
		return r;
	const struct plugin_files f = {in, out, err};
	ret->pid = fork();
	if (ret->pid == 0)
		become_plugin(c, &f, env, self);
	if (ret->pid < 0)
		return -errno;
	ret->pidfd = sys_pidfd_open(ret->pid, 0);
	return ret->pidfd < 0 ? -errno : 0;
}

/* What is there by now, all that a pipe holds; so much of it is kept. -EFBIG: there is more. */
static int hear(int *fd, size_t max, struct str *ret)
{
	char buf[CHUNK];
	bool is_over = false;

	for (int i = 0; *fd >= 0 && i < PIPE_CHUNKS; i++) {
		ssize_t n = read(*fd, buf, sizeof(buf));
		size_t room = max - ret->len;
		if (n < 0)
			break;
		if (n == 0) {
			auto_close_fd(fd);
			*fd = -1;
			break;
		}
		is_over |= (size_t)n > room;
		str_add_mem(ret, buf, (size_t)n < room ? (size_t)n : room);
	}
	return is_over ? -EFBIG : 0;
}

/* Until it has ended, which is not when the last one has closed its pipe. */
static int follow(struct running *p, struct str *answer)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	for (;;) {
		struct pollfd fds[] = {
			{p->pidfd, POLLIN, 0}, {p->answer, POLLIN, 0}, {p->says, POLLIN, 0}};
		int64_t left = until - clock_ms();
		int n = left <= 0 ? 0 : poll(fds, 3, (int)left);
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		int r = hear(&p->answer, CNI_ANSWER_MAX, answer);
		hear(&p->says, SAID_MAX, &p->said);
		if (r < 0 || fds[0].revents)
			return r;
	}
}

static int explain(const struct cni_call *c, const struct str *answer, const struct str *said,
		   struct err *err)
{
	auto_(str) struct str text = {0};

	cni_explain(answer->p ? answer->p : "", said->p ? said->p : "", &text);
	err_say(err, EIO, "plugin %s: %s: %s", c->plugin->type, c->command, text.p);
	err_hint(err, "it was called as %s; %s describes the network", c->plugin->file,
		 c->cni->source);
	return -EIO;
}

static int explain_end(const struct cni_call *c, int r, struct err *err)
{
	if (r == -ETIMEDOUT) {
		err_say(err, ETIMEDOUT, "plugin %s: %s: it did not end within %d s and was killed",
			c->plugin->type, c->command, PATIENCE_MS / 1000);
		err_hint(err, "what does %s wait for? %s describes the network", c->plugin->file,
			 c->cni->source);
		return -ETIMEDOUT;
	}
	if (r == -EFBIG)
		return err_say(err, EFBIG, "plugin %s: %s: it answered more than %d bytes",
			       c->plugin->type, c->command, CNI_ANSWER_MAX);
	return err_set(err, r, "plugin %s: %s", c->plugin->type, c->command);
}

int cni_exec(const struct cni_call *c, struct str *ret, struct err *err)
{
	auto_(running) struct running p = {-1, -1, -1, -1, {0}};
	auto_(str) struct str answer = {0};
	int status = 0, r = start(c, &p);

	if (r == 0)
		r = follow(&p, &answer);
	if (r < 0 && p.pid > 0)
		kill(-p.pid, SIGKILL); /* the whole session */
	while (p.pid > 0 && waitpid(p.pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for plugin %s", c->plugin->type);
	if (r < 0)
		return explain_end(c, r, err);
	if (WIFSIGNALED(status))
		return err_say(err, EIO, "plugin %s: %s: it was ended by signal %d",
			       c->plugin->type, c->command, WTERMSIG(status));
	if (status)
		return explain(c, &answer, &p.said, err);
	str_add(ret, answer.p ? answer.p : "");
	return 0;
}
