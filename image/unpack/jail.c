/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/unpack/jail.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum { LAST_FD = 3 };

static int ask_for_maps(int chan, struct err *err)
{
	char answer[8];

	if (send(chan, "map", 3, MSG_NOSIGNAL) != 3 || recv(chan, answer, sizeof(answer), 0) != 2)
		return err_say(err, EPERM, "no ids for the new user namespace");
	return 0;
}

/* The directory takes the place of everything: a copy of its mount goes over /, and the rest away. */
static int change_root(const char *dir, struct err *err)
{
	const struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						    MOUNT_ATTR_NOEXEC};
	auto_fd int tree =
		sys_open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT);

	if (tree < 0)
		return err_set(err, errno, "open %s", dir);
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return err_set(err, errno, "restrict the mount of %s", dir);
	if (sys_move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, errno, "move %s to /", dir);
	if (fchdir(tree) < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return err_set(err, errno, "enter %s", dir);
	return 0;
}

/* What a kernel without it lacks is the second fence, not the first. */
static int restrict_files(struct err *err)
{
	const uint64_t wanted = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
				LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
				LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1)
		return 0;
	uint64_t more = (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
			(abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
	const struct landlock_ruleset_attr rules = {
		.handled_access_fs = wanted | more | LANDLOCK_ACCESS_FS_EXECUTE |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK};
	auto_fd int set = (int)syscall(SYS_landlock_create_ruleset, &rules,
				       sizeof(rules.handled_access_fs), 0);
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct landlock_path_beneath_attr below = {wanted | more, root};
	if (set < 0 || root < 0 ||
	    syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, set, 0) < 0)
		return err_set(err, errno, "restrict the unpacking with landlock");
	return 0;
}

/* Memory for the largest window that a stream may ask for, and little more. */
static int limit(struct err *err)
{
	static const struct {
		int what;
		rlim_t most;
	} rows[] = {
		{RLIMIT_DATA, 512UL << 20},
		{RLIMIT_NOFILE, 64},
		{RLIMIT_CORE, 0},
		{RLIMIT_MEMLOCK, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rlimit now;
		if (getrlimit((__rlimit_resource_t)rows[i].what, &now) < 0)
			return err_set(err, errno, "read a limit");
		if (now.rlim_max > rows[i].most)
			now.rlim_max = rows[i].most;
		now.rlim_cur = now.rlim_max;
		if (setrlimit((__rlimit_resource_t)rows[i].what, &now) < 0)
			return err_set(err, errno, "set a limit");
	}
	return 0;
}

/* What it takes to make files that belong to others; all within the namespace. */
static int drop_capabilities(struct err *err)
{
	const uint32_t keep = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |
			      1U << CAP_FSETID | 1U << CAP_SETFCAP;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = keep, .permitted = keep}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, data) < 0)
		return err_set(err, errno, "give up capabilities");
	return 0;
}

int jail_enter(const char *dir, int chan, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sys_close_range(LAST_FD + 1, ~0U, 0) < 0)
		return err_set(err, errno, "prepare the unpacking");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
		err_set(err, errno, "make a user namespace to unpack in");
		err_hint(err, "sysctl user.max_user_namespaces must not be 0");
		return -err->num;
	}
	/* To write into /proc/PID of this process its parent needs it dumpable; later nobody does. */
	int r = ask_for_maps(chan, err);
	if (r < 0 || (r = change_root(dir, err)) < 0 || (r = restrict_files(err)) < 0 ||
	    (r = limit(err)) < 0)
		return r;
	prctl(PR_SET_DUMPABLE, 0);
	return drop_capabilities(err);
}
