/* SPDX-License-Identifier: Apache-2.0 */
/* What ctr says about itself: help, usage, version. */
#pragma once

#include "cmd/command.h"

/* The list of commands, on descriptor fd. 0, or 1 when it is standard error: no command was
 * given. */
int help_overview(const struct globals *g, const struct command *const *commands,
		  const struct arg_set *set, int fd);

/* One command's flags and examples, on standard output. */
int help_command(const struct globals *g, const struct command *c, struct err *err);

/* The short form, on standard error; c NULL: the command is not known. */
void help_usage(const struct globals *g, const struct command *c);

/* `version` and `help [COMMAND]`; anything else is an unknown command. */
int help_other(const struct globals *g, const struct command *const *commands,
	       const char *const *words, struct err *err);

int help_version(const struct globals *g, struct err *err);
