/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/embed.h"
#include "tests/unit/init_peer.h"

enum { FIRST_FD = 10 };

static bool be_root(uid_t uid, gid_t gid)
{
	char map[40];

	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (fd_put(AT_FDCWD, "/proc/self/uid_map", map) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return fd_put(AT_FDCWD, "/proc/self/setgroups", "deny") == 0 &&
	       fd_put(AT_FDCWD, "/proc/self/gid_map", map) == 0;
}

bool peer_enter(bool real)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (real && uid)
		return false;
	if (unshare(CLONE_NEWNS | (real ? 0 : CLONE_NEWUSER)) < 0 || (!real && !be_root(uid, gid)))
		return false;
	umask(0);
	return mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0 &&
	       mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0;
}

static void exec_init(const int *fds, int n)
{
	char name[] = "ctr-init", first[12];
	char *argv[] = {name, first, NULL}, *envp[] = {NULL};
	int moved[3];

	snprintf(first, sizeof(first), "%d", FIRST_FD);
	int exe = fcntl(embed_init_memfd(), F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < n; i++)
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < n; i++)
		dup2(moved[i], FIRST_FD + i);
	dup2(STDERR_FILENO, 50); /* what a careless caller leaves open */
	sys_execveat(exe, "", argv, envp, AT_EMPTY_PATH);
	_exit(99);
}

struct peer peer_start(struct oplist *l, int listener)
{
	struct peer p = {.chan = -1};
	struct str image = {0};
	struct err err;
	int pair[2], plan = sys_memfd_create("plan", MFD_CLOEXEC);

	fflush(stdout);
	if (oplist_pack(l, FIRST_FD, &image, &err) == 0 && chan_pair(pair) == 0 &&
	    fd_write_all(plan, image.p, image.len) == 0) {
		const int fds[] = {pair[1], plan, listener};
		p.chan = pair[0];
		p.pid = fork();
		if (p.pid == 0)
			exec_init(fds, listener < 0 ? 2 : 3);
		close(pair[1]);
	}
	close(plan);
	str_clear(&image);
	oplist_clear(l);
	return p;
}

uint32_t peer_hear(struct peer *p)
{
	chan_fds_clear(&p->fds);
	p->msg = (struct op_msg){0};
	return chan_recv(p->chan, &p->msg, &p->fds) == 1 ? p->msg.type : 0;
}

void peer_say(struct peer *p, uint32_t type, const int *fds, unsigned n)
{
	struct op_msg msg = {.type = type};
	chan_send(p->chan, &msg, fds, n);
}

int peer_end(struct peer *p)
{
	int status = 0;

	chan_fds_clear(&p->fds);
	close(p->chan);
	p->chan = -1;
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int peer_run(struct oplist *l, uint32_t *ret_op)
{
	struct peer p = peer_start(l, -1);
	int num = 0;

	for (uint32_t type; (type = peer_hear(&p));) {
		if (type != MSG_FAIL)
			continue;
		num = (int)p.msg.a;
		if (ret_op)
			*ret_op = p.msg.op;
		break;
	}
	int code = peer_end(&p);
	return num ? num : code ? -code : 0;
}

struct op *peer_op(struct oplist *l, enum op_kind kind, int16_t fd, const char *path)
{
	uint32_t str = path ? oplist_str(l, path) : 0;
	struct op *op = oplist_add(l, kind);

	op->fd = fd;
	op->str = str;
	return op;
}

int16_t peer_open(struct oplist *l, const char *path)
{
	int16_t slot = oplist_slots(l, 1);
	struct op *op = peer_op(l, OP_OPEN, SLOT_CWD, path);

	op->a = O_PATH | O_DIRECTORY;
	op->ret = slot;
	return slot;
}

void peer_data(struct oplist *l, struct op *op, const void *p, size_t n)
{
	op->data = oplist_blob(l, p, n);
	op->size = (uint32_t)n;
}

void peer_shell(struct oplist *l, const char *script, const char *const *env, size_t n)
{
	struct str data = {0};
	uint32_t room = oplist_room(l, (3 + n + 3) * sizeof(char *));

	str_add_mem(&data, "/bin/sh\0-c", sizeof("/bin/sh\0-c"));
	str_add_mem(&data, script, strlen(script) + 1);
	for (size_t i = 0; i < n; i++)
		str_add_mem(&data, env[i], strlen(env[i]) + 1);
	struct op *op = oplist_add(l, OP_EXEC);
	op->a = 3;
	op->b = n;
	op->str = room;
	peer_data(l, op, data.p, data.len);
	str_clear(&data);
}

void peer_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	fd_write_all(fd, text, strlen(text));
	close(fd);
}

const char *peer_read_file(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	text[n] = 0;
	return text;
}

bool peer_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}
