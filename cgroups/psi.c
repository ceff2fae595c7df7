/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/psi.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void pressure(const char *text, const char *kind, struct cg_pressure *ret)
{
	const char *line = strstr(text, kind), *end = line ? strchr(line, '\n') : NULL;
	const struct {
		const char *key;
		double *value;
	} fields[] = {{"avg10=", &ret->avg10}, {"avg60=", &ret->avg60}, {"avg300=", &ret->avg300}};

	for (size_t i = 0; line && i < 3; i++) {
		const char *at = strstr(line, fields[i].key);
		if (at && (!end || at < end))
			*fields[i].value = strtod(at + strlen(fields[i].key), NULL);
	}
	const char *total = line ? strstr(line, "total=") : NULL;
	if (total && (!end || total < end))
		ret->total = strtoull(total + strlen("total="), NULL, 10);
}

void cg_psi_parse(const char *text, struct cg_psi *ret)
{
	*ret = (struct cg_psi){.is_known = true};
	pressure(text, "some", &ret->some);
	pressure(text, "full", &ret->full);
}

void cg_psi_read(const char *dir, const char *file, struct cg_psi *ret)
{
	char buf[512];

	*ret = (struct cg_psi){0};
	if (cg_file_read(dir, file, buf, sizeof(buf)) > 0)
		cg_psi_parse(buf, ret);
}

int cg_psi_watch(const char *const *names, size_t n, const struct cg_psi_trigger *t,
		 struct err *err)
{
	const char *dir = cg_name_find(names, n, "");
	char path[PATH_MAX], line[64];

	if (!dir)
		return err_say(
			err, ENOTSUP,
			"the container has no group in cgroup v2, which alone knows pressure");
	snprintf(path, sizeof(path), "%s/%s.pressure", dir, t->resource);
	auto_fd int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == EOPNOTSUPP))
		return err_say(err, ENOTSUP, "this kernel does not account for pressure (psi=1)");
	if (fd < 0)
		return err_set(err, errno, "open %s", path);
	int len = snprintf(line, sizeof(line), "%s %u %u", t->full ? "full" : "some", t->stall_us,
			   t->window_us);
	if (write(fd, line, (size_t)len + 1) >= 0) /* with its end */
		return steal_fd(&fd);
	err_set(err, errno, "write \"%s\" to %s", line, path);
	if (errno == EINVAL)
		err_hint(err, "without CAP_SYS_RESOURCE the window has to be a multiple of 2s");
	return -err->num;
}

/* The file as inotify knows it: its watch ends (IN_IGNORED) with the group. */
static int watch_v2(const char *dir, struct cg_oom *ret, struct err *err)
{
	char path[PATH_MAX];
	auto_fd int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	snprintf(path, sizeof(path), "%s/memory.events", dir);
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return err_set(err, errno, "watch %s", path);
	ret->source = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->source < 0)
		return err_set(err, errno, "open %s", dir);
	cg_file_key(dir, "memory.events", "oom_kill", &ret->kills);
	ret->fd = steal_fd(&fd);
	return 0;
}

/* Documentation/admin-guide/cgroup-v1/memory.rst, 10: an eventfd tied to memory.oom_control. */
static int watch_v1(const char *dir, struct cg_oom *ret, struct err *err)
{
	char path[PATH_MAX], line[64];
	auto_fd int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	snprintf(path, sizeof(path), "%s/memory.oom_control", dir);
	ret->source = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ret->source < 0)
		return err_set(err, errno, "watch %s", path);
	snprintf(line, sizeof(line), "%d %d", fd, ret->source);
	int r = cg_file_write(dir, "cgroup.event_control", line);
	if (r < 0)
		return err_set(err, r, "watch %s", path);
	ret->kills = UINT64_MAX;
	ret->fd = steal_fd(&fd);
	return 0;
}

int cg_oom_watch(const char *const *names, size_t n, struct cg_oom *ret, struct err *err)
{
	struct cg_oom oom = {.fd = -1, .source = -1};
	const char *v1 = cg_name_find(names, n, "memory"), *v2 = cg_name_find(names, n, "");

	if (!v1 && !v2)
		return err_say(err, ENOTSUP, "the container has no memory cgroup");
	int r = v1 ? watch_v1(v1, &oom, err) : watch_v2(v2, &oom, err);
	if (r < 0)
		cg_oom_clear(&oom);
	else
		*ret = oom;
	return r;
}

static int next_v2(struct cg_oom *oom)
{
	char buf[4096] __attribute__((aligned(8)));
	char dir[64];
	uint64_t kills;

	while (read(oom->fd, buf, sizeof(buf)) > 0)
		;
	snprintf(dir, sizeof(dir), "/proc/self/fd/%d", oom->source);
	if (cg_file_key(dir, "memory.events", "oom_kill", &kills) < 0)
		return -ENODEV;
	int n = (int)(kills - oom->kills);
	oom->kills = kills;
	return n;
}

static int next_v1(struct cg_oom *oom)
{
	char buf[256];
	uint64_t count;

	if (read(oom->fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	/* The kernel rings once more when the group is removed; its files then fail. */
	if (pread(oom->source, buf, sizeof(buf), 0) < 0)
		return -ENODEV;
	return (int)count;
}

int cg_oom_next(struct cg_oom *oom)
{
	return oom->kills == UINT64_MAX ? next_v1(oom) : next_v2(oom);
}

bool cg_oom_struck(const char *const *names, size_t n)
{
	const char *v1 = cg_name_find(names, n, "memory"), *v2 = cg_name_find(names, n, "");
	uint64_t kills = 0;

	if (v1)
		cg_file_key(v1, "memory.oom_control", "oom_kill", &kills);
	else if (v2)
		cg_file_key(v2, "memory.events", "oom_kill", &kills);
	return kills != 0;
}

void cg_oom_clear(struct cg_oom *oom)
{
	auto_close_fd(&oom->fd);
	auto_close_fd(&oom->source);
	*oom = (struct cg_oom){.fd = -1, .source = -1};
}
