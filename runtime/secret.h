/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets as --secret asks for them, and where their values are: a file of whoever runs the container,
 * or one of the secret store, STATE/secrets/NAME (directory 0700, files 0600). They are read anew at
 * each start, into the plan and nowhere else: the record says where from. */
#pragma once

#include "namespaces/secrets.h"
#include "runtime/base/words.h"
#include "runtime/state.h"

enum { SECRET_MAX = 512000, SECRETS_MAX = 8 << 20 };

/* The directory of the store; in the arena. */
const char *secrets_dir(const char *root, struct arena *mem);
/* Which names a secret may have. */
int secret_check_name(const char *name, struct err *err);

/* The texts of --secret, into ret->secrets. *ret_files: whether one of them is a file in the container.
 * Pure but for relative paths, which begin in the working directory. */
int secrets_parse(const struct words *texts, struct arena *mem, struct state_options *ret,
		  bool *ret_files, struct err *err);

/* Their values. NULL options: none. */
struct secret_values {
	struct secrets all;
	struct arena mem;
};
enum secrets_which { SECRETS_ALL, SECRETS_VARIABLES };
int secrets_read(const struct state_options *o, const char *root, enum secrets_which which,
		 struct secret_values *ret, struct err *err);
void secret_values_clear(struct secret_values *v);

/* The process with the variables that are secrets: *process itself if there are none. In the arena of
 * the values. */
const struct config_process *secrets_environment(const struct config_process *process,
						 struct secret_values *v);
