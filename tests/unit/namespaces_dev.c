/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "namespaces/rootfs.h"
#include "tests/unit/plan_text.h"

#define DEVICES(list) LINUX("'namespaces':[{'type':'mount'}],'devices':[" list "]")
#define DEV(path, type, major, minor, members)                                                     \
	"{'path':'" path "','type':'" type "','major':" major ",'minor':" minor members "}"

#define USUAL_BUT_NULL                                                                             \
	"mknod      s3 zero char,0666 1:5\n"                                                       \
	"mknod      s3 full char,0666 1:7\n"                                                       \
	"mknod      s3 random char,0666 1:8\n"                                                     \
	"mknod      s3 urandom char,0666 1:9\n"                                                    \
	"mknod      s3 tty char,0666 5:0\n"
#define OPEN_DEV "target     s2 /dev make=directory,0755 -> s3 [noproc,realdir]\n"
#define LINKS                                                                                      \
	"symlink    s3 fd target=/proc/self/fd\n"                                                  \
	"symlink    s3 stdin target=/proc/self/fd/0\n"                                             \
	"symlink    s3 stdout target=/proc/self/fd/1\n"                                            \
	"symlink    s3 stderr target=/proc/self/fd/2\n"                                            \
	"symlink    s3 core target=/proc/kcore\n"                                                  \
	"symlink    s3 ptmx target=pts/ptmx\n"

/* The operations, or the message. Slot 2 is the root, 3 its /dev, sources begin at 4. */
static const char *devices(const char *text, bool userns, struct arena *a)
{
	struct config *cfg = config_of(text, a);
	const struct rootfs_want want = {.bundle = "/bundle", .userns = userns};
	auto_(oplist) struct oplist ops;
	struct err err = {0};

	oplist_init(&ops);
	struct rootfs_slots s = {.root = oplist_slots(&ops, 1), .dev = oplist_slots(&ops, 1)};
	s.sources = oplist_slots(&ops, (unsigned)dev_count(cfg));
	dev_plan_sources(cfg, &want, &s, &ops);
	int r = dev_plan(cfg, &want, &s, &ops, &err);
	CHECK_INT(r, -err.num);
	return r < 0 ? arena_str(a, err.msg) : ops_text(&ops, a);
}

TEST(count)
{
	auto_(arena) struct arena a = {0};

	CHECK_INT(dev_count(config_of(TOP(""), &a)), 6);
	CHECK_INT(dev_count(config_of(DEVICES(DEV("/dev/x", "c", "1", "2", "")), &a)), 7);
}

TEST(the_usual_ones)
{
	auto_(arena) struct arena a = {0};

	CHECK_STR(devices(DEVICES(""), false, &a),
		  OPEN_DEV "mknod      s3 null char,0666 1:3\n" USUAL_BUT_NULL LINKS);
}

/* fileMode is decimal, and its file type does not count. */
TEST(given_ones)
{
	auto_(arena) struct arena a = {0};
	const char *text =
		DEVICES(DEV("/dev/null", "c", "1", "3", ",'fileMode':384,'uid':1,'gid':2") "," DEV(
			"/dev/snd/seq", "u", "116", "1",
			",'fileMode':8630") "," DEV("/dev/vda", "b", "254", "0",
						    "") ","
							"{'path':'/run/queue','type':'p'}");

	CHECK_STR(devices(text, false, &a),
		  OPEN_DEV USUAL_BUT_NULL "mknod      s3 null char,0600 1:3 owner=1:2\n"
					  "mknod      s3 snd/seq char,0666 116:1\n"
					  "mknod      s3 vda block,0666 254:0\n"
					  "mknod      s2 /run/queue fifo,0666\n" LINKS);
}

/* In a user namespace the host's own nodes are bound; a fifo can be made anywhere. */
TEST(in_a_user_namespace)
{
	auto_(arena) struct arena a = {0};
	const char *text = devices(
		DEVICES(DEV("/dev/fuse", "c", "10", "229", "") ","
							       "{'path':'/dev/queue','type':'p'}"),
		true, &a);

	CHECK(strstr(text, "open-tree  cwd /dev/null clone -> s4 [missing-ok]\n"));
	CHECK(strstr(text, "open-tree  cwd /dev/fuse clone -> s10\n"));
	CHECK(!strstr(text, "cwd /dev/queue"));
	CHECK(strstr(text, "target     s3 null make=file,0644 like=s4 -> s12 [noproc]\n"
			   "move-mount s4 -> s12\n"
			   "close      s4\n"));
	CHECK(strstr(text, "target     s3 fuse make=file,0644 like=s10 -> s18 [noproc]\n"
			   "move-mount s10 -> s18\n"
			   "close      s10\n"
			   "mknod      s3 queue fifo,0666\n"));
	CHECK(!strstr(text, "mknod      s3 null"));
}

TEST(no_place_for_a_device)
{
	auto_(arena) struct arena a = {0};

	CHECK_STR(devices(DEVICES(DEV("/dev", "c", "1", "3", "")), false, &a),
		  "linux.devices[0].path: /dev is no place for a device");
	CHECK_STR(devices(DEVICES(DEV("/dev/a", "c", "1", "3", "") "," DEV("null", "c", "1", "3",
									   "")),
			  true, &a),
		  "linux.devices[1].path: null is no place for a device");
}
