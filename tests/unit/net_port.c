/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "net/port.h"
#include "tests/lib/test.h"

TEST(port_forms)
{
	static const struct {
		const char *text, *means;
	} rows[] = {
		{"8080:80", "*:8080->80/tcp"},
		{"80", "*:0->80/tcp"},
		{":80", "*:0->80/tcp"},
		{"53:53/udp", "*:53->53/udp"},
		{"8000-8010:80-90", "*:8000-8010->80-90/tcp"},
		{"10.0.0.1:8080:80", "10.0.0.1:8080->80/tcp"},
		{"0.0.0.0:8080:80", "*:8080->80/tcp"},
		{"10.0.0.1::80", "10.0.0.1:0->80/tcp"},
		{"[fd00::1]:8080:80/udp", "[fd00::1]:8080->80/udp"},
		{"65535:1", "*:65535->1/tcp"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		auto_(str) struct str text = {0};
		struct wire_publish p;
		struct err err = {0};
		if (!CHECK_INT(port_parse(rows[i].text, &mem, &p, &err), 0))
			continue;
		port_print(&p, &text);
		CHECK_STR(text.p, rows[i].means);
	}
}

TEST(port_nonsense)
{
	static const char *const rows[] = {
		"",
		"0:80",
		"80:0",
		"65536:80",
		"80:65536",
		"a:b",
		"80:80/sctp",
		"80:80/",
		"8000-7000:80-90",
		"8000-8002:80",
		"80-81",
		"1:2:3",
		"[fd00::1:80",
		"x:8080:80",
		"-80:80",
		"80:-80",
		"1.2.3.4:80:80:80",
		"80:",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct wire_publish p;
		struct err err = {0};
		if (!CHECK_INT(port_parse(rows[i], &mem, &p, &err), -EINVAL))
			CHECK_STR(rows[i], "refused");
	}
}

TEST(port_of_a_loopback_address_is_refused_of_bridges)
{
	static const char *const rows[] = {"127.0.0.1:8080:80", "[::1]:8080:80", "127.9.9.9::80"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct wire_publish p;
		struct err err = {0};
		CHECK_INT(port_parse(rows[i], &mem, &p, &err), 0);
		CHECK_INT(port_check_routed(&p, &err), -ENOTSUP);
		CHECK(strstr(err.hint, "route_localnet") != NULL);
	}
}
