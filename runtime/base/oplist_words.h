/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which oplist_print.c shows the fields of an operation. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/op.h"
#include "runtime/base/str.h"

/* Where an operation's offsets lead: a list's data begin at offset 1, an image's at 0. */
struct op_source {
	const char *p; /* NUL-terminated */
	size_t len;
	uint32_t first;
};

/* One field of an operation, to be shown. */
struct op_value {
	struct str *out;
	const struct op_source *src;
	const struct op *op;
	uint64_t v; /* slots are sign-extended */
};

/* Appends the value in words. What it appends nothing for is not shown. */
typedef void op_form(const struct op_value *);

/* slots */
void as_slot(const struct op_value *v);
void as_sync_slots(const struct op_value *v);
/* numbers */
void as_number(const struct op_value *v);
void as_count(const struct op_value *v); /* 0 is not shown */
void as_limit(const struct op_value *v);
void as_hex(const struct op_value *v);
void as_permissions(const struct op_value *v);
void as_signals(const struct op_value *v);
void as_mode(const struct op_value *v);
/* several in one number */
void as_device(const struct op_value *v);
void as_owner(const struct op_value *v);
void as_winsize(const struct op_value *v);
void as_ioprio(const struct op_value *v);
/* texts */
void as_text(const struct op_value *v);
void as_content(const struct op_value *v);
void as_strings(const struct op_value *v);
void as_environment(const struct op_value *v);
void as_program(const struct op_value *v);
void as_input(const struct op_value *v);
/* blobs */
void as_options(const struct op_value *v);
void as_groups(const struct op_value *v);
void as_caps(const struct op_value *v);
void as_attributes(const struct op_value *v);
void as_filter(const struct op_value *v);
void as_sched(const struct op_value *v);
void as_cpus(const struct op_value *v);
void as_node_mask(const struct op_value *v);
/* sets of bits */
void as_namespaces(const struct op_value *v);
void as_open(const struct op_value *v);
void as_resolve(const struct op_value *v);
void as_tree(const struct op_value *v);
void as_mount(const struct op_value *v);
void as_filter_flags(const struct op_value *v);
/* one of a list */
void as_sync(const struct op_value *v);
void as_prctl(const struct op_value *v);
void as_resource(const struct op_value *v);

/* The words for op->flags. */
void add_op_flags(struct str *out, unsigned flags);

/* Bare where that is unmistakable, else as a JSON string. */
void add_quoted(struct str *out, const char *text);
