/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/overlay.h"

static int set(int fs, const char *key, const char *value)
{
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

static int set_layers(int fs, const struct rootfs_overlay *o)
{
	auto_(str) struct str all = {0};
	int r = 0;

	for (size_t i = 0; i < o->n_layers && r == 0; i++) {
		if (!o->is_joined)
			r = set(fs, "lowerdir+", o->layers[i]);
		else
			str_addf(&all, "%s%s", i ? ":" : "", o->layers[i]);
	}
	if (r == 0 && o->is_joined)
		r = set(fs, "lowerdir", all.p);
	return r == 0 ? sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) : r;
}

/* Names are relative to the current directory: in full they would be too long for the kernel. */
static int mount_here(const struct rootfs_overlay *o, bool with_upper)
{
	auto_fd int fs = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	auto_(arena) struct arena mem = {0};

	if (fs < 0 || set(fs, "source", "overlay") < 0 || set_layers(fs, o) < 0)
		return -errno;
	if (with_upper && (set(fs, "upperdir", arena_printf(&mem, "%s/upper", o->upper)) < 0 ||
			   set(fs, "workdir", arena_printf(&mem, "%s/work", o->upper)) < 0))
		return -errno;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = sys_fsmount(fs, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The kernel's own mark (Documentation/filesystems/overlayfs.rst, "Volatile mount"). */
int overlay_check(const struct rootfs_overlay *o, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	if (!o->is_volatile || !o->upper ||
	    access(arena_printf(&mem, "%s/%s/work/work/incompat/volatile", o->dir, o->upper),
		   F_OK) < 0)
		return 0;
	err_say(err, ESTALE,
		"it was to be removed at its end (--rm), and may have lost some of what "
		"it wrote");
	err_hint(err, "ctr rm removes it; without --rm it can be started again");
	return -ESTALE;
}

/* What mounting takes; ids stay what they are. */
static int enter_userns(struct err *err)
{
	const struct {
		const char *file;
		unsigned id;
	} maps[] = {{"/proc/self/gid_map", getegid()}, {"/proc/self/uid_map", geteuid()}};
	char text[40];
	int r = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -errno : 0;

	if (r == 0)
		r = fd_put(AT_FDCWD, "/proc/self/setgroups", "deny");
	for (size_t i = 0; r == 0 && i < sizeof(maps) / sizeof(*maps); i++) {
		snprintf(text, sizeof(text), "%u %u 1", maps[i].id, maps[i].id);
		r = fd_put(AT_FDCWD, maps[i].file, text);
	}
	if (r == 0)
		return 0;
	err_set(err, r, "get a user namespace, to mount the layers of the container's image in");
	err_hint(err, "while it runs, none is needed: ctr start it first");
	return r;
}

static int mount_at(const struct rootfs_overlay *o, bool with_upper, struct err *err)
{
	auto_fd int dir = open(o->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || here < 0)
		return err_set(err, errno, "open %s", o->dir);
	if (o->n_layers == 1 && !with_upper) { /* overlay wants two */
		int fd = openat(dir, o->layers[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? err_set(err, errno, "open %s/%s", o->dir, o->layers[0]) : fd;
	}
	if (fchdir(dir) < 0)
		return err_set(err, errno, "enter %s", o->dir);
	int r = mount_here(o, with_upper);
	if (fchdir(here) < 0 && r >= 0) {
		close(r);
		return err_set(err, errno, "leave %s", o->dir);
	}
	return r < 0 ? err_set(err, r, "mount the layers of the container's image") : r;
}

int overlay_open(const struct rootfs_overlay *o, bool with_upper, struct err *err)
{
	int r = mount_at(o, with_upper, err);

	if (r != -EPERM || geteuid() == 0)
		return r;
	r = enter_userns(err);
	return r < 0 ? r : mount_at(o, with_upper, err);
}

struct rootfs_overlay overlay_recorded(const struct state_options *o)
{
	return (struct rootfs_overlay){
		.layers = o->layers,
		.n_layers = o->n_layers,
		.dir = o->layers_dir,
		.is_joined = o->layers_joined,
		.upper = o->upper,
		.disk = o->disk,
		.is_volatile = o->fleeting,
		.upper_bytes = o->disk_size,
	};
}
