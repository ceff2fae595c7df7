/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/mem.h"
#include "tests/lib/test.h"

TEST(mem_zero_sizes_give_memory)
{
	auto_free char *a = mem_zalloc(0, 8), *b = mem_zalloc(8, 0);
	auto_free char *c = mem_copy(NULL, 0);

	CHECK(a && b && c && *c == 0);
}

TEST(mem_copy_terminates)
{
	auto_free char *p = mem_copy("abcdef", 3);
	auto_free char *q = mem_printf("%s-%d", p, 7);

	CHECK_STR(p, "abc");
	CHECK_STR(q, "abc-7");
}

TEST(mem_steal_leaves_null)
{
	char *p = mem_copy("x", 1);
	auto_free char *q = steal_ptr(&p);

	CHECK(!p);
	CHECK_STR(q, "x");
}

/* Whether the function ends the process by itself, with a word about it. */
static bool ends(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		fn();
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static size_t half = SIZE_MAX / 2;

static void overflow_zalloc(void)
{
	struct arena a = {0};
	arena_zalloc(&a, half, 3);
}

static void overflow_resize(void)
{
	free(mem_resize(NULL, half, 3));
}

static void overflow_copy(void)
{
	free(mem_copy("x", SIZE_MAX));
}

TEST(mem_overflow_is_out_of_memory)
{
	CHECK(ends(overflow_zalloc));
	CHECK(ends(overflow_resize));
	CHECK(ends(overflow_copy));
}

TEST(arena_gives_aligned_zeroed_memory)
{
	auto_(arena) struct arena a = {0};
	static const char zeroes[5000];

	for (size_t n = 0; n < 5000; n += 7) {
		char *p = arena_zalloc(&a, n, 1);
		CHECK((uintptr_t)p % _Alignof(max_align_t) == 0 && memcmp(p, zeroes, n) == 0);
		memset(p, 0xff, n);
	}
	/* Larger than a block. */
	char *big = arena_zalloc(&a, 1, 1 << 20);
	memset(big, 1, 1 << 20);
	CHECK_STR(arena_printf(&a, "%05d", 42), "00042");
	CHECK_STR(arena_str(&a, ""), "");
	CHECK_STR(arena_copy(&a, "abc", 2), "ab");
	CHECK(a.total > 1 << 20);
	arena_clear(&a);
	CHECK(!a.head && !a.total);
}
