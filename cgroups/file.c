/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"

static int join(char *path, const char *dir, const char *file)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, file);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int cg_file_read(const char *dir, const char *file, char *buf, size_t size)
{
	char path[PATH_MAX];
	int r = join(path, dir, file);

	if (r < 0)
		return r;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (int)n;
}

int cg_file_write(const char *dir, const char *file, const char *value)
{
	char path[PATH_MAX];
	int r = join(path, dir, file);

	return r < 0 ? r : fd_put(AT_FDCWD, path, value);
}

int cg_file_u64(const char *dir, const char *file, uint64_t *ret)
{
	char buf[64];
	int r = cg_file_read(dir, file, buf, sizeof(buf));

	if (r < 0)
		return r;
	if (str_eq(buf, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return num_u64(buf, ret);
}

int cg_text_key(const char *text, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) != 0 || line[n] != ' ')
			continue;
		*ret = strtoull(line + n + 1, NULL, 10);
		return 0;
	}
	return -ENODATA;
}

int cg_file_key(const char *dir, const char *file, const char *key, uint64_t *ret)
{
	char buf[1024] = "";
	int r = cg_file_read(dir, file, buf, sizeof(buf));

	return r < 0 ? r : cg_text_key(buf, key, ret);
}
