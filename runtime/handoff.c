/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"
#include "runtime/handoff.h"

int handoff_pid_file(const char *path, pid_t pid, struct err *err)
{
	auto_free char *for_dir = mem_copy(path, strlen(path));
	auto_free char *for_name = mem_copy(path, strlen(path));
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)pid);

	auto_fd int dir = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : fd_replace(dir, basename(for_name), text, (size_t)n, 0644);
	return r < 0 ? err_set(err, r, "write the pid file %s", path) : 0;
}

static int send_fd(int sock, int fd, const char *payload)
{
	struct iovec iov = {.iov_base = mem_copy(payload, strlen(payload)),
			    .iov_len = strlen(payload)};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	ssize_t n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	int r = n < 0 ? -errno : 0;
	free(iov.iov_base);
	return r;
}

int handoff_fd(const char *path, int fd, const char *payload, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	/* Through the descriptor, a path of any length fits into sun_path. */
	auto_fd int at = open(path, O_PATH | O_CLOEXEC);
	auto_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (at < 0 || sock < 0)
		return err_set(err, errno, "open the socket %s", path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", at);
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(err, errno, "connect to %s", path);
	int r = send_fd(sock, fd, payload);
	return r < 0 ? err_set(err, r, "send a descriptor to %s", path) : 0;
}
