/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/config/spec.h"
#include "runtime/config/validate.h"
#include "tests/lib/test.h"

static void comes_back(const struct spec *spec)
{
	auto_(arena) struct arena a = {0};
	auto_(str) struct str first = {0}, second = {0};
	struct host host = {.euid = spec->uid};
	struct warnings w = {.arena = &a};
	struct config *c = NULL;
	struct err err = {0};

	config_encode(spec_config(spec, &a), "\t", &first);
	CHECK_INT(config_decode(first.p, first.len, &a, &c, &err), 0);
	CHECK_STR(err.msg, "");
	MUST(c);
	CHECK_INT(config_validate(c, &host, &w, &err), 0);
	CHECK_STR(err.msg, "");
	CHECK_INT(w.n, 0);
	config_encode(c, "\t", &second);
	CHECK_STR(second.p, first.p);
}

TEST(spec_is_valid)
{
	comes_back(&(struct spec){.hostname = "ctr"});
	comes_back(&(struct spec){.hostname = "ctr", .has_cgroup_ns = true});
	comes_back(&(struct spec){.hostname = "ctr", .is_rootless = true, .uid = 1000, .gid = 100});
}

TEST(rootless_spec)
{
	auto_(arena) struct arena a = {0};
	struct spec spec = {.hostname = "ctr", .is_rootless = true, .uid = 1000, .gid = 100};
	struct config *c = spec_config(&spec, &a);

	CHECK(!config_namespace(c, CONFIG_NAMESPACE_TYPE_NETWORK));
	CHECK(config_namespace(c, CONFIG_NAMESPACE_TYPE_USER));
	CHECK(!config_namespace(c, CONFIG_NAMESPACE_TYPE_CGROUP));
	CHECK(!c->linux_->resources);
	CHECK_INT(c->linux_->uid_mappings[0].host_id, 1000);
	CHECK_INT(c->linux_->gid_mappings[0].host_id, 100);
	CHECK_STR(c->mounts[2].destination, "/dev/pts");
	CHECK_INT(c->mounts[2].n_options, 5);
	CHECK_STR(c->mounts[5].source, "/sys");
	CHECK_STR(c->mounts[5].options[0], "rbind");
}
