/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/auth.h"
#include "image/creds.h"
#include "tests/lib/test.h"

TEST(challenges_are_read)
{
	auto_(arena) struct arena mem = {0};
	struct auth_challenge c;

	CHECK(auth_parse(
		"Bearer realm=\"https://a.b/t\",service=\"s \\\"x\", scope=\"repository:a:pull,push\"",
		&mem, &c));
	CHECK(c.is_bearer);
	CHECK_STR(c.realm, "https://a.b/t");
	CHECK_STR(c.service, "s \"x");
	CHECK_STR(c.scope, "repository:a:pull,push");
	CHECK(auth_parse("Basic realm=\"x\"\nbearer realm=https://r", &mem, &c) && c.is_bearer);
	CHECK(auth_parse("Basic", &mem, &c) && !c.is_bearer);
	CHECK(!auth_parse("Negotiate", &mem, &c));
	CHECK(!auth_parse("Bearer service=\"x\"", &mem, &c));
	CHECK_STR(auth_escape("a b/c:d&e", &mem), "a%20b%2Fc%3Ad%26e");
}

TEST(credentials_stay_at_home)
{
	static const struct {
		const char *registry, *realm;
		bool is_tls, ok;
	} rows[] = {
		{"registry-1.docker.io", "https://auth.docker.io/token", true, true},
		{"quay.io", "https://quay.io/v2/auth", true, true},
		{"quay.io", "https://quay.io:443/v2/auth", true, true},
		{"registry.gitlab.com", "https://gitlab.com/jwt/auth", true, true},
		{"quay.io", "http://quay.io/v2/auth", true, false},
		{"quay.io", "https://evil.io/", true, false},
		{"quay.io", "https://quay.io.evil.org/", true, false},
		{"quay.io", "https://quay.io@evil.org/", true, false},
		{"a.co.uk", "https://b.co.uk/", true, false},
		{"x.a.co.uk", "https://y.a.co.uk/", true, true},
		{"127.0.0.1:5000", "http://127.0.0.1:5000/t", false, true},
		{"127.0.0.1:5000", "http://127.0.0.1:5001/t", false, false},
		{"127.0.0.1:5000", "http://127.0.0.2:5000/t", false, false},
		{"1.2.3.4", "https://9.9.3.4/", true, false},
		{"localhost:5000", "https://localhost:5001/", true, false},
		{"quay.io", "ftp://quay.io/", true, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (auth_realm_ok(rows[i].registry, rows[i].is_tls, rows[i].realm) != rows[i].ok)
			test_check(false, __FILE__, __LINE__, rows[i].realm);
}

TEST(credentials_are_found_by_the_longest_name)
{
	static char json[] =
		"{\"auths\":{\"quay.io\":{\"auth\":\"YTpi\"},\"quay.io/team\":{\"auth\":\"YzpkOmU=\"},"
		"\"https://index.docker.io/v1/\":{\"auth\":\"eDp5\"},\"bad.io\":{\"auth\":\"!!\"},"
		"\"tok.io\":{\"identitytoken\":\"id\"}},\"credHelpers\":{\"help.io\":\"secret\"}}";
	static const char *const rows[][3] = {
		{"quay.io/x", "a", "b"},       {"quay.io/team/x", "c", "d:e"},
		{"quay.io/teams/x", "a", "b"}, {"nginx", "x", "y"},
		{"other.io/x", NULL, NULL},
	};
	auto_(arena) struct arena mem = {0};
	const struct str text = {json, sizeof(json) - 1, sizeof(json)};
	struct creds c = {0};
	struct err err = {0};
	struct ref ref;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		MUST(ref_read(rows[i][0], &mem, &ref, &err) == 0);
		c = (struct creds){0};
		CHECK_INT(creds_read(&text, &ref, &mem, &c, &err), rows[i][1] != NULL);
		CHECK_STR(c.user, rows[i][1]);
		CHECK_STR(c.password, rows[i][2]);
	}
	ref_read("bad.io/x", &mem, &ref, &err);
	CHECK(creds_read(&text, &ref, &mem, &c, &err) < 0);
	ref_read("tok.io/x", &mem, &ref, &err);
	CHECK(creds_read(&text, &ref, &mem, &c, &err) == 1);
	CHECK_STR(c.identity, "id");
	ref_read("help.io/x", &mem, &ref, &err);
	CHECK(creds_read(&text, &ref, &mem, &c, &err) == 0);
	CHECK_STR(c.helper, "secret");
}

TEST(base64_goes_both_ways)
{
	auto_(str) struct str text = {0}, back = {0};

	base64_encode("user:p\xc3\xa4ss", 10, &text);
	CHECK_STR(text.p, "dXNlcjpww6Rzcw==");
	CHECK_INT(base64_decode(text.p, &back), 0);
	CHECK_STR(back.p, "user:p\xc3\xa4ss");
	CHECK(base64_decode("a b", &back) < 0);
	CHECK(base64_decode("YTpi=x", &back) < 0);
}
