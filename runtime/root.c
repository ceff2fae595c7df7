/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/disk.h"
#include "runtime/load.h"
#include "runtime/overlay.h"
#include "runtime/root.h"
#include "runtime/state.h"

bool container_overlay(const struct container *c, struct rootfs_overlay *ret)
{
	const struct state_options *o = c->state ? c->state->options : NULL;

	if (!o || !o->n_layers || !o->upper)
		return false;
	*ret = overlay_recorded(o);
	return true;
}

/* ---- while it runs ----------------------------------------------------------------------------*/

static uint64_t mount_of(int fd)
{
	struct statx x;

	return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) == 0 ? x.stx_mnt_id : 0;
}

/* Its root by its process; one that has not come so far has the host's. */
static int open_running(const struct container *c, struct err *err)
{
	char path[40];
	auto_fd int own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->pid);
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || own < 0)
		return err_set(err, errno, "open the container's root");
	if (sys_pidfd_send_signal(c->pidfd, 0) < 0)
		return err_say(err, ESRCH, "it has ended just now");
	if (c->is_creating || mount_of(fd) == mount_of(own))
		return err_say(err, EBUSY, "it is being made, and has no root of its own yet");
	return steal_fd(&fd);
}

/* ---- while it does not ------------------------------------------------------------------------*/

static int open_stopped(const struct container *c, struct err *err)
{
	const struct state *s = c->state;
	struct rootfs_overlay o;

	if (container_overlay(c, &o)) {
		int r = overlay_check(&o, err);
		if (r == 0)
			r = disk_attach(&o, err);
		return r < 0 ? r : overlay_open(&o, true, err);
	}
	if (s->engine &&
	    ((s->options && s->options->n_layers) || (s->image && str_eq(s->image, "host")))) {
		err_say(err, ENOENT,
			"what it writes is kept in memory, and was gone when it stopped");
		err_hint(err, "start it first, or run it without --disk SIZE,memory");
		return -ENOENT;
	}
	int fd = open(s->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open %s", s->rootfs) : fd;
}

static int read_owners(struct container_root *r, struct err *err)
{
	static const uint32_t root = 0;
	const struct config_linux *linux_ = r->config->linux_;
	struct idmap uids = {0}, gids = {0};
	/* The engine keeps files with the ids of inside, and maps them by the mounts it makes: without
	 * privilege it can't. */
	bool is_kept = r->container.state->engine && geteuid() == 0;

	if ((r->is_running || !is_kept) && linux_ && linux_->n_uid_mappings) {
		uids = (struct idmap){linux_->uid_mappings, linux_->n_uid_mappings};
		gids = (struct idmap){linux_->gid_mappings, linux_->n_gid_mappings};
	}
	r->into = (struct owner){.kind = OWNER_IN, .uids = uids, .gids = gids};
	r->out_of = (struct owner){.kind = OWNER_OUT, .uids = uids, .gids = gids};
	if (!is_kept)
		r->of_layer = r->out_of;
	r->own = (struct owner){.kind = OWNER_ONE};
	if ((uids.n && !idmap_to_host(uids, root, &r->own.uid)) ||
	    (gids.n && !idmap_to_host(gids, root, &r->own.gid)))
		return err_say(err, EINVAL, "its user namespace has no root");
	return 0;
}

int container_root_open(const char *root, const char *id, struct container_root *ret,
			struct err *err)
{
	auto_(container_root) struct container_root x = CONTAINER_ROOT_NONE;
	int r = container_open(root, id, true, false, &x.container, err);

	if (r < 0)
		return r;
	if (!x.container.state)
		return err_say(err, EBUSY, "it is being made");
	x.is_running = x.container.pidfd >= 0;
	if ((r = load_config(&x.container, &x.mem, &x.config, err)) < 0 ||
	    (r = read_owners(&x, err)) < 0)
		return r;
	x.is_readonly = !x.is_running && x.config->root && x.config->root->readonly;
	x.fd = x.is_running ? open_running(&x.container, err) : open_stopped(&x.container, err);
	if (x.fd < 0)
		return -err->num;
	if (x.is_running)
		container_unlock(&x.container);
	*ret = x;
	x = (struct container_root)CONTAINER_ROOT_NONE;
	return 0;
}

void container_root_clear(struct container_root *r)
{
	auto_close_fd(&r->fd);
	container_clear(&r->container);
	arena_clear(&r->mem);
	*r = (struct container_root)CONTAINER_ROOT_NONE;
}

int container_root_become(const struct container_root *r, struct err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (!r->own.uid && !r->own.gid)
		return 0;
	setfsgid(r->own.gid);
	setfsuid(r->own.uid);
	/* That took the capabilities for files away (capabilities(7)); they are still permitted. */
	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(err, errno, "read capabilities");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return syscall(SYS_capset, &head, data) < 0 ? err_set(err, errno, "set capabilities") : 0;
}

/* Where a descriptor is, as the kernel calls it. */
static int name_of(int fd, char ret[PATH_MAX], struct err *err)
{
	char link[40];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, ret, PATH_MAX - 1);
	if (n < 0)
		return err_set(err, errno, "find out where it is");
	ret[n] = 0;
	return 0;
}

int container_root_check(const struct container_root *r, int fd, struct err *err)
{
	char root[PATH_MAX], there[PATH_MAX];

	if (r->is_running)
		return 0;
	if (name_of(r->fd, root, err) < 0 || name_of(fd, there, err) < 0)
		return -err->num;
	size_t n = str_eq(root, "/") ? 0 : strlen(root);
	const char *inside = strncmp(there, root, n) == 0 && there[n] ? there + n : "/";
	for (size_t i = 0; i < r->config->n_mounts; i++) {
		const char *at = r->config->mounts[i].destination;
		if (str_eq(at, "/") || !path_below(inside, at))
			continue;
		err_say(err, EBUSY, "%.200s is a mount of its own, which is there while it runs",
			at);
		err_hint(err, "start it first, or use the directory or volume that is mounted");
		return -EBUSY;
	}
	return 0;
}
