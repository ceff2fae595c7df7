/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts, by the new mount API only: made detached, completed, then attached to a descriptor. */
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/init/exec.h"

int mount_attach(int mount, int target)
{
	const unsigned both = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

	return sys_move_mount(mount, "", target, "", both) < 0 ? -errno : 0;
}

/* What an operation means: its fd, or str below it. */
struct object {
	int fd;
	const char *path; /* of the operator's own (SLOT_CWD): the kernel's to resolve; else "" */
	unsigned flags;   /* AT_EMPTY_PATH or 0, to go with path */
	int opened;       /* for exec_done(); -1: nothing */
};

static int resolve(const struct exec *x, const struct op *op, uint64_t flags, struct object *ret)
{
	*ret = (struct object){
		.fd = exec_fd(x, op->fd),
		.path = "",
		.flags = AT_EMPTY_PATH,
		.opened = -1,
	};
	if (!op->str)
		return ret->fd < 0 ? -EBADF : 0;
	if (ret->fd == AT_FDCWD) {
		ret->path = exec_str(x, op);
		ret->flags = 0;
		return 0;
	}
	ret->fd = ret->opened = walk_open(ret->fd, exec_str(x, op), flags | O_PATH);
	return ret->fd < 0 ? ret->fd : 0;
}

int op_open_tree(struct exec *x, const struct op *op)
{
	struct object o;
	int r = resolve(x, op, op->a & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0, &o);

	if (r < 0)
		return r;
	r = exec_put(x, op->ret,
		     sys_open_tree(o.fd, o.path, (unsigned)op->a | OPEN_TREE_CLOEXEC | o.flags));
	exec_done(o.opened);
	return r;
}

/* "key\0value\0" … */
static int configure(int fs, const char *at, const char *end)
{
	while (at < end) {
		const char *key = at, *value = at + strnlen(at, (size_t)(end - at)) + 1;
		if (value >= end)
			return -EINVAL;
		at = value + strnlen(value, (size_t)(end - value)) + 1;
		int r = *value ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0)
			       : sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
		if (r < 0)
			return -errno;
	}
	return 0;
}

int op_fsmount(struct exec *x, const struct op *op)
{
	const char *data = exec_data(x, op);
	int fs = sys_fsopen(exec_str(x, op), FSOPEN_CLOEXEC);
	int r = fs < 0 ? -errno : 0;

	if (r == 0 && data)
		r = configure(fs, data, data + op->size);
	if (r == 0 && sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r == 0)
		r = exec_put(x, op->ret, sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)op->a));
	exec_done(fs);
	return r == -EPERM && (op->flags & OPF_DENIED_OK) ? 0 : r;
}

/* Climbs from a directory to the root of the mount that it lies on. */
static int climb(int dir)
{
	uint64_t here, above;
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	int r = fd < 0 ? -errno : file_mount_id(fd, &here);

	while (r == 0) {
		struct stat now, then;
		int up = walk_openat2(fd, "..", O_PATH | O_DIRECTORY, 0);
		r = up < 0 ? up : file_mount_id(up, &above);
		if (r == 0 && (fstat(fd, &now) < 0 || fstat(up, &then) < 0))
			r = -errno;
		if (r == 0 &&
		    (above != here || (now.st_ino == then.st_ino && now.st_dev == then.st_dev))) {
			close(up);
			return fd;
		}
		if (fd >= 0)
			close(fd);
		fd = up;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

int op_setattr(struct exec *x, const struct op *op)
{
	struct op_attr want;

	if (op->size != sizeof(want))
		return -EINVAL;
	memcpy(&want, exec_data(x, op), sizeof(want));
	struct mount_attr attr = {
		.attr_set = want.set,
		.attr_clr = want.clr,
		.propagation = want.propagation,
		.userns_fd = want.userns >= 0 ? (uint64_t)exec_fd(x, want.userns) : 0,
	};
	struct object o;
	int r = resolve(x, op, 0, &o);
	if (r == 0 && op->a)
		r = o.fd = o.opened = climb(o.fd);
	if (r < 0)
		return r;
	unsigned flags = o.flags | (want.recursive ? AT_RECURSIVE : 0);
	r = sys_mount_setattr(o.fd, o.path, flags, &attr) < 0 ? -errno : 0;
	exec_done(o.opened);
	return r;
}

/* A mount point is a directory for a directory and a file for anything else. */
static int wanted_type(const struct exec *x, const struct op *op, uint32_t *ret)
{
	struct stat st;

	*ret = (uint32_t)op->a & S_IFMT;
	if (!op->a || *ret)
		return 0;
	if (fstat(exec_fd(x, op->fd2), &st) < 0)
		return -errno;
	*ret = S_ISDIR(st.st_mode) ? S_IFDIR : S_IFREG;
	return 0;
}

/* Refuses what a rootfs could have put in the place of an honest mount point. */
static int check_target(const struct op *op, int fd)
{
	struct statfs fs;
	struct stat st;

	if (op->flags & OPF_NOPROC) {
		if (fstatfs(fd, &fs) < 0)
			return -errno;
		if (fs.f_type == PROC_SUPER_MAGIC)
			return -EPERM;
	}
	if (op->flags & OPF_REALDIR) {
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
	}
	return 0;
}

int op_target(struct exec *x, const struct op *op)
{
	const uint32_t mode = (uint32_t)op->a & 07777;
	const bool real = op->flags & OPF_REALDIR;
	int root = exec_fd(x, op->fd);
	uint32_t type;

	int r = wanted_type(x, op, &type);
	if (r < 0)
		return r;
	/* As a rule it is there, and one call finds it. */
	int fd = real ? -ENOENT : walk_open(root, exec_str(x, op), O_PATH);
	if (fd == -ENOENT)
		fd = walk_make(root, exec_str(x, op), type, mode, real ? 0 : WALK_FOLLOW);
	if (fd < 0)
		return fd == -ELOOP && real ? -ENOTDIR : fd;
	r = check_target(op, fd);
	if (r == 0)
		return exec_put(x, op->ret, fd);
	exec_done(fd);
	return r;
}

/* move_mount(2) has one word for many faults. This one is often the user's, and has its own. */
static int why_not(int mount, int target)
{
	struct stat from, to;

	if (fstat(mount, &from) == 0 && fstat(target, &to) == 0 &&
	    S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return -ENOTDIR;
	return -EINVAL;
}

int op_move_mount(struct exec *x, const struct op *op)
{
	int mount = exec_fd(x, op->fd), target = exec_fd(x, op->fd2);
	int r = mount_attach(mount, target);

	if (r == -EINVAL)
		r = why_not(mount, target);
	exec_drop(x, op->fd2);
	return r;
}

/* Covers the target with a clone of the detached mount. Before Linux 6.15 only what is attached
 * can be cloned: then the first target takes the mount itself, and the others clones of it. */
static int cover(int mount, int target)
{
	int fd = sys_open_tree(mount, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0)
		return errno == EINVAL ? mount_attach(mount, target) : -errno;
	int r = mount_attach(fd, target);
	exec_done(fd);
	return r;
}

/* Opens what is to be covered; -ENOENT stands for anything that says it is not there. */
static int open_covered(const struct exec *x, const struct op *op)
{
	int fd = walk_open(exec_fd(x, op->fd), exec_str(x, op), O_PATH);

	return fd == -ENOTDIR ? -ENOENT : fd;
}

int op_mask(struct exec *x, const struct op *op)
{
	struct stat st;
	int fd = open_covered(x, op);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int r = fstat(fd, &st) < 0 ? -errno
				   : cover(exec_fd(x, S_ISDIR(st.st_mode) ? op->ret : op->fd2), fd);
	exec_done(fd);
	return r;
}

int op_readonly(struct exec *x, const struct op *op)
{
	struct mount_attr ro = {.attr_set = MOUNT_ATTR_RDONLY};
	const unsigned all = AT_EMPTY_PATH | AT_RECURSIVE;
	int fd = open_covered(x, op);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | all);
	int r = tree < 0 || sys_mount_setattr(tree, "", all, &ro) < 0 ? -errno
								      : mount_attach(tree, fd);
	exec_done(tree);
	exec_done(fd);
	return r;
}

int op_pivot(struct exec *x, const struct op *op)
{
	struct mount_attr slave = {.propagation = MS_SLAVE};
	int old = walk_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);

	if (old < 0)
		return old;
	/* With both arguments the same directory the old root ends up on top of the new one
	 * (pivot_root(2)), from where it is taken away. That must not reach the host, whatever
	 * rootfsPropagation left shared. */
	int r = 0;
	if (fchdir(exec_fd(x, op->fd)) < 0 || sys_pivot_root(".", ".") < 0 ||
	    sys_mount_setattr(old, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave) < 0 ||
	    fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		r = -errno;
	close(old);
	return r;
}
