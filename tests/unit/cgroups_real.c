/* SPDX-License-Identifier: Apache-2.0 */
/* A container's groups from birth to removal, against the kernel, as root: on the host's own
 * hierarchies (v1 or hybrid), and on a view of nothing but v2. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cgroups/backend.h"
#include "cgroups/bpf.h"
#include "tests/unit/cgroups_box.h"

/* What every kind of host must do. */
static void check_life(const struct host *host)
{
	auto_(box) struct box b = BOX, other = BOX;
	struct config_resources res = {0};
	const char *const *names;

	MUST(box_make(&b, host, &res));
	names = b.plan.names;
	box_run(&b);
	MUST(b.pid > 0);
	CHECK_INT((int)count_procs(&b), 1);
	CHECK(!box_make(&other, host, &res));
	CHECK(str_starts(other.err.msg, "container's cgroup is not empty"));
	CHECK_INT(cg_freeze(names, b.plan.n_names, true, &b.err), 0);
	CHECK_INT(cg_is_frozen(names, b.plan.n_names, &b.err), 1);
	CHECK_INT(cg_freeze(names, b.plan.n_names, false, &b.err), 0);
	CHECK_INT(cg_is_frozen(names, b.plan.n_names, &b.err), 0);
	CHECK_INT(cg_freeze(names, b.plan.n_names, true, &b.err), 0);
	CHECK_INT(cg_kill(names, b.plan.n_names, SIGKILL, &b.err), 0);
	CHECK_INT(status_of(b.pid), 128 + SIGKILL);
	CHECK_INT(cg_undo(names, b.plan.n_names, &b.err), 0);
	CHECK_INT(cg_undo(names, b.plan.n_names, &b.err), 0);
	CHECK_INT(cg_is_frozen(names, b.plan.n_names, &b.err), 0);
	CHECK_INT((int)count_procs(&b), 0);
	CHECK_INT(cg_kill(names, b.plan.n_names, SIGKILL, &b.err), 0);
	cg_plan_clear(&other.plan); /* the same groups */
}

TEST(real_life_v2)
{
	struct host host;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	check_life(&host);
}

TEST(real_life_hybrid)
{
	struct host host;

	if (!hybrid_host(&host))
		SKIP("needs root and a hybrid host");
	check_life(&host);
}

TEST(real_life_v1)
{
	struct host host;

	if (!v1_host(&host))
		SKIP("needs root and cgroup v1");
	check_life(&host);
}

TEST(real_term_reaches_everybody)
{
	struct host host;
	struct config_resources res = {0};
	auto_(box) struct box b = BOX;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	MUST(box_make(&b, &host, &res));
	box_run(&b);
	pid_t first = b.pid;
	box_run(&b);
	CHECK_INT((int)count_procs(&b), 2);
	CHECK_INT(cg_kill(b.plan.names, b.plan.n_names, SIGTERM, &b.err), 0);
	CHECK_INT(status_of(first), 128 + SIGTERM);
	CHECK_INT(status_of(b.pid), 128 + SIGTERM);
}

/* ---- devices ------------------------------------------------------------------------------------ */

/* In the group: errno of mknod and open, 0 for none. ENXIO (no driver) is as good as open. */
static int try_device(const struct box *b, mode_t type, unsigned major, unsigned minor)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/ctr-test-%d", getpid());
	unlink(path);
	pid_t pid = spawn(&b->handles);
	if (pid == 0) {
		if (mknod(path, type | 0600, makedev(major, minor)) < 0)
			_exit(100);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		_exit(fd < 0 && errno != ENXIO ? errno : 0);
	}
	int r = status_of(pid);
	unlink(path);
	return r;
}

static void check_devices(const struct host *host)
{
	struct config_device_rule loop = {
		.allow = true, .type = "b", .has_major = true, .major = 7, .access = "r"};
	struct config_device_rule none = {.allow = false, .access = "rwm"};
	struct config_resources res = {.devices = &loop, .n_devices = 1};
	auto_(box) struct box b = BOX;

	MUST(box_make(&b, host, &res));
	CHECK_INT(try_device(&b, S_IFCHR, 1, 3), 0);
	CHECK_INT(try_device(&b, S_IFBLK, 8, 0), EPERM);
	CHECK_INT(try_device(&b, S_IFCHR, 1, 1), EPERM);
	CHECK_INT(try_device(&b, S_IFBLK, 7, 0), 0);
	res.devices = &none;
	for (int i = 0; i < 3; i++) { /* again and again: replaced, never added */
		auto_(cg_plan) struct cg_plan update = {0};
		MUST(cg_plan_update(&res, b.plan.names, b.plan.n_names, &update, &b.err) == 0);
		CHECK_INT(cg_update(&update, &b.err), 0);
		CHECK_STR(b.err.msg, "");
		CHECK_INT(try_device(&b, S_IFBLK, 7, 0), EPERM);
		CHECK_INT(try_device(&b, S_IFBLK, 8, 0), EPERM);
		CHECK_INT(try_device(&b, S_IFCHR, 1, 1), EPERM);
		CHECK_INT(try_device(&b, S_IFCHR, 1, 3), 0);
	}
}

TEST(real_devices_v2)
{
	struct host host;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	check_devices(&host);
}

TEST(real_devices_v1)
{
	struct host host;

	if (!v1_host(&host))
		SKIP("needs root and cgroup v1");
	check_devices(&host);
}

/* Whatever the rules, the program passes the verifier, and it replaces the one before it. */
TEST(real_devices_random_programs)
{
	struct host host;
	struct config_resources res = {0};
	auto_(box) struct box b = BOX;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	MUST(box_make(&b, &host, &res));
	srandom(11);
	for (int round = 0; round < 200; round++) {
		struct cg_device rules[8];
		auto_(cg_bpf) struct cg_bpf program = {0};
		size_t n = (size_t)random() % 9;
		for (size_t i = 0; i < n; i++)
			rules[i] = (struct cg_device){.type = "abc"[random() % 3],
						      .allow = random() % 2,
						      .access = 1 + (unsigned)random() % 7,
						      .major = random() % 4 - 1,
						      .minor = random() % 4 - 1};
		MUST(cg_bpf_build(rules, n, &program, &b.err) == 0);
		MUST(CHECK_INT(cg_bpf_attach(b.handles.v2, &program, false, &b.err), 0));
	}
}

/* ---- what must not be left, or touched ---------------------------------------------------------- */

TEST(real_undo_removes_any_tree)
{
	struct host host;
	struct config_resources res = {0};
	auto_(box) struct box b = BOX;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	MUST(box_make(&b, &host, &res));
	auto_fd int at = openat(b.handles.v2, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int depth = 0; depth < 300; depth++) {
		if (!CHECK(mkdirat(at, "deeper", 0755) == 0 && mkdirat(at, "side", 0755) == 0))
			break;
		int next = openat(at, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	const struct cg_handles deep = {.v2 = at};
	pid_t pid = spawn(&deep);
	if (pid == 0)
		for (;;)
			pause();
	CHECK_INT((int)count_procs(&b), 1);
	CHECK_INT(cg_undo(b.plan.names, b.plan.n_names, &b.err), 0);
	CHECK_STR(b.err.msg, "");
	CHECK_INT(status_of(pid), 128 + SIGKILL);
}

static void check_spares(const struct host *host)
{
	auto_(box) struct box first = {.handles = CG_HANDLES_NONE, .record = "/run/a/box"};
	struct box second = {.handles = CG_HANDLES_NONE, .record = "/run/b/box"};
	struct config_resources res = {0};

	MUST(box_make(&first, host, &res));
	box_run(&first);
	CHECK(!box_make(&second, host, &res));
	CHECK_INT(second.err.num, EBUSY);
	CHECK_INT(cg_undo(second.plan.names, second.plan.n_names, &second.err), 0);
	cg_plan_clear(&second.plan);
	CHECK_INT(waitpid(first.pid, NULL, WNOHANG), 0);
	CHECK_INT((int)count_procs(&first), 1);
	CHECK_INT(cg_undo(first.plan.names, first.plan.n_names, &first.err), 0);
	CHECK_INT(status_of(first.pid), 128 + SIGKILL);
}

/* A start that found the group in use is undone without harm to who lives there. */
TEST(real_undo_spares_the_other_container)
{
	struct host host;

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	check_spares(&host);
}

TEST(real_undo_spares_the_other_container_v1)
{
	struct host host;

	if (!v1_host(&host))
		SKIP("needs root and cgroup v1");
	check_spares(&host);
}

/* In use in one hierarchy is enough. */
TEST(real_undo_spares_a_group_of_one_hierarchy)
{
	struct host host;
	auto_(box) struct box b = BOX;
	struct config_resources res = {0};
	char parent[64], dir[80];
	struct cg_handles h = CG_HANDLES_NONE;

	if (!hybrid_host(&host))
		SKIP("needs root and a hybrid host");
	snprintf(parent, sizeof(parent), CG "/pids/ctr-test-%d", getpid());
	snprintf(dir, sizeof(dir), "%s/box", parent);
	MUST(mkdir(parent, 0755) == 0 && mkdir(dir, 0755) == 0);
	MUST(cg_v1.open(dir, &h, &b.err) == 0);
	pid_t pid = spawn(&h);
	if (pid == 0)
		for (;;)
			pause();
	cg_handles_clear(&h);
	CHECK(!box_make(&b, &host, &res));
	CHECK_INT(cg_undo(b.plan.names, b.plan.n_names, &b.err), 0);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
}

TEST(real_undo_touches_nothing_else)
{
	char dir[] = "/tmp/ctr-test-XXXXXX", name[64];
	const char *const names[] = {name};
	struct err err = {0};

	MUST(mkdtemp(dir));
	snprintf(name, sizeof(name), ":%s", dir);
	CHECK_INT(cg_undo(names, 1, &err), -EINVAL);
	CHECK_INT(rmdir(dir), 0);
	CHECK_INT(cg_undo(names, 1, &err), 0);
}

TEST(real_apply_leaves_nothing_when_it_fails)
{
	struct host host;
	struct config_hugepage_limit odd = {.page_size = "3MB", .limit = 0};
	struct config_resources res = {.hugepage_limits = &odd, .n_hugepage_limits = 1};
	auto_(box) struct box b = BOX;

	if (!v2_host(&host) || !strstr(host.v2_controllers, " hugetlb "))
		SKIP("needs root and hugetlb on cgroup2");
	CHECK(!box_make(&b, &host, &res));
	CHECK_INT(b.err.num, ENOENT);
	CHECK(str_starts(b.err.msg, "linux.resources.hugepageLimits: write \"0\" to "));
	CHECK(*b.err.hint);
	CHECK(access(cg_name_dir(b.plan.names[0]), F_OK) < 0);
	CHECK_INT(b.handles.v2, -1);
}

TEST(real_enter_finds_a_delegated_container)
{
	struct host host;
	struct config_resources res = {0};
	auto_(box) struct box b = BOX;
	auto_(cg_handles) struct cg_handles in = CG_HANDLES_NONE, sub = CG_HANDLES_NONE;
	char path[64];

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	MUST(box_make(&b, &host, &res));
	MUST(mkdirat(b.handles.v2, "init.scope", 0755) == 0);
	const struct cg_handles below = {
		.v2 = openat(b.handles.v2, "init.scope", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	pid_t pid = spawn(&below);
	if (pid == 0)
		for (;;)
			pause();
	close(below.v2);
	MUST(cg_enter(b.plan.names, b.plan.n_names, NULL, pid, &in, &b.err) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", in.v2);
	char where[300] = "";
	CHECK(readlink(path, where, sizeof(where) - 1) > 0);
	CHECK(str_ends(where, "/box/init.scope"));
	MUST(cg_enter(b.plan.names, b.plan.n_names, "../init.scope", 0, &sub, &b.err) == 0);
	CHECK_INT(cg_kill(b.plan.names, b.plan.n_names, SIGKILL, &b.err), 0);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
}

TEST(real_owner_is_set)
{
	struct host host;
	struct config_mount mount_cgroup = {.destination = CG, .type = "cgroup"};
	struct config_namespace ns = {.type = CONFIG_NAMESPACE_TYPE_CGROUP};
	struct config_user user = {.uid = 4711};
	struct config_process process = {.user = &user};
	struct config_linux lx = {
		.cgroups_path = "/ctr-test-owner", .namespaces = &ns, .n_namespaces = 1};
	struct config cfg = {
		.linux_ = &lx, .mounts = &mount_cgroup, .n_mounts = 1, .process = &process};
	auto_(box) struct box b = BOX;
	struct stat st = {0};

	if (!v2_host(&host))
		SKIP("needs root and cgroup2");
	MUST(cg_plan(&cfg, &host, &(struct cg_want){.id = "x"}, &b.plan, &b.err) == 0);
	MUST(cg_apply(&b.plan, &b.handles, &b.err) == 0);
	CHECK(fstat(b.handles.v2, &st) == 0 && st.st_uid == 4711);
	CHECK(fstatat(b.handles.v2, "cgroup.procs", &st, 0) == 0 && st.st_uid == 4711);
	CHECK(fstatat(b.handles.v2, "cgroup.type", &st, 0) == 0 && st.st_uid == 0);
}
