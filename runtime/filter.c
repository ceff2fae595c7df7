/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "namespaces/seccomp_cache.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/filter.h"

/* <root>/.seccomp: a name that no container can have. */
static int open_cache(const char *root)
{
	char path[4096];
	int n = root ? snprintf(path, sizeof(path), "%s/.seccomp", root) : -1;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	auto_fd int dir = path_make_dir(root, 0711);
	if (dir < 0 || (mkdirat(dir, ".seccomp", 0700) < 0 && errno != EEXIST))
		return -1;
	return openat(dir, ".seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int filter_get(const struct config *cfg, const struct host *host, const char *root,
	       struct seccomp_filter *ret, struct err *err)
{
	*ret = (struct seccomp_filter){0};
	if (!cfg->linux_ || !cfg->linux_->seccomp)
		return 0;
	const char *strict = config_annotation(cfg, "run.oci.seccomp_fail_unknown_syscall");
	int r = strict && str_eq(strict, "1") ? seccomp_check_names(cfg->linux_->seccomp, err) : 0;
	if (r < 0)
		return r;
	auto_fd int cache = open_cache(root);
	return seccomp_cached(cache, cfg->linux_->seccomp, host, ret, err);
}
