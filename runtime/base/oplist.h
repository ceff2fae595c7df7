/* SPDX-License-Identifier: Apache-2.0 */
/* Building, printing and packing a list of operations (op.h). Every operation remembers what it is
 * for: the property of the config, or the path, that a failure message will name. */
#pragma once

#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/json.h"
#include "runtime/base/mem.h"
#include "runtime/base/op.h"
#include "runtime/base/str.h"

/* {0} is not an empty list: use oplist_init. */
struct oplist {
	struct op *ops;
	uint32_t n, cap;
	const char **why; /* n strings: "mounts[3] /proc", "process.rlimits[0]" */
	struct str data;  /* offsets in ops are relative to data, plus 1, until packed */
	int16_t next_slot;
	bool is_full;
	uint32_t n_fds;   /* inherited slots, SLOT_CHAN and SLOT_PLAN included */
	const char *at;   /* the why of operations added from here on */
	struct arena mem; /* of the whys */
};

void oplist_init(struct oplist *l);
void oplist_clear(struct oplist *l);

/* What the operations added from now on are for. */
void oplist_why(struct oplist *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes a slot that the parent fills before the executor starts. Only while no other slot was
 * taken with oplist_slot: inherited slots come first. */
int16_t oplist_inherit(struct oplist *l);
/* Takes n consecutive slots that operations fill. Returns the first. */
int16_t oplist_slots(struct oplist *l, unsigned n);
/* Whether the list ran out of slots; the list is unusable then. */
bool oplist_full(const struct oplist *l);

/* Appends an operation; fd, fd2 and ret are SLOT_NONE. Valid until the next addition. */
struct op *oplist_add(struct oplist *l, enum op_kind kind);
/* Stores a string / a blob / room for n zero bytes in the data and gives its offset; the last two
 * are 8-byte aligned. */
uint32_t oplist_str(struct oplist *l, const char *s);
uint32_t oplist_blob(struct oplist *l, const void *p, size_t n);
uint32_t oplist_room(struct oplist *l, size_t n);

/* The image for the executor, whose inherited descriptors begin at first_fd, appended to *ret
 * (which must be empty). 0, or -E2BIG. */
int oplist_pack(const struct oplist *l, uint32_t first_fd, struct str *ret, struct err *err);

/* One line an operation, in words; stable, for golden tests. */
void oplist_print(const struct oplist *l, struct str *out);
/* The same as a JSON array of {"op","for","args"}, into a document that is being written. */
void oplist_json(const struct oplist *l, struct json_out *out, const char *key);
/* As oplist_print for an image (8-byte aligned), without the reasons, which stay with the planner.
 * 0, or -EINVAL: it is none (op_check). */
int oplist_print_image(const struct op_image *im, size_t size, struct str *out, struct err *err);

/* The name of a kind ("move-mount"); NULL if there is none. */
const char *op_name(unsigned kind);
