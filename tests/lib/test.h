/* SPDX-License-Identifier: Apache-2.0 */
/* The unit test harness. A case registers itself:
 *
 *     TEST(str_split_keeps_empty_fields)
 *     {
 *             CHECK_INT(str_split(...), 3);
 *             MUST(p);
 *             CHECK_STR(p[1], "");
 *     }
 *
 * main() is in test.c: `unit [WORD ...]` runs the cases whose "file: name" contains one of the
 * words, all of them without any, and prints TAP. Each case runs in a process of its own, so it may
 * crash, change directory or unshare; it fails when it ends with a descriptor or a child process
 * that it did not start with. */
#pragma once

#include <stdbool.h>

struct test_case {
	const char *file, *name;
	void (*fn)(void);
	struct test_case *next;
};

void test_add(struct test_case *tc);

#define TEST(name_)                                                                                \
	static void test_fn_##name_(void);                                                         \
	static struct test_case test_case_##name_ = {                                              \
		.file = __FILE__, .name = #name_, .fn = test_fn_##name_};                          \
	__attribute__((constructor)) static void test_add_##name_(void)                            \
	{                                                                                          \
		test_add(&test_case_##name_);                                                      \
	}                                                                                          \
	static void test_fn_##name_(void)

/* The value found comes first, the expected one second. A check that fails is printed and the case
 * goes on; each returns whether it held. Strings may be NULL. */
#define CHECK(cond) test_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_INT(got, want) test_check_int((got), (want), __FILE__, __LINE__, #got)
#define CHECK_STR(got, want) test_check_str((got), (want), __FILE__, __LINE__, #got)
/* Ends the case when the condition does not hold. */
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!CHECK(cond))                                                                  \
			return;                                                                    \
	} while (0)
/* Ends the case as skipped; says what is missing ("no user namespaces"). */
#define SKIP(why)                                                                                  \
	do {                                                                                       \
		test_skip(why);                                                                    \
		return;                                                                            \
	} while (0)

bool test_check(bool holds, const char *file, int line, const char *what);
bool test_check_int(long long got, long long want, const char *file, int line, const char *what);
bool test_check_str(const char *got, const char *want, const char *file, int line,
		    const char *what);
void test_skip(const char *why);
