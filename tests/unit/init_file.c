/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init's operations on files, in a root file system (/tmp/root) that wants out of itself: what
 * lies beside it (/tmp/host) must stay as it is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "tests/lib/test.h"
#include "tests/unit/init_peer.h"

static bool set_up(bool real)
{
	if (!peer_enter(real))
		return false;
	mkdir("/tmp/host", 0755);
	peer_write_file("/tmp/host/canary", "sings");
	mkdir("/tmp/root", 0755);
	mkdir("/tmp/root/dir", 0755);
	CHECK(symlink("/tmp/host", "/tmp/root/absolute") == 0);
	CHECK(symlink("../host", "/tmp/root/relative") == 0);
	CHECK(symlink("../../../../../tmp/host/new", "/tmp/root/dir/deep") == 0);
	CHECK(symlink("loop", "/tmp/root/loop") == 0);
	return true;
}

/* The one thing beside the root is as it was. */
static void check_host(void)
{
	struct stat st;

	CHECK_STR(peer_read_file("/tmp/host/canary"), "sings");
	CHECK(stat("/tmp/host", &st) == 0 && st.st_nlink == 2 && (st.st_mode & 07777) == 0755);
	CHECK(stat("/tmp/host/canary", &st) == 0 && (st.st_mode & 07777) == 0644);
	CHECK(!peer_exists("/tmp/host/new"));
	CHECK(!peer_exists("/tmp/host/x"));
}

/* One operation on a path in the root. */
static int one(enum op_kind kind, const char *path, uint64_t a)
{
	struct oplist l;

	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root");
	peer_op(&l, kind, root, path)->a = a;
	return peer_run(&l, NULL);
}

static int write_file(const char *dir, const char *path, const char *text)
{
	struct oplist l;

	oplist_init(&l);
	int16_t slot = peer_open(&l, dir);
	peer_data(&l, peer_op(&l, OP_WRITE, slot, path), text, strlen(text));
	return peer_run(&l, NULL);
}

TEST(write_stays_below_and_on_the_mount)
{
	if (!set_up(false))
		SKIP("no user namespaces");
	peer_write_file("/tmp/root/file", "old");
	CHECK_INT(write_file("/tmp/root", "file", "new"), 0);
	CHECK_STR(peer_read_file("/tmp/root/file"), "new");
	CHECK_INT(write_file("/tmp/root", "missing", "new"), ENOENT);
	CHECK_INT(write_file("/tmp/root", "absolute/canary", "croaks"), EXDEV);
	CHECK_INT(write_file("/tmp/root", "relative/canary", "croaks"), EXDEV);
	CHECK_INT(write_file("/tmp/root", "../host/canary", "croaks"), EXDEV);
	/* Something mounted on the file, as it is done to /proc/self/attr/exec. */
	CHECK(mount("/tmp/host/canary", "/tmp/root/file", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(write_file("/tmp/root", "file", "croaks"), EXDEV);
	check_host();
}

TEST(write_refuses_magic_links)
{
	if (!set_up(false))
		SKIP("no user namespaces");
	CHECK_INT(write_file("/proc", "self/comm", "renamed"), 0);
	CHECK_INT(write_file("/proc", "self/fd/1", "x"), ELOOP);
	CHECK_INT(write_file("/proc", "self/cwd/x", "x"), ELOOP);
}

TEST(mkdir_makes_what_is_missing_inside)
{
	if (!set_up(false))
		SKIP("no user namespaces");
	CHECK_INT(one(OP_MKDIR, "/a/b//./c/", 0700), 0);
	struct stat st;
	CHECK(stat("/tmp/root/a/b/c", &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(stat("/tmp/root/a/b", &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK_INT(one(OP_MKDIR, "/a/b", 0700), 0); /* is there */
	CHECK(stat("/tmp/root/a/b", &st) == 0 && (st.st_mode & 07777) == 0755);
	/* Links lead to places in the root, and what is missing there is made. */
	CHECK_INT(one(OP_MKDIR, "absolute/x", 0755), 0);
	CHECK(peer_exists("/tmp/root/tmp/host/x"));
	CHECK_INT(one(OP_MKDIR, "relative/x", 0755), 0);
	CHECK(peer_exists("/tmp/root/host/x"));
	CHECK_INT(one(OP_MKDIR, "dir/deep/x", 0755), 0);
	CHECK(peer_exists("/tmp/root/tmp/host/new/x"));
	CHECK_INT(one(OP_MKDIR, "new/../../../p/../q", 0755), 0);
	CHECK(peer_exists("/tmp/root/q") && peer_exists("/tmp/root/new") &&
	      peer_exists("/tmp/root/p"));
	CHECK_INT(one(OP_MKDIR, "loop/x", 0755), ELOOP);
	peer_write_file("/tmp/root/file", "");
	CHECK_INT(one(OP_MKDIR, "file/x", 0755), ENOTDIR);
	check_host();
}

TEST(paths_have_bounds)
{
	char path[8192] = "", link[4096];

	if (!set_up(false))
		SKIP("no user namespaces");
	memset(path, 'n', 300);
	CHECK_INT(one(OP_MKDIR, path, 0755), ENAMETOOLONG);
	memset(path, '/', 5000);
	CHECK_INT(one(OP_MKDIR, path, 0755), ENAMETOOLONG);
	/* A link of two thousand components that are not there. */
	for (size_t i = 0; i < sizeof(link) - 2; i += 2)
		memcpy(link + i, "a/", 2);
	link[4094] = 0;
	CHECK(symlink(link, "/tmp/root/long") == 0);
	CHECK_INT(one(OP_MKDIR, "long", 0755), 0);
	CHECK_INT(one(OP_MKDIR, "long/x/y", 0755), ENAMETOOLONG);
	check_host();
}

TEST(symlink_replaces_what_is_no_directory)
{
	struct oplist l;
	char target[64];

	if (!set_up(false))
		SKIP("no user namespaces");
	static const char *const paths[] = {"dev/fd", "absolute", "loop", "dir", "relative/x"};
	peer_write_file("/tmp/root/ptmx", "");
	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root");
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < 5; i++)
			peer_data(&l, peer_op(&l, OP_SYMLINK, root, paths[i]), "/proc/self/fd", 14);
	peer_data(&l, peer_op(&l, OP_SYMLINK, root, "ptmx"), "pts/ptmx", 9);
	CHECK_INT(peer_run(&l, NULL), 0);
	CHECK_INT(readlink("/tmp/root/dev/fd", target, sizeof(target)), 13);
	CHECK_INT(readlink("/tmp/root/absolute", target, sizeof(target)), 13);
	CHECK_INT(readlink("/tmp/root/loop", target, sizeof(target)), 13);
	CHECK_INT(readlink("/tmp/root/host/x", target, sizeof(target)), 13);
	CHECK_INT(readlink("/tmp/root/ptmx", target, sizeof(target)), 8);
	struct stat st;
	CHECK(lstat("/tmp/root/dir", &st) == 0 && S_ISDIR(st.st_mode));
	check_host();
}

/* Makes a node below /tmp/root, owned by 3:4. */
static int make_node(const char *path, mode_t mode, dev_t dev)
{
	struct oplist l;

	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root");
	struct op *op = peer_op(&l, OP_MKNOD, root, path);
	op->a = mode;
	op->b = dev;
	op->c = (uint64_t)3 << 32 | 4;
	return peer_run(&l, NULL);
}

TEST(mknod_makes_or_finds_the_very_node)
{
	struct stat st;

	if (!set_up(true))
		SKIP("needs root");
	CHECK_INT(make_node("dev/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK(stat("/tmp/root/dev/null", &st) == 0 && S_ISCHR(st.st_mode) &&
	      st.st_rdev == makedev(1, 3) && (st.st_mode & 07777) == 0666 && st.st_uid == 3 &&
	      st.st_gid == 4);
	CHECK_INT(make_node("dev/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK_INT(make_node("dev/null", S_IFCHR | 0666, makedev(1, 5)), EEXIST);
	CHECK_INT(make_node("dev/null", S_IFBLK | 0666, makedev(1, 3)), EEXIST);
	CHECK_INT(make_node("dev/pipe", S_IFIFO | 0600, 0), 0);
	/* A link in its place is not the node, wherever it leads. */
	CHECK(symlink("/tmp/host/canary", "/tmp/root/dev/zero") == 0);
	CHECK(symlink("null", "/tmp/root/dev/full") == 0);
	CHECK_INT(make_node("dev/zero", S_IFCHR | 0666, makedev(1, 5)), EEXIST);
	CHECK_INT(make_node("dev/full", S_IFCHR | 0666, makedev(1, 3)), EEXIST);
	CHECK_INT(make_node("absolute/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK(peer_exists("/tmp/root/tmp/host/null"));
	check_host();
}

TEST(copy_up_copies_the_tree)
{
	struct oplist l;
	struct stat st;
	char target[64] = "";

	if (!set_up(false))
		SKIP("no user namespaces");
	mkdir("/tmp/root/dir/sub", 0711);
	peer_write_file("/tmp/root/dir/sub/file", "content");
	chmod("/tmp/root/dir/sub/file", 04755);
	mkfifo("/tmp/root/dir/fifo", 0600);
	chmod("/tmp/root/dir", 0751);
	for (int own_mode = 0; own_mode < 2; own_mode++) {
		const char *dir = own_mode ? "/tmp/own" : "/tmp/theirs";
		mkdir(dir, 0700);
		CHECK(chdir(dir) == 0);
		oplist_init(&l);
		int16_t root = peer_open(&l, "/tmp/root"), to = peer_open(&l, dir);
		struct op *op = peer_op(&l, OP_COPY_UP, root, "dir");
		op->fd2 = to;
		op->a = own_mode;
		op = peer_op(&l, OP_COPY_UP, root, "no/such/directory");
		op->fd2 = to;
		op->a = 1;
		CHECK_INT(peer_run(&l, NULL), 0);
		CHECK(stat(".", &st) == 0 && (st.st_mode & 07777) == (own_mode ? 0700 : 0751));
		CHECK_STR(peer_read_file("sub/file"), "content");
		CHECK(stat("sub/file", &st) == 0 && (st.st_mode & 07777) == 04755);
		CHECK(stat("sub", &st) == 0 && (st.st_mode & 07777) == 0711);
		CHECK(lstat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
		CHECK(readlink("deep", target, sizeof(target) - 1) > 0);
		CHECK_STR(target, "../../../../../tmp/host/new");
	}
	check_host();
}

TEST(one_who_exchanges_components_gains_nothing)
{
	struct oplist l;
	char path[64];

	if (!set_up(false))
		SKIP("no user namespaces");
	mkdir("/tmp/root/swap", 0755);
	pid_t swapper = fork();
	if (swapper == 0)
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, "/tmp/root/swap", AT_FDCWD,
				"/tmp/root/absolute", RENAME_EXCHANGE);
	oplist_init(&l);
	int16_t root = peer_open(&l, "/tmp/root");
	for (int i = 0; i < 2000; i++) {
		static const enum op_kind kinds[] = {OP_MKDIR, OP_TARGET, OP_SYMLINK, OP_MKNOD};
		snprintf(path, sizeof(path), "swap/%d/x", i);
		struct op *op = peer_op(&l, kinds[i % 4], root, path);
		op->a = kinds[i % 4] == OP_MKNOD ? S_IFIFO | 0600 : S_IFDIR | 0755;
		op->flags = OPF_OPTIONAL;
		peer_data(&l, op, "target", 7);
	}
	CHECK_INT(peer_run(&l, NULL), 0);
	kill(swapper, SIGKILL);
	CHECK_INT(waitpid(swapper, NULL, 0), swapper);
	check_host();
}

TEST(open_is_what_was_asked_for)
{
	struct oplist l;

	if (!set_up(false))
		SKIP("no user namespaces");
	static const struct {
		const char *path;
		uint64_t resolve;
		int result;
	} cases[] = {
		{"dir", RESOLVE_BENEATH, 0},
		{"relative", RESOLVE_BENEATH, EXDEV},
		{"absolute", RESOLVE_IN_ROOT, ENOENT},
		{"absolute", RESOLVE_NO_SYMLINKS, ELOOP},
		{"absolute/canary", 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		oplist_init(&l);
		int16_t root = peer_open(&l, "/tmp/root");
		struct op *op = peer_op(&l, OP_OPEN, root, cases[i].path);
		op->a = O_RDONLY;
		op->b = cases[i].resolve;
		CHECK_INT(peer_run(&l, NULL), cases[i].result);
	}
}
