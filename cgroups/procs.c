/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a container: the processes of its group and of all groups below. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/name.h"
#include "cgroups/procs.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

enum { FILE_MAX = 64 << 20 };

/* Directories still to be visited. */
struct todo {
	char **dirs;
	size_t n, done;
};

static void todo_clear(struct todo *t)
{
	for (size_t i = t->done; i < t->n; i++)
		free(t->dirs[i]);
	free(t->dirs);
}

static void push(struct todo *t, char *dir)
{
	t->dirs = mem_resize(t->dirs, t->n + 1, sizeof(*t->dirs));
	t->dirs[t->n++] = dir;
}

static int push_children(struct todo *t, const char *dir)
{
	DIR *d = opendir(dir);

	if (!d)
		return -errno;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			push(t, mem_printf("%s/%s", dir, e->d_name));
	closedir(d);
	return 0;
}

static int add_pids(const char *dir, const char *file, struct cg_pids *ret)
{
	auto_(str) struct str text = {0};
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= PATH_MAX)
		return -ENAMETOOLONG;
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, &text);
	if (r < 0)
		return r;
	for (const char *at = text.p; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		pid_t pid = (pid_t)strtol(at, NULL, 10);
		if (!pid) /* lives in a pid namespace that we can't see into */
			continue;
		ret->v = mem_resize(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = pid;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP; /* the last: a threaded group */
}

static int list_below(const char *dir, const char *file, struct cg_pids *ret)
{
	auto_(todo) struct todo todo = {0};
	auto_(cg_pids) struct cg_pids pids = {0};
	int r = 0;

	push(&todo, mem_printf("%s", dir));
	while (r == 0 && todo.done < todo.n) {
		auto_free char *at = todo.dirs[todo.done++];
		r = add_pids(at, file, &pids);
		r = is_gone(r) ? 0 : r;
		if (r == 0)
			r = push_children(&todo, at);
		r = is_gone(r) ? 0 : r;
	}
	if (r < 0)
		return r;
	if (pids.n)
		qsort(pids.v, pids.n, sizeof(*pids.v), compare);
	*ret = pids;
	pids = (struct cg_pids){0};
	return 0;
}

int cg_pids_below(const char *dir, struct cg_pids *ret)
{
	return list_below(dir, "cgroup.procs", ret);
}

int cg_threads_below(const char *dir, bool is_v1, struct cg_pids *ret)
{
	return list_below(dir, is_v1 ? "tasks" : "cgroup.threads", ret);
}

void cg_pids_clear(struct cg_pids *pids)
{
	free(pids->v);
	*pids = (struct cg_pids){0};
}

bool cg_pids_have(const struct cg_pids *pids, pid_t pid)
{
	return pids->n && bsearch(&pid, pids->v, pids->n, sizeof(*pids->v), compare);
}

const char *cg_main_dir(const char *const *names, size_t n)
{
	const char *v2 = cg_name_find(names, n, "");

	for (size_t i = 0; !v2 && i < n; i++)
		v2 = cg_name_dir(names[i]);
	return v2;
}

int cg_procs(const char *const *names, size_t n, pid_t **ret, size_t *n_ret, struct err *err)
{
	const char *dir = cg_main_dir(names, n);
	struct cg_pids pids = {0};
	int r = dir ? cg_pids_below(dir, &pids) : 0;

	if (r < 0)
		return err_set(err, r, "list the processes of %s", dir);
	*ret = pids.v;
	*n_ret = pids.n;
	return 0;
}
