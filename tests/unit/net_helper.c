/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "net/helper.h"
#include "net/port.h"
#include "tests/lib/test.h"

/* What the command line holds, words apart by blanks. */
static int line_of(const char *driver, const char *const *ports, bool own_user, struct str *ret)
{
	auto_(arena) struct arena mem = {0};
	struct wire_publish list[4];
	struct wire_end e = {.driver = driver, .name = "eth0", .publish = list};
	const char **argv;
	struct err err = {0};

	for (; ports && ports[e.n_publish]; e.n_publish++)
		CHECK_INT(port_parse(ports[e.n_publish], &mem, &list[e.n_publish], &err), 0);
	str_add(ret, "");
	int r = helper_argv(&e, 77, own_user, &mem, &argv, &err);
	for (size_t i = 0; r == 0 && argv[i]; i++)
		str_addf(ret, "%s%s", i ? " " : "", argv[i]);
	return r;
}

TEST(helper_pasta_is_told_what_to_publish)
{
	static const char *const ports[] = {"8080:80", "10.0.0.1:53:53/udp",
					    "[::1]:8000-8002:80-82", NULL};
	auto_(str) struct str line = {0}, none = {0};

	CHECK_INT(line_of("pasta", ports, true, &line), 0);
	CHECK(strstr(line.p,
		     " --ns-ifname eth0 -t 8080:80 -t ::1/8000-8002:80-82 -u 10.0.0.1/53:53 77"));
	CHECK_INT(line_of("pasta", NULL, true, &none), 0);
	CHECK(strstr(none.p, " -t none -u none 77"));
	CHECK(strstr(none.p, " --no-map-gw ") && strstr(none.p, " -T none -U none "));
}

TEST(helper_pasta_joins_no_user_namespace_that_it_is_in)
{
	auto_(str) struct str line = {0};

	CHECK_INT(line_of("pasta", NULL, false, &line), 0);
	CHECK(strstr(line.p, " --netns-only --no-netns-quit --netns /proc/77/ns/net"));
}

TEST(helper_slirp_listens_on_four_only)
{
	static const char *const four[] = {"10.0.0.1:8080:80", NULL}, *const six[] = {"[::1]:80:80",
										      NULL};
	auto_(str) struct str line = {0}, none = {0};

	CHECK_INT(line_of("slirp4netns", four, true, &line), 0);
	CHECK(strstr(line.p, " --disable-host-loopback ") && str_ends(line.p, " 77 eth0"));
	CHECK_INT(line_of("slirp4netns", six, true, &none), -ENOTSUP);
}

TEST(helper_names)
{
	CHECK(helper_is("pasta"));
	CHECK(helper_is("slirp4netns"));
	CHECK(!helper_is("pasta2"));
	CHECK(!helper_is(""));
}
