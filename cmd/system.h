/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `ctr system`; call->opts is a struct system_opts. */
#pragma once

#include "cmd/command.h"

struct system_opts {
	const char *format;
	bool verbose, all, volumes, force, repair;
};

int system_df(struct call *call, struct err *err);
int system_prune(struct call *call, struct err *err);
int system_check(struct call *call, struct err *err);
int system_info(struct call *call, struct err *err);
