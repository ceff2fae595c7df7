/* SPDX-License-Identifier: Apache-2.0 */
/* push: an image of the store to a registry. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/remote.h"
#include "image/digest.h"

/* clang-format off */
struct push_opts { struct remote_opts remote; };
static const struct arg push_args[] = {
	REMOTE_ARGS,
	{"all-tags", 'a', ARG_REFUSED, 0, NULL, "name the tags"},
	{"sign-by", 0, ARG_REFUSED, 0, "KEY", "this version of ctr does not sign"},
	{"format", 'f', ARG_REFUSED, 0, "TYPE", "an image is sent as it is, digest for digest"},
	ARGS_END};
/* clang-format on */

static int push_blob(const struct store *s, struct registry *registry,
		     const struct oci_descriptor *d, bool quiet, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str line = {0};
	auto_fd int fd =
		openat(s->fd, store_blob_path(d->digest, &mem), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "open the store's %s", d->digest);
	int r = registry_push_blob(registry, d, fd, err);
	if (r < 0 || quiet)
		return r;
	str_addf(&line, "%.12s  %s\n", digest_hex(d->digest), r ? "sent" : "is there");
	return out_text(&line, err);
}

static int push_image(const struct store *s, const struct stored *image, struct registry *registry,
		      const char *tag, bool quiet, struct err *err)
{
	const struct oci *m = image->manifest;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < m->n_layers; i++)
		r = push_blob(s, registry, &m->layers[i], quiet, err);
	if (r < 0 || (r = push_blob(s, registry, m->config, quiet, err)) < 0)
		return r;
	const struct oci_descriptor *d = &image->manifest_d;
	r = registry_push_manifest(registry, tag ? tag : d->digest, d->media_type,
				   image->manifest_text, d->size, err);
	return r < 0 ? r : out_line(d->digest, err);
}

static int do_push(struct call *call, struct err *err)
{
	const struct push_opts *o = call->opts;
	auto_(store) struct store s = STORE_NONE;
	struct registry *registry = NULL;
	struct registry_opts remote;
	struct regconf conf;
	struct regconf_place *places;
	struct stored image = {0};
	struct ref ref = {0};
	size_t n;

	int r = remote_read(&o->remote, call->mem, &remote, err);
	if (r < 0 || (r = store_open(call->g->store, false, &s, err)) < 0 ||
	    (r = store_find(&s, call->words[0], call->mem, &image, err)) < 0)
		return r;
	const char *to = call->n_words > 1 ? call->words[1] : image.name;
	if (!to)
		return err_say(err, EINVAL, "the image has no name: say where it is to go");
	if (str_starts(to, "docker://"))
		to += strlen("docker://");
	if ((r = ref_read(to, call->mem, &ref, err)) < 0 ||
	    (r = regconf_load(call->mem, &conf, err)) < 0 ||
	    (r = regconf_places(&conf, &ref, call->mem, &places, &n, err)) < 0)
		return r;
	remote.may_push = true;
	/* Mirrors are for reading; the last place is the registry itself. */
	if ((r = registry_open(&ref, &places[n - 1], &remote, &registry, err)) < 0)
		return r;
	r = push_image(&s, &image, registry, ref.tag, o->remote.quiet, err);
	registry_free(registry);
	return r;
}

const struct command cmd_push = {
	FAR_PUSH,
	.examples =
		"ctr push registry.example.com/web:1\nctr push nginx localhost:5000/nginx:mine\n",
	.args = {push_args, false},
	.opts_size = sizeof(struct push_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 2,
	.run = do_push,
};
