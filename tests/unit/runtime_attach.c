/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/attach.h"
#include "tests/lib/test.h"

TEST(attach_keys_reads_letters_and_control_keys)
{
	char keys[ATTACH_KEYS_MAX];
	struct err err = {0};

	CHECK_INT(attach_keys("ctrl-p,ctrl-q", keys, &err), 2);
	CHECK_INT(keys[0], 'P' & 31);
	CHECK_INT(keys[1], 'Q' & 31);
	CHECK_INT(attach_keys("ctrl-@,a,ctrl-_", keys, &err), 3);
	CHECK_INT(keys[0], 0);
	CHECK_INT(keys[1], 'a');
	CHECK_INT(keys[2], 31);
	CHECK_INT(attach_keys("", keys, &err), 0);
}

TEST(attach_keys_refuses_what_is_no_key)
{
	static const char *const bad[] = {"ctrl-", "ctrl-P", "ab", ",", "ctrl-1", "ctrl-pp"};
	char keys[ATTACH_KEYS_MAX];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = {0};
		CHECK_INT(attach_keys(bad[i], keys, &err), -EINVAL);
	}
	struct err err = {0};
	CHECK_INT(attach_keys("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", keys, &err), -EINVAL);
}
