/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/resource.h>

#include "namespaces/rlimit.h"
#include "tests/lib/test.h"

TEST(names_and_numbers)
{
	CHECK_INT(rlimit_number("RLIMIT_NOFILE"), RLIMIT_NOFILE);
	CHECK_INT(rlimit_number("RLIMIT_RTTIME"), RLIMIT_RTTIME);
	CHECK_INT(rlimit_number("rlimit_nofile"), -1);
	CHECK_INT(rlimit_number("NOFILE"), -1);
	CHECK_INT(rlimit_number(""), -1);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		CHECK_INT(rlimit_number(rlimit_name(i)), i);
	CHECK_STR(rlimit_name(RLIM_NLIMITS), NULL);
	CHECK_STR(rlimit_name(-1), NULL);
}

static void parses(const char *text, const char *type, uint64_t soft, uint64_t hard)
{
	struct config_rlimit l = {0};
	struct err err = {0};

	CHECK_INT(rlimit_parse(text, &l, &err), 0);
	CHECK_STR(err.msg, "");
	CHECK_STR(l.type, type);
	CHECK_INT(l.soft, soft);
	CHECK_INT(l.hard, hard);
	CHECK(l.has_soft && l.has_hard);
}

static void fails(const char *text, const char *message)
{
	struct config_rlimit l = {.soft = 7};
	struct err err = {0};

	CHECK_INT(rlimit_parse(text, &l, &err), -EINVAL);
	CHECK_STR(err.msg, message);
	CHECK_INT(l.soft, 7);
}

TEST(ulimit_texts)
{
	parses("nofile=1024:4096", "RLIMIT_NOFILE", 1024, 4096);
	parses("CORE=0", "RLIMIT_CORE", 0, 0);
	parses("nproc=-1", "RLIMIT_NPROC", RLIM_INFINITY, RLIM_INFINITY);
	parses("memlock=5:unlimited", "RLIMIT_MEMLOCK", 5, RLIM_INFINITY);
	fails("nofile", "ulimit \"nofile\": expected NAME=SOFT[:HARD]");
	fails("=1", "ulimit \"=1\": no such limit");
	fails("files=1", "ulimit \"files=1\": no such limit");
	fails("nofile=", "ulimit \"nofile=\": not a number");
	fails("nofile=1:", "ulimit \"nofile=1:\": not a number");
	fails("nofile=1:2:3", "ulimit \"nofile=1:2:3\": not a number");
	fails("nofile=-2", "ulimit \"nofile=-2\": not a number");
	fails("nofile=1k", "ulimit \"nofile=1k\": not a number");
	fails("nofile=18446744073709551616",
	      "ulimit \"nofile=18446744073709551616\": not a number");
	fails("nofile=2:1", "ulimit \"nofile=2:1\": the soft limit is above the hard one");
	fails("nofile=-1:1", "ulimit \"nofile=-1:1\": the soft limit is above the hard one");
}
