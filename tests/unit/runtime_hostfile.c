/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/hostfile.h"
#include "tests/lib/test.h"

TEST(every_fact)
{
	struct host h;
	struct err err = {0};

	MUST(hostfile_parse("# of a made-up machine\n"
			    "euid=1000\n"
			    "egid=4294967295\n"
			    "\n"
			    "in_userns=yes\n"
			    "has_sys_resource=yes\n"
			    "caps=1ffffffffff\n"
			    "kernel=6.18\n"
			    "has_apparmor=yes\n"
			    "has_selinux=no\n"
			    "has_time_ns=yes\n"
			    "uptime=172800\n"
			    "runs_systemd=yes\n"
			    "layout=hybrid\n"
			    "v2_controllers=cpu memory\n"
			    "cgroup=cpu,cpuacct /c/cpu /user\n"
			    "cgroup=v2 /c/unified /",
			    &h, &err) == 0);
	CHECK_INT(h.euid, 1000);
	CHECK_INT(h.egid, UINT32_MAX);
	CHECK(h.in_userns && h.has_sys_resource && h.has_apparmor && h.has_time_ns);
	CHECK_INT(h.uptime, 172800);
	CHECK(h.runs_systemd && !h.has_selinux);
	CHECK_INT((long long)h.caps, 0x1ffffffffff);
	CHECK_INT(h.kernel, 6 << 16 | 18 << 8);
	CHECK_INT(h.layout, CGROUP_HYBRID);
	CHECK_STR(h.v2_controllers, " cpu memory ");
	MUST(h.n_cgroups == 2);
	CHECK_STR(h.cgroups[0].controllers, "cpu,cpuacct");
	CHECK_STR(h.cgroups[0].mountpoint, "/c/cpu");
	CHECK_STR(h.cgroups[0].own, "/user");
	CHECK_STR(h.cgroups[1].controllers, "");
}

TEST(nothing_is_a_machine_without_anything)
{
	struct host h;
	struct err err = {0};

	MUST(hostfile_parse("", &h, &err) == 0);
	CHECK_INT(h.layout, CGROUP_NONE);
	CHECK_INT(h.n_cgroups, 0);
	CHECK_INT(h.kernel, 0);
}

TEST(what_is_no_fact)
{
	static const char *const odd[] = {
		"euid",          "euid=",        "euid=-1",          "euid=4294967296",
		"euid=1 ",       " euid=1",      "what=1",           "has_selinux",
		"has_selinux=1", "kernel=6",     "kernel=6.1.2",     "kernel=6.256",
		"layout=v3",     "cgroup=v2 /a", "cgroup=a /b /c d", "caps=xyz",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct host h;
		struct err err = {0};
		char want[200];
		snprintf(want, sizeof(want), "line 1: \"%s\" is no fact about a host", odd[i]);
		CHECK_INT(hostfile_parse(odd[i], &h, &err), -EINVAL);
		CHECK_STR(err.msg, want);
	}
}

TEST(more_than_fits)
{
	auto_(str) struct str many = {0}, line = {0};
	struct host h;
	struct err err = {0};

	for (int i = 0; i <= HOST_CGROUPS_MAX; i++)
		str_addf(&many, "cgroup=c%d /c /\n", i);
	CHECK_INT(hostfile_parse(many.p, &h, &err), -EINVAL);
	CHECK_STR(err.msg, "line 21: \"cgroup=c20 /c /\" is no fact about a host");
	str_add(&line, "v2_controllers=");
	for (int i = 0; i < 300; i++)
		str_add(&line, "cpu ");
	CHECK_INT(hostfile_parse(line.p, &h, &err), -EINVAL);
}
