/* SPDX-License-Identifier: Apache-2.0 */
/* Ways into a living container's groups, for exec. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/backend.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/path.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

/* Where below its v2 group `dir` a process lives. The kernel says "0::/a/ID/sub", counted from the
 * root that ctr sees; `dir` ends in "/a/ID": the longest such end wins. "" if it is elsewhere. */
static const char *place_below(const char *dir, const char *path)
{
	for (const char *end = dir; (end = strchr(end, '/')); end++) {
		size_t n = strlen(end);
		if (str_starts(path, end) && (path[n] == '/' || !path[n]))
			return path + n;
	}
	return "";
}

static int place_of(pid_t pid, const char *dir, struct str *ret, struct err *err)
{
	char proc[32], text[8192];

	snprintf(proc, sizeof(proc), "/proc/%d", pid);
	int r = cg_file_read(proc, "cgroup", text, sizeof(text));
	if (r < 0)
		return err_set(err, r, "read %s/cgroup", proc);
	const char *line = str_starts(text, "0::") ? text : strstr(text, "\n0::");
	if (!line)
		return 0;
	char *path = strchr(line, '/');
	if (!path)
		return 0;
	path[strcspn(path, "\n")] = '\0';
	str_add(ret, place_below(dir, path));
	return 0;
}

/* "CTRL[,CTRL…]:PATH" or "PATH": the path if it is meant for this group, else "". Cleaned. */
static int sub_for(struct arena *mem, const char *name, const char *sub, const char **ret,
		   struct err *err)
{
	const char *colon = sub ? strchr(sub, ':') : NULL;
	const char *path = colon ? colon + 1 : sub;
	bool is_meant = !colon;

	for (const char *at = sub; colon && at < colon; at += strcspn(at, ",:") + 1)
		is_meant = is_meant || cg_name_has(name, arena_copy(mem, at, strcspn(at, ",:")));
	*ret = "";
	if (!path || !is_meant || !path[strspn(path, "/.")])
		return 0;
	const struct cg_whereabouts top = {.id = "", .own = ""};
	const char *clean;
	int r = cg_path_fs(mem, arena_printf(mem, "/%s", path), &top, &clean, err);
	if (r == 0)
		*ret = arena_printf(mem, "/%s", clean);
	return r < 0 ? err_wrap(err, "--cgroup %s", sub) : 0;
}

static int enter(const char *name, const char *sub, pid_t init, struct cg_handles *h,
		 struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str dir = {0};
	const char *base = cg_name_dir(name), *below;
	bool is_v2 = cg_name_has(name, "");
	int r = sub_for(&mem, name, sub, &below, err);

	if (r < 0)
		return r;
	str_add(&dir, base);
	if (*below)
		str_add(&dir, below);
	else if (init && is_v2)
		r = place_of(init, base, &dir, err);
	return r < 0 ? r : (is_v2 ? cg_v2.open : cg_v1.open)(dir.p, h, err);
}

int cg_enter(const char *const *names, size_t n, const char *sub, pid_t init,
	     struct cg_handles *ret, struct err *err)
{
	struct cg_handles h = CG_HANDLES_NONE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (cg_name_dir(names[i]) && h.n_tasks < HOST_CGROUPS_MAX)
			r = enter(names[i], sub, init, &h, err);
	if (r < 0)
		cg_handles_clear(&h);
	else
		*ret = h;
	return r;
}
