/* SPDX-License-Identifier: Apache-2.0 */
/* The container's process 1 where its program does not want to be that: the executor stays, sees the
 * program off, passes signals on to it, and collects what others leave behind. By then it is what
 * the program is: the same user, the same filter, nothing open, nothing of the plan in its memory. */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "runtime/init/exec.h"

/* A group of its own, in front where there is a terminal: what is typed there is for the program,
 * and must not reach it a second time by us. Returns only if it failed. */
static int become(struct exec *x, char **argv, char **env)
{
	pid_t self = getpid();
	sigset_t none;

	setpgid(0, 0);
	ioctl(STDIN_FILENO, TIOCSPGRP, &self);
	exec_seal(x);
	sigemptyset(&none); /* that may have been long ago, before a filter */
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(x->program ? x->program : argv[0], argv, env);
	return -errno;
}

/* Who it was waiting for has ended: so do we, and the kernel ends the rest. */
static void collect(pid_t program)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static _Noreturn void serve(pid_t program, const sigset_t *all)
{
	for (;;) {
		int sig = sigwaitinfo(all, NULL);
		if (sig == SIGCHLD)
			collect(program);
		else if (sig > 0)
			kill(program, sig);
	}
}

int reap_exec(struct exec *x, char **argv, char **env)
{
	sigset_t all, before;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	/* Before the program can see us. */
	prctl(PR_SET_NAME, "ctr-init");
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* where we are not process 1 after all */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		int num = become(x, argv, env);
		_exit(write(pipes[1], &num, sizeof(num)) > 0 ? 127 : 126);
	}
	int r = pid < 0 ? -errno : 0;
	close(pipes[1]);
	if (r == 0)
		r = exec_wait(pipes[0]);
	if (r < 0) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		close(pipes[0]);
		sigprocmask(SIG_SETMASK, &before, NULL);
		return r;
	}
	munmap(x->image, x->image->size);
	memset(x, 0, sizeof(*x));
	sys_close_range(0, ~0U, 0); /* the start has succeeded */
	serve(pid, &all);
}
