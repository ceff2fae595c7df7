/* SPDX-License-Identifier: Apache-2.0 */
/* commit, import: images of a container, and of a tar. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/far.h"
#include "cmd/out.h"
#include "image/commit.h"
#include "image/diff.h"
#include "image/pack.h"
#include "image/policy.h"
#include "image/ref.h"
#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/lifecycle.h"

/* clang-format off */
struct commit_opts { const char *author, *message, *pause, *policy; struct words changes; };
#define OPT(member) offsetof(struct commit_opts, member)
static const struct arg commit_args[] = {
	{"author", 'a', ARG_TEXT, OPT(author), "TEXT", "who made it"},
	{"change", 'c', ARG_LIST, OPT(changes), "INSTRUCTION", "of a Dockerfile, such as 'CMD [\"run\"]' or 'ENV A=B'"},
	{"message", 'm', ARG_TEXT, OPT(message), "TEXT", "why; ctr history shows it"},
	{"pause", 'p', ARG_TEXT, OPT(pause), "true|false", "let nothing run in it meanwhile (true)"},
	ARGS_END};
static const struct arg import_args[] = {
	{"change", 'c', ARG_LIST, OPT(changes), "INSTRUCTION", "of a Dockerfile, such as 'CMD [\"run\"]' or 'ENV A=B'"},
	{"message", 'm', ARG_TEXT, OPT(message), "TEXT", "why; ctr history shows it"},
	{"signature-policy", 0, ARG_TEXT, OPT(policy), "FILE", "what may be imported (policy.json of containers)"},
	ARGS_END};
#undef OPT
/* clang-format on */

/* Where the image is made. */
struct making {
	struct store store;
	struct stage stage;
	struct commit commit;
	char now[CLOCK_TEXT_MAX];
};

static void making_clear(struct making *m)
{
	stage_clear(&m->stage);
	store_clear(&m->store);
}

/* reproducible-builds.org/specs/source-date-epoch */
static int read_time(char buf[CLOCK_TEXT_MAX], struct err *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	if (!epoch || !*epoch) {
		clock_now(buf, false);
		return 0;
	}
	if (num_max(epoch, 10, 253402300799, &seconds) < 0)
		return err_say(err, EINVAL, "SOURCE_DATE_EPOCH: \"%.40s\" is no time", epoch);
	clock_text(buf, (int64_t)seconds, CLOCK_WHOLE);
	return 0;
}

static int begin(struct call *call, const char *name, struct making *m, struct err *err)
{
	const struct commit_opts *o = call->opts;
	struct ref ref = {0};
	int r;

	if (name && (r = ref_parse(name, call->mem, &ref, err)) < 0)
		return r;
	if (ref.digest)
		return err_say(err, EINVAL, "a new image can't have a digest as its name");
	if ((r = read_time(m->now, err)) < 0 ||
	    (r = store_open(call->g->store, true, &m->store, err)) < 0 ||
	    (r = stage_open(&m->store, &m->stage, err)) < 0)
		return r;
	/* A bare name is this machine's own, as that of a loaded image. */
	if (name)
		ref = ref.host ? ref_full(&ref, call->mem) : ref_at(&ref, "localhost", call->mem);
	m->commit = (struct commit){
		.store = &m->store,
		.stage = &m->stage,
		.name = name ? ref_text(&ref, call->mem) : NULL,
		.created = m->now,
		.author = o->author,
		.message = o->message,
		.changes = &o->changes,
	};
	return 0;
}

static int finish(struct call *call, struct making *m, const struct layer_made *layer,
		  struct err *err)
{
	const char *id = "";
	int r = commit_image(&m->commit, layer, call->mem, &id, err);

	if (r < 0)
		return r;
	return out_line(id, err);
}

#define MAKING_NONE                                                                                \
	{                                                                                          \
		.store = STORE_NONE, .stage = STAGE_NONE                                           \
	}

/* ---- commit -----------------------------------------------------------------------------------*/

static int pack_upper(const struct container_root *root, struct making *m, struct arena *mem,
		      struct layer_made *ret, struct err *err)
{
	auto_(layer) struct layer layer = {.file = -1};
	struct rootfs_overlay overlay;
	auto_fd int upper = diff_open(root, &overlay, err);

	if (upper < 0)
		return upper;
	int r = layer_begin(&m->stage, &layer, err);
	const struct pack pack = {
		.to = &layer.tar,
		.skips = diff_is_place,
		.arg = root->config,
		.owner = root->of_layer,
		.is_layer = true,
	};
	if (r < 0 || (r = pack_tree(upper, ".", &pack, err)) < 0 ||
	    (r = tarball_end(&layer.tar, err)) < 0)
		return r;
	return layer_finish(&layer, mem, ret, err);
}

/* Stands still while it is read, unless it did before. */
static int pack_paused(struct call *call, const struct container_root *root, struct making *m,
		       struct layer_made *ret, struct err *err)
{
	const struct commit_opts *o = call->opts;
	bool pauses = !o->pause || str_eq(o->pause, "true");
	struct err resume = {0};
	char text[600];

	if (!pauses && !str_eq(o->pause, "false"))
		return err_say(err, EINVAL, "--pause: expected true or false, got \"%.40s\"",
			       o->pause);
	pauses = pauses && container_status(&root->container) == STATUS_RUNNING;
	if (pauses && ctr_pause(call->g->root, call->id, err) < 0)
		return err_wrap(err, "pause it, which --pause=false goes without");
	int r = pack_upper(root, m, call->mem, ret, err);
	if (pauses && ctr_resume(call->g->root, call->id, &resume) < 0)
		log_warning("%s stays paused: %s", call->id, err_text(&resume, text, sizeof(text)));
	return r;
}

static int do_commit(struct call *call, struct err *err)
{
	auto_(container_root) struct container_root root = CONTAINER_ROOT_NONE;
	auto_(making) struct making m = MAKING_NONE;
	struct layer_made layer = {0};
	struct rootfs_overlay overlay;
	struct stored base = {0};

	int r = container_root_open(call->g->root, call->id, &root, err);
	if (r < 0)
		return r;
	auto_fd int upper = diff_open(&root, &overlay, err);
	if (upper < 0)
		return upper;
	if ((r = begin(call, call->n_words > 1 ? call->words[1] : NULL, &m, err)) < 0 ||
	    (r = commit_find_base(&m.store, call->g->root, call->id, call->mem, &base, err)) < 0 ||
	    (r = pack_paused(call, &root, &m, &layer, err)) < 0)
		return r;
	m.commit.base = &base;
	m.commit.created_by = "ctr commit";
	return finish(call, &m, &layer, err);
}

const struct command cmd_commit = {
	FAR_COMMIT,
	.examples = "ctr commit web web:patched\n"
		    "ctr commit -m 'with curl' -c 'CMD [\"curl\", \"--help\"]' build curl:1\n",
	.args = {commit_args, false},
	.opts_size = sizeof(struct commit_opts),
	.flags = CMD_ENGINE | CMD_ON_ID,
	.min_words = 1,
	.max_words = 2,
	.run = do_commit,
};

/* ---- import -----------------------------------------------------------------------------------*/

static int open_input(const char *path, struct err *err)
{
	bool is_stream = str_eq(path, "-");

	if (strstr(path, "://")) {
		err_say(err, EINVAL, "import does not fetch");
		err_hint(err, "curl URL | ctr import -");
		return -EINVAL;
	}
	int fd = is_stream ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			   : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set(err, errno, "open %s", is_stream ? "standard input" : path);
	if (isatty(fd)) {
		close(fd);
		return err_say(err, EINVAL, "standard input is a terminal");
	}
	return fd;
}

static int do_import(struct call *call, struct err *err)
{
	auto_(making) struct making m = MAKING_NONE;
	struct layer_made layer = {0};
	const struct commit_opts *o = call->opts;
	struct policy policy;
	auto_fd int from = open_input(call->words[0], err);

	if (from < 0)
		return from;
	const struct policy_subject subject =
		policy_of_archive("tarball", policy_path(from, call->mem));
	int r = policy_load(o->policy, call->mem, &policy, err);
	if (r < 0 || (r = policy_check(&policy, &subject, err)) < 0)
		return r;
	r = begin(call, call->n_words > 1 ? call->words[1] : NULL, &m, err);
	if (r < 0)
		return r;
	if (commit_read_layer(&m.stage, from, call->mem, &layer, err) < 0)
		return err_wrap(err, "%s", call->words[0]);
	m.commit.created_by = "ctr import";
	return finish(call, &m, &layer, err);
}

const struct command cmd_import = {
	FAR_IMPORT,
	.examples = "ctr import rootfs.tar.gz debian:mine\n"
		    "mmdebstrap bookworm - | ctr import -c 'CMD [\"bash\"]' - debian:bookworm\n",
	.args = {import_args, false},
	.opts_size = sizeof(struct commit_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 2,
	.run = do_import,
};
