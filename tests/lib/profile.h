/* SPDX-License-Identifier: Apache-2.0 */
/* What a seccomp profile says of a call, read rule by rule, slowly and without any cleverness: the
 * meaning that seccomp.h promises. Multiplexed calls are left out. */
#pragma once

#include "tests/lib/scmp.h"

struct profile_abi {
	uint32_t token; /* SCMP_ARCH_* */
	uint32_t arch;  /* AUDIT_ARCH_* */
	uint32_t base;  /* its lowest number */
};

static inline bool profile_is_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

static inline bool profile_condition(const struct config_syscall_arg *a,
				     const struct seccomp_data *d, bool is_wide)
{
	uint64_t all = is_wide ? UINT64_MAX : UINT32_MAX;
	uint64_t x = d->args[a->index] & all, v = a->value & all, w = a->value_two & all;

	switch (a->op) {
	case CONFIG_SYSCALL_ARG_OP_NE:
		return x != v;
	case CONFIG_SYSCALL_ARG_OP_LT:
		return x < v;
	case CONFIG_SYSCALL_ARG_OP_LE:
		return x <= v;
	case CONFIG_SYSCALL_ARG_OP_EQ:
		return x == v;
	case CONFIG_SYSCALL_ARG_OP_GE:
		return x >= v;
	case CONFIG_SYSCALL_ARG_OP_GT:
		return x > v;
	case CONFIG_SYSCALL_ARG_OP_MASKED_EQ:
		return (x & v) == (w & v);
	case CONFIG_SYSCALL_ARG_OP_NONE:
		break;
	}
	return false;
}

/* All conditions together; or any of them, when one argument has two. */
static inline bool profile_rule(const struct config_syscall *s, const struct seccomp_data *d,
				bool is_wide)
{
	unsigned seen = 0, n = 0;
	bool repeats = false;

	for (size_t i = 0; i < s->n_args; i++) {
		repeats |= seen >> s->args[i].index & 1;
		seen |= 1U << s->args[i].index;
		n += profile_condition(&s->args[i], d, is_wide);
	}
	return repeats ? n > 0 : n == s->n_args;
}

static inline bool profile_names(const struct config_syscall *s, uint32_t token, int number)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (seccomp_syscall_resolve_name_arch(token, s->names[i]) == number)
			return true;
	return false;
}

/* The highest number that the profile knows. */
static inline int profile_highest(const struct config_seccomp *p, uint32_t token)
{
	int max = -1;

	for (size_t i = 0; i < p->n_syscalls; i++)
		for (size_t j = 0; j < p->syscalls[i].n_names; j++) {
			int n = seccomp_syscall_resolve_name_arch(token, p->syscalls[i].names[j]);
			max = n > max ? n : max;
		}
	return max;
}

static inline uint32_t profile_action(const struct config_syscall *s)
{
	return scmp_action(s->action, s->has_errno_ret, s->errno_ret);
}

/* The answer by rules alone. */
static inline uint32_t profile_by_rules(const struct config_seccomp *p, uint32_t def,
					const struct profile_abi *abi, const struct seccomp_data *d)
{
	bool is_wide = abi->token & __AUDIT_ARCH_64BIT, has_answer = false;
	uint32_t answer = def;

	for (size_t i = 0; i < p->n_syscalls && !has_answer; i++) {
		const struct config_syscall *s = &p->syscalls[i];
		has_answer = !s->n_args && profile_action(s) != def &&
			     profile_names(s, abi->token, d->nr);
		answer = has_answer ? profile_action(s) : def;
	}
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct config_syscall *s = &p->syscalls[i];
		if (!s->n_args || !profile_names(s, abi->token, d->nr) ||
		    !profile_rule(s, d, is_wide))
			continue;
		if (!has_answer || profile_is_stricter(profile_action(s), answer))
			answer = profile_action(s);
		has_answer = true;
	}
	return answer;
}

static inline bool profile_has_arch(const struct config_seccomp *p, uint32_t token)
{
	for (size_t i = 0; i < p->n_architectures; i++)
		if (scmp_arch(p->architectures[i]) == token)
			return true;
	return token == seccomp_arch_native();
}

static inline uint32_t profile_verdict(const struct config_seccomp *p,
				       const struct profile_abi *abi, const struct seccomp_data *d)
{
	uint32_t def =
		scmp_action(p->default_action, p->has_default_errno_ret, p->default_errno_ret);
	int highest = profile_highest(p, abi->token);

	if (!profile_has_arch(p, abi->token))
		return SECCOMP_RET_KILL_THREAD;
	if (highest >= 0 && d->nr > highest && profile_is_stricter(def, SECCOMP_RET_TRACE))
		return SECCOMP_RET_ERRNO | ENOSYS;
	return profile_by_rules(p, def, abi, d);
}
