/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "net/cni.h"
#include "net/port.h"
#include "tests/lib/test.h"

#define CHAIN                                                                                      \
	"{\"name\": \"mine\", \"cniVersion\": \"1.0.0\", \"plugins\": [\n"                         \
	" {\"type\": \"bridge\", \"mtu\": 1.5e3, \"runtimeConfig\": {\"mac\": 1},\n"               \
	"  \"ipam\": {\"ranges\": [[{\"subnet\": \"10.7.0.0/24\"}], []], \"x\": null}},\n"         \
	" {\"capabilities\": {\"portMappings\": true, \"ips\": false}, \"type\": \"portmap\"}]}"

static int read_conf(const char *json, struct arena *mem, struct cni_conf *ret)
{
	struct err err = {0};

	return cni_read(json, mem, ret, &err);
}

TEST(cni_parts_are_what_they_were)
{
	auto_(arena) struct arena mem = {0};
	struct json_parts p;
	struct err err = {0};

	MUST(json_split("{\"a\": [1, {\"b\": \"\\u00e9\\n\"}], \"c\": {}, \"d\": true}",
			JSON_OBJECT, &mem, &p, &err) == 0);
	MUST(p.n == 3);
	CHECK_STR(p.v[0].json, "[1,{\"b\":\"\u00e9\\n\"}]");
	CHECK_STR(p.v[1].json, "{}");
	CHECK(json_find(&p, "d", JSON_BOOL) && json_find(&p, "d", JSON_BOOL)->is_true);
	CHECK(!json_find(&p, "c", JSON_ARRAY));
	MUST(json_split("[[], \"x\", -2.50, null]", JSON_ARRAY, &mem, &p, &err) == 0);
	MUST(p.n == 4);
	CHECK_STR(p.v[1].text, "x");
	CHECK_STR(p.v[2].json, "-2.50");
	CHECK_INT(json_split("[]", JSON_OBJECT, &mem, &p, &err), -EINVAL);
	CHECK_INT(json_split("{\"a\":1,\"a\":2}", JSON_OBJECT, &mem, &p, &err), -EINVAL);
	CHECK_INT(json_split("{\"a\":\"\\u0000\"}", JSON_OBJECT, &mem, &p, &err), -EINVAL);
}

TEST(cni_each_plugin_is_told_its_own_part)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str chained = {0};
	struct wire_publish port[2];
	const struct wire_want want = {.publish = port, .n_publish = 2};
	struct cni_conf c;
	struct err err = {0};

	CHECK_INT(port_parse("8000-8001:80-81", &mem, &port[0], &err), 0);
	CHECK_INT(port_parse("10.0.0.1:53:53/udp", &mem, &port[1], &err), 0);
	MUST(read_conf(CHAIN, &mem, &c) == 0);
	CHECK_STR(c.name, "mine");
	MUST(c.n_plugins == 2);
	CHECK_INT(cni_check(&c, &want, &err), 0);
	CHECK_STR(cni_tell(&c, 0, &want, &mem),
		  "{\"cniVersion\":\"1.0.0\",\"name\":\"mine\",\"type\":\"bridge\",\"mtu\":1.5e3,"
		  "\"ipam\":{\"ranges\":[[{\"subnet\":\"10.7.0.0/24\"}],[]],\"x\":null}}");
	const char *told = cni_tell(&c, 1, &want, &mem);
	CHECK(strstr(told, "\"runtimeConfig\":{\"portMappings\":["
			   "{\"hostPort\":8000,\"containerPort\":80,\"protocol\":\"tcp\"},"
			   "{\"hostPort\":8001,\"containerPort\":81,\"protocol\":\"tcp\"},"
			   "{\"hostPort\":53,\"containerPort\":53,\"protocol\":\"udp\","
			   "\"hostIP\":\"10.0.0.1\"}]}}"));
	cni_tell_before("{\"type\":\"x\"}", "{\"ips\":[]}", &chained);
	CHECK_STR(chained.p, "{\"type\":\"x\",\"prevResult\":{\"ips\":[]}}");
}

TEST(cni_what_no_plugin_takes_is_refused)
{
	auto_(arena) struct arena mem = {0};
	const struct wire_want ip = {.ip = "10.7.0.9"}, mac = {.mac = "02:00:00:00:00:01"};
	struct cni_conf c;
	struct err err = {0};

	MUST(read_conf(CHAIN, &mem, &c) == 0);
	CHECK_INT(cni_check(&c, &ip, &err), -ENOTSUP);
	CHECK(strstr(err.msg, "--ip") && strstr(err.msg, "capability ips"));
	CHECK_INT(cni_check(&c, &mac, &err), -ENOTSUP);
	MUST(read_conf("{\"name\":\"one\",\"cniVersion\":\"0.3.1\",\"type\":\"macvlan\","
		       "\"capabilities\":{\"mac\":true,\"ips\":true}}",
		       &mem, &c) == 0);
	CHECK_INT(cni_check(&c, &mac, &err), 0);
	CHECK(strstr(cni_tell(&c, 0, &ip, &mem), "\"runtimeConfig\":{\"ips\":[\"10.7.0.9\"]}}"));
}

TEST(cni_descriptions_are_checked)
{
	static const struct {
		const char *json;
		int r;
	} rows[] = {
		{"[]", -EINVAL},
		{"{\"name\":\"a\"}", -ENOTSUP},
		{"{\"name\":\"a\",\"cniVersion\":\"0.2.0\",\"type\":\"x\"}", -ENOTSUP},
		{"{\"name\":\"a\",\"cniVersion\":\"1.1.0\",\"type\":\"x\"}", -ENOTSUP},
		{"{\"name\":\"../a\",\"cniVersion\":\"1.0.0\",\"type\":\"x\"}", -EINVAL},
		{"{\"name\":\"a\",\"cniVersion\":\"1.0.0\",\"type\":\"../x\"}", -EINVAL},
		{"{\"name\":\"a\",\"cniVersion\":\"1.0.0\",\"type\":\"\"}", -EINVAL},
		{"{\"name\":\"a\",\"cniVersion\":\"1.0.0\",\"plugins\":[]}", -EINVAL},
		{"{\"name\":\"a\",\"cniVersion\":\"1.0.0\",\"plugins\":[1]}", -EINVAL},
		{"{\"name\":\"a\",\"cniVersion\":\"0.4.0\",\"type\":\"x\"}", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct cni_conf c;
		if (!CHECK_INT(read_conf(rows[i].json, &mem, &c), rows[i].r))
			CHECK_STR(rows[i].json, "as expected");
	}
}

TEST(cni_answers_are_read)
{
	auto_(arena) struct arena mem = {0};
	struct cni_answer a;
	struct err err = {0};

	MUST(cni_answer("{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"br\",\"mac\":"
			"\"02:00:00:00:00:01\"},{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:02\","
			"\"sandbox\":\"/x\"}],\"ips\":[{\"address\":\"10.7.0.2/24\",\"gateway\":"
			"\"10.7.0.1\"},{\"address\":\"fd07::2/64\"},{\"address\":\"10.8.0.2/24\"}],"
			"\"dns\":{\"nameservers\":[\"9.9.9.9\"],\"domain\":\"example.org\"}}",
			&mem, &a, &err) == 0);
	CHECK_STR(a.address, "10.7.0.2/24");
	CHECK_STR(a.gateway, "10.7.0.1");
	CHECK_STR(a.address6, "fd07::2/64");
	CHECK_STR(a.mac, "02:00:00:00:00:02");
	MUST(a.servers.n == 1 && a.search.n == 1);
	CHECK_STR(a.search.v[0], "example.org");
	CHECK_INT(cni_answer("{}", &mem, &a, &err), 0);
	CHECK_INT(cni_answer("", &mem, &a, &err), -EINVAL);
	CHECK_INT(cni_answer("{\"ips\":[{\"address\":\"x\"}]}", &mem, &a, &err), -EINVAL);
	CHECK_INT(cni_answer("{\"dns\":{\"search\":[\"a\\nnameserver 1.1.1.1\"]}}", &mem, &a, &err),
		  -EINVAL);
}

TEST(cni_errors_are_one_line)
{
	auto_(str) struct str a = {0}, b = {0}, c = {0};

	cni_explain("{\"code\": 11, \"msg\": \"no\\naddress\", \"details\": \"left\"}", "x", &a);
	CHECK_STR(a.p, "no address: left (code 11)");
	cni_explain("", "panic: oh\n", &b);
	CHECK_STR(b.p, "panic: oh");
	cni_explain("", "", &c);
	CHECK_STR(c.p, "it said nothing");
}
