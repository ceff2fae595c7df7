/* SPDX-License-Identifier: Apache-2.0 */
/* The member `process`. */
#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

static int check_command(const struct check *c, const struct config_process *p)
{
	if (p->n_args == 0)
		return err_say(c->err, EINVAL, "process.args must not be empty");
	if (p->cwd[0] != '/')
		return err_say(c->err, EINVAL, "process.cwd: must be absolute, found \"%s\"",
			       p->cwd);
	return 0;
}

static int check_env(const struct check *c, const struct config_process *p)
{
	for (size_t i = 0; i < p->n_env; i++) {
		const char *equals = strchr(p->env[i], '=');
		if (!equals || equals == p->env[i])
			return err_say(c->err, EINVAL,
				       "process.env[%zu]: expected NAME=value, found \"%s\"", i,
				       p->env[i]);
	}
	return 0;
}

static int check_rlimits(const struct check *c, const struct config_process *p)
{
	static const char *const types[] = {
		"RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
		"RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
		"RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
		"RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
	};

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct config_rlimit *l = &p->rlimits[i];
		if (!CHECK_WORD(l->type, types))
			return err_say(c->err, EINVAL,
				       "process.rlimits[%zu].type: unknown limit \"%s\"", i,
				       l->type);
		/* No more entries than types get past this, so the loop is short. */
		for (size_t j = 0; j < i; j++)
			if (str_eq(l->type, p->rlimits[j].type))
				return err_say(c->err, EINVAL,
					       "process.rlimits[%zu].type: %s is there twice", i,
					       l->type);
		if (l->soft > l->hard)
			return err_say(c->err, EINVAL,
				       "process.rlimits[%zu].soft: above the hard limit", i);
	}
	return 0;
}

/* capabilities(7); Linux 5.9 and later have all of them. */
static const char *const capability_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

static void warn_unknown_caps(const struct check *c, const char *set, const char *const *names,
			      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!CHECK_WORD(names[i], capability_names))
			check_warn(
				c,
				"process.capabilities.%s[%zu]: unknown capability \"%s\" left out",
				set, i, names[i]);
}

/* The specification wants unknown names, and those that cannot be granted, warned of only. */
static void warn_capabilities(const struct check *c, const struct config_capabilities *caps)
{
	if (!caps)
		return;
	warn_unknown_caps(c, "bounding", caps->bounding, caps->n_bounding);
	warn_unknown_caps(c, "effective", caps->effective, caps->n_effective);
	warn_unknown_caps(c, "permitted", caps->permitted, caps->n_permitted);
	warn_unknown_caps(c, "inheritable", caps->inheritable, caps->n_inheritable);
	warn_unknown_caps(c, "ambient", caps->ambient, caps->n_ambient);
}

static int check_affinity(const struct check *c, const struct config_exec_cpu_affinity *a)
{
	if (a && a->initial && *a->initial && !check_is_list(a->initial))
		return err_say(c->err, EINVAL,
			       "process.execCPUAffinity.initial: not a list of CPUs: \"%s\"",
			       a->initial);
	if (a && a->final && *a->final && !check_is_list(a->final))
		return err_say(c->err, EINVAL,
			       "process.execCPUAffinity.final: not a list of CPUs: \"%s\"",
			       a->final);
	return 0;
}

/* sched(7). */
static int check_scheduler(const struct check *c, const struct config_scheduler *s)
{
	if (!s)
		return 0;
	bool is_fair = s->policy == CONFIG_SCHEDULER_POLICY_OTHER ||
		       s->policy == CONFIG_SCHEDULER_POLICY_BATCH;
	bool is_realtime = s->policy == CONFIG_SCHEDULER_POLICY_FIFO ||
			   s->policy == CONFIG_SCHEDULER_POLICY_RR;
	if (is_fair && (s->nice < -20 || s->nice > 19))
		return err_say(c->err, EINVAL,
			       "process.scheduler.nice: expected -20 to 19, found %d", s->nice);
	if (is_realtime && (s->priority < 1 || s->priority > 99))
		return err_say(c->err, EINVAL,
			       "process.scheduler.priority: expected 1 to 99, found %d",
			       s->priority);
	if (!is_realtime && s->priority)
		return err_say(c->err, EINVAL,
			       "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one");
	if (s->policy != CONFIG_SCHEDULER_POLICY_DEADLINE) {
		if (s->runtime || s->deadline || s->period)
			return err_say(c->err, EINVAL,
				       "process.scheduler: runtime, deadline and period are for "
				       "SCHED_DEADLINE only");
		return 0;
	}
	if (!s->runtime || s->runtime > s->deadline || (s->period && s->deadline > s->period))
		return err_say(c->err, EINVAL,
			       "process.scheduler: expected 0 < runtime <= deadline <= period");
	return 0;
}

int check_process(const struct check *c, const struct config_process *p)
{
	int r = check_command(c, p);

	if (r == 0)
		r = check_env(c, p);
	if (r == 0)
		r = check_rlimits(c, p);
	if (r == 0)
		r = check_scheduler(c, p->scheduler);
	if (r == 0)
		r = check_affinity(c, p->exec_cpu_affinity);
	if (r == 0)
		warn_capabilities(c, p->capabilities);
	return r;
}
