/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/args.h"
#include "cmd/duration.h"
#include "cmd/ps.h"
#include "cmd/signals.h"
#include "tests/lib/test.h"

struct opts {
	const char *bundle, *env_file;
	struct words env;
	unsigned n;
	bool detach, force, tty;
};

static const struct arg rows[] = {
	{"bundle", 'b', ARG_TEXT, offsetof(struct opts, bundle), "DIR", "the bundle"},
	{"env", 'e', ARG_LIST, offsetof(struct opts, env), "NAME=VALUE", "a variable"},
	{"env-file", 0, ARG_TEXT, offsetof(struct opts, env_file), "FILE", NULL},
	{"preserve-fds", 0, ARG_COUNT, offsetof(struct opts, n), "N", "descriptors"},
	{"detach", 'd', ARG_FLAG, offsetof(struct opts, detach), NULL, "don't wait"},
	{"tty", 't', ARG_FLAG, offsetof(struct opts, tty), NULL, "a terminal"},
	{"no-subreaper", 0, ARG_NO_FLAG, 0, NULL, NULL},
	{"criu", 0, ARG_IGNORED, 0, "PATH", NULL},
	{"init", 0, ARG_REFUSED, 0, NULL, "name an init program"},
	{0},
};
static const struct arg_set to_the_end = {rows, false}, to_the_first = {rows, true};

/* The words that remain, joined by blanks; or the error's message. */
static const char *parse(const struct arg_set *set, struct opts *o, struct arena *mem,
			 const char *const *argv)
{
	struct err *err = arena_zalloc(mem, 1, sizeof(*err));
	auto_(str) struct str joined = {0};
	const char **words;
	int n = args_parse(set, argv, o, &words, mem, err);

	if (n == ARGS_HELP)
		return "help";
	if (n < 0)
		return err->msg;
	str_add(&joined, "");
	for (int i = 0; i < n; i++)
		str_addf(&joined, "%s%s", i ? " " : "", words[i]);
	CHECK(words[n] == NULL);
	return arena_str(mem, joined.p);
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(all_spellings_of_a_value)
{
	const char *const *const spellings[] = {
		ARGV("--bundle", "/b", "id"), ARGV("--bundle=/b", "id"),
		ARGV("-bundle", "/b", "id"),  ARGV("-bundle=/b", "id"),
		ARGV("-b", "/b", "id"),       ARGV("-b=/b", "id"),
		ARGV("-b/b", "id"),           ARGV("-db", "/b", "id"),
	};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		auto_(arena) struct arena mem = {0};
		struct opts o = {0};
		CHECK_STR(parse(&to_the_end, &o, &mem, spellings[i]), "id");
		CHECK_STR(o.bundle, "/b");
	}
}

TEST(last_value_wins_and_lists_grow)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem,
			ARGV("-b", "a", "-e", "A=1", "--bundle=b", "--env=B=2", "-eC=3", "id")),
		  "id");
	CHECK_STR(o.bundle, "b");
	CHECK_INT((long long)o.env.n, 3);
	CHECK_STR(o.env.v[0], "A=1");
	CHECK_STR(o.env.v[1], "B=2");
	CHECK_STR(o.env.v[2], "C=3");
}

TEST(flags_take_true_and_false)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--detach=true", "-t", "--tty=false")), "");
	CHECK(o.detach);
	CHECK(!o.tty);
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--detach=maybe")),
		  "--detach: expected true or false, got \"maybe\"");
}

TEST(letters_of_flags_stand_together)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("-dt", "x")), "x");
	CHECK(o.detach && o.tty);
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("-dx")), "unknown flag: 'x' in -dx");
}

TEST(options_end_where_they_should)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("-d", "id", "sh", "-c", "-t")),
		  "id sh -c -t");
	CHECK(o.detach && !o.tty);
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("id", "-t", "--", "-d", "--help")),
		  "id -d --help");
	CHECK(o.tty);
	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("--", "-x")), "-x");
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("-", "")), "- ");
}

TEST(a_value_may_begin_with_a_dash)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("-b", "-1", "id")), "id");
	CHECK_STR(o.bundle, "-1");
}

TEST(help_is_found_where_options_are)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("--help")), "help");
	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("-h")), "help");
	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("-dh")), "help");
	CHECK_STR(parse(&to_the_first, &o, &mem, ARGV("x", "--help")), "x --help");
}

TEST(what_is_wrong_is_named)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--nope")), "unknown flag: --nope");
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--bundl", "x")), "unknown flag: --bundl");
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--bundle")),
		  "flag needs an argument: --bundle");
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--preserve-fds", "-1")),
		  "--preserve-fds: expected a number, got \"-1\"");
	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("--init")),
		  "--init is not supported by this version of ctr");
}

TEST(foreign_options_are_swallowed)
{
	auto_(arena) struct arena mem = {0};
	struct opts o = {0};

	CHECK_STR(parse(&to_the_end, &o, &mem, ARGV("-no-subreaper", "--criu", "/x", "id")), "id");
}

TEST(help_lists_what_is_offered)
{
	auto_(str) struct str text = {0};

	args_help(&to_the_end, &text);
	CHECK(strstr(text.p, "  -b, --bundle DIR") != NULL);
	CHECK(strstr(text.p, "      --preserve-fds N") != NULL);
	CHECK(strstr(text.p, "env-file") == NULL);
	CHECK(strstr(text.p, "init") == NULL);
}

static int number(const char *text)
{
	struct err err;

	return signal_number(text, &err);
}

TEST(signals_by_name_and_number)
{
	CHECK_INT(number("9"), 9);
	CHECK_INT(number("KILL"), 9);
	CHECK_INT(number("sigterm"), 15);
	CHECK_INT(number("SIGWINCH"), 28);
	CHECK_INT(number("cld"), 17);
	CHECK_INT(number("RTMIN"), 34);
	CHECK_INT(number("SIGRTMIN+3"), 37);
	CHECK_INT(number("rtmax-1"), 63);
	CHECK_INT(number("64"), 64);
	CHECK_INT(number("65"), -EINVAL);
	CHECK_INT(number("-1"), -EINVAL);
	CHECK_INT(number(""), -EINVAL);
	CHECK_INT(number("SIG"), -EINVAL);
	CHECK_INT(number("RTMIN+31"), -EINVAL);
	CHECK_INT(number("9x"), -EINVAL);
}

static int milliseconds(const char *text)
{
	struct err err;
	int ms = -1;

	return duration_ms(text, &ms, &err) < 0 ? -1 : ms;
}

TEST(durations)
{
	CHECK_INT(milliseconds("5s"), 5000);
	CHECK_INT(milliseconds("1m30s"), 90000);
	CHECK_INT(milliseconds("250ms"), 250);
	CHECK_INT(milliseconds("1.5s"), 1500);
	CHECK_INT(milliseconds("5"), -1);
	CHECK_INT(milliseconds(""), -1);
	CHECK_INT(milliseconds("0s"), -1);
	CHECK_INT(milliseconds("-5s"), -1);
	CHECK_INT(milliseconds("9999999999h"), -1);
	CHECK_INT(milliseconds("5s "), -1);
}

TEST(ps_keeps_the_header_and_its_pids)
{
	static const pid_t pids[] = {12, 7};
	char text[] =
		"UID        PID  PPID CMD\nroot         1     0 init\nroot         7     1 sh\n"
		"root        12     7 a 7\nroot       120     7 b\n";
	auto_(str) struct str out = {0};
	struct err err;

	CHECK_INT(ps_filter(text, pids, 2, &out, &err), 0);
	CHECK_STR(out.p,
		  "UID        PID  PPID CMD\nroot         7     1 sh\nroot        12     7 a 7\n");
}

TEST(ps_needs_a_pid_column)
{
	char text[] = "COMMAND\nsh\n", nothing[] = "";
	auto_(str) struct str out = {0};
	struct err err;

	CHECK_INT(ps_filter(text, NULL, 0, &out, &err), -EINVAL);
	CHECK_INT(ps_filter(nothing, NULL, 0, &out, &err), -EINVAL);
}
