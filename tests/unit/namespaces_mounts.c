/* SPDX-License-Identifier: Apache-2.0 */
/* mounts[] of a config to operations. What single option words mean is the matter of mount_words;
 * here it is which operations they end in, and what is refused. */
#include <errno.h>

#include "namespaces/rootfs.h"
#include "tests/unit/plan_text.h"

#define MOUNTS(list) NS_MOUNTS("{'type':'mount'}", list)
#define NS_MOUNTS(namespaces, list)                                                                \
	TOP(",'linux':{'namespaces':[" namespaces "]},'mounts':[" list "]")
#define MOUNT(dest, type, members) "{'destination':'" dest "','type':'" type "'" members "}"
#define BIND(dest, options) MOUNT(dest, "bind", ",'source':'/src','options':['rbind'" options "]")

static const struct host v2 = {
	.layout = CGROUP_V2,
	.n_cgroups = 1,
	.cgroups = {{"", "/sys/fs/cgroup", "/"}},
};
static const struct host hybrid = {
	.layout = CGROUP_HYBRID,
	.n_cgroups = 4,
	.cgroups = {{"cpu,cpuacct", "/cg/cpu,cpuacct", "/"},
		    {"name=systemd", "/cg/systemd", "/"},
		    {"rdma", "/cg/rdma", "/"},
		    {"", "/cg/unified", "/"}},
};
static const char *const groups[] = {"cpu,cpuacct:/cg/cpu,cpuacct/c", "name=systemd:/cg/systemd/c",
				     ":/cg/unified/c"};
static const struct rootfs_want plain = {.bundle = "/bundle", .cgroups = groups, .n_cgroups = 3};
static const struct rootfs_want in_userns = {.bundle = "/bundle", .userns = true};

/* The operations, or the message; in the arena. Slot 2 is the root, sources begin at 3. */
static const char *mounts(const char *text, const struct host *host, const struct rootfs_want *want,
			  struct arena *a)
{
	struct config *cfg = config_of(text, a);
	auto_(oplist) struct oplist ops;
	struct err err = {0};

	oplist_init(&ops);
	struct rootfs_slots s = {.root = oplist_slots(&ops, 1)};
	s.sources = oplist_slots(&ops, (unsigned)cfg->n_mounts);
	int r = mounts_plan_sources(cfg, want, &s, &ops, &err);
	if (r == 0)
		r = mounts_plan(cfg, host, want, &s, &ops, &err);
	CHECK_INT(r, -err.num);
	return r < 0 ? arena_str(a, err.msg) : ops_text(&ops, a);
}

struct row {
	const char *config, *text;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_(arena) struct arena a = {0};
		CHECK_STR(mounts(rows[i].config, &v2, &plain, &a), rows[i].text);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

static const struct row new_rows[] = {
	{MOUNTS(MOUNT("/proc", "proc", "")),
	 "fsmount    proc -> s4\n"
	 "target     s2 /proc make=directory,0755 -> s5 [realdir]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("/sys", "sysfs", ",'options':['ro','nosuid']")),
	 "fsmount    sysfs ro,nosuid -> s4\n"
	 "target     s2 /sys make=directory,0755 -> s5 [noproc,realdir]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("/tmp//a/../b/", "tmpfs",
		      ",'source':'none','options':['noexec','size=1m','sync','mode=700']")),
	 "fsmount    tmpfs noexec source=none sync size=1m mode=700 -> s4\n"
	 "target     s2 /tmp/b make=directory,0755 -> s5 [noproc]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("../../x", "tmpfs", "")),
	 "fsmount    tmpfs -> s4\n"
	 "target     s2 /x make=directory,0755 -> s5 [noproc]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("/x", "tmpfs", ",'options':['rnoexec','rslave','shared']")),
	 "fsmount    tmpfs -> s4\n"
	 "setattr    s4 +noexec recursive\n"
	 "setattr    s4 slave recursive\n"
	 "setattr    s4 shared\n"
	 "target     s2 /x make=directory,0755 -> s5 [noproc]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("/etc", "tmpfs", ",'options':['tmpcopyup','ro']")),
	 "fsmount    tmpfs ro -> s4\n"
	 "copy-up    s2 /etc -> s4\n"
	 "target     s2 /etc make=directory,0755 -> s5 [noproc]\n"
	 "move-mount s4 -> s5\n"},
	{MOUNTS(MOUNT("/x", "tmpfs", ",'options':['dest-nofollow']")),
	 "fsmount    tmpfs -> s4\n"
	 "target     s2 /x make=directory,0755 -> s5 [noproc,realdir]\n"
	 "move-mount s4 -> s5\n"},
};

TEST(new_file_systems)
{
	CHECK_ROWS(new_rows);
}

static const struct row bind_rows[] = {
	{MOUNTS(BIND("/x", "")), "open-tree  cwd /src clone,recursive -> s3\n"
				 "target     s2 /x make=0755 like=s3 -> s5 [noproc]\n"
				 "move-mount s3 -> s5\n"},
	{MOUNTS("{'destination':'/x','source':'data','options':['bind','ro','nodev']}"),
	 "open-tree  cwd /bundle/data clone -> s3\n"
	 "setattr    s3 +ro,nodev\n"
	 "target     s2 /x make=0755 like=s3 -> s5 [noproc]\n"
	 "move-mount s3 -> s5\n"},
	{MOUNTS("{'destination':'/x','type':'rbind','source':'../s'}"),
	 "open-tree  cwd /s clone,recursive -> s3\n"
	 "target     s2 /x make=0755 like=s3 -> s5 [noproc]\n"
	 "move-mount s3 -> s5\n"},
	{MOUNTS(BIND("/x", ",'ro','rro','noatime','src-nofollow'")),
	 "open-tree  cwd /src clone,recursive,nofollow -> s3\n"
	 "setattr    s3 +ro,noatime -atime\n"
	 "setattr    s3 +ro recursive\n"
	 "target     s2 /x make=0755 like=s3 -> s5 [noproc]\n"
	 "move-mount s3 -> s5\n"},
	{MOUNTS(BIND("/x", ",'ro','rw'")), "open-tree  cwd /src clone,recursive -> s3\n"
					   "setattr    s3 -ro\n"
					   "target     s2 /x make=0755 like=s3 -> s5 [noproc]\n"
					   "move-mount s3 -> s5\n"},
};

TEST(binds)
{
	CHECK_ROWS(bind_rows);
}

TEST(what_counts_as_a_bind)
{
	static const struct {
		const char *config;
		bool is_bind;
	} rows[] = {
		{MOUNTS(MOUNT("/x", "bind", "")), true},
		{MOUNTS(MOUNT("/x", "rbind", "")), true},
		{MOUNTS(MOUNT("/x", "none", ",'options':['ro','rbind']")), true},
		{MOUNTS("{'destination':'/x','options':['bind']}"), true},
		{MOUNTS("{'destination':'/x'}"), false},
		{MOUNTS(MOUNT("/x", "tmpfs", ",'options':['rslave']")), false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena a = {0};
		CHECK_INT(mount_is_bind(config_of(rows[i].config, &a)->mounts), rows[i].is_bind);
	}
}

static const struct row remount_rows[] = {
	{MOUNTS(MOUNT("/x", "", ",'options':['remount','ro']")), "target     s2 /x -> s5 [noproc]\n"
								 "setattr    s5 +ro\n"},
	{MOUNTS(BIND("/proc", ",'remount','ro'")), "target     s2 /proc -> s5\n"
						   "setattr    s5 +ro\n"},
	{MOUNTS(MOUNT("/proc/sys", "", ",'options':['remount','ro']")),
	 "target     s2 /proc/sys -> s5 [noproc]\n"
	 "setattr    s5 +ro\n"},
	{MOUNTS(MOUNT("/x", "tmpfs", ",'options':['remount','size=1']")),
	 "mounts[0] /x: a remount changes mount flags only"},
	{MOUNTS(MOUNT("/x", "tmpfs", ",'options':['remount','sync']")),
	 "mounts[0] /x: a remount changes mount flags only"},
};

TEST(remounts)
{
	CHECK_ROWS(remount_rows);
}

static const struct row proc_rows[] = {
	{MOUNTS(BIND("/proc/uptime", "")), "open-tree  cwd /src clone,recursive -> s3\n"
					   "target     s2 /proc/uptime make=0755 like=s3 -> s5\n"
					   "move-mount s3 -> s5\n"},
	{MOUNTS("{'destination':'/proc','type':'bind','source':'/proc'}"),
	 "open-tree  cwd /proc clone -> s3\n"
	 "target     s2 /proc make=0755 like=s3 -> s5\n"
	 "move-mount s3 -> s5\n"},
	{MOUNTS(BIND("/proc", "")), "mounts[0] /proc: only a procfs may be mounted there"},
	{MOUNTS(MOUNT("/proc", "tmpfs", "")),
	 "mounts[0] /proc: only a procfs may be mounted there"},
	{MOUNTS(MOUNT("/x/../proc/", "tmpfs", "")),
	 "mounts[0] /proc: only a procfs may be mounted there"},
	{MOUNTS(MOUNT("/proc/self", "tmpfs", "")), "mounts[0] /proc/self: is inside /proc"},
	{MOUNTS(BIND("/proc/sys/kernel", "")), "mounts[0] /proc/sys/kernel: is inside /proc"},
	{MOUNTS(BIND("/proc/uptime/x", "")), "mounts[0] /proc/uptime/x: is inside /proc"},
	{MOUNTS(MOUNT("/process", "tmpfs", "")),
	 "fsmount    tmpfs -> s4\n"
	 "target     s2 /process make=directory,0755 -> s5 [noproc]\n"
	 "move-mount s4 -> s5\n"},
};

TEST(proc_is_guarded)
{
	CHECK_ROWS(proc_rows);
}

static const struct row refused_rows[] = {
	{MOUNTS(MOUNT("/x", "bind", "")), "mounts[0] /x: a bind mount needs a source"},
	{MOUNTS(BIND("/x", ",'size=1','x=y'")),
	 "mounts[0] /x: bind mounts cannot have any filesystem-specific options applied: \"size\""},
	{MOUNTS(BIND("/x", ",'tmpcopyup'")),
	 "mounts[0] /x: tmpcopyup on a bind mount: not supported by this version of ctr"},
	{MOUNTS("{'destination':'/x','type':'tmpfs','uidMappings':[{'containerID':0,"
		"'hostID':1,'size':1}],'gidMappings':[{'containerID':0,'hostID':1,'size':1}]}"),
	 "mounts[0] /x: id maps on anything but a bind mount: not supported by this version of "
	 "ctr"},
	{MOUNTS(BIND("/x", ",'copy-symlink'")),
	 "mounts[0] /x: the option copy-symlink: not supported by this version of ctr"},
};

TEST(what_is_refused)
{
	CHECK_ROWS(refused_rows);
}

/* sysfs belongs to a network namespace: over the host's it cannot be mounted in a user namespace, over
 * a joined one perhaps. */
TEST(sysfs_of_the_host_is_bound)
{
	auto_(arena) struct arena a = {0};
	const char *sysfs = MOUNT("/sys", "sysfs", ",'options':['ro']");
	const char *shared = arena_printf(&a, NS_MOUNTS("{'type':'mount'}", "%s"), sysfs);
	const char *joined = arena_printf(
		&a, NS_MOUNTS("{'type':'mount'},{'type':'network','path':'/n'}", "%s"), sysfs);
	const char *fresh =
		arena_printf(&a, NS_MOUNTS("{'type':'mount'},{'type':'network'}", "%s"), sysfs);
	const char *bound = "open-tree  cwd /sys clone,recursive -> s3\n"
			    "setattr    s3 +ro\n"
			    "setattr    s3 +ro recursive\n"
			    "target     s2 /sys make=0755 like=s3 -> s5 [noproc,realdir]\n"
			    "move-mount s3 -> s5\n";

	CHECK_STR(mounts(shared, &v2, &in_userns, &a), bound);
	CHECK_STR(mounts(joined, &v2, &in_userns, &a),
		  "open-tree  cwd /sys clone,recursive -> s3\n"
		  "fsmount    sysfs ro -> s3 [denied-ok]\n"
		  "setattr    s3 +ro\n"
		  "setattr    s3 +ro recursive\n"
		  "target     s2 /sys make=0755 like=s3 -> s5 [noproc,realdir]\n"
		  "move-mount s3 -> s5\n");
	CHECK_STR(mounts(fresh, &v2, &in_userns, &a),
		  "fsmount    sysfs ro -> s4\n"
		  "target     s2 /sys make=directory,0755 -> s5 [noproc,realdir]\n"
		  "move-mount s4 -> s5\n");
}

#define CGROUP MOUNT("/sys/fs/cgroup", "cgroup", ",'options':['nosuid']")
#define CGROUP_NS "{'type':'mount'},{'type':'cgroup'}"

TEST(cgroup_v2)
{
	auto_(arena) struct arena a = {0};

	CHECK_STR(mounts(NS_MOUNTS(CGROUP_NS, CGROUP), &v2, &plain, &a),
		  "fsmount    cgroup2 nosuid -> s4\n"
		  "target     s2 /sys/fs/cgroup make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s4 -> s5\n");
	CHECK_STR(mounts(MOUNTS(CGROUP), &v2, &plain, &a),
		  "open-tree  cwd /sys/fs/cgroup clone -> s4\n"
		  "setattr    s4 +nosuid recursive\n"
		  "target     s2 /sys/fs/cgroup make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s4 -> s5\n");
}

/* Hierarchies without a group of the container's are not shown; all are read-only, as they have a
 * release_agent (CVE-2022-0492). */
TEST(cgroup_v1)
{
	auto_(arena) struct arena a = {0};

	CHECK_STR(mounts(NS_MOUNTS(CGROUP_NS, CGROUP), &hybrid, &plain, &a),
		  "fsmount    tmpfs nosuid mode=0755 -> s6\n"
		  "target     s2 /sys/fs/cgroup make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s6 -> s5\n"
		  "fsmount    cgroup ro,nosuid cpu cpuacct -> s4\n"
		  "target     s2 /sys/fs/cgroup/cpu,cpuacct make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s4 -> s5\n"
		  "symlink    s6 cpu target=cpu,cpuacct\n"
		  "symlink    s6 cpuacct target=cpu,cpuacct\n"
		  "fsmount    cgroup ro,nosuid none name=systemd -> s4\n"
		  "target     s2 /sys/fs/cgroup/systemd make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s4 -> s5\n"
		  "fsmount    cgroup2 ro,nosuid -> s4\n"
		  "target     s2 /sys/fs/cgroup/unified make=directory,0755 -> s5 [noproc]\n"
		  "move-mount s4 -> s5\n"
		  "setattr    s6 +ro\n");
	CHECK(strstr(mounts(MOUNTS(CGROUP), &hybrid, &plain, &a),
		     "open-tree  cwd /cg/cpu,cpuacct/c clone -> s4\n"
		     "setattr    s4 +ro,nosuid recursive\n"));
}

TEST(no_cgroup_file_system)
{
	static const struct host none;
	auto_(arena) struct arena a = {0};

	CHECK_STR(mounts(MOUNTS(CGROUP), &none, &plain, &a),
		  "/sys/fs/cgroup: this host has no cgroup file system");
}
