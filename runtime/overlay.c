/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

int overlay_open(const struct rootfs_overlay *o, bool with_upper, struct err *err)
{
	auto_fd int dir = open(o->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || here < 0)
		return err_set(err, errno, "open %s", o->dir);
	int r = 0;
	if (o->n_layers == 1 && !with_upper) { /* overlay wants two */
		r = openat(dir, o->layers[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return r < 0 ? err_set(err, errno, "open %s/%s", o->dir, o->layers[0]) : r;
	}
	if (fchdir(dir) < 0)
		return err_set(err, errno, "enter %s", o->dir);
	r = mount_here(o, with_upper);
	if (fchdir(here) < 0 && r >= 0) {
		close(r);
		return err_set(err, errno, "leave %s", o->dir);
	}
	if (r >= 0)
		return r;
	err_set(err, r, "mount the layers of the container's image");
	if (r == -EPERM)
		err_hint(err, "without root it must run: ctr start it first");
	return r;
}
