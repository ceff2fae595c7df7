/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/base/err.h"
#include "tests/lib/test.h"

static const char *text(const struct err *err)
{
	static char buf[800];
	return err_text(err, buf, sizeof(buf));
}

TEST(err_adds_the_words_of_the_errno)
{
	struct err err;

	CHECK_INT(err_set(&err, ENOENT, "open %s", "/x"), -ENOENT);
	CHECK_STR(text(&err), "open /x: no such file or directory");
	CHECK_INT(err_set(&err, -EACCES, "open"), -EACCES);
	CHECK_STR(text(&err), "open: permission denied");
	CHECK_INT(err_say(&err, EINVAL, "%d is odd", 3), -EINVAL);
	CHECK_STR(text(&err), "3 is odd");
}

TEST(err_is_never_a_success)
{
	struct err err;

	CHECK_INT(err_set(&err, 0, "nothing"), -EIO);
}

TEST(err_wraps_from_the_inside_out)
{
	struct err err;

	err_set(&err, EPERM, "mount proc on /proc");
	err_code(&err, "a-code");
	err_hint(&err, "be %s", "root");
	CHECK_INT(err_wrap(&err, "set up %s", "rootfs"), -EPERM);
	CHECK_INT(err_wrap(&err, "create web"), -EPERM);
	CHECK_STR(text(&err),
		  "create web: set up rootfs: mount proc on /proc: operation not permitted");
	CHECK_STR(err.code, "a-code");
	err_hint(&err, "be patient"); /* the first one was nearer */
	CHECK_STR(err.hint, "be root");
}

TEST(err_cuts_what_is_too_long)
{
	struct err err;
	char huge[1000];

	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = 0;
	err_set(&err, EPERM, "%s", huge);
	CHECK_INT(strlen(err.msg), sizeof(err.msg) - 1);
	err_wrap(&err, "outer");
	CHECK_INT(strlen(err.msg), sizeof(err.msg) - 1);
	CHECK(strncmp(err.msg, "outer: xxx", 10) == 0);
	err_wrap(&err, "%s", huge);
	CHECK_INT(strlen(err.msg), sizeof(err.msg) - 1);
	err_hint(&err, "%s", huge);
	CHECK_INT(strlen(err.hint), sizeof(err.hint) - 1);
}

TEST(err_names_the_first_conflict)
{
	const struct err_conflict rows[] = {
		{false, "a", "x"}, {true, "b with c", "leave out b"}, {true, "d", "y"}};
	struct err err = {0};
	char text[100];

	CHECK_INT(err_conflicts(rows, 1, &err), 0);
	CHECK_INT(err_conflicts(rows, 3, &err), -EINVAL);
	CHECK_STR(err_text(&err, text, sizeof(text)), "b with c is not possible");
	CHECK_STR(err.hint, "leave out b");
}

TEST(err_words_are_in_lower_case)
{
	char buf[80];

	CHECK_STR(err_words(ENOTDIR, buf, sizeof(buf)), "not a directory");
	CHECK_STR(err_words(ETIME, buf, sizeof(buf)), "timer expired");
	CHECK_STR(err_words(EMULTIHOP, buf, sizeof(buf)), "multihop attempted");
	CHECK_STR(err_words(4095, buf, sizeof(buf)), "errno 4095");
}
