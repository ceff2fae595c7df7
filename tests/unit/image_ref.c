/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/digest.h"
#include "image/ref.h"
#include "tests/lib/test.h"

#define HEX "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

TEST(names_become_full_ones)
{
	static const char *const rows[][2] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"a/b", "docker.io/a/b:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest"},
		{"index.docker.io/x/y:1", "docker.io/x/y:1"},
		{"localhost/nginx", "localhost/nginx:latest"},
		{"localhost:5000/nginx:v1", "localhost:5000/nginx:v1"},
		{"[::1]:5000/a:b", "[::1]:5000/a:b"},
		{"quay.io/a/b/c__d.e-f---g:T_a.g-1", "quay.io/a/b/c__d.e-f---g:T_a.g-1"},
		{"a:b@sha256:" HEX, "docker.io/library/a@sha256:" HEX},
		{"Host.example/a", "Host.example/a:latest"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct err err = {0};
		struct ref ref;
		if (CHECK_INT(ref_read(rows[i][0], &mem, &ref, &err), 0))
			CHECK_STR(ref_text(&ref, &mem), rows[i][1]);
	}
}

static const char long_tag[] =
	"a:tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
	"ttttttttttttttttttttttttttttttttttttttttttttttttt";

TEST(what_is_no_name_is_refused)
{
	static const char *const rows[] = {
		"",
		"/",
		"a/",
		"/a",
		"a//b",
		"A",
		"a b",
		"a:",
		"a:-x",
		"a:.x",
		"a@",
		"a@sha256:12",
		"a@md5:" HEX, /* NOLINT(bugprone-suspicious-missing-comma) */
		"a@sha256:" HEX "0",
		"a@sha512:" HEX,
		"-a",
		"a-",
		"a..b",
		"a___b",
		"a._b",
		"../a",
		"a/../b",
		"host.x:99999999/a",
		"host.x:/a",
		"-h.x/a",
		"h-.x/a",
		"h..x/a",
		"[::1/a",
		"a\n",
		"a:b\n",
		"a:b:c",
		"a@sha256:../../x",
		HEX,
		long_tag,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct err err = {0};
		struct ref ref;
		if (!CHECK(ref_parse(rows[i], &mem, &ref, &err) < 0 && *err.msg))
			test_check(false, __FILE__, __LINE__, rows[i]);
	}
}

TEST(names_are_shown_short)
{
	CHECK_STR(ref_familiar("docker.io/library/nginx:1"), "nginx:1");
	CHECK_STR(ref_familiar("docker.io/a/b:1"), "a/b:1");
	CHECK_STR(ref_familiar("quay.io/a/b:1"), "quay.io/a/b:1");
}

TEST(digests_are_what_openssl_says)
{
	char text[DIGEST_TEXT_MAX];
	struct err err = {0};
	struct digest d;

	digest_of("test", 4, text);
	CHECK_STR(text, "sha256:" HEX);
	digest_begin(&d, DIGEST_SHA512);
	digest_add(&d, "te", 2);
	digest_add(&d, "st", 2);
	digest_end(&d, text);
	CHECK(strncmp(text, "sha512:ee26b0dd4af7e749", 23) == 0 && digest_ok(text));
	CHECK_INT(digest_verify(text, "test", 4, "it", &err), 0);
	CHECK(digest_verify("sha256:" HEX, "tesT", 4, "it", &err) == -EBADMSG);
	CHECK(strstr(err.msg, "it: expected sha256:9f86") != NULL);
}

TEST(digests_that_could_be_paths_are_none)
{
	static const char *const rows[] = {
		"sha256:",
		"sha256:../../x",
		"sha256:/etc/passwd",
		"sha1:" HEX,
		"SHA256:" HEX,
		HEX,
		"sha256:9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"sha256:" HEX "/..",
		"sha256:" HEX "\n",
		"sha512:" HEX,
		"",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK(!digest_ok(rows[i]));
	CHECK(!digest_ok(NULL));
	CHECK(digest_ok("sha256:" HEX));
}

TEST(a_chain_of_layers_has_a_name)
{
	auto_(arena) struct arena mem = {0};
	char want[DIGEST_TEXT_MAX];
	const char *text = "sha256:" HEX " sha256:" HEX;

	digest_of(text, strlen(text), want);
	CHECK_STR(digest_chain(NULL, "sha256:" HEX, &mem), "sha256:" HEX);
	CHECK_STR(digest_chain("sha256:" HEX, "sha256:" HEX, &mem), want);
}
