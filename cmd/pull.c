/* SPDX-License-Identifier: Apache-2.0 */
/* pull, and unpack, which ctr calls when an image is there but its layers are not. */
#include <errno.h>

#include "cmd/out.h"
#include "cmd/progress.h"
#include "cmd/remote.h"
#include "image/policy.h"

/* clang-format off */
struct pull_opts { struct remote_opts remote; const char *platform, *progress, *policy; bool all_tags; };
static const struct arg pull_args[] = {
	REMOTE_ARGS,
	{"platform", 0, ARG_TEXT, offsetof(struct pull_opts, platform), "OS/ARCH[/VARIANT]", "for another machine (this one's)"},
	{"progress", 0, ARG_TEXT, offsetof(struct pull_opts, progress), "KIND", "auto, bars, json or none (auto: bars on a terminal)"},
	{"signature-policy", 0, ARG_TEXT, offsetof(struct pull_opts, policy), "FILE", "what may be fetched (policy.json of containers)"},
	{"all-tags", 'a', ARG_REFUSED, 0, NULL, "name the tags"},
	ARGS_END};
/* clang-format on */

struct pull {
	const struct pull_opts *o;
	struct store store;
	struct regconf conf;
	struct policy policy;
	struct registry_opts remote;
	struct platform platform;
	struct progress progress;
	struct arena *mem;
};

static int pull_from(struct pull *p, const struct ref *ref, const struct regconf_place *place,
		     const char **ret_id, struct err *err)
{
	struct registry *registry = NULL;
	struct oci_descriptor top;

	int r = registry_open(ref, place, &p->remote, &registry, err);
	if (r < 0)
		return r;
	r = registry_resolve(registry, ref->digest ? ref->digest : ref->tag, p->mem, &top, err);
	if (r == 0) {
		const struct fetch f = {
			.store = &p->store,
			.source = registry_source(registry),
			.platform = &p->platform,
			.name = ref_text(ref, p->mem),
			.show = progress_show,
			.show_ctx = &p->progress,
		};
		r = fetch_image(&f, &top, p->mem, ret_id, err);
	}
	registry_free(registry);
	return r;
}

/* Mirrors in turn; what counts is what the last one says. */
static int pull_name(struct pull *p, const char *name, const char **ret_id, struct err *err)
{
	struct regconf_place *places = NULL;
	struct ref ref = {0};
	size_t n = 0;
	int r = ref_read(name, p->mem, &ref, err);

	if (r < 0)
		return r;
	const struct policy_subject subject = policy_of_ref(&ref, p->mem);
	if ((r = policy_check(&p->policy, &subject, err)) < 0 ||
	    (r = regconf_places(&p->conf, &ref, p->mem, &places, &n, err)) < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		*err = (struct err){0};
		r = pull_from(p, &ref, &places[i], ret_id, err);
		if (r == 0)
			return 0;
	}
	return r;
}

static int pull_one(struct pull *p, const char *text, struct err *err)
{
	struct words names = {0};
	struct ref ref = {0};
	const char *id = NULL;
	int r = ref_parse(str_starts(text, "docker://") ? text + 9 : text, p->mem, &ref, err);

	if (r < 0) {
		if (str_starts(text, "oci:") || strstr(text, "-archive:"))
			err_hint(err, "ctr load -i takes layouts and archives");
		return r;
	}
	if ((r = regconf_names(&p->conf, &ref, p->mem, &names, err)) < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		*err = (struct err){0};
		r = pull_name(p, names.v[i], &id, err);
		if (r == 0)
			break;
	}
	if (r < 0)
		return r;
	return out_line(id, err);
}

static int do_pull(struct call *call, struct err *err)
{
	const struct pull_opts *o = call->opts;
	struct pull p = {.o = o, .store = STORE_NONE, .mem = call->mem, .platform = platform_own()};

	int r = remote_read(&o->remote, call->mem, &p.remote, err);
	if (r < 0 || (r = progress_read(o->progress, o->remote.quiet, &p.progress, err)) < 0 ||
	    (o->platform && (r = platform_parse(o->platform, call->mem, &p.platform, err)) < 0) ||
	    (r = regconf_load(call->mem, &p.conf, err)) < 0 ||
	    (r = policy_load(o->policy, call->mem, &p.policy, err)) < 0 ||
	    (r = store_open(call->g->store, true, &p.store, err)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < call->n_words; i++)
		r = pull_one(&p, call->words[i], err);
	store_clear(&p.store);
	return r;
}

const struct command cmd_pull = {
	FAR_PULL,
	.examples =
		"ctr pull nginx\nctr pull --platform linux/arm64 quay.io/prometheus/prometheus:v2.50.0\n"
		"ctr pull --progress json localhost:5000/web@sha256:...\n",
	.args = {pull_args, false},
	.opts_size = sizeof(struct pull_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_pull,
};

static int do_unpack(struct call *call, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	struct stored image = {0};

	int r = store_open(call->g->store, false, &s, err);
	if (r < 0 || (r = store_find(&s, call->words[0], call->mem, &image, err)) < 0)
		return r;
	return fetch_unpack(&s, &image, err);
}

const struct command cmd_unpack = {
	.name = "unpack",
	.usage = "IMAGE",
	.about = "unpack the layers of an image that are not",
	.examples = "ctr unpack nginx\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_unpack,
};
