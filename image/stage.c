/* SPDX-License-Identifier: Apache-2.0 */
/* tmp/ of the store: what is being made there, and what of it becomes part of the store. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/store.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"

/* A directory whose maker is gone is unlocked. */
static void sweep(int tmp)
{
	int copy = openat(tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return;
	}
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		auto_fd int fd =
			openat(tmp, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			path_remove_tree(tmp, e->d_name);
	}
	closedir(dir);
}

static int make_locked(int tmp, struct stage *g)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(g->name, sizeof(g->name), "%d-%016llx", (int)getpid(), (unsigned long long)random);
	if (mkdirat(tmp, g->name, 0700) < 0)
		return -errno;
	g->fd = openat(tmp, g->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->fd < 0 || flock(g->fd, LOCK_EX) < 0)
		return -errno;
	return 0;
}

int stage_open(const struct store *s, struct stage *ret, struct err *err)
{
	struct stage g = {.store = s, .fd = -1};
	auto_fd int tmp = openat(s->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (tmp < 0)
		return err_set(err, errno, "open %s/tmp", s->dir);
	/* Whoever sweeps holds this: between its making and its lock a directory has no owner. */
	if (flock(tmp, LOCK_EX) < 0)
		return err_set(err, errno, "lock %s/tmp", s->dir);
	sweep(tmp);
	int r = make_locked(tmp, &g);
	if (r < 0)
		return err_set(err, r, "make a directory in %s/tmp", s->dir);
	*ret = g;
	return 0;
}

void stage_clear(struct stage *g)
{
	if (g->fd < 0)
		return;
	auto_fd int tmp = openat(g->store->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tmp >= 0)
		path_remove_tree(tmp, g->name);
	close(g->fd);
	*g = (struct stage)STAGE_NONE;
}

int stage_sync(const struct stage *g, struct err *err)
{
	return syncfs(g->fd) < 0 ? err_set(err, errno, "write %s to disk", g->store->dir) : 0;
}

int stage_commit(const struct stage *g, const char *from, const char *to, struct err *err)
{
	if (renameat(g->fd, from, g->store->fd, to) == 0)
		return 0;
	/* A directory that is not empty is not replaced: somebody was quicker with the same. */
	if (errno == ENOTEMPTY || errno == EEXIST)
		return 0;
	return err_set(err, errno, "move %s to %s/%s", from, g->store->dir, to);
}

int stage_put_named(const struct stage *g, const char *digest, const void *p, size_t n,
		    struct err *err)
{
	auto_(arena) struct arena mem = {0};

	if (store_has_blob(g->store, digest, n))
		return 0;
	auto_fd int fd =
		openat(g->fd, digest_hex(digest), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, errno, "make a blob");
	int r = fd_write_all(fd, p, n);
	if (r < 0 || (r = fdatasync(fd) < 0 ? -errno : 0) < 0)
		return err_set(err, r, "write a blob");
	return stage_commit(g, digest_hex(digest), store_blob_path(digest, &mem), err);
}

int stage_put_blob(const struct stage *g, const void *p, size_t n, char *ret_digest,
		   struct err *err)
{
	digest_of(p, n, ret_digest);
	return stage_put_named(g, ret_digest, p, n, err);
}
