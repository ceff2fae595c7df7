/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "net/ip.h"
#include "net/ipam.h"
#include "tests/lib/test.h"

static struct cidr cidr(const char *text)
{
	struct cidr c = {0};

	CHECK_INT(cidr_parse(text, &c), 0);
	return c;
}

static struct ip ip(const char *text)
{
	struct ip i = {0};

	CHECK_INT(ip_parse(text, &i), 0);
	return i;
}

TEST(ip_texts)
{
	static const char *const wrong[] = {"",        "10.0.0",      "10.0.0.0/33", "10.0.0.0/",
					    "fd00::/", "fd00::/129",  "/8",          "10.0.0.1/-1",
					    "x/8",     "10.0.0.1/8 ", "10.0.0.0.0/8"};
	char text[IP_TEXT_MAX];
	struct cidr c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK_INT(cidr_parse(wrong[i], &c), -EINVAL);
	c = cidr("10.90.16.7/20");
	CHECK_STR(cidr_text(&c, text), "10.90.16.7/20");
	c = cidr_net(&c);
	CHECK_STR(cidr_text(&c, text), "10.90.16.0/20");
	c = cidr("fd00:1:2::5/64");
	CHECK_STR(cidr_text(&c, text), "fd00:1:2::5/64");
}

TEST(ip_overlaps)
{
	static const struct {
		const char *a, *b;
		bool is_so;
	} rows[] = {
		{"10.0.0.0/8", "10.90.0.0/20", true},
		{"10.90.0.0/20", "10.90.16.0/20", false},
		{"0.0.0.0/0", "192.168.0.0/16", true},
		{"10.0.0.0/8", "fd00::/8", false},
		{"fd00::/64", "fd00::1:0:0:0:0/80", false},
		{"fd00::/64", "fd00::5/128", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cidr a = cidr(rows[i].a), b = cidr(rows[i].b);
		CHECK_INT(cidr_overlaps(&a, &b), rows[i].is_so);
		CHECK_INT(cidr_overlaps(&b, &a), rows[i].is_so);
	}
}

TEST(ip_numbers)
{
	struct cidr four = cidr("10.90.0.0/20"), six = cidr("fd00:1::/64");
	char text[IP_TEXT_MAX];
	struct ip a = cidr_at(&four, 300), b = cidr_at(&six, 300), far = ip("fd00:1::1:0:0:1");

	CHECK_STR(ip_text(&a, text), "10.90.1.44");
	CHECK_STR(ip_text(&b, text), "fd00:1::12c");
	CHECK_INT(cidr_index(&four, &a), 300);
	CHECK_INT(cidr_index(&six, &b), 300);
	CHECK_INT(cidr_index(&six, &far), UINT32_MAX);
	CHECK_INT(cidr_size(&four), 4096);
	CHECK_INT(cidr_size(&six), 65536);
}

TEST(ip_macs)
{
	struct ip a = ip("10.90.0.5"), local;
	char text[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
	uint8_t b[6];

	mac_from(&a, b);
	CHECK_STR(mac_text(b, mac), "02:c7:0a:5a:00:05");
	local = ip_link_local(b);
	CHECK_STR(ip_text(&local, text), "fe80::c7:aff:fe5a:5");
	CHECK_INT(mac_parse("02:00:00:00:00:01", b), 0);
	CHECK_INT(mac_parse("03:00:00:00:00:01", b), -EINVAL); /* a group */
	CHECK_INT(mac_parse("00:00:00:00:00:00", b), -EINVAL);
	CHECK_INT(mac_parse("02:00:00:00:00:1", b), -EINVAL);
	CHECK_INT(mac_parse("02:00:00:00:00:001", b), -EINVAL);
}

/* ---- who has which ----------------------------------------------------------------------------*/

TEST(ipam_chooses_the_next)
{
	auto_(members) struct members m = {0};
	struct cidr net = cidr("10.5.0.0/29");
	struct ip gateway = ip("10.5.0.1"), any = {0}, third = ip("10.5.0.3");
	uint32_t index;
	struct err err;

	members_parse("2 2 - a a\n4 4 p b b,bb\ntorn li", &m);
	CHECK_INT((long long)m.n, 2);
	CHECK_INT(ipam_choose(&net, &gateway, &any, &m, &index, &err), 0);
	CHECK_INT(index, 3);
	m.last = 4;
	CHECK_INT(ipam_choose(&net, &gateway, &any, &m, &index, &err), 0);
	CHECK_INT(index, 5);
	m.last = 6;
	CHECK_INT(ipam_choose(&net, &gateway, &any, &m, &index, &err), 0);
	CHECK_INT(index, 3);
	CHECK_INT(ipam_choose(&net, &gateway, &third, &m, &index, &err), 0);
	CHECK_INT(index, 3);
}

TEST(ipam_refuses)
{
	static const struct {
		const char *ip;
		int r;
	} rows[] = {
		{"10.5.0.0", -EADDRNOTAVAIL}, {"10.5.0.1", -EADDRNOTAVAIL},
		{"10.5.0.7", -EADDRNOTAVAIL}, {"10.5.0.8", -EADDRNOTAVAIL},
		{"10.5.0.2", -EADDRINUSE},    {"fd00::2", -EADDRNOTAVAIL},
	};
	auto_(members) struct members m = {0};
	struct cidr net = cidr("10.5.0.0/29");
	struct ip gateway = ip("10.5.0.1"), any = {0};
	uint32_t index;
	struct err err;

	members_parse("2 2 - a a\n3 3 - b b\n4 4 - c c\n5 5 - d d\n6 6 - e e\n", &m);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip want = ip(rows[i].ip);
		CHECK_INT(ipam_choose(&net, &gateway, &want, &m, &index, &err), rows[i].r);
	}
	CHECK_INT(ipam_choose(&net, &gateway, &any, &m, &index, &err), -ENOSPC);
}

TEST(members_as_text)
{
	static const char text[] = "last 4\n2 2 - a a\n4 9 p b b,bb\n";
	auto_(members) struct members m = {0};
	auto_(str) struct str out = {0}, rest = {0};

	members_parse(text, &m);
	members_print(&m, &out);
	CHECK_STR(out.p, text);
	CHECK(members_find(&m, "b") != NULL && members_find(&m, "bb") == NULL);
	members_drop(&m, "a");
	members_print(&m, &rest);
	CHECK_STR(rest.p, "last 4\n4 9 p b b,bb\n");
}

TEST(ipam_free_subnets)
{
	struct cidr taken[] = {cidr("10.90.0.0/20"), cidr("10.90.32.0/24"), cidr("fd00::/8")}, net;
	struct cidr all = cidr("10.0.0.0/8");
	char text[IP_TEXT_MAX];
	struct err err;

	CHECK_INT(ipam_free_subnet(NULL, 0, &net, &err), 0);
	CHECK_STR(cidr_text(&net, text), "10.90.0.0/20");
	CHECK_INT(ipam_free_subnet(taken, 3, &net, &err), 0);
	CHECK_STR(cidr_text(&net, text), "10.90.16.0/20");
	CHECK_INT(ipam_free_subnet(&all, 1, &net, &err), -ENOSPC);
}
