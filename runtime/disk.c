/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/disk.h"

/* How long one that ends may take to let go of its loop device. */
enum { TRIES = 250, PAUSE_NS = 20000000 };

/* ---- making -----------------------------------------------------------------------------------*/

static const char *find_mke2fs(void)
{
	static const char *const places[] = {"/usr/sbin/mke2fs", "/sbin/mke2fs", "/usr/bin/mke2fs"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* Through a descriptor, so that it is this file whatever the name means by now. The tables of inodes
 * are holes of a new file, which are zero already: nobody has to write that. */
static int run_mke2fs(const char *program, int fd, struct err *err)
{
	enum { TARGET = 3 };
	char file[] = "/proc/self/fd/3", *envp[] = {NULL};
	const char *const argv[] = {program,
				    "-q",
				    "-F",
				    "-t",
				    "ext4",
				    "-m",
				    "0",
				    "-O",
				    "^resize_inode",
				    "-E",
				    "nodiscard,lazy_itable_init=1,lazy_journal_init=1",
				    file,
				    NULL};
	posix_spawn_file_actions_t files;
	int status = 0;
	pid_t pid;

	if (posix_spawn_file_actions_init(&files) != 0)
		return err_set(err, ENOMEM, "start mke2fs");
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, fd, TARGET);
	int num = posix_spawn(&pid, program, &files, NULL, (char **)(uintptr_t)argv, envp);
	posix_spawn_file_actions_destroy(&files);
	if (num)
		return err_set(err, num, "start %s", program);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for mke2fs");
	if (status == 0)
		return 0;
	return err_say(err, EIO, "%s could not make a file system (status %d)", program,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int disk_make(int dir, const char *name, uint64_t size, struct err *err)
{
	const char *program = find_mke2fs();

	if (!program) {
		err_say(err, ENOENT, "--disk: there is no mke2fs to make a file system with");
		err_hint(err, "install e2fsprogs; --disk SIZE,memory does without");
		return -ENOENT;
	}
	if (access("/dev/loop-control", R_OK | W_OK) < 0) {
		err_set(err, errno, "--disk: open /dev/loop-control");
		err_hint(err, "modprobe loop; --disk SIZE,memory does without");
		return -err->num;
	}
	unlinkat(dir, name, 0); /* of one that did not come to be */
	auto_fd int fd =
		openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* Not one of those that the child gets anyway. */
	auto_fd int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (high < 0 || ftruncate(high, (off_t)size) < 0)
		return err_set(err, errno, "make the container's disk");
	return run_mke2fs(program, high, err);
}

/* ---- the loop device --------------------------------------------------------------------------*/

static int open_loop(int n, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", n);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The device keeps the description that `file` is of, and with that its lock, until it is cleared. */
static int bind_loop(int file, int *ret_n)
{
	auto_fd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	auto_fd int fd = n < 0 ? -errno : open_loop(n, O_RDWR);
	struct loop_config c = {.fd = (uint32_t)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};

	if (fd < 0)
		return fd;
	snprintf((char *)c.info.lo_file_name, LO_NAME_SIZE, "ctr");
	if (ioctl(fd, LOOP_CONFIGURE, &c) < 0)
		return errno == EBUSY ? -EAGAIN : -errno; /* somebody else was given it, too */
	*ret_n = n;
	return steal_fd(&fd);
}

/* The device that the file is behind; -EAGAIN: none, or it is about to let go. */
static int find_loop(const struct stat *file, int *ret_n)
{
	DIR *dir = opendir("/sys/block");
	int found = -EAGAIN;

	if (!dir)
		return -errno;
	for (struct dirent *e; found < 0 && (e = readdir(dir));) {
		struct loop_info64 info;
		int n;
		if (sscanf(e->d_name, "loop%d", &n) != 1)
			continue;
		auto_fd int fd = open_loop(n, O_RDWR);
		if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0 ||
		    info.lo_device != file->st_dev || info.lo_inode != file->st_ino)
			continue;
		*ret_n = n;
		found = steal_fd(&fd);
	}
	closedir(dir);
	return found;
}

/* Two devices of one file would be two file systems that write over each other: who has the lock on
 * it makes the one device, all others find that. */
static int get_loop(const char *path, int *ret_n)
{
	auto_fd int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	if (flock(file, LOCK_EX | LOCK_NB) == 0)
		return bind_loop(file, ret_n);
	return errno == EWOULDBLOCK ? find_loop(&st, ret_n) : -errno;
}

/* ---- mounting ---------------------------------------------------------------------------------*/

static int mount_loop(int n)
{
	auto_fd int fs = sys_fsopen("ext4", FSOPEN_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", n);
	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", path, 0) < 0 ||
	    sys_fsconfig(fs, FSCONFIG_SET_FLAG, "noinit_itable", NULL, 0) < 0 ||
	    sys_fsconfig(fs, FSCONFIG_SET_FLAG, "discard", NULL, 0) < 0 ||
	    sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	return fd < 0 ? -errno : fd;
}

/* While the device is open it is not cleared: not before it is mounted. */
static int try_open(const char *path)
{
	int n = -1;
	auto_fd int loop = get_loop(path, &n);

	return loop < 0 ? loop : mount_loop(n);
}

static int make_dirs(int mount, struct err *err)
{
	static const char *const dirs[] = {"upper", "work"};

	for (size_t i = 0; i < 2; i++)
		if (mkdirat(mount, dirs[i], 0755) < 0 && errno != EEXIST)
			return err_set(err, errno, "make %s on the container's disk", dirs[i]);
	return 0;
}

int disk_open(const char *path, struct err *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int r = -EAGAIN;

	/* ENXIO, EBUSY: it went away, or became another's, between two calls. */
	for (int i = 0; i < TRIES && (r == -EAGAIN || r == -ENXIO || r == -EBUSY); i++) {
		if (i)
			nanosleep(&pause, NULL);
		r = try_open(path);
	}
	auto_fd int mount = r;
	if (r < 0) {
		err_set(err, r, "mount the container's disk %s", path);
		if (r == -EPERM || r == -ENOENT)
			err_hint(err, "that takes root, and loop devices (/dev/loop-control)");
		return r;
	}
	r = make_dirs(mount, err);
	return r < 0 ? r : steal_fd(&mount);
}

int disk_attach(const struct rootfs_overlay *o, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	if (!o->disk)
		return 0;
	auto_fd int mount = disk_open(path_join(&mem, o->dir, o->disk), err);
	if (mount < 0)
		return mount;
	if (unshare(CLONE_NEWNS) < 0 ||
	    sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE,
			      &(struct mount_attr){.propagation = MS_SLAVE}) < 0)
		return err_set(err, errno, "make a mount namespace");
	const char *at = path_join(&mem, o->dir, o->upper);
	if (sys_move_mount(mount, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, errno, "mount the container's disk on %s", at);
	return 0;
}
