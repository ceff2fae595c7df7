/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "namespaces/idmap.h"
#include "namespaces/ns.h"
#include "runtime/base/fd.h"
#include "runtime/idwrite.h"

struct map {
	const char *file, *helper, *property;
	struct idmap map;
	uint32_t own;
};

static int run_helper(const struct map *m, pid_t pid, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **words = idmap_helper_argv(m->helper, pid, m->map, &mem);
	char *argv[3 + 3 * IDMAP_LINES_MAX + 1], *envp[] = {NULL};
	size_t n = 0;
	int status;
	pid_t child;

	for (; n < sizeof(argv) / sizeof(*argv) - 1 && words[n]; n++)
		argv[n] = arena_str(&mem, words[n]);
	argv[n] = NULL;
	int r = posix_spawn(&child, arena_printf(&mem, "/usr/bin/%s", m->helper), NULL, NULL, argv,
			    envp);
	if (r) {
		err_set(err, r, "%s: run /usr/bin/%s", m->property, m->helper);
		err_hint(err, "install the package uidmap, or map only your own id");
		return -r;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for %s", m->helper);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	err_say(err, EPERM, "%s: %s refused the map", m->property, m->helper);
	err_hint(err, "the ranges must be granted to you in /etc/subuid and /etc/subgid");
	return -EPERM;
}

static int write_map(const struct map *m, const struct host *host, int proc, pid_t pid,
		     struct err *err)
{
	auto_(str) struct str text = {0};
	int r = idmap_text(m->map, &text, err);

	if (r < 0)
		return err_wrap(err, "%s", m->property);
	if (host->euid != 0 && !idmap_is_own(m->map, m->own))
		return run_helper(m, pid, err);
	r = fd_put(proc, m->file, text.p);
	return r < 0 ? err_set(err, r, "%s: write %s", m->property, m->file) : 0;
}

int idwrite_maps(const struct config *cfg, const struct host *host, int proc, pid_t pid,
		 struct err *err)
{
	const struct config_linux *l = cfg->linux_;
	const struct map uids = {"uid_map",
				 "newuidmap",
				 "linux.uidMappings",
				 {l->uid_mappings, l->n_uid_mappings},
				 host->euid};
	const struct map gids = {"gid_map",
				 "newgidmap",
				 "linux.gidMappings",
				 {l->gid_mappings, l->n_gid_mappings},
				 host->egid};

	/* Without privilege a group map may only be written once setgroups is given up. */
	if (ns_denies_setgroups(cfg, host)) {
		int r = fd_put(proc, "setgroups", "deny");
		if (r < 0 && r != -ENOENT)
			return err_set(err, r, "linux.gidMappings: give up setgroups");
	}
	int r = write_map(&gids, host, proc, pid, err);
	return r < 0 ? r : write_map(&uids, host, proc, pid, err);
}
