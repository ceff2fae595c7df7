/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/duration.h"
#include "cmd/engine.h"
#include "cmd/signals.h"
#include "runtime/base/fd.h"
#include "runtime/ledger.h"

enum {
	LABEL_FILE_MAX = 1 << 20,
	LOG_SIZE_MIN = 32768, /* more than one record */
	LOG_FILES_MAX = 99,
	STOP_TIMEOUT = 10,
	HEALTH_MS = 30000,
	HEALTH_RETRIES = 3,
	RESTARTS_MAX = 1000000,
};

/* ---- restart, stop ----------------------------------------------------------------------------*/

int engine_read_restart(const char *text, struct state_options *ret, struct arena *mem,
			struct err *err)
{
	static const char *const words[] = {"no", "on-failure", "always", "unless-stopped"};
	size_t n = strcspn(text, ":");
	uint64_t max = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i]) != n || memcmp(words[i], text, n) != 0)
			continue;
		if (text[n] && (i != 1 || num_max(text + n + 1, 10, RESTARTS_MAX, &max) < 0))
			break;
		ret->restart = arena_copy(mem, text, n);
		ret->restart_max = (uint32_t)max;
		ret->has_restart_max = max != 0;
		return 0;
	}
	return err_say(
		err, EINVAL,
		"--restart: expected no, on-failure[:N], always or unless-stopped, got \"%.40s\"",
		text);
}

static int read_stop(const struct engine_opts *o, struct state_options *ret, struct err *err)
{
	int64_t seconds = STOP_TIMEOUT;
	int sig = o->stop_signal ? signal_number(o->stop_signal, err) : SIGTERM;

	if (sig <= 0)
		return sig ? sig : err_say(err, EINVAL, "--stop-signal: 0 stops nothing");
	if (o->stop_timeout &&
	    (num_i64(o->stop_timeout, &seconds) < 0 || seconds < -1 || seconds > INT_MAX))
		return err_say(err, EINVAL, "--stop-timeout: expected seconds or -1, got \"%.40s\"",
			       o->stop_timeout);
	ret->stop_signal = (uint32_t)sig;
	ret->stop_timeout = (int32_t)seconds;
	ret->has_stop_signal = ret->has_stop_timeout = true;
	return 0;
}

/* ---- log --------------------------------------------------------------------------------------*/

static int log_option(const char *text, struct state_options *ret, struct err *err)
{
	const char *equals = strchrnul(text, '=');
	size_t n = (size_t)(equals - text);
	int64_t size;
	uint64_t files;

	if (n == 8 && str_starts(text, "max-size") && *equals) {
		if (num_size(equals + 1, &size) < 0 || size < LOG_SIZE_MIN)
			return err_say(err, EINVAL,
				       "--log-opt max-size: expected 32k or more, got \"%.40s\"",
				       equals + 1);
		ret->log_size = (uint64_t)size;
		return 0;
	}
	if (n == 8 && str_starts(text, "max-file") && *equals) {
		if (num_max(equals + 1, 10, LOG_FILES_MAX, &files) < 0 || !files)
			return err_say(err, EINVAL,
				       "--log-opt max-file: expected 1 to %d, got \"%.40s\"",
				       LOG_FILES_MAX, equals + 1);
		ret->log_files = (uint32_t)files;
		return 0;
	}
	return err_say(err, EINVAL,
		       "--log-opt: expected max-size=SIZE or max-file=N, got \"%.60s\"", text);
}

static int read_log(const struct engine_opts *o, const struct call *call, const char *id,
		    struct state_options *ret, struct err *err)
{
	const char *driver = o->log_driver ? o->log_driver : "file";

	/* What docker and podman call their files. */
	if (str_eq(driver, "json-file") || str_eq(driver, "k8s-file") || str_eq(driver, "local"))
		driver = "file";
	if (!str_eq(driver, "file") && !str_eq(driver, "journald") && !str_eq(driver, "none"))
		return err_say(err, ENOTSUP,
			       "--log-driver: expected file, journald or none, got \"%.40s\"",
			       driver);
	ret->log = driver;
	if (!str_eq(driver, "file"))
		return o->log_opts.n
			       ? err_say(err, EINVAL, "--log-opt belongs to --log-driver file")
			       : 0;
	/* A name of its own: containers can be renamed, and what a crash left is nobody's log. */
	uint32_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_set(err, errno, "get random bytes");
	ret->log_dir = arena_printf(call->mem, "%s/logs/%.200s.%08x",
				    ledger_state_dir(call->g->root, call->mem), id, number);
	ret->log_size = 10 << 20;
	ret->log_files = 3;
	ret->has_log_size = ret->has_log_files = true;
	for (size_t i = 0; i < o->log_opts.n; i++)
		if (log_option(o->log_opts.v[i], ret, err) < 0)
			return -err->num;
	return 0;
}

/* ---- labels -----------------------------------------------------------------------------------*/

static int add_label(struct words *lines, const char *text, struct arena *mem, struct err *err)
{
	if (!*text || *text == '=')
		return err_say(err, EINVAL, "--label: expected NAME[=VALUE], got \"%.60s\"", text);
	words_add(lines, text, mem);
	return 0;
}

static int add_label_file(struct words *lines, const char *path, struct arena *mem, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(AT_FDCWD, path, LABEL_FILE_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", path);
	for (char *save = NULL, *line = text.p ? strtok_r(text.p, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (*line != '#' && line[strspn(line, " \t\r")] &&
		    add_label(lines, arena_str(mem, line), mem, err) < 0)
			return err_wrap(err, "%s", path);
	return 0;
}

/* Files first, so that --label has the last word. */
static int read_labels(const struct engine_opts *o, struct arena *mem, struct state_options *ret,
		       struct err *err)
{
	struct words lines = {0};

	for (size_t i = 0; i < o->label_files.n; i++)
		if (add_label_file(&lines, o->label_files.v[i], mem, err) < 0)
			return -err->num;
	for (size_t i = 0; i < o->labels.n; i++)
		if (add_label(&lines, o->labels.v[i], mem, err) < 0)
			return -err->num;
	if (!lines.n)
		return 0;
	ret->labels = arena_zalloc(mem, lines.n, sizeof(*ret->labels));
	for (size_t i = 0; i < lines.n; i++) {
		const char *equals = strchrnul(lines.v[i], '=');
		const char *key = arena_copy(mem, lines.v[i], (size_t)(equals - lines.v[i]));
		size_t at = 0;
		while (at < ret->n_labels && !str_eq(ret->labels[at].key, key))
			at++;
		ret->n_labels += at == ret->n_labels;
		ret->labels[at] = (struct config_kv){key, *equals ? equals + 1 : ""};
	}
	return 0;
}

/* ---- health -----------------------------------------------------------------------------------*/

static int read_health(const struct engine_opts *o, struct arena *mem, struct state_options *ret,
		       struct err *err)
{
	int interval = HEALTH_MS, timeout = HEALTH_MS, start = 0;
	uint64_t retries = HEALTH_RETRIES;
	struct words command = {0};
	const char *given = o->health_interval  ? o->health_interval
			    : o->health_timeout ? o->health_timeout
			    : o->health_start   ? o->health_start
						: o->health_retries;

	if (!o->health_cmd || o->no_healthcheck)
		return given && !o->no_healthcheck
			       ? err_say(err, EINVAL, "--health-*: there is no --health-cmd")
			       : 0;
	if ((o->health_interval && duration_ms(o->health_interval, &interval, err) < 0) ||
	    (o->health_timeout && duration_ms(o->health_timeout, &timeout, err) < 0) ||
	    (o->health_start && !str_eq(o->health_start, "0s") &&
	     duration_ms(o->health_start, &start, err) < 0))
		return err_wrap(err, "--health");
	if (o->health_retries &&
	    (num_max(o->health_retries, 10, RESTARTS_MAX, &retries) < 0 || !retries))
		return err_say(err, EINVAL, "--health-retries: expected a number, got \"%.40s\"",
			       o->health_retries);
	words_add(&command, "/bin/sh", mem);
	words_add(&command, "-c", mem);
	words_add(&command, o->health_cmd, mem);
	ret->health_command = command.v;
	ret->n_health_command = command.n;
	ret->health_interval = (uint32_t)interval;
	ret->health_timeout = (uint32_t)timeout;
	ret->health_start_period = (uint32_t)start;
	ret->health_retries = (uint32_t)retries;
	ret->has_health_interval = ret->has_health_timeout = true;
	ret->has_health_start_period = ret->has_health_retries = true;
	return 0;
}

/* How the container was asked for, for who asks for it again (cmd/generate.c). */
static void keep_command(const struct call *call, struct state_options *ret)
{
	char dir[PATH_MAX];
	size_t n = 0;

	if (!getcwd(dir, sizeof(dir)))
		return;
	while (call->argv[n])
		n++;
	const char **all = arena_zalloc(call->mem, n + 1, sizeof(*all));
	memcpy(all, call->argv, n * sizeof(*all));
	ret->run_dir = arena_str(call->mem, dir);
	ret->run_flags = all;
	ret->n_run_flags = n - call->n_words;
	ret->run_words = all + ret->n_run_flags;
	ret->n_run_words = call->n_words;
}

int engine_opts_read(const struct engine_opts *o, const struct call *call, const char *id,
		     struct state_options *ret, struct err *err)
{
	struct state_options s = {.restart = "no"};
	int r = o->restart ? engine_read_restart(o->restart, &s, call->mem, err) : 0;

	if (r < 0 || (r = read_stop(o, &s, err)) < 0 || (r = read_log(o, call, id, &s, err)) < 0 ||
	    (r = read_labels(o, call->mem, &s, err)) < 0 ||
	    (r = read_health(o, call->mem, &s, err)) < 0)
		return r;
	keep_command(call, &s);
	*ret = s;
	return 0;
}

int engine_write_cidfile(const struct engine_opts *o, const char *id, struct err *err)
{
	if (!o->cidfile)
		return 0;
	auto_fd int fd = open(o->cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, id, strlen(id));
	return r < 0 ? err_set(err, r, "--cidfile: write %s", o->cidfile) : 0;
}
