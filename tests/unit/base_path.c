/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "tests/lib/test.h"

/* `name` lies in /tmp. */
static void clean_up(const char *name)
{
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(path_remove_tree(tmp, strrchr(name, '/') + 1), 0);
}

TEST(path_clean_is_lexical)
{
	static const char *const cases[][2] = {
		{"", "."},          {".", "."},
		{"/", "/"},         {"//", "/"},
		{"a", "a"},         {"a/", "a"},
		{"a//b", "a/b"},    {"./a/./b/.", "a/b"},
		{"/a/../b", "/b"},  {"/..", "/"},
		{"/../../a", "/a"}, {"a/..", "."},
		{"..", ".."},       {"../..", "../.."},
		{"../a/..", ".."},  {"a/../../b", "../b"},
		{"a/b/../..", "."}, {"/a/b/../..", "/"},
		{"...", "..."},     {"/.a/..b/c..", "/.a/..b/c.."},
	};
	auto_(arena) struct arena a = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(path_clean(&a, cases[i][0]), cases[i][1]);
}

TEST(path_join_does_not_climb)
{
	static const char *const cases[][3] = {
		{"/base", "x", "/base/x"},
		{"/base/", "/x/", "/base/x"},
		{"/base", "../../etc", "/base/etc"},
		{"/base", "x/../../y", "/base/y"},
		{"/base", "..", "/base"},
		{"/base", "", "/base"},
		{"/", "x", "/x"},
		{"/", "..", "/"},
	};
	auto_(arena) struct arena a = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(path_join(&a, cases[i][0], cases[i][1]), cases[i][2]);
}

TEST(path_from_is_what_a_process_there_would_say)
{
	auto_(arena) struct arena a = {0};

	CHECK_STR(path_from(&a, "/dir", "x/./y"), "/dir/x/y");
	CHECK_STR(path_from(&a, "/dir", "../x"), "/x");
	CHECK_STR(path_from(&a, "/dir", "/x/"), "/x");
	CHECK_STR(path_from(&a, "/dir", "."), "/dir");
}

TEST(path_below_knows_components)
{
	CHECK(path_below("/proc", "/proc") && path_below("/proc/sys", "/proc") &&
	      path_below("/x", "/"));
	CHECK(!path_below("/process", "/proc") && !path_below("/pro", "/proc"));
}

TEST(path_ids)
{
	char id[1026];

	CHECK(path_id_ok("web") && path_id_ok("_a.b-c+d") && path_id_ok("0"));
	static const char *const bad[] = {"",    ".",        "..",  ".a", "a/b",
					  "a b", "\xc3\xa4", "a\n", "a:b"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!path_id_ok(bad[i]));
	memset(id, 'x', sizeof(id) - 1);
	id[1025] = 0;
	CHECK(!path_id_ok(id));
	id[1024] = 0;
	CHECK(path_id_ok(id));
}

TEST(path_open_in_stays_in)
{
	char name[] = "/tmp/ctr-path-XXXXXX";

	MUST(mkdtemp(name));
	auto_fd int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(dir, "root", 0700) == 0 && mkdirat(dir, "root/etc", 0700) == 0);
	CHECK_INT(fd_replace(dir, "outside", "x", 1, 0600), 0);
	auto_fd int root = openat(dir, "root", O_PATH | O_CLOEXEC);
	CHECK(symlinkat("/etc", root, "absolute") == 0 &&
	      symlinkat("../outside", root, "up") == 0 &&
	      symlinkat("/proc/self/root", root, "magic") == 0 &&
	      symlinkat("loop", root, "loop") == 0);
	auto_fd int etc = path_open_in(root, "/absolute", O_PATH);
	struct stat a, b;
	CHECK(fstat(etc, &a) == 0 && fstatat(root, "etc", &b, 0) == 0 && a.st_ino == b.st_ino);
	CHECK(fcntl(etc, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(path_open_in(root, "up", O_PATH), -ENOENT);
	CHECK_INT(path_open_in(root, "../outside", O_PATH), -ENOENT);
	CHECK_INT(path_open_in(root, "magic", O_PATH), -ENOENT);
	CHECK_INT(path_open_in(root, "loop", O_PATH), -ELOOP);
	auto_fd int proc = open("/proc", O_PATH | O_CLOEXEC);
	CHECK_INT(path_open_in(proc, "self/root", O_PATH), -ELOOP);
	clean_up(name);
}

TEST(path_make_and_remove)
{
	char name[] = "/tmp/ctr-path-XXXXXX", deep[64];

	MUST(mkdtemp(name));
	snprintf(deep, sizeof(deep), "%s/a/b//c", name);
	for (int again = 0; again < 2; again++) {
		auto_fd int fd = path_make_dir(deep, 0700);
		CHECK(fd >= 0);
		struct stat st;
		CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700);
	}
	auto_fd int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(fd_replace(dir, "file", "x", 1, 0600), 0);
	snprintf(deep, sizeof(deep), "%s/file/x", name);
	CHECK_INT(path_make_dir(deep, 0700), -ENOTDIR);
	CHECK_INT(fd_replace(dir, "a/kept", "x", 1, 0600), -ENOENT); /* a name, not a path */
	/* A link is removed, what it leads to is not. */
	CHECK(mkdirat(dir, "kept", 0700) == 0 && symlinkat("../kept", dir, "a/link") == 0);
	CHECK_INT(path_remove_tree(dir, "a"), 0);
	CHECK(faccessat(dir, "a", F_OK, 0) < 0 && faccessat(dir, "kept", F_OK, 0) == 0);
	CHECK_INT(path_remove_tree(dir, "a"), 0);
	CHECK_INT(path_remove_tree(dir, "file"), 0);
	clean_up(name);
	CHECK(access(name, F_OK) < 0);
}
