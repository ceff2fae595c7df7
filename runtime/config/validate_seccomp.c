/* SPDX-License-Identifier: Apache-2.0 */
/* The member `linux.seccomp`, as far as libseccomp is not needed to judge it. */
#include <errno.h>
#include <stdio.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

static int check_action(const struct check *c, const char *path, const char *action, bool has_errno)
{
	static const char *const actions[] = {
		"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
		"SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
		"SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          "SCMP_ACT_NOTIFY",
	};

	if (!CHECK_WORD(action, actions))
		return err_say(c->err, EINVAL, "%s: unknown action \"%s\"", path, action);
	if (has_errno && !str_eq(action, "SCMP_ACT_ERRNO") && !str_eq(action, "SCMP_ACT_TRACE"))
		return err_say(c->err, EINVAL, "%s: %s cannot carry an errno", path, action);
	return 0;
}

static int check_architectures(const struct check *c, const struct config_seccomp *s)
{
	static const char *const names[] = {
		"SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",  "SCMP_ARCH_X32",
		"SCMP_ARCH_ARM",         "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64",
		"SCMP_ARCH_M68K",        "SCMP_ARCH_MIPS",    "SCMP_ARCH_MIPS64",
		"SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
		"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64",
		"SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
		"SCMP_ARCH_RISCV64",     "SCMP_ARCH_S390",    "SCMP_ARCH_S390X",
		"SCMP_ARCH_SH",          "SCMP_ARCH_SHEB",
	};

	for (size_t i = 0; i < s->n_architectures; i++)
		if (!CHECK_WORD(s->architectures[i], names))
			return err_say(
				c->err, EINVAL,
				"linux.seccomp.architectures[%zu]: unknown architecture \"%s\"", i,
				s->architectures[i]);
	return 0;
}

static int check_flags(const struct check *c, const struct config_seccomp *s)
{
	static const char *const flags[] = {
		"SECCOMP_FILTER_FLAG_TSYNC",
		"SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	};

	for (size_t i = 0; i < s->n_flags; i++)
		if (!CHECK_WORD(s->flags[i], flags))
			return err_say(c->err, EINVAL,
				       "linux.seccomp.flags[%zu]: unknown flag \"%s\"", i,
				       s->flags[i]);
	return 0;
}

/* The executor itself needs write(2) to hand the descriptor over, before anybody answers. */
static int check_notify(const struct check *c, size_t i, const struct config_syscall *s)
{
	const char *listener = c->config->linux_->seccomp->listener_path;

	if ((!listener || !*listener) && !config_annotation(c->config, "run.oci.seccomp.receiver"))
		return err_say(
			c->err, EINVAL,
			"linux.seccomp.syscalls[%zu].action: SCMP_ACT_NOTIFY needs a listenerPath",
			i);
	for (size_t j = 0; j < s->n_names; j++)
		if (str_eq(s->names[j], "write"))
			return err_say(c->err, EINVAL,
				       "linux.seccomp.syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY "
				       "cannot be used for the write syscall",
				       i, j);
	return 0;
}

static int check_syscall(const struct check *c, size_t i, const struct config_syscall *s)
{
	char path[64];

	snprintf(path, sizeof(path), "linux.seccomp.syscalls[%zu].action", i);
	int r = check_action(c, path, s->action, s->has_errno_ret);
	if (r < 0)
		return r;
	if (s->n_names == 0)
		return err_say(c->err, EINVAL,
			       "linux.seccomp.syscalls[%zu].names: must not be empty", i);
	for (size_t j = 0; j < s->n_names; j++)
		if (!*s->names[j])
			return err_say(c->err, EINVAL,
				       "linux.seccomp.syscalls[%zu].names[%zu]: must not be empty",
				       i, j);
	return str_eq(s->action, "SCMP_ACT_NOTIFY") ? check_notify(c, i, s) : 0;
}

int check_seccomp(const struct check *c)
{
	const struct config_seccomp *s = c->config->linux_ ? c->config->linux_->seccomp : NULL;

	if (!s)
		return 0;
	int r = check_action(c, "linux.seccomp.defaultAction", s->default_action,
			     s->has_default_errno_ret);
	if (r < 0)
		return r;
	if (str_eq(s->default_action, "SCMP_ACT_NOTIFY"))
		return err_say(
			c->err, EINVAL,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default");
	if (s->listener_metadata && *s->listener_metadata &&
	    !(s->listener_path && *s->listener_path))
		return err_say(c->err, EINVAL,
			       "linux.seccomp.listenerMetadata: set without a listenerPath");
	r = check_architectures(c, s);
	if (r == 0)
		r = check_flags(c, s);
	for (size_t i = 0; i < s->n_syscalls && r == 0; i++)
		r = check_syscall(c, i, &s->syscalls[i]);
	return r;
}
