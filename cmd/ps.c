/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cmd/ps.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"

enum { OUTPUT_MAX = 64 << 20 };

/* The n-th word of a line, counted from 0; NULL: there are fewer. */
static const char *nth_word(const char *line, int n)
{
	line += strspn(line, " \t");
	while (n-- > 0) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
	}
	return *line ? line : NULL;
}

static int pid_column(const char *header)
{
	const char *word;

	for (int i = 0; (word = nth_word(header, i)); i++)
		if (strcspn(word, " \t") == 3 && str_starts(word, "PID"))
			return i;
	return -1;
}

static bool is_among(long pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int ps_filter(char *text, const pid_t *pids, size_t n, struct str *ret, struct err *err)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	int column = line ? pid_column(line) : -1;

	if (column < 0)
		return err_say(err, EINVAL, "ps printed no PID column");
	str_addf(ret, "%s\n", line);
	while ((line = strtok_r(NULL, "\n", &save))) {
		const char *word = nth_word(line, column);
		if (word && is_among(strtol(word, NULL, 10), pids, n))
			str_addf(ret, "%s\n", line);
	}
	return 0;
}

static int start_ps(const char *const *args, size_t n_args, int out, pid_t *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	posix_spawn_file_actions_t actions;
	char **argv = arena_zalloc(&mem, n_args + 3, sizeof(*argv));

	argv[0] = arena_str(&mem, "ps");
	argv[1] = arena_str(&mem, "-ef");
	for (size_t i = 0; i < n_args; i++)
		argv[1 + i] = arena_str(&mem, args[i]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	int num = posix_spawnp(ret, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!num)
		return 0;
	err_set(err, num, "execute ps");
	err_hint(err, "install procps, or use --format json");
	return -err->num;
}

int ps_table(const pid_t *pids, size_t n, const char *const *args, size_t n_args, struct str *ret,
	     struct err *err)
{
	auto_(str) struct str text = {0};
	int ends[2], status = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, errno, "make a pipe");
	auto_fd int from = ends[0], to = ends[1];
	int r = start_ps(args, n_args, to, &child, err);
	if (r < 0)
		return r;
	close(steal_fd(&to));
	r = fd_read_all(from, OUTPUT_MAX, &text);
	close(steal_fd(&from)); /* so that a ps with still more to say ends */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_set(err, r, "read what ps prints");
	if (status)
		return err_say(err, EIO, "ps failed");
	str_add(&text, ""); /* p is a string from here on */
	return ps_filter(text.p, pids, n, ret, err);
}
