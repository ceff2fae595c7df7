/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/unpacker.h"
#include "runtime/base/fd.h"
#include "runtime/base/self.h"
#include "runtime/base/str.h"

enum { CHAN = 3, FEED_BYTES = 1 << 20, MESSAGE_MAX = 1024 };

static const char *find_program(struct arena *mem)
{
	static const char *const places[] = {"ctr-unpack", "../libexec/ctr/ctr-unpack"};
	char self[PATH_MAX];
	struct err ignored;

	if (self_dir(self, sizeof(self), &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *path = arena_printf(mem, "%s/%s", self, places[i]);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static int spawn(const struct unpacker_want *want, const char *dir, int from, int chan, pid_t *ret,
		 struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *program = find_program(&mem);
	posix_spawn_file_actions_t files;

	if (!program) {
		err_say(err, ENOENT, "ctr-unpack, which unpacks layers, is not there");
		err_hint(err, "install it beside ctr or in ../libexec/ctr");
		return -ENOENT;
	}
	const char *algorithm = want->diff_id ? digest_algorithm(want->diff_id) : "sha256";
	char *argv[] = {arena_str(&mem, "ctr-unpack"),
			arena_str(&mem, dir),
			arena_str(&mem, algorithm),
			arena_str(&mem, geteuid() ? "one" : "all"),
			arena_str(&mem, want->is_plain ? "plain" : "layer"),
			NULL};
	char *envp[] = {NULL};
	if (posix_spawn_file_actions_init(&files) != 0)
		return err_set(err, ENOMEM, "start ctr-unpack");
	posix_spawn_file_actions_adddup2(&files, from, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, chan, CHAN);
	int num = posix_spawn(ret, program, &files, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	return num ? err_set(err, num, "start %s", program) : 0;
}

/* Every id that we have is the child's too, under the same number. */
static void own_map(const char *which, struct str *ret)
{
	auto_(str) struct str text = {0};
	char path[40];
	unsigned inside, outside, count;
	int used = 0;

	snprintf(path, sizeof(path), "/proc/self/%s", which);
	if (fd_read_file(AT_FDCWD, path, 65536, &text) < 0 || !text.p)
		return;
	for (const char *at = text.p;
	     sscanf(at, "%u %u %u%n", &inside, &outside, &count, &used) == 3; at += used)
		str_addf(ret, "%u %u %u\n", inside, inside, count);
}

static int write_map(pid_t pid, const char *which, unsigned own, struct err *err)
{
	auto_(str) struct str map = {0};
	char path[48];

	if (geteuid() == 0)
		own_map(which, &map);
	else
		str_addf(&map, "0 %u 1\n", own);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, which);
	int r = fd_put(AT_FDCWD, path, map.p ? map.p : "");
	return r < 0 ? err_set(err, r, "write the %s of ctr-unpack", which) : 0;
}

static int give_ids(const struct unpacker *u, struct err *err)
{
	char path[48];

	if (geteuid()) {
		snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)u->pid);
		fd_put(AT_FDCWD, path, "deny");
	}
	if (write_map(u->pid, "uid_map", geteuid(), err) < 0 ||
	    write_map(u->pid, "gid_map", getegid(), err) < 0)
		return -err->num;
	return send(u->chan, "ok", 2, MSG_NOSIGNAL) == 2 ? 0
							 : err_set(err, errno, "tell ctr-unpack");
}

/* "fail ERRNO MESSAGE" as an error; what can't be read is one too. */
static int failed(char *text, struct err *err)
{
	uint64_t num = EPROTO;
	char *word = text ? strchr(text, ' ') : NULL,
	     *message = word ? strchr(word + 1, ' ') : NULL;

	if (!text || !str_starts(text, "fail ") || !message)
		return err_say(err, EPROTO, "ctr-unpack ended without a word");
	*message++ = 0;
	if (num_u64(word + 1, &num) < 0 || num == 0 || num > INT_MAX)
		num = EPROTO;
	return err_say(err, (int)num, "%s", message);
}

static char *hear(const struct unpacker *u, char *buf)
{
	ssize_t n;

	do
		n = recv(u->chan, buf, MESSAGE_MAX - 1, 0);
	while (n < 0 && errno == EINTR);
	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? buf : NULL;
}

static int open_feed(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* Fewer switches between the two; where the limit is lower it stays as it is. */
	fcntl(ends[1], F_SETPIPE_SZ, FEED_BYTES);
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

int unpacker_start(const struct stage *g, const struct unpacker_want *want, struct unpacker *ret,
		   struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;
	const char *dir = arena_printf(&mem, "%s/tmp/%s/%s", g->store->dir, g->name, want->sub);
	auto_fd int chan = -1, input = -1;
	char buf[MESSAGE_MAX];
	int pair[2], r = 0;

	if (mkdirat(g->fd, want->sub, 0700) < 0)
		return err_set(err, errno, "make %s", dir);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, errno, "make a socket");
	u.chan = pair[0];
	chan = pair[1];
	if (want->from < 0 && (r = open_feed(&input, &u.feed)) < 0)
		return err_set(err, r, "make a pipe");
	if (spawn(want, dir, want->from < 0 ? input : want->from, chan, &u.pid, err) < 0)
		return -err->num;
	close(steal_fd(&chan));
	char *word = hear(&u, buf);
	if (!word || !str_eq(word, "map"))
		return failed(word, err);
	if (give_ids(&u, err) < 0)
		return -err->num;
	*ret = u;
	u = (struct unpacker)UNPACKER_NONE;
	return 0;
}

int unpacker_finish(struct unpacker *u, const char *diff_id, char *ret_digest, struct err *err)
{
	char buf[MESSAGE_MAX], *word;

	if (u->feed >= 0)
		close(steal_fd(&u->feed));
	word = hear(u, buf);
	if (!word || !str_starts(word, "done "))
		return failed(word, err);
	char *digest = word + strlen("done "), *end = strchr(digest, ' ');
	if (end)
		*end = 0;
	if (!digest_ok(digest))
		return failed(NULL, err);
	if (diff_id && !str_eq(digest, diff_id))
		return err_say(err, EBADMSG,
			       "the layer's content is %s, the image's config says %s", digest,
			       diff_id);
	if (ret_digest)
		memcpy(ret_digest, digest, strlen(digest) + 1);
	return 0;
}

void unpacker_clear(struct unpacker *u)
{
	if (u->feed >= 0)
		close(u->feed);
	if (u->chan >= 0)
		close(u->chan);
	if (u->pid > 0) {
		kill(u->pid, SIGKILL);
		while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*u = (struct unpacker)UNPACKER_NONE;
}
