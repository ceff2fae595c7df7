/* SPDX-License-Identifier: Apache-2.0 */
/* What lies between a profile and its filter: for each architecture a table of number ranges. Only
 * the files of seccomp include this. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/config/config.h"

struct seccomp_condition {
	enum config_syscall_arg_op op;
	unsigned arg;
	uint64_t a, b; /* the value; of MASKED_EQ the mask, and the value */
};

/* Architectures in one filter, at most. */
enum { SECCOMP_TABLES_MAX = 24 };

/* Decides when all its conditions hold. */
struct seccomp_rule {
	uint32_t action; /* SECCOMP_RET_* with its data */
	bool is_widened; /* stands for a narrower rule whose conditions cannot be checked */
	unsigned n;
	struct seccomp_condition conditions[6];
};

/* The numbers from `first` to where the next span begins: the first rule that decides, or else the
 * action. */
struct seccomp_span {
	uint32_t first;
	uint32_t action;
	bool is_wide; /* arguments have 64 bits */
	unsigned n_rules;
	const struct seccomp_rule *const *rules;
};

struct seccomp_table {
	uint32_t arch;              /* AUDIT_ARCH_* */
	struct seccomp_span *spans; /* from number 0 on, ascending */
	size_t n;
};

/* Writes the program, which the caller frees; an architecture without a table gets `other`. -E2BIG. */
int seccomp_emit(const struct seccomp_table *tables, size_t n, uint32_t other,
		 struct sock_filter **ret, size_t *ret_n, struct err *err);

/* The number of a system call in an architecture (SCMP_ARCH_*). Negative: it has none there, or
 * (-299 to -101) it is or was reached through a multiplexer. */
int seccomp_number(uint32_t arch, const char *name);

/* The multiplexers of an architecture (socketcall(2), ipc(2)); {0}: it has none. */
struct seccomp_mux {
	uint32_t socketcall, ipc; /* their numbers */
	int16_t direct
		[300]; /* by the negated seccomp_number: the own number of the call; 0: none */
};
void seccomp_mux_load(uint32_t arch, struct seccomp_mux *ret);
