/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "namespaces/idmount.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

static int write_map(int proc, const char *file, struct idmap map, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = idmap_text(map, &text, err);

	if (r < 0)
		return r;
	r = fd_put(proc, file, text.p);
	return r < 0 ? err_set(err, r, "write %s", file) : 0;
}

static int open_mapped(pid_t pid, const struct idmap_pair *maps, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	auto_fd int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(err, errno, "open %s", path);
	int r = write_map(proc, "uid_map", maps->uids, err);
	if (r == 0)
		r = write_map(proc, "gid_map", maps->gids, err);
	if (r < 0)
		return r;
	int fd = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open a user namespace") : fd;
}

/* A user namespace is made by a process that is in it, and outlives it with our descriptor. */
static int make_user_ns(const struct idmap_pair *maps, struct err *err)
{
	auto_fd int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	const pid_t parent = getpid();
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		/* It has copies of all that ctr holds, the lock for one: it must not outlive ctr. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		while (getppid() == parent)
			pause();
		_exit(1);
	}
	if (pid < 0)
		return err_set(err, errno, "make a user namespace");
	int fd = open_mapped((pid_t)pid, maps, err);
	sys_pidfd_send_signal(pidfd, SIGKILL);
	while (waitid(P_PIDFD, (id_t)pidfd, NULL, WEXITED) < 0 && errno == EINTR)
		;
	return fd;
}

static int set_map(const struct idmount *m, int mount, int user, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)user,
	};
	unsigned flags = AT_EMPTY_PATH | (m->depth == MOUNT_ALL ? AT_RECURSIVE : 0);

	if (sys_mount_setattr(mount, "", flags, &attr) == 0)
		return 0;
	err_set(err, errno, "map the ids of %s", m->source);
	if (errno == EINVAL && m->index == IDMOUNT_ROOT)
		err_hint(err, "its file system (overlay, for one) cannot be mounted so; a tenant's "
			      "containers have the host's ids with: ctr tenant set NAME --allow "
			      "host-ids");
	else if (errno == EINVAL)
		err_hint(err, "its file system (overlay, for one) cannot be mounted so, or it is "
			      "mounted so already");
	else if (errno == EPERM)
		err_hint(err, "that takes privilege over the file system: root's");
	return -err->num;
}

int idmount_map(const struct idmount *m, int mount, int user, struct err *err)
{
	if (m->is_plain)
		return 0;
	auto_fd int ns = m->maps.uids.n ? make_user_ns(&m->maps, err)
					: openat(user, "ns/user", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return m->maps.uids.n ? ns
				      : err_set(err, errno, "open the container's user namespace");
	return set_map(m, mount, ns, err);
}

int idmount_open(const struct idmount *m, int user, struct err *err)
{
	auto_fd int mount =
		sys_open_tree(AT_FDCWD, m->source,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				      (m->bind == MOUNT_ALL ? (unsigned)AT_RECURSIVE : 0) |
				      (m->nofollow ? (unsigned)AT_SYMLINK_NOFOLLOW : 0));
	if (mount < 0)
		return err_set(err, errno, "open %s", m->source);
	int r = idmount_map(m, mount, user, err);
	return r < 0 ? r : steal_fd(&mount);
}

static void print_map(struct str *out, const char *name, struct idmap map)
{
	str_addf(out, " %s=", name);
	for (size_t i = 0; i < map.n; i++)
		str_addf(out, "%s%u-%u-%u", i ? "," : "", map.lines[i].container_id,
			 map.lines[i].host_id, map.lines[i].size);
}

void idmount_print(struct str *out, const struct idmount *m)
{
	if (m->is_plain) {
		str_addf(out, "disk %s\n", m->source);
		return;
	}
	if (m->index == IDMOUNT_ROOT)
		str_addf(out, "id-mapped root%s %s", m->is_disk ? " disk" : "", m->source);
	else
		str_addf(out, "id-mapped mounts[%zd] %s%s", m->index, m->source,
			 m->depth == MOUNT_ALL ? " recursive" : "");
	if (m->maps.uids.n) {
		print_map(out, "uids", m->maps.uids);
		print_map(out, "gids", m->maps.gids);
	} else {
		str_add(out, " container's");
	}
	str_add_char(out, '\n');
}
