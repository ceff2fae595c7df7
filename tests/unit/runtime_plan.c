/* SPDX-License-Identifier: Apache-2.0 */
/* Whole plans. What they consist of is tested where it is made, and by the golden plans. */
#include <errno.h>

#include "runtime/base/sys.h"
#include "runtime/plan.h"
#include "tests/unit/plan_text.h"

#define PLAN(namespaces, linux_members) PLAN_OF("", namespaces, linux_members)
#define PLAN_OF(process_members, namespaces, linux_members)                                        \
	TOP(",'process':{'args':['/p'],'cwd':'/'" process_members "},"                             \
	    "'linux':{'namespaces':[{'type':'mount'}" namespaces "]" linux_members "}")
#define USER                                                                                       \
	",'uidMappings':[{'containerID':0,'hostID':1000,'size':9}],"                               \
	"'gidMappings':[{'containerID':0,'hostID':1000,'size':9}]"

static const struct host v2 = {
	.caps = ~0ULL,
	.has_sys_resource = true,
	.has_time_ns = true,
	.layout = CGROUP_V2,
	.v2_controllers = " cpu memory pids ",
	.n_cgroups = 1,
	.cgroups = {{"", "/cg", "/"}},
};
static const struct host v1 = {
	.caps = ~0ULL,
	.has_sys_resource = true,
	.has_time_ns = true,
	.layout = CGROUP_HYBRID,
	.n_cgroups = 3,
	.cgroups = {{"cpu", "/cg/cpu", "/"}, {"", "/cg/unified", "/"}, {"pids", "/cg/pids", "/"}},
};
static const struct plan_want created = {.id = "web", .bundle = "/bundle", .wait_for_start = true};
static const struct plan_want run = {.id = "web", .bundle = "/bundle"};

struct made {
	struct arena mem;
	struct plan plan;
	struct err err;
	int r;
};

static void made_clear(struct made *m)
{
	plan_clear(&m->plan);
	arena_clear(&m->mem);
}

static struct made make(const char *text, const struct host *host, const struct plan_want *want)
{
	struct made m = {.r = 0};

	m.r = plan_create(config_of(text, &m.mem), host, want, &m.plan, &m.err);
	CHECK_INT(m.r, -m.err.num);
	return m;
}

static const char *text_of(struct made *m)
{
	return m->r < 0 ? m->err.msg : ops_text(&m->plan.ops, &m->mem);
}

static const struct {
	const char *config, *message;
} refused[] = {
	{TOP(""), "linux: missing: a container needs at least a mount namespace"},
	{LINUX("'namespaces':[{'type':'mount'}]"), "process: missing"},
	{PLAN("", ",'intelRdt':{'closID':'x'}"),
	 "linux.intelRdt: resctrl is not mounted on /sys/fs/resctrl"},
	{PLAN("", ",'mountLabel':'x'"),
	 "linux.mountLabel: \"x\" cannot be applied: SELinux is not enabled on this host"},
};

TEST(what_is_not_supported_is_refused_by_name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		auto_(made) struct made m = make(refused[i].config, &v2, &created);
		CHECK(m.r < 0);
		CHECK_STR(m.err.msg, refused[i].message);
	}
}

/* Of what the executor has to do with hooks: how many it runs itself, and how often it asks. */
static void count_hooks(const struct plan *p, unsigned *hooks, unsigned *syncs)
{
	*hooks = *syncs = 0;
	for (uint32_t i = 0; i < p->ops.n; i++) {
		const struct op *op = &p->ops.ops[i];
		*hooks += op->kind == OP_HOOK;
		*syncs += op->kind == OP_SYNC && (op->a == SYNC_RUNTIME || op->a == SYNC_HOOKS);
	}
}

TEST(hooks_by_kind)
{
	static const struct {
		const char *name;
		unsigned hooks, syncs;
	} kinds[] = {
		{"prestart", 0, 1},       {"createRuntime", 0, 1}, {"createContainer", 2, 1},
		{"startContainer", 2, 1}, {"poststart", 0, 0},     {"poststop", 0, 0},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		auto_(arena) struct arena a = {0};
		unsigned hooks, syncs;
		auto_(made) struct made m = make(
			arena_printf(
				&a,
				TOP(",'process':{'args':['/p'],'cwd':'/'},'linux':{'namespaces':"
				    "[{'type':'mount'}]},'hooks':{'%s':[{'path':'/h'},{'path':'/i'}]}"),
				kinds[i].name),
			&v2, &created);
		MUST(m.r == 0);
		count_hooks(&m.plan, &hooks, &syncs);
		CHECK_INT(hooks, kinds[i].hooks);
		CHECK_INT(syncs, kinds[i].syncs);
	}
}

/* Empty lists and labels ask for nothing. */
TEST(what_is_empty_is_not_refused)
{
	auto_(made) struct made m =
		make(TOP(",'hooks':{'prestart':[]},'process':{'args':['/p'],'cwd':'/'},'linux':{"
			 "'namespaces':[{'type':'mount'}],'mountLabel':'','netDevices':{}}"),
		     &v2, &created);

	CHECK_INT(m.r, 0);
}

TEST(inherited_descriptors_in_slot_order)
{
	auto_(made) struct made m =
		make(PLAN(",{'type':'pid','path':'/n/pid'},{'type':'uts','path':'/n/uts'}", ""),
		     &v1, &created);

	MUST(m.r == 0 && m.plan.n_fds == 5);
	CHECK_INT(m.plan.ops.n_fds, SLOT_FIRST + 5);
	CHECK_INT(m.plan.fds[0].kind, PLAN_FD_START);
	CHECK_INT(m.plan.fds[1].kind, PLAN_FD_CGROUP);
	CHECK_INT(m.plan.fds[1].index, 0);
	CHECK_INT(m.plan.fds[2].kind, PLAN_FD_CGROUP);
	CHECK_INT(m.plan.fds[2].index, 1);
	CHECK_INT(m.plan.fds[3].kind, PLAN_FD_NAMESPACE);
	CHECK_INT(m.plan.fds[4].kind, PLAN_FD_NAMESPACE);
	CHECK_INT(m.plan.fds[4].index, 1);
	CHECK(str_starts(text_of(&m), "umask      0000\n"
				      "write      s3 content=0\n"
				      "write      s4 content=0\n"
				      "prctl      dumpable 0\n"
				      "setns      s5 pid\n"
				      "setns      s6 uts\n"
				      "fork\n"));
	CHECK(strstr(text_of(&m), "\nstart      s2\n"));
}

TEST(the_go_over_the_channel)
{
	auto_(made) struct made m = make(PLAN("", ""), &v2, &run);

	CHECK_INT(m.plan.n_fds, 0);
	CHECK(strstr(text_of(&m), "\nready\nstart\n"));
}

/* In a user namespace the privilege over the host is gone: the parent sets the limits. */
TEST(limits_from_outside)
{
	const char *limits = ",'rlimits':[{'type':'RLIMIT_CORE','soft':1,'hard':2}]";
	auto_(arena) struct arena a = {0};
	auto_(made) struct made inside =
		make(arena_printf(&a, PLAN_OF("%s", "", ""), limits), &v2, &run);
	auto_(made) struct made outside =
		make(arena_printf(&a, PLAN_OF("%s", ",{'type':'user'}", USER), limits), &v2, &run);
	auto_(made) struct made neither = make(PLAN(",{'type':'user'}", USER), &v2, &run);

	CHECK(!inside.plan.outside_limits);
	CHECK(strstr(text_of(&inside), "rlimit     core soft=1 hard=2\n"));
	CHECK(outside.plan.outside_limits);
	CHECK(strstr(text_of(&outside), "sync       limits\n"));
	CHECK(!strstr(text_of(&outside), "rlimit "));
	CHECK(!neither.plan.outside_limits);
}

TEST(systemd_moves_the_process)
{
	static const struct plan_want want = {.id = "web", .bundle = "/b", .manager = CG_SYSTEMD};
	auto_(made) struct made m = make(PLAN(",{'type':'cgroup'}", ""), &v2, &want);

	/* Into its group first, so that the namespace shows that one as the root. */
	CHECK(strstr(text_of(&m), "sync       cgroup\nunshare    cgroup\n"));
}

TEST(sysctls_go_through_a_private_procfs)
{
	auto_(made) struct made m = make(
		PLAN(",{'type':'network'}", ",'sysctl':{'net.ipv4.ip_forward':'1'}"), &v2, &run);
	auto_(made) struct made bad = make(PLAN("", ",'sysctl':{'a..b':'1'}"), &v2, &run);

	CHECK(strstr(text_of(&m), " sys/net/ipv4/ip_forward content=1\n"));
	CHECK_INT(bad.r, -EINVAL);
	CHECK(str_starts(bad.err.msg, "linux.sysctl: "));
}

TEST(too_much_for_one_container)
{
	auto_(str) struct str mounts = {0};
	auto_(arena) struct arena a = {0};

	for (int i = 0; i < OP_SLOTS; i++)
		str_addf(&mounts, "%s{'destination':'/m%d'}", i ? "," : "", i);
	auto_(made) struct made m =
		make(arena_printf(&a,
				  TOP(",'process':{'args':['/p'],'cwd':'/'},'linux':{'namespaces':"
				      "[{'type':'mount'}]},'mounts':[%s]"),
				  mounts.p),
		     &v2, &run);
	CHECK_INT(m.r, -E2BIG);
}

static int take_event(void *depth, const struct json_event *e)
{
	*(int *)depth += e->type == JSON_OBJECT || e->type == JSON_ARRAY;
	return 0;
}

TEST(two_plans_of_one_config_are_the_same)
{
	const char *text =
		PLAN(",{'type':'pid'},{'type':'network'}", ",'maskedPaths':['/proc/keys']");
	auto_(made) struct made one = make(text, &v1, &created);
	auto_(made) struct made two = make(text, &v1, &created);
	auto_(str) struct str one_text = {0}, two_text = {0}, json = {0};
	struct err err = {0};
	int opened = 0;

	plan_print(&one_text, &one.plan);
	plan_print(&two_text, &two.plan);
	CHECK_STR(one_text.p, two_text.p);
	CHECK(str_starts(one_text.p, "# outside\nnew namespaces: mount pid network\n"));
	CHECK(strstr(one_text.p, "\n# inside\numask "));
	plan_json(&json, &one.plan);
	CHECK_INT(json_parse(json.p, json.len, take_event, &opened, &err), 0);
	CHECK(opened > (int)one.plan.ops.n);
}

TEST(a_plan_can_be_cleared_twice)
{
	auto_(made) struct made m = make(PLAN("", ""), &v2, &run);

	plan_clear(&m.plan);
	CHECK_INT(m.plan.ops.n, 0);
}

/* ---- exec ------------------------------------------------------------------------------------- */

static struct made make_exec(const char *text, const struct plan_exec_want *want)
{
	struct made m = {.r = 0};
	struct config *cfg = config_of(text, &m.mem);

	m.r = plan_exec(cfg, cfg->process, &v2, want, &m.plan, &m.err);
	CHECK_INT(m.r, -m.err.num);
	return m;
}

TEST(exec_into_namespaces)
{
	static const struct plan_exec_want want = {
		.id = "web", .namespaces = CLONE_NEWNS | CLONE_NEWPID, .n_cgroups = 2};
	auto_(made) struct made m = make_exec(PLAN("", ""), &want);

	MUST(m.r == 0 && m.plan.n_fds == 3);
	CHECK_INT(m.plan.fds[0].kind, PLAN_FD_CGROUP);
	CHECK_INT(m.plan.fds[1].kind, PLAN_FD_CGROUP);
	CHECK_INT(m.plan.fds[1].index, 1);
	CHECK_INT(m.plan.fds[2].kind, PLAN_FD_PIDFD);
	CHECK(str_starts(text_of(&m), "prctl      dumpable 0\n"
				      "umask      0000\n"
				      "write      s2 content=0\n"
				      "write      s3 content=0\n"
				      "setns      s4 mount,pid\n"
				      "fork\n"
				      "close      s2 behind=1\n"
				      "setsid\n"));
}

TEST(exec_without_a_pid_namespace_needs_no_fork)
{
	static const struct plan_exec_want want = {.id = "web", .namespaces = CLONE_NEWNS};
	auto_(made) struct made m = make_exec(PLAN("", ""), &want);

	CHECK(strstr(text_of(&m), "setns      s2 mount\nclose      s2 behind=1\nsetsid\n"));
	CHECK(!strstr(text_of(&m), "pivot"));
}

TEST(exec_into_a_user_namespace)
{
	static const struct plan_exec_want want = {
		.id = "web", .namespaces = CLONE_NEWUSER | CLONE_NEWNS, .drops_groups = true};
	auto_(made) struct made m = make_exec(PLAN_OF(",'oomScoreAdj':5", "", ""), &want);

	CHECK(m.plan.outside_limits);
	CHECK(strstr(text_of(&m), "sync       limits\nsetns      s2 user,mount\nclose "));
	CHECK(strstr(text_of(&m), "setids     uid=0 gid=0 [keepcaps]\n"));
}

TEST(exec_without_a_program)
{
	static const struct plan_exec_want want = {.id = "web"};
	auto_(made) struct made m =
		make_exec(TOP(",'process':{'args':[],'cwd':'/'},'linux':{'namespaces':[]}"), &want);

	CHECK_INT(m.r, -EINVAL);
}
