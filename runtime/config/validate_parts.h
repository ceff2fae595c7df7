/* SPDX-License-Identifier: Apache-2.0 */
/* How the files of validate share the work; nobody else includes this. */
#pragma once

#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

struct warnings; /* validate.h */

/* Each check_x returns 0, or err_say's value. */
struct check {
	const struct config *config; /* NULL when a part is validated by itself */
	const struct host *host;     /* likewise */
	struct warnings *warnings;   /* or NULL */
	struct err *err;
};

int check_process(const struct check *c, const struct config_process *p);
int check_mounts(const struct check *c);
int check_namespaces(const struct check *c);
int check_id_maps(const struct check *c);
int check_linux(const struct check *c);
int check_resources(const struct check *c, const struct config_resources *r);
int check_seccomp(const struct check *c);

/* Lines of one id map: no id above 2^32-2, none twice, no more lines than the kernel takes. */
int check_mappings(const struct check *c, const char *path, const struct config_id_mapping *maps,
		   size_t n);

__attribute__((format(printf, 2, 3))) void check_warn(const struct check *c, const char *fmt, ...);

/* Is s one of the n words? */
bool check_word(const char *s, const char *const *words, size_t n);

/* "0-3,7": the kernel's list of CPUs or nodes. */
bool check_is_list(const char *s);

#define CHECK_WORD(s, words) check_word((s), (words), sizeof(words) / sizeof(*(words)))

static inline bool check_has_ns(const struct check *c, enum config_namespace_type type)
{
	return config_namespace(c->config, type) != NULL;
}
