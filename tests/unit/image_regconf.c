/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/regconf.h"
#include "tests/lib/test.h"

static const char conf_text[] =
	"# comment\n"
	"unqualified-search-registries = [\n  \"quay.io\", # one\n 'docker.io',\n]\n"
	"short-name-mode = \"permissive\"\n"
	"credential-helpers = [\"containers-auth.json\"]\n"
	"[aliases]\n"
	"\"fedora\" = \"registry.fedoraproject.org/fedora\"\n"
	"[[registry]]\n"
	"prefix = \"docker.io/library\"\n"
	"location = \"mirror.local:5000/hub\"\n"
	"insecure = true\n"
	"[[registry.mirror]]\n"
	"location = \"near.local\"\n"
	"pull-from-mirror = \"digest-only\"\n"
	"[[registry.mirror]]\n"
	"location = \"far.local/x\"\n"
	"[[registry]]\n"
	"prefix = \"*.evil.org\"\n"
	"blocked = true\n"
	"[[registry]]\n"
	"location = \"docker.io\"\n"
	"[something.else]\n"
	"key = true\n";

static const char *places_of(const char *name, struct arena *mem)
{
	struct regconf conf = {0};
	struct regconf_place *all;
	struct err err = {0};
	struct ref ref;
	size_t n;
	const char *text = "";

	if (regconf_parse(conf_text, mem, &conf, &err) < 0 || ref_read(name, mem, &ref, &err) < 0 ||
	    regconf_places(&conf, &ref, mem, &all, &n, &err) < 0)
		return arena_str(mem, err.msg);
	for (size_t i = 0; i < n; i++)
		text = arena_printf(mem, "%s%s%s/%s%s", text, i ? " " : "", all[i].host,
				    all[i].path, all[i].is_insecure ? "!" : "");
	return text;
}

TEST(mirrors_come_first)
{
	auto_(arena) struct arena mem = {0};

	CHECK_STR(places_of("nginx", &mem), "far.local/x/nginx mirror.local:5000/hub/nginx!");
	CHECK_STR(
		places_of("nginx@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f"
			  "00a08",
			  &mem),
		"near.local/nginx far.local/x/nginx mirror.local:5000/hub/nginx!");
	CHECK_STR(places_of("docker.io/a/b", &mem), "docker.io/a/b");
	CHECK_STR(places_of("quay.io/a/b", &mem), "quay.io/a/b");
	CHECK_STR(places_of("x.evil.org/a", &mem), "x.evil.org/a is blocked by registries.conf");
	CHECK_STR(places_of("evil.org/a", &mem), "evil.org/a");
}

TEST(short_names_are_aliases_or_searched)
{
	auto_(arena) struct arena mem = {0};
	struct regconf conf = {0};
	struct words names = {0};
	struct err err = {0};
	struct ref ref;

	MUST(regconf_parse(conf_text, &mem, &conf, &err) == 0);
	ref_parse("fedora:39", &mem, &ref, &err);
	CHECK_INT(regconf_names(&conf, &ref, &mem, &names, &err), 0);
	ref_parse("web", &mem, &ref, &err);
	CHECK_INT(regconf_names(&conf, &ref, &mem, &names, &err), 0);
	MUST(names.n == 3);
	CHECK_STR(names.v[0], "registry.fedoraproject.org/fedora:39");
	CHECK_STR(names.v[1], "quay.io/web:latest");
	CHECK_STR(names.v[2], "docker.io/library/web:latest");
	conf.is_enforcing = true;
	CHECK(regconf_names(&conf, &ref, &mem, &names, &err) < 0);
}

TEST(bad_files_name_the_line)
{
	static const char *const rows[][2] = {
		{"\n\nnonsense\n", "line 3: "},
		{"a = 5\n", "line 1: "},
		{"[registry\n", "line 1: "},
		{"[[registry.mirror]]\n", "a mirror of no"},
		{"credential-helpers = [\"containers-auth.json\", \"secretservice\"]\n",
		 "credHelpers"},
		{"x = \"abc\n", "without an end"},
		{"[[registry]]\nlocation = true\n", "line 2: "},
		{"unqualified-search-registries = [\"a\" \"b\"]", "a comma"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct regconf conf = {0};
		struct err err = {0};
		CHECK(regconf_parse(rows[i][0], &mem, &conf, &err) < 0);
		if (!CHECK(strstr(err.msg, rows[i][1]) != NULL))
			CHECK_STR(err.msg, rows[i][1]);
	}
}
