/* SPDX-License-Identifier: Apache-2.0 */
/* pairbench: times several short commands side by side.
 *
 *     pairbench [-n ROUNDS] [-w ROUNDS] [-q MS] FILE
 *
 * FILE has a command a line: LABEL<tab>COMMAND[<tab>CLEANUP[<tab>SETUP]]. Words are split at blanks,
 * there is no shell; %i becomes an id of its own for each start. SETUP and CLEANUP run before and
 * after the timed command; they may be several commands, separated by " ; ".
 *
 * Each round starts every command once, in an order that rotates, and ratios are taken round by
 * round against the first command: what else the machine does hits all alike. -q waits before each
 * timed command, since a machine at rest behaves differently from one in a tight loop. The first
 * rounds do not count: two, or what -w says.
 *
 * Prints a line a command, separated by tabs: label, minimum, median and 90th percentile in ms,
 * ratio of the minima, median of the ratios, peak RSS in kB, number of failures. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 32, WORDS_MAX = 64, ROW_MAX = 4096 };

struct command {
	char *label, *words, *cleanup, *setup;
	double *ms; /* a round each */
	long rss;
	int failures;
};

struct bench {
	struct command commands[COMMANDS_MAX];
	int n_commands, rounds, warm_up, rest_ms, null;
};

static void die(const char *what)
{
	fprintf(stderr, "pairbench: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v. */
static double quantile(double *v, int n, double q)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	double at = q * (n - 1);
	int i = (int)at;
	return i + 1 < n ? v[i] + (at - i) * (v[i + 1] - v[i]) : v[i];
}

/* "run -b x %i" with the id put in, split into argv inside buf. */
static void split(const char *words, const char *id, char *buf, char **argv)
{
	char *to = buf, *save = NULL;
	int n = 0;

	for (const char *p = words; *p && to < buf + ROW_MAX - 64; p++) {
		if (p[0] == '%' && p[1] == 'i') {
			to = stpcpy(to, id);
			p++;
		} else {
			*to++ = *p;
		}
	}
	*to = 0;
	for (char *w = strtok_r(buf, " ", &save); w && n < WORDS_MAX - 1;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
}

/* Runs one command to its end; the exit code. */
static int run(const struct bench *b, const char *words, const char *id, double *ms,
	       struct rusage *usage)
{
	char buf[ROW_MAX], *argv[WORDS_MAX];
	posix_spawn_file_actions_t actions;
	int status = 0;
	pid_t pid;

	split(words, id, buf, argv);
	if (!argv[0])
		return 0;
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_adddup2(&actions, b->null, fd);
	double start = now_ms();
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	while (wait4(pid, &status, 0, usage) < 0 && errno == EINTR)
		;
	*ms = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	while (waitpid(-1, NULL, WNOHANG) > 0) /* the orphans of a detached start are ours */
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void run_untimed(const struct bench *b, const char *list, const char *id)
{
	struct rusage usage;
	char copy[ROW_MAX], *rest = copy, *end;
	double ms;

	if (!list)
		return;
	snprintf(copy, sizeof(copy), "%s", list);
	while (rest) {
		char *words = rest;
		end = strstr(rest, " ; ");
		rest = end ? end + 3 : NULL;
		if (end)
			*end = 0;
		run(b, words, id, &ms, &usage);
	}
}

static void run_round(struct bench *b, int round)
{
	for (int k = 0; k < b->n_commands; k++) {
		int i = (k + round) % b->n_commands;
		struct command *c = &b->commands[i];
		struct rusage usage = {0};
		double ms;
		char id[64];

		snprintf(id, sizeof(id), "pb%d-%d-%d", (int)getpid(), round, i);
		run_untimed(b, c->setup, id);
		usleep((useconds_t)b->rest_ms * 1000);
		int code = run(b, c->words, id, &ms, &usage);
		run_untimed(b, c->cleanup, id);
		if (round < b->warm_up)
			continue;
		c->ms[round - b->warm_up] = ms;
		c->failures += code != 0;
		if (usage.ru_maxrss > c->rss)
			c->rss = usage.ru_maxrss;
	}
}

static void report(struct bench *b)
{
	size_t n = (size_t)b->rounds;
	double *first = calloc(n, sizeof(double)), *ratio = calloc(n, sizeof(double)), floor = 0;

	if (!first || !ratio || !b->n_commands)
		die("nothing to report");
	memcpy(first, b->commands[0].ms, n * sizeof(double));
	for (int i = 0; i < b->n_commands; i++) {
		struct command *c = &b->commands[i];
		for (int r = 0; r < b->rounds; r++)
			ratio[r] = c->ms[r] / first[r];
		double min = quantile(c->ms, b->rounds, 0);
		if (i == 0)
			floor = min;
		printf("%s\t%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t%ld\t%d\n", c->label, min,
		       quantile(c->ms, b->rounds, .5), quantile(c->ms, b->rounds, .9), min / floor,
		       quantile(ratio, b->rounds, .5), c->rss, c->failures);
	}
	free(first);
	free(ratio);
}

static void read_commands(struct bench *b, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[ROW_MAX];

	if (!f)
		die(path);
	while (b->n_commands < COMMANDS_MAX && fgets(line, sizeof(line), f)) {
		struct command *c = &b->commands[b->n_commands];
		line[strcspn(line, "\n")] = 0;
		c->label = strdup(line);
		char *rest = c->label;
		strsep(&rest, "\t");
		c->words = strsep(&rest, "\t");
		c->cleanup = strsep(&rest, "\t");
		c->setup = strsep(&rest, "\t");
		c->ms = calloc((size_t)b->rounds, sizeof(*c->ms));
		if (!c->words || !c->ms)
			die(path);
		b->n_commands++;
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	static struct bench b = {.rounds = 30, .warm_up = 2};
	int option;

	while ((option = getopt(argc, argv, "n:w:q:")) != -1) {
		if (option == 'n')
			b.rounds = (int)strtol(optarg, NULL, 10);
		else if (option == 'w')
			b.warm_up = (int)strtol(optarg, NULL, 10);
		else if (option == 'q')
			b.rest_ms = (int)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (!argv[optind] || b.rounds < 1 || b.warm_up < 0) {
		fprintf(stderr, "usage: pairbench [-n ROUNDS] [-w ROUNDS] [-q MS] FILE\n");
		return 2;
	}
	read_commands(&b, argv[optind]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	b.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int round = 0; round < b.rounds + b.warm_up; round++)
		run_round(&b, round);
	report(&b);
	return 0;
}
