/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "namespaces/lsm.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

static const struct host neither, apparmor = {.has_apparmor = true},
				  selinux = {.has_selinux = true};

static void gives(const char *profile, const char *label, const struct host *host, const char *path,
		  const char *text)
{
	struct config_process p = {.apparmor_profile = profile, .selinux_label = label};
	auto_(arena) struct arena mem = {0};
	struct lsm_label l = {"?", "?", "?"};
	struct err err = {0};

	CHECK_INT(lsm_exec_label(&p, host, &mem, &l, &err), 0);
	CHECK_STR(err.msg, "");
	CHECK_STR(l.path, path);
	CHECK_STR(l.text, text);
}

static void fails(const char *profile, const char *label, const struct host *host, int code)
{
	struct config_process p = {.apparmor_profile = profile, .selinux_label = label};
	auto_(arena) struct arena mem = {0};
	struct lsm_label l;
	struct err err = {0};

	CHECK_INT(lsm_exec_label(&p, host, &mem, &l, &err), code);
}

TEST(labels)
{
	gives("web", NULL, &apparmor, "self/attr/apparmor/exec", "exec web");
	gives("unconfined", NULL, &apparmor, "self/attr/apparmor/exec", "exec unconfined");
	gives(NULL, "u:r:t:s0", &selinux, "self/attr/exec", "u:r:t:s0");
	gives(NULL, NULL, &apparmor, NULL, NULL);
	gives("", "", &neither, NULL, NULL);
	gives("unconfined", NULL, &neither, NULL, NULL);
}

/* A label that is not applied is protection that somebody counts on and does not have. */
TEST(labels_are_never_left_out)
{
	fails("web", NULL, &neither, -ENOTSUP);
	fails("web", NULL, &selinux, -ENOTSUP);
	fails(NULL, "u:r:t:s0", &apparmor, -ENOTSUP);
	fails("web", "u:r:t:s0", &apparmor, -EINVAL);
	fails("web\nunconfined", NULL, &apparmor, -EINVAL);
}
