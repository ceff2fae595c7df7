/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "cmd/signals.h"
#include "runtime/base/str.h"

/* As the kernel counts; glibc's SIGRTMIN is a variable. */
enum { RT_MIN = 34, RT_MAX = 64 };

/* Number of `RTMIN`, `RTMIN+n`, `RTMAX-n`, or -1. */
static int realtime(const char *name)
{
	bool low = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t n = 0;

	if (!low && strncasecmp(name, "RTMAX", 5) != 0)
		return -1;
	name += 5;
	if (*name && (*name != (low ? '+' : '-') || num_max(name + 1, 10, RT_MAX - RT_MIN, &n) < 0))
		return -1;
	return low ? RT_MIN + (int)n : RT_MAX - (int)n;
}

static int named(const char *name)
{
	static const struct {
		int number;
		const char *name;
	} aliases[] = {{SIGABRT, "IOT"}, {SIGCHLD, "CLD"}, {SIGIO, "POLL"}, {SIGSYS, "UNUSED"}};

	for (int sig = 1; sig < RT_MIN; sig++) {
		const char *known = sigabbrev_np(sig);
		if (known && strcasecmp(name, known) == 0)
			return sig;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (strcasecmp(name, aliases[i].name) == 0)
			return aliases[i].number;
	return realtime(name);
}

int signal_number(const char *text, struct err *err)
{
	uint64_t n;

	if (num_max(text, 10, RT_MAX, &n) == 0)
		return (int)n;
	int sig = named(strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text);
	if (sig < 0)
		return err_say(err, EINVAL, "unknown signal \"%.40s\"", text);
	return sig;
}
