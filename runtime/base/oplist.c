/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/oplist.h"

enum { ALIGN = 8, OPS_AT_FIRST = 64 };

void oplist_init(struct oplist *l)
{
	*l = (struct oplist){.next_slot = SLOT_FIRST, .n_fds = SLOT_FIRST, .at = ""};
}

void oplist_clear(struct oplist *l)
{
	free(l->ops);
	free(l->why);
	str_clear(&l->data);
	arena_clear(&l->mem);
	*l = (struct oplist){0};
}

void oplist_why(struct oplist *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->at = arena_str(&l->mem, text);
}

int16_t oplist_inherit(struct oplist *l)
{
	assert(l->next_slot == (int)l->n_fds);
	int16_t slot = oplist_slots(l, 1);
	l->n_fds = (uint32_t)l->next_slot;
	return slot;
}

int16_t oplist_slots(struct oplist *l, unsigned n)
{
	int16_t first = l->next_slot;

	if (n > (unsigned)(OP_SLOTS - first)) {
		l->is_full = true;
		return OP_SLOTS; /* no slot: op_check would refuse it */
	}
	l->next_slot = (int16_t)(first + (int)n);
	return first;
}

bool oplist_full(const struct oplist *l)
{
	return l->is_full;
}

struct op *oplist_add(struct oplist *l, enum op_kind kind)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : OPS_AT_FIRST;
		l->ops = mem_resize(l->ops, l->cap, sizeof(*l->ops));
		l->why = mem_resize(l->why, l->cap, sizeof(*l->why));
	}
	struct op *op = &l->ops[l->n];
	*op = (struct op){
		.kind = (uint8_t)kind,
		.fd = SLOT_NONE,
		.fd2 = SLOT_NONE,
		.ret = SLOT_NONE,
	};
	l->why[l->n++] = l->at;
	return op;
}

uint32_t oplist_str(struct oplist *l, const char *s)
{
	uint32_t at = (uint32_t)l->data.len + 1;

	str_add_mem(&l->data, s, strlen(s) + 1);
	return at;
}

/* Lets the data end at a multiple of ALIGN, as it begins in the image. Returns the offset there. */
static uint32_t align(struct oplist *l)
{
	size_t odd = l->data.len % ALIGN;

	if (odd)
		str_grow(&l->data, ALIGN - odd);
	return (uint32_t)l->data.len + 1;
}

uint32_t oplist_blob(struct oplist *l, const void *p, size_t n)
{
	uint32_t at = align(l);

	str_add_mem(&l->data, p, n);
	return at;
}

uint32_t oplist_room(struct oplist *l, size_t n)
{
	uint32_t at = align(l);

	str_grow(&l->data, n);
	return at;
}

int oplist_pack(const struct oplist *l, uint32_t first_fd, struct str *ret, struct err *err)
{
	static_assert(sizeof(struct op_image) % ALIGN == 0 && sizeof(struct op) % ALIGN == 0,
		      "data begin aligned");
	size_t data = sizeof(struct op_image) + l->n * sizeof(struct op);
	size_t size = data + l->data.len + 1; /* the NUL that ends the last string */

	if (oplist_full(l) || l->n > OP_MAX || size > OP_IMAGE_MAX)
		return err_say(err, E2BIG,
			       "the container needs more operations than a plan can hold");
	struct op_image head = {
		.magic = OP_MAGIC,
		.size = (uint32_t)size,
		.n_ops = l->n,
		.first_fd = first_fd,
		.n_fds = l->n_fds,
	};
	str_add_mem(ret, &head, sizeof(head));
	for (uint32_t i = 0; i < l->n; i++) {
		struct op op = l->ops[i];
		op.str = op.str ? (uint32_t)data + op.str - 1 : 0;
		op.data = op.data ? (uint32_t)data + op.data - 1 : 0;
		str_add_mem(ret, &op, sizeof(op));
	}
	str_add_mem(ret, l->data.p, l->data.len);
	str_add_mem(ret, "", 1);
	return 0;
}
