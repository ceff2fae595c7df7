/* SPDX-License-Identifier: Apache-2.0 */
/* images: what is in the store. */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "image/digest.h"
#include "image/ref.h"
#include "image/store.h"
#include "runtime/base/json.h"

/* clang-format off */
struct images_opts { const char *format; bool quiet, no_trunc, digests; };
static const struct arg images_args[] = {
	{"format", 'f', ARG_TEXT, offsetof(struct images_opts, format), "FORMAT", "table or json (table)"},
	{"quiet", 'q', ARG_FLAG, offsetof(struct images_opts, quiet), NULL, "ids only"},
	{"no-trunc", 0, ARG_FLAG, offsetof(struct images_opts, no_trunc), NULL, "ids in full"},
	{"digests", 0, ARG_FLAG, offsetof(struct images_opts, digests), NULL, "the manifests' digests too"},
	ARGS_END};
/* clang-format on */

enum { ID_DIGITS = 12 };

static uint64_t stored_size(const struct stored *image)
{
	uint64_t size = image->manifest->config->size;

	for (size_t i = 0; i < image->n_layers; i++)
		size += image->manifest->layers[i].size;
	return size;
}

/* "1.5 MB", as images' sizes are told everywhere: in powers of 1000. */
static const char *size_text(uint64_t size, struct arena *mem)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)size;
	size_t i = 0;

	for (; v >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
		v /= 1000;
	return arena_printf(mem, i && v < 100 ? "%.1f %s" : "%.0f %s", v, units[i]);
}

/* Splits a full name: what stands behind its last colon is the tag, unless it is a port. */
static void split_name(const char *name, struct arena *mem, const char **repository,
		       const char **tag)
{
	const char *at = name ? strchr(name, '@') : NULL, *colon = name ? strrchr(name, ':') : NULL;

	*tag = "<none>";
	*repository = name ? ref_familiar(name) : "<none>";
	if (at) {
		*repository = arena_copy(mem, *repository, (size_t)(at - *repository));
	} else if (colon && !strchr(colon, '/')) {
		*tag = colon + 1;
		*repository = arena_copy(mem, *repository, (size_t)(colon - *repository));
	}
}

static void add_row(const struct images_opts *o, const struct stored *image, struct words *cells,
		    struct arena *mem)
{
	const char *repository, *tag, *hex = digest_hex(image->id);
	const char *created = image->config->created ? image->config->created : "";

	split_name(image->name, mem, &repository, &tag);
	words_add(cells, repository, mem);
	words_add(cells, tag, mem);
	if (o->digests)
		words_add(cells, image->manifest_d.digest, mem);
	words_add(cells, o->no_trunc ? image->id : arena_copy(mem, hex, ID_DIGITS), mem);
	/* "2024-05-01T12:00:59Z" to the minute. */
	words_add(cells,
		  strlen(created) >= 16 ? arena_printf(mem, "%.10s %.5s", created, created + 11)
					: "-",
		  mem);
	words_add(cells, size_text(stored_size(image), mem), mem);
}

static void add_json(const struct stored *image, struct json_out *out)
{
	json_open(out, NULL, '{');
	json_text(out, "Id", image->id);
	json_text(out, "Name", image->name);
	json_text(out, "Digest", image->manifest_d.digest);
	json_text(out, "Created", image->config->created);
	json_uint(out, "Size", stored_size(image));
	json_close(out, '}');
}

/* What is broken is told and passed over: the others are still there to be seen. */
static int each_image(const struct call *call, const struct store *s, struct stored **ret,
		      size_t *ret_n, struct err *err)
{
	struct oci *index = NULL;
	size_t n = 0;
	int r = store_index(s, call->mem, &index, err);

	if (r < 0)
		return r;
	struct stored *all = arena_zalloc(call->mem, index->n_manifests, sizeof(*all));
	for (size_t i = 0; i < index->n_manifests; i++) {
		struct err broken = {0};
		char text[600];
		if (store_image(s, &index->manifests[i], call->mem, &all[n], &broken) == 0)
			n++;
		else
			log_warning("%s: %s", index->manifests[i].digest,
				    err_text(&broken, text, sizeof(text)));
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

static void write_images(const struct images_opts *o, const struct stored *all, size_t n,
			 bool is_json, struct arena *mem, struct str *text)
{
	const size_t columns = o->digests ? 6 : 5;
	struct json_out out = {.s = text};
	struct words cells = {0};

	if (is_json)
		json_open(&out, NULL, '[');
	static const char *const header[] = {"REPOSITORY", "TAG",     "DIGEST",
					     "IMAGE ID",   "CREATED", "SIZE"};
	for (size_t i = 0; i < sizeof(header) / sizeof(*header); i++)
		if (o->digests || i != 2)
			words_add(&cells, header[i], mem);
	for (size_t i = 0; i < n; i++) {
		if (is_json)
			add_json(&all[i], &out);
		else if (o->quiet)
			str_addf(text, "%.*s\n", o->no_trunc ? (int)strlen(all[i].id) : ID_DIGITS,
				 o->no_trunc ? all[i].id : digest_hex(all[i].id));
		else
			add_row(o, &all[i], &cells, mem);
	}
	if (is_json) {
		json_close(&out, ']');
		str_add_char(text, '\n');
	} else if (!o->quiet) {
		out_table(text, cells.v, cells.n / columns, columns);
	}
}

static int do_images(struct call *call, struct err *err)
{
	const struct images_opts *o = call->opts;
	auto_(store) struct store s = STORE_NONE;
	auto_(str) struct str text = {0};
	struct stored *all = NULL;
	size_t n = 0;
	bool is_json = o->format && str_eq(o->format, "json");

	if (o->format && !is_json && !str_eq(o->format, "table"))
		return err_say(err, EINVAL, "--format: expected table or json, got \"%.40s\"",
			       o->format);
	int r = store_open(call->g->store, false, &s, err);
	if (r == 0)
		r = each_image(call, &s, &all, &n, err);
	if (r < 0 && r != -ENOENT)
		return r;
	write_images(o, all, n, is_json, call->mem, &text);
	return out_text(&text, err);
}

const struct command cmd_images = {
	.name = "images",
	.usage = "[flags]",
	.about = "list the images",
	.examples = "ctr images\nctr images --format json\n",
	.args = {images_args, false},
	.opts_size = sizeof(struct images_opts),
	.flags = CMD_ENGINE,
	.run = do_images,
};
