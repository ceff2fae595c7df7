/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of sd_notify(3): "ready manager PATH" prints what it is told, a datagram a line, and
 * "ready TEXT" tells the socket in NOTIFY_SOCKET. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	const char *path = argc == 3 ? argv[2] : getenv("NOTIFY_SOCKET");
	char text[4096];

	if (argc < 2 || !path || strlen(path) >= sizeof(addr.sun_path))
		return 2;
	memcpy(addr.sun_path, path, strlen(path));
	if (argc == 2) {
		ssize_t n = sendto(sock, argv[1], strlen(argv[1]), 0, (struct sockaddr *)&addr,
				   sizeof(addr));
		return n < 0;
	}
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return 1;
	for (;;) { /* a descriptor that comes along is closed: nobody takes it */
		ssize_t n = recv(sock, text, sizeof(text), 0);
		if (n < 0)
			return 1;
		printf("%.*s\n", (int)n, text);
		fflush(stdout);
	}
}
