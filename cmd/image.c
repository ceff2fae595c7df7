/* SPDX-License-Identifier: Apache-2.0 */
/* history and image inspect: what an image is. */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "image/digest.h"
#include "image/ref.h"
#include "image/store.h"
#include "runtime/base/json.h"
#include "runtime/config/encode.h"

/* clang-format off */
struct history_opts { const char *format; bool no_trunc; };
static const struct arg history_args[] = {
	{"format", 'f', ARG_TEXT, offsetof(struct history_opts, format), "FORMAT", "table or json (table)"},
	{"no-trunc", 0, ARG_FLAG, offsetof(struct history_opts, no_trunc), NULL, "commands in full"},
	ARGS_END};
/* clang-format on */

static int find(const struct call *call, const char *text, struct store *s, struct stored *ret,
		struct err *err)
{
	int r = store_open(call->g->store, false, s, err);

	return r < 0 ? r : store_find(s, text, call->mem, ret, err);
}

/* ---- history ----------------------------------------------------------------------------------*/

/* What others wrote, for a terminal: one line, nothing that it would obey. */
static const char *printable(const char *text, size_t max, struct arena *mem)
{
	char *copy = arena_str(mem, text ? text : "");

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	if (max && strlen(copy) > max)
		memcpy(copy + max - 3, "...", 4);
	return copy;
}

static const char *minute(const char *created, struct arena *mem)
{
	return created && strlen(created) >= 16
		       ? printable(arena_printf(mem, "%.10s %.5s", created, created + 11), 0, mem)
		       : "-";
}

static int do_history(struct call *call, struct err *err)
{
	enum { COLUMNS = 4, COMMAND_MAX = 60 };
	const struct history_opts *o = call->opts;
	auto_(store) struct store s = STORE_NONE;
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct words cells = {0};
	struct stored image = {0};
	bool is_json;

	int r = out_read_format(o->format, &is_json, err);
	if (r < 0 || (r = find(call, call->words[0], &s, &image, err)) < 0)
		return r;
	static const char *const header[COLUMNS] = {"CREATED", "SIZE", "CREATED BY", "COMMENT"};
	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], call->mem);
	if (is_json)
		json_open(&out, NULL, '[');
	size_t layer = image.n_layers;
	for (size_t i = image.config->n_history; i-- > 0;) {
		const struct oci_step *step = &image.config->history[i];
		bool has_layer = !step->empty_layer && layer > 0;
		uint64_t size = has_layer ? image.manifest->layers[--layer].size : 0;
		if (is_json) {
			encode_object(&oci_step_table, step, &out, NULL);
			continue;
		}
		words_add(&cells, minute(step->created, call->mem), call->mem);
		words_add(&cells, arena_printf(call->mem, "%.1f MB", (double)size / 1e6),
			  call->mem);
		words_add(&cells,
			  printable(step->created_by, o->no_trunc ? 0 : COMMAND_MAX, call->mem),
			  call->mem);
		words_add(&cells, printable(step->comment, 0, call->mem), call->mem);
	}
	if (is_json) {
		json_close(&out, ']');
		str_add_char(&text, '\n');
	} else {
		out_table(&text, cells.v, cells.n / COLUMNS, COLUMNS);
	}
	return out_text(&text, err);
}

const struct command cmd_history = {
	.name = "history",
	.usage = "[flags] IMAGE",
	.about = "show how an image was made",
	.examples = "ctr history nginx\nctr history --no-trunc --format json nginx\n",
	.args = {history_args, false},
	.opts_size = sizeof(struct history_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_history,
};

/* ---- image inspect ----------------------------------------------------------------------------*/

static void put_inspect(const struct store *s, const struct stored *image, struct json_out *out)
{
	uint64_t size = 0;

	json_open(out, NULL, '{');
	json_text(out, "Id", image->id);
	json_text(out, "Name", image->name);
	json_text(out, "Digest", image->manifest_d.digest);
	json_text(out, "Source", store_note(image->entry, STORE_SOURCE));
	json_text(out, "MediaType", image->manifest_d.media_type);
	json_text(out, "Created", image->config->created);
	json_text(out, "Architecture", image->config->architecture);
	json_text(out, "Os", image->config->os);
	json_text(out, "Variant", image->config->variant);
	if (image->config->config)
		encode_object(&oci_process_table, image->config->config, out, "Config");
	json_open(out, "Layers", '[');
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct oci_descriptor *d = &image->manifest->layers[i];
		json_open(out, NULL, '{');
		json_text(out, "Digest", d->digest);
		json_text(out, "DiffId", image->config->rootfs->diff_ids[i]);
		json_text(out, "MediaType", d->media_type);
		json_uint(out, "Size", d->size);
		json_bool(out, "Unpacked", store_layer(s, image->chains[i]) != LAYER_MISSING);
		json_close(out, '}');
		size += d->size;
	}
	json_close(out, ']');
	json_uint(out, "Size", size);
	json_close(out, '}');
}

static int do_image(struct call *call, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text, .indent = "    "};
	struct stored image = {0};

	if (!str_eq(call->words[0], "inspect"))
		return err_say(err, EINVAL,
			       "expected inspect, or another verb of images; got \"%.40s\"",
			       call->words[0]);
	int r = store_open(call->g->store, false, &s, err);
	json_open(&out, NULL, '[');
	for (size_t i = 1; r == 0 && i < call->n_words; i++) {
		r = store_find(&s, call->words[i], call->mem, &image, err);
		if (r == 0)
			put_inspect(&s, &image, &out);
	}
	if (r < 0)
		return r;
	json_close(&out, ']');
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

const struct command cmd_image = {
	.name = "image",
	.usage = "inspect IMAGE... | VERB ...",
	.about = "show all that is known of an image, as JSON",
	.examples = "ctr image inspect nginx | jq '.[].Config.Env'\n"
		    "ctr image ls             # the same as ctr images\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.min_words = 2,
	.max_words = ANY_WORDS,
	.run = do_image,
};
