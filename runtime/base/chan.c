/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/chan.h"

int chan_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

/* A socket and the address of dirfd/name, which fits into sun_path however deep the directory is. */
static int prepare(int dirfd, const char *name, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", dirfd,
			 name);
	if (n < 0 || (size_t)n >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return sock < 0 ? -errno : sock;
}

int chan_listen(int dirfd, const char *name)
{
	struct sockaddr_un addr;
	auto_fd int sock = prepare(dirfd, name, &addr);

	if (sock < 0)
		return sock;
	/* The mode of the socket file is the socket's own, less the umask. */
	if (fchmod(sock, 0600) < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(sock, 8) < 0)
		return -errno;
	return steal_fd(&sock);
}

int chan_connect(int dirfd, const char *name)
{
	struct sockaddr_un addr;
	auto_fd int sock = prepare(dirfd, name, &addr);

	if (sock < 0)
		return sock;
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return steal_fd(&sock);
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

int chan_send(int sock, const struct op_msg *msg, const int *fds, unsigned n_fds)
{
	struct op_msg copy = *msg;
	struct iovec iov = {.iov_base = &copy, .iov_len = sizeof(copy)};
	union control control = {0};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > MSG_FDS_MAX)
		return -E2BIG;
	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	for (;;) {
		ssize_t n = sendmsg(sock, &m, MSG_NOSIGNAL);
		if (n >= 0)
			return n == sizeof(copy) ? 0 : -EIO;
		if (errno != EINTR)
			return -errno;
	}
}

static void take_fds(struct msghdr *m, struct chan_fds *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && ret->n < MSG_FDS_MAX; i++)
			memcpy(&ret->fd[ret->n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

int chan_recv(int sock, struct op_msg *ret, struct chan_fds *ret_fds)
{
	auto_(chan_fds) struct chan_fds fds = {0};
	struct op_msg msg;
	struct iovec iov = {.iov_base = &msg, .iov_len = sizeof(msg)};
	union control control;
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	while ((n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC)) < 0)
		if (errno != EINTR)
			return -errno;
	take_fds(&m, &fds);
	if (n == 0)
		return 0;
	if (n != sizeof(msg) || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EPROTO;
	*ret = msg;
	if (ret_fds) {
		*ret_fds = fds;
		fds.n = 0;
	}
	return 1;
}

void chan_fds_clear(struct chan_fds *fds)
{
	for (unsigned i = 0; i < fds->n; i++)
		auto_close_fd(&fds->fd[i]);
	fds->n = 0;
}
