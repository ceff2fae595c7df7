/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/notify.h"

enum { MESSAGE_MAX = 4096, BARRIER_MS = 30000 };

static const char inside[] = "/run/notify", variable[] = "NOTIFY_SOCKET=/run/notify/notify.sock";

void notify_tell(struct config *cfg, const char *dir, struct arena *mem)
{
	static const char *const options[] = {"bind", "nosuid", "noexec", "nodev", "ro"};
	struct config_process *p = cfg->process;
	struct config_mount *mounts = arena_zalloc(mem, cfg->n_mounts + 1, sizeof(*mounts));
	const char **env = arena_zalloc(mem, p->n_env + 1, sizeof(*env));
	const char **words = arena_zalloc(mem, 5, sizeof(*words));

	memcpy(words, options, sizeof(options));
	if (cfg->n_mounts)
		memcpy(mounts, cfg->mounts, cfg->n_mounts * sizeof(*mounts));
	mounts[cfg->n_mounts++] = (struct config_mount){
		.destination = inside,
		.type = "bind",
		.source = arena_printf(mem, "%s/" NOTIFY_DIR, dir),
		.options = words,
		.n_options = 5,
	};
	cfg->mounts = mounts;
	if (p->n_env)
		memcpy(env, p->env, p->n_env * sizeof(*env));
	env[p->n_env++] = variable; /* the last of several wins */
	p->env = env;
}

int notify_prepare(int dir_fd, struct err *err)
{
	if (mkdirat(dir_fd, NOTIFY_DIR, 0755) < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: make a directory for the socket");
	/* Whatever the umask: the container's user has to get there. */
	if (fchmodat(dir_fd, NOTIFY_DIR, 0755, 0) < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: open the directory for the container");
	return 0;
}

int notify_listen(const char *dir, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	auto_(arena) struct arena mem = {0};
	const char *path = arena_printf(&mem, "%s/" NOTIFY_DIR, dir);

	auto_fd int at = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (at < 0 || sock < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: open %s", path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/notify.sock", at);
	unlinkat(at, "notify.sock", 0); /* of a start that failed */
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(at, "notify.sock", 0777, 0) < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: make %s/notify.sock", path);
	return steal_fd(&sock);
}

/* Whether one of the lines of a message is that. */
static bool says_ready(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (str_eq(line, "READY=1") || str_starts(line, "READY=1\n"))
			return true;
	}
	return false;
}

/* 1: it is ready; 0: it has ended. */
static int wait_for_ready(int sock, int pidfd, struct err *err)
{
	struct pollfd fds[] = {{.fd = sock, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	char text[MESSAGE_MAX + 1];

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(err, errno, "NOTIFY_SOCKET: wait for the container");
		if (fds[0].revents) {
			/* Descriptors that come along are closed by the kernel: nobody takes them. */
			ssize_t n = recv(sock, text, MESSAGE_MAX, MSG_DONTWAIT);
			text[n > 0 ? n : 0] = 0;
			if (says_ready(text))
				return 1;
		} else if (fds[1].revents) {
			return 0;
		}
	}
}

/* fd: goes along with the text, unless it is -1. */
static int tell(int sock, const char *text, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char copy[64];
	struct iovec iov = {.iov_base = copy, .iov_len = strlen(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	snprintf(copy, sizeof(copy), "%s", text);
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.room);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int reach(const char *manager, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(manager);

	if ((*manager != '/' && *manager != '@') || len >= sizeof(addr.sun_path))
		return err_say(err, EINVAL, "NOTIFY_SOCKET: \"%s\" is no socket", manager);
	memcpy(addr.sun_path, manager, len);
	if (*manager == '@')
		addr.sun_path[0] = 0;
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (sock < 0 || connect(sock, (struct sockaddr *)&addr, size) < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: reach %s", manager);
	return steal_fd(&sock);
}

int notify_relay(int sock, const char *manager, pid_t pid, int pidfd, struct err *err)
{
	char main_pid[32];
	int pipes[2];
	int r = wait_for_ready(sock, pidfd, err);

	if (r <= 0)
		return r;
	auto_fd int to = reach(manager, err);
	if (to < 0)
		return to;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_set(err, errno, "NOTIFY_SOCKET: make a pipe");
	auto_fd int wait = pipes[0];
	auto_fd int barrier = pipes[1];
	snprintf(main_pid, sizeof(main_pid), "MAINPID=%d", (int)pid);
	if ((r = tell(to, "READY=1", -1)) < 0 || (r = tell(to, main_pid, -1)) < 0 ||
	    (r = tell(to, "BARRIER=1", barrier)) < 0)
		return err_set(err, r, "NOTIFY_SOCKET: tell %s", manager);
	auto_close_fd(&barrier);
	barrier = -1;
	/* It closes its end when it has read the rest. */
	struct pollfd p = {.fd = wait};
	poll(&p, 1, BARRIER_MS);
	return 0;
}
