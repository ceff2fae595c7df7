/* SPDX-License-Identifier: Apache-2.0 */
/* A group as the state record holds it, "CONTROLLERS:/absolute/directory": v2 has an empty first
 * part. A systemd unit, "unit:NAME" or "user-unit:NAME", stands in the same list; what follows its
 * colon is no path, so the two cannot be taken for one another. So does "mark=TEXT" (mark.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The directory; NULL if the name is a unit. Points into `name`. */
const char *cg_name_dir(const char *name);
/* Is `controller` in the first part? "" asks for v2. */
bool cg_name_has(const char *name, const char *controller);
/* The directory of the first group with that controller, or NULL. */
const char *cg_name_find(const char *const *names, size_t n, const char *controller);
/* The scope's name, or NULL; *ret_user says on which bus it lives. */
const char *cg_name_unit(const char *const *names, size_t n, bool *ret_user);
/* The text behind "mark=", or NULL. */
const char *cg_name_mark(const char *const *names, size_t n);
/* Is `word` in a list separated by `sep`? */
bool cg_word_in(const char *list, char sep, const char *word);
