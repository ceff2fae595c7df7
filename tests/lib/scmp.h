/* SPDX-License-Identifier: Apache-2.0 */
/* The filter that runc would make of a profile with libseccomp: what ours is compared with. */
#pragma once

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/config/config.h"

static inline uint32_t scmp_action(const char *word, bool has_data, uint32_t data)
{
	static const struct {
		const char *word;
		uint32_t value;
	} plain[] = {
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
		{"SCMP_ACT_KILL", SCMP_ACT_KILL},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG},
		{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strcmp(plain[i].word, word) == 0)
			return plain[i].value;
	data = has_data ? data : EPERM;
	return strcmp(word, "SCMP_ACT_TRACE") == 0 ? SCMP_ACT_TRACE(data) : SCMP_ACT_ERRNO(data);
}

static inline uint32_t scmp_arch(const char *word)
{
	char name[32];
	size_t n = strlen("SCMP_ARCH_");

	snprintf(name, sizeof(name), "%s", word + n);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return seccomp_arch_resolve_name(name);
}

/* Adds the rule, or, where two conditions are of one argument, one for each. */
static inline void scmp_add(scmp_filter_ctx ctx, const struct config_syscall *s, uint32_t action,
			    int number)
{
	struct scmp_arg_cmp args[6];
	unsigned n = 0, seen = 0;
	bool repeats = false;

	for (size_t i = 0; i < s->n_args; i++) {
		repeats |= seen >> s->args[i].index & 1;
		seen |= 1U << s->args[i].index;
	}
	for (size_t i = 0; i < s->n_args; i++) {
		const struct config_syscall_arg *a = &s->args[i];
		struct scmp_arg_cmp one = {a->index, (enum scmp_compare)a->op, a->value,
					   a->value_two};
		if (repeats)
			seccomp_rule_add_array(ctx, action, number, 1, &one);
		else
			args[n++] = one;
	}
	if (!repeats)
		seccomp_rule_add_array(ctx, action, number, n, args);
}

static inline void scmp_add_all(scmp_filter_ctx ctx, const struct config_seccomp *p, uint32_t def)
{
	for (size_t i = 0; i < p->n_architectures; i++)
		seccomp_arch_add(ctx, scmp_arch(p->architectures[i]));
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct config_syscall *s = &p->syscalls[i];
		uint32_t action = scmp_action(s->action, s->has_errno_ret, s->errno_ret);
		for (size_t j = 0; j < s->n_names && action != def; j++) {
			int number = seccomp_syscall_resolve_name(s->names[j]);
			if (number != __NR_SCMP_ERROR)
				scmp_add(ctx, s, action, number);
		}
	}
}

/* The caller frees *ret. Returns the number of instructions, 0 if libseccomp cannot. */
static inline size_t scmp_compile(const struct config_seccomp *p, struct sock_filter **ret)
{
	uint32_t def =
		scmp_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
	scmp_filter_ctx ctx = seccomp_init(def);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	size_t n = 0;

	scmp_add_all(ctx, p, def);
	if (seccomp_export_bpf(ctx, fd) == 0) {
		off_t size = lseek(fd, 0, SEEK_END);
		*ret = calloc(1, (size_t)size + 1);
		if (pread(fd, *ret, (size_t)size, 0) == size)
			n = (size_t)size / sizeof(struct sock_filter);
	}
	close(fd);
	seccomp_release(ctx);
	return n;
}
