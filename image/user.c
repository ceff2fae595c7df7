/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/user.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

/* O_NONBLOCK: opening a fifo must not wait for its writer. */
static int read_file(struct user_roots roots, const char *path, struct str *ret, struct err *err)
{
	struct stat st;
	auto_fd int fd = -ENOENT;

	for (size_t i = 0; i < roots.n && fd == -ENOENT; i++)
		fd = path_open_in(roots.fds[i], path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	/* ENXIO: the node 0:0 with which a layer deletes it. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ENXIO)
		return 0;
	if (fd < 0)
		return err_set(err, fd, "open the image's %s", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, errno, "look at the image's %s", path);
	if (!S_ISREG(st.st_mode))
		return err_say(err, EINVAL, "the image's %s is not a regular file", path);
	int r = fd_read_all(fd, PASSWD_FILE_MAX, ret);
	return r < 0 ? err_set(err, r, "read the image's %s", path) : 0;
}

int user_lookup(struct user_roots roots, const char *spec, struct arena *mem,
		struct passwd_user *ret, struct err *err)
{
	auto_(str) struct str passwd = {0}, group = {0};

	int r = read_file(roots, "/etc/passwd", &passwd, err);
	if (r < 0 || (r = read_file(roots, "/etc/group", &group, err)) < 0)
		return r;
	return passwd_lookup(spec, (struct passwd_text){passwd.p, passwd.len},
			     (struct passwd_text){group.p, group.len}, mem, ret, err);
}

void user_set(struct config_user *user, const struct passwd_user *found)
{
	user->uid = found->uid;
	user->gid = found->gid;
	user->has_uid = user->has_gid = true;
	user->additional_gids = found->groups;
	user->n_additional_gids = found->n_groups;
}

int user_add_group(struct user_roots roots, const char *group, struct arena *mem,
		   struct config_user *user, struct err *err)
{
	struct passwd_user found;
	const char *spec = arena_printf(mem, "0:%s", group);
	size_t n = user->n_additional_gids;

	int r = user_lookup(roots, spec, mem, &found, err);
	if (r < 0)
		return err_wrap(err, "group \"%.60s\"", group);
	uint32_t *all = arena_zalloc(mem, n + 1, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		all[i] = user->additional_gids[i];
		if (all[i] == found.gid)
			return 0;
	}
	all[n] = found.gid;
	user->additional_gids = all;
	user->n_additional_gids = n + 1;
	return 0;
}
