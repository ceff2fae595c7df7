/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/passwd.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "tests/lib/test.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "+::0:0:::\n"
			     "broken:x:0\n"
			     "minus:x:-1:0::/:/\n"
			     "huge:x:4294967295:0::/:/\n"
			     "long:x:4294967296:0::/:/\n"
			     "1000:x:0:0::/:/\n"
			     "web:x:33:34:www:/var/www:/bin/false\n"
			     "web:x:0:0:second:/root:/bin/sh\n"
			     "high:x:2147483648:4294967294::/h:/bin/sh\n"
			     "toor::0:5::/toor:";
static const char group[] = "root:x:0:\n"
			    "adm:x:4:web,joe\n"
			    "sudo:x:27:joe,webx,xweb\n"
			    "www:x:34:web\n"
			    "docs:x:35:joe,web\n"
			    "again:x:35:web\n"
			    "bad:x:-5:web\n"
			    "short:x:36\n"
			    "0:x:99:";

static int look(const char *spec, struct arena *mem, struct passwd_user *ret)
{
	struct err err = {0};

	return passwd_lookup(spec, (struct passwd_text){passwd, sizeof(passwd) - 1},
			     (struct passwd_text){group, sizeof(group) - 1}, mem, ret, &err);
}

/* groups: "34 35". */
static void is_user(const char *spec, uint32_t uid, uint32_t gid, const char *groups)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str s = {0};
	struct passwd_user u = {.uid = 77};

	if (!CHECK_INT(look(spec, &mem, &u), 0) || !CHECK_INT(u.uid, uid) || !CHECK_INT(u.gid, gid))
		printf("# %s\n", spec);
	for (size_t i = 0; i < u.n_groups; i++)
		str_addf(&s, i ? " %u" : "%u", u.groups[i]);
	CHECK_STR(s.p, groups);
}

static void is_error(const char *spec, int code)
{
	auto_(arena) struct arena mem = {0};
	struct passwd_user u = {.uid = 77};

	if (!CHECK_INT(look(spec, &mem, &u), code))
		printf("# %s\n", spec);
	CHECK_INT(u.uid, 77);
}

TEST(users)
{
	is_user(NULL, 0, 0, "0");
	is_user("", 0, 0, "0");
	is_user("root", 0, 0, "0");
	is_user("web", 33, 34, "4 34 35");
	is_user("33", 33, 34, "4 34 35");
	is_user("toor", 0, 5, "5");
	is_user("high", 2147483648, 4294967294, "4294967294");
}

/* The number's group is 0 only because other engines have it so; with an entry it is the entry's. */
TEST(numbers_without_an_entry)
{
	is_user("7", 7, 0, "0");
	is_user("2147483648", 2147483648, 4294967294, "4294967294");
	is_user("4294967294", 4294967294, 0, "0");
	/* Digits are a number, whatever an image calls "1000". */
	is_user("1000", 1000, 0, "0");
	is_user("1000:0", 1000, 0, "0");
}

TEST(groups)
{
	is_user("web:docs", 33, 35, "35");
	is_user("web:4", 33, 4, "4");
	is_user("7:27", 7, 27, "27");
	is_user("7:7", 7, 7, "7");
	is_error("web:nonesuch", -ENOENT);
	is_error("web:short", -ENOENT);
	is_error("web:bad", -ENOENT);
}

/* CVE-2024-40635 and its kin: nothing odd becomes user 0. */
TEST(what_is_no_user)
{
	static const char *const wrong[] = {
		"1000:",       ":5",         ":",          "1 0",
		"0x0",         "+1",         "-1",         "+0",
		" 0",          "0 ",         "0\n",        "1.0",
		"1e3",         "4294967295", "4294967296", "18446744073709551616",
		"1000:5:6",    "web:",       "web::4",     "0:+1",
		"0:0x0",       "+",          "web,root",   "we b",
		"00000000000", "9999999999",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		is_error(wrong[i], -EINVAL);
	is_error("nobody", -ENOENT);
	is_error("broken", -ENOENT);
	is_error("minus", -ENOENT);
	is_error("huge", -ENOENT);
	is_error("long", -ENOENT);
}

TEST(home_and_name)
{
	auto_(arena) struct arena mem = {0};
	struct passwd_user u;

	CHECK_INT(look("web", &mem, &u), 0);
	CHECK_STR(u.home, "/var/www");
	CHECK_STR(u.name, "web");
	CHECK_INT(look("7", &mem, &u), 0);
	CHECK_STR(u.home, NULL);
	CHECK_STR(u.name, NULL);
}

TEST(images_without_files)
{
	auto_(arena) struct arena mem = {0};
	struct passwd_user u;
	struct err err = {0};
	struct passwd_text none = {0}, empty = {"", 0};

	CHECK_INT(passwd_lookup("5:6", none, none, &mem, &u, &err), 0);
	CHECK_INT(u.uid, 5);
	CHECK_INT(u.gid, 6);
	CHECK_INT(passwd_lookup("", none, empty, &mem, &u, &err), 0);
	CHECK_INT(passwd_lookup("web", empty, none, &mem, &u, &err), -ENOENT);
	CHECK_STR(err.msg, "there is no user \"web\" in /etc/passwd");
	CHECK_INT(passwd_lookup("root", none, none, &mem, &u, &err), -ENOENT);
}

/* Files are somebody else's: long, binary, without an end. */
TEST(hostile_files)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str many = {0}, wide = {0};
	struct passwd_user u;
	struct err err = {0};
	static const char zeros[] = "a\0b:x:5:5::/:/\nweb:x:33:34\0:x:/w:/";
	struct passwd_text users = {passwd, sizeof(passwd) - 1}, none = {0};

	for (int i = 0; i <= PASSWD_LINES_MAX; i++)
		str_add(&many, "g:x:1:web\n");
	CHECK_INT(passwd_lookup("web", users, (struct passwd_text){many.p, many.len}, &mem, &u,
				&err),
		  -EFBIG);
	many.len -= 20;
	CHECK_INT(passwd_lookup("web", users, (struct passwd_text){many.p, many.len}, &mem, &u,
				&err),
		  0);
	CHECK_INT(u.n_groups, 2);
	str_add(&wide, "g:x:1:");
	for (int i = 0; i < 200000; i++)
		str_add(&wide, "web,");
	CHECK_INT(passwd_lookup("web", users, (struct passwd_text){wide.p, wide.len}, &mem, &u,
				&err),
		  0);
	CHECK_INT(passwd_lookup("a", (struct passwd_text){zeros, sizeof(zeros) - 1}, none, &mem, &u,
				&err),
		  -ENOENT);
	CHECK_INT(passwd_lookup("web", (struct passwd_text){zeros, sizeof(zeros) - 1}, none, &mem,
				&u, &err),
		  -ENOENT);
}
