/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "namespaces/ns.h"
#include "runtime/base/sys.h"
#include "tests/unit/plan_text.h"

#define NAMESPACES(list, members) LINUX("'namespaces':[" list "]" members)
#define NEW(type) "{'type':'" type "'}"
#define JOIN(type) "{'type':'" type "','path':'/ns/" type "'}"
#define MAPS(container)                                                                            \
	",'uidMappings':[{'containerID':" container ",'hostID':1000,'size':1}]"                    \
	",'gidMappings':[{'containerID':" container ",'hostID':1000,'size':1}]"

static const struct host root = {.has_time_ns = true};
static const struct host user = {.euid = 1000, .egid = 1000, .has_time_ns = true};
static const struct host nested = {.in_userns = true, .has_time_ns = true};

static const struct {
	enum config_namespace_type type;
	uint64_t flag;
	const char *word;
} kinds[] = {
	{CONFIG_NAMESPACE_TYPE_PID, CLONE_NEWPID, "pid"},
	{CONFIG_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET, "network"},
	{CONFIG_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS, "mount"},
	{CONFIG_NAMESPACE_TYPE_IPC, CLONE_NEWIPC, "ipc"},
	{CONFIG_NAMESPACE_TYPE_UTS, CLONE_NEWUTS, "uts"},
	{CONFIG_NAMESPACE_TYPE_USER, CLONE_NEWUSER, "user"},
	{CONFIG_NAMESPACE_TYPE_CGROUP, CLONE_NEWCGROUP, "cgroup"},
	{CONFIG_NAMESPACE_TYPE_TIME, CLONE_NEWTIME, "time"},
};

TEST(kinds_have_flags_and_words)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		CHECK_INT(ns_flag(kinds[i].type), kinds[i].flag);
		CHECK_STR(ns_word(kinds[i].flag), kinds[i].word);
	}
	CHECK_INT(ns_flag(CONFIG_NAMESPACE_TYPE_NONE), 0);
	CHECK_STR(ns_word(0), "unknown");
	CHECK_STR(ns_word(CLONE_NEWNS | CLONE_NEWPID), "unknown");
}

TEST(has_finds_new_and_joined)
{
	auto_(arena) struct arena a = {0};
	struct config *c = config_of(NAMESPACES(NEW("mount") "," JOIN("pid"), ""), &a);

	CHECK(ns_has(c, CLONE_NEWNS));
	CHECK(ns_has(c, CLONE_NEWPID));
	CHECK(!ns_has(c, CLONE_NEWUTS));
	CHECK(!ns_has(config_of(TOP(""), &a), CLONE_NEWNS));
}

/* One config on one host: what is decided, and the operations that get into it. */
struct decided {
	struct arena mem;
	struct config *cfg;
	struct oplist ops;
	struct ns_plan plan;
	struct err err;
	int r;
};

static void decided_clear(struct decided *d)
{
	oplist_clear(&d->ops);
	arena_clear(&d->mem);
}

static struct decided decide(const char *text, const struct host *host)
{
	struct decided d = {.cfg = NULL};

	d.cfg = config_of(text, &d.mem);
	oplist_init(&d.ops);
	d.r = ns_decide(d.cfg, host, &d.plan, &d.ops, &d.err);
	return d;
}

static const char *enter(struct decided *d)
{
	ns_plan_enter(d->cfg, &d->plan, &d->ops);
	return ops_text(&d->ops, &d->mem);
}

TEST(a_mount_namespace_is_needed)
{
	auto_(decided) struct decided d = decide(NAMESPACES(NEW("pid"), ""), &root);

	CHECK_INT(d.r, -EINVAL);
	CHECK_STR(d.err.msg, "linux.namespaces: a container needs a mount namespace");
}

TEST(a_kernel_without_time_namespaces)
{
	static const struct host old;
	auto_(decided) struct decided d =
		decide(NAMESPACES(NEW("mount") "," NEW("time"), ""), &old);

	CHECK_INT(d.r, -ENOTSUP);
	CHECK_STR(d.err.msg, "linux.namespaces: this kernel has no time namespaces");
}

TEST(new_ones_are_made_by_clone)
{
	auto_(decided) struct decided d =
		decide(NAMESPACES(NEW("mount") "," NEW("pid") "," NEW("uts") "," NEW("cgroup"), ""),
		       &root);

	MUST(d.r == 0);
	CHECK_INT(d.plan.clone_flags, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS);
	CHECK_INT(d.plan.all, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWCGROUP);
	CHECK_INT(d.plan.n_joins, 0);
	CHECK(d.plan.new_pid);
	CHECK(!d.plan.new_user && !d.plan.maps_ids);
	CHECK_STR(enter(&d), "prctl      dumpable 0\n");
}

TEST(a_new_user_namespace_waits_for_its_maps)
{
	auto_(decided) struct decided d =
		decide(NAMESPACES(NEW("mount") "," NEW("user"), MAPS("0")), &user);

	MUST(d.r == 0);
	CHECK(d.plan.new_user && d.plan.maps_ids);
	CHECK_STR(enter(&d), "sync       ids\n");
}

/* Pid 1 can have no sibling, so the child that enters the time namespace must become pid 1. */
TEST(a_new_time_namespace_takes_the_pid_namespace_along)
{
	auto_(decided) struct decided d = decide(
		NAMESPACES(NEW("mount") "," NEW("pid") "," NEW("time"),
			   ",'timeOffsets':{'monotonic':{'secs':-5},'boottime':{'nanosecs':7}}"),
		&root);

	MUST(d.r == 0);
	CHECK_INT(d.plan.clone_flags, CLONE_NEWNS);
	CHECK(d.plan.new_pid);
	CHECK_STR(enter(&d), "prctl      dumpable 0\n"
			     "open       cwd /proc/self/timens_offsets wo -> s2\n"
			     "unshare    pid,time\n"
			     "write      s2 content=\"monotonic -5 0\\nboottime 0 7\\n\"\n"
			     "close      s2\n"
			     "fork\n");
}

TEST(a_new_time_namespace_without_offsets)
{
	auto_(decided) struct decided d =
		decide(NAMESPACES(NEW("mount") "," NEW("time"), ""), &root);

	MUST(d.r == 0);
	CHECK_STR(enter(&d), "prctl      dumpable 0\nunshare    time\nfork\n");
}

#define JOIN_ALL NAMESPACES(JOIN("pid") "," JOIN("mount") "," JOIN("user") "," JOIN("time"), "")

/* Root needs its privilege over the others until it has joined them. */
TEST(root_joins_the_user_namespace_last)
{
	auto_(decided) struct decided d = decide(JOIN_ALL, &root);

	MUST(d.r == 0);
	CHECK_INT(d.plan.clone_flags, 0);
	CHECK(d.plan.maps_ids && !d.plan.new_user && !d.plan.new_pid);
	CHECK_STR(enter(&d), "prctl      dumpable 0\n"
			     "setns      s2 mount\n"
			     "setns      s3 pid\n"
			     "setns      s4 time\n"
			     "setns      s5 user\n"
			     "fork\n");
}

/* An ordinary user, and root of a user namespace, have no privilege over the others before. */
TEST(others_join_the_user_namespace_first)
{
	const struct host *hosts[] = {&user, &nested};

	for (int i = 0; i < 2; i++) {
		auto_(decided) struct decided d = decide(JOIN_ALL, hosts[i]);
		MUST(d.r == 0);
		CHECK_STR(enter(&d), "prctl      dumpable 0\n"
				     "setns      s2 user\n"
				     "setns      s3 mount\n"
				     "setns      s4 pid\n"
				     "setns      s5 time\n"
				     "fork\n");
	}
}

/* The joined ones are not the new user namespace's: they come first. The new ones are its own. */
TEST(a_new_user_namespace_comes_between_the_joined_and_the_new)
{
	auto_(decided) struct decided d =
		decide(NAMESPACES(JOIN("network") "," NEW("mount") "," NEW("pid") "," NEW("user"),
				  MAPS("0")),
		       &root);

	MUST(d.r == 0);
	CHECK_INT(d.plan.clone_flags, 0);
	CHECK_INT(d.plan.n_joins, 1);
	CHECK_INT(d.plan.joins[0].flag, CLONE_NEWNET);
	CHECK_STR(d.plan.joins[0].path, "/ns/network");
	CHECK_STR(enter(&d), "setns      s2 network\n"
			     "unshare    user\n"
			     "sync       ids\n"
			     "unshare    mount,pid\n"
			     "fork\n");
}

TEST(the_cgroup_namespace)
{
	auto_(decided) struct decided fresh =
		decide(NAMESPACES(NEW("mount") "," NEW("cgroup"), ""), &root);
	auto_(decided) struct decided joined =
		decide(NAMESPACES(NEW("mount") "," JOIN("cgroup"), ""), &root);
	auto_(decided) struct decided none = decide(NAMESPACES(NEW("mount"), ""), &root);

	ns_plan_cgroup(&fresh.plan, &fresh.ops);
	CHECK_STR(ops_text(&fresh.ops, &fresh.mem), "unshare    cgroup\n");
	ns_plan_cgroup(&joined.plan, &joined.ops);
	CHECK_STR(ops_text(&joined.ops, &joined.mem), "");
	ns_plan_cgroup(&none.plan, &none.ops);
	CHECK_STR(ops_text(&none.ops, &none.mem), "");
}

static const char *ids(struct decided *d)
{
	ns_plan_ids(d->cfg, &d->plan, &d->ops);
	return ops_text(&d->ops, &d->mem);
}

TEST(the_identity_in_a_user_namespace)
{
	auto_(decided) struct decided with_root =
		decide(NAMESPACES(NEW("mount") "," NEW("user"), MAPS("0")), &user);
	auto_(decided) struct decided without_root =
		decide(TOP(",'process':{'args':['a'],'cwd':'/','user':{'uid':5,'gid':5}},'linux':{"
			   "'namespaces':[" NEW("mount") "," NEW("user") "]" MAPS("5") "}"),
		       &user);
	auto_(decided) struct decided joined =
		decide(NAMESPACES(NEW("mount") "," JOIN("user"), ""), &user);
	auto_(decided) struct decided none = decide(NAMESPACES(NEW("mount"), ""), &user);

	CHECK_STR(ids(&with_root), "setids     uid=0 gid=0 [keepcaps]\nprctl      dumpable 0\n");
	CHECK_STR(ids(&without_root), "setids     uid=5 gid=5 [keepcaps]\nprctl      dumpable 0\n");
	CHECK_STR(ids(&joined), "setids     uid=0 gid=0 [keepcaps]\n");
	CHECK_STR(ids(&none), "");
}

static const char *names(struct decided *d)
{
	ns_plan_names(d->cfg, &d->plan, &d->ops);
	return ops_text(&d->ops, &d->mem);
}

TEST(names_and_the_loopback_interface)
{
	auto_(decided) struct decided all = decide(
		TOP(",'hostname':'web','domainname':'example.org','linux':{'namespaces':[" NEW(
			"mount") "," NEW("uts") "," NEW("network") "]}"),
		&root);
	auto_(decided) struct decided joined = decide(
		TOP(",'hostname':'','linux':{'namespaces':[" NEW("mount") "," JOIN("network") "]}"),
		&root);

	CHECK_STR(names(&all), "hostname   web\ndomainname example.org\nloopback\n");
	CHECK_STR(names(&joined), "");
}

TEST(who_must_give_up_setgroups)
{
	auto_(arena) struct arena a = {0};
	struct config *one = config_of(NAMESPACES(NEW("mount") "," NEW("user"), MAPS("0")), &a);
	struct config *range =
		config_of(NAMESPACES(NEW("mount") "," NEW("user"),
				     ",'gidMappings':[{'containerID':0,'hostID':1000,'size':2}]"),
			  &a);
	struct config *none = config_of(NAMESPACES(NEW("mount"), MAPS("0")), &a);

	CHECK(ns_denies_setgroups(one, &user));
	CHECK(!ns_denies_setgroups(one, &root));
	CHECK(!ns_denies_setgroups(range, &user));
	CHECK(!ns_denies_setgroups(none, &user));
}
