/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "namespaces/sysctl.h"
#include "runtime/base/str.h"

/* Whether the n bytes at s can be one component of a path, and lead down. */
static bool is_component(const char *s, size_t n)
{
	return n > 0 && strspn(s, "./") < n;
}

int sysctl_path(const char *key, char ret[SYSCTL_PATH_MAX], struct err *err)
{
	static const char base[] = "sys/";
	const char *separator = strpbrk(key, "./");
	size_t n = strlen(key);

	if (!separator)
		return err_say(err, EINVAL, "sysctl \"%s\" is not a name", key);
	if (n + sizeof(base) > SYSCTL_PATH_MAX)
		return err_say(err, ENAMETOOLONG, "a sysctl's name of %zu bytes is too long", n);
	for (const char *at = key;; at++) {
		size_t len = strcspn(at, *separator == '.' ? "." : "/");
		if (!is_component(at, len))
			return err_say(err, EINVAL, "sysctl \"%s\" is not a name", key);
		at += len;
		if (!*at)
			break;
	}
	char *to = ret + sizeof(base) - 1;
	memcpy(ret, base, sizeof(base) - 1);
	for (const char *at = key; *at; at++)
		*to++ = *at == *separator ? '/' : (*at == '.' || *at == '/') ? '.' : *at;
	*to = 0;
	return 0;
}
