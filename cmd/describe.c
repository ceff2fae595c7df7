/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroups/oom.h"
#include "cmd/describe.h"
#include "cmd/why.h"
#include "net/store.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/monitor.h"
#include "runtime/config/config.h"
#include "runtime/load.h"
#include "runtime/state.h"

const char *describe_age(char buf[AGE_MAX], int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{86400 * 365, "year"}, {86400 * 30, "month"}, {86400 * 7, "week"}, {86400, "day"},
		{3600, "hour"},        {60, "minute"},        {1, "second"},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		int64_t n = seconds / units[i].seconds;
		if (n < 1)
			continue;
		snprintf(buf, AGE_MAX, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
		return buf;
	}
	return "less than a second";
}

const char *describe_state(const struct container *c, enum container_status status)
{
	if (status != STATUS_STOPPED)
		return container_status_word(status);
	const struct state_options *o = c->state ? c->state->options : NULL;
	auto_fd int monitor = container_monitor(c);
	bool restarts = o && o->restart && !str_eq(o->restart, "no") &&
			faccessat(c->dir_fd, MONITOR_HALT, F_OK, 0) < 0;
	return monitor >= 0 && restarts ? "restarting" : "exited";
}

/* When a file of its directory was written: what it stands for happened then. 0: never. */
static struct timespec moment(const struct container *c, const char *file)
{
	struct stat st;

	if (fstatat(c->dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return (struct timespec){0};
	return st.st_mtim;
}

/* healthy, unhealthy, starting; "" without checks. */
static void read_health(const struct container *c, struct str *ret)
{
	const struct state_options *o = c->state->options;

	if (fd_read_file(c->dir_fd, "health", 1 << 16, ret) < 0 || !ret->p)
		str_add(ret, o && o->n_health_command ? "starting 0\n" : "");
}

static void add_status(struct str *s, const struct container *c, enum container_status status)
{
	auto_(str) struct str health = {0};
	char age[AGE_MAX];
	int64_t now = time(NULL);
	const char *state = describe_state(c, status);

	if (status == STATUS_RUNNING || status == STATUS_PAUSED) {
		str_addf(s, "Up %s", describe_age(age, now - moment(c, "init").tv_sec));
		read_health(c, &health);
		if (*health.p)
			str_addf(s, " (%.*s)", (int)strcspn(health.p, " \n"), health.p);
		if (status == STATUS_PAUSED)
			str_add(s, " (Paused)");
	} else if (status == STATUS_STOPPED) {
		str_addf(s, "%s (%d) %s ago", str_eq(state, "exited") ? "Exited" : "Restarting",
			 container_exit_code(c), describe_age(age, now - moment(c, "exit").tv_sec));
	} else {
		str_add(s, status == STATUS_CREATED ? "Created" : "Creating");
	}
}

static void add_labels(struct json_out *o, const struct state *s)
{
	const struct state_options *x = s->options;

	json_open(o, "Labels", '{');
	for (size_t i = 0; x && i < x->n_labels; i++)
		json_text(o, x->labels[i].key, x->labels[i].value);
	json_close(o, '}');
}

static void add_command(struct str *s, const struct config *cfg)
{
	const struct config_process *p = cfg->process;

	str_add(s, "");
	for (size_t i = 0; p && i < p->n_args; i++)
		str_addf(s, "%s%s", i ? " " : "", p->args[i]);
}

static int64_t created_at(const struct state *s)
{
	uint64_t ns;

	return s->created && clock_parse(s->created, &ns) == 0 ? (int64_t)(ns / 1000000000) : 0;
}

int describe_row(const struct container *c, struct str *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str status = {0}, command = {0};
	struct json_out o = {.s = ret};
	struct config *cfg = NULL;
	char age[AGE_MAX];

	int r = load_config(c, &mem, &cfg, err);
	if (r < 0)
		return r;
	enum container_status now = container_status(c);
	add_status(&status, c, now);
	add_command(&command, cfg);
	json_open(&o, NULL, '{');
	json_text(&o, "ID", c->id);
	json_text(&o, "Names", c->id);
	json_text(&o, "Image", c->state->image ? c->state->image : "");
	json_text(&o, "Command", command.p);
	json_text(&o, "CreatedAt", c->state->created);
	json_text(&o, "RunningFor",
		  arena_printf(&mem, "%s ago",
			       describe_age(age, time(NULL) - created_at(c->state))));
	json_text(&o, "Status", status.p);
	json_text(&o, "State", describe_state(c, now));
	json_int(&o, "Pid", c->pidfd >= 0 ? c->pid : 0);
	json_int(&o, "ExitCode", now == STATUS_STOPPED ? container_exit_code(c) : 0);
	add_labels(&o, c->state);
	json_close(&o, '}');
	return 0;
}

/* ---- inspect ----------------------------------------------------------------------------------*/

static void add_time(struct json_out *o, const char *key, struct timespec t)
{
	char text[CLOCK_TEXT_MAX];

	json_text(o, key,
		  t.tv_sec ? clock_text(text, t.tv_sec, (unsigned)t.tv_nsec)
			   : "0001-01-01T00:00:00Z");
}

static void add_health(struct json_out *o, const struct container *c)
{
	auto_(str) struct str text = {0};
	unsigned failures = 0;
	char word[16] = "", *output;

	read_health(c, &text);
	if (sscanf(text.p, "%15s %u", word, &failures) < 1)
		return;
	output = strchr(text.p, '\n');
	json_open(o, "Health", '{');
	json_text(o, "Status", word);
	json_uint(o, "FailingStreak", failures);
	json_text(o, "Output", output ? output + 1 : "");
	json_close(o, '}');
}

/* docker's flag, and behind it what ctr why knows. */
static void add_oom(struct json_out *o, const struct container *c)
{
	auto_(arena) struct arena mem = {0};
	const struct cg_names names = {c->state->cgroups, c->state->n_cgroups, c->state->created};
	struct cg_death death = {0};
	struct err no_group;
	bool is_known = cg_death(&names, &mem, &death, &no_group) == 0;

	json_bool(o, "OOMKilled", is_known && death.kills);
	if (!is_known || !death.kills)
		return;
	json_open(o, "OOM", '{');
	why_members(o, &death);
	json_close(o, '}');
}

static void add_state(struct json_out *o, const struct container *c)
{
	auto_(str) struct str error = {0};
	enum container_status status = container_status(c);
	const char *word = describe_state(c, status);
	bool has_ended = status == STATUS_STOPPED;

	json_open(o, "State", '{');
	json_text(o, "Status", word);
	json_bool(o, "Running", status == STATUS_RUNNING || status == STATUS_PAUSED);
	json_bool(o, "Paused", status == STATUS_PAUSED);
	json_bool(o, "Restarting", str_eq(word, "restarting"));
	add_oom(o, c);
	json_int(o, "Pid", c->pidfd >= 0 ? c->pid : 0);
	json_int(o, "ExitCode", has_ended ? container_exit_code(c) : 0);
	str_add(&error, "");
	fd_read_file(c->dir_fd, "error", 4096, &error);
	json_text(o, "Error", error.p);
	add_time(o, "StartedAt", moment(c, "init"));
	add_time(o, "FinishedAt", has_ended ? moment(c, "exit") : (struct timespec){0});
	add_health(o, c);
	json_close(o, '}');
}

static void add_host_config(struct json_out *o, const struct state *s, const struct config *cfg,
			    struct arena *mem)
{
	const struct config_resources *r = cfg->linux_ ? cfg->linux_->resources : NULL;
	const struct state_options *x = s->options;

	json_open(o, "HostConfig", '{');
	json_bool(o, "AutoRemove", s->auto_remove);
	json_open(o, "RestartPolicy", '{');
	json_text(o, "Name", x && x->restart ? x->restart : "no");
	json_uint(o, "MaximumRetryCount", x ? x->restart_max : 0);
	json_close(o, '}');
	json_open(o, "LogConfig", '{');
	json_text(o, "Type", x && x->log ? x->log : "none");
	json_close(o, '}');
	json_int(o, "Memory", r && r->memory && r->memory->has_limit ? r->memory->limit : 0);
	json_int(o, "PidsLimit", r && r->pids && r->pids->has_limit ? r->pids->limit : 0);
	if (x && x->has_disk_size) { /* as docker's --storage-opt says it */
		json_open(o, "StorageOpt", '{');
		json_text(o, "size", arena_printf(mem, "%llu", (unsigned long long)x->disk_size));
		json_bool(o, "memory", !x->disk);
		json_close(o, '}');
	}
	json_bool(o, "ReadonlyRootfs", cfg->root && cfg->root->readonly);
	json_close(o, '}');
}

static void add_list(struct json_out *o, const char *key, const char *const *v, size_t n)
{
	json_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		json_text(o, NULL, v[i]);
	json_close(o, ']');
}

static void add_config(struct json_out *o, const struct state *s, const struct config *cfg,
		       struct arena *mem)
{
	const struct config_process *p = cfg->process;
	const struct state_options *x = s->options;

	json_open(o, "Config", '{');
	json_text(o, "Hostname", cfg->hostname ? cfg->hostname : "");
	json_text(o, "User", p->user ? arena_printf(mem, "%u:%u", p->user->uid, p->user->gid) : "");
	json_bool(o, "Tty", p->terminal);
	json_bool(o, "OpenStdin", x && x->interactive);
	add_list(o, "Env", p->env, p->n_env);
	add_list(o, "Cmd", p->args, p->n_args);
	json_text(o, "WorkingDir", p->cwd);
	json_text(o, "Image", s->image ? s->image : "");
	json_text(o, "StopSignal",
		  arena_printf(mem, "SIG%s",
			       sigabbrev_np(x && x->stop_signal ? (int)x->stop_signal : SIGTERM)));
	json_int(o, "StopTimeout", x && x->has_stop_timeout ? x->stop_timeout : 10);
	add_labels(o, s);
	json_close(o, '}');
}

static void add_mounts(struct json_out *o, const struct config *cfg)
{
	json_open(o, "Mounts", '[');
	for (size_t i = 0; i < cfg->n_mounts; i++) {
		const struct config_mount *m = &cfg->mounts[i];
		bool is_readonly = false;
		if (!m->type || !str_eq(m->type, "bind"))
			continue;
		for (size_t k = 0; k < m->n_options; k++)
			is_readonly |= str_eq(m->options[k], "ro") || str_eq(m->options[k], "rro");
		json_open(o, NULL, '{');
		json_text(o, "Type", "bind");
		json_text(o, "Source", m->source);
		json_text(o, "Destination", m->destination);
		json_bool(o, "RW", !is_readonly);
		json_close(o, '}');
	}
	json_close(o, ']');
}

/* docker's words. */
static int add_networks(struct json_out *o, const struct container *c, struct arena *mem,
			struct err *err)
{
	struct wire *wire;
	int r = wire_load(c->dir_fd, mem, &wire, err);

	if (r < 0)
		return r;
	json_open(o, "NetworkSettings", '{');
	json_open(o, "Networks", '{');
	for (size_t i = 0; wire && i < wire->n_ends; i++) {
		const struct wire_end *e = &wire->ends[i];
		const struct {
			const char *key, *value;
		} rows[] = {
			{"IPAddress", e->address},
			{"Gateway", e->gateway},
			{"GlobalIPv6Address", e->address6},
			{"IPv6Gateway", e->gateway6},
			{"MacAddress", e->mac},
		};
		json_open(o, e->network, '{');
		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
			const char *value = rows[k].value ? rows[k].value : "";
			json_text(o, rows[k].key, arena_copy(mem, value, strcspn(value, "/")));
		}
		if (e->has_priority)
			json_uint(o, "Priority", e->priority);
		json_close(o, '}');
	}
	json_close(o, '}');
	json_close(o, '}');
	return 0;
}

int describe_all(const struct container *c, bool is_pretty, struct str *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct json_out o = {.s = ret, .indent = is_pretty ? "    " : NULL};
	const struct state *s = c->state;
	struct config *cfg = NULL;

	int r = load_config(c, &mem, &cfg, err);
	if (r < 0)
		return r;
	if (!cfg->process)
		return err_say(err, EINVAL, "its config has no process");
	json_open(&o, NULL, '{');
	json_text(&o, "Id", c->id);
	json_text(&o, "Name", c->id);
	json_text(&o, "Created", s->created);
	json_text(&o, "Path", cfg->process->n_args ? cfg->process->args[0] : "");
	add_list(&o, "Args", cfg->process->args + 1,
		 cfg->process->n_args ? cfg->process->n_args - 1 : 0);
	add_state(&o, c);
	json_text(&o, "Image", s->image ? s->image : "");
	json_text(&o, "Bundle", s->bundle);
	json_text(&o, "Rootfs", s->rootfs);
	json_text(&o, "LogPath",
		  s->options && s->options->log_dir
			  ? arena_printf(&mem, "%s/log", s->options->log_dir)
			  : "");
	json_uint(&o, "RestartCount", container_restarts(c));
	add_list(&o, "Cgroups", s->cgroups, s->n_cgroups);
	add_host_config(&o, s, cfg, &mem);
	add_mounts(&o, cfg);
	add_config(&o, s, cfg, &mem);
	r = add_networks(&o, c, &mem, err);
	json_close(&o, '}');
	return r;
}
