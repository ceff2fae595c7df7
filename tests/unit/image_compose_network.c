/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/compose_network.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "tests/lib/test.h"

/* network_read with -P, one -p (or none) and ports of an image that stand between blanks. */
static int read_all(const char *published, const char *exposed, struct arena *mem,
		    struct run_network *ret, struct err *err)
{
	const struct host host = {.euid = 0};
	struct network_flags flags = {.publish_all = true};
	struct words ports = {0};
	const struct network_ask ask = {.flags = &flags, .exposed = &ports};

	if (published)
		words_add(&flags.publish, published, mem);
	for (const char *at = exposed; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		words_add(&ports, arena_copy(mem, at, n), mem);
		at += n;
	}
	return network_read(&ask, &host, mem, ret, err);
}

TEST(publish_all_takes_each_port_of_the_image_once)
{
	auto_(arena) struct arena mem = {0};
	struct run_network n = {0};
	struct err err = {0};

	CHECK_INT(read_all("8080-8082:80-82", "79/tcp 80/tcp 82 82/udp 83/tcp", &mem, &n, &err), 0);
	MUST(n.wire.n_publish == 4);
	CHECK_INT(n.wire.publish[0].port, 8080);
	CHECK_INT(n.wire.publish[1].to, 79);
	CHECK_INT(n.wire.publish[1].port, 0);
	CHECK_INT(n.wire.publish[2].to, 82);
	CHECK_STR(n.wire.publish[2].protocol, "udp");
	CHECK_INT(n.wire.publish[3].to, 83);
}

TEST(publish_all_lets_no_image_choose_a_port_of_the_host)
{
	static const char *const wrong[] = {"22:80/tcp",   "192.0.2.1:22:80",
					    "[::1]:80:80", "80/sctp",
					    "http",        "0/tcp",
					    "80-81/tcp",   ""};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_(arena) struct arena mem = {0};
		struct run_network n = {0};
		struct err err = {0};
		if (!CHECK_INT(read_all(NULL, wrong[i], &mem, &n, &err), -EINVAL))
			CHECK_STR(wrong[i], "refused");
	}
}

/* Without --network: what carries the packets of root, and of somebody else. */
TEST(who_is_not_root_has_the_helper_that_is_there)
{
	static const struct {
		const char *helper;
		unsigned euid;
		const char *want; /* NULL: a loopback */
	} rows[] = {{"pasta", 1000, "pasta"}, {NULL, 1000, NULL}, {NULL, 0, "ctr0"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		const struct host host = {.euid = rows[i].euid};
		const struct network_flags flags = {0};
		const struct network_ask ask = {.flags = &flags, .helper = rows[i].helper};
		struct run_network n = {0};
		struct err err = {0};
		CHECK_INT(network_read(&ask, &host, &mem, &n, &err), 0);
		CHECK_INT(n.kind, rows[i].want ? RUN_NETWORK_WIRED : RUN_NETWORK_NONE);
		if (rows[i].want)
			CHECK_STR(rows[i].euid ? n.wire.helper : n.wire.networks.v[0],
				  rows[i].want);
	}
}

TEST(a_helper_is_nothing_for_root_a_bridge_nothing_for_others)
{
	static const struct {
		const char *network;
		unsigned euid;
		int want;
	} rows[] = {
		{"pasta", 0, -EINVAL}, {"pasta", 7, 0}, {"bridge", 7, -EPERM}, {"bridge", 0, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		const struct host host = {.euid = rows[i].euid};
		const struct network_flags flags = {0};
		const struct network_ask ask = {.flags = &flags, .fallback = rows[i].network};
		struct run_network n = {0};
		struct err err = {0};
		CHECK_INT(network_read(&ask, &host, &mem, &n, &err), rows[i].want);
	}
}

TEST(plugins_of_cni_are_roots_and_alone)
{
	static const struct {
		unsigned euid;
		const char *network, *more, *says;
	} rows[] = {
		{0, "cni:mine", NULL, NULL},
		{1000, "cni:mine", NULL, "plugins of CNI are root's"},
		{0, "cni:mine", "bridge", "does not go with another"},
		{0, "cni:", NULL, "is no name"},
		{0, "cni:../x", NULL, "is no name"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		const struct host host = {.euid = rows[i].euid};
		struct network_flags flags = {.ip = "10.0.0.9"};
		const struct network_ask ask = {.flags = &flags};
		struct run_network n = {0};
		struct err err = {0};

		words_add(&flags.networks, rows[i].network, &mem);
		if (rows[i].more)
			words_add(&flags.networks, rows[i].more, &mem);
		int r = network_read(&ask, &host, &mem, &n, &err);
		CHECK_INT(r < 0, rows[i].says != NULL);
		if (rows[i].says)
			CHECK(strstr(err.msg, rows[i].says));
		else
			CHECK_STR(n.wire.helper, "cni:mine");
	}
}
