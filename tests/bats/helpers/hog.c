/* SPDX-License-Identifier: Apache-2.0 */
/* hog KIND: fills memory in one of the ways that a container can die of, without end.
 *
 *     anon       pages of its own
 *     shared     a shared mapping, which no process's death gives back while another has it
 *     sockets    the kernel's: buffers of socket pairs
 *     children   a hundred small processes, none of which is large; ends well when one was killed
 *     child      a child that grows; ends well when that was killed
 *     hold MIB   takes as much, says "ready", and waits */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP = 1 << 20 };

/* A volatile store: the compiler would leave out what nobody reads. */
static void take(size_t bytes, int flags)
{
	volatile char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	for (size_t i = 0; i < bytes; i += 512)
		p[i] = 1;
}

static void grow(int flags)
{
	for (;;)
		take(STEP, flags);
}

static void sockets(void)
{
	static char buf[65536];

	for (;;) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
			exit(2);
		for (int i = 0; i < 2; i++)
			while (write(pair[i], buf, sizeof(buf)) > 0)
				;
	}
}

static bool was_killed(void)
{
	int status = 0;

	return wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int children(void)
{
	for (int i = 0; i < 100; i++) {
		if (fork() != 0)
			continue;
		take(STEP, MAP_PRIVATE);
		for (;;)
			pause();
	}
	return was_killed() ? 0 : 1;
}

static int child(void)
{
	if (fork() == 0)
		grow(MAP_PRIVATE);
	return was_killed() ? 0 : 1;
}

static void hold(size_t mib)
{
	take(mib * STEP, MAP_PRIVATE);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	if (strcmp(kind, "anon") == 0)
		grow(MAP_PRIVATE);
	if (strcmp(kind, "shared") == 0)
		grow(MAP_SHARED);
	if (strcmp(kind, "sockets") == 0)
		sockets();
	if (strcmp(kind, "children") == 0)
		return children();
	if (strcmp(kind, "child") == 0)
		return child();
	if (strcmp(kind, "hold") == 0 && argc > 2)
		hold((size_t)atoi(argv[2]));
	return 2;
}
