/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "net/files.h"
#include "net/firewall.h"
#include "net/tenant_rate.h"
#include "net/wire_plan.h"
#include "runtime/config/encode.h"
#include "tests/lib/test.h"

TEST(hosts_of_members)
{
	auto_(members) struct members m = {0};
	auto_(str) struct str text = {0};
	struct net_ranges r = {0};
	const char *extra[] = {"10.0.0.7\tdb"};

	members_parse("2 7 - a web,www\n3 0 - b b\n4 4 - c c 17\n5 5 - d d 18\n", &m);
	CHECK_INT(cidr_parse("10.5.0.0/24", &r.four), 0);
	CHECK_INT(cidr_parse("fd00::/64", &r.six), 0);
	hosts_begin(extra, 1, &text);
	hosts_members(&m, 0, &r, &text);
	CHECK_STR(text.p, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
			  "10.0.0.7\tdb\n"
			  "10.5.0.2\tweb www\nfd00::7\tweb www\n10.5.0.3\tb\n");
	str_clear(&text);
	hosts_members(&m, 17, &r, &text);
	CHECK_STR(text.p, "10.5.0.4\tc\nfd00::4\tc\n");
	str_clear(&text);
	members_print(&m, &text);
	CHECK_STR(text.p, "last 0\n2 7 - a web,www\n3 0 - b b\n4 4 - c c 17\n5 5 - d d 18\n");
}

static const char host[] = "# a comment\nnameserver 127.0.0.1\nnameserver 10.0.0.2\n"
			   "search example.org\noptions ndots:2\n";

TEST(resolv_of_the_host)
{
	auto_(str) struct str text = {0};
	struct resolv_want want = {0};

	resolv_text(host, &want, &text);
	CHECK_STR(text.p, "nameserver 10.0.0.2\nsearch example.org\noptions ndots:2\n");
}

TEST(resolv_of_the_flags)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str text = {0}, internal = {0};
	struct resolv_want want = {0}, none = {.has_none = true};

	words_add(&want.servers, "9.9.9.9", &mem);
	words_add(&want.search, ".", &mem);
	words_add(&want.options, "edns0", &mem);
	resolv_text(host, &want, &text);
	CHECK_STR(text.p, "nameserver 9.9.9.9\noptions edns0\n");
	resolv_text(host, &none, &internal);
	CHECK_STR(internal.p, "search example.org\noptions ndots:2\n");
}

/* ---- the end of a wire, as its record ---------------------------------------------------------*/

static const char *plan(const struct network *w, const struct wire_want *want, struct arena *mem)
{
	const struct wire_choice c = {{5, 5, false, "web", "-", 0}, "ctr-000abc", true, true};
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct wire_end e;
	struct err err = {0};

	if (wire_plan_end(w, want, &c, mem, &e, &err) < 0)
		return arena_str(mem, err.msg);
	e.name = "eth0";
	encode_object(&wire_end_table, &e, &out, NULL);
	return arena_str(mem, text.p);
}

TEST(wire_of_a_bridge)
{
	auto_(arena) struct arena mem = {0};
	const struct network w = {.name = "ctr0",
				  .driver = "bridge",
				  .link = "ctr0",
				  .subnet = "10.90.0.0/20",
				  .gateway = "10.90.0.1",
				  .subnet6 = "fd00::/64",
				  .gateway6 = "fd00::1"};
	struct wire_want want = {.hostname = "www", .rate_in = 1000};

	words_add(&want.aliases, "site", &mem);
	words_add(&want.aliases, "www", &mem);
	CHECK_STR(
		plan(&w, &want, &mem),
		"{\"network\":\"ctr0\",\"driver\":\"bridge\",\"bridge\":\"ctr0\",\"link\":\"ctr-000abc\","
		"\"name\":\"eth0\",\"mac\":\"02:c7:0a:5a:00:05\",\"address\":\"10.90.0.5/20\","
		"\"gateway\":\"10.90.0.1\",\"address6\":\"fd00::5/64\",\"gateway6\":\"fd00::1\","
		"\"names\":[\"www\",\"web\",\"site\"],\"publish\":[],\"rateIn\":1000}");
	want.aliases.v[0] = "two words";
	CHECK_STR(plan(&w, &want, &mem), "--network-alias: \"two words\" is no host name");
}

TEST(wire_of_an_internal_network_leads_nowhere)
{
	auto_(arena) struct arena mem = {0};
	struct network w = {.name = "dark",
			    .driver = "bridge",
			    .link = "ctr1",
			    .subnet = "10.90.0.0/20",
			    .gateway = "10.90.0.1",
			    .internal = true};
	const struct wire_publish p = {.protocol = "tcp", .port = 80, .to = 80};
	struct wire_want want = {.hostname = "www"};

	CHECK(strstr(plan(&w, &want, &mem), "gateway") == NULL);
	want.publish = &p;
	want.n_publish = 1;
	CHECK_STR(plan(&w, &want, &mem), "--publish: network dark is internal");
}

TEST(wire_of_a_tenant_with_a_rate_needs_a_bridge)
{
	auto_(arena) struct arena mem = {0};
	struct network w = {.name = "lan",
			    .driver = "macvlan",
			    .link = "wan",
			    .subnet = "192.0.2.0/24",
			    .gateway = "192.0.2.1"};
	struct wire_want want = {.hostname = "www", .tenant = {.number = 0x70017002}};
	char link[RATE_LINK_MAX];

	CHECK(strstr(plan(&w, &want, &mem), "no bridge") == NULL);
	want.tenant.rate_out = 1000;
	CHECK_STR(plan(&w, &want, &mem), "the tenant's --net-rate: network lan is no bridge");
	CHECK_INT(wire_tenant_top(want.tenant.number), 0x7001);
	CHECK_STR(tenant_rate_link("ctr", 'i', want.tenant.number, link), "ctr-i7001");
	CHECK_STR(tenant_rate_link("ctr-12345678", 'o', want.tenant.number, link),
		  "12345678-o7001");
}

TEST(wire_with_a_priority_needs_a_way_out)
{
	auto_(arena) struct arena mem = {0};
	struct network w = {.name = "lan",
			    .driver = "bridge",
			    .link = "ctr1",
			    .subnet = "192.0.2.0/24",
			    .gateway = "192.0.2.1"};
	struct wire_want want = {.hostname = "www"};

	CHECK(strstr(plan(&w, &want, &mem), "priority") == NULL);
	want.has_priority = true;
	CHECK(strstr(plan(&w, &want, &mem), "\"priority\":0") != NULL);
	want.priority = 6;
	CHECK(strstr(plan(&w, &want, &mem), "\"priority\":6") != NULL);
	w.internal = true;
	CHECK_STR(plan(&w, &want, &mem), "--net-prio: network lan is internal");
	want.tenant.rate_in = 1000;
	CHECK(strstr(plan(&w, &want, &mem), "\"priority\":6") != NULL);
	w.driver = "macvlan";
	CHECK_STR(plan(&w, &want, &mem), "--net-prio: network lan is no bridge");
}

/* ---- netlink ----------------------------------------------------------------------------------*/

/* What is written is what a reader of netlink finds: lengths, alignment, nests. */
TEST(netlink_messages_are_well_formed)
{
	auto_(nl) struct nl l = {0};
	size_t rules = 0;

	nft_begin(&l);
	firewall_tables(&l, "ctr", true);
	nft_end(&l);
	for (size_t at = 0; at < l.s.len;) {
		struct nlmsghdr m;
		MUST(l.s.len - at >= sizeof(m));
		memcpy(&m, l.s.p + at, sizeof(m));
		MUST(m.nlmsg_len >= sizeof(m) && at + m.nlmsg_len <= l.s.len);
		rules += m.nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE);
		for (size_t a = NLMSG_HDRLEN + 4; a < m.nlmsg_len;) {
			struct nlattr attr;
			memcpy(&attr, l.s.p + at + a, sizeof(attr));
			MUST(attr.nla_len >= NLA_HDRLEN && a + attr.nla_len <= m.nlmsg_len);
			a += NLA_ALIGN(attr.nla_len);
		}
		at += NLMSG_ALIGN(m.nlmsg_len);
	}
	CHECK_INT((long long)rules, firewall_rules());
}

TEST(netlink_attributes_of_a_liar)
{
	const struct nlattr *a[3];
	struct {
		struct nlattr head;
		uint32_t value;
		struct nlattr bad;
	} text = {{8, 1}, 7, {40, 2}};

	nl_attrs(&text, sizeof(text), a, 2);
	CHECK_INT(nl_get_u32(a[1]), 7);
	CHECK(a[2] == NULL);
	text.bad.nla_len = 1;
	nl_attrs(&text, sizeof(text), a, 2);
	CHECK(a[2] == NULL);
}
