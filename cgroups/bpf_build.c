/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules → eBPF. Most of what a program costs is the kernel's verifier, which follows every
 * path through it: a plain chain of tests takes it seven times as long as the tree below.
 *
 * Neighbouring rules of one verdict and one set of accesses may be tried in any order: they make a
 * segment, in which the device is looked up by type, then major, then minor. The segments stand from
 * the last rules to the first. r3 holds the accesses that no segment has decided yet: an allowing
 * one takes its own away (none left: granted), a denying one that finds one of its own refuses.
 *
 * The common path falls through, and only matches jump: so the verifier sees the state that knows
 * least first, and recognises all others as parts of it. It also wants each instruction to be
 * reached: nothing is emitted behind a segment that decides everything. */
#include <errno.h>
#include <stdlib.h>

#include "cgroups/devices.h"

enum { TYPE = BPF_REG_2, PENDING = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5 };
/* Where a jump goes, until the place is known. Real offsets here are never negative. */
enum {
	TO_ALLOW = -1,
	TO_DENY = -2,
	TO_NEXT = -3,
	TO_ACTION = -4,
	TO_ANY = -5,
	TO_BLOCK = -6,
	TO_CHAR = -7,
	TO_MAJOR = -8, /* and below: one for each major number */
};
/* 16-bit offsets; a rule is never more than 16 instructions. */
enum { RULES_MAX = 2000, RULE_INSNS = 16 };

static void emit(struct cg_bpf *p, unsigned code, unsigned dst, int off, int64_t imm)
{
	p->insns[p->n++] = (struct bpf_insn){.code = (uint8_t)code,
					     .dst_reg = dst & 15,
					     .off = (int16_t)off,
					     .imm = (int32_t)imm};
}

static void emit_load(struct cg_bpf *p, unsigned dst, size_t off)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, (int)off, 0);
	p->insns[p->n - 1].src_reg = BPF_REG_1;
}

static void jump(struct cg_bpf *p, int where)
{
	emit(p, BPF_JMP | BPF_JA, 0, where, 0);
}

static void jump_if(struct cg_bpf *p, unsigned op, unsigned reg, int64_t imm, int where)
{
	emit(p, BPF_JMP | op | BPF_K, reg, where, imm);
}

/* Jumps to `label` from instruction `from` on come here. */
static void place(struct cg_bpf *p, size_t from, int label)
{
	for (size_t i = from; i < p->n; i++)
		if (BPF_CLASS(p->insns[i].code) == BPF_JMP && p->insns[i].off == label)
			p->insns[i].off = (int16_t)(p->n - i - 1);
}

static bool jumps_to(const struct cg_bpf *p, int label)
{
	for (size_t i = 0; i < p->n; i++)
		if (BPF_CLASS(p->insns[i].code) == BPF_JMP && p->insns[i].off == label)
			return true;
	return false;
}

/* ---- one segment ------------------------------------------------------------------------------ */

/* A stretch of sorted rules. */
struct range {
	const struct cg_device *rules;
	size_t n;
};

/* By type, major, minor; "any" comes first. */
static int compare(const void *a, const void *b)
{
	const struct cg_device *x = a, *y = b;

	if (x->type != y->type)
		return x->type - y->type;
	if (x->major != y->major)
		return x->major < y->major ? -1 : 1;
	return (x->minor > y->minor) - (x->minor < y->minor);
}

static size_t count_major(struct range r)
{
	size_t n = 0;

	while (n < r.n && r.rules[n].major == r.rules[0].major)
		n++;
	return n;
}

static struct range behind(struct range r, size_t n)
{
	return (struct range){r.rules + n, r.n - n};
}

/* Of one major number (or any): a match goes to `match`, the rest to `miss`. */
static void emit_minors(struct cg_bpf *p, struct range r, int match, int miss)
{
	for (size_t i = 0; i < r.n && r.rules[0].minor >= 0; i++)
		jump_if(p, BPF_JEQ, MINOR, r.rules[i].minor, match);
	jump(p, r.rules[0].minor < 0 ? match : miss);
}

/* Of one type: first the major numbers' switch, then each one's minors, last those of any major. */
static void emit_type(struct cg_bpf *p, struct range r, int match)
{
	size_t start = p->n, n_any = r.rules[0].major < 0 ? count_major(r) : 0, n;
	const struct range any = {r.rules, n_any}, majors = behind(r, n_any);
	int label = TO_MAJOR, miss = n_any ? TO_ANY : TO_NEXT;

	if (n_any && any.rules[0].minor < 0) {
		jump(p, match);
		return;
	}
	for (struct range at = majors; at.n; at = behind(at, n)) {
		n = count_major(at);
		jump_if(p, BPF_JEQ, MAJOR, at.rules[0].major,
			at.rules[0].minor < 0 ? match : label--);
	}
	jump(p, miss);
	label = TO_MAJOR;
	for (struct range at = majors; at.n; at = behind(at, n)) {
		n = count_major(at);
		if (at.rules[0].minor < 0)
			continue;
		place(p, start, label--);
		emit_minors(p, (struct range){at.rules, n}, match, miss);
	}
	if (n_any) {
		place(p, start, TO_ANY);
		emit_minors(p, any, match, TO_NEXT);
	}
}

static void emit_action(struct cg_bpf *p, const struct cg_device *rule)
{
	if (rule->allow) {
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, PENDING, 0, ~rule->access);
		jump_if(p, BPF_JEQ, PENDING, 0, TO_ALLOW);
	} else {
		jump_if(p, BPF_JSET, PENDING, rule->access, TO_DENY);
	}
}

static void emit_segment(struct cg_bpf *p, struct range b, struct range c)
{
	const struct cg_device *rule = b.n ? b.rules : c.rules;
	int decided = rule->allow ? TO_ALLOW : TO_DENY;
	int match = rule->access == CG_DEV_RWM ? decided : TO_ACTION;
	size_t start = p->n;

	if (c.n)
		jump_if(p, BPF_JEQ, TYPE, BPF_DEVCG_DEV_CHAR, TO_CHAR);
	if (b.n)
		jump_if(p, BPF_JEQ, TYPE, BPF_DEVCG_DEV_BLOCK, TO_BLOCK);
	jump(p, TO_NEXT);
	if (c.n) {
		place(p, start, TO_CHAR);
		emit_type(p, c, match);
	}
	if (b.n) {
		place(p, start, TO_BLOCK);
		emit_type(p, b, match);
	}
	if (match == TO_ACTION) {
		place(p, start, TO_ACTION);
		emit_action(p, rule);
	}
	place(p, start, TO_NEXT);
}

/* ---- all of them ------------------------------------------------------------------------------ */

static void emit_prologue(struct cg_bpf *p)
{
	emit_load(p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, PENDING, 0, 0);
	p->insns[p->n - 1].src_reg = TYPE;
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0xffff);
	emit(p, BPF_ALU64 | BPF_RSH | BPF_K, PENDING, 0, 16);
	emit_load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static void emit_verdict(struct cg_bpf *p, int label, bool is_granted)
{
	place(p, 0, label);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, is_granted);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* Sorts the rules, "a" as one of each type, into list: block devices first. Their number. */
static size_t sort_segment(struct cg_device *list, const struct cg_device *rules, size_t n,
			   size_t *ret_blocks)
{
	size_t total = 0, blocks = 0;

	for (size_t i = 0; i < n; i++)
		for (int type = 'b'; type <= 'c'; type++)
			if (rules[i].type == 'a' || rules[i].type == type) {
				list[total] = rules[i];
				list[total++].type = (char)type;
				blocks += type == 'b';
			}
	qsort(list, total, sizeof(*list), compare);
	*ret_blocks = blocks;
	return total;
}

static bool is_everything(struct range r)
{
	return r.n && r.rules[0].major < 0 && r.rules[0].minor < 0;
}

/* The segment that ends with rule n - 1. Its length; *ret_end when it decides all that is left. */
static size_t add_segment(struct cg_bpf *p, const struct cg_device *rules, size_t n, bool *ret_end)
{
	const struct cg_device *last = &rules[n - 1];
	size_t length = 1, blocks;

	while (length < n && rules[n - length - 1].allow == last->allow &&
	       rules[n - length - 1].access == last->access)
		length++;
	struct cg_device *list = mem_zalloc(2 * length, sizeof(*list));
	size_t total = sort_segment(list, rules + n - length, length, &blocks);
	struct range b = {list, blocks}, c = {list + blocks, total - blocks};
	bool is_all = is_everything(b) && is_everything(c);
	*ret_end = is_all && last->access == CG_DEV_RWM;
	if (is_all && !*ret_end)
		emit_action(p, last);
	else if (!is_all)
		emit_segment(p, b, c);
	free(list);
	return length;
}

int cg_bpf_build(const struct cg_device *rules, size_t n, struct cg_bpf *ret, struct err *err)
{
	bool falls_to = false; /* the verdict when no segment has decided */

	if (n > RULES_MAX)
		return err_say(err, E2BIG, "linux.resources.devices: more than %d rules",
			       RULES_MAX);
	struct cg_bpf p = {.insns = mem_zalloc(RULE_INSNS * n + RULE_INSNS, sizeof(*p.insns))};
	emit_prologue(&p);
	for (bool is_end = false; n && !is_end;) {
		bool allow = rules[n - 1].allow;
		n -= add_segment(&p, rules, n, &is_end);
		falls_to = is_end && allow;
	}
	emit_verdict(&p, falls_to ? TO_ALLOW : TO_DENY, falls_to);
	int other = falls_to ? TO_DENY : TO_ALLOW;
	if (jumps_to(&p, other))
		emit_verdict(&p, other, !falls_to);
	*ret = p;
	return 0;
}

void cg_bpf_clear(struct cg_bpf *p)
{
	free(p->insns);
	*p = (struct cg_bpf){0};
}
