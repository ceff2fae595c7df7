/* SPDX-License-Identifier: Apache-2.0 */
/* Files and nodes, all below descriptors. */
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/init/exec.h"

int op_open(struct exec *x, const struct op *op)
{
	int fd = walk_openat2(exec_fd(x, op->fd), exec_str(x, op), op->a, op->b);

	return fd < 0 ? fd : exec_put(x, op->ret, fd);
}

int op_close(struct exec *x, const struct op *op)
{
	/* Inherited slots are numbered in a row, and what operations have opened since may lie in the
	 * gap that the image left. */
	for (int i = op->fd; op->a && i < OP_SLOTS; i++)
		x->slot[i] = SLOT_EMPTY;
	if (!op->a) {
		if (exec_fd(x, op->fd) >= 0)
			close(x->slot[op->fd]);
		if (op->fd >= 0)
			x->slot[op->fd] = SLOT_EMPTY;
		return 0;
	}
	const unsigned first = x->image->first_fd;
	if (op->fd > SLOT_PLAN + 1 && sys_close_range(first + SLOT_PLAN, first + SLOT_PLAN, 0) < 0)
		return -errno;
	unsigned from = op->fd > SLOT_PLAN + 1 ? first + (unsigned)op->fd : first + SLOT_PLAN;
	return sys_close_range(from, ~0U, 0) < 0 ? -errno : 0;
}

/* The identity of the mount that fd is on (statx(2), Linux 5.8). The libcs do not agree on whether
 * <sys/stat.h> has struct statx, and what is in it. */
int file_mount_id(int fd, uint64_t *ret)
{
	enum { WANT_MNT_ID = 0x1000 };
	struct {
		uint32_t mask;
		uint8_t others[0x90 - sizeof(uint32_t)];
		uint64_t mnt_id;
		uint8_t more[0x100 - 0x98];
	} st;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, WANT_MNT_ID, &st) < 0)
		return -errno;
	*ret = st.mnt_id;
	return st.mask & WANT_MNT_ID ? 0 : -ENOSYS;
}

/* What was opened below a private procfs must lie on it and be procfs: a mount on top of the file
 * would steer the write elsewhere (CVE-2025-52881). The same goes for any other directory. */
static int check_same_mount(int dir, int file)
{
	uint64_t dir_mount, file_mount;
	struct statfs dir_fs, file_fs;
	int r = file_mount_id(dir, &dir_mount);

	if (r < 0 || (r = file_mount_id(file, &file_mount)) < 0)
		return r;
	if (fstatfs(dir, &dir_fs) < 0 || fstatfs(file, &file_fs) < 0)
		return -errno;
	return dir_mount == file_mount && dir_fs.f_type == file_fs.f_type ? 0 : -EXDEV;
}

static int open_below(int dir, const char *path)
{
	int fd = walk_openat2(dir, path, O_WRONLY | O_NOCTTY,
			      RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	int r = fd < 0 ? fd : check_same_mount(dir, fd);

	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

int op_write(struct exec *x, const struct op *op)
{
	int fd = exec_fd(x, op->fd), opened = -1;

	if (op->str) {
		fd = opened = open_below(fd, exec_str(x, op));
		if (fd < 0)
			return fd;
	}
	ssize_t n = write(fd, exec_data(x, op), op->size);
	int r = n < 0 ? -errno : (size_t)n == op->size ? 0 : -EIO;
	if (opened >= 0)
		close(opened);
	return r;
}

int op_mkdir(struct exec *x, const struct op *op)
{
	int fd = walk_make(exec_fd(x, op->fd), exec_str(x, op), S_IFDIR, (uint32_t)op->a,
			   WALK_FOLLOW);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* What is there must be the node that was asked for, however it came there; mode and owner are set
 * through its descriptor: its name may stand for something else by now. */
static int settle_node(int fd, const struct op *op)
{
	const uint32_t mode = (uint32_t)op->a, uid = (uint32_t)(op->c >> 32), gid = (uint32_t)op->c;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (mode & S_IFMT) ||
	    ((S_ISCHR(mode) || S_ISBLK(mode)) && st.st_rdev != op->b))
		return -EEXIST;
	if ((uid != st.st_uid || gid != st.st_gid) &&
	    syscall(SYS_fchownat, fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	/* Before Linux 6.6 no call could do this; then one that was there before keeps its mode. */
	if ((st.st_mode & 07777) != (mode & 07777) &&
	    syscall(SYS_fchmodat2, fd, "", mode & 07777, AT_EMPTY_PATH) < 0 && errno != ENOSYS)
		return -errno;
	return 0;
}

int op_mknod(struct exec *x, const struct op *op)
{
	char name[NAME_MAX + 1];
	int root = exec_fd(x, op->fd);
	int dir = walk_to(root, exec_str(x, op), WALK_MAKE, name);

	if (dir < 0)
		return dir;
	int r = mknodat(dir, name, (mode_t)op->a, (dev_t)op->b) < 0 ? -errno : 0;
	/* What was made just now is root's, with the mode asked for: the umask is 0. */
	if (r == -EEXIST || (r == 0 && op->c)) {
		int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno : settle_node(fd, op);
		if (fd >= 0)
			close(fd);
	}
	walk_done(root, dir);
	return r;
}

static int put_link(int dir, const char *name, const char *target)
{
	char now[PATH_MAX];

	if (symlinkat(target, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	ssize_t n = readlinkat(dir, name, now, sizeof(now));
	if (n >= 0 && (size_t)n == strlen(target) && memcmp(now, target, (size_t)n) == 0)
		return 0;
	/* A directory in this place is the image's own business. */
	if (unlinkat(dir, name, 0) < 0)
		return errno == EISDIR ? 0 : -errno;
	return symlinkat(target, dir, name) < 0 ? -errno : 0;
}

int op_symlink(struct exec *x, const struct op *op)
{
	char name[NAME_MAX + 1];
	int root = exec_fd(x, op->fd);
	int dir = walk_to(root, exec_str(x, op), WALK_MAKE, name);

	if (dir < 0)
		return dir;
	int r = *name && op->size ? put_link(dir, name, exec_data(x, op)) : -EINVAL;
	walk_done(root, dir);
	return r;
}
