/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/hostfile.h"

enum { LINE_MAX_BYTES = 1024 };

static int read_bool(void *to, const char *value)
{
	bool yes = str_eq(value, "yes");

	*(bool *)to = yes;
	return yes || str_eq(value, "no") ? 0 : -EINVAL;
}

static int read_id(void *to, const char *value)
{
	uint64_t id = 0;
	int r = num_max(value, 10, UINT32_MAX, &id);

	*(uint32_t *)to = (uint32_t)id;
	return r;
}

static int read_caps(void *to, const char *value)
{
	return num_max(value, 16, UINT64_MAX, to);
}

static int read_number(void *to, const char *value)
{
	return num_max(value, 10, UINT64_MAX, to);
}

static int read_kernel(void *to, const char *value)
{
	unsigned major, minor;
	int end = 0;

	if (sscanf(value, "%3u.%3u%n", &major, &minor, &end) != 2 || value[end] || minor > 255)
		return -EINVAL;
	*(uint32_t *)to = major << 16 | minor << 8;
	return 0;
}

static int read_layout(void *to, const char *value)
{
	static const char *const words[] = {
		[CGROUP_NONE] = "none",
		[CGROUP_V2] = "v2",
		[CGROUP_V1] = "v1",
		[CGROUP_HYBRID] = "hybrid",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(value, words[i])) {
			*(enum cgroup_layout *)to = (enum cgroup_layout)i;
			return 0;
		}
	return -EINVAL;
}

static int read_controllers(void *to, const char *value)
{
	size_t size = sizeof(((struct host *)NULL)->v2_controllers);
	int n = snprintf(to, size, " %s ", value);

	return n > 0 && (size_t)n < size ? 0 : -EINVAL;
}

static int read_cgroup(void *host, const char *value)
{
	struct host *h = host;
	struct host_cgroup g = {0};
	int end = 0;

	if (h->n_cgroups == HOST_CGROUPS_MAX ||
	    sscanf(value, "%63s %127s %255s%n", g.controllers, g.mountpoint, g.own, &end) != 3 ||
	    value[end])
		return -EINVAL;
	if (str_eq(g.controllers, "v2"))
		*g.controllers = '\0';
	h->cgroups[h->n_cgroups++] = g;
	return 0;
}

static const struct {
	const char *key;
	int (*read)(void *to, const char *value);
	size_t offset;
} facts[] = {
	{"euid", read_id, offsetof(struct host, euid)},
	{"egid", read_id, offsetof(struct host, egid)},
	{"in_userns", read_bool, offsetof(struct host, in_userns)},
	{"has_sys_resource", read_bool, offsetof(struct host, has_sys_resource)},
	{"caps", read_caps, offsetof(struct host, caps)},
	{"kernel", read_kernel, offsetof(struct host, kernel)},
	{"has_apparmor", read_bool, offsetof(struct host, has_apparmor)},
	{"has_selinux", read_bool, offsetof(struct host, has_selinux)},
	{"has_time_ns", read_bool, offsetof(struct host, has_time_ns)},
	{"uptime", read_number, offsetof(struct host, uptime)},
	{"has_resctrl", read_bool, offsetof(struct host, has_resctrl)},
	{"runs_systemd", read_bool, offsetof(struct host, runs_systemd)},
	{"layout", read_layout, offsetof(struct host, layout)},
	{"v2_controllers", read_controllers, offsetof(struct host, v2_controllers)},
	{"cgroup", read_cgroup, 0},
};

static int read_fact(struct host *h, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		if (str_eq(line, facts[i].key))
			return facts[i].read((char *)h + facts[i].offset, value);
	return -EINVAL;
}

int hostfile_parse(const char *text, struct host *ret, struct err *err)
{
	struct host h = {0};

	for (unsigned n = 1; *text; n++) {
		char line[LINE_MAX_BYTES];
		size_t len = strcspn(text, "\n");
		int r = len < sizeof(line) ? 0 : -EINVAL;
		if (r == 0 && len && *text != '#') {
			memcpy(line, text, len);
			line[len] = '\0';
			r = read_fact(&h, line);
		}
		if (r < 0)
			return err_say(err, EINVAL, "line %u: \"%.*s\" is no fact about a host", n,
				       (int)(len < 80 ? len : 80), text);
		text += len + (text[len] == '\n');
	}
	*ret = h;
	return 0;
}
