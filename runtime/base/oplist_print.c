/* SPDX-License-Identifier: Apache-2.0 */
/* Operations in words. One table says what is shown of each kind, and in which form; lines and JSON
 * are two ways of walking it. */
#include <errno.h>

#include "runtime/base/oplist.h"
#include "runtime/base/oplist_words.h"

enum field { END, FD, FD2, RET, STR, DATA, A, B, C };

enum style {
	BARE,   /* in a line the value stands by itself, */
	NAMED,  /* as label=value, */
	RESULT, /* or behind an arrow */
};

enum { SHOWN_MAX = 7 };

/* Fields that many have. */
#define DIR FD, "dir", as_slot, BARE
#define ROOT FD, "root", as_slot, BARE
#define PATH STR, "path", as_text, BARE
#define GIVES RET, "result", as_slot, RESULT

static const struct kind {
	const char *name;
	struct shown {
		enum field of;
		const char *label;
		op_form *as;
		enum style style;
	} shown[SHOWN_MAX];
} kinds[OP_KINDS] = {
	[OP_NOP] = {"nop", {{0}}},
	[OP_SYNC] = {"sync", {{A, "point", as_sync, BARE}, {RET, "result", as_sync_slots, RESULT}}},
	[OP_READY] = {"ready", {{0}}},
	[OP_START] = {"start", {{FD, "socket", as_slot, BARE}}},
	[OP_FORK] = {"fork", {{0}}},
	[OP_UNSHARE] = {"unshare", {{A, "namespaces", as_namespaces, BARE}}},
	[OP_SETNS] = {"setns", {{FD, "fd", as_slot, BARE}, {A, "namespaces", as_namespaces, BARE}}},
	[OP_HOSTNAME] = {"hostname", {{STR, "name", as_text, BARE}}},
	[OP_DOMAINNAME] = {"domainname", {{STR, "name", as_text, BARE}}},
	[OP_LOOPBACK] = {"loopback", {{0}}},
	[OP_SETIDS] = {"setids",
		       {{A, "uid", as_number, NAMED},
			{B, "gid", as_number, NAMED},
			{DATA, "groups", as_groups, NAMED}}},
	[OP_PRCTL] = {"prctl",
		      {{A, "option", as_prctl, BARE},
		       {B, "value", as_number, BARE},
		       {C, "of", as_count}}},
	[OP_SETSID] = {"setsid", {{0}}},
	[OP_SIGNALS] = {"signals", {{A, "default", as_signals, BARE}}},
	[OP_UMASK] = {"umask", {{A, "mask", as_permissions, BARE}}},
	[OP_RLIMIT] = {"rlimit",
		       {{A, "resource", as_resource, BARE},
			{B, "soft", as_limit, NAMED},
			{C, "hard", as_limit, NAMED}}},
	[OP_CAPS] = {"caps", {{DATA, "sets", as_caps, BARE}}},
	[OP_SECCOMP] = {"seccomp",
			{{DATA, "filter", as_filter, BARE}, {A, "flags", as_filter_flags, NAMED}}},
	[OP_KEYRING] = {"keyring", {{STR, "name", as_text, BARE}}},
	[OP_SCHED] = {"sched", {{DATA, "attributes", as_sched, BARE}}},
	[OP_IOPRIO] = {"ioprio", {{A, "priority", as_ioprio, BARE}}},
	[OP_PERSONALITY] = {"personality", {{A, "persona", as_hex, BARE}}},
	[OP_AFFINITY] = {"affinity", {{DATA, "cpus", as_cpus, BARE}}},
	[OP_MEMPOLICY] = {"mempolicy",
			  {{A, "mode", as_hex, BARE},
			   {DATA, "nodes", as_node_mask, NAMED},
			   {B, "bits", as_number, NAMED}}},
	[OP_OPEN] = {"open",
		     {{DIR},
		      {PATH},
		      {A, "flags", as_open, BARE},
		      {B, "resolve", as_resolve, NAMED},
		      {GIVES}}},
	[OP_WRITE] = {"write",
		      {{FD, "fd", as_slot, BARE}, {PATH}, {DATA, "content", as_content, NAMED}}},
	[OP_CLOSE] = {"close", {{FD, "fd", as_slot, BARE}, {A, "behind", as_count, NAMED}}},
	[OP_MKDIR] = {"mkdir", {{DIR}, {PATH}, {A, "mode", as_permissions, BARE}}},
	[OP_MKNOD] = {"mknod",
		      {{DIR},
		       {PATH},
		       {A, "mode", as_mode, BARE},
		       {B, "device", as_device, BARE},
		       {C, "owner", as_owner, NAMED}}},
	[OP_SYMLINK] = {"symlink", {{DIR}, {PATH}, {DATA, "target", as_content, NAMED}}},
	[OP_OPEN_TREE] = {"open-tree", {{DIR}, {PATH}, {A, "flags", as_tree, BARE}, {GIVES}}},
	[OP_FSMOUNT] = {"fsmount",
			{{STR, "type", as_text, BARE},
			 {A, "attributes", as_mount, BARE},
			 {DATA, "options", as_options, BARE},
			 {GIVES}}},
	[OP_SETATTR] = {"setattr",
			{{FD, "mount", as_slot, BARE},
			 {PATH},
			 {A, "around", as_count, NAMED},
			 {DATA, "attributes", as_attributes, BARE}}},
	[OP_TARGET] = {"target",
		       {{ROOT},
			{PATH},
			{A, "make", as_mode, NAMED},
			{FD2, "like", as_slot, NAMED},
			{GIVES}}},
	[OP_MOVE_MOUNT] = {"move-mount",
			   {{FD, "mount", as_slot, BARE}, {FD2, "onto", as_slot, RESULT}}},
	[OP_MASK] = {"mask",
		     {{ROOT},
		      {PATH},
		      {FD2, "file", as_slot, NAMED},
		      {RET, "directory", as_slot, NAMED}}},
	[OP_READONLY] = {"readonly", {{ROOT}, {PATH}}},
	[OP_PIVOT] = {"pivot", {{ROOT}}},
	[OP_COPY_UP] = {"copy-up", {{ROOT}, {PATH}, {FD2, "into", as_slot, RESULT}}},
	[OP_CONSOLE] = {"console",
			{{ROOT},
			 {STR, "ptmx", as_text, BARE},
			 {A, "size", as_winsize, NAMED},
			 {B, "uid", as_number, NAMED},
			 {DATA, "onto", as_content, RESULT}}},
	[OP_STDIO_OWNER] = {"stdio-owner", {{A, "uid", as_number, NAMED}}},
	[OP_CHDIR] = {"chdir", {{FD, "fd", as_slot, BARE}, {PATH}, {A, "make", as_number, NAMED}}},
	[OP_HOME] = {"home", {{A, "uid", as_number, NAMED}}},
	[OP_FIND] = {"find", {{A, "candidates", as_strings, BARE}}},
	[OP_HOOK] = {"hook",
		     {{A, "args", as_strings, BARE},
		      {B, "env", as_environment, NAMED},
		      {DATA, "program", as_program, NAMED},
		      {DATA, "input", as_input, NAMED},
		      {C, "timeout", as_count, NAMED},
		      {FD2, "output", as_slot, RESULT}}},
	[OP_PRESERVE] = {"preserve", {{A, "fds", as_number, NAMED}}},
	[OP_EXEC] = {"exec",
		     {{A, "args", as_strings, BARE},
		      {B, "env", as_environment, NAMED},
		      {C, "init", as_count, NAMED}}},
};

const char *op_name(unsigned kind)
{
	return kind < OP_KINDS ? kinds[kind].name : NULL;
}

static uint64_t value_of(const struct op *op, enum field of)
{
	switch (of) {
	case FD:
		return (uint64_t)op->fd;
	case FD2:
		return (uint64_t)op->fd2;
	case RET:
		return (uint64_t)op->ret;
	case STR:
		return op->str;
	case DATA:
		return op->data;
	case A:
		return op->a;
	case B:
		return op->b;
	case C:
		return op->c;
	case END:
		break;
	}
	return 0;
}

/* Replaces *words by those for one field; leaves it empty if it is not to be shown. */
static void say(struct str *words, const struct op_source *src, const struct op *op,
		const struct shown *s)
{
	const struct op_value v = {.out = words, .src = src, .op = op, .v = value_of(op, s->of)};

	str_clear(words);
	s->as(&v);
}

static void print_args(struct str *out, const struct op_source *src, const struct op *op)
{
	static const char *const before[] = {[BARE] = "", [NAMED] = "=", [RESULT] = "-> "};
	auto_(str) struct str words = {0};

	for (const struct shown *s = kinds[op->kind].shown; s->of != END; s++) {
		say(&words, src, op, s);
		if (!words.len)
			continue;
		str_addf(out, " %s%s", s->style == NAMED ? s->label : "", before[s->style]);
		if (s->as == as_text || s->as == as_content)
			add_quoted(out, words.p);
		else
			str_add(out, words.p);
	}
}

static void print_op(struct str *out, const struct op_source *src, const struct op *op,
		     const char *why)
{
	enum { WHY_COLUMN = 56 };
	auto_(str) struct str line = {0};

	str_addf(&line, "%-10s", kinds[op->kind].name);
	print_args(&line, src, op);
	if (op->flags & ~(unsigned)OPF_GROUPS) {
		str_add(&line, " [");
		add_op_flags(&line, op->flags);
		str_add(&line, "]");
	}
	while (line.p[line.len - 1] == ' ')
		line.p[--line.len] = 0;
	if (*why)
		str_addf(out, "%-*s # %s\n", WHY_COLUMN, line.p, why);
	else
		str_addf(out, "%s\n", line.p);
}

void oplist_print(const struct oplist *l, struct str *out)
{
	const struct op_source src = {.p = l->data.p, .len = l->data.len, .first = 1};

	for (uint32_t i = 0; i < l->n; i++)
		print_op(out, &src, &l->ops[i], l->why[i]);
}

int oplist_print_image(const struct op_image *im, size_t size, struct str *out, struct err *err)
{
	const struct op_source src = {.p = (const char *)im, .len = size};
	const struct op *ops = (const struct op *)(const void *)(im + 1);
	long bad = op_check(im, size);

	if (bad < 0)
		return err_say(err, EINVAL, "not a list of operations");
	if (bad > 0)
		return err_say(err, EINVAL, "operation %ld is malformed", bad - 1);
	for (uint32_t i = 0; i < im->n_ops; i++)
		print_op(out, &src, &ops[i], "");
	return 0;
}

static void json_op(struct json_out *out, const struct op_source *src, const struct op *op,
		    const char *why)
{
	auto_(str) struct str words = {0};

	json_open(out, NULL, '{');
	json_text(out, "op", kinds[op->kind].name);
	json_text(out, "for", why);
	json_open(out, "args", '{');
	for (const struct shown *s = kinds[op->kind].shown; s->of != END; s++) {
		say(&words, src, op, s);
		if (words.len)
			json_text(out, s->label, words.p);
	}
	str_clear(&words);
	add_op_flags(&words, op->flags);
	if (words.len)
		json_text(out, "if", words.p);
	json_close(out, '}');
	json_close(out, '}');
}

void oplist_json(const struct oplist *l, struct json_out *out, const char *key)
{
	const struct op_source src = {.p = l->data.p, .len = l->data.len, .first = 1};

	json_open(out, key, '[');
	for (uint32_t i = 0; i < l->n; i++)
		json_op(out, &src, &l->ops[i], l->why[i]);
	json_close(out, ']');
}
