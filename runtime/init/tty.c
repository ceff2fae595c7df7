/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a process: a new pty from the container's own devpts. */
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "runtime/init/exec.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* What calls itself ptmx must be the real one: character device 5:2 on a devpts. */
static int check_ptmx(int fd)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2) && fs.f_type == DEVPTS_SUPER_MAGIC
		       ? 0
		       : -EPERM;
}

static int open_ptmx(int root, const char *path, uint64_t flags)
{
	int fd = walk_open(root, path, flags);
	int r = fd < 0 ? fd : check_ptmx(fd);

	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int open_master(struct exec *x, const struct op *op)
{
	int root = exec_fd(x, op->fd), unlock = 0;

	/* To open a device is to use it: a look comes first, and decides nothing by itself. */
	int look = open_ptmx(root, exec_str(x, op), O_PATH);
	if (look < 0)
		return look;
	close(look);
	int fd = open_ptmx(root, exec_str(x, op), O_RDWR | O_NOCTTY);
	if (fd >= 0 && ioctl(fd, TIOCSPTLCK, &unlock) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* Binds the terminal over the file at `path`, which is made when it is missing. A link there is
 * refused: that is how an image would choose another place (CVE-2025-52565). */
static int bind_console(int root, const char *path, int terminal)
{
	int target = walk_make(root, path, S_IFREG, 0600, 0);

	if (target < 0)
		return target;
	int mount =
		sys_open_tree(terminal, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int r = mount < 0 ? -errno : mount_attach(mount, target);
	if (mount >= 0)
		close(mount);
	close(target);
	return r;
}

/* EPERM, EROFS and EINVAL (an id without a name in the user namespace) do not keep a program from
 * running. */
static int give_to(int fd, uint64_t uid)
{
	if (fchown(fd, (uid_t)uid, (gid_t)-1) == 0 || errno == EPERM || errno == EROFS ||
	    errno == EINVAL)
		return 0;
	return -errno;
}

static int set_up(const struct exec *x, const struct op *op, int terminal)
{
	struct winsize size = {
		.ws_row = (unsigned short)(op->a >> 16),
		.ws_col = (unsigned short)op->a,
	};

	if (op->a && ioctl(terminal, TIOCSWINSZ, &size) < 0)
		return -errno;
	int r = give_to(terminal, op->b);
	if (r == 0 && op->size)
		r = bind_console(exec_fd(x, op->fd), exec_data(x, op), terminal);
	if (r < 0)
		return r;
	if (ioctl(terminal, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(terminal, fd) < 0)
			return -errno;
	return 0;
}

int op_console(struct exec *x, const struct op *op)
{
	int master = open_master(x, op);

	if (master < 0)
		return master;
	/* Never by name: what /dev/pts/0 is in there is the container's to say. */
	int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int r = terminal < 0 ? -errno : set_up(x, op, terminal);
	struct op_msg msg = {.type = MSG_FD, .a = MSG_FD_CONSOLE};
	if (r == 0)
		r = talk_send(x, &msg, master);
	if (terminal >= 0)
		close(terminal);
	close(master);
	return r;
}

/* Pipes, sockets and terminals are made for a process, or at least used by one at a time; a file,
 * or the host's /dev/null, is somebody's (CVE-2026-88265 is about a false one). */
static bool is_stream(int fd)
{
	struct termios t;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && tcgetattr(fd, &t) == 0);
}

int op_stdio_owner(struct exec *x, const struct op *op)
{
	int r = 0;

	(void)x;
	for (int fd = 0; r == 0 && fd < 3; fd++)
		if (is_stream(fd))
			r = give_to(fd, op->a);
	return r;
}
