/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "namespaces/secrets.h"
#include "tests/unit/plan_text.h"

static struct secret some[] = {
	{.name = "key", .data = "abc", .size = 3, .mode = 0400, .uid = 7, .gid = 8},
	{.name = "empty", .data = "", .mode = 0444, .target = "/etc/empty"},
	{.name = "var", .data = "A=b", .size = 3, .variable = "A"},
};
static const struct secrets all = {some, 3};
static const struct secrets_mount mount = {
	.dest = SECRETS_DIR, .root = 2, .mount = 3, .target = 4, .keeps_memory = true};

struct fixture {
	struct arena mem;
	struct oplist ops;
	struct err err;
};

static void fixture_clear(struct fixture *f)
{
	oplist_clear(&f->ops);
	arena_clear(&f->mem);
}

TEST(secrets_are_written_before_they_are_read_only)
{
	auto_(fixture) struct fixture f = {0};
	const struct rootfs_want want = {.secrets = &all};
	const struct config_linux l = {0};

	oplist_init(&f.ops);
	oplist_slots(&f.ops, 3);
	CHECK_INT(secrets_plan(&mount, &want, &l, &f.ops, &f.err), 0);
	const char *text = ops_text(&f.ops, &f.mem);
	const char *made = strstr(text, "mknod      s3 key"), *closed = strstr(text, "+ro");
	CHECK(strstr(text, "size=16384 noswap"));
	if (!CHECK(made && closed && made < closed && strstr(text, "7:8")))
		CHECK_STR(text, "");
	CHECK(!strstr(text, " var"));
	CHECK(strstr(text, "open-tree  s3 empty clone"));
	CHECK(strstr(text, "/etc/empty"));
}

TEST(secrets_of_somebody_who_is_not_there)
{
	auto_(fixture) struct fixture f = {0};
	struct config_id_mapping one = {0, true, 1000, true, 1, true};
	const struct rootfs_want want = {.secrets = &all};
	const struct config_linux l = {.uid_mappings = &one,
				       .n_uid_mappings = 1,
				       .gid_mappings = &one,
				       .n_gid_mappings = 1};

	oplist_init(&f.ops);
	CHECK_INT(secrets_plan(&mount, &want, &l, &f.ops, &f.err), -EINVAL);
	CHECK_STR(f.err.msg, "the secret key is to be of 7:8, which the container does not have");
}
