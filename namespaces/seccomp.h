/* SPDX-License-Identifier: Apache-2.0 */
/* A seccomp profile (linux.seccomp) to the filter that the kernel runs at every system call.
 *
 * libseccomp is the authority on names, numbers and architectures. The instructions are ours: the
 * kernel runs a filter once for every number when it is installed, so its length is paid for at each
 * start. Numbers with equal verdicts are merged to ranges, and the ranges are searched by halving.
 *
 * Verdicts are those of libseccomp with what runc puts around it, except that ours are stricter in
 * three places where a profile contradicts itself or a call cannot be judged:
 *   - Of several rules with conditions that match one call, and one without conditions, the strictest
 *     action decides (as with several filters, seccomp(2)). libseccomp takes one or the other, and
 *     forgets all conditions when there is a rule without. Of several rules without conditions the
 *     first one counts, there and here.
 *   - socketcall(2) and ipc(2), the old doors to system calls of today, hide the arguments behind a
 *     pointer. A rule with conditions therefore lets nothing through these doors, and refuses whole.
 *   - ipc(2) ignores the upper half of the call's number: rules that refuse do so too. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

struct seccomp_filter {
	struct sock_filter *code; /* owned */
	size_t n;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_*; with _NEW_LISTENER when an action is NOTIFY */
};

/* Pure. Names that libseccomp does not know are skipped, as are architectures that this machine
 * cannot report. -EINVAL: a word or number that has no meaning; -ENOTSUP: this kernel lacks a flag;
 * -E2BIG: more instructions than the kernel takes. On success the caller clears *ret. */
int seccomp_compile(const struct config_seccomp *profile, const struct host *host,
		    struct seccomp_filter *ret, struct err *err);
/* -EINVAL: a rule names a system call that this machine has not, which else is skipped. */
int seccomp_check_names(const struct config_seccomp *profile, struct err *err);
void seccomp_filter_clear(struct seccomp_filter *f);

/* Whether that is a program as seccomp_compile makes them: known instructions, jumps that stay
 * inside, a return at the end. */
bool seccomp_filter_ok(const struct sock_filter *code, size_t n);
