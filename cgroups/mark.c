/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "cgroups/mark.h"

enum { MARK_MAX = 4096 };

/* An attribute that a container cannot write, even if the group was given to it; without privilege
 * the other one has to do. */
static const char *const attributes[] = {"trusted.ctr", "user.ctr"};

int cg_mark(const char *dir, const char *mark)
{
	int r = -ENOTSUP;

	for (int i = 0; i < 2 && r < 0; i++)
		r = setxattr(dir, attributes[i], mark, strlen(mark), 0) < 0 ? -errno : 0;
	return r;
}

bool cg_is_marked(const char *dir, const char *mark)
{
	char found[MARK_MAX];

	for (int i = 0; i < 2; i++) {
		ssize_t n = getxattr(dir, attributes[i], found, sizeof(found));
		if (n >= 0)
			return (size_t)n == strlen(mark) && memcmp(found, mark, (size_t)n) == 0;
	}
	return false;
}

bool cg_is_marked_at_all(const char *dir)
{
	char found[MARK_MAX];

	for (int i = 0; i < 2; i++)
		if (getxattr(dir, attributes[i], found, sizeof(found)) > 0)
			return true;
	return false;
}
