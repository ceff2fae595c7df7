/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <time.h>

#include "cmd/command.h"
#include "runtime/base/fd.h"
#include "runtime/container.h"
#include "runtime/logfile.h"
#include "runtime/state.h"

struct logs_opts {
	const char *since, *until, *tail;
	bool follow, timestamps;
};

/* clang-format off */
#define OPT(member) offsetof(struct logs_opts, member)
static const struct arg logs_args[] = {
	{"follow", 'f', ARG_FLAG, OPT(follow), NULL, "go on until the container ends"},
	{"since", 0, ARG_TEXT, OPT(since), "TIME", "from 2026-01-02T03:04:05Z on, or since 10m"},
	{"until", 0, ARG_TEXT, OPT(until), "TIME", "up to then"},
	{"tail", 'n', ARG_TEXT, OPT(tail), "N", "the last N lines; all"},
	{"timestamps", 't', ARG_FLAG, OPT(timestamps), NULL, "when each line was written"},
	ARGS_END};
#undef OPT
/* clang-format on */

/* What is wanted, and what is on its way out. */
struct logs {
	char since[LOG_STAMP_MAX], until[LOG_STAMP_MAX]; /* "": no bound */
	bool timestamps;
	uint64_t skip;   /* lines */
	bool in_line[2]; /* of each stream: what was printed last did not end it */
	int to;          /* where `out` goes */
	struct str out;
};

enum { FLUSH_AT = 65536 };

static int flush(struct logs *l, struct err *err)
{
	int r = l->out.len ? fd_write_all(l->to, l->out.p, l->out.len) : 0;

	l->out.len = 0;
	return r < 0 ? err_set(err, r, "write the log") : 0;
}

static int print(struct logs *l, const struct log_record *rec, struct err *err)
{
	int to = rec->is_err ? STDERR_FILENO : STDOUT_FILENO;

	if ((to != l->to || l->out.len > FLUSH_AT) && flush(l, err) < 0)
		return -err->num;
	l->to = to;
	if (l->timestamps && !l->in_line[rec->is_err]) {
		str_add_mem(&l->out, rec->stamp, rec->stamp_len);
		str_add_char(&l->out, ' ');
	}
	str_add_mem(&l->out, rec->text, rec->len);
	if (rec->ends_line)
		str_add_char(&l->out, '\n');
	l->in_line[rec->is_err] = !rec->ends_line;
	return 0;
}

/* Stamps are of one length, so they compare as text. */
static int before(const struct log_record *rec, const char *stamp)
{
	size_t n = strlen(stamp);

	return memcmp(rec->stamp, stamp, rec->stamp_len < n ? rec->stamp_len : n);
}

/* All that there is now. 1: what comes later is not wanted. */
static int print_all(struct logs *l, struct logfile *file, struct err *err)
{
	struct log_record rec;
	int r;

	while ((r = logfile_next(file, &rec, err)) > 0) {
		if (*l->until && before(&rec, l->until) > 0)
			return flush(l, err) < 0 ? -err->num : 1;
		if (l->skip) {
			l->skip -= rec.ends_line;
			continue;
		}
		if (*l->since && before(&rec, l->since) < 0)
			continue;
		if (print(l, &rec, err) < 0)
			return -err->num;
	}
	return r < 0 ? r : flush(l, err);
}

static int count_lines(const char *dir, uint64_t *ret, struct err *err)
{
	auto_(logfile) struct logfile file = {.dir = -1, .fd = -1};
	struct log_record rec = {0};
	uint64_t n = 0;
	int r = logfile_open(dir, &file, err);

	while (r >= 0 && (r = logfile_next(&file, &rec, err)) > 0)
		n += rec.ends_line;
	*ret = n;
	return r;
}

/* Whoever writes the log: the monitor, which outlives restarts of the container. */
static int follow(struct logs *l, const struct container *c, const char *dir, struct logfile *file,
		  struct err *err)
{
	auto_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	auto_fd int writer = container_monitor(c);
	bool is_over = false;
	char events[4096];

	if (watch < 0 || inotify_add_watch(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return err_set(err, errno, "watch %s", dir);
	for (;;) {
		int r = print_all(l, file, err);
		if (r != 0 || is_over || writer < 0)
			return r < 0 ? r : 0;
		struct pollfd p[] = {{watch, POLLIN, 0}, {writer, POLLIN, 0}};
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(err, errno, "wait for the log");
		while (read(watch, events, sizeof(events)) > 0)
			;
		is_over = p[1].revents != 0; /* and once more what it wrote last */
	}
}

static int find_log(const struct container *c, const char **ret, struct err *err)
{
	const struct state_options *o = c->state ? c->state->options : NULL;

	if (!o || !o->log || str_eq(o->log, "none")) {
		err_say(err, ENOENT, "it has no log");
		err_hint(err, "run it with -d, and not with --log-driver none");
		return -ENOENT;
	}
	if (!str_eq(o->log, "file")) {
		err_say(err, ENOTSUP, "its log is in the journal");
		err_hint(err, "journalctl CONTAINER_NAME=%.60s", c->id);
		return -ENOTSUP;
	}
	*ret = o->log_dir;
	return 0;
}

static int read_opts(const struct logs_opts *o, const char *dir, struct logs *l, struct err *err)
{
	uint64_t tail = 0, lines = 0;
	int64_t now = time(NULL);

	if ((o->since && log_moment(o->since, now, l->since, err) < 0) ||
	    (o->until && log_moment(o->until, now, l->until, err) < 0))
		return -err->num;
	l->timestamps = o->timestamps;
	if (!o->tail || str_eq(o->tail, "all"))
		return 0;
	if (num_u64(o->tail, &tail) < 0)
		return err_say(err, EINVAL, "--tail: expected a number or all, got \"%.40s\"",
			       o->tail);
	int r = count_lines(dir, &lines, err);
	l->skip = lines > tail ? lines - tail : 0;
	return r;
}

static int do_logs(struct call *call, struct err *err)
{
	const struct logs_opts *o = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(logfile) struct logfile file = {.dir = -1, .fd = -1};
	struct logs l = {.to = STDOUT_FILENO};
	const char *dir = NULL;

	int r = container_open(call->g->root, call->id, false, false, &c, err);
	if (r < 0 || (r = find_log(&c, &dir, err)) < 0)
		return r;
	r = logfile_open(dir, &file, err);
	if (r == -ENOENT) /* it was not started yet */
		return 0;
	if (r == 0)
		r = read_opts(o, dir, &l, err);
	if (r == 0)
		r = o->follow ? follow(&l, &c, dir, &file, err) : print_all(&l, &file, err);
	str_clear(&l.out);
	return r < 0 ? r : 0;
}

const struct command cmd_logs = {
	.name = "logs",
	.usage = "[flags] ID",
	.about = "print what a detached container has said",
	.examples = "ctr logs -f web\nctr logs --since 10m --tail 100 -t web\n",
	.args = {logs_args, false},
	.opts_size = sizeof(struct logs_opts),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_logs,
};
