/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cmd/help.h"
#include "cmd/out.h"
#include "cmd/template.h"
#include "cmd/verbs.h"

static const char *verb_word(const struct command *verb)
{
	return strrchr(verb->name, ' ') + 1;
}

/* "expected create, ls or rm, got ..." */
static int no_such_verb(const char *word, const struct command *verbs, size_t n, struct err *err)
{
	const char *names[16];
	auto_(str) struct str text = {0};
	size_t k = 0;

	for (size_t i = 0; i < n && k < sizeof(names) / sizeof(*names); i++)
		if (!(verbs[i].flags & CMD_HIDDEN))
			names[k++] = verb_word(&verbs[i]);
	for (size_t i = 0; i < k; i++)
		str_addf(&text, "%s%s", i == 0 ? "" : i + 1 < k ? ", " : " or ", names[i]);
	return err_say(err, EINVAL, "expected %s, got \"%.40s\"", text.p, word);
}

int verbs_run(struct call *call, const struct command *verbs, size_t n, struct err *err)
{
	const struct command *verb = NULL;
	struct call inner = *call;

	for (size_t i = 0; !verb && i < n; i++)
		if (str_eq(verb_word(&verbs[i]), call->words[0]))
			verb = &verbs[i];
	if (!verb)
		return no_such_verb(call->words[0], verbs, n, err);
	inner.words = call->words + 1;
	inner.n_words = call->n_words - 1;
	if (verb->args.rows) {
		void *opts = arena_zalloc(call->mem, 1, verb->opts_size + 1);
		int found = args_parse(&verb->args, call->words + 1, opts, &inner.words, call->mem,
				       err);
		if (found == ARGS_HELP)
			return help_command(call->g, verb, err);
		if (found < 0)
			return err_wrap(err, "%s", verb_word(verb));
		inner.opts = opts;
		inner.n_words = (size_t)found;
	}
	if (inner.n_words < verb->min_words || inner.n_words > verb->max_words)
		return err_say(err, EINVAL, "%s: expected %s", verb_word(verb),
			       *verb->usage ? verb->usage : "nothing more");
	int r = verb->run(&inner, err);
	return r < 0 ? err_wrap(err, "%s", verb_word(verb)) : r;
}

int verbs_inspect(struct call *call, const char *format, int dir, describe_fn *describe,
		  struct err *err)
{
	auto_(str) struct str text = {0};

	str_add(&text, format ? "" : "[\n");
	for (size_t i = 0; i < call->n_words; i++) {
		auto_(str) struct str json = {0};
		int r = describe(call, dir, call->words[i], !format, &json, err);
		if (r == 0 && format)
			r = template_fill(format, json.p, &text, err);
		else if (r == 0)
			str_addf(&text, "%s%s", i > 0 ? ",\n" : "", json.p);
		if (r < 0)
			return r;
		str_add(&text, format ? "\n" : "");
	}
	str_add(&text, format ? "" : "\n]\n");
	return out_text(&text, err);
}
