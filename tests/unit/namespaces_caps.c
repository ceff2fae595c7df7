/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>

#include "namespaces/caps.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

#define BIT(n) ((uint64_t)1 << (n))

TEST(names_in_any_form)
{
	CHECK_INT(caps_number("CAP_CHOWN"), 0);
	CHECK_INT(caps_number("cap_sys_admin"), CAP_SYS_ADMIN);
	CHECK_INT(caps_number("Checkpoint_Restore"), CAP_CHECKPOINT_RESTORE);
	CHECK_INT(caps_number("CAP_"), -1);
	CHECK_INT(caps_number(""), -1);
	CHECK_INT(caps_number("7"), -1);
	CHECK_INT(caps_number("CAP_7"), -1);
	CHECK_INT(caps_number("CAP_NONESUCH"), -1);
	CHECK_INT(caps_number("CAP_CHOWN,CAP_KILL"), -1);
	CHECK_INT(caps_number("CAP_CHOWN "), -1);
}

TEST(all_are_those_with_names)
{
	CHECK(caps_all() >= BIT(41) - 1);
	CHECK_INT(caps_all() & (caps_all() + 1), 0);
	CHECK_INT(__builtin_popcountll(caps_default), 14);
}

TEST(the_sets_of_a_process)
{
	static const char *some[] = {"CAP_CHOWN", "CAP_SYS_TIME", "CAP_NONESUCH"};
	static const char *one[] = {"CAP_CHOWN"}, *kill[] = {"CAP_KILL"};
	struct config_capabilities c = {
		.bounding = some,
		.n_bounding = 3,
		.permitted = some,
		.n_permitted = 3,
		.effective = one,
		.n_effective = 1,
		.inheritable = kill,
		.n_inheritable = 1,
		.ambient = one,
		.n_ambient = 1,
	};
	auto_(arena) struct arena mem = {0};
	struct warnings w = {.arena = &mem};
	struct op_caps set;

	caps_from_config(&c, ~BIT(CAP_SYS_TIME), &w, &set);
	CHECK_INT(set.bounding, BIT(CAP_CHOWN));
	CHECK_INT(set.permitted, BIT(CAP_CHOWN));
	CHECK_INT(set.effective, BIT(CAP_CHOWN));
	CHECK_INT(set.inheritable, 0);
	CHECK_INT(set.ambient, 0);
	MUST(CHECK_INT(w.n, 4));
	CHECK_STR(w.texts[0],
		  "process.capabilities.bounding: CAP_SYS_TIME left out: this host does "
		  "not grant it");
	CHECK_STR(w.texts[2],
		  "process.capabilities.inheritable: CAP_KILL left out: it is not in the "
		  "bounding set");
	CHECK_STR(w.texts[3],
		  "process.capabilities.ambient: CAP_CHOWN left out: it is not permitted "
		  "and inheritable");
}

TEST(no_capabilities_are_no_privilege)
{
	struct op_caps set = {1, 1, 1, 1, 1};

	caps_from_config(NULL, ~0ULL, NULL, &set);
	CHECK_INT(set.bounding | set.effective | set.permitted | set.inheritable | set.ambient, 0);
}

static void composes(struct caps_want want, const char *text)
{
	auto_(str) struct str s = {0};
	struct err err = {0};
	uint64_t mask = 0;

	CHECK_INT(caps_compose(&want, &mask, &err), 0);
	str_add(&s, "");
	caps_print(&s, mask);
	CHECK_STR(s.p, text);
}

TEST(what_run_gives)
{
	static const char *const all[] = {"ALL"}, *const kill[] = {"kill", "CAP_SYS_TIME"},
				 *const both[] = {"all", "CAP_KILL"};

	composes((struct caps_want){.grantable = ~0ULL},
		 "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID "
		 "CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SYS_CHROOT CAP_MKNOD "
		 "CAP_AUDIT_WRITE CAP_SETFCAP");
	composes((struct caps_want){.drop = all, .n_drop = 1}, "");
	composes((struct caps_want){.drop = all, .n_drop = 1, .add = kill, .n_add = 2},
		 "CAP_KILL CAP_SYS_TIME");
	composes((struct caps_want){.drop = both, .n_drop = 2, .add = kill, .n_add = 1},
		 "CAP_KILL");
	composes(
		(struct caps_want){
			.add = all, .n_add = 1, .grantable = 0x7f, .drop = kill, .n_drop = 1},
		"CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_SETGID");
	composes((struct caps_want){.privileged = true, .grantable = 3},
		 "CAP_CHOWN CAP_DAC_OVERRIDE");
	composes((struct caps_want){.privileged = true, .grantable = 3, .drop = all, .n_drop = 1},
		 "");
}

TEST(what_run_refuses)
{
	static const char *const all[] = {"ALL"}, *const wrong[] = {"CAP_KILLL"};
	struct err err = {0};
	uint64_t mask = 7;

	CHECK_INT(caps_compose(&(struct caps_want){.add = wrong, .n_add = 1}, &mask, &err),
		  -EINVAL);
	CHECK_STR(err.msg, "unknown capability \"CAP_KILLL\"");
	CHECK_INT(
		caps_compose(&(struct caps_want){.add = all, .n_add = 1, .drop = all, .n_drop = 1},
			     &mask, &err),
		-EINVAL);
	CHECK_INT(mask, 7);
}

TEST(masks_to_names_and_back)
{
	auto_(arena) struct arena mem = {0};
	size_t n;
	const char **names = caps_names(caps_default | BIT(63), &mem, &n);
	uint64_t back = 0;

	MUST(CHECK_INT(n, 14));
	for (size_t i = 0; i < n; i++)
		back |= BIT(caps_number(names[i]));
	CHECK_INT(back, caps_default);
	auto_(str) struct str s = {0};
	caps_print(&s, BIT(63));
	CHECK_STR(s.p, "63");
}
