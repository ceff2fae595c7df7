/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/template.h"
#include "tests/lib/test.h"

static const char doc[] =
	"{\"Name\":\"web\",\"State\":{\"Pid\":42,\"Running\":true,\"Name\":\"inner\",\"Deep\":{\"A\":[1,"
	"{\"b\":\"c\"}]}},\"Empty\":\"\",\"Ratio\":0.5,\"None\":null,\"Neg\":-3}";

static void check(const char *format, const char *want)
{
	auto_(str) struct str out = {0};
	struct err err = {0};

	CHECK_INT(template_fill(format, doc, &out, &err), 0);
	CHECK_STR(out.p ? out.p : "", want);
}

TEST(template_fields)
{
	check("{{.Name}}", "web");
	check("{{ .State.Pid }}", "42");
	check("{{.State.Name}}/{{.Name}}", "inner/web");
	check("a\\t{{.State.Running}}\\nb", "a\ttrue\nb");
	check("{{.Empty}}", "");
	check("{{.Neg}} {{.Ratio}} {{.None}}", "-3 0.50 null");
	check("{{.State.Deep}}", "{\"A\":[1,{\"b\":\"c\"}]}");
	check("plain", "plain");
}

TEST(template_json)
{
	check("{{json .Name}}", "\"web\"");
	check("{{json .State.Deep.A}}", "[1,{\"b\":\"c\"}]");
	check("{{json .}}", doc);
	check("{{json .Nothing}}", "null");
}

TEST(template_what_is_not_there)
{
	check("{{.Nothing}}", "<no value>");
	check("{{.Name.Inner}}", "<no value>");
	check("{{.State.State}}", "<no value>");
	check("{{.Deep}}", "<no value>");
}

TEST(template_refuses_the_rest)
{
	static const char *const bad[] = {"{{range .X}}", "{{.A | upper}}",     "{{",
					  "{{if .X}}",    "{{index .A \"b\"}}", "{{}}"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_(str) struct str out = {0};
		struct err err = {0};
		CHECK_INT(template_fill(bad[i], doc, &out, &err), -EINVAL);
	}
}

TEST(template_header_names_fields)
{
	auto_(str) struct str out = {0};
	struct err err = {0};

	CHECK_INT(template_header("{{.Name}}\\t{{.State.Pid}}", &out, &err), 0);
	CHECK_STR(out.p, "NAME\tSTATE.PID");
}
