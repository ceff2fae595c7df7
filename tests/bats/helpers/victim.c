/* SPDX-License-Identifier: Apache-2.0 */
/* victim SECONDS DIR: a service whose neighbours misbehave. Two processes exchange 64 bytes over a
 * socket, one after the other; a third appends 64 KiB to a file in DIR and waits until they are on the
 * disk. Prints "EXCHANGES MEDIAN-NS P99-NS MAX-NS WRITES". */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, BLOCK = 65536, BUCKETS = 64 * 16, FILE_MAX = 64 << 20 };

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void echo(int fd)
{
	char buf[MESSAGE];

	while (read(fd, buf, sizeof(buf)) == sizeof(buf) && write(fd, buf, sizeof(buf)) > 0)
		;
	_exit(0);
}

static void append(const char *dir, volatile uint64_t *count)
{
	static char block[BLOCK];
	char path[4096];

	snprintf(path, sizeof(path), "%s/victim", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(1);
	for (off_t at = 0;; at = (at + BLOCK) % FILE_MAX) {
		if (pwrite(fd, block, sizeof(block), at) < 0 || fdatasync(fd) < 0)
			_exit(1);
		++*count;
	}
}

/* Sixteen buckets for each doubling: 6 %. */
static unsigned bucket(uint64_t ns)
{
	unsigned log = 63 - (unsigned)__builtin_clzll(ns | 16);

	return log * 16 + (unsigned)(ns >> (log - 4) & 15);
}

static uint64_t value(unsigned at)
{
	return (uint64_t)(16 + at % 16) << (at / 16 - 4);
}

static uint64_t percentile(const uint64_t *counts, uint64_t all, double part)
{
	uint64_t seen = 0;

	for (unsigned i = 64; i < BUCKETS; i++)
		if ((seen += counts[i]) >= (uint64_t)((double)all * part))
			return value(i);
	return 0;
}

int main(int argc, char **argv)
{
	static uint64_t counts[BUCKETS];
	uint64_t all = 0, max = 0;
	char buf[MESSAGE] = "x";
	int pair[2];
	volatile uint64_t *writes =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (argc < 3 || writes == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 2;
	pid_t peer = fork();
	if (peer == 0)
		echo(pair[1]);
	pid_t writer = fork();
	if (writer == 0)
		append(argv[2], writes);
	uint64_t end = now() + (uint64_t)(atof(argv[1]) * 1e9);
	for (uint64_t t = now(), next; t < end; t = next, all++) {
		if (write(pair[0], buf, sizeof(buf)) < 0 || read(pair[0], buf, sizeof(buf)) <= 0)
			return 1;
		next = now();
		counts[bucket(next - t)]++;
		max = next - t > max ? next - t : max;
	}
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)all,
	       (unsigned long long)percentile(counts, all, 0.5),
	       (unsigned long long)percentile(counts, all, 0.99), (unsigned long long)max,
	       (unsigned long long)*writes);
	kill(writer, SIGKILL);
	kill(peer, SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
