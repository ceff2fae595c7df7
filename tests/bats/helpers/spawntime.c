/* SPDX-License-Identifier: Apache-2.0 */
/* spawntime N: how long it takes to start /bin/true and to see its end: the median of N, in
 * microseconds. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum { N_MAX = 10000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static double took[N_MAX];
	char name[] = "/bin/true", *args[] = {name, NULL}, *env[] = {NULL};
	int n = argc == 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	pid_t child;

	if (n < 1 || n > N_MAX)
		return 2;
	for (int i = 0; i < n; i++) {
		double start = now();
		int r = posix_spawn(&child, name, NULL, NULL, args, env);
		if (r || waitpid(child, NULL, 0) != child)
			return 1;
		took[i] = now() - start;
	}
	qsort(took, (size_t)n, sizeof(*took), ascending);
	printf("%.0f\n", took[n / 2]);
	return 0;
}
