/* SPDX-License-Identifier: Apache-2.0 */
/* resctrl groups, in a made-up tree: no kernel without the hardware has one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/rdt.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"
#include "tests/lib/test.h"
#include "tests/unit/config_text.h"

static const struct host with = {.has_resctrl = true}, without;

#define RDT(members) "{'ociVersion':'1.3.0','root':{'path':'r'},'linux':{'intelRdt':{" members "}}}"

/* What is planned, in words, or the refusal. */
static const char *planned(const char *config, const struct host *host, struct arena *mem)
{
	auto_free char *json = unquote(config);
	auto_(str) struct str text = {0};
	struct rdt_plan p;
	struct config *cfg;
	struct err err = {0};

	if (config_decode(json, strlen(json), mem, &cfg, &err) < 0 ||
	    rdt_plan(cfg, host, "box", mem, &p, &err) < 0)
		return arena_str(mem, err.msg);
	rdt_print(&text, &p);
	return arena_str(mem, text.p ? text.p : "");
}

TEST(rdt_plans)
{
	static const struct {
		const char *config, *plan;
	} rows[] = {
		{"{'ociVersion':'1.3.0','root':{'path':'r'}}", ""},
		{RDT(""), "resctrl enter /box\nresctrl owned /box\n"},
		{RDT("'schemata':['MB:0=7'],'memBwSchema':'MB:0=5','l3CacheSchema':'L3:0=f'"),
		 "resctrl enter /box\nresctrl schemata L3:0=f\nresctrl schemata MB:0=5\n"
		 "resctrl schemata MB:0=7\nresctrl owned /box\n"},
		{RDT("'closID':'gold'"), "resctrl enter /gold\nresctrl exists /gold\n"},
		{RDT("'closID':'gold','l3CacheSchema':'L3:0=f'"),
		 "resctrl enter /gold\nresctrl schemata L3:0=f\n"},
		{RDT("'closID':'/','enableMonitoring':true"),
		 "resctrl enter /\nresctrl enter /mon_groups/box\nresctrl exists /\n"
		 "resctrl owned /mon_groups/box\n"},
		{RDT("'enableMonitoring':true"),
		 "resctrl enter /box\nresctrl enter /box/mon_groups/box\n"
		 "resctrl owned /box/mon_groups/box\nresctrl owned /box\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		CHECK_STR(planned(rows[i].config, &with, &mem), rows[i].plan);
	}
}

TEST(rdt_is_refused_without_resctrl)
{
	auto_(arena) struct arena mem = {0};

	CHECK_STR(planned(RDT(""), &without, &mem),
		  "linux.intelRdt: resctrl is not mounted on /sys/fs/resctrl");
}

/* ---- a tree of files in place of the kernel's ---------------------------------------------------- */

struct tree {
	char root[32];
	struct arena mem;
};

static void tree_clear(struct tree *t)
{
	path_remove_tree(AT_FDCWD, t->root);
	arena_clear(&t->mem);
}

static void put(const struct tree *t, const char *name, const char *text)
{
	auto_fd int dir = open(t->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(fd_write_all(fd, text, strlen(text)), 0);
}

/* A group as mkdir(2) makes it there: with its files. */
static void group(const struct tree *t, const char *name, const char *schemata)
{
	auto_(arena) struct arena mem = {0};

	CHECK_INT(mkdir(arena_printf(&mem, "%s/%s", t->root, name), 0700), 0);
	put(t, arena_printf(&mem, "%s/schemata", name), schemata);
	put(t, arena_printf(&mem, "%s/tasks", name), "");
	CHECK_INT(mkdir(arena_printf(&mem, "%s/%s/mon_groups", t->root, name), 0700), 0);
}

static const char *text_of(struct tree *t, const char *dir, const char *file)
{
	char text[200] = "";

	cg_file_read(arena_printf(&t->mem, "%s/%s", t->root, dir), file, text, sizeof(text));
	return arena_str(&t->mem, text);
}

static struct tree make_tree(void)
{
	struct tree t = {.root = "/tmp/ctr-rdt-XXXXXX"};

	CHECK(mkdtemp(t.root) != NULL);
	return t;
}

TEST(rdt_uses_a_group_that_is_there)
{
	auto_(tree) struct tree t = make_tree();
	const char *enter[] = {"gold", "gold/mon_groups/box"}, *owned[] = {enter[1]};
	struct rdt_plan p = {
		.enter = enter, .n_enter = 2, .owned = owned, .n_owned = 1, .may_exist = true};
	struct err err = {0};

	p.must_exist = true;
	CHECK_INT(rdt_apply(&p, t.root, &err), -ENOENT);
	CHECK(strstr(err.msg, "there is no group \"gold\""));
	group(&t, "gold", "    L3:0=f;1=f\n    MB:0=100\n");
	CHECK_INT(rdt_apply(&p, t.root, &err), 0);
	CHECK(access(arena_printf(&t.mem, "%s/gold/mon_groups/box", t.root), F_OK) == 0);
	put(&t, "gold/mon_groups/box/tasks", "");
	CHECK_INT(rdt_enter(enter, 2, t.root, 77, &err), 0);
	CHECK_STR(text_of(&t, "gold", "tasks"), "77");
	CHECK_STR(text_of(&t, "gold/mon_groups/box", "tasks"), "77");
	unlink(arena_printf(&t.mem, "%s/gold/mon_groups/box/tasks", t.root));
	CHECK_INT(rdt_undo(owned, 1, t.root, &err), 0);
	CHECK_INT(rdt_undo(owned, 1, t.root, &err), 0); /* gone is gone */
	CHECK(access(arena_printf(&t.mem, "%s/gold", t.root), F_OK) == 0);
}

TEST(rdt_compares_limits_of_a_group_that_is_there)
{
	auto_(tree) struct tree t = make_tree();
	const char *enter[] = {"gold"};
	struct rdt_plan p = {.enter = enter,
			     .n_enter = 1,
			     .may_exist = true,
			     .schemata = "MB:0=100\nL3:0=f;1=f\n"};
	struct err err = {0};

	group(&t, "gold", "    L3:0=f;1=f\n    MB:0=100\n");
	CHECK_INT(rdt_apply(&p, t.root, &err), 0);
	p.schemata = "L3:0=f;1=3\n";
	CHECK_INT(rdt_apply(&p, t.root, &err), -EINVAL);
	CHECK(strstr(err.msg, "with other limits than L3:0=f;1=3"));
	CHECK_STR(text_of(&t, "gold", "schemata"), "    L3:0=f;1=f\n    MB:0=100");
}

TEST(rdt_makes_its_own_and_says_what_the_kernel_said)
{
	auto_(tree) struct tree t = make_tree();
	const char *enter[] = {"box"};
	struct rdt_plan p = {.enter = enter, .n_enter = 1, .owned = enter, .n_owned = 1};
	struct err err = {0};

	CHECK_INT(rdt_apply(&p, t.root, &err), 0);
	CHECK(access(arena_printf(&t.mem, "%s/box", t.root), F_OK) == 0);
	CHECK_INT(rdt_undo(p.owned, 1, t.root, &err), 0);
	CHECK(access(arena_printf(&t.mem, "%s/box", t.root), F_OK) < 0);
	/* Here no kernel makes the file, so the write fails. */
	CHECK_INT(mkdir(arena_printf(&t.mem, "%s/info", t.root), 0700), 0);
	put(&t, "info/last_cmd_status", "Mask 0x0 too small\n");
	p.schemata = "L3:0=0\n";
	CHECK_INT(rdt_apply(&p, t.root, &err), -ENOENT);
	CHECK_STR(err.hint, "resctrl: Mask 0x0 too small");
	CHECK_INT(rdt_undo(p.owned, 1, t.root, &err), 0);
}
