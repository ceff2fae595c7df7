/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/cni_keep.h"
#include "net/cni_run.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"

#define PLACE "cni"

static int open_dir(int at, const char *name, bool makes)
{
	if (makes && mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_place(const struct nets *n, const char *id, bool makes, struct err *err)
{
	auto_fd int place = open_dir(n->defs, PLACE, makes);
	int fd = place < 0 ? place : open_dir(place, id, makes);

	return fd < 0 && fd != -ENOENT ? err_set(err, fd, "open what is kept of container %s", id)
				       : fd;
}

int cni_keep(const struct nets *n, const char *id, const struct wire *wire, struct err *err)
{
	auto_fd int dir = open_place(n, id, true, err);
	struct wire_cni all = *wire->cni;
	struct wire copy = *wire;

	if (dir < 0)
		return dir == -ENOENT ? err_set(err, dir, "keep what container %s has", id) : dir;
	all.begun = (uint32_t)all.n_plugins;
	copy.cni = &all;
	return wire_save(dir, &copy, err);
}

int cni_keep_answer(const struct nets *n, const char *id, int from, struct err *err)
{
	auto_(str) struct str answer = {0};
	auto_fd int dir = open_place(n, id, true, err);
	int r = fd_read_file(from, CNI_ANSWER_FILE, CNI_ANSWER_MAX, &answer);

	if (dir < 0)
		return dir == -ENOENT ? err_set(err, dir, "keep what container %s has", id) : dir;
	if (r >= 0)
		r = fd_replace(dir, CNI_ANSWER_FILE, answer.p ? answer.p : "", answer.len, 0600);
	return r < 0 ? err_set(err, r, "keep what the plugins answered") : 0;
}

int cni_forget(const struct nets *n, const char *id, struct err *err)
{
	auto_fd int place = open_dir(n->defs, PLACE, false);
	int r = place == -ENOENT ? 0 : place < 0 ? place : path_remove_tree(place, id);

	if (r < 0 && r != -ENOENT)
		return err_set(err, r, "forget what is kept of container %s", id);
	unlinkat(n->defs, PLACE, AT_REMOVEDIR); /* with the last one */
	return 0;
}

int cni_kept(const struct nets *n, struct arena *mem, struct words *ret, struct err *err)
{
	int fd = open_dir(n->defs, PLACE, false);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return fd == -ENOENT ? 0 : err_set(err, fd, "open what is kept of containers");
	for (struct dirent *d; (d = readdir(dir));)
		if (path_id_ok(d->d_name))
			words_add(ret, arena_str(mem, d->d_name), mem);
	closedir(dir);
	words_sort(ret);
	return 0;
}

int cni_recall(const struct nets *n, const char *id, struct arena *mem, struct wire **ret,
	       struct err *err)
{
	auto_fd int dir = open_place(n, id, false, err);

	*ret = NULL;
	return dir == -ENOENT ? 0 : dir < 0 ? dir : wire_load(dir, mem, ret, err);
}

int cni_undo(const struct nets *n, const char *id, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_fd int dir = open_place(n, id, false, err);
	struct wire *wire = NULL;
	int r = dir == -ENOENT ? 0 : dir < 0 ? dir : wire_load(dir, &mem, &wire, err);

	if (r == 0 && wire && wire->cni)
		r = cni_down(dir, wire, err);
	return r < 0 ? r : cni_forget(n, id, err);
}
