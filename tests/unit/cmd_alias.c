/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alias.h"
#include "tests/lib/test.h"

TEST(long_names_lead_to_commands)
{
	static const char *const ls[] = {"container", "ls", "-a", NULL};
	static const char *const rm[] = {"image", "rm", "x", NULL};
	static const char *const own[] = {"image", "inspect", "x", NULL};
	static const char *const bare[] = {"container", NULL};
	static const char *const other[] = {"rm", "image", NULL};
	auto_(arena) struct arena mem = {0};

	const char *const *got = alias_resolve(ls, &mem);
	CHECK_STR(got[0], "ps");
	CHECK_STR(got[1], "-a");
	CHECK(!got[2]);
	got = alias_resolve(rm, &mem);
	CHECK_STR(got[0], "rmi");
	CHECK_STR(got[1], "x");
	CHECK(alias_resolve(own, &mem) == own);
	CHECK(alias_resolve(bare, &mem) == bare);
	CHECK(alias_resolve(other, &mem) == other);
}
