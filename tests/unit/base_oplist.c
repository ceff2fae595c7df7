/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/base/oplist.h"
#include "runtime/base/sys.h"
#include "tests/lib/test.h"

TEST(oplist_every_kind_has_a_name)
{
	for (unsigned i = 0; i < OP_KINDS; i++) {
		MUST(op_name(i) != NULL);
		for (unsigned k = 0; k < i; k++)
			CHECK(!str_eq(op_name(i), op_name(k)));
	}
	CHECK(!op_name(OP_KINDS));
}

TEST(oplist_hands_out_slots)
{
	struct oplist l;

	oplist_init(&l);
	CHECK_INT(oplist_inherit(&l), SLOT_FIRST);
	CHECK_INT(oplist_inherit(&l), SLOT_FIRST + 1);
	CHECK_INT(l.n_fds, 4);
	CHECK_INT(oplist_slots(&l, 3), 4);
	CHECK_INT(oplist_slots(&l, 1), 7);
	CHECK(!oplist_full(&l));
	CHECK_INT(oplist_slots(&l, OP_SLOTS - 8), 8);
	CHECK(!oplist_full(&l));
	oplist_slots(&l, 1);
	CHECK(oplist_full(&l));
	struct str image = {0};
	struct err err;
	CHECK_INT(oplist_pack(&l, 3, &image, &err), -E2BIG);
	CHECK(!image.p);
	oplist_clear(&l);
	oplist_init(&l);
	oplist_slots(&l, UINT32_MAX);
	CHECK(oplist_full(&l));
	oplist_clear(&l);
}

TEST(oplist_too_long_is_an_error)
{
	struct oplist l;
	struct str image = {0};
	struct err err;

	oplist_init(&l);
	for (int i = 0; i <= OP_MAX; i++)
		oplist_add(&l, OP_NOP);
	CHECK_INT(oplist_pack(&l, 3, &image, &err), -E2BIG);
	oplist_clear(&l);
	oplist_init(&l);
	oplist_room(&l, OP_IMAGE_MAX);
	CHECK_INT(oplist_pack(&l, 3, &image, &err), -E2BIG);
	oplist_clear(&l);
}

TEST(oplist_whys_are_kept)
{
	struct oplist l;

	oplist_init(&l);
	oplist_add(&l, OP_NOP);
	oplist_why(&l, "first %d", 1);
	oplist_why(&l, "mounts[%d] %s", 2, "/x");
	for (int i = 0; i < 200; i++)
		oplist_add(&l, OP_NOP);
	oplist_why(&l, "last");
	oplist_add(&l, OP_NOP);
	CHECK_STR(l.why[0], "");
	CHECK_STR(l.why[1], "mounts[2] /x");
	CHECK_STR(l.why[200], "mounts[2] /x");
	CHECK_STR(l.why[201], "last");
	oplist_clear(&l);
}

static struct op *add(struct oplist *l, enum op_kind kind, int16_t fd, const char *str, uint64_t a)
{
	uint32_t at = str ? oplist_str(l, str) : 0;
	struct op *op = oplist_add(l, kind);

	op->fd = fd;
	op->str = at;
	op->a = a;
	return op;
}

static void data(struct oplist *l, struct op *op, const void *p, size_t n)
{
	op->data = oplist_blob(l, p, n);
	op->size = (uint32_t)n;
}

/* One of most things; the lines that they give. */
static void fill(struct oplist *l)
{
	const struct op_caps caps = {.bounding = 0xff, .effective = 1, .permitted = 1};
	const struct op_attr attr = {
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME,
		.clr = MOUNT_ATTR__ATIME,
		.userns = 9,
		.recursive = 1,
	};
	const struct op_attr slave = {.propagation = MS_SLAVE, .userns = SLOT_NONE};
	const uint32_t groups[] = {4, 5};
	struct op *op;

	oplist_why(l, "mounts[2] /dev");
	op = add(l, OP_OPEN, SLOT_CWD, "/a b", O_PATH | O_DIRECTORY);
	op->b = RESOLVE_BENEATH;
	op->ret = 5;
	add(l, OP_MOVE_MOUNT, 5, NULL, 0)->fd2 = 6;
	op = add(l, OP_TARGET, 2, "/dev", S_IFDIR | 0755);
	op->flags = OPF_NOPROC | OPF_REALDIR;
	op->ret = 3;
	op = add(l, OP_FSMOUNT, SLOT_NONE, "tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	data(l, op,
	     "mode\0"
	     "0755\0"
	     "ro\0",
	     14);
	op->ret = 4;
	oplist_why(l, "the rest");
	data(l, add(l, OP_SETATTR, 4, NULL, 0), &attr, sizeof(attr));
	data(l, add(l, OP_SETATTR, SLOT_CWD, "/", 0), &slave, sizeof(slave));
	op = add(l, OP_SETIDS, SLOT_NONE, NULL, 1000);
	op->b = 1001;
	data(l, op, groups, sizeof(groups));
	add(l, OP_SETIDS, SLOT_NONE, NULL, 0)->flags = OPF_GROUPS | OPF_KEEPCAPS;
	data(l, add(l, OP_CAPS, SLOT_NONE, NULL, 0), &caps, sizeof(caps));
	op = add(l, OP_RLIMIT, SLOT_NONE, NULL, RLIMIT_NOFILE);
	op->b = 1024;
	op->c = RLIM_INFINITY;
	op = add(l, OP_MKNOD, 3, "null", S_IFCHR | 0666);
	op->b = makedev(1, 3);
	op->c = (uint64_t)5 << 32;
	add(l, OP_UNSHARE, SLOT_NONE, NULL, CLONE_NEWNET | CLONE_NEWUSER | 2);
	data(l, add(l, OP_SECCOMP, SLOT_NONE, NULL, 0), "12345678", 8);
	op = add(l, OP_PRCTL, SLOT_NONE, NULL, PR_SET_NO_NEW_PRIVS);
	op->b = 1;
	data(l, add(l, OP_WRITE, 2, "comm", 0), "a\nb", 3);
	op = add(l, OP_SYNC, SLOT_NONE, NULL, SYNC_MOUNTS);
	op->b = 3;
	op->ret = 7;
	uint32_t room = oplist_room(l, 6 * sizeof(char *));
	op = add(l, OP_EXEC, SLOT_NONE, NULL, 2);
	op->b = 1;
	op->str = room;
	data(l, op,
	     "sh\0"
	     "\0"
	     "A=#",
	     8);
}

TEST(oplist_prints_lines)
{
	struct oplist l;
	auto_(str) struct str text = {0};

	oplist_init(&l);
	fill(&l);
	oplist_print(&l, &text);
	CHECK_STR(
		text.p,
		"open       cwd \"/a b\" path,directory resolve=beneath -> s5 # mounts[2] /dev\n"
		"move-mount s5 -> s6                                      # mounts[2] /dev\n"
		"target     s2 /dev make=directory,0755 -> s3 [noproc,realdir] # mounts[2] /dev\n"
		"fsmount    tmpfs nosuid,strictatime mode=0755 ro -> s4   # mounts[2] /dev\n"
		"setattr    s4 +ro,noatime -atime userns=s9 recursive     # the rest\n"
		"setattr    cwd / slave                                   # the rest\n"
		"setids     uid=1000 gid=1001 groups=4,5                  # the rest\n"
		"setids     uid=0 gid=0 groups=none [keepcaps]            # the rest\n"
		"caps       bounding=ff effective=1 permitted=1 inheritable=0 ambient=0 # the rest\n"
		"rlimit     nofile soft=1024 hard=unlimited               # the rest\n"
		"mknod      s3 null char,0666 1:3 owner=5:0               # the rest\n"
		"unshare    user,network,0x2                              # the rest\n"
		"seccomp    instructions=1 hash=173932c41a90a42d          # the rest\n"
		"prctl      no-new-privs 1                                # the rest\n"
		"write      s2 comm content=\"a\\nb\"                        # the rest\n"
		"sync       mounts -> s7+2                                # the rest\n"
		"exec       sh \"\" env=\"A=#\"                               # the rest\n");
	oplist_clear(&l);
}

TEST(oplist_prints_json)
{
	struct oplist l;
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	oplist_init(&l);
	oplist_why(&l, "/x \"y\"");
	struct op *op = add(&l, OP_OPEN, 2, "a b", O_RDONLY);
	op->ret = 3;
	op->flags = OPF_MISSING_OK;
	add(&l, OP_READY, SLOT_NONE, NULL, 0);
	json_open(&o, NULL, '{');
	oplist_json(&l, &o, "operations");
	json_close(&o, '}');
	CHECK_STR(
		text.p,
		"{\"operations\":[{\"op\":\"open\",\"for\":\"/x \\\"y\\\"\",\"args\":{\"dir\":\"s2\","
		"\"path\":\"a b\",\"flags\":\"ro\",\"result\":\"s3\",\"if\":\"missing-ok\"}},"
		"{\"op\":\"ready\",\"for\":\"/x \\\"y\\\"\",\"args\":{}}]}");
	oplist_clear(&l);
}

TEST(oplist_an_image_prints_as_its_list)
{
	struct oplist l;
	auto_(str) struct str from_list = {0}, from_image = {0}, image = {0};
	struct err err;

	oplist_init(&l);
	fill(&l);
	for (uint32_t i = 0; i < l.n; i++)
		l.why[i] = "";
	oplist_print(&l, &from_list);
	CHECK_INT(oplist_pack(&l, 3, &image, &err), 0);
	const struct op_image *im = (const struct op_image *)(const void *)image.p;
	CHECK_INT(oplist_print_image(im, image.len, &from_image, &err), 0);
	CHECK_STR(from_image.p, from_list.p);
	CHECK_INT(oplist_print_image(im, image.len - 1, &from_image, &err), -EINVAL);
	oplist_clear(&l);
}

TEST(oplist_prints_blobs_that_are_too_small)
{
	struct oplist l;
	auto_(str) struct str text = {0};

	oplist_init(&l);
	for (unsigned kind = 0; kind < OP_KINDS; kind++) {
		struct op *op = oplist_add(&l, kind);
		op->a = op->b = op->c = UINT64_MAX;
		data(&l, op, "x", 1);
		oplist_add(&l, kind)->size = 1000; /* no data at all */
	}
	oplist_print(&l, &text);
	CHECK(text.len > 0);
	oplist_clear(&l);
}
