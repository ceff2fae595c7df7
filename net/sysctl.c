/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "net/sysctl.h"
#include "runtime/base/fd.h"

#define SIX "/proc/sys/net/ipv6/conf"

static bool is_value(const char *path, const char *value)
{
	auto_(str) struct str text = {0};

	return fd_read_file(AT_FDCWD, path, 64, &text) == 0 && text.p &&
	       strncmp(text.p, value, strlen(value)) == 0;
}

/* Writes only what is not so already: the file may be read-only, and that be right. */
static int set(const char *path, const char *value, struct err *err)
{
	if (is_value(path, value))
		return 0;
	int r = fd_put(AT_FDCWD, path, value);
	if (r < 0) {
		err_set(err, r, "write %s to %s", value, path);
		err_hint(err, "let whoever manages this machine set it");
	}
	return r;
}

bool sysctl_has_six(void)
{
	return is_value(SIX "/all/disable_ipv6", "0");
}

bool sysctl_filters_bridges(void)
{
	return is_value("/proc/sys/net/bridge/bridge-nf-call-iptables", "1") ||
	       is_value("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "1");
}

static void keep_learning(void)
{
	DIR *dir = opendir(SIX);
	char path[300];

	for (struct dirent *d; dir && (d = readdir(dir));) {
		snprintf(path, sizeof(path), SIX "/%.200s/accept_ra", d->d_name);
		if (*d->d_name != '.' && is_value(path, "1"))
			fd_put(AT_FDCWD, path, "2");
	}
	if (dir)
		closedir(dir);
}

int sysctl_forward(bool six, struct err *err)
{
	int r = set("/proc/sys/net/ipv4/ip_forward", "1", err);

	if (r < 0 || !six || is_value(SIX "/all/forwarding", "1"))
		return r;
	keep_learning();
	return set(SIX "/all/forwarding", "1", err);
}

int sysctl_bridge(const char *link, bool six, struct err *err)
{
	char path[100];

	snprintf(path, sizeof(path), SIX "/%.20s", link);
	if (access(path, F_OK) < 0)
		return 0; /* a kernel without IPv6 */
	snprintf(path, sizeof(path), SIX "/%.20s/disable_ipv6", link);
	int r = set(path, six ? "0" : "1", err);
	snprintf(path, sizeof(path), SIX "/%.20s/accept_ra", link);
	if (r < 0 || (r = set(path, "0", err)) < 0)
		return r;
	/* Nobody else has its address: the first packet need not wait until that is certain. */
	snprintf(path, sizeof(path), SIX "/%.20s/accept_dad", link);
	return set(path, "0", err);
}

void sysctl_closed(void)
{
	static const char *const rows[][2] = {
		{"accept_ra", "0"},
		{"accept_redirects", "0"},
		{"addr_gen_mode", "1"},
	};
	char path[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(path, sizeof(path), SIX "/default/%s", rows[i][0]);
		fd_put(AT_FDCWD, path, rows[i][1]);
	}
}
