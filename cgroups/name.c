/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cgroups/name.h"
#include "runtime/base/str.h"

#define MARK "mark="

bool cg_word_in(const char *list, char sep, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; at; at = strchr(at, sep)) {
		at += *at == sep;
		if (n && strncmp(at, word, n) == 0 && (at[n] == sep || at[n] == '\0'))
			return true;
	}
	return false;
}

const char *cg_name_dir(const char *name)
{
	const char *colon = strchr(name, ':');

	if (str_starts(name, MARK))
		return NULL;
	return colon && colon[1] == '/' ? colon + 1 : NULL;
}

bool cg_name_has(const char *name, const char *controller)
{
	char list[64];
	const char *dir = cg_name_dir(name);

	if (!dir || (size_t)(dir - name) > sizeof(list))
		return false;
	memcpy(list, name, (size_t)(dir - name));
	list[dir - name - 1] = '\0';
	return *controller ? cg_word_in(list, ',', controller) : !*list;
}

const char *cg_name_find(const char *const *names, size_t n, const char *controller)
{
	for (size_t i = 0; i < n; i++)
		if (cg_name_has(names[i], controller))
			return cg_name_dir(names[i]);
	return NULL;
}

const char *cg_name_unit(const char *const *names, size_t n, bool *ret_user)
{
	for (size_t i = 0; i < n; i++) {
		*ret_user = str_starts(names[i], "user-unit:");
		if ((*ret_user || str_starts(names[i], "unit:")) && !cg_name_dir(names[i]))
			return strchr(names[i], ':') + 1;
	}
	return NULL;
}

const char *cg_name_mark(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(names[i], MARK))
			return names[i] + strlen(MARK);
	return NULL;
}
