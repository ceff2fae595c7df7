/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "namespaces/rootfs.h"
#include "tests/unit/plan_text.h"

#define ROOT(members, linux_members)                                                               \
	"{'ociVersion':'1.0.2','root':{" members "},"                                              \
	"'linux':{'namespaces':[{'type':'mount'}]" linux_members "}}"

static const struct host host = {.layout = CGROUP_V2};

/* One container's root, phase by phase. */
struct rootfs {
	struct arena mem;
	struct config *cfg;
	struct oplist ops;
	struct rootfs_slots slots;
	struct err err;
};

static struct rootfs rootfs_begin(const char *text)
{
	struct rootfs r = {.cfg = NULL};

	r.cfg = config_of(text, &r.mem);
	oplist_init(&r.ops);
	return r;
}

static void rootfs_clear(struct rootfs *r)
{
	oplist_clear(&r->ops);
	arena_clear(&r->mem);
}

static const char *text_of(struct rootfs *r)
{
	return ops_text(&r->ops, &r->mem);
}

static const struct rootfs_want plain = {.bundle = "/bundle"};

static const char *sources(struct rootfs *r, const struct rootfs_want *want)
{
	int result = rootfs_plan_sources(r->cfg, want, &r->slots, &r->ops, &r->err);

	CHECK_INT(result, -r->err.num);
	return result < 0 ? r->err.msg : text_of(r);
}

#define DETACHED "setattr    cwd / slave recursive\n"

TEST(the_root_is_below_the_bundle_or_absolute)
{
	static const struct {
		const char *path, *opened;
	} rows[] = {
		{"rootfs", "/bundle/rootfs"}, {"./a/../b", "/bundle/b"}, {"../x", "/x"},
		{"/srv//web/", "/srv/web"},   {".", "/bundle"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena a = {0};
		auto_(rootfs) struct rootfs r =
			rootfs_begin(arena_printf(&a, ROOT("'path':'%s'", ""), rows[i].path));
		CHECK_STR(sources(&r, &plain),
			  arena_printf(&a, DETACHED "open-tree  cwd %s clone,recursive -> s2\n",
				       rows[i].opened));
	}
}

/* Only with a shared propagation do the container's mounts reach the others of its namespace. */
TEST(what_is_cut_off_from_the_host)
{
	static const struct {
		const char *word, *ops;
	} rows[] = {
		{"private", "setattr    cwd / private recursive\n"},
		{"rprivate", "setattr    cwd / private recursive\n"},
		{"slave", DETACHED},
		{"rslave", DETACHED},
		{"unbindable", DETACHED},
		{"runbindable", DETACHED},
		{"shared", "setattr    cwd / private\n"},
		{"rshared", "setattr    cwd / private\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena a = {0};
		auto_(rootfs) struct rootfs r = rootfs_begin(arena_printf(
			&a, ROOT("'path':'r'", ",'rootfsPropagation':'%s'"), rows[i].word));
		CHECK_STR(sources(&r, &plain),
			  arena_printf(&a, "%sopen-tree  cwd /bundle/r clone,recursive -> s2\n",
				       rows[i].ops));
	}
}

TEST(a_root_that_is_an_overlay)
{
	static const char *const hidden[] = {"/etc/shadow", "/root"};
	static const struct rootfs_overlay overlay = {
		.lower = "/", .upper_bytes = 1 << 20, .hidden = hidden, .n_hidden = 2};
	const struct rootfs_want want = {.bundle = "/bundle", .overlay = &overlay};
	auto_(rootfs) struct rootfs r = rootfs_begin(ROOT("'path':'r'", ""));
	const char *text = sources(&r, &want);

	CHECK(strstr(text, "fsmount    tmpfs nodev mode=0755 size=1048576 -> s"));
	CHECK(strstr(text, "shadow char,0000"));
	CHECK(strstr(text, " root char,0000"));
	CHECK(strstr(text, "fsmount    overlay "));
	CHECK(strstr(text, "lowerdir=/ "));
	CHECK(!strstr(text, "open-tree  cwd /bundle/r"));
}

TEST(a_root_of_layers)
{
	static const char *const layers[] = {"layers/b/tree", "layers/a/tree"};
	struct rootfs_overlay overlay = {
		.layers = layers, .n_layers = 2, .dir = "/store", .upper = "containers/x"};
	const struct rootfs_want want = {.bundle = "/bundle", .overlay = &overlay};
	auto_(rootfs) struct rootfs r = rootfs_begin(ROOT("'path':'r'", ""));
	const char *text = sources(&r, &want);

	CHECK(strstr(text, "chdir      /store"));
	CHECK(strstr(text, "lowerdir+=layers/b/tree lowerdir+=layers/a/tree userxattr"));
	CHECK(strstr(text, "upperdir=containers/x/upper workdir=containers/x/work"));
	CHECK(!strstr(text, "tmpfs"));
	CHECK(!strstr(text, "volatile"));
	overlay.is_volatile = true;
	auto_(rootfs) struct rootfs fleeting = rootfs_begin(ROOT("'path':'r'", ""));
	CHECK(strstr(sources(&fleeting, &want), "workdir=containers/x/work volatile"));
	overlay.is_joined = true;
	auto_(rootfs) struct rootfs old = rootfs_begin(ROOT("'path':'r'", ""));
	CHECK(strstr(sources(&old, &want), "lowerdir=layers/b/tree:layers/a/tree userxattr"));
	overlay.upper = NULL;
	overlay.upper_bytes = 4096;
	auto_(rootfs) struct rootfs small = rootfs_begin(ROOT("'path':'r'", ""));
	CHECK(strstr(sources(&small, &want), "upperdir=/bundle/r/upper"));
}

/* A disk comes from the parent, and before the overlay that is over it. */
TEST(a_root_with_a_disk)
{
	static const char *const layers[] = {"layers/a/tree"};
	const struct rootfs_overlay overlay = {.layers = layers,
					       .n_layers = 1,
					       .dir = "/store",
					       .upper = "containers/x/rootfs",
					       .disk = "containers/x/disk",
					       .upper_bytes = 1 << 30};
	struct rootfs_want want = {.bundle = "/bundle", .overlay = &overlay};
	auto_(rootfs) struct rootfs r = rootfs_begin(ROOT("'path':'r'", ""));
	struct idmounts parts = {0};

	CHECK_INT(rootfs_plan_idmapped(r.cfg, &want, &r.mem, &parts, &r.err), 0);
	MUST(parts.n == 1);
	CHECK(parts.list[0].is_disk && parts.list[0].is_plain);
	CHECK_STR(parts.list[0].source, "/store/containers/x/disk");
	want.n_parts = want.n_idmounts = parts.n;
	const char *text = sources(&r, &want);
	const char *place = strstr(text, "/store/containers/x/rootfs path,directory"),
		   *move = strstr(text, "move-mount "), *over = strstr(text, "fsmount    overlay ");
	CHECK(strstr(text, "sync       mounts -> "));
	CHECK(place && move && over && place < move && move < over);
	CHECK(strstr(text, "upperdir=containers/x/rootfs/upper"));
	CHECK(!strstr(text, "tmpfs"));
	/* With ids of its own it is a part as any other one, and what is below it has no limit. */
	want.maps_root = true;
	auto_(rootfs) struct rootfs mapped = rootfs_begin(ROOT("'path':'r'", ""));
	CHECK_INT(rootfs_plan_idmapped(mapped.cfg, &want, &mapped.mem, &parts, &mapped.err), 0);
	MUST(parts.n == 2);
	CHECK(parts.list[1].is_disk && !parts.list[1].is_plain && !parts.list[0].is_disk);
	want.n_parts = want.n_idmounts = parts.n;
	sources(&mapped, &want);
	CHECK_INT(rootfs_plan_mounts(mapped.cfg, &host, &want, &mapped.slots, &mapped.ops,
				     &mapped.err),
		  0);
	CHECK(!strstr(text_of(&mapped), "size=1073741824"));
	CHECK(strstr(text_of(&mapped), "upperdir=disk/upper"));
}

/* In a user namespace the parent makes the layers, and the container's root the overlay over them. */
TEST(an_overlay_with_the_container_s_ids)
{
	static const char *const layers[] = {"layers/b/tree", "layers/a/tree"};
	const struct rootfs_overlay overlay = {
		.layers = layers, .n_layers = 2, .dir = "/store", .upper = "containers/x"};
	struct rootfs_want want = {.bundle = "/bundle", .overlay = &overlay, .maps_root = true};
	auto_(rootfs) struct rootfs r = rootfs_begin(ROOT("'path':'r'", ""));
	struct idmounts parts = {0};

	CHECK_INT(rootfs_plan_idmapped(r.cfg, &want, &r.mem, &parts, &r.err), 0);
	MUST(parts.n == 3);
	CHECK_STR(parts.list[0].source, "/store/layers/b/tree");
	CHECK_STR(parts.list[2].source, "/store/containers/x");
	CHECK_INT(parts.list[0].maps.uids.n, 0); /* the container's own */
	want.n_parts = want.n_idmounts = parts.n;
	CHECK_STR(sources(&r, &want),
		  DETACHED "open       cwd /store/containers/x path,directory,nofollow -> s16\n"
			   "sync       mounts -> s13+2\n");
	CHECK_INT(rootfs_plan_mounts(r.cfg, &host, &want, &r.slots, &r.ops, &r.err), 0);
	const char *text = text_of(&r);
	CHECK(strstr(text, "move-mount s17 -> s16\n")); /* the tmpfs */
	CHECK(strstr(text, "move-mount s13 -> "));
	CHECK(strstr(text, "chdir      s17 "));
	CHECK(strstr(text, "lowerdir=0:1 upperdir=disk/upper workdir=disk/work userxattr"));
	/* A root that is a directory is one part, and no overlay. */
	want.overlay = NULL;
	CHECK_INT(rootfs_plan_idmapped(r.cfg, &want, &r.mem, &parts, &r.err), 0);
	MUST(parts.n == 1);
	CHECK_STR(parts.list[0].source, "/bundle/r");
	want.maps_root = false;
	parts.n = 0;
	CHECK_INT(rootfs_plan_idmapped(r.cfg, &want, &r.mem, &parts, &r.err), 0);
	CHECK_INT(parts.n, 0);
}

TEST(more_mounts_than_slots)
{
	auto_(str) struct str list = {0};

	for (int i = 0; i < OP_SLOTS; i++)
		str_addf(&list, "%s{'destination':'/m'}", i ? "," : "");
	auto_(arena) struct arena a = {0};
	auto_(rootfs) struct rootfs r = rootfs_begin(arena_printf(
		&a, TOP(",'linux':{'namespaces':[{'type':'mount'}]},'mounts':[%s]"), list.p));
	CHECK_STR(sources(&r, &plain), "mounts: 512 are more than ctr can hold open");
	CHECK_INT(r.err.num, E2BIG);
}

static const char *inside(struct rootfs *r)
{
	sources(r, &plain);
	oplist_clear(&r->ops);
	oplist_init(&r->ops);
	oplist_slots(&r->ops, 100); /* so that new ones are told apart */
	int result = rootfs_plan_mounts(r->cfg, &host, &plain, &r->slots, &r->ops, &r->err);
	CHECK_INT(result, 0);
	return text_of(r);
}

TEST(the_root_is_attached_without_a_path)
{
	auto_(rootfs) struct rootfs r = rootfs_begin(ROOT("'path':'r'", ""));
	const char *text = inside(&r);

	CHECK(str_starts(text, "open       cwd / path,directory -> s102\n"
			       "move-mount s2 -> s102\n"));
	CHECK(strstr(text, "mknod      s3 null char,0666 1:3\n"));
}

/* The operator's own /dev is left as it is. */
TEST(a_bound_dev_is_not_filled)
{
	static const char *const dests[] = {"/dev", "/dev/"};

	for (int i = 0; i < 2; i++) {
		auto_(arena) struct arena a = {0};
		auto_(rootfs) struct rootfs r = rootfs_begin(
			arena_printf(&a,
				     TOP(",'linux':{'namespaces':[{'type':'mount'}]},'mounts':[{"
					 "'destination':'%s','type':'bind','source':'/dev'}]"),
				     dests[i]));
		CHECK(!strstr(inside(&r), "mknod"));
	}
}

static const char *enter(struct rootfs *r)
{
	sources(r, &plain);
	oplist_clear(&r->ops);
	oplist_init(&r->ops);
	oplist_slots(&r->ops, 100);
	int result = rootfs_plan_enter(r->cfg, &r->slots, &r->ops, &r->err);
	CHECK_INT(result, -r->err.num);
	return result < 0 ? r->err.msg : text_of(r);
}

TEST(entering)
{
	auto_(rootfs) struct rootfs bare = rootfs_begin(ROOT("'path':'r'", ""));
	auto_(rootfs) struct rootfs full = rootfs_begin(
		ROOT("'path':'r','readonly':true",
		     ",'maskedPaths':['/proc/kcore','/sys'],'readonlyPaths':['/proc/sys'],"
		     "'rootfsPropagation':'rslave'"));

	CHECK_STR(enter(&bare), "pivot      s2\n");
	CHECK_STR(enter(&full),
		  "open-tree  cwd /dev/null clone -> s4\n"
		  "fsmount    tmpfs ro,nosuid,nodev,noexec nr_inodes=1 mode=0555 -> s5\n"
		  "mask       s2 /proc/kcore file=s4 directory=s5\n"
		  "mask       s2 /sys file=s4 directory=s5\n"
		  "readonly   s2 /proc/sys\n"
		  "setattr    s2 +ro\n"
		  "pivot      s2\n"
		  "setattr    s2 slave recursive\n");
}

TEST(every_propagation_word)
{
	static const char *const words[] = {"private", "slave", "shared", "unbindable"};

	for (size_t i = 0; i < 8; i++) {
		auto_(arena) struct arena a = {0};
		const char *word = words[i / 2], *all = i % 2 ? " recursive" : "";
		auto_(rootfs) struct rootfs r = rootfs_begin(
			arena_printf(&a, ROOT("'path':'r'", ",'rootfsPropagation':'%s%s'"),
				     i % 2 ? "r" : "", word));
		CHECK_STR(enter(&r),
			  arena_printf(&a, "pivot      s2\nsetattr    s2 %s%s\n", word, all));
	}
	auto_(rootfs) struct rootfs r =
		rootfs_begin(ROOT("'path':'r'", ",'rootfsPropagation':'sideways'"));
	CHECK_STR(enter(&r), "linux.rootfsPropagation: unknown word \"sideways\"");
}
