/* SPDX-License-Identifier: Apache-2.0 */
/* swapper [-b] [-x M] [-w self|child|all] [-s CALL,...] [-o FILE] N VICTIM OTHER COMMAND [ARG...]
 *
 * Runs COMMAND and, while it stands still at the entry of the N-th system call that has to do with
 * paths, exchanges VICTIM with OTHER (renameat2(2), RENAME_EXCHANGE): what a race with a hostile
 * container would do, at each place in turn. -b exchanges them back at the call after that one; -x
 * leaves what COMMAND starts alone from its M-th execve(2) on: then it is the container's program.
 * Exits with 0 if the N-th call came, 1 if not, 2 if it could not; -o as faulter's. */
#include <fcntl.h>

#include "trace.h"

static const char path_calls[] =
	"open_tree,openat2,openat,mkdirat,mknodat,symlinkat,linkat,unlinkat,readlinkat,newfstatat,"
	"fchownat,fchmodat,fchown,fchmod,move_mount,mount_setattr,mount,umount2,chdir,fchdir,"
	"pivot_root,execve";

struct pair {
	const char *victim, *other;
	bool back;
	bool failed;
};

static void exchange(struct trace *t, pid_t pid)
{
	struct pair *p = t->arg;

	(void)pid;
	if (t->seen > t->n + p->back)
		return;
	if (syscall(SYS_renameat2, AT_FDCWD, p->victim, AT_FDCWD, p->other, 1U << 1) < 0) {
		perror("swapper: exchange");
		p->failed = true;
	}
}

int main(int argc, char **argv)
{
	struct pair pair = {.back = false};
	struct trace t = {.who = WHO_ALL, .calls = path_calls, .enter = exchange, .arg = &pair};
	const char *report = NULL;
	int option;

	while ((option = getopt(argc, argv, "+bx:w:s:o:")) != -1) {
		if (option == 'b')
			pair.back = true;
		else if (option == 'x')
			t.let_go = (int)strtol(optarg, NULL, 10);
		else if (option == 'w')
			t.who = trace_who(optarg);
		else if (option == 's')
			t.calls = optarg;
		else if (option == 'o')
			report = optarg;
		else
			return TRACE_BROKEN;
	}
	if (argc - optind < 4 || (t.n = strtol(argv[optind], NULL, 10)) < 1) {
		fputs("usage: swapper [-b] [-x M] [-w WHO] [-s CALLS] [-o FILE] N VICTIM OTHER COMMAND...\n",
		      stderr);
		return TRACE_BROKEN;
	}
	pair.victim = argv[optind + 1];
	pair.other = argv[optind + 2];
	int r = trace_run(&t, argv + optind + 3);
	trace_report(&t, report);
	return pair.failed ? TRACE_BROKEN : r;
}
