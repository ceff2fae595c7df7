/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "image/policy.h"
#include "tests/lib/test.h"

static const char text[] =
	"{\"default\": [{\"type\": \"reject\"}], \"transports\": {"
	" \"docker\": {"
	"  \"\": [{\"type\": \"reject\"}],"
	"  \"docker.io/library/nginx:1\": [{\"type\": \"reject\"}],"
	"  \"docker.io/library\": [{\"type\": \"insecureAcceptAnything\"}],"
	"  \"*.good.org\": [{\"type\": \"insecureAcceptAnything\"}],"
	"  \"bad.good.org:5000\": [{\"type\": \"insecureAcceptAnything\"}, {\"type\": \"reject\"}],"
	"  \"signed.org\": [{\"type\": \"signedBy\", \"keyType\": \"GPGKeys\", \"keyPaths\": [\"/k\"],"
	"    \"signedIdentity\": {\"type\": \"matchRepository\"}}]},"
	" \"oci\": {\"/srv/a:web\": [{\"type\": \"insecureAcceptAnything\"}],"
	"  \"/srv/ok\": [{\"type\": \"insecureAcceptAnything\"}]},"
	" \"docker-archive\": {\"\": [{\"type\": \"insecureAcceptAnything\"}]}}}";

static int verdict(const struct policy_subject *s, struct arena *mem)
{
	struct policy p = {0};
	struct err err = {0};

	if (!CHECK_INT(policy_parse(text, strlen(text), mem, &p, &err), 0))
		return -EINVAL;
	p.file = "policy.json";
	return policy_check(&p, s, &err);
}

TEST(the_most_specific_scope_counts)
{
	static const struct {
		const char *name;
		int verdict;
	} rows[] = {
		{"nginx:1", -EPERM},
		{"nginx:2", 0},
		{"nginx@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		 0},
		{"docker.io/joe/x", -EPERM},
		{"docker.io/libraryx/x", -EPERM},
		{"a.b.good.org:5000/x", 0},
		{"good.org/x", -EPERM},
		{"bad.good.org/x", 0},
		{"bad.good.org:5000/x", -EPERM},
		{"signed.org/deep/er/x:3", -ENOTSUP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct err err = {0};
		struct ref ref;
		MUST(ref_read(rows[i].name, &mem, &ref, &err) == 0);
		const struct policy_subject s = policy_of_ref(&ref, &mem);
		if (!CHECK_INT(verdict(&s, &mem), rows[i].verdict))
			CHECK_STR(rows[i].name, "");
	}
}

TEST(files_are_judged_by_where_they_are)
{
	static const struct {
		const char *transport, *path, *name;
		int verdict;
	} rows[] = {
		{"oci", "/srv/a", "web", 0},
		{"oci", "/srv/a", "other", -EPERM},
		{"oci", "/srv/ok/deep", NULL, 0},
		{"oci", "/srv/okay", NULL, -EPERM},
		{"oci-archive", "/srv/ok", "", -EPERM},
		{"oci", NULL, "web", -EPERM},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		const struct policy_subject s =
			policy_of_file(rows[i].transport, rows[i].path, rows[i].name, &mem);
		CHECK_INT(verdict(&s, &mem), rows[i].verdict);
	}
	auto_(arena) struct arena mem = {0};
	const struct policy_subject docker = policy_of_archive("docker-archive", "/x"),
				    other = policy_of_archive("tarball", "/x");
	CHECK_INT(verdict(&docker, &mem), 0);
	CHECK_INT(verdict(&other, &mem), -EPERM);
}

TEST(no_file_accepts)
{
	const struct policy_subject s = policy_of_archive("tarball", "/x");
	const struct policy p = {0};
	struct err err = {0};

	CHECK_INT(policy_check(&p, &s, &err), 0);
}

TEST(what_is_not_understood_is_refused)
{
	static const char *const rows[][2] = {
		{"[]", "an object"},
		{"{}", "no \"default\""},
		{"{\"default\": []}", "default: an empty list"},
		{"{\"default\": {}}", "a list of requirements"},
		{"{\"default\": [{\"type\": \"reject\"}], \"defualt\": 1}", "defualt: unknown key"},
		{"{\"default\": [{\"type\": \"accept\"}]}",
		 "default: a requirement of unknown type"},
		{"{\"default\": [{\"keyPath\": {\"type\": \"reject\"}}]}", "without a type"},
		{"{\"default\": [{\"type\": \"reject\", \"x\": [1]}]}", "no other members"},
		{"{\"default\": [{\"type\": \"reject\", \"type\": \"reject\"}]}", "one type"},
		{"{\"default\": [{\"type\": \"reject\"}], \"default\": [{\"type\": "
		 "\"insecureAcceptAnything\"}]}",
		 "twice"},
		{"{\"default\": [{\"type\": \"reject\"}], \"transports\": {\"docker\": {\"a\": []}}}",
		 "transports.docker.\"a\": an empty list"},
		{"{\"default\": [{\"type\": \"reject\"}], \"transports\": {\"docker\": "
		 "{\"a\": [{\"type\": \"reject\"}], \"a\": [{\"type\": \"insecureAcceptAnything\"}]}}}",
		 "a: stands there twice"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct policy p = {0};
		struct err err = {0};
		CHECK_INT(policy_parse(rows[i][0], strlen(rows[i][0]), &mem, &p, &err), -EINVAL);
		if (!CHECK(strstr(err.msg, rows[i][1]) != NULL))
			CHECK_STR(err.msg, rows[i][1]);
	}
}
