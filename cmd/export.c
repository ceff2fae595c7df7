/* SPDX-License-Identifier: Apache-2.0 */
/* export, diff: what is in a container, and what of it is its own. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/far.h"
#include "cmd/out.h"
#include "image/diff.h"
#include "image/pack.h"
#include "runtime/base/json.h"

/* ---- export -----------------------------------------------------------------------------------*/

/* clang-format off */
struct export_opts { const char *output; };
static const struct arg export_args[] = {
	{"output", 'o', ARG_TEXT, offsetof(struct export_opts, output), "FILE", "standard output unless given"},
	ARGS_END};
/* clang-format on */

static int open_output(const char *path, struct err *err)
{
	if (!path && isatty(STDOUT_FILENO))
		return err_say(err, EINVAL, "standard output is a terminal: use --output");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600)
		      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_set(err, errno, "make %s", path ? path : "standard output") : fd;
}

static int do_export(struct call *call, struct err *err)
{
	const struct export_opts *o = call->opts;
	auto_(container_root) struct container_root root = CONTAINER_ROOT_NONE;
	int r = container_root_open(call->g->root, call->id, &root, err);

	if (r < 0)
		return r;
	auto_fd int to = open_output(o->output, err);
	if (to < 0)
		return to;
	struct tarball tar = tarball_on(to);
	const struct pack pack = {.to = &tar, .owner = root.out_of, .stays = true};
	r = pack_tree(root.fd, ".", &pack, err);
	return r < 0 ? r : tarball_end(&tar, err);
}

const struct command cmd_export = {
	FAR_EXPORT,
	.examples = "ctr export -o web.tar web\nctr export web | ctr import - web:flat\n",
	.args = {export_args, false},
	.opts_size = sizeof(struct export_opts),
	.flags = CMD_ENGINE | CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_export,
};

/* ---- diff -------------------------------------------------------------------------------------*/

/* clang-format off */
struct diff_opts { const char *format; };
static const struct arg diff_args[] = {
	{"format", 0, ARG_TEXT, offsetof(struct diff_opts, format), "FORMAT", "table or json (table)"},
	ARGS_END};
/* clang-format on */

static void add_line(const struct diff_line *line, bool is_json, struct json_out *out)
{
	static const char letters[] = {'C', 'A', 'D'};

	if (!is_json) {
		str_addf(out->s, "%c %s\n", letters[line->kind], line->path);
		return;
	}
	json_open(out, NULL, '{');
	json_text(out, "Path", line->path);
	json_int(out, "Kind", (int)line->kind);
	json_close(out, '}');
}

static int do_diff(struct call *call, struct err *err)
{
	const struct diff_opts *o = call->opts;
	auto_(container_root) struct container_root root = CONTAINER_ROOT_NONE;
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct diff_line *lines = NULL;
	size_t n = 0;
	bool is_json;

	int r = out_read_format(o->format, &is_json, err);
	if (r < 0 || (r = container_root_open(call->g->root, call->id, &root, err)) < 0 ||
	    (r = diff_container(&root, call->mem, &lines, &n, err)) < 0)
		return r;
	if (is_json)
		json_open(&out, NULL, '[');
	for (size_t i = 0; i < n; i++)
		add_line(&lines[i], is_json, &out);
	if (is_json) {
		json_close(&out, ']');
		str_add_char(&text, '\n');
	}
	return out_text(&text, err);
}

const struct command cmd_diff = {
	FAR_DIFF,
	.examples = "ctr diff web\nctr diff web | grep '^A /etc'\n",
	.args = {diff_args, false},
	.opts_size = sizeof(struct diff_opts),
	.flags = CMD_ENGINE | CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_diff,
};
