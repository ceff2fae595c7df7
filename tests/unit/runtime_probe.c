/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/probe.h"
#include "tests/lib/test.h"

#define LINE(point, type, super)                                                                   \
	"30 24 0:26 / " point " rw,nosuid shared:9 - " type " x " super "\n"
#define OTHERS                                                                                     \
	"24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                                  \
	"25 24 0:5 / /proc rw - proc proc rw\n"

static const char v2_text[] = OTHERS LINE("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate");
static const char hybrid_text[] = OTHERS LINE("/sys/fs/cgroup", "tmpfs", "ro,mode=755")
	LINE("/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate")
		LINE("/sys/fs/cgroup/systemd", "cgroup", "rw,xattr,name=systemd")
			LINE("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")
				LINE("/sys/fs/cgroup/memory", "cgroup",
				     "rw,memory,release_agent=/a,clone_children,noprefix");

TEST(cgroup_v2)
{
	struct host h = {0};

	probe_mountinfo(v2_text, &h);
	CHECK_INT(h.layout, CGROUP_V2);
	MUST(h.n_cgroups == 1);
	CHECK_STR(h.cgroups[0].controllers, "");
	CHECK_STR(h.cgroups[0].mountpoint, "/sys/fs/cgroup");
	CHECK_STR(h.cgroups[0].own, "/");
}

TEST(cgroup_hybrid)
{
	struct host h = {0};

	probe_mountinfo(hybrid_text, &h);
	CHECK_INT(h.layout, CGROUP_HYBRID);
	MUST(h.n_cgroups == 4);
	CHECK_STR(h.cgroups[0].controllers, "");
	CHECK_STR(h.cgroups[1].controllers, "name=systemd");
	CHECK_STR(h.cgroups[2].controllers, "cpu,cpuacct");
	CHECK_STR(h.cgroups[3].controllers, "memory");
	CHECK_STR(h.cgroups[3].mountpoint, "/sys/fs/cgroup/memory");
}

/* systemd keeps a named hierarchy beside v2 on some hosts: that is no hybrid. */
TEST(other_layouts)
{
	struct host v1 = {0}, named = {0}, none = {0}, empty = {0};

	probe_mountinfo(LINE("/c/pids", "cgroup", "rw,pids"), &v1);
	CHECK_INT(v1.layout, CGROUP_V1);
	probe_mountinfo(LINE("/c/s", "cgroup", "rw,name=systemd") LINE("/c/u", "cgroup2", "rw"),
			&named);
	CHECK_INT(named.layout, CGROUP_V2);
	probe_mountinfo(OTHERS, &none);
	CHECK_INT(none.layout, CGROUP_NONE);
	probe_mountinfo("", &empty);
	CHECK_INT(empty.layout, CGROUP_NONE);
}

TEST(a_hierarchy_that_is_mounted_twice_is_one)
{
	struct host h = {0};

	probe_mountinfo(LINE("/a", "cgroup", "rw,cpu") LINE("/b", "cgroup", "rw,cpu"), &h);
	MUST(h.n_cgroups == 1);
	CHECK_STR(h.cgroups[0].mountpoint, "/a");
}

TEST(lines_that_do_not_fit)
{
	static const char *const odd[] = {
		"\n\n",
		" - ",
		"x - cgroup",
		"1 2 3 4 - cgroup x rw,cpu\n",
		"- cgroup x rw\n",
		"1 2 3 / /a rw - cgroup\n",
		"no dash at all\n",
	};
	auto_(str) struct str many = {0};
	struct host h = {0}, full = {0};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		probe_mountinfo(odd[i], &h);
	CHECK_INT(h.n_cgroups, 0);
	for (int i = 0; i < 2 * HOST_CGROUPS_MAX; i++)
		str_addf(&many, "30 24 0:26 / /c%d rw - cgroup x rw,c%d\n", i, i);
	probe_mountinfo(many.p, &full);
	CHECK_INT(full.n_cgroups, HOST_CGROUPS_MAX);
	/* A mount point that is too long for us is none. */
	str_clear(&many);
	str_add(&many, "30 24 0:26 / /");
	for (int i = 0; i < 200; i++)
		str_add_char(&many, 'x');
	str_add(&many, " rw - cgroup x rw,cpu\n");
	probe_mountinfo(many.p, &h);
	CHECK_INT(h.n_cgroups, 0);
}

TEST(own_groups)
{
	struct host h = {0};

	probe_mountinfo(hybrid_text, &h);
	probe_own_cgroups("12:memory:/docker/a:b\n"
			  "4:cpu:/not-this\n"
			  "3:cpu,cpuacct:/c\n"
			  "1:name=systemd:/user.slice\n"
			  "0::/u",
			  &h);
	MUST(h.n_cgroups == 4);
	CHECK_STR(h.cgroups[0].own, "/u");
	CHECK_STR(h.cgroups[1].own, "/user.slice");
	CHECK_STR(h.cgroups[2].own, "/c");
	CHECK_STR(h.cgroups[3].own, "/docker/a:b");
}

TEST(own_groups_that_make_no_sense)
{
	auto_(str) struct str text = {0};
	struct host h = {0};

	probe_mountinfo(v2_text, &h);
	probe_own_cgroups("", &h);
	probe_own_cgroups("\n:\n0:\n::\nx", &h);
	str_add(&text, "0::/");
	for (int i = 0; i < 1000; i++)
		str_add_char(&text, 'x');
	probe_own_cgroups(text.p, &h);
	CHECK_STR(h.cgroups[0].own, "");
}

/* What can be said of every machine that the tests run on. */
TEST(this_machine)
{
	struct host h;
	struct err err = {0};

	MUST(host_probe(&h, &err) == 0);
	CHECK_INT(h.euid, geteuid());
	CHECK_INT(h.egid, getegid());
	CHECK(h.kernel >= (5 << 16 | 12 << 8));
	CHECK(h.n_cgroups == 0 || h.layout != CGROUP_NONE);
	for (unsigned i = 0; i < h.n_cgroups; i++) {
		CHECK(*h.cgroups[i].mountpoint == '/');
		CHECK(*h.cgroups[i].own == '/');
	}
}

TEST(what_the_process_is)
{
	struct host h = {0};

	probe_status("Name:\tUid: 7\nUmask:\t0022\nUid:\t1\t1000\t3\t4\nGid:\t5\t100\t6\t7\n"
		     "SigIgn:\t8000000180001001\nCapInh:\t0\nCapPrm:\t000001ffffffffff\n"
		     "CapEff:\t000001fffeffffff\n",
		     &h);
	CHECK_INT(h.euid, 1000);
	CHECK_INT(h.egid, 100);
	CHECK(h.ignored_signals == 0x8000000180001001);
	CHECK(h.caps == 0x1ffffffffff);
	CHECK(!h.has_sys_resource);
	probe_status("Uid:\t0\t0\t0\t0\n", &h);
	CHECK_INT(h.euid, (uid_t)-1);
}
