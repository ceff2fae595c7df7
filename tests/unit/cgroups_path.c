/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/name.h"
#include "cgroups/path.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "tests/lib/test.h"

static void check_fs(const char *path, const char *own, bool is_v2, const char *want)
{
	auto_(arena) struct arena mem = {0};
	const struct cg_whereabouts at = {.id = "web", .own = own, .is_v2 = is_v2};
	struct err err = {0};
	const char *got = NULL;
	int r = cg_path_fs(&mem, path, &at, &got, &err);

	CHECK_INT(r, want ? 0 : -err.num);
	CHECK_STR(got, want);
}

TEST(path_absolute_starts_at_the_mount_point)
{
	check_fs("/docker/abc", "/user.slice", true, "docker/abc");
	check_fs("/docker/abc", "/user.slice", false, "docker/abc");
	check_fs("//a/./b//c/", "/", false, "a/b/c");
}

TEST(path_relative_follows_the_hierarchy)
{
	check_fs("pod/web", "/machine/ctr", false, "machine/ctr/pod/web");
	check_fs("pod/web", "/machine/ctr", true, "machine/pod/web");
	check_fs("pod/web", "/", true, "pod/web");
	check_fs("pod/web", "/", false, "pod/web");
}

TEST(path_empty_is_the_id)
{
	check_fs(NULL, "/a/b", true, "a/web");
	check_fs("", "/a/b", false, "a/b/web");
	check_fs("", "", true, "web");
}

TEST(path_never_escapes)
{
	check_fs("/../../../etc", "/", false, "etc");
	check_fs("../../x", "/a/b", false, "a/b/x");
	check_fs("../../x", "/a/b", true, "a/x");
	check_fs("a/../../../x", "/own", false, "own/x");
	check_fs("/a/..", "/", false, NULL);
	check_fs("/", "/", true, NULL);
	check_fs("..", "/own", false, NULL);
	check_fs("/../..", "/own", true, NULL);
	check_fs("web", "/../../up", false, "up/web");
	check_fs("a\nb", "/", false, NULL);
}

TEST(path_has_a_longest)
{
	char part[300];

	memset(part, 'a', sizeof(part) - 1);
	part[sizeof(part) - 1] = '\0';
	check_fs(part, "/", false, NULL);
	part[255] = '\0';
	check_fs(part, "/", false, part);
}

/* Whatever is thrown at it, a result has no empty, "." or ".." part and stays below. */
TEST(path_random)
{
	static const char letters[] = "./ab\n";
	char path[24];

	srandom(1);
	for (int round = 0; round < 20000; round++) {
		auto_(arena) struct arena mem = {0};
		const struct cg_whereabouts at = {
			.id = "id", .own = "/own/x", .is_v2 = random() % 2};
		struct err err = {0};
		const char *got = NULL;
		size_t n = (size_t)random() % (sizeof(path) - 1);
		for (size_t i = 0; i < n; i++)
			path[i] = letters[random() % 5];
		path[n] = '\0';
		if (cg_path_fs(&mem, path, &at, &got, &err) < 0)
			continue;
		auto_free char *whole = mem_printf("/%s/", got);
		if (!*got || strstr(whole, "//") || strstr(whole, "/./") || strstr(whole, "/../") ||
		    strchr(got, '\n') || (*path != '/' && !str_starts(got, "own/"))) {
			CHECK_STR(got, path);
			break;
		}
	}
}

static void check_scope(const char *path, int64_t user, const char *slice, const char *unit,
			const char *where)
{
	auto_(arena) struct arena mem = {0};
	struct cg_scope scope = {0};
	struct err err = {0};
	int r = cg_path_systemd(&mem, path, "web", user, &scope, &err);

	CHECK_INT(r, unit ? 0 : -err.num);
	CHECK_STR(scope.slice, slice);
	CHECK_STR(scope.unit, unit);
	CHECK_STR(scope.path, where);
}

TEST(path_systemd)
{
	check_scope("machine.slice:libpod:abc", -1, "machine.slice", "libpod-abc.scope",
		    "machine.slice/libpod-abc.scope");
	check_scope("kubepods-burstable-pod1.slice:cri-containerd:x", -1,
		    "kubepods-burstable-pod1.slice", "cri-containerd-x.scope",
		    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/"
		    "cri-containerd-x.scope");
	check_scope(NULL, -1, "system.slice", "ctr-web.scope", "system.slice/ctr-web.scope");
	check_scope("", 1000, "user.slice", "ctr-web.scope",
		    "user.slice/user-1000.slice/user@1000.service/user.slice/ctr-web.scope");
	check_scope(":p:n", -1, "system.slice", "p-n.scope", "system.slice/p-n.scope");
	check_scope("a.slice::n", -1, "a.slice", "n.scope", "a.slice/n.scope");
	check_scope("-.slice:p:n", -1, "-.slice", "p-n.scope", "p-n.scope");
}

TEST(path_systemd_refuses)
{
	static const char *const bad[] = {
		"/docker/abc",       "a.slice:b",          "a.slice:b:c:d", "a:b:c",
		"../a.slice:b:c",    "-a.slice:b:c",       "a-.slice:b:c",  "a--b.slice:b:c",
		"a.slice:../../x:c", "a.slice:b:c/d/../e", "a.slice:b:",    "a.slice:b:c.slice",
		".slice:b:c",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		check_scope(bad[i], -1, NULL, NULL, NULL);
}

TEST(path_systemd_text_of_error)
{
	auto_(arena) struct arena mem = {0};
	struct cg_scope scope;
	struct err err = {0};

	cg_path_systemd(&mem, "/x", "web", -1, &scope, &err);
	CHECK_STR(err.msg, "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			   "cgroups, got \"/x\" instead");
}

TEST(name_parts)
{
	static const char *const names[] = {"cpu,cpuacct:/cg/cpu/x", ":/cg/unified/x",
					    "name=systemd:/cg/systemd/x", "user-unit:a-x.scope"};
	bool is_user = false;

	CHECK_STR(cg_name_find(names, 4, "cpuacct"), "/cg/cpu/x");
	CHECK_STR(cg_name_find(names, 4, "cpu"), "/cg/cpu/x");
	CHECK_STR(cg_name_find(names, 4, "acct"), NULL);
	CHECK_STR(cg_name_find(names, 4, ""), "/cg/unified/x");
	CHECK_STR(cg_name_find(names, 4, "name=systemd"), "/cg/systemd/x");
	CHECK_STR(cg_name_find(names, 4, "user-unit"), NULL);
	CHECK_STR(cg_name_unit(names, 4, &is_user), "a-x.scope");
	CHECK(is_user);
	CHECK_STR(cg_name_unit(names, 3, &is_user), NULL);
	CHECK_STR(cg_name_dir("unit:x.scope"), NULL);
}
