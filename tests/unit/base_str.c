/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/base/str.h"
#include "tests/lib/test.h"

TEST(str_grows)
{
	auto_(str) struct str s = {0};

	CHECK(!s.p);
	str_add(&s, "");
	CHECK_STR(s.p, "");
	for (int i = 0; i < 1000; i++)
		str_add_char(&s, 'x');
	CHECK_INT(s.len, 1000);
	CHECK_INT(strlen(s.p), 1000);
	str_addf(&s, "%s-%d", "tail", 5);
	CHECK_STR(s.p + 1000, "tail-5");
	str_add_mem(&s, "a\0b", 3);
	CHECK_INT(s.len, 1009);
	CHECK(memcmp(s.p + 1006, "a\0b", 4) == 0);
	memset(str_grow(&s, 100), 'y', 100);
	CHECK(s.len == 1109 && s.p[1108] == 'y' && s.p[1109] == 0);
	str_clear(&s);
	CHECK(!s.p && !s.len && !s.cap);
}

TEST(str_formats_what_is_longer_than_its_room)
{
	auto_(str) struct str s = {0};

	for (int n = 0; n < 300; n++) {
		s.len = 0;
		str_addf(&s, "%0*d", n + 1, 7);
		CHECK_INT(strlen(s.p), n + 1);
	}
}

TEST(str_compares)
{
	CHECK(str_eq("a", "a") && !str_eq("a", "ab"));
	CHECK(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("a", "ab"));
	CHECK(str_ends("abc", "bc") && str_ends("abc", "") && !str_ends("c", "bc"));
}

TEST(num_takes_whole_decimal_numbers)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"00017", 0, 17},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"a", -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t v = 5;
		CHECK_INT(num_u64(cases[i].text, &v), cases[i].result);
		CHECK(v == (cases[i].result ? 5 : cases[i].value));
	}
}

TEST(num_takes_signs_where_they_belong)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{"-1", 0, -1},
		{"-0", 0, 0},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 0},
		{"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -ERANGE, 0},
		{"--1", -EINVAL, 0},
		{"-", -EINVAL, 0},
		{"- 1", -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t v = 5;
		CHECK_INT(num_i64(cases[i].text, &v), cases[i].result);
		CHECK_INT(v, cases[i].result ? 5 : cases[i].value);
	}
}

TEST(num_keeps_to_its_bound)
{
	uint64_t v;

	CHECK_INT(num_max("777", 8, 0777, &v), 0);
	CHECK_INT(v, 0777);
	CHECK_INT(num_max("1000", 8, 0777, &v), -ERANGE);
	CHECK_INT(num_max("8", 8, 0777, &v), -EINVAL);
	CHECK_INT(num_max("ff", 16, 255, &v), 0);
	CHECK_INT(v, 255);
}

TEST(num_reads_sizes)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{"512", 0, 512},
		{"0", 0, 0},
		{"64k", 0, 65536},
		{"64K", 0, 65536},
		{"64kb", 0, 65536},
		{"64KiB", 0, 65536},
		{"1.5g", 0, 1610612736},
		{"10MiB", 0, 10 << 20},
		{"7b", 0, 7},
		{"1t", 0, (int64_t)1 << 40},
		{"-1", 0, -1},
		{"-2", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"k", -EINVAL, 0},
		{"1x", -EINVAL, 0},
		{"1kx", -EINVAL, 0},
		{"1bb", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.2.3", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"9223372036854775807", -ERANGE, 0}, /* as a real number it is one more */
		{"8192p", -ERANGE, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t v = 5;
		if (!CHECK_INT(num_size(cases[i].text, &v), cases[i].result) ||
		    !CHECK_INT(v, cases[i].result ? 5 : cases[i].value))
			CHECK_STR(cases[i].text, "");
	}
}
