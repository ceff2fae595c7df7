/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/run_env.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"

/* Without a value a variable is passed on, if ctr has it. */
static void add_variable(struct words *env, const char *text, struct arena *mem)
{
	const char *value = strchr(text, '=') ? text : getenv(text);

	if (value && value != text)
		value = arena_printf(mem, "%s=%s", text, value);
	if (value)
		words_add(env, value, mem);
}

int run_env(const struct words *files, struct words *env, struct arena *mem, struct err *err)
{
	enum { ENV_FILE_MAX = 1 << 20 };
	struct words all = {0};

	for (size_t i = 0; i < files->n; i++) {
		auto_(str) struct str text = {0};
		int r = fd_read_file(AT_FDCWD, files->v[i], ENV_FILE_MAX, &text);
		if (r < 0)
			return err_set(err, r, "read %s", files->v[i]);
		for (char *save = NULL, *line = text.p ? strtok_r(text.p, "\n", &save) : NULL; line;
		     line = strtok_r(NULL, "\n", &save))
			if (*line != '#' && line[strspn(line, " \t\r")])
				add_variable(&all, arena_str(mem, line), mem);
	}
	for (size_t i = 0; i < env->n; i++)
		add_variable(&all, env->v[i], mem);
	*env = all;
	return 0;
}
