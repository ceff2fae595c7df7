/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/human.h"
#include "tests/lib/test.h"

TEST(human_numbers)
{
	auto_(arena) struct arena mem = {0};

	CHECK_STR(human_size(&mem, 0), "0 B");
	CHECK_STR(human_size(&mem, 1023), "1023 B");
	CHECK_STR(human_size(&mem, 1536), "1.5 KiB");
	CHECK_STR(human_size(&mem, 1048575), "1.0 MiB");
	CHECK_STR(human_size(&mem, UINT64_MAX), "-");
	CHECK_STR(human_limit(&mem, UINT64_MAX), "max");
	CHECK_STR(human_limit(&mem, 1ULL << 40), "1.0 TiB");
	CHECK_STR(human_seconds(&mem, 1.5), "1.500 s");
	CHECK_STR(human_seconds(&mem, 61), "1 m 1 s");
	CHECK_STR(human_seconds(&mem, 7260), "2 h 1 m");
	CHECK_STR(human_seconds(&mem, 90000), "1 d 1 h");
	CHECK_STR(human_cpus(&mem, 1500), "1.5");
	CHECK_STR(human_cpus(&mem, UINT64_MAX), "max");
}
