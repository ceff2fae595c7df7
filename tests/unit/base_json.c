/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/base/mem.h"
#include "tests/lib/test.h"

/* Writes the events as text: {k="..." s="..." n=1 t f 0 [ ] }. */
static int put_event(void *ctx, const struct json_event *e)
{
	static const char *const marks[] = {"0", "", "n=", "s=", "k=", "{", "}", "[", "]"};
	struct str *s = ctx;

	str_add(s, e->type == JSON_BOOL ? (e->is_true ? "t" : "f") : marks[e->type]);
	if (e->n)
		str_add_mem(s, e->p, e->n);
	str_add_char(s, ' ');
	return 0;
}

static void parses_to(const char *text, const char *events)
{
	auto_(str) struct str s = {0};
	struct err err = {0};

	CHECK_INT(json_parse(text, strlen(text), put_event, &s, &err), 0);
	CHECK_STR(s.p, events);
}

static void fails_with(const char *text, size_t len, const char *message)
{
	auto_(str) struct str s = {0};
	struct err err = {0};

	CHECK_INT(json_parse(text, len, put_event, &s, &err), -EINVAL);
	CHECK_STR(err.msg, message);
}

TEST(events_come_in_order)
{
	parses_to("{\"a\":[1,-2.5e3,true,false,null,\"x\"],\"b\":{}}",
		  "{ k=a [ n=1 n=-2.5e3 t f 0 s=x ] k=b { } } ");
	parses_to(" 18446744073709551615 ", "n=18446744073709551615 ");
	parses_to("\"\\u00e9\\n\\ud83d\\ude00 \xc3\xa9\"",
		  "s=\xc3\xa9\n\xf0\x9f\x98\x80 \xc3\xa9 ");
	parses_to("\"01234567\\\\89\"", "s=01234567\\89 ");
}

TEST(errors_say_where)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", "line 1, column 1: parse error: premature EOF"},
		{"{\"a\":1", "line 1, column 7: parse error: premature EOF"},
		{"{\"a\":1}\n x", "line 2, column 2: parse error: trailing garbage"},
		{"{\"a\":1} {", "line 1, column 9: parse error: trailing garbage"},
		{"{\n\t'a':1}", "line 2, column 2: lexical error: invalid char in json text."},
		{"[1,]",
		 "line 1, column 4: parse error: unallowed token at this point in JSON text"},
		{"/* */ {}",
		 "line 1, column 1: lexical error: probable comment found in input text, comments are not enabled."},
		{"\xef\xbb\xbf{}", "line 1, column 1: lexical error: invalid char in json text."},
		{"\"\\x\"",
		 "line 1, column 2: lexical error: inside a string, '\\' occurs before a character which it may not."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fails_with(rows[i].text, strlen(rows[i].text), rows[i].message);
}

TEST(text_that_is_not_utf8_is_refused)
{
	static const char *const bad[] = {
		"\"\x80\"",
		"\"\xc3\"",
		"\"\xc0\x80\"",
		"\"\xe0\x80\x80\"",
		"\"\xed\xa0\x80\"",
		"\"\xf0\x80\x80\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xff\"",
		"\"\\ud800\"",
		"\"\\udc00\"",
		"\"\\ud800\\u0041\"",
		"\"\\ud800x\"",
		"\"\\uDBFF\\uDBFF\"",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fails_with(bad[i], strlen(bad[i]),
			   "line 1, column 2: not UTF-8, or half a surrogate pair");
	/* Also where eight bytes are looked at together, and at the very end. */
	fails_with("[\"0123456789abcdef\xff\"]", 21,
		   "line 1, column 19: not UTF-8, or half a surrogate pair");
	fails_with("\"0123456\xe2\x82", 10,
		   "line 1, column 9: not UTF-8, or half a surrogate pair");
	parses_to("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"",
		  "s=\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf ");
}

TEST(depth_is_bounded)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	auto_(str) struct str s = {0};
	struct err err = {0};

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	CHECK_INT(json_parse(text, 2 * JSON_DEPTH_MAX, put_event, &s, &err), 0);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	CHECK_INT(json_parse(text, sizeof(text) - 1, put_event, &s, &err), -EINVAL);
	CHECK_STR(err.msg, "nested more than 128 deep");
}

static int refuse_numbers(void *ctx, const struct json_event *e)
{
	return e->type == JSON_NUMBER ? err_say(ctx, ERANGE, "no numbers") : 0;
}

TEST(a_reader_may_stop)
{
	struct err err = {0};

	CHECK_INT(json_parse("[1]", 3, refuse_numbers, &err, &err), -ERANGE);
	CHECK_STR(err.msg, "no numbers");
}

static void write_sample(struct json_out *o)
{
	json_open(o, NULL, '{');
	json_text(o, "text", "a\"b\\\n\x01");
	json_int(o, "int", INT64_MIN);
	json_uint(o, "uint", UINT64_MAX);
	json_open(o, "list", '[');
	json_bool(o, NULL, true);
	json_text(o, NULL, NULL);
	json_close(o, ']');
	json_open(o, "empty", '{');
	json_close(o, '}');
	json_open(o, "none", '[');
	json_close(o, ']');
	json_close(o, '}');
}

TEST(writes_compact)
{
	auto_(str) struct str s = {0};

	write_sample(&(struct json_out){.s = &s});
	CHECK_STR(s.p,
		  "{\"text\":\"a\\\"b\\\\\\n\\u0001\",\"int\":-9223372036854775808,"
		  "\"uint\":18446744073709551615,\"list\":[true,null],\"empty\":{},\"none\":[]}");
}

TEST(writes_pretty)
{
	auto_(str) struct str s = {0};

	write_sample(&(struct json_out){.s = &s, .indent = "  "});
	CHECK_STR(s.p,
		  "{\n  \"text\": \"a\\\"b\\\\\\n\\u0001\",\n  \"int\": -9223372036854775808,\n"
		  "  \"uint\": 18446744073709551615,\n  \"list\": [\n    true,\n    null\n  ],\n"
		  "  \"empty\": {},\n  \"none\": []\n}");
}

TEST(writes_only_utf8)
{
	auto_(str) struct str s = {0};

	json_text(&(struct json_out){.s = &s}, NULL, "a\xff\xc3\xa9\xc3");
	CHECK_STR(s.p, "\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\"");
}
