/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init's operations on mounts. They are looked at from outside, through /proc/PID/root, while
 * the executor waits for an answer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "tests/lib/test.h"
#include "tests/unit/init_peer.h"

static bool set_up(void)
{
	if (!peer_enter(false))
		return false;
	mkdir("/tmp/host", 0755);
	peer_write_file("/tmp/host/canary", "sings");
	mkdir("/tmp/root", 0755);
	mkdir("/tmp/root/dir", 0755);
	peer_write_file("/tmp/root/dir/file", "secret");
	CHECK(symlink("/tmp/host", "/tmp/root/absolute") == 0);
	CHECK(symlink("../../host/new", "/tmp/root/dir/deep") == 0);
	return true;
}

static void check_host(void)
{
	CHECK_STR(peer_read_file("/tmp/host/canary"), "sings");
	CHECK(!peer_exists("/tmp/host/new"));
}

/* The new root's mount, attached over /, in a mount namespace of its own. */
static int16_t plan_root(struct oplist *l)
{
	int16_t root = oplist_slots(l, 2), top = (int16_t)(root + 1);

	oplist_add(l, OP_UNSHARE)->a = CLONE_NEWNS;
	struct op *op = peer_op(l, OP_OPEN_TREE, SLOT_CWD, "/tmp/root");
	op->a = OPEN_TREE_CLONE | AT_RECURSIVE;
	op->ret = root;
	op = peer_op(l, OP_OPEN, SLOT_CWD, "/");
	op->a = O_PATH | O_DIRECTORY;
	op->ret = top;
	op = oplist_add(l, OP_MOVE_MOUNT);
	op->fd = root;
	op->fd2 = top;
	return root;
}

static int16_t plan_fsmount(struct oplist *l, const char *type, uint64_t attr, const char *data,
			    size_t n)
{
	int16_t slot = oplist_slots(l, 1);
	struct op *op = peer_op(l, OP_FSMOUNT, SLOT_NONE, type);

	op->a = attr;
	op->ret = slot;
	if (n)
		peer_data(l, op, data, n);
	return slot;
}

static void plan_mount(struct oplist *l, int16_t root, int16_t mount, const char *path,
		       uint64_t make)
{
	int16_t target = oplist_slots(l, 1);
	struct op *op = peer_op(l, OP_TARGET, root, path);

	op->fd2 = mount;
	op->a = make;
	op->ret = target;
	op = oplist_add(l, OP_MOVE_MOUNT);
	op->fd = mount;
	op->fd2 = target;
}

/* Runs the list up to a SYNC at its end, changes into the executor's root. */
static struct peer run_to_sync(struct oplist *l)
{
	char root[64];

	oplist_add(l, OP_SYNC);
	struct peer p = peer_start(l, -1);
	if (!CHECK_INT(peer_hear(&p), MSG_SYNC))
		printf("# operation %u: errno %d\n", p.msg.op, (int)p.msg.a);
	snprintf(root, sizeof(root), "/proc/%d/root", (int)p.pid);
	CHECK(chdir(root) == 0);
	return p;
}

static void end(struct peer *p)
{
	CHECK(chdir("/") == 0);
	peer_end(p);
}

TEST(pivot_leaves_the_old_root)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t root = plan_root(&l);
	oplist_add(&l, OP_PIVOT)->fd = root;
	struct peer p = run_to_sync(&l);
	CHECK_STR(peer_read_file("dir/file"), "secret");
	CHECK(!peer_exists("tmp"));
	char path[64], mounts[64];
	snprintf(path, sizeof(path), "/proc/%d/cwd/dir/file", (int)p.pid);
	CHECK_STR(peer_read_file(path), "secret");
	/* One mount, and that is all. */
	snprintf(mounts, sizeof(mounts), "/proc/%d/mountinfo", (int)p.pid);
	const char *text = peer_read_file(mounts);
	CHECK(text && strchr(text, '\n') == text + strlen(text) - 1);
	end(&p);
	CHECK(peer_exists("/tmp/host/canary"));
}

TEST(targets_are_made_inside)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t root = plan_root(&l);
	int16_t tmpfs = plan_fsmount(&l, "tmpfs", 0, "mode\0000700\0size\00064k", 19);
	plan_mount(&l, root, tmpfs, "/new/place/", S_IFDIR | 0711);
	int16_t file = oplist_slots(&l, 1);
	for (int i = 0; i < 2; i++) { /* an existing path, and one that is missing behind a link */
		struct op *op =
			peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/proc/self/root/tmp/host/canary");
		op->a = OPEN_TREE_CLONE;
		op->ret = file;
		plan_mount(&l, root, file, i ? "/absolute/file" : "/dir/file",
			   0644); /* type: of the mount */
	}
	struct op *op = peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/tmp/host");
	op->a = OPEN_TREE_CLONE;
	op->ret = file;
	plan_mount(&l, root, file, "dir/deep", 0755);
	oplist_add(&l, OP_PIVOT)->fd = root;
	struct peer p = run_to_sync(&l);
	struct stat st;
	CHECK(stat("new", &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(stat("new/place", &st) == 0 && (st.st_mode & 07777) == 0700); /* the mount's */
	CHECK_STR(peer_read_file("dir/file"), "sings");
	CHECK_STR(peer_read_file("tmp/host/file"), "sings");
	CHECK_STR(peer_read_file("host/new/canary"), "sings");
	end(&p);
	CHECK(stat("/tmp/root/new/place", &st) == 0 && (st.st_mode & 07777) == 0711);
	CHECK_STR(peer_read_file("/tmp/root/dir/file"), "secret");
	CHECK_STR(peer_read_file("/tmp/root/tmp/host/file"), "");
	check_host();
}

/* One OP_TARGET in the root; what it says. */
static int target(const char *path, uint64_t make, unsigned flags)
{
	struct oplist l;

	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root");
	struct op *op = peer_op(&l, OP_TARGET, root, path);
	op->a = make;
	op->flags = (uint8_t)flags;
	return peer_run(&l, NULL);
}

TEST(targets_are_refused)
{
	if (!set_up())
		SKIP("no user namespaces");
	mkdir("/tmp/root/proc", 0755);
	CHECK(mount("/proc", "/tmp/root/proc", NULL, MS_BIND | MS_REC, NULL) == 0);
	CHECK_INT(target("missing", 0, 0), ENOENT);
	CHECK(!peer_exists("/tmp/root/missing"));
	CHECK_INT(target("missing", 0, OPF_REALDIR), ENOENT);
	CHECK_INT(target("proc/sys", S_IFDIR | 0755, OPF_NOPROC), EPERM);
	CHECK_INT(target("proc/sys", S_IFDIR | 0755, 0), 0);
	CHECK_INT(target("proc/self/cwd", 0, 0), ELOOP);
	CHECK_INT(target("proc/self/fd/1", S_IFREG | 0644, 0), ELOOP);
	CHECK(symlink("proc/sys/kernel", "/tmp/root/link") == 0);
	CHECK_INT(target("link/x", S_IFDIR | 0755, OPF_NOPROC), ENOENT);
	CHECK_INT(target("link", S_IFDIR | 0755, OPF_NOPROC), EPERM);
	/* What must be a real directory may not be reached over a link in its last place. */
	CHECK(symlink("dir", "/tmp/root/sys") == 0);
	CHECK_INT(target("/sys", S_IFDIR | 0755, 0), 0);
	CHECK_INT(target("/sys", S_IFDIR | 0755, OPF_REALDIR), ENOTDIR);
	CHECK_INT(target("/sys/", S_IFDIR | 0755, OPF_REALDIR), ENOTDIR);
	CHECK_INT(target("/dir/file", S_IFDIR | 0755, OPF_REALDIR), ENOTDIR);
	CHECK_INT(target("/sys/real", S_IFDIR | 0755, OPF_REALDIR), 0);
	CHECK(peer_exists("/tmp/root/dir/real"));
	CHECK_INT(target("/", S_IFDIR | 0755, OPF_REALDIR), 0);
	check_host();
}

TEST(masks_cover_files_and_directories)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	mkdir("/tmp/root/other", 0755);
	CHECK(symlink("dir/file", "/tmp/root/link") == 0);
	peer_write_file("/tmp/root/other/file", "secret");
	oplist_init(&l);
	int16_t root = plan_root(&l), null = oplist_slots(&l, 1);
	struct op *op = peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/dev/null");
	op->a = OPEN_TREE_CLONE;
	op->ret = null;
	int16_t empty = plan_fsmount(&l, "tmpfs", MOUNT_ATTR_RDONLY, "nr_inodes\0001", 12);
	static const char *const paths[] = {"/link", "/dir", "/other", "/missing",
					    "/other/file/no"};
	for (size_t i = 0; i < 5; i++) {
		op = peer_op(&l, OP_MASK, root, paths[i]);
		op->fd2 = null;
		op->ret = empty;
	}
	oplist_add(&l, OP_PIVOT)->fd = root;
	struct peer p = run_to_sync(&l);
	CHECK_STR(peer_read_file("link"), NULL); /* its target lies below a mask, too */
	CHECK_INT(open("dir/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), -1);
	CHECK_INT(errno, EROFS);
	CHECK(!peer_exists("other/file"));
	struct stat dir, other;
	CHECK(stat("dir", &dir) == 0 && stat("other", &other) == 0);
	CHECK_INT(dir.st_dev, other.st_dev); /* one file system for all */
	end(&p);
}

TEST(a_mask_over_a_file_reads_empty)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t root = plan_root(&l), null = oplist_slots(&l, 1);
	struct op *op = peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/dev/null");
	op->a = OPEN_TREE_CLONE;
	op->ret = null;
	op = peer_op(&l, OP_MASK, root, "/dir/file");
	op->fd2 = null;
	oplist_add(&l, OP_PIVOT)->fd = root;
	struct peer p = run_to_sync(&l);
	CHECK_STR(peer_read_file("dir/file"), "");
	end(&p);
}

TEST(a_mask_without_a_cover_is_an_error)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t root = plan_root(&l), null = oplist_slots(&l, 1);
	struct op *op = peer_op(&l, OP_OPEN_TREE, SLOT_CWD, "/no/such/null");
	op->a = OPEN_TREE_CLONE;
	op->ret = null;
	op->flags = OPF_MISSING_OK;
	op = peer_op(&l, OP_MASK, root, "/dir/file");
	op->fd2 = null;
	CHECK_INT(peer_run(&l, NULL), EBADF);
}

TEST(readonly_covers_all_below)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	mkdir("/tmp/root/dir/sub", 0755);
	CHECK(mount("tmpfs", "/tmp/root/dir/sub", "tmpfs", MS_NOEXEC, NULL) == 0);
	oplist_init(&l);
	int16_t root = plan_root(&l);
	peer_op(&l, OP_READONLY, root, "/dir");
	peer_op(&l, OP_READONLY, root, "/missing");
	struct op *op = oplist_add(&l, OP_SETATTR);
	op->fd = root;
	const struct op_attr attr = {.set = MOUNT_ATTR_NODEV, .userns = SLOT_NONE};
	peer_data(&l, op, &attr, sizeof(attr));
	oplist_add(&l, OP_PIVOT)->fd = root;
	struct peer p = run_to_sync(&l);
	struct statvfs top, dir, sub;
	CHECK(statvfs(".", &top) == 0 && statvfs("dir", &dir) == 0 &&
	      statvfs("dir/sub", &sub) == 0);
	CHECK(!(top.f_flag & ST_RDONLY) && (top.f_flag & ST_NODEV));
	CHECK((dir.f_flag & ST_RDONLY) && (sub.f_flag & ST_RDONLY) && (sub.f_flag & ST_NOEXEC));
	end(&p);
}

TEST(paths_of_mounts_below_a_root_stay_inside)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root"), tree = oplist_slots(&l, 1);
	struct op *op = peer_op(&l, OP_OPEN_TREE, root, "absolute");
	op->a = OPEN_TREE_CLONE;
	op->ret = tree;
	CHECK_INT(peer_run(&l, NULL), ENOENT);
	oplist_init(&l);
	root = peer_open(&l, "/tmp/root");
	op = peer_op(&l, OP_SETATTR, root, "/absolute");
	const struct op_attr attr = {.set = MOUNT_ATTR_RDONLY, .userns = SLOT_NONE};
	peer_data(&l, op, &attr, sizeof(attr));
	CHECK_INT(peer_run(&l, NULL), ENOENT);
}

TEST(fsmount_takes_pairs_and_flags)
{
	struct oplist l;

	if (!set_up())
		SKIP("no user namespaces");
	static const struct {
		const char *data;
		size_t n;
		int result;
	} cases[] = {
		{"mode\0000755", 10, 0},       {"ro\0", 4, 0},      {"size\0lots", 10, EINVAL},
		{"nosuchthing\0", 13, EINVAL}, {"mode", 5, EINVAL}, /* a key without its value */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		oplist_init(&l);
		plan_fsmount(&l, "tmpfs", 0, cases[i].data, cases[i].n);
		CHECK_INT(peer_run(&l, NULL), cases[i].result);
	}
	oplist_init(&l);
	plan_fsmount(&l, "nosuchfs", 0, NULL, 0);
	CHECK_INT(peer_run(&l, NULL), ENODEV);
}
