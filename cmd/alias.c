/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cmd/alias.h"
#include "runtime/base/str.h"

/* name NULL: the verb's own. */
struct alias {
	const char *family, *verb, *name;
};

static const struct alias aliases[] = {
	{"container", "attach", NULL},  {"container", "commit", NULL},
	{"container", "cp", NULL},      {"container", "create", NULL},
	{"container", "diff", NULL},    {"container", "exec", NULL},
	{"container", "export", NULL},  {"container", "inspect", NULL},
	{"container", "kill", NULL},    {"container", "list", "ps"},
	{"container", "logs", NULL},    {"container", "ls", "ps"},
	{"container", "pause", NULL},   {"container", "port", NULL},
	{"container", "ps", NULL},      {"container", "rename", NULL},
	{"container", "restart", NULL}, {"container", "rm", NULL},
	{"container", "run", NULL},     {"container", "start", NULL},
	{"container", "stats", NULL},   {"container", "stop", NULL},
	{"container", "top", NULL},     {"container", "unpause", NULL},
	{"container", "update", NULL},  {"container", "wait", NULL},
	{"image", "history", NULL},     {"image", "import", NULL},
	{"image", "list", "images"},    {"image", "load", NULL},
	{"image", "ls", "images"},      {"image", "prune", NULL},
	{"image", "pull", NULL},        {"image", "push", NULL},
	{"image", "rm", "rmi"},         {"image", "save", NULL},
	{"image", "tag", NULL},
};

const char *const *alias_resolve(const char *const *words, struct arena *mem)
{
	size_t n = 0;

	while (words[n])
		n++;
	for (size_t i = 0; n > 1 && i < sizeof(aliases) / sizeof(*aliases); i++) {
		const struct alias *a = &aliases[i];
		if (!str_eq(words[0], a->family) || !str_eq(words[1], a->verb))
			continue;
		const char **all = arena_zalloc(mem, n, sizeof(*all));
		memcpy(all, words + 1, (n - 1) * sizeof(*all));
		all[0] = a->name ? a->name : a->verb;
		return all;
	}
	return words;
}
