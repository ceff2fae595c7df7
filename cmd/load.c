/* SPDX-License-Identifier: Apache-2.0 */
/* load: images from an archive (docker's or OCI's, packed or not) or from an OCI layout. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/far.h"
#include "cmd/out.h"
#include "image/digest.h"
#include "image/layout.h"
#include "image/policy.h"
#include "image/ref.h"
#include "image/unpacker.h"

/* clang-format off */
struct load_opts { const char *input, *policy; bool quiet; };
static const struct arg load_args[] = {
	{"input", 'i', ARG_TEXT, offsetof(struct load_opts, input), "PATH", "a tar, or an OCI layout's directory (standard input)"},
	{"quiet", 'q', ARG_FLAG, offsetof(struct load_opts, quiet), NULL, "only the ids"},
	{"signature-policy", 0, ARG_TEXT, offsetof(struct load_opts, policy), "FILE", "what may be loaded (policy.json of containers)"},
	ARGS_END};
/* clang-format on */

/* What is loaded, and whether it may be. */
struct load {
	struct call *call;
	struct store store;
	struct layout layout;
	struct policy policy;
	const char *path; /* NULL: a stream */
	bool is_archive;
};

static int print_loaded(const struct load_opts *o, const char *name, const char *id,
			struct err *err)
{
	auto_(str) struct str line = {0};

	if (o->quiet || !name)
		str_addf(&line, "%s%s\n", o->quiet ? "" : "Loaded image ID: ", id);
	else
		str_addf(&line, "Loaded image: %s\n", ref_familiar(name));
	return out_text(&line, err);
}

/* What an index calls an image: containerd's and docker's annotation has it in full, others' name
 * without a host is of nobody's but this machine. */
static const char *name_of(const struct oci_descriptor *d, struct arena *mem)
{
	const char *full = store_note(d, "io.containerd.image.name"),
		   *name = store_note(d, STORE_NAME);
	struct err ignored = {0};
	struct ref ref = {0};

	if (!(full ? full : name) || ref_parse(full ? full : name, mem, &ref, &ignored) < 0)
		return NULL;
	ref = full || ref.host ? ref_full(&ref, mem) : ref_at(&ref, "localhost", mem);
	return ref_text(&ref, mem);
}

static int load_oci(struct load *x, struct err *err)
{
	const struct layout *l = &x->layout;
	struct arena *mem = x->call->mem;

	for (size_t i = 0; i < l->index->n_manifests; i++) {
		const struct oci_descriptor *d = &l->index->manifests[i];
		const struct policy_subject subject =
			policy_of_file(x->is_archive ? "oci-archive" : "oci", x->path,
				       store_note(d, STORE_NAME), mem);
		const struct fetch f = {
			.store = &x->store, .source = &x->layout.source, .name = name_of(d, mem)};
		const char *id = NULL;
		if (policy_check(&x->policy, &subject, err) < 0 ||
		    fetch_image(&f, d, mem, &id, err) < 0 ||
		    print_loaded(x->call->opts, f.name, id, err) < 0)
			return -err->num;
	}
	return 0;
}

static int load_docker(struct load *x, struct err *err)
{
	const struct layout *l = &x->layout;
	struct arena *mem = x->call->mem;
	const struct policy_subject subject = policy_of_archive("docker-archive", x->path);

	if (policy_check(&x->policy, &subject, err) < 0)
		return -err->num;
	for (size_t i = 0; i < l->saved->n_images; i++) {
		const struct oci_saved *image = &l->saved->images[i];
		struct loaded loaded = {0};
		if (layout_load_saved(&x->store, l, image, mem, &loaded, err) < 0)
			return -err->num;
		for (size_t k = 0; k < image->n_repo_tags; k++) {
			struct ref ref;
			if (ref_read(image->repo_tags[k], mem, &ref, err) < 0)
				return -err->num;
			const char *name = ref_text(&ref, mem);
			if (store_name(&x->store, name, &loaded.manifest, NULL, err) < 0 ||
			    print_loaded(x->call->opts, name, loaded.id, err) < 0)
				return -err->num;
		}
		if (!image->n_repo_tags && print_loaded(x->call->opts, NULL, loaded.id, err) < 0)
			return -err->num;
	}
	return 0;
}

/* An archive is unpacked like a layer: by ctr-unpack, in its jail. */
static int unpack_archive(const struct stage *g, int from, struct err *err)
{
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;
	const struct unpacker_want want = {.sub = "archive", .from = from, .is_plain = true};
	int r = unpacker_start(g, &want, &u, err);

	if (r < 0 || unpacker_finish(&u, NULL, NULL, err) < 0)
		return err_wrap(err, "the archive");
	int fd = openat(g->fd, "archive/tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(err, errno, "open the archive") : fd;
}

static int open_input(struct load *x, const struct stage *g, struct err *err)
{
	const struct load_opts *o = x->call->opts;
	struct stat st;
	auto_fd int fd = o->input ? open(o->input, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				  : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, errno, "open %s", o->input ? o->input : "standard input");
	if (!o->input && isatty(fd))
		return err_say(err, EINVAL, "standard input is a terminal: use --input");
	x->is_archive = !S_ISDIR(st.st_mode);
	x->path = o->input ? policy_path(fd, x->call->mem) : NULL;
	return x->is_archive ? unpack_archive(g, fd, err) : steal_fd(&fd);
}

static int load_all(struct load *x, const struct stage *g, struct err *err)
{
	int root = open_input(x, g, err);

	if (root < 0)
		return root;
	int r = layout_open(root, false, &x->layout, err);
	if (r < 0)
		return r;
	r = x->layout.index ? load_oci(x, err) : load_docker(x, err);
	layout_clear(&x->layout);
	return r;
}

static int do_load(struct call *call, struct err *err)
{
	const struct load_opts *o = call->opts;
	struct load x = {.call = call, .store = STORE_NONE, .layout = LAYOUT_NONE};
	struct stage g = STAGE_NONE;

	int r = policy_load(o->policy, call->mem, &x.policy, err);
	if (r < 0 || (r = store_open(call->g->store, true, &x.store, err)) < 0)
		return r;
	r = stage_open(&x.store, &g, err);
	if (r == 0)
		r = load_all(&x, &g, err);
	stage_clear(&g);
	store_clear(&x.store);
	return r;
}

const struct command cmd_load = {
	FAR_LOAD,
	.examples =
		"ctr load -i nginx.tar\nskopeo copy docker://nginx oci-archive:/dev/stdout | ctr load\n",
	.args = {load_args, false},
	.opts_size = sizeof(struct load_opts),
	.flags = CMD_ENGINE,
	.run = do_load,
};
