/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules from the config, their text, and their v1 form. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/devices.h"

/* The two runtimes that callers know add these too. */
static const struct cg_device implicit[] = {
	{'c', true, CG_DEV_MKNOD, -1, -1}, {'b', true, CG_DEV_MKNOD, -1, -1},
	{'c', true, CG_DEV_RWM, 1, 3},    /* null */
	{'c', true, CG_DEV_RWM, 1, 5},    /* zero */
	{'c', true, CG_DEV_RWM, 1, 7},    /* full */
	{'c', true, CG_DEV_RWM, 1, 8},    /* random */
	{'c', true, CG_DEV_RWM, 1, 9},    /* urandom */
	{'c', true, CG_DEV_RWM, 5, 0},    /* tty */
	{'c', true, CG_DEV_RWM, 5, 2},    /* ptmx */
	{'c', true, CG_DEV_RWM, 10, 200}, /* net/tun: useless without CAP_NET_ADMIN */
	{'c', true, CG_DEV_RWM, 136, -1}, /* pts */
};
enum { N_IMPLICIT = sizeof(implicit) / sizeof(*implicit) };

static unsigned access_bits(const char *s)
{
	static const char letters[] = "mrw"; /* bit 0, 1, 2 */
	unsigned bits = 0;

	for (; *s; s++) {
		const char *at = strchr(letters, *s);
		if (!at)
			return 0;
		bits |= 1U << (at - letters);
	}
	return bits;
}

static int number(bool has, int64_t value, int64_t *ret)
{
	if (has && (value < -1 || value > INT32_MAX))
		return -EINVAL;
	*ret = has ? value : -1;
	return 0;
}

static int convert(const struct config_device_rule *rule, struct cg_device *ret)
{
	const char *type = rule->type && *rule->type ? rule->type : "a";

	/* "u" is mknod(1)'s other word for "c". */
	*ret = (struct cg_device){.type = *type == 'u' ? 'c' : *type,
				  .allow = rule->allow,
				  .access = access_bits(rule->access ? rule->access : "")};
	if (type[1] || !strchr("abc", ret->type) || !ret->access)
		return -EINVAL;
	return number(rule->has_major, rule->major, &ret->major) < 0 ||
			       number(rule->has_minor, rule->minor, &ret->minor) < 0
		       ? -EINVAL
		       : 0;
}

int cg_devices(struct arena *mem, const struct config_device_rule *rules, size_t n,
	       struct cg_device **ret, size_t *n_ret, struct err *err)
{
	struct cg_device *list = arena_zalloc(mem, n + N_IMPLICIT, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		if (convert(&rules[i], &list[i]) < 0)
			return err_say(
				err, EINVAL,
				"linux.resources.devices[%zu]: expected type a, b or c, access "
				"of r, w and m, and numbers from 0 on, or -1 for any",
				i);
	memcpy(list + n, implicit, sizeof(implicit));
	*ret = list;
	*n_ret = n + N_IMPLICIT;
	return 0;
}

static void number_text(int64_t value, char *buf, size_t size)
{
	if (value < 0)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%" PRId64, value);
}

void cg_device_text(const struct cg_device *dev, char *buf)
{
	char major[24], minor[24];

	number_text(dev->major, major, sizeof(major));
	number_text(dev->minor, minor, sizeof(minor));
	snprintf(buf, CG_DEVICE_TEXT, "%c %s:%s %s%s%s", dev->type, major, minor,
		 dev->access & CG_DEV_READ ? "r" : "", dev->access & CG_DEV_WRITE ? "w" : "",
		 dev->access & CG_DEV_MKNOD ? "m" : "");
}

int cg_device_parse(const char *line, size_t len, struct cg_device *ret)
{
	char buf[CG_DEVICE_TEXT], type, major[16], minor[16], access[8];
	struct cg_device dev = {.allow = true, .major = -1, .minor = -1};

	if (len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, line, len);
	buf[len] = '\0';
	if (sscanf(buf, "%c %15[0-9*]:%15[0-9*] %7s", &type, major, minor, access) != 4)
		return -EINVAL;
	dev.type = type;
	dev.access = access_bits(access);
	if (*major != '*')
		dev.major = strtol(major, NULL, 10);
	if (*minor != '*')
		dev.minor = strtol(minor, NULL, 10);
	if (!strchr("abc", type) || !dev.access)
		return -EINVAL;
	*ret = dev;
	return 0;
}

/* Do the device numbers of `wide` include all those of `narrow`? Same type taken for granted. */
static bool covers(const struct cg_device *wide, const struct cg_device *narrow)
{
	return (wide->major < 0 || wide->major == narrow->major) &&
	       (wide->minor < 0 || wide->minor == narrow->minor);
}

static bool overlaps(const struct cg_device *a, const struct cg_device *b)
{
	return (a->major < 0 || b->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

/* "All but …" in the making. */
struct exceptions {
	bool allow_all;
	struct cg_device *items;
	size_t n;
};

/* One rule of type b or c. The kernel compares a request with one exception at a time, so all the
 * accesses of one device must stand in one exception. */
static int add(struct exceptions *list, const struct cg_device *rule)
{
	struct cg_device *same = NULL;

	for (size_t i = 0; i < list->n; i++) {
		struct cg_device *item = &list->items[i];
		if (item->type != rule->type || !overlaps(item, rule))
			continue;
		if (item->major == rule->major && item->minor == rule->minor)
			same = item;
		if (rule->allow != list->allow_all)
			continue;
		/* It takes exceptions back: those that it covers, but never a part of one. */
		if (covers(rule, item))
			item->access &= ~rule->access;
		else if (item->access & rule->access)
			return -ENOTSUP;
	}
	if (rule->allow == list->allow_all)
		return 0;
	if (!same) {
		same = &list->items[list->n++];
		*same = *rule;
	}
	same->access |= rule->access;
	return 0;
}

static int add_any(struct exceptions *list, const struct cg_device *rule)
{
	struct cg_device part = *rule;

	if (rule->type != 'a')
		return add(list, rule);
	if (rule->major < 0 && rule->minor < 0 && rule->access == CG_DEV_RWM) {
		list->allow_all = rule->allow;
		list->n = 0;
		return 0;
	}
	/* v1 takes "a" for everything, whatever follows it. */
	part.type = 'b';
	int r = add(list, &part);
	part.type = 'c';
	return r < 0 ? r : add(list, &part);
}

static int refuse(const struct cg_device *rule, struct err *err)
{
	char text[CG_DEVICE_TEXT];

	cg_device_text(rule, text);
	err_say(err, ENOTSUP,
		"linux.resources.devices: cgroup v1 cannot take \"%s\" out of a wider rule before it",
		text);
	err_hint(err, "list the devices one by one, or use cgroup v2");
	err_code(err, "cgroup-unsupported");
	return -ENOTSUP;
}

int cg_devices_v1(struct arena *mem, const struct cg_device *rules, size_t n,
		  struct cg_device **ret, size_t *n_ret, struct err *err)
{
	struct cg_device *out = arena_zalloc(mem, 2 * n + 1, sizeof(*out));
	struct exceptions list = {.items = out + 1};
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (add_any(&list, &rules[i]) < 0)
			return refuse(&rules[i], err);
	if (list.allow_all)
		out[kept++] = (struct cg_device){'a', true, CG_DEV_RWM, -1, -1};
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].access)
			out[kept++] = list.items[i];
	*ret = out;
	*n_ret = kept;
	return 0;
}
