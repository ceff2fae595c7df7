/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/self.h"
#include "runtime/base/str.h"

int self_path(char *ret, size_t size, struct err *err)
{
	static const char deleted[] = " (deleted)"; /* an upgrade was faster than we are */
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);

	if (n < 0)
		return err_set(err, errno, "find out where ctr is");
	ret[n] = 0;
	if (str_ends(ret, deleted))
		ret[(size_t)n - strlen(deleted)] = 0;
	return 0;
}

int self_dir(char *ret, size_t size, struct err *err)
{
	int r = self_path(ret, size, err);
	char *slash = r < 0 ? NULL : strrchr(ret, '/');

	if (slash)
		*slash = 0;
	return r;
}
