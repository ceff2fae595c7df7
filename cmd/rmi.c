/* SPDX-License-Identifier: Apache-2.0 */
/* rmi, prune, tag: names of images, and what goes when the last one goes. */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "cmd/prune.h"
#include "image/ref.h"

enum { PATIENCE_MS = 3000 };

/* clang-format off */
struct rmi_opts { bool force; };
static const struct arg rmi_args[] = {
	{"force", 'f', ARG_FLAG, offsetof(struct rmi_opts, force), NULL, "all names of an image; what is not there is no error"},
	ARGS_END};

struct prune_opts { bool all, force; };
static const struct arg prune_args[] = {
	{"all", 'a', ARG_FLAG, offsetof(struct prune_opts, all), NULL, "also images with a name that no container uses"},
	{"force", 'f', ARG_FLAG, offsetof(struct prune_opts, force), NULL, "never asks anyway"},
	ARGS_END};
/* clang-format on */

/* While an image is being fetched nothing can be told from garbage; the next one collects it. */
static int collect(struct store *s, struct gc *ret, struct err *err)
{
	*ret = (struct gc){0};
	int r = store_lock_alone(s, PATIENCE_MS, err);
	if (r == -EBUSY) {
		log_warning("an image is being fetched: ctr prune frees the space later");
		return 0;
	}
	return r < 0 ? r : gc_run(s, ret, err);
}

/* How many names lead to it. */
static size_t count_names(const struct oci *index, const char *manifest)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n_manifests; i++)
		n += str_eq(index->manifests[i].digest, manifest);
	return n;
}

static int remove_one(struct call *call, struct store *s, const char *text, struct str *out,
		      struct err *err)
{
	const struct rmi_opts *o = call->opts;
	struct stored image = {0};
	struct oci *index = NULL;

	int r = store_find(s, text, call->mem, &image, err);
	if (r < 0 || (r = store_index(s, call->mem, &index, err)) < 0)
		return r;
	const char *manifest = image.entry->digest;
	size_t n = count_names(index, manifest);
	bool by_id = str_starts(image.id + strlen("sha256:"), text) || str_eq(image.id, text) ||
		     !image.name;
	if (by_id && n > 1 && !o->force)
		return err_say(err, EBUSY, "%zu names lead to the image %.80s: use --force", n,
			       text);
	if ((n == 1 || by_id) && gc_is_used(s, image.manifest_d.digest) && !o->force)
		return err_say(err, EBUSY, "a container uses the image %.80s", text);
	if ((r = gc_untag(s, by_id ? NULL : image.name, by_id ? manifest : NULL, err)) < 0)
		return r;
	if (!by_id)
		str_addf(out, "Untagged: %s\n", ref_familiar(image.name));
	if (n == 1 || by_id)
		str_addf(out, "Deleted: %s\n", image.id);
	return 0;
}

static int do_rmi(struct call *call, struct err *err)
{
	const struct rmi_opts *o = call->opts;
	auto_(store) struct store s = STORE_NONE;
	auto_(str) struct str out = {0};
	struct gc g;

	int r = store_open(call->g->store, false, &s, err);
	for (size_t i = 0; r == 0 && i < call->n_words; i++) {
		r = remove_one(call, &s, call->words[i], &out, err);
		if (r == -ENOENT && o->force)
			r = 0;
	}
	if (r == 0)
		r = collect(&s, &g, err);
	return r < 0 ? r : out_text(&out, err);
}

const struct command cmd_rmi = {
	.name = "rmi",
	.usage = "[flags] IMAGE...",
	.about = "remove images",
	.examples = "ctr rmi nginx:1.25\nctr rmi -f 617063f49f95\n",
	.args = {rmi_args, false},
	.opts_size = sizeof(struct rmi_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_rmi,
};

/* ---- prune ------------------------------------------------------------------------------------*/

static int drop_unused(struct call *call, struct store *s, struct err *err)
{
	struct oci *index = NULL;
	int r = store_index(s, call->mem, &index, err);

	for (size_t i = 0; r >= 0 && i < index->n_manifests; i++)
		if (!gc_is_used(s, index->manifests[i].digest))
			r = gc_untag(s, NULL, index->manifests[i].digest, err);
	return r;
}

int images_prune(struct call *call, bool all, struct gc *ret, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	int r = store_open(call->g->store, false, &s, err);

	*ret = (struct gc){0};
	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	if (r < 0 || (r = gc_untag(&s, NULL, NULL, err)) < 0 ||
	    (all && (r = drop_unused(call, &s, err)) < 0))
		return r;
	return collect(&s, ret, err);
}

void images_tell(const struct gc *g, struct str *ret)
{
	str_addf(ret, "%zu blobs of %.1f MB, %zu layers, %zu writable layers of no container\n",
		 g->n_blobs, (double)g->bytes / 1e6, g->n_layers, g->n_left);
}

static int do_prune(struct call *call, struct err *err)
{
	const struct prune_opts *o = call->opts;
	auto_(str) struct str out = {0};
	struct gc g;
	int r = images_prune(call, o->all, &g, err);

	if (r < 0)
		return r;
	images_tell(&g, &out);
	return out_text(&out, err);
}

const struct command cmd_prune = {
	.name = "prune",
	.usage = "[flags]",
	.about = "remove what no image and no container needs",
	.examples = "ctr prune\nctr prune --all\n",
	.args = {prune_args, false},
	.opts_size = sizeof(struct prune_opts),
	.flags = CMD_ENGINE,
	.run = do_prune,
};

/* ---- tag --------------------------------------------------------------------------------------*/

static int do_tag(struct call *call, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	struct stored image = {0};
	struct ref ref = {0};

	int r = store_open(call->g->store, false, &s, err);
	if (r < 0 || (r = store_find(&s, call->words[0], call->mem, &image, err)) < 0 ||
	    (r = ref_parse(call->words[1], call->mem, &ref, err)) < 0)
		return r;
	if (ref.digest)
		return err_say(err, EINVAL, "a tag can't be a digest");
	ref = ref_full(&ref, call->mem);
	return store_name(&s, ref_text(&ref, call->mem), image.entry,
			  store_note(image.entry, STORE_SOURCE), err);
}

const struct command cmd_tag = {
	.name = "tag",
	.usage = "IMAGE NAME",
	.about = "give an image another name",
	.examples = "ctr tag nginx registry.example.com/web:1\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.min_words = 2,
	.max_words = 2,
	.run = do_tag,
};
