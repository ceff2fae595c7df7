/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/hooks.h"
#include "runtime/state.h"

enum { SHOWN_MAX = 300 };

/* ---- what a hook is told --------------------------------------------------------------------- */

/* The specification's state, up to the pid, which is sometimes known to the executor alone. */
static void state_head(struct str *out, const struct hook_subject *s, const char *status)
{
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "ociVersion", s->oci_version);
	json_text(&o, "id", s->id);
	json_text(&o, "status", status);
	json_text(&o, "bundle", s->bundle);
	if (s->n_annotations)
		json_open(&o, "annotations", '{');
	for (size_t i = 0; i < s->n_annotations; i++)
		json_text(&o, s->annotations[i].key, s->annotations[i].value);
	if (s->n_annotations)
		json_close(&o, '}');
}

void hooks_state(struct str *out, const struct hook_subject *s, const char *status, pid_t pid)
{
	state_head(out, s, status);
	if (pid)
		str_addf(out, ",\"pid\":%d", (int)pid);
	str_add_char(out, '}');
}

/* The words of a hook: its arguments, by default the program's path alone. */
static size_t count_args(const struct config_hook *h)
{
	return h->n_args ? h->n_args : 1;
}

static const char *arg(const struct config_hook *h, size_t i)
{
	return h->n_args ? h->args[i] : h->path;
}

static int timeout_ms(const struct config_hook *h)
{
	enum { MOST = 1000000 }; /* seconds; in milliseconds it still fits an int */

	if (!h->has_timeout)
		return 0;
	return (int)(h->timeout < MOST ? h->timeout : MOST) * 1000;
}

void hooks_plan(const struct hook_list *list, const struct hook_subject *s, const char *status,
		bool privileged, struct oplist *ops)
{
	auto_(str) struct str input = {0};

	if (!list->n)
		return;
	state_head(&input, s, status);
	str_add(&input, ",\"pid\":");
	oplist_why(ops, "what %s hooks print", list->name);
	int16_t output = oplist_slots(ops, 1);
	struct op *op = oplist_add(ops, OP_SYNC);
	op->a = SYNC_HOOKS;
	op->b = 1;
	op->ret = output;
	for (size_t i = 0; i < list->n; i++) {
		const struct config_hook *h = &list->hooks[i];
		auto_(str) struct str words = {0};
		for (size_t k = 0; k < count_args(h); k++)
			str_add_mem(&words, arg(h, k), strlen(arg(h, k)) + 1);
		for (size_t k = 0; k < h->n_env; k++)
			str_add_mem(&words, h->env[k], strlen(h->env[k]) + 1);
		str_add_mem(&words, h->path, strlen(h->path) + 1);
		str_add_mem(&words, input.p, input.len + 1);
		oplist_why(ops, "%s hook #%zu", list->name, i);
		uint32_t room = oplist_room(ops, (count_args(h) + h->n_env + 3) * sizeof(char *));
		uint32_t data = oplist_blob(ops, words.p, words.len);
		op = oplist_add(ops, OP_HOOK);
		op->a = count_args(h);
		op->b = h->n_env;
		op->c = (uint64_t)timeout_ms(h);
		op->str = room;
		op->data = data;
		op->size = (uint32_t)words.len;
		op->fd2 = output;
		op->flags = privileged ? 0 : OPF_LATE;
	}
	oplist_add(ops, OP_CLOSE)->fd = output;
}

/* ---- running one ------------------------------------------------------------------------------ */

int hooks_make_output(void)
{
	int fd = sys_memfd_create("output", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_input(const struct hook_subject *s, const char *status, pid_t pid)
{
	auto_(str) struct str text = {0};

	hooks_state(&text, s, status, pid);
	auto_fd int fd = sys_memfd_create("state", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text.p, text.len);
	if (r < 0)
		return r;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : steal_fd(&fd);
}

/* A process in a session of its own, with default signals and three descriptors. 0 or an errno. */
static int start(const struct config_hook *h, int in, int out, pid_t *ret)
{
	auto_(arena) struct arena mem = {0};
	size_t n = count_args(h);
	char **argv = arena_zalloc(&mem, n + 1, sizeof(*argv));
	char **envp = arena_zalloc(&mem, h->n_env + 1, sizeof(*envp));
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;

	for (size_t i = 0; i < n; i++)
		argv[i] = arena_str(&mem, arg(h, i));
	for (size_t i = 0; i < h->n_env; i++)
		envp[i] = arena_str(&mem, h->env[i]);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, out, 2);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	int r = posix_spawn(ret, h->path, &files, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return r;
}

/* 0 or an errno; *ret_status as of wait(2). */
static int wait_for(pid_t pid, int timeout, int *ret_status)
{
	auto_fd int pidfd = sys_pidfd_open(pid, 0);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r = 1;

	while (pidfd >= 0 && (r = poll(&p, 1, timeout ? timeout : -1)) < 0 && errno == EINTR)
		;
	if (r == 0)
		kill(-pid, SIGKILL); /* the whole session: see start() */
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return r == 0 ? ETIMEDOUT : 0;
}

static int run(const struct config_hook *h, const struct hook_subject *s, const char *status,
	       pid_t pid, const char *which, struct err *err)
{
	auto_fd int in = make_input(s, status, pid);
	auto_fd int out = hooks_make_output();
	int ended = 0;
	pid_t child;

	if (in < 0 || out < 0)
		return err_set(err, in < 0 ? in : out, "make the input of a hook");
	int r = start(h, in, out, &child);
	if (r == 0)
		r = wait_for(child, timeout_ms(h), &ended);
	return r || ended ? hooks_explain(which, r, ended, out, err) : 0;
}

int hooks_run(const struct hook_list *list, const struct hook_subject *s, const char *status,
	      pid_t pid, struct err *err)
{
	char which[64];
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		snprintf(which, sizeof(which), "%s hook #%zu", list->name, i);
		r = run(&list->hooks[i], s, status, pid, which, err);
	}
	return r;
}

/* What it printed, as one line. */
static void add_output(struct str *text, int output)
{
	char buf[SHOWN_MAX];
	ssize_t n = output < 0 ? 0 : pread(output, buf, sizeof(buf), 0);

	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		n--;
	if (n <= 0)
		return;
	str_add(text, ": ");
	for (ssize_t i = 0; i < n; i++)
		str_add_char(text, (unsigned char)buf[i] < ' ' ? ' ' : buf[i]);
}

int hooks_explain(const char *which, int num, int status, int output, struct err *err)
{
	auto_(str) struct str text = {0};
	char words[64];

	if (num == ETIMEDOUT)
		str_add(&text, "it ran past its timeout");
	else if (WIFSIGNALED(status))
		str_addf(&text, "ended by signal %d", WTERMSIG(status));
	else if (status)
		str_addf(&text, "exit status %d", WEXITSTATUS(status));
	else
		str_add(&text, err_words(num, words, sizeof(words)));
	add_output(&text, output);
	err_say(err, num == ETIMEDOUT || !status ? num : ECHILD, "error running %s: %s", which,
		text.p);
	err_code(err, "hook-failed");
	return -err->num;
}

/* ---- by the record ---------------------------------------------------------------------------- */

struct hook_subject hooks_subject(const struct state *s)
{
	return (struct hook_subject){
		.id = s->id,
		.bundle = s->bundle,
		.oci_version = s->oci_version,
		.annotations = s->annotations,
		.n_annotations = s->n_annotations,
	};
}

int hooks_poststart(const struct state *s, pid_t pid, struct err *err)
{
	const struct hook_list list = {"poststart", s->poststart, s->n_poststart};
	const struct hook_subject who = hooks_subject(s);

	return hooks_run(&list, &who, "running", pid, err);
}

void hooks_poststop(const struct state *s)
{
	const struct hook_subject who = hooks_subject(s);
	char which[64], words[1000];
	struct err err = {0};

	for (size_t i = 0; i < s->n_poststop; i++) {
		snprintf(which, sizeof(which), "poststop hook #%zu", i);
		if (run(&s->poststop[i], &who, "stopped", 0, which, &err) < 0)
			log_warning("%s", err_text(&err, words, sizeof(words)));
	}
}
