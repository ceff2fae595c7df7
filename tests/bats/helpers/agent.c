/* SPDX-License-Identifier: Apache-2.0 */
/* agent SOCKET OUT: takes the listeners of seccomp filters as an operator's agent would, and answers
 * for each in a process of its own: mkdir and mkdirat fail with EDQUOT, anything else goes on. Each
 * message is a line of OUT; so is "call NUMBER" for each question. */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The message up to the end of the connection, and the one descriptor that comes with it. */
static int receive(int sock, FILE *out)
{
	char buf[65536];
	struct iovec iov = {buf, sizeof(buf)};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * 4)];
	} control;
	int fd = -1;

	for (;;) {
		struct msghdr m = {.msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = &control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
		if (n < 0)
			die("recvmsg");
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		if (c && c->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		if (n == 0)
			break;
		fwrite(buf, 1, (size_t)n, out);
	}
	fputc('\n', out);
	fflush(out);
	return fd;
}

static void serve(int fd, FILE *out)
{
	for (;;) {
		struct seccomp_notif ask;
		struct seccomp_notif_resp answer;
		memset(&ask, 0, sizeof(ask));
		memset(&answer, 0, sizeof(answer));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return;
		}
		fprintf(out, "call %d\n", ask.data.nr);
		fflush(out);
		answer.id = ask.id;
		if (ask.data.nr == SYS_mkdir || ask.data.nr == SYS_mkdirat)
			answer.error = -EDQUOT;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (argc != 3 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	signal(SIGCHLD, SIG_IGN);
	memcpy(addr.sun_path, argv[1], strlen(argv[1]));
	FILE *out = fopen(argv[2], "ae");
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!out || sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(sock, 8) < 0)
		die(argv[1]);
	for (;;) {
		int peer = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
		if (peer < 0)
			die("accept");
		int fd = receive(peer, out);
		close(peer);
		if (fd >= 0 && fork() == 0) {
			close(sock);
			alarm(60);
			serve(fd, out);
			_exit(0);
		}
		close(fd);
	}
}
