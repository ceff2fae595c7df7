/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <time.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/own_clock.h"
#include "runtime/probe.h"

/* include/linux/proc_ns.h: the first namespaces, since Linux 3.8 and 5.6 */
enum { PROC_USER_INIT_INO = 0xEFFFFFFD, PROC_TIME_INIT_INO = 0xEFFFFFFA };

static bool copy(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size)
		return false;
	memcpy(to, from, n);
	to[n] = 0;
	return true;
}

/* The controllers of a v1 mount stand among its super block options, after words that are not. */
static void keep_controllers(char *to, size_t size, const char *options)
{
	static const char *const not [] = {"rw",       "ro",  "xattr", "clone_children",
					   "noprefix", "none"};
	auto_free char *text = mem_copy(options, strlen(options));
	size_t used = 0;

	*to = 0;
	for (char *save = NULL, *w = strtok_r(text, ",", &save); w;
	     w = strtok_r(NULL, ",", &save)) {
		bool skip = str_starts(w, "release_agent=");
		for (size_t i = 0; i < sizeof(not ) / sizeof(*not ); i++)
			skip |= str_eq(w, not [i]);
		if (skip)
			continue;
		int n = snprintf(to + used, size - used, "%s%s", used ? "," : "", w);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

/* One line of proc(5)'s mountinfo: "36 35 98:0 / /mnt opts shared:1 - type source super". */
static void take_mount(char *line, struct host *h)
{
	char *dash = strstr(line, " - "), *save = NULL, *field[5] = {0};
	char type[32], super[256];

	if (!dash || h->n_cgroups == HOST_CGROUPS_MAX ||
	    sscanf(dash, " - %31s %*s %255s", type, super) != 2 || !str_starts(type, "cgroup"))
		return;
	*dash = 0;
	for (unsigned i = 0; i < 5; i++)
		field[i] = strtok_r(i ? NULL : line, " ", &save);
	struct host_cgroup *g = &h->cgroups[h->n_cgroups];
	if (!field[4] || !copy(g->mountpoint, sizeof(g->mountpoint), field[4], strlen(field[4])))
		return;
	if (str_eq(type, "cgroup"))
		keep_controllers(g->controllers, sizeof(g->controllers), super);
	else
		*g->controllers = 0;
	/* A hierarchy that is mounted twice is one hierarchy. */
	for (unsigned i = 0; i < h->n_cgroups; i++)
		if (str_eq(h->cgroups[i].controllers, g->controllers))
			return;
	snprintf(g->own, sizeof(g->own), "/");
	h->n_cgroups++;
}

void probe_mountinfo(const char *text, struct host *h)
{
	auto_free char *copy_of = mem_copy(text, strlen(text));
	bool v1 = false, v2 = false;

	for (char *save = NULL, *line = strtok_r(copy_of, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		take_mount(line, h);
	for (unsigned i = 0; i < h->n_cgroups; i++) {
		bool named = str_starts(h->cgroups[i].controllers, "name=");
		v2 |= !*h->cgroups[i].controllers;
		v1 |= *h->cgroups[i].controllers && !named;
	}
	h->layout = v1 && v2 ? CGROUP_HYBRID : v1 ? CGROUP_V1 : v2 ? CGROUP_V2 : CGROUP_NONE;
}

/* "4:memory:/path" and "0::/path". */
void probe_own_cgroups(const char *text, struct host *h)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		const char *name = memchr(line, ':', len);
		const char *path =
			name ? memchr(name + 1, ':', len - (size_t)(name + 1 - line)) : NULL;
		for (unsigned i = 0; path && i < h->n_cgroups; i++) {
			struct host_cgroup *g = &h->cgroups[i];
			size_t n = (size_t)(path - name - 1);
			if (strlen(g->controllers) == n && !memcmp(g->controllers, name + 1, n))
				copy(g->own, sizeof(g->own), path + 1,
				     len - (size_t)(path + 1 - line));
		}
		line += len + (line[len] == '\n');
	}
}

static int probe_cgroups(struct host *h, struct err *err)
{
	auto_(str) struct str text = {0}, own = {0};
	struct statfs fs;
	int r = 0;

	/* On a v2 host there is one mount, in one place: no need to read them all. */
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		h->layout = CGROUP_V2;
		h->n_cgroups = 1;
		h->cgroups[0] = (struct host_cgroup){.mountpoint = "/sys/fs/cgroup", .own = "/"};
	} else {
		r = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text);
		if (r < 0)
			return err_set(err, r, "read /proc/self/mountinfo");
		probe_mountinfo(text.p ? text.p : "", h);
	}
	r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &own);
	if (r < 0)
		return err_set(err, r, "read /proc/self/cgroup");
	probe_own_cgroups(own.p ? own.p : "", h);
	return 0;
}

static void probe_controllers(struct host *h)
{
	for (unsigned i = 0; i < h->n_cgroups; i++) {
		auto_(str) struct str text = {0};
		char path[256];
		if (*h->cgroups[i].controllers)
			continue;
		snprintf(path, sizeof(path), "%s/cgroup.controllers", h->cgroups[i].mountpoint);
		if (fd_read_file(AT_FDCWD, path, 4096, &text) == 0 && text.len)
			snprintf(h->v2_controllers, sizeof(h->v2_controllers), " %.*s ",
				 (int)strcspn(text.p, "\n"), text.p);
	}
}

bool probe_in_userns(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != PROC_USER_INIT_INO;
}

/* The value of "NAME:\t…" in the text of /proc/self/status, or of its n-th word; without one all bits
 * are set: an id that no user has. */
static uint64_t status_value(const char *text, const char *name, unsigned n, int base)
{
	const char *at = strstr(text, name);

	if (!at)
		return UINT64_MAX;
	for (at += strlen(name); n > 0; n--)
		at += strcspn(at, "\t\n") + 1;
	return strtoull(at, NULL, base);
}

void probe_status(const char *text, struct host *h)
{
	enum { EFFECTIVE = 1 }; /* of the real, effective, saved and file system id */

	h->euid = (uid_t)status_value(text, "\nUid:\t", EFFECTIVE, 10);
	h->egid = (gid_t)status_value(text, "\nGid:\t", EFFECTIVE, 10);
	h->caps = status_value(text, "\nCapPrm:\t", 0, 16);
	h->has_sys_resource = status_value(text, "\nCapEff:\t", 0, 16) >> CAP_SYS_RESOURCE & 1;
	h->ignored_signals = status_value(text, "\nSigIgn:\t", 0, 16);
}

static int probe_identity(struct host *h, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(AT_FDCWD, "/proc/self/status", 1 << 16, &text);

	if (r < 0)
		return err_set(err, r, "read /proc/self/status");
	probe_status(text.p ? text.p : "", h);
	h->in_userns = probe_in_userns();
	return 0;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The offsets of a time namespace are those to the machine's clocks, not to its maker's. */
void host_probe_clock(struct host *h)
{
	struct timespec t = {0};
	struct stat st;
	int64_t offset = 0;

	h->has_time_ns = stat("/proc/self/ns/time", &st) == 0;
	if (h->has_time_ns && st.st_ino != PROC_TIME_INIT_INO)
		offset = own_clock_offset_of(getpid());
	clock_gettime(CLOCK_BOOTTIME, &t);
	h->uptime = (uint64_t)(t.tv_sec - offset);
}

int host_probe_process(struct host *ret, struct err *err)
{
	struct host h = {0};
	struct utsname name;
	unsigned major = 0, minor = 0;

	int r = probe_identity(&h, err);
	if (r < 0)
		return r;
	if (uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2)
		h.kernel = major << 16 | minor << 8;
	if (h.kernel < (5 << 16 | 12 << 8)) {
		err_say(err, ENOTSUP, "Linux %s is too old", name.release);
		err_hint(err, "ctr needs Linux 5.12 (mount_setattr) or newer");
		return -ENOTSUP;
	}
	h.has_apparmor = is_there("/sys/kernel/security/apparmor");
	h.has_selinux = is_there("/sys/fs/selinux/enforce");
	host_probe_clock(&h);
	h.runs_systemd = is_there("/run/systemd/system");
	*ret = h;
	return 0;
}

int host_probe(struct host *ret, struct err *err)
{
	struct host h;
	int r = host_probe_process(&h, err);

	if (r < 0 || (r = probe_cgroups(&h, err)) < 0)
		return r;
	probe_controllers(&h);
	struct statfs fs;
	h.has_resctrl = statfs("/sys/fs/resctrl", &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC;
	*ret = h;
	return 0;
}
