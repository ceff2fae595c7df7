/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/chan.h"
#include "runtime/base/path.h"
#include "tests/lib/test.h"

/* `name` lies in /tmp. */
static void clean_up(const char *name)
{
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(path_remove_tree(tmp, strrchr(name, '/') + 1), 0);
}

TEST(chan_carries_messages_and_descriptors)
{
	const struct op_msg sent = {.type = MSG_SYNC, .op = 7, .a = UINT64_MAX};
	auto_(chan_fds) struct chan_fds fds = {0};
	struct op_msg got = {0};
	int pair[2], many[MSG_FDS_MAX];

	MUST(chan_pair(pair) == 0);
	for (int i = 0; i < MSG_FDS_MAX; i++)
		many[i] = STDOUT_FILENO;
	CHECK_INT(chan_send(pair[0], &sent, many, MSG_FDS_MAX), 0);
	CHECK_INT(chan_recv(pair[1], &got, &fds), 1);
	CHECK(memcmp(&sent, &got, sizeof(got)) == 0);
	CHECK_INT(fds.n, MSG_FDS_MAX);
	for (unsigned i = 0; i < fds.n; i++)
		CHECK(fcntl(fds.fd[i], F_GETFD) == FD_CLOEXEC);
	CHECK_INT(chan_send(pair[0], &sent, many, MSG_FDS_MAX + 1), -E2BIG);
	/* Descriptors that nobody takes are closed (the harness counts). */
	CHECK_INT(chan_send(pair[0], &sent, many, 3), 0);
	CHECK_INT(chan_recv(pair[1], &got, NULL), 1);
	CHECK_INT(chan_send(pair[0], &sent, NULL, 0), 0);
	CHECK_INT(chan_recv(pair[1], &got, NULL), 1);
	close(pair[0]);
	CHECK_INT(chan_recv(pair[1], &got, NULL), 0);
	CHECK_INT(chan_send(pair[1], &sent, NULL, 0), -EPIPE); /* and no signal */
	close(pair[1]);
}

TEST(chan_refuses_packets_of_another_size)
{
	struct op_msg got = {.type = 99};
	char packet[2 * sizeof(got)] = "";
	int pair[2];

	MUST(chan_pair(pair) == 0);
	CHECK(send(pair[0], packet, sizeof(got) - 1, 0) > 0);
	CHECK_INT(chan_recv(pair[1], &got, NULL), -EPROTO);
	CHECK(send(pair[0], packet, sizeof(packet), 0) > 0);
	CHECK_INT(chan_recv(pair[1], &got, NULL), -EPROTO);
	CHECK_INT(got.type, 99);
	close(pair[0]);
	close(pair[1]);
}

TEST(chan_listens_however_deep)
{
	char name[] = "/tmp/ctr-chan-XXXXXX", deep[400];
	struct stat st;

	MUST(mkdtemp(name));
	int n = snprintf(deep, sizeof(deep), "%s/", name);
	memset(deep + n, 'x', 200);
	deep[n + 200] = 0;
	auto_fd int dir = path_make_dir(deep, 0700);
	MUST(dir >= 0);
	CHECK_INT(chan_connect(dir, "start.sock"), -ENOENT);
	auto_fd int listener = chan_listen(dir, "start.sock");
	CHECK(listener >= 0);
	CHECK(fstatat(dir, "start.sock", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_INT(chan_listen(dir, "start.sock"), -EADDRINUSE);
	auto_fd int client = chan_connect(dir, "start.sock");
	auto_fd int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct op_msg msg = {.type = MSG_START};
	CHECK_INT(chan_send(client, &msg, NULL, 0), 0);
	CHECK_INT(chan_recv(server, &msg, NULL), 1);
	clean_up(name);
}
