/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "namespaces/seccomp_cache.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "tests/lib/test.h"

static const struct host host = {.kernel = 6 << 16};
static const char *names[] = {"read", "write"};
static struct config_syscall allow = {.names = names, .n_names = 2, .action = "SCMP_ACT_ALLOW"};

/* A cache directory. */
struct cache {
	char path[64];
	int fd;
};

static void cache_clear(struct cache *c)
{
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(c->fd);
	CHECK_INT(path_remove_tree(tmp, strrchr(c->path, '/') + 1), 0);
}

static struct cache cache_make(void)
{
	struct cache c = {.path = "/tmp/ctr-unit-XXXXXX"};

	CHECK(mkdtemp(c.path));
	c.fd = open(c.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c;
}

/* The filter of a profile that is one of many. */
static struct seccomp_filter get(int dirfd, uint32_t which)
{
	struct config_seccomp p = {.default_action = "SCMP_ACT_ERRNO",
				   .default_errno_ret = which,
				   .has_default_errno_ret = true,
				   .syscalls = &allow,
				   .n_syscalls = 1};
	struct seccomp_filter f = {0};
	struct err err = {0};

	CHECK_INT(seccomp_cached(dirfd, &p, &host, &f, &err), 0);
	CHECK(seccomp_filter_ok(f.code, f.n));
	return f;
}

static bool same(const struct seccomp_filter *a, const struct seccomp_filter *b)
{
	return a->n == b->n && a->flags == b->flags &&
	       memcmp(a->code, b->code, a->n * sizeof(*a->code)) == 0;
}

/* How many files there are; the name of one of them. */
static unsigned list(const struct cache *c, char one[256])
{
	DIR *dir = opendir(c->path);
	unsigned n = 0;

	if (!dir)
		return 0;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (*e->d_name != '.') {
			snprintf(one, 256, "%s", e->d_name);
			n++;
		}
	closedir(dir);
	return n;
}

TEST(what_was_compiled_is_found_again)
{
	auto_(cache) struct cache c = cache_make();
	auto_(seccomp_filter) struct seccomp_filter f = get(c.fd, 1), g = get(c.fd, 1),
						    other = get(c.fd, 2), plain = get(-1, 1);
	char name[256];
	struct stat st;

	CHECK(same(&f, &g));
	CHECK(same(&f, &plain));
	CHECK(!same(&f, &other));
	CHECK_INT(list(&c, name), 2);
	CHECK_INT(fstatat(c.fd, name, &st, 0), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
}

TEST(no_flags_and_absent_flags_are_two_profiles)
{
	auto_(cache) struct cache c = cache_make();
	struct config_seccomp p = {.default_action = "SCMP_ACT_ERRNO"};
	struct seccomp_filter f;
	struct err err = {0};
	const char *none[1];

	MUST(CHECK_INT(seccomp_cached(c.fd, &p, &host, &f, &err), 0));
	CHECK_INT(f.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	seccomp_filter_clear(&f);
	p.flags = none;
	MUST(CHECK_INT(seccomp_cached(c.fd, &p, &host, &f, &err), 0));
	CHECK_INT(f.flags, 0);
	seccomp_filter_clear(&f);
}

/* The cache is used: the file is changed in a way that only shows then. */
static bool is_used(const struct cache *c, const char *name)
{
	struct timespec old[2] = {{1, 0}, {1, 0}};
	struct stat st;

	utimensat(c->fd, name, old, 0);
	auto_(seccomp_filter) struct seccomp_filter f = get(c->fd, 1);
	CHECK_INT(fstatat(c->fd, name, &st, 0), 0);
	return st.st_mtim.tv_sec == 1;
}

TEST(a_file_that_is_not_right_is_replaced)
{
	auto_(cache) struct cache c = cache_make();
	auto_(seccomp_filter) struct seccomp_filter f = get(c.fd, 1);
	auto_(str) struct str good = {0};
	char name[256];

	MUST(list(&c, name) == 1);
	CHECK(is_used(&c, name));
	CHECK_INT(fd_read_file(c.fd, name, 1 << 20, &good), 0);
	for (size_t at = 0; at < good.len; at += 7) { /* one wrong bit */
		good.p[at] ^= 1;
		CHECK_INT(fd_replace(c.fd, name, good.p, good.len, 0600), 0);
		good.p[at] ^= 1;
		if (!CHECK(!is_used(&c, name)))
			return;
	}
	for (size_t n = 0; n < good.len; n += 13) { /* cut off */
		CHECK_INT(fd_replace(c.fd, name, good.p, n, 0600), 0);
		if (!CHECK(!is_used(&c, name)))
			return;
	}
	CHECK(is_used(&c, name));
	CHECK_INT(fchmodat(c.fd, name, 0620, 0), 0); /* others may have written to it */
	CHECK(!is_used(&c, name));
	CHECK_INT(unlinkat(c.fd, name, 0), 0);
	CHECK_INT(mkfifoat(c.fd, name, 0600), 0); /* must not be waited for */
	CHECK(!is_used(&c, name));
}

TEST(the_number_of_files_is_bounded)
{
	auto_(cache) struct cache c = cache_make();
	char name[256];

	for (uint32_t i = 0; i < SECCOMP_CACHE_FILES_MAX + 10; i++) {
		auto_(seccomp_filter) struct seccomp_filter f = get(c.fd, i);
	}
	CHECK_INT(list(&c, name), SECCOMP_CACHE_FILES_MAX);
}

TEST(a_cache_that_cannot_be_written_does_no_harm)
{
	auto_fd int fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_(seccomp_filter) struct seccomp_filter f = get(fd, 1);
}
