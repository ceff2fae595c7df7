/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/config/merge.h"
#include "tests/lib/test.h"

static struct config_resources *resources(const char *text, struct arena *mem)
{
	struct err err;
	void *res = NULL;

	if (!CHECK_INT(decode_object(&config_resources_table, text, strlen(text), mem, &res, &err),
		       0))
		CHECK_STR(err.msg, "");
	return res;
}

/* What comes of `before` and an update, as JSON. */
static const char *merged(const char *before, const char *update, bool joint, struct arena *mem)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct config_resources *into = resources(before, mem);

	if (!into)
		return "";
	config_merge_resources(into, resources(update, mem), joint, mem);
	encode_object(&config_resources_table, into, &out, NULL);
	return arena_str(mem, text.p);
}

static const struct {
	const char *before, *update, *want;
	bool joint;
} rows[] = {
	{"{}", "{}", "{}", false},
	/* member by member */
	{"{\"cpu\":{\"shares\":5,\"cpus\":\"0\"}}", "{\"cpu\":{\"quota\":-1,\"cpus\":\"1\"}}",
	 "{\"cpu\":{\"shares\":5,\"quota\":-1,\"cpus\":\"1\"}}", false},
	{"{\"cpu\":{\"shares\":5}}", "{\"pids\":{\"limit\":7}}",
	 "{\"cpu\":{\"shares\":5},\"pids\":{\"limit\":7}}", false},
	{"{\"memory\":{\"limit\":100,\"disableOOMKiller\":true}}",
	 "{\"memory\":{\"disableOOMKiller\":false}}",
	 "{\"memory\":{\"limit\":100,\"disableOOMKiller\":false}}", false},
	/* lists by device, name, key */
	{"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},"
	 "{\"major\":8,\"minor\":1,\"rate\":2}]}}",
	 "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":3},"
	 "{\"major\":9,\"minor\":1,\"rate\":4}]}}",
	 "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},"
	 "{\"major\":8,\"minor\":1,\"rate\":3},{\"major\":9,\"minor\":1,\"rate\":4}]}}",
	 false},
	{"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]}",
	 "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2},{\"pageSize\":\"1GB\","
	 "\"limit\":3}]}",
	 "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2},{\"pageSize\":\"1GB\","
	 "\"limit\":3}]}",
	 false},
	{"{\"unified\":{\"memory.high\":\"1\",\"memory.min\":\"2\"}}",
	 "{\"unified\":{\"memory.high\":\"3\"}}",
	 "{\"unified\":{\"memory.high\":\"3\",\"memory.min\":\"2\"}}", false},
	/* rules for devices count in their order */
	{"{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,"
	 "\"minor\":3,\"access\":\"rwm\"}]}",
	 "{\"devices\":[{\"allow\":false,\"access\":\"r\"}]}",
	 "{\"devices\":[{\"allow\":false,\"access\":\"r\"}]}", false},
	/* the same limit in other words */
	{"{\"unified\":{\"cpu.weight\":\"200\",\"memory.high\":\"1\"}}", "{\"cpu\":{\"shares\":5}}",
	 "{\"cpu\":{\"shares\":5},\"unified\":{\"memory.high\":\"1\"}}", false},
	/* swap stays what it is, as v2 and as v1 count it */
	{"{\"memory\":{\"limit\":64,\"swap\":64}}", "{\"memory\":{\"limit\":96}}",
	 "{\"memory\":{\"limit\":96,\"swap\":96}}", false},
	{"{\"memory\":{\"limit\":64,\"swap\":80}}", "{\"memory\":{\"limit\":32}}",
	 "{\"memory\":{\"limit\":32,\"swap\":48}}", false},
	{"{\"memory\":{\"limit\":64,\"swap\":80}}", "{\"memory\":{\"limit\":32}}",
	 "{\"memory\":{\"limit\":32,\"swap\":80}}", true},
	{"{\"memory\":{\"limit\":64,\"swap\":-1}}", "{\"memory\":{\"limit\":32}}",
	 "{\"memory\":{\"limit\":32,\"swap\":-1}}", false},
	{"{\"memory\":{\"limit\":64,\"swap\":64}}", "{\"memory\":{\"limit\":-1}}",
	 "{\"memory\":{\"limit\":-1,\"swap\":-1}}", false},
};

TEST(merge_of_resources)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		CHECK_STR(merged(rows[i].before, rows[i].update, rows[i].joint, &mem),
			  rows[i].want);
	}
}

TEST(merge_leaves_what_it_reads)
{
	auto_(arena) struct arena mem = {0};
	struct config_resources *into = resources("{\"cpu\":{\"shares\":5}}", &mem);
	struct config_cpu *before = into->cpu;

	config_merge_resources(into, resources("{\"cpu\":{\"shares\":6}}", &mem), false, &mem);
	CHECK(before->shares == 5 && into->cpu->shares == 6);
}
