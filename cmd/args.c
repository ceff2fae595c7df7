/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/args.h"

/* Where the reading stands. */
struct reading {
	const struct arg_set *set;
	const char *const *next; /* the word after the present one */
	char *opts;
	struct arena *mem;
	struct err *err;
};

static bool takes_value(const struct arg *row)
{
	return row->kind != ARG_FLAG && row->kind != ARG_NO_FLAG;
}

static const struct arg *find_name(const struct arg_set *set, const char *name, size_t len)
{
	for (const struct arg *row = set->rows; row->name; row++)
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	return NULL;
}

static const struct arg *find_letter(const struct arg_set *set, char letter)
{
	for (const struct arg *row = set->rows; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static int store_flag(struct reading *r, const struct arg *row, const char *value)
{
	bool on = !value || str_eq(value, "true") || str_eq(value, "1");

	if (!on && !str_eq(value, "false") && !str_eq(value, "0"))
		return err_say(r->err, EINVAL, "--%s: expected true or false, got \"%.60s\"",
			       row->name, value);
	if (row->kind == ARG_FLAG)
		*(bool *)(r->opts + row->offset) = on;
	return 0;
}

static int store_value(struct reading *r, const struct arg *row, const char *value)
{
	void *at = r->opts + row->offset;
	uint64_t n;

	switch ((enum arg_kind)row->kind) {
	case ARG_TEXT:
		*(const char **)at = value;
		break;
	case ARG_LIST:
		words_add(at, value, r->mem);
		break;
	case ARG_COUNT:
		if (num_max(value, 10, 1U << 20, &n) < 0)
			return err_say(r->err, EINVAL, "--%s: expected a number, got \"%.60s\"",
				       row->name, value);
		*(unsigned *)at = (unsigned)n;
		break;
	case ARG_REFUSED:
	case ARG_IGNORED:
	case ARG_FLAG:
	case ARG_NO_FLAG:
		break;
	}
	return 0;
}

/* inline_value: what stood in the same word, or NULL. */
static int take(struct reading *r, const struct arg *row, const char *inline_value)
{
	if (row->kind == ARG_REFUSED) {
		err_say(r->err, ENOTSUP, "--%s is not supported by this version of ctr", row->name);
		err_hint(r->err, "%s", row->help);
		return -ENOTSUP;
	}
	if (!takes_value(row))
		return store_flag(r, row, inline_value);
	if (inline_value)
		return store_value(r, row, inline_value);
	/* Podman finds out what a runtime can by these words. */
	if (!*r->next)
		return err_say(r->err, EINVAL, "flag needs an argument: --%s", row->name);
	return store_value(r, row, *r->next++);
}

static int is_help(const char *name, size_t len)
{
	return (len == 4 && memcmp(name, "help", 4) == 0) || (len == 1 && *name == 'h');
}

/* -abc: flags a and b, and c with or without a value behind it. */
static int take_letters(struct reading *r, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct arg *row = find_letter(r->set, *at);
		if (!row && is_help(at, 1))
			return ARGS_HELP;
		if (!row)
			return err_say(r->err, EINVAL, "unknown flag: '%c' in %.60s", *at, word);
		bool glued = at[1] && (takes_value(row) || at[1] == '=');
		int n = take(r, row, glued ? at + 1 + (at[1] == '=') : NULL);
		if (n < 0 || glued || takes_value(row))
			return n;
	}
	return 0;
}

static int take_word(struct reading *r, const char *word)
{
	bool two = word[1] == '-';
	const char *name = word + 1 + two;
	size_t len = strcspn(name, "=");
	const struct arg *row = len > 1 || two ? find_name(r->set, name, len) : NULL;

	if (row)
		return take(r, row, name[len] ? name + len + 1 : NULL);
	if (is_help(name, len) && (two || len > 1))
		return ARGS_HELP;
	if (!two)
		return take_letters(r, word);
	return err_say(r->err, EINVAL, "unknown flag: %.80s", word);
}

int args_parse(const struct arg_set *set, const char *const *argv, void *opts,
	       const char ***ret_words, struct arena *mem, struct err *err)
{
	struct reading r = {.set = set, .next = argv, .opts = opts, .mem = mem, .err = err};
	struct words words = {0};
	bool options_end = false;

	while (*r.next) {
		const char *word = *r.next++;
		if (options_end || *word != '-' || !word[1]) {
			words_add(&words, word, mem);
			options_end |= set->stops;
		} else if (str_eq(word, "--")) {
			options_end = true;
		} else {
			int n = take_word(&r, word);
			if (n < 0)
				return n;
		}
	}
	words_add(&words, NULL, mem);
	*ret_words = words.v;
	return (int)words.n - 1;
}

void args_help(const struct arg_set *set, struct str *out)
{
	enum { COLUMN = 30 };

	for (const struct arg *row = set->rows; row->name; row++) {
		size_t start = out->len;
		if (!row->help || row->kind == ARG_REFUSED)
			continue;
		if (row->letter)
			str_addf(out, "  -%c, --%s", row->letter, row->name);
		else
			str_addf(out, "      --%s", row->name);
		if (row->value)
			str_addf(out, " %s", row->value);
		do
			str_add_char(out, ' ');
		while (out->len - start < COLUMN);
		str_addf(out, " %s\n", row->help);
	}
}
