/* SPDX-License-Identifier: Apache-2.0 */
/* roundtrip: how long one byte takes there and back over TCP.
 *
 *     roundtrip serve PORT             answers, for ever
 *     roundtrip ADDRESS PORT TIMES     prints the median in nanoseconds */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static int open_socket(void)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (sock < 0)
		die("socket");
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return sock;
}

static int serve(struct sockaddr_in *at)
{
	int sock = open_socket();
	char byte;

	if (bind(sock, (struct sockaddr *)at, sizeof(*at)) < 0 || listen(sock, 8) < 0)
		die("listen");
	for (;;) {
		int peer = accept(sock, NULL, NULL);
		while (read(peer, &byte, 1) == 1 && write(peer, &byte, 1) == 1)
			;
		close(peer);
	}
}

static int ask(const struct sockaddr_in *at, size_t times)
{
	int sock = open_socket();
	long *took = calloc(times, sizeof(*took));
	char byte = 0;

	if (!took || connect(sock, (const struct sockaddr *)at, sizeof(*at)) < 0)
		die("connect");
	for (size_t i = 0; i < times; i++) {
		long from = now_ns();
		if (write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
			die("round trip");
		took[i] = now_ns() - from;
	}
	qsort(took, times, sizeof(*took), by_value);
	printf("%ld\n", took[times / 2]);
	free(took);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	if (argc < 3)
		return 2;
	at.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	if (strcmp(argv[1], "serve") == 0)
		return serve(&at);
	inet_pton(AF_INET, argv[1], &at.sin_addr);
	return argc < 4 ? 2 : ask(&at, strtoul(argv[3], NULL, 10));
}
