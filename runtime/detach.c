/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "runtime/base/fd.h"
#include "runtime/base/monitor.h"
#include "runtime/base/path.h"
#include "runtime/base/self.h"
#include "runtime/base/sys.h"
#include "runtime/config/config.h"
#include "runtime/create.h"
#include "runtime/detach.h"
#include "runtime/embed.h"
#include "runtime/explain.h"
#include "runtime/own_size.h"
#include "runtime/state.h"

/* What comes back over the report socket: the monitor sends the first member alone. */
struct news {
	int32_t is_ok; /* MONITOR_NEWS_OK */
	struct err err;
};

/* The ends of the program's streams. */
struct streams {
	int theirs[3], ours[3];
};

static void streams_clear(struct streams *s)
{
	for (int i = 0; i < 3; i++) {
		auto_close_fd(&s->theirs[i]);
		auto_close_fd(&s->ours[i]);
	}
}

#define STREAMS_NONE                                                                               \
	{                                                                                          \
		{-1, -1, -1},                                                                      \
		{                                                                                  \
			-1, -1, -1                                                                 \
		}                                                                                  \
	}

/* Input only for those who asked for it; a terminal brings its own. */
static int make_streams(const struct create_opts *o, struct streams *s, struct err *err)
{
	int ends[2];

	for (int i = 0; i < 3; i++) {
		if (i == 0 && !o->options->interactive) {
			s->theirs[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			if (s->theirs[i] < 0)
				return err_set(err, errno, "open /dev/null");
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_set(err, errno, "make a pipe");
		s->theirs[i] = ends[i != 0];
		s->ours[i] = ends[i == 0];
	}
	return 0;
}

/* ---- what the monitor is told ----------------------------------------------------------------- */

static enum monitor_restart restart_policy(const struct state_options *o)
{
	if (!o->restart || str_eq(o->restart, "no"))
		return MONITOR_RESTART_NO;
	return str_eq(o->restart, "on-failure") ? MONITOR_RESTART_FAILURE : MONITOR_RESTART_ALWAYS;
}

static int connect_journal(struct err *err)
{
	static const struct sockaddr_un addr = {AF_UNIX, "/run/systemd/journal/socket"};
	static const struct timeval patience = {.tv_sec = 1};
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || connect(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		err_set(err, errno, "--log-driver journald: connect to %s", addr.sun_path);
		err_hint(err, "without a journal, use --log-driver file");
		return -err->num;
	}
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return steal_fd(&sock);
}

static int open_log(const struct state_options *o, struct monitor_spec *s, struct err *err)
{
	s->log_fd = -1;
	if (!o->log || str_eq(o->log, "none")) {
		s->log = MONITOR_LOG_NONE;
		return 0;
	}
	if (str_eq(o->log, "journald")) {
		s->log = MONITOR_LOG_JOURNAL;
		s->log_fd = connect_journal(err);
		return s->log_fd < 0 ? s->log_fd : 0;
	}
	s->log = MONITOR_LOG_FILE;
	s->log_size = o->log_size;
	s->log_files = o->log_files;
	s->log_fd = path_make_dir(o->log_dir, 0700);
	return s->log_fd < 0 ? err_set(err, s->log_fd, "make the log's directory %s", o->log_dir)
			     : 0;
}

/* The path of ctr and the directory of all containers. */
static int fill_text(const char *root, struct monitor_spec *s, struct err *err)
{
	char self[PATH_MAX];
	int r = self_path(self, sizeof(self), err);

	if (r < 0)
		return r;
	size_t program = strlen(self) + 1, dir = strlen(root) + 1;
	if (program + dir > sizeof(s->text))
		return err_say(err, ENAMETOOLONG, "the paths of ctr and of --root are too long");
	memcpy(s->text, self, program);
	memcpy(s->text + program, root, dir);
	return (int)(offsetof(struct monitor_spec, text) + program + dir);
}

/* ---- becoming it -------------------------------------------------------------------------------- */

static int inherit(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
	return fd;
}

static int execute(const struct monitor_spec *s, size_t size, struct err *err)
{
	char name[] = "ctr-init", mode[] = "monitor", fd[12];
	char *argv[] = {name, mode, fd, NULL};
	auto_fd int exe = embed_init_memfd();
	auto_fd int told = sys_memfd_create("ctr-monitor", 0); /* to be inherited */

	if (exe < 0 || told < 0)
		return err_set(err, errno, "create a memory file");
	int r = fd_write_all(told, s, size);
	if (r < 0)
		return err_set(err, r, "write a memory file");
	snprintf(fd, sizeof(fd), "%d", told);
	sys_execveat(exe, "", argv, environ, AT_EMPTY_PATH);
	return err_set(err, errno, "execute the monitor");
}

static int become(const struct create_opts *o, struct creation *c, struct streams *io,
		  const struct monitor_start *start, struct monitor_spec *s, struct err *err)
{
	const struct state_options *want = o->options;
	int size = fill_text(o->root, s, err);

	if (size < 0)
		return size;
	s->version = MONITOR_VERSION;
	s->dir = inherit(c->c.dir_fd);
	s->pidfd = inherit(steal_fd(&c->spawn.pidfd));
	s->in = inherit(io->ours[0]);
	s->out = inherit(io->ours[1]);
	s->err = inherit(io->ours[2]);
	if (c->spawn.console >= 0) {
		s->in = s->out = inherit(steal_fd(&c->spawn.console));
		s->flags |= MONITOR_TERMINAL;
	}
	s->client = inherit(start->client);
	s->report = inherit(start->report);
	inherit(s->listener);
	inherit(s->log_fd);
	s->flags |= want->input_once ? MONITOR_IN_ONCE : 0;
	s->restart = restart_policy(want);
	s->max_restarts = want->restart_max;
	s->in_a_row = start->in_a_row;
	s->restarts = start->restarts;
	s->health_ms = want->n_health_command ? want->health_interval : 0;
	s->size_ms = own_size_wants(&c->c) ? OWN_LOAD_PERIOD_MS : 0;
	spawn_clear(&c->spawn);
	container_unlock(&c->c);
	return execute(s, (size_t)size, err);
}

static int make_and_become(const struct create_opts *o, const struct config *cfg,
			   const struct host *host, const struct monitor_start *start,
			   struct err *err)
{
	auto_(streams) struct streams io = STREAMS_NONE;
	struct create_opts mine = *o;
	struct creation c = {.c = {.dir_fd = -1, .pidfd = -1}, .spawn = SPAWN_NONE};
	struct monitor_spec s = {.listener = -1};

	mine.io.streams = cfg->process->terminal ? NULL : io.theirs;
	mine.has_monitor = true;
	int r = cfg->process->terminal ? 0 : make_streams(o, &io, err);
	if (r < 0 || (r = open_log(o->options, &s, err)) < 0 ||
	    (r = creation_begin(&mine, cfg, host, &c, err)) < 0)
		return r;
	s.listener = chan_listen(c.c.dir_fd, MONITOR_SOCKET);
	r = s.listener < 0 ? err_set(err, s.listener, "make the attach socket")
			   : container_write_monitor(&c.c, getpid(), start->restarts, err);
	if (r == 0)
		r = creation_start(&c, cfg, err);
	if (r == 0)
		r = become(o, &c, &io, start, &s, err);
	creation_undo(&c);
	return r;
}

int detach_become_monitor(const struct create_opts *o, const struct config *cfg,
			  const struct host *host, const struct monitor_start *start,
			  struct err *err)
{
	int r = make_and_become(o, cfg, host, start, err);

	/* Nothing was said yet. */
	if (!o->again && o->options->log_dir)
		rmdir(o->options->log_dir);
	return r;
}

/* ---- the one who asks for it -------------------------------------------------------------------- */

static int child(const struct create_opts *o, const struct config *cfg, const struct host *host,
		 const struct monitor_start *start, pid_t caller)
{
	struct news news = {0};

	/* What ends the caller's session is no business of ours; but whoever kills him before the
	 * container is there wants none. The monitor takes that back. */
	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller || chdir("/") < 0 ||
	    detach_become_monitor(o, cfg, host, start, &news.err) == 0)
		return 1;
	send(start->report, &news, sizeof(news), MSG_NOSIGNAL);
	return 1;
}

/* The child is a copy of this process: the pointer in its error means the same here. */
static int hear(int sock, struct err *err)
{
	struct news news = {0};
	ssize_t n;

	while ((n = recv(sock, &news, sizeof(news), 0)) < 0 && errno == EINTR)
		;
	if (n >= (ssize_t)sizeof(news.is_ok) && news.is_ok == MONITOR_NEWS_OK)
		return 0;
	if (n < (ssize_t)sizeof(news) || !news.err.num)
		return err_say(err, EPROTO, "the monitor died while it was making the container");
	*err = news.err;
	return -err->num;
}

int ctr_detach(const struct create_opts *o, const struct config *cfg, const struct host *host,
	       int *ret_client, struct err *err)
{
	int report[2], client[2] = {-1, -1};

	int r = chan_pair(report);
	if (r == 0 && ret_client)
		r = chan_pair(client);
	if (r < 0)
		return err_set(err, r, "make a socket pair");
	auto_fd int mine = report[0], its = report[1], my_client = client[0],
		    its_client = client[1];
	const struct monitor_start start = {.report = its, .client = its_client};
	pid_t caller = getpid(), pid = fork();
	if (pid < 0)
		return err_set(err, errno, "make a process for the monitor");
	if (pid == 0) {
		close(steal_fd(&mine));
		auto_close_fd(&my_client);
		_exit(child(o, cfg, host, &start, caller));
	}
	close(steal_fd(&its));
	auto_close_fd(&its_client);
	its_client = -1;
	r = hear(mine, err);
	if (r == 0 && ret_client)
		*ret_client = steal_fd(&my_client);
	return r;
}
