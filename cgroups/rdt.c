/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/rdt.h"

enum { SCHEMATA_MAX = 8192 };

/* ---- deciding ----------------------------------------------------------------------------------- */

static void add_line(struct str *out, const char *line)
{
	if (line && *line)
		str_addf(out, "%s\n", line);
}

/* In the order that the specification wants: cache, bandwidth, the rest. */
static const char *all_lines(const struct config_intel_rdt *r, struct arena *mem)
{
	auto_(str) struct str text = {0};

	add_line(&text, r->l3_cache_schema);
	add_line(&text, r->mem_bw_schema);
	for (size_t i = 0; i < r->n_schemata; i++)
		add_line(&text, r->schemata[i]);
	return text.len ? arena_str(mem, text.p) : NULL;
}

int rdt_plan(const struct config *cfg, const struct host *host, const char *id, struct arena *mem,
	     struct rdt_plan *ret, struct err *err)
{
	const struct config_intel_rdt *r = cfg->linux_ ? cfg->linux_->intel_rdt : NULL;
	struct rdt_plan p = {0};

	*ret = p;
	if (!r)
		return 0;
	if (!host->has_resctrl) {
		err_say(err, ENOTSUP, "linux.intelRdt: resctrl is not mounted on " RDT_ROOT);
		err_hint(err, "mount -t resctrl resctrl " RDT_ROOT ", if this processor can do it");
		err_code(err, "unsupported-property");
		return -ENOTSUP;
	}
	p.enter = arena_zalloc(mem, 2, sizeof(*p.enter));
	p.owned = arena_zalloc(mem, 2, sizeof(*p.owned));
	bool is_named = r->clos_id && *r->clos_id;
	bool is_root = is_named && str_eq(r->clos_id, "/");
	const char *group = is_root ? "" : is_named ? r->clos_id : id;
	p.schemata = all_lines(r, mem);
	p.must_exist = is_root || (is_named && !p.schemata);
	p.may_exist = is_named;
	p.enter[p.n_enter++] = arena_str(mem, group);
	if (r->enable_monitoring) {
		const char *monitor =
			arena_printf(mem, "%s%smon_groups/%s", group, is_root ? "" : "/", id);
		p.enter[p.n_enter++] = monitor;
		p.owned[p.n_owned++] = monitor;
	}
	if (!is_named)
		p.owned[p.n_owned++] = p.enter[0];
	*ret = p;
	return 0;
}

void rdt_print(struct str *out, const struct rdt_plan *p)
{
	for (size_t i = 0; i < p->n_enter; i++)
		str_addf(out, "resctrl enter /%s\n", p->enter[i]);
	if (p->must_exist)
		str_addf(out, "resctrl exists /%s\n", p->enter[0]);
	for (const char *at = p->schemata; at && *at; at += strcspn(at, "\n") + 1)
		str_addf(out, "resctrl schemata %.*s\n", (int)strcspn(at, "\n"), at);
	for (size_t i = 0; i < p->n_owned; i++)
		str_addf(out, "resctrl owned /%s\n", p->owned[i]);
}

/* ---- doing -------------------------------------------------------------------------------------- */

static const char *path_of(struct arena *mem, const char *root, const char *group)
{
	return *group ? arena_printf(mem, "%s/%s", root, group) : root;
}

/* The kernel says in a file of its own what it did not like. */
static int refused(const char *root, const char *group, int num, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char why[160] = "";

	cg_file_read(path_of(&mem, root, "info"), "last_cmd_status", why, sizeof(why));
	err_set(err, num, "linux.intelRdt: write the schemata of \"%s\"", group);
	if (*why && !str_eq(why, "ok"))
		err_hint(err, "resctrl: %s", why);
	return -err->num;
}

int rdt_write(const char *group, const char *lines, const char *root, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	int r = cg_file_write(path_of(&mem, root, group), "schemata", lines);

	return r < 0 ? refused(root, group, r, err) : 0;
}

/* Whether `text` has that line, blanks in front of it aside. */
static bool has_line(const char *text, const char *line, size_t n)
{
	while (*text) {
		text += strspn(text, " \t");
		size_t len = strcspn(text, "\n");
		if (len == n && memcmp(text, line, n) == 0)
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

static int compare(const struct rdt_plan *p, const char *dir, struct err *err)
{
	char now[SCHEMATA_MAX];
	int r = cg_file_read(dir, "schemata", now, sizeof(now));

	if (r < 0)
		return err_set(err, r, "linux.intelRdt: read %s/schemata", dir);
	for (const char *at = p->schemata; *at; at += strcspn(at, "\n") + 1)
		if (!has_line(now, at, strcspn(at, "\n")))
			return err_say(err, EINVAL,
				       "linux.intelRdt.closID: \"%s\" is there already, with other "
				       "limits than %.*s",
				       p->enter[0], (int)strcspn(at, "\n"), at);
	return 0;
}

static int make(const char *dir, struct err *err)
{
	if (mkdir(dir, 0755) == 0)
		return 0;
	err_set(err, errno, "linux.intelRdt: make %s", dir);
	if (errno == ENOSPC)
		err_hint(err, "the processor has no more classes of service: see " RDT_ROOT
			      "/info/L3/num_closids");
	return -err->num;
}

static int apply_group(const struct rdt_plan *p, const char *root, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *dir = path_of(&mem, root, p->enter[0]);
	bool is_there = access(dir, F_OK) == 0;

	if (p->must_exist && !is_there)
		return err_say(
			err, ENOENT,
			"linux.intelRdt.closID: there is no group \"%s\", and no limits to make "
			"one with",
			p->enter[0]);
	if (is_there && p->may_exist)
		return p->schemata ? compare(p, dir, err) : 0;
	int r = is_there ? 0
			 : make(dir, err); /* left by a container of that name that was killed */
	return r < 0 || !p->schemata ? r : rdt_write(p->enter[0], p->schemata, root, err);
}

int rdt_apply(const struct rdt_plan *p, const char *root, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	if (!p->n_enter)
		return 0;
	int r = apply_group(p, root, err);
	for (size_t i = 1; r == 0 && i < p->n_enter; i++) {
		const char *dir = path_of(&mem, root, p->enter[i]);
		if (access(dir, F_OK) != 0)
			r = make(dir, err);
	}
	return r;
}

int rdt_enter(const char *const *groups, size_t n, const char *root, pid_t pid, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char text[16];
	int r = 0;

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *dir = path_of(&mem, root, groups[i]);
		r = cg_file_write(dir, "tasks", text);
		if (r < 0)
			err_set(err, r, "linux.intelRdt: enter %s", dir);
	}
	return r;
}

int rdt_undo(const char *const *owned, size_t n, const char *root, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	for (size_t i = 0; i < n; i++) {
		const char *dir = path_of(&mem, root, owned[i]);
		if (rmdir(dir) < 0 && errno != ENOENT)
			return err_set(err, errno, "linux.intelRdt: remove %s", dir);
	}
	return 0;
}
