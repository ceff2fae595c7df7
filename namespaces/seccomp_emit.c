/* SPDX-License-Identifier: Apache-2.0 */
/* Tables to instructions. The program is written from its end, so that the target of every jump is
 * known; a label is the number of instructions from it to the end. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "namespaces/seccomp.h"
#include "namespaces/seccomp_table.h"
#include "runtime/base/mem.h"

enum {
	NEAR = 250, /* a conditional jump reaches 255; two long ones may come in between */
	RETURNS = 16,
	LD_ABS = BPF_LD | BPF_W | BPF_ABS,
};

struct emitter {
	struct sock_filter *code; /* BPF_MAXINSNS, reversed */
	unsigned n;
	bool is_full;
	struct {
		uint32_t value;
		unsigned label;
	} returns[RETURNS]; /* the latest of each value */
	unsigned n_returns;
};

static unsigned push(struct emitter *e, unsigned code, unsigned jt, unsigned jf, uint32_t k)
{
	if (e->n == BPF_MAXINSNS) {
		e->is_full = true;
		return e->n;
	}
	e->code[e->n++] = (struct sock_filter){
		.code = (uint16_t)code, .jt = (uint8_t)jt, .jf = (uint8_t)jf, .k = k};
	return e->n;
}

/* The label itself if a conditional jump reaches it from here, else that of a long jump to it. */
static unsigned reach(struct emitter *e, unsigned label)
{
	if (e->n - label <= NEAR)
		return label;
	return push(e, BPF_JMP | BPF_JA, 0, 0, e->n - label);
}

/* Compares the accumulator with k. */
static unsigned jump(struct emitter *e, unsigned op, uint32_t k, unsigned yes, unsigned no)
{
	yes = reach(e, yes);
	no = reach(e, no);
	return push(e, BPF_JMP | BPF_K | op, e->n - yes, e->n - no, k);
}

/* Returns are shared as far as jumps reach. */
static unsigned give(struct emitter *e, uint32_t value)
{
	unsigned i = 0;

	while (i < e->n_returns && e->returns[i].value != value)
		i++;
	if (i < e->n_returns && e->n - e->returns[i].label <= NEAR)
		return e->returns[i].label;
	if (i == RETURNS)
		i = value % RETURNS;
	else if (i == e->n_returns)
		e->n_returns++;
	e->returns[i].value = value;
	return e->returns[i].label = push(e, BPF_RET | BPF_K, 0, 0, value);
}

/* ---- conditions ------------------------------------------------------------------------------- */

enum half { LOW, HIGH };

static unsigned load(struct emitter *e, unsigned arg, enum half half)
{
	bool is_second = (half == HIGH) == (__BYTE_ORDER == __LITTLE_ENDIAN);
	size_t at = offsetof(struct seccomp_data, args) + sizeof(uint64_t) * arg + 4 * is_second;

	return push(e, LD_ABS, 0, 0, (uint32_t)at);
}

static unsigned equal_half(struct emitter *e, unsigned arg, enum half half,
			   const uint32_t mask_value[2], unsigned yes, unsigned no)
{
	uint32_t mask = mask_value[0], value = mask_value[1];

	if (mask == 0)
		return yes;
	jump(e, BPF_JEQ, value & mask, yes, no);
	if (mask != UINT32_MAX)
		push(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	return load(e, arg, half);
}

static unsigned equal(struct emitter *e, const struct seccomp_condition *c, bool is_wide,
		      unsigned yes, unsigned no)
{
	bool is_masked = c->op == CONFIG_SYSCALL_ARG_OP_MASKED_EQ;
	uint64_t mask = is_masked ? c->a : UINT64_MAX, value = is_masked ? c->b : c->a;
	uint32_t low[2] = {(uint32_t)mask, (uint32_t)value};
	uint32_t high[2] = {(uint32_t)(mask >> 32), (uint32_t)(value >> 32)};

	yes = equal_half(e, c->arg, LOW, low, yes, no);
	return is_wide ? equal_half(e, c->arg, HIGH, high, yes, no) : yes;
}

/* op is BPF_JGT or BPF_JGE. */
static unsigned greater(struct emitter *e, const struct seccomp_condition *c, unsigned op,
			bool is_wide, unsigned yes, unsigned no)
{
	jump(e, op, (uint32_t)c->a, yes, no);
	unsigned low = load(e, c->arg, LOW);

	if (!is_wide)
		return low;
	low = jump(e, BPF_JEQ, (uint32_t)(c->a >> 32), low, no);
	jump(e, BPF_JGT, (uint32_t)(c->a >> 32), yes, low);
	return load(e, c->arg, HIGH);
}

static unsigned condition(struct emitter *e, const struct seccomp_condition *c, bool is_wide,
			  unsigned yes, unsigned no)
{
	switch (c->op) {
	case CONFIG_SYSCALL_ARG_OP_EQ:
	case CONFIG_SYSCALL_ARG_OP_MASKED_EQ:
		return equal(e, c, is_wide, yes, no);
	case CONFIG_SYSCALL_ARG_OP_NE:
		return equal(e, c, is_wide, no, yes);
	case CONFIG_SYSCALL_ARG_OP_GT:
		return greater(e, c, BPF_JGT, is_wide, yes, no);
	case CONFIG_SYSCALL_ARG_OP_GE:
		return greater(e, c, BPF_JGE, is_wide, yes, no);
	case CONFIG_SYSCALL_ARG_OP_LE:
		return greater(e, c, BPF_JGT, is_wide, no, yes);
	case CONFIG_SYSCALL_ARG_OP_LT:
		return greater(e, c, BPF_JGE, is_wide, no, yes);
	case CONFIG_SYSCALL_ARG_OP_NONE:
		break;
	}
	return no;
}

static unsigned verdict(struct emitter *e, const struct seccomp_span *s)
{
	unsigned next = give(e, s->action);

	for (unsigned i = s->n_rules; i-- > 0;) {
		const struct seccomp_rule *r = s->rules[i];
		unsigned label = give(e, r->action);
		for (unsigned j = r->n; j-- > 0;)
			label = condition(e, &r->conditions[j], s->is_wide, label, next);
		next = label;
	}
	return next;
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static unsigned search(struct emitter *e, const struct seccomp_span *spans, size_t n)
{
	if (n == 1)
		return verdict(e, spans);
	size_t half = n / 2;
	/* A mere return is better looked for when the jump to it is written: it will be near. */
	bool is_plain = n - half == 1 && spans[half].n_rules == 0;
	unsigned right = is_plain ? 0 : search(e, spans + half, n - half);
	unsigned left = search(e, spans, half);

	if (is_plain)
		right = give(e, spans[half].action);
	return jump(e, BPF_JGE, spans[half].first, right, left);
}

static unsigned load_before(struct emitter *e, size_t offset, unsigned label)
{
	if (label != e->n)
		push(e, BPF_JMP | BPF_JA, 0, 0, e->n - label);
	return push(e, LD_ABS, 0, 0, (uint32_t)offset);
}

int seccomp_emit(const struct seccomp_table *tables, size_t n, uint32_t other,
		 struct sock_filter **ret, size_t *ret_n, struct err *err)
{
	struct emitter e = {.code = mem_zalloc(BPF_MAXINSNS, sizeof(*e.code))};
	unsigned entries[SECCOMP_TABLES_MAX];

	for (size_t i = n; i-- > 0;) {
		unsigned label = search(&e, tables[i].spans, tables[i].n);
		entries[i] = load_before(&e, offsetof(struct seccomp_data, nr), label);
	}
	unsigned next = give(&e, other);
	for (size_t i = n; i-- > 0;)
		next = jump(&e, BPF_JEQ, tables[i].arch, entries[i], next);
	load_before(&e, offsetof(struct seccomp_data, arch), next);
	if (e.is_full) {
		free(e.code);
		return err_say(err, E2BIG, "the seccomp profile needs more than %d instructions",
			       BPF_MAXINSNS);
	}
	for (unsigned i = 0; i < e.n / 2; i++) {
		struct sock_filter last = e.code[e.n - 1 - i];
		e.code[e.n - 1 - i] = e.code[i];
		e.code[i] = last;
	}
	*ret = mem_resize(e.code, e.n, sizeof(*e.code));
	*ret_n = e.n;
	return 0;
}

/* ---- looking at a program --------------------------------------------------------------------- */

static bool instruction_ok(const struct sock_filter *f, size_t left)
{
	switch (f->code) {
	case LD_ABS:
		return f->k % 4 == 0 && f->k < sizeof(struct seccomp_data) && left > 0;
	case BPF_ALU | BPF_AND | BPF_K:
		return left > 0;
	case BPF_JMP | BPF_JA:
		return f->k < left;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
		return f->jt < left && f->jf < left;
	case BPF_RET | BPF_K:
		return true;
	default:
		return false;
	}
}

bool seccomp_filter_ok(const struct sock_filter *code, size_t n)
{
	if (n == 0 || n > BPF_MAXINSNS)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!instruction_ok(&code[i], n - 1 - i))
			return false;
	return true;
}

void seccomp_filter_clear(struct seccomp_filter *f)
{
	free(f->code);
	*f = (struct seccomp_filter){0};
}
