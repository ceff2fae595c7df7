/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that want a verb: `ctr volume ls`. */
#pragma once

#include "cmd/command.h"

/* Runs the one of the n verbs that call->words[0] names; it sees the words behind that. A verb is a
 * command whose name is the family's and its own, "volume ls". One with flags of its own has them read
 * here, and its help; one without (args.rows NULL) sees the family's, call->opts. One that is
 * CMD_HIDDEN is another name and not told of. -EINVAL: no such verb, or not with so many words. */
int verbs_run(struct call *call, const struct command *verbs, size_t n, struct err *err);

/* Appends what is known of `name`, in the directory `dir`, as a JSON object. */
typedef int describe_fn(const struct call *call, int dir, const char *name, bool is_pretty,
			struct str *ret, struct err *err);
/* The verb inspect: prints all that call->words names as an array; with a format (cmd/template.h) it
 * is filled, a line each. */
int verbs_inspect(struct call *call, const char *format, int dir, describe_fn *describe,
		  struct err *err);
