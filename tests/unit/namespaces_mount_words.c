/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "namespaces/mount_words.h"
#include "runtime/base/auto.h"
#include "runtime/base/mem.h"
#include "runtime/base/sys.h"
#include "tests/lib/test.h"

/* "key\0value\0" … as "key=value|", a flag as "key|". */
static char *show(const struct str *data)
{
	struct str out = {0};

	str_add(&out, "");
	for (const char *at = data->p, *value; at && at < data->p + data->len;) {
		value = at + strlen(at) + 1;
		str_addf(&out, "%s%s%s|", at, *value ? "=" : "", value);
		at = value + strlen(value) + 1;
		CHECK(at <= data->p + data->len);
	}
	return out.p;
}

#define READ(...)                                                                                  \
	read_words((const char *const[]){__VA_ARGS__},                                             \
		   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static struct mount_words read_words(const char *const *words, size_t n)
{
	struct mount_words m = {0};
	struct err err = {0};

	CHECK_INT(mount_words_read(words, n, &m, &err), 0);
	CHECK_STR(err.msg, "");
	return m;
}

TEST(the_last_word_wins)
{
	auto_(mount_words) struct mount_words m =
		READ("ro", "nosuid", "rw", "nodev", "noexec", "exec");

	CHECK_INT(m.attr.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	CHECK_INT(m.attr.clr, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
	CHECK_INT(m.attr_all.set | m.attr_all.clr, 0);
	CHECK_INT(m.super.len + m.data.len, 0);
}

TEST(access_times_are_one_field)
{
	auto_(mount_words) struct mount_words m = READ("noatime", "strictatime");
	auto_(mount_words) struct mount_words back = READ("strictatime", "nostrictatime");
	auto_(mount_words) struct mount_words other =
		READ("noatime", "nostrictatime", "nodiratime");
	auto_(mount_words) struct mount_words def = READ("relatime");
	auto_(mount_words) struct mount_words none = READ("norelatime", "diratime");

	CHECK_INT(m.attr.set, MOUNT_ATTR_STRICTATIME);
	CHECK_INT(m.attr.clr, MOUNT_ATTR__ATIME);
	CHECK_INT(back.attr.set, 0);
	CHECK_INT(back.attr.clr, MOUNT_ATTR__ATIME);
	CHECK_INT(other.attr.set, MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME);
	CHECK_INT(other.attr.clr, MOUNT_ATTR__ATIME);
	CHECK_INT(def.attr.set, 0);
	CHECK_INT(def.attr.clr, MOUNT_ATTR__ATIME);
	CHECK_INT(none.attr.set, 0);
	CHECK_INT(none.attr.clr, MOUNT_ATTR_NODIRATIME);
}

TEST(recursive_words_are_apart)
{
	auto_(mount_words) struct mount_words m =
		READ("rbind", "rro", "rnosuid", "rsuid", "rnoatime", "nosymfollow", "rsymfollow");

	CHECK_INT(m.bind, MOUNT_ALL);
	CHECK_INT(m.attr.set, MOUNT_ATTR_NOSYMFOLLOW);
	CHECK_INT(m.attr_all.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	CHECK_INT(m.attr_all.clr, MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME | MOUNT_ATTR_NOSYMFOLLOW);
}

TEST(propagation_is_kept_in_order)
{
	auto_(mount_words) struct mount_words m = READ("rslave", "shared", "bind");

	MUST(CHECK_INT(m.n_propagation, 2));
	CHECK_INT(m.propagation[0].type, MS_SLAVE);
	CHECK_INT(m.propagation[0].depth, MOUNT_ALL);
	CHECK_INT(m.propagation[1].type, MS_SHARED);
	CHECK_INT(m.propagation[1].depth, MOUNT_ONE);
	CHECK_INT(m.bind, MOUNT_ONE);
}

TEST(too_many_propagations_are_refused)
{
	const char *words[MOUNT_PROPAGATIONS_MAX + 1];
	struct mount_words m;
	struct err err = {0};

	for (size_t i = 0; i <= MOUNT_PROPAGATIONS_MAX; i++)
		words[i] = "shared";
	CHECK_INT(mount_words_read(words, MOUNT_PROPAGATIONS_MAX + 1, &m, &err), -EINVAL);
}

TEST(switches)
{
	auto_(mount_words) struct mount_words m =
		READ("remount", "tmpcopyup", "copy-symlink", "src-nofollow", "dest-nofollow",
		     "ctr-seed", "ctr-secrets");
	auto_(mount_words) struct mount_words none =
		READ("defaults", "silent", "loud", "iversion", "noiversion");

	CHECK(m.remount && m.copy_up && m.seed && m.secrets && m.copy_symlink &&
	      m.source_nofollow && m.dest_nofollow);
	CHECK(!none.remount && !none.attr.set && !none.super.len && !none.data.len);
}

TEST(idmaps)
{
	auto_(mount_words) struct mount_words a = READ("idmap"), b = READ("ridmap"),
					      c = READ("ridmap=uids=0-1-2;gids=0-1-2");

	CHECK_INT(a.idmap, MOUNT_ONE);
	CHECK_STR(a.id_maps, NULL);
	CHECK_INT(b.idmap, MOUNT_ALL);
	CHECK_INT(c.idmap, MOUNT_ALL);
	CHECK_STR(c.id_maps, "uids=0-1-2;gids=0-1-2");
}

TEST(file_system_data)
{
	auto_(mount_words) struct mount_words m =
		READ("mode=755", "sync", "size=65536k,nr_inodes=1k", "async", "nosuid,noexec",
		     "gid=", "context=\"u:r:t:s0:c1,c2\"", "lowerdir=/a\\,b:/c", "", "lazytime",
		     "key=a=b");
	auto_free char *super = show(&m.super), *data = show(&m.data);

	CHECK_STR(super, "sync|async|lazytime|");
	CHECK_STR(data, "mode=755|size=65536k|nr_inodes=1k|nosuid|noexec|gid|"
			"context=u:r:t:s0:c1,c2|lowerdir=/a,b:/c|key=a=b|");
	CHECK_INT(m.attr.set, 0);
}

TEST(a_value_needs_a_key)
{
	struct mount_words m;
	struct err err = {0};

	CHECK_INT(mount_words_read((const char *const[]){"=x"}, 1, &m, &err), -EINVAL);
	CHECK_STR(err.msg, "\"=x\" has a value without a key");
}

/* The words of the specification, and those of crun: none of them reaches a file system as data. */
TEST(all_words_are_known)
{
	size_t n = 0;

	for (; mount_word(n); n++) {
		const char *word = mount_word(n);
		auto_(mount_words) struct mount_words m = read_words(&word, 1);
		if (!CHECK_INT(m.data.len, 0))
			printf("# %s\n", word);
	}
	CHECK_INT(n, 2 * (18 + 4 + 1 + 1) + 7 + 7 + 5);
}
