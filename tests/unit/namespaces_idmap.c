/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "namespaces/idmap.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

#define LINE(c, h, s)                                                                              \
	{                                                                                          \
		(c), true, (h), true, (s), true                                                    \
	}
#define MAP(...)                                                                                   \
	((struct idmap){(const struct config_id_mapping[]){__VA_ARGS__},                           \
			sizeof((const struct config_id_mapping[]){__VA_ARGS__}) /                  \
				sizeof(struct config_id_mapping)})

static void is_text(struct idmap map, const char *text)
{
	auto_(str) struct str s = {0};
	struct err err = {0};

	CHECK_INT(idmap_text(map, &s, &err), 0);
	CHECK_STR(err.msg, "");
	CHECK_STR(s.p, text);
}

static void is_refused(struct idmap map, int code)
{
	auto_(str) struct str s = {0};
	struct err err = {0};

	CHECK_INT(idmap_text(map, &s, &err), code);
}

TEST(texts)
{
	is_text(MAP(LINE(0, 1000, 1)), "0 1000 1\n");
	is_text(MAP(LINE(0, 100000, 65536), LINE(65536, 1, 10)), "0 100000 65536\n65536 1 10\n");
	is_text(MAP(LINE(0, 0, UINT32_MAX)), "0 0 4294967295\n");
}

TEST(maps_that_are_none)
{
	struct config_id_mapping many[IDMAP_LINES_MAX + 1];

	is_refused((struct idmap){0}, -EINVAL);
	is_refused(MAP(LINE(0, 0, 0)), -EINVAL);
	is_refused(MAP(LINE(1, 0, UINT32_MAX)), -EINVAL);
	is_refused(MAP(LINE(0, UINT32_MAX, 1)), -EINVAL);
	is_refused(MAP(LINE(0, 10, 5), LINE(4, 20, 1)), -EINVAL);
	is_refused(MAP(LINE(0, 10, 5), LINE(5, 14, 1)), -EINVAL);
	for (uint32_t i = 0; i <= IDMAP_LINES_MAX; i++)
		many[i] = (struct config_id_mapping)LINE(i, i, 1);
	is_refused((struct idmap){many, IDMAP_LINES_MAX + 1}, -EINVAL);
	is_text(MAP(LINE(0, 5, 1)), "0 5 1\n");
	for (uint32_t i = 0; i < IDMAP_LINES_MAX; i++)
		many[i] = (struct config_id_mapping)LINE(1000000000 + i, 1000000000 + i, 1);
	is_refused((struct idmap){many, IDMAP_LINES_MAX}, -E2BIG);
}

TEST(translation)
{
	struct idmap map = MAP(LINE(0, 1000, 1), LINE(1, 100000, 65535));
	uint32_t id = 7;

	CHECK(idmap_to_host(map, 0, &id));
	CHECK_INT(id, 1000);
	CHECK(idmap_to_host(map, 65535, &id));
	CHECK_INT(id, 165534);
	CHECK(!idmap_to_host(map, 65536, &id));
	CHECK(idmap_to_container(map, 100000, &id));
	CHECK_INT(id, 1);
	CHECK(!idmap_to_container(map, 1001, &id));
	CHECK_INT(id, 1);
	CHECK(idmap_is_own(MAP(LINE(0, 1000, 1)), 1000));
	CHECK(!idmap_is_own(MAP(LINE(0, 1000, 2)), 1000));
	CHECK(!idmap_is_own(map, 1000));
}

TEST(arguments_of_the_helpers)
{
	auto_(arena) struct arena mem = {0};
	const char **argv = idmap_helper_argv("newuidmap", 42, MAP(LINE(0, 1000, 1)), &mem);

	CHECK_STR(argv[0], "newuidmap");
	CHECK_STR(argv[1], "42");
	CHECK_STR(argv[2], "0");
	CHECK_STR(argv[3], "1000");
	CHECK_STR(argv[4], "1");
	CHECK_STR(argv[5], NULL);
}

static int parse(const char *text, struct arena *mem, struct idmap_pair *ret)
{
	struct idmap_pair own = {
		.uids = MAP(LINE(0, 100000, 10), LINE(10, 200000, 10)),
		.gids = MAP(LINE(0, 300000, 10)),
	};
	struct err err = {0};

	return idmap_parse(text, own, mem, ret, &err);
}

TEST(the_mount_option)
{
	auto_(arena) struct arena mem = {0};
	struct idmap_pair p;

	MUST(CHECK_INT(parse("uids=0-1000-1#1-@", &mem, &p), -EINVAL));
	MUST(CHECK_INT(parse("uids=0-1000-1#1-5000-2;gids=@0-3-4", &mem, &p), 0));
	MUST(CHECK_INT(p.uids.n, 2) && CHECK_INT(p.gids.n, 1));
	CHECK_INT(p.uids.lines[1].host_id, 5000);
	CHECK_INT(p.uids.lines[1].size, 2);
	CHECK_INT(p.gids.lines[0].container_id, 0);
	CHECK_INT(p.gids.lines[0].host_id, 300003);
	CHECK_INT(p.gids.lines[0].size, 4);
}

TEST(mount_options_that_are_none)
{
	static const char *const wrong[] = {
		"",
		"uids=0-0-1",
		"gids=0-0-1",
		"uids=;gids=0-0-1",
		"uids=0-0-0;gids=0-0-1",
		"uids=0-0;gids=0-0-1",
		"uids=0-0-1-2;gids=0-0-1",
		"uids=-1-0-1;gids=0-0-1",
		"uids=0-0-4294967296;gids=0-0-1",
		"uids=0-00000000000000000001-1;gids=0-0-1",
		"uids=@0-8-4;gids=0-0-1",           /* two lines of the container's map */
		"uids=@0-10-4294967295;gids=0-0-1", /* wraps */
		"uids=0-0-1;gids=0-0-1;x=1",
		"0-0-1",
	};
	auto_(arena) struct arena mem = {0};
	struct idmap_pair p;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (!CHECK_INT(parse(wrong[i], &mem, &p), -EINVAL))
			printf("# %s\n", wrong[i]);
}

TEST(granted_ranges)
{
	static const char text[] = "joe:100000:65536\n"
				   "# comment\n"
				   "ann:1:1:1\n"
				   "ann:-1:5\n"
				   "ann:0x10:5\n"
				   "ann:4294967295:1\n"
				   "1000:200000:10\n"
				   "\n"
				   "joe:300000:0\n"
				   "joe:400000:7";
	struct id_range r[3];

	MUST(CHECK_INT(idmap_subids(text, "joe", 1000, r, 3), 3));
	CHECK_INT(r[0].first, 100000);
	CHECK_INT(r[0].count, 65536);
	CHECK_INT(r[1].first, 200000);
	CHECK_INT(r[2].count, 7);
	CHECK_INT(idmap_subids(text, "joe", 1000, r, 1), 1);
	CHECK_INT(idmap_subids(text, NULL, 1000, r, 3), 1);
	CHECK_INT(idmap_subids(text, "ann", 1, r, 3), 0);
	CHECK_INT(idmap_subids("", "joe", 1000, r, 3), 0);
}

TEST(the_map_of_somebody_without_privilege)
{
	auto_(arena) struct arena mem = {0};
	struct id_range r[] = {{100000, 65536}, {500000, 10}};
	struct idmap map = idmap_rootless(1000, r, 2, &mem);

	is_text(map, "0 1000 1\n1 100000 65536\n65537 500000 10\n");
	is_text(idmap_rootless(1000, NULL, 0, &mem), "0 1000 1\n");
}
