/* SPDX-License-Identifier: Apache-2.0 */
/* ps without a container: docker's. */
#pragma once

#include "cmd/command.h"

struct ps_opts {
	const char *format, *last;
	struct words filters;
	bool all, quiet, no_trunc, latest;
};
int ps_containers(struct call *call, const struct ps_opts *o, struct err *err);
