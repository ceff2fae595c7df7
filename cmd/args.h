/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a command line, read by a table into the caller's struct. Pure: nothing is printed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/base/words.h"

enum arg_kind {
	ARG_FLAG,    /* bool: --f, --f=true, --f=false */
	ARG_TEXT,    /* const char *; the last one wins */
	ARG_LIST,    /* struct words: every one, in order */
	ARG_COUNT,   /* unsigned, decimal */
	ARG_IGNORED, /* taken with its value, for callers that give it; nothing is stored */
	ARG_NO_FLAG, /* the same without a value */
	ARG_REFUSED, /* known elsewhere, not here: an error that says `help` */
};

/* One option: --name VALUE, --name=VALUE, -name VALUE, -letter VALUE, -letterVALUE; letters of flags
 * may stand together. */
struct arg {
	const char *name;  /* without dashes */
	char letter;       /* 0: none */
	uint8_t kind;      /* enum arg_kind */
	uint16_t offset;   /* where the value goes */
	const char *value; /* what the help calls it: "FILE" */
	const char *help;  /* NULL: not in the help */
};

struct arg_set {
	const struct arg *rows; /* ends with one without a name */
	bool stops;             /* what follows the first word is not ours (exec, kill, ps, run) */
};

enum { ARGS_HELP = -100000 }; /* not an errno */

/* Reads the NULL-terminated argv, which holds no program or command name, into *opts; argv is left
 * as it is. *ret_words: what is no option, NULL-terminated, in the arena. Returns how many these
 * are, or ARGS_HELP when --help (or -h, unless the table has another meaning for it) is among the
 * options, or -EINVAL. "--" ends the options. */
int args_parse(const struct arg_set *set, const char *const *argv, void *opts,
	       const char ***ret_words, struct arena *mem, struct err *err);

/* Appends a help text, one option a line. */
void args_help(const struct arg_set *set, struct str *out);
