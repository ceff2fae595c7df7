/* SPDX-License-Identifier: Apache-2.0 */
/* main() of a unit test program: runs the registered cases, each in a child, and prints TAP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test.h"

enum { CASE_SECONDS = 60, FDS = 1024 };

/* What a case reports to the parent, in memory that both share. */
struct result {
	int failed;
	char skip[200];
};

static struct test_case *first, **last = &first;
static struct result *result;

void test_add(struct test_case *tc)
{
	*last = tc;
	last = &tc->next;
}

void test_skip(const char *why)
{
	snprintf(result->skip, sizeof(result->skip), "%s", why);
}

bool test_check(bool holds, const char *file, int line, const char *what)
{
	if (holds)
		return true;
	result->failed++;
	printf("# %s:%d: %s\n", file, line, what);
	return false;
}

bool test_check_int(long long got, long long want, const char *file, int line, const char *what)
{
	if (test_check(got == want, file, line, what))
		return true;
	printf("#   got %lld, expected %lld\n", got, want);
	return false;
}

/* A value that has several lines must not look like TAP. */
static void print_value(const char *label, const char *s)
{
	printf("#   %s ", label);
	for (; s && *s; s++)
		printf(*s == '\n' ? "\n#   | " : "%c", *s);
	printf(s ? "\n" : "NULL\n");
}

bool test_check_str(const char *got, const char *want, const char *file, int line, const char *what)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (test_check(same, file, line, what))
		return true;
	print_value("got     ", got);
	print_value("expected", want);
	return false;
}

static void open_fds(bool ret[FDS])
{
	for (int fd = 0; fd < FDS; fd++)
		ret[fd] = fcntl(fd, F_GETFD) >= 0;
}

static void check_fds(const struct test_case *tc, const bool before[FDS])
{
	bool after[FDS];

	open_fds(after);
	for (int fd = 0; fd < FDS; fd++) {
		char link[64], target[256] = "";
		if (after[fd] == before[fd])
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, target, sizeof(target) - 1);
		test_check(false, tc->file, 0, tc->name);
		printf("#   descriptor %d was %s: %s\n", fd, after[fd] ? "left open" : "closed",
		       n > 0 ? target : "");
	}
}

/* In the child. Ends by exit(), so that sanitizers look for leaks. */
static void run_case(const struct test_case *tc)
{
	bool fds[FDS];

	alarm(CASE_SECONDS);
	open_fds(fds);
	tc->fn();
	check_fds(tc, fds);
	if (waitpid(-1, NULL, WNOHANG) >= 0) {
		test_check(false, tc->file, 0, tc->name);
		printf("#   a child process was left behind\n");
	}
	exit(result->failed ? 1 : 0);
}

/* Whether the child ended well; says how it ended otherwise. */
static bool reap_case(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFSIGNALED(status))
		printf("# killed by signal %d (%s)\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) && !result->failed)
		printf("# exit code %d\n", WEXITSTATUS(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && !result->failed;
}

/* "tests/unit/cgroups_path.c", "x" -> "cgroups_path: x" */
static void title(const struct test_case *tc, char *buf, size_t size)
{
	const char *slash = strrchr(tc->file, '/');
	const char *base = slash ? slash + 1 : tc->file;

	snprintf(buf, size, "%.*s: %s", (int)strcspn(base, "."), base, tc->name);
}

static bool is_wanted(const struct test_case *tc, char **words)
{
	char name[256];

	title(tc, name, sizeof(name));
	for (char **w = words; *w; w++)
		if (strstr(name, *w))
			return true;
	return !*words;
}

int main(int argc, char **argv)
{
	char **words = argv + (argc > 0);
	int n = 0, at = 0, failed = 0;

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (result == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test_case *tc = first; tc; tc = tc->next)
		n += is_wanted(tc, words);
	printf("1..%d\n", n);
	for (struct test_case *tc = first; tc; tc = tc->next) {
		char name[256];
		if (!is_wanted(tc, words))
			continue;
		*result = (struct result){0};
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			run_case(tc);
		bool ok = pid > 0 && reap_case(pid);
		title(tc, name, sizeof(name));
		printf("%s %d - %s%s%s\n", ok ? "ok" : "not ok", ++at, name,
		       result->skip[0] ? " # SKIP " : "", result->skip);
		failed += !ok;
	}
	return failed ? 1 : 0;
}
