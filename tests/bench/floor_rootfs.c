/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of `runc spec` by the new mount API, and pivot_root. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/base/sys.h"
#include "tests/bench/floor.h"

enum {
	NOSUID = MOUNT_ATTR_NOSUID,
	NOEXEC = MOUNT_ATTR_NOEXEC,
	NODEV = MOUNT_ATTR_NODEV,
	RDONLY = MOUNT_ATTR_RDONLY,
	TREE = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC,
};

/* A detached mount; options is "key=value,...". */
static int make(const char *type, unsigned attr, const char *options)
{
	char copy[128], *rest = copy, *key;
	int fs = sys_fsopen(type, FSOPEN_CLOEXEC);

	snprintf(copy, sizeof(copy), "%s", options);
	while ((key = strsep(&rest, ",")) && *key) {
		char *value = key + strcspn(key, "=");
		*value++ = 0;
		if (sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0)
			floor_die(key);
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		floor_die(type);
	int mnt = sys_fsmount(fs, FSMOUNT_CLOEXEC, attr);
	if (mnt < 0)
		floor_die(type);
	close(fs);
	return mnt;
}

static void attach(int mnt, const char *to)
{
	if (sys_move_mount(mnt, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		floor_die(to);
	close(mnt);
}

/* Puts a clone of what is at `from` (or of dirfd itself) onto `to`, with attributes added. */
static void bind(int dirfd, const char *from, const char *to, unsigned flags, unsigned attr)
{
	struct mount_attr set = {.attr_set = attr};
	int mnt = sys_open_tree(dirfd, from, TREE | flags);

	if (mnt < 0 && errno == ENOENT)
		return;
	if (mnt < 0)
		floor_die(from);
	if (attr && sys_mount_setattr(mnt, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE), &set) < 0)
		floor_die(from);
	attach(mnt, to);
}

static void make_dev(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
		     {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	static const char *const links[][2] = {
		{"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"},
		{"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
		{"/proc/kcore", "dev/core"},       {"pts/ptmx", "dev/ptmx"}};

	attach(make("tmpfs", NOSUID | MOUNT_ATTR_STRICTATIME, "mode=755,size=65536k"), "dev");
	mode_t mask = umask(0);
	for (unsigned i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) <
		    0)
			floor_die(nodes[i].path);
	umask(mask);
	for (unsigned i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			floor_die(links[i][1]);
	mkdir("dev/pts", 0755);
	mkdir("dev/shm", 0755);
	mkdir("dev/mqueue", 0755);
	attach(make("devpts", NOSUID | NOEXEC, "ptmxmode=0666,mode=0620,gid=5"), "dev/pts");
	attach(make("tmpfs", NOSUID | NOEXEC | NODEV, "mode=1777,size=65536k"), "dev/shm");
	attach(make("mqueue", NOSUID | NOEXEC | NODEV, ""), "dev/mqueue");
}

/* v2: the namespace's own tree. v1: our group of each hierarchy, below a tmpfs. */
static void mount_cgroups(const struct floor *f)
{
	static const char at[] = "sys/fs/cgroup";
	const unsigned attr = NOSUID | NOEXEC | NODEV;

	if (f->cgroup != CGROUP_V1) {
		attach(make("cgroup2", attr | RDONLY, ""), at);
		return;
	}
	attach(make("tmpfs", attr, "mode=755"), at);
	for (int i = 0; i < f->n_groups; i++) {
		char to[64];
		snprintf(to, sizeof(to), "%s/%s", at, f->hierarchy[i]);
		mkdir(to, 0755);
		bind(AT_FDCWD, f->group[i], to, 0, attr | RDONLY);
	}
	struct mount_attr set = {.attr_set = RDONLY};
	if (sys_mount_setattr(AT_FDCWD, at, 0, &set) < 0)
		floor_die(at);
}

/* One empty read-only file system serves every masked directory. */
static void mask_paths(void)
{
	static const char *const masked[] = {"proc/acpi",          "proc/asound",
					     "proc/kcore",         "proc/keys",
					     "proc/latency_stats", "proc/timer_list",
					     "proc/timer_stats",   "proc/sched_debug",
					     "sys/firmware",       "proc/scsi"};
	static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
					       "proc/sysrq-trigger"};
	int empty = -1;

	for (unsigned i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		struct stat st;
		if (stat(masked[i], &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			bind(AT_FDCWD, "dev/null", masked[i], 0, 0);
			continue;
		}
		if (empty < 0)
			empty = make("tmpfs", RDONLY, "");
		bind(empty, "", masked[i], AT_EMPTY_PATH, 0);
	}
	if (empty >= 0)
		close(empty);
	for (unsigned i = 0; i < sizeof(readonly) / sizeof(*readonly); i++)
		bind(AT_FDCWD, readonly[i], readonly[i], AT_RECURSIVE, RDONLY);
}

void rootfs_enter(const struct floor *f)
{
	struct mount_attr set = {.attr_set = RDONLY};
	struct mount_attr slave = {.propagation = MS_SLAVE};

	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		floor_die("propagation");
	int root = sys_open_tree(AT_FDCWD, f->root, TREE | AT_RECURSIVE);
	if (root < 0 || sys_mount_setattr(root, "", AT_EMPTY_PATH, &set) < 0 ||
	    sys_move_mount(root, "", AT_FDCWD, f->root, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    fchdir(root) < 0)
		floor_die(f->root);
	close(root);
	attach(make("proc", 0, ""), "proc");
	make_dev();
	attach(make("sysfs", NOSUID | NOEXEC | NODEV | RDONLY, ""), "sys");
	mount_cgroups(f);
	mask_paths();
	if (sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		floor_die("pivot_root");
}
