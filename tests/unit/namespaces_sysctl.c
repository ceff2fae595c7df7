/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "namespaces/sysctl.h"
#include "tests/lib/test.h"

static void is_path(const char *key, const char *path)
{
	char found[SYSCTL_PATH_MAX];
	struct err err = {0};

	CHECK_INT(sysctl_path(key, found, &err), 0);
	CHECK_STR(err.msg, "");
	CHECK_STR(found, path);
}

static void is_wrong(const char *key, int code)
{
	char found[SYSCTL_PATH_MAX];
	struct err err = {0};

	CHECK_INT(sysctl_path(key, found, &err), code);
}

TEST(both_separators)
{
	is_path("net.ipv4.ip_forward", "sys/net/ipv4/ip_forward");
	is_path("net/ipv4/ip_forward", "sys/net/ipv4/ip_forward");
	is_path("net.ipv4.conf.eth0/1.arp_filter", "sys/net/ipv4/conf/eth0.1/arp_filter");
	is_path("net/ipv4/conf/eth0.1/arp_filter", "sys/net/ipv4/conf/eth0.1/arp_filter");
	is_path("kernel.shm_rmid_forced", "sys/kernel/shm_rmid_forced");
}

TEST(nothing_leads_out)
{
	static const char *const wrong[] = {
		"",     ".",      "/",      "shmmax",      "kernel.", ".kernel", "a..b",  "a//b",
		"/a/b", "a/../b", "a/./b",  "a/b/..",      "../a",    "a.//.b",  "a./.b", "a/b/",
		"a.b.", "..",     "net/..", "net/../../x", "a.//",    "a/...",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		is_wrong(wrong[i], -EINVAL);
}

TEST(length)
{
	char key[300];

	memset(key, 'a', sizeof(key));
	key[1] = '.';
	key[SYSCTL_PATH_MAX - 5] = 0; /* "sys/" and the end still fit */
	char found[SYSCTL_PATH_MAX];
	struct err err = {0};
	CHECK_INT(sysctl_path(key, found, &err), 0);
	CHECK_INT(strlen(found), SYSCTL_PATH_MAX - 1);
	key[SYSCTL_PATH_MAX - 5] = 'a';
	key[SYSCTL_PATH_MAX - 4] = 0;
	is_wrong(key, -ENAMETOOLONG);
}
