/* SPDX-License-Identifier: Apache-2.0 */
/* A container as a systemd scope, over D-Bus. Compiled twice: `ctr` goes without libsystemd, which
 * would cost every start half a millisecond, and hands such commands to ctr-ext. */
#include <errno.h>

#include "cgroups/backend.h"

#ifndef CTR_EXT

static int needs_ext(struct err *err)
{
	err_say(err, ENOTSUP, "the systemd cgroup manager needs ctr-ext");
	err_code(err, "needs-ext");
	return -ENOTSUP;
}

int cg_systemd_check(struct err *err)
{
	return needs_ext(err);
}

int cg_systemd_start(const struct cg_plan *plan, pid_t pid, struct err *err)
{
	(void)plan, (void)pid;
	return needs_ext(err);
}

int cg_systemd_update(const struct cg_plan *plan, struct err *err)
{
	(void)plan;
	return needs_ext(err);
}

#else

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager"
enum { JOB_MS = 30000, TRIES = 20, CPUS_MAX = 8192 };

/* One conversation. */
struct talk {
	sd_bus *bus;
	sd_bus_error error;
	const char *unit;
	char job[128];   /* the path of the job that is awaited */
	char result[32]; /* how it ended: "done", "failed", … */
};

static void talk_clear(struct talk *t)
{
	sd_bus_error_free(&t->error);
	sd_bus_flush_close_unref(t->bus);
}

static int talk_open(struct talk *t, const struct cg_plan *plan, struct err *err)
{
	int r = plan->is_user_unit ? sd_bus_open_user(&t->bus) : sd_bus_open_system(&t->bus);

	t->unit = plan->unit;
	if (r >= 0)
		return 0;
	err_set(err, r, "connect to systemd on the %s bus", plan->is_user_unit ? "user" : "system");
	err_hint(err, "without systemd, use the cgroupfs manager (no --systemd-cgroup)");
	return r;
}

static int fail(struct talk *t, int r, const char *what, struct err *err)
{
	if (t->error.message)
		return err_say(err, r, "%s %s: systemd says: %s", what, t->unit, t->error.message);
	return err_set(err, r, "%s %s", what, t->unit);
}

/* ---- properties ------------------------------------------------------------------------------- */

/* "0-3,7" → a mask of bytes, lowest CPU first. */
static int append_cpus(sd_bus_message *m, const char *list)
{
	unsigned char mask[CPUS_MAX / 8] = {0};
	size_t used = 0;

	for (const char *at = list; *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;
		if (end == at)
			return -EINVAL;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPUS_MAX; first++) {
			mask[first / 8] |= (unsigned char)(1U << first % 8);
			used = first / 8 + 1 > used ? first / 8 + 1 : used;
		}
		at = end + strspn(end, ", ");
		if (at == end && *at)
			return -EINVAL;
	}
	return sd_bus_message_append_array(m, 'y', mask, used);
}

static int append_strings(sd_bus_message *m, const char *lines)
{
	auto_free char *copy = mem_copy(lines, strlen(lines));
	char *rest = *copy ? copy : NULL;
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (char *line; r >= 0 && (line = strsep(&rest, "\n"));)
		r = sd_bus_message_append_basic(m, 's', line);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_number(sd_bus_message *m, char type, const char *text)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
	} v = {0};

	switch (type) {
	case 'y':
		v.y = (uint8_t)strtoul(text, NULL, 10);
		break;
	case 'n':
		v.n = (int16_t)strtol(text, NULL, 10);
		break;
	case 'q':
		v.q = (uint16_t)strtoul(text, NULL, 10);
		break;
	case 'i':
		v.i = (int32_t)strtol(text, NULL, 10);
		break;
	case 'u':
		v.u = (uint32_t)strtoul(text, NULL, 10);
		break;
	case 'x':
		v.x = strtoll(text, NULL, 10);
		break;
	case 't':
		v.t = strtoull(text, NULL, 10);
		break;
	case 'd':
		v.d = strtod(text, NULL);
		break;
	default:
		return -EINVAL;
	}
	return sd_bus_message_append_basic(m, type, &v);
}

static int append_value(sd_bus_message *m, const struct cg_property *p)
{
	int yes = str_eq(p->value, "true");

	if (str_eq(p->type, "b"))
		return sd_bus_message_append_basic(m, 'b', &yes);
	if (str_eq(p->type, "s"))
		return sd_bus_message_append_basic(m, 's', p->value);
	if (str_eq(p->type, "ay"))
		return append_cpus(m, p->value);
	if (str_eq(p->type, "as"))
		return append_strings(m, p->value);
	return append_number(m, *p->type, p->value);
}

static int append_property(sd_bus_message *m, const struct cg_property *p)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', p->name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', p->type);
	if (r >= 0)
		r = append_value(m, p);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* a(sv): the plan's, and the process that the scope is made around (0: none). */
static int append_properties(sd_bus_message *m, const struct cg_plan *plan, pid_t pid)
{
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	for (size_t i = 0; r >= 0 && i < plan->n_properties; i++)
		r = append_property(m, &plan->properties[i]);
	if (r >= 0 && pid > 0)
		r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)pid);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- starting --------------------------------------------------------------------------------- */

static int on_job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct talk *t = data;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) >= 0 && str_eq(path, t->job))
		snprintf(t->result, sizeof(t->result), "%s", result);
	return 0;
}

static int call_start(struct talk *t, const struct cg_plan *plan, pid_t pid)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const char *job;
	int r = sd_bus_message_new_method_call(t->bus, &m, MANAGER, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", plan->unit, "fail");
	if (r >= 0)
		r = append_properties(m, plan, pid);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	sd_bus_error_free(&t->error);
	if (r >= 0)
		r = sd_bus_call(t->bus, m, 0, &t->error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job);
	if (r >= 0)
		snprintf(t->job, sizeof(t->job), "%s", job);
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
	return r;
}

/* A unit of that name that has failed, or is about to go because its group is empty, makes room. */
static int call_start_patiently(struct talk *t, const struct cg_plan *plan, pid_t pid)
{
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		r = call_start(t, plan, pid);
		if (r >= 0 || !sd_bus_error_has_name(&t->error, SYSTEMD ".UnitExists"))
			return r;
		sd_bus_call_method(t->bus, MANAGER, "ResetFailedUnit", NULL, NULL, "s", plan->unit);
		usleep(50000);
	}
	return r;
}

static int wait_for_job(struct talk *t)
{
	int64_t end = clock_ms() + JOB_MS;

	while (!*t->result) {
		int r = sd_bus_process(t->bus, NULL);
		int64_t now = clock_ms();
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (now >= end)
			return -ETIMEDOUT;
		r = sd_bus_wait(t->bus, (uint64_t)(end - now) * 1000);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

int cg_systemd_check(struct err *err)
{
	(void)err;
	return 0;
}

int cg_systemd_start(const struct cg_plan *plan, pid_t pid, struct err *err)
{
	auto_(talk) struct talk t = {.error = SD_BUS_ERROR_NULL};
	int r = talk_open(&t, plan, err);

	if (r < 0)
		return r;
	r = sd_bus_match_signal(t.bus, NULL, MANAGER, "JobRemoved", on_job_removed, &t);
	if (r >= 0)
		r = call_start_patiently(&t, plan, pid);
	if (r >= 0)
		r = wait_for_job(&t);
	if (r < 0)
		return fail(&t, r, "start unit", err);
	if (!str_eq(t.result, "done"))
		return err_say(err, EIO, "start unit %s: systemd's job ended as \"%s\"", plan->unit,
			       t.result);
	return 0;
}

int cg_systemd_update(const struct cg_plan *plan, struct err *err)
{
	auto_(talk) struct talk t = {.error = SD_BUS_ERROR_NULL};
	sd_bus_message *m = NULL;
	int yes = 1, r = talk_open(&t, plan, err);

	if (r < 0)
		return r;
	r = sd_bus_message_new_method_call(t.bus, &m, MANAGER, "SetUnitProperties");
	if (r >= 0)
		r = sd_bus_message_append(m, "sb", plan->unit, yes); /* yes: until it stops */
	if (r >= 0)
		r = append_properties(m, plan, 0);
	if (r >= 0)
		r = sd_bus_call(t.bus, m, 0, &t.error, NULL);
	sd_bus_message_unref(m);
	return r < 0 ? fail(&t, r, "change unit", err) : 0;
}

#endif
