/* SPDX-License-Identifier: Apache-2.0 */
/* faulter [-w self|child|all] [-s CALL,...] [-e ERRNO] [-o FILE] N COMMAND [ARG...]
 *
 * Runs COMMAND and kills it (SIGKILL) at the entry of the N-th system call; with -e that call does
 * not happen and fails with ERRNO (a number) instead. -w says whose calls count, -s which. Exits
 * with 0 if the N-th call came, 1 if not, 2 if it could not trace; -o writes "STATUS CALL", the
 * command's exit status and the name of the call. */
#include "trace.h"

static void kill_it(struct trace *t, pid_t pid)
{
	(void)pid;
	kill(t->first, SIGKILL);
}

#ifdef __x86_64__
/* There is no call with number -1; what it returned is then changed. */
static void cancel(struct trace *t, pid_t pid)
{
	if (t->seen == t->n)
		ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1L);
}

static void fail(struct trace *t, pid_t pid)
{
	const int *num = t->arg;

	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), (long)-*num);
}
#endif

int main(int argc, char **argv)
{
	struct trace t = {.enter = kill_it};
	const char *report = NULL;
	int num = 0, option;

	while ((option = getopt(argc, argv, "+w:s:e:o:")) != -1) {
		if (option == 'w')
			t.who = trace_who(optarg);
		else if (option == 's')
			t.calls = optarg;
		else if (option == 'e')
			num = (int)strtol(optarg, NULL, 10);
		else if (option == 'o')
			report = optarg;
		else
			return TRACE_BROKEN;
	}
	t.n = optind < argc ? strtol(argv[optind++], NULL, 10) : 0;
	if (t.n < 1 || optind >= argc) {
		fputs("usage: faulter [-w WHO] [-s CALLS] [-e ERRNO] [-o FILE] N COMMAND...\n",
		      stderr);
		return TRACE_BROKEN;
	}
	if (num) {
#ifdef __x86_64__
		t.enter = cancel;
		t.leave = fail;
		t.arg = &num;
#else
		fputs("faulter: -e knows x86-64 only\n", stderr);
		return TRACE_BROKEN;
#endif
	}
	int r = trace_run(&t, argv + optind);
	trace_report(&t, report);
	return r;
}
