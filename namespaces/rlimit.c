/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "namespaces/rlimit.h"
#include "runtime/base/auto.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

/* getrlimit(2); the numbers differ between architectures. */
static const char *const names[] = {
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_STACK] = "RLIMIT_STACK",
};

enum { N_NAMES = sizeof(names) / sizeof(*names), PREFIX = sizeof("RLIMIT_") - 1 };

int rlimit_number(const char *type)
{
	for (int i = 0; i < N_NAMES; i++)
		if (names[i] && str_eq(names[i], type))
			return i;
	return -1;
}

const char *rlimit_name(int resource)
{
	return resource >= 0 && resource < N_NAMES ? names[resource] : NULL;
}

static const char *find_short(const char *name, size_t n)
{
	for (int i = 0; i < N_NAMES; i++)
		if (names[i] && strlen(names[i] + PREFIX) == n &&
		    strncasecmp(names[i] + PREFIX, name, n) == 0)
			return names[i];
	return NULL;
}

static int parse_value(const char *text, uint64_t *ret)
{
	if (!str_eq(text, "-1") && !str_eq(text, "unlimited"))
		return num_u64(text, ret);
	*ret = RLIM_INFINITY;
	return 0;
}

int rlimit_parse(const char *text, struct config_rlimit *ret, struct err *err)
{
	const char *value = strchr(text, '=');
	struct config_rlimit l = {.has_soft = true, .has_hard = true};

	if (!value)
		return err_say(err, EINVAL, "ulimit \"%s\": expected NAME=SOFT[:HARD]", text);
	l.type = find_short(text, (size_t)(value - text));
	if (!l.type)
		return err_say(err, EINVAL, "ulimit \"%s\": no such limit", text);
	value++;
	auto_free char *soft = mem_copy(value, strcspn(value, ":"));
	const char *hard = value[strlen(soft)] ? value + strlen(soft) + 1 : soft;
	if (parse_value(soft, &l.soft) < 0 || parse_value(hard, &l.hard) < 0)
		return err_say(err, EINVAL, "ulimit \"%s\": not a number", text);
	if (l.soft > l.hard)
		return err_say(err, EINVAL, "ulimit \"%s\": the soft limit is above the hard one",
			       text);
	*ret = l;
	return 0;
}
