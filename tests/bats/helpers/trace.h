/* SPDX-License-Identifier: Apache-2.0 */
/* Steps a command through its system calls (ptrace(2)): what swapper and faulter share. The tracer
 * ends with the command itself; whatever else it started then goes on by itself. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit codes of both: the n-th call came, it did not, the harness itself failed. */
enum { TRACE_REACHED = 0, TRACE_NOT_REACHED = 1, TRACE_BROKEN = 2 };

/* Whose calls count: the command's own, those of what it starts, or all. */
enum trace_who { WHO_SELF, WHO_CHILD, WHO_ALL };

struct trace {
	enum trace_who who;
	const char *calls; /* names between commas; NULL: all */
	long n;            /* act at this one of the calls that count */
	long seen;
	pid_t first; /* the command itself */
	pid_t hit;   /* the process whose call was the n-th */
	long hit_call;
	int status; /* of the command: its exit code, or 128 + the signal */
	int let_go; /* what it starts is left alone from this execve(2) on; 0: never */
	int execs;
	/* At the entry of each call that counts, from the n-th on; and when the n-th is over. */
	void (*enter)(struct trace *t, pid_t pid);
	void (*leave)(struct trace *t, pid_t pid);
	void *arg;
};

static const struct {
	long number;
	const char *name;
} trace_names[] = {
#define CALL(name_)                                                                                \
	{                                                                                          \
		SYS_##name_, #name_                                                                \
	}
	CALL(accept4),       CALL(bpf),
	CALL(chdir),         CALL(clone),
	CALL(clone3),        CALL(close),
	CALL(close_range),   CALL(connect),
	CALL(execve),        CALL(execveat),
	CALL(fchdir),        CALL(fchmod),
	CALL(fchmodat),      CALL(fchown),
	CALL(fchownat),      CALL(fcntl),
	CALL(flock),         CALL(fsconfig),
	CALL(fsmount),       CALL(fsopen),
	CALL(fstat),         CALL(fsync),
	CALL(ftruncate),     CALL(getdents64),
	CALL(getrandom),     CALL(ioctl),
	CALL(kill),          CALL(linkat),
	CALL(listen),        CALL(memfd_create),
	CALL(mkdirat),       CALL(mknodat),
	CALL(mmap),          CALL(mount),
	CALL(mount_setattr), CALL(move_mount),
	CALL(newfstatat),    CALL(open_tree),
	CALL(openat),        CALL(openat2),
	CALL(pidfd_open),    CALL(pidfd_send_signal),
	CALL(pipe2),         CALL(pivot_root),
	CALL(poll),          CALL(prctl),
	CALL(prlimit64),     CALL(pwrite64),
	CALL(read),          CALL(readlinkat),
	CALL(recvfrom),      CALL(recvmsg),
	CALL(renameat),      CALL(renameat2),
	CALL(rt_sigaction),  CALL(rt_sigprocmask),
	CALL(seccomp),       CALL(sendmsg),
	CALL(sendto),        CALL(setns),
	CALL(setresgid),     CALL(setresuid),
	CALL(setsid),        CALL(setsockopt),
	CALL(signalfd4),     CALL(socket),
	CALL(socketpair),    CALL(statx),
	CALL(symlinkat),     CALL(umount2),
	CALL(unlinkat),      CALL(unshare),
	CALL(waitid),        CALL(write),
#ifdef __x86_64__ /* the old calls, which newer machines never had */
	CALL(bind),          CALL(chmod),
	CALL(chown),         CALL(lchown),
	CALL(mkdir),         CALL(open),
	CALL(rename),        CALL(rmdir),
	CALL(stat),          CALL(symlink),
	CALL(unlink),
#endif
#undef CALL
};

static inline const char *trace_name(long call)
{
	static char number[24];

	for (size_t i = 0; i < sizeof(trace_names) / sizeof(*trace_names); i++)
		if (trace_names[i].number == call)
			return trace_names[i].name;
	snprintf(number, sizeof(number), "%ld", call);
	return number;
}

/* Whether the comma-separated list has the word. */
static inline bool trace_listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == n && strncmp(at, word, n) == 0)
			return true;
	return false;
}

static inline bool trace_counts(const struct trace *t, pid_t pid, long call)
{
	if (t->who == WHO_SELF ? pid != t->first : t->who == WHO_CHILD && pid == t->first)
		return false;
	return !t->calls || trace_listed(t->calls, trace_name(call));
}

static inline void trace_call(struct trace *t, pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && trace_counts(t, pid, (long)info.entry.nr)) {
		if (++t->seen == t->n) {
			t->hit = pid;
			t->hit_call = (long)info.entry.nr;
		}
		if (t->seen >= t->n)
			t->enter(t, pid);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && pid == t->hit && t->leave) {
		t->hit = 0;
		t->leave(t, pid);
	}
}

/* Lets a stopped process go on; which request and which signal depend on why it stopped. */
static inline void trace_resume(struct trace *t, pid_t pid, int status)
{
	const int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	}
	if (event == PTRACE_EVENT_EXEC && pid != t->first && ++t->execs == t->let_go) {
		ptrace(PTRACE_DETACH, pid, 0, 0);
		return;
	}
	if (sig == (SIGTRAP | 0x80))
		trace_call(t, pid);
	/* Calls that cannot count need not stop. */
	ptrace(t->who == WHO_CHILD && pid == t->first ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0,
	       event || sig == (SIGTRAP | 0x80) ? 0 : sig);
}

/* Starts the command, attached before it executes anything: counting begins behind that. */
static inline int trace_start(struct trace *t, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
			     (t->who == WHO_SELF ? 0
						 : PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
							   PTRACE_O_TRACECLONE);
	int go[2];
	char byte = 0;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	t->first = fork();
	if (t->first == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1) {
			close(go[0]);
			execvp(argv[0], argv);
			perror(argv[0]);
		}
		_exit(127);
	}
	close(go[0]);
	int r = t->first < 0 ? -1 : (int)ptrace(PTRACE_SEIZE, t->first, 0, options);
	if (r == 0 && write(go[1], &byte, 1) != 1)
		r = -1;
	close(go[1]);
	return r;
}

/* Returns TRACE_*. */
static inline int trace_run(struct trace *t, char **argv)
{
	int status;
	pid_t pid;

	if (trace_start(t, argv) < 0) {
		perror("ptrace");
		return TRACE_BROKEN;
	}
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			trace_resume(t, pid, status);
		else if (pid == t->first)
			break;
	}
	t->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return t->seen >= t->n ? TRACE_REACHED : TRACE_NOT_REACHED;
}

/* For the test's eyes: "STATUS CALL WHO", into a file if one is given. */
static inline void trace_report(const struct trace *t, const char *path)
{
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!f)
		return;
	fprintf(f, "%d %s\n", t->status, t->seen >= t->n ? trace_name(t->hit_call) : "-");
	fclose(f);
}

static inline enum trace_who trace_who(const char *word)
{
	return strcmp(word, "child") == 0 ? WHO_CHILD
	       : strcmp(word, "all") == 0 ? WHO_ALL
					  : WHO_SELF;
}
