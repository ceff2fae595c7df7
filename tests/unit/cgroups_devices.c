/* SPDX-License-Identifier: Apache-2.0 */
/* Device policies: the eBPF program is run by a small interpreter and must give the verdict of the
 * plain definition in devices.h, for random rules and requests. */
#include <stdlib.h>
#include <string.h>

#include "cgroups/devices.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

/* ---- the definition ---------------------------------------------------------------------------- */

static bool is_about(const struct cg_device *rule, char type, int64_t major, int64_t minor)
{
	return (rule->type == 'a' || rule->type == type) &&
	       (rule->major < 0 || rule->major == major) &&
	       (rule->minor < 0 || rule->minor == minor);
}

static bool reference(const struct cg_device *rules, size_t n, const struct cg_device *request)
{
	for (unsigned bit = 1; bit <= CG_DEV_WRITE; bit <<= 1) {
		bool allowed = false;
		for (size_t i = 0; i < n; i++)
			if (rules[i].access & bit &&
			    is_about(&rules[i], request->type, request->major, request->minor))
				allowed = rules[i].allow;
		if (request->access & bit && !allowed)
			return false;
	}
	return true;
}

/* ---- the instructions that the builder uses ---------------------------------------------------- */

static bool jumps(const struct bpf_insn *in, uint64_t dst)
{
	uint64_t imm = (uint64_t)(int64_t)in->imm;

	switch (BPF_OP(in->code)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return dst == imm;
	case BPF_JNE:
		return dst != imm;
	case BPF_JSET:
		return dst & imm;
	default:
		abort();
	}
}

static uint64_t compute(const struct bpf_insn *in, uint64_t dst, uint64_t src)
{
	uint64_t b = BPF_SRC(in->code) == BPF_X ? src : (uint64_t)(int64_t)in->imm;

	switch (BPF_OP(in->code)) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return dst & b;
	case BPF_RSH:
		return dst >> b;
	default:
		abort();
	}
}

/* The verdict; marks what it has run in `seen`. */
static uint64_t run(const struct cg_bpf *p, const struct bpf_cgroup_dev_ctx *ctx, bool *seen)
{
	uint64_t reg[11] = {0};

	for (size_t at = 0; at < p->n; at++) {
		const struct bpf_insn *in = &p->insns[at];
		uint32_t word;
		seen[at] = true;
		switch (BPF_CLASS(in->code)) {
		case BPF_LDX:
			memcpy(&word, (const char *)ctx + in->off, sizeof(word));
			reg[in->dst_reg] = word;
			break;
		case BPF_ALU64:
			reg[in->dst_reg] = compute(in, reg[in->dst_reg], reg[in->src_reg]);
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_EXIT)
				return reg[0];
			if (jumps(in, reg[in->dst_reg]))
				at += (size_t)in->off;
			break;
		default:
			abort();
		}
	}
	abort(); /* fell off the end */
}

static bool verdict(const struct cg_bpf *p, const struct cg_device *request, bool *seen)
{
	struct bpf_cgroup_dev_ctx ctx = {.access_type = request->access << 16 |
							(request->type == 'b' ? BPF_DEVCG_DEV_BLOCK
									      : BPF_DEVCG_DEV_CHAR),
					 .major = (uint32_t)request->major,
					 .minor = (uint32_t)request->minor};

	return run(p, &ctx, seen);
}

static struct cg_device random_rule(void)
{
	return (struct cg_device){.type = "abc"[random() % 3],
				  .allow = random() % 2,
				  .access = 1 + (unsigned)random() % 7,
				  .major = random() % 4 - 1,
				  .minor = random() % 4 - 1};
}

TEST(devices_program_agrees_with_the_definition)
{
	enum { RULES = 9, SEEN = 16 * RULES + 16 };

	srandom(7);
	for (int round = 0; round < 3000; round++) {
		struct cg_device rules[RULES];
		auto_(cg_bpf) struct cg_bpf p = {0};
		bool seen[SEEN] = {false};
		struct err err = {0};
		size_t n = (size_t)random() % (RULES + 1);
		for (size_t i = 0; i < n; i++)
			rules[i] = random_rule();
		MUST(cg_bpf_build(rules, n, &p, &err) == 0);
		for (int k = 0; k < 2 * 3 * 3 * 7; k++) {
			struct cg_device q = {.type = k % 2 ? 'b' : 'c',
					      .major = k / 2 % 3,
					      .minor = k / 6 % 3,
					      .access = 1 + (unsigned)k / 18};
			MUST(verdict(&p, &q, seen) == reference(rules, n, &q));
		}
	}
}

/* The verifier refuses what cannot be reached. */
TEST(devices_program_has_no_dead_code)
{
	static const struct cg_device all = {'a', true, CG_DEV_RWM, -1, -1};
	struct cg_device rules[2] = {{'c', true, CG_DEV_RWM, 1, 3}, all};
	auto_(cg_bpf) struct cg_bpf total = {0}, last = {0}, none = {0};
	struct err err = {0};

	MUST(cg_bpf_build(&all, 1, &total, &err) == 0);
	CHECK_INT((int)total.n, 8);
	MUST(cg_bpf_build(rules, 2, &last, &err) == 0);
	CHECK_INT((int)last.n, 8);
	MUST(cg_bpf_build(NULL, 0, &none, &err) == 0);
	CHECK_INT((int)none.n, 8);
}

TEST(devices_default_denies)
{
	auto_(arena) struct arena mem = {0};
	auto_(cg_bpf) struct cg_bpf p = {0};
	struct cg_device *list;
	struct err err = {0};
	size_t n;
	bool seen[200] = {false};

	MUST(cg_devices(&mem, NULL, 0, &list, &n, &err) == 0);
	MUST(cg_bpf_build(list, n, &p, &err) == 0);
	MUST(p.n < 200);
	CHECK(!verdict(&p, &(struct cg_device){'b', false, CG_DEV_READ, 8, 0}, seen));
	CHECK(!verdict(&p, &(struct cg_device){'c', false, CG_DEV_READ, 1, 1}, seen));
	CHECK(verdict(&p, &(struct cg_device){'b', false, CG_DEV_MKNOD, 8, 0}, seen));
	CHECK(verdict(&p, &(struct cg_device){'c', false, CG_DEV_READ | CG_DEV_WRITE, 1, 3}, seen));
	CHECK(verdict(&p, &(struct cg_device){'c', false, CG_DEV_READ, 136, 77}, seen));
	CHECK(!verdict(&p, &(struct cg_device){'c', false, CG_DEV_READ, 10, 229}, seen));
}

TEST(devices_from_config)
{
	auto_(arena) struct arena mem = {0};
	const struct config_device_rule rules[] = {
		{.allow = false, .access = "rwm"},
		{.allow = true,
		 .type = "c",
		 .has_major = true,
		 .major = 10,
		 .has_minor = true,
		 .minor = -1,
		 .access = "mr"},
		{.allow = true, .type = "u", .has_major = true, .major = 4, .access = "w"},
	};
	static const char *const want[] = {"a *:* rwm", "c 10:* rm", "c 4:* w"};
	struct cg_device *list;
	struct err err = {0};
	size_t n;

	MUST(cg_devices(&mem, rules, 3, &list, &n, &err) == 0);
	for (size_t i = 0; i < 3; i++) {
		char text[CG_DEVICE_TEXT];
		struct cg_device back;
		cg_device_text(&list[i], text);
		CHECK_STR(text, want[i]);
		CHECK_INT(cg_device_parse(text, strlen(text), &back), 0);
		CHECK_INT(back.major, list[i].major);
		CHECK_INT(back.access, list[i].access);
	}
}

TEST(devices_refuses)
{
	const struct config_device_rule bad[] = {
		{.type = "c"},
		{.type = "c", .access = ""},
		{.type = "c", .access = "rx"},
		{.type = "q", .access = "r"},
		{.type = "cc", .access = "r"},
		{.type = "c", .access = "r", .has_major = true, .major = -2},
		{.type = "c", .access = "r", .has_minor = true, .minor = 1LL << 40},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_(arena) struct arena mem = {0};
		struct cg_device *list;
		struct err err = {0};
		size_t n;
		CHECK_INT(cg_devices(&mem, &bad[i], 1, &list, &n, &err), -22);
	}
}

TEST(devices_too_many)
{
	auto_free struct cg_device *rules = mem_zalloc(2001, sizeof(*rules));
	auto_(cg_bpf) struct cg_bpf p = {0};
	struct err err = {0};

	for (size_t i = 0; i < 2001; i++)
		rules[i] = (struct cg_device){'c', true, 7, (int64_t)i, 1};
	CHECK_INT(cg_bpf_build(rules, 2001, &p, &err), -7);
	MUST(cg_bpf_build(rules, 2000, &p, &err) == 0);
	auto_free bool *seen = mem_zalloc(p.n, sizeof(*seen));
	CHECK(verdict(&p, &(struct cg_device){'c', false, 7, 0, 1}, seen));
	CHECK(!verdict(&p, &(struct cg_device){'c', false, 7, 0, 2}, seen));
}

/* How the kernel judges a v1 list: one exception at a time. */
static bool verdict_v1(const struct cg_device *list, size_t n, const struct cg_device *q)
{
	bool allow_all = n && list[0].type == 'a';

	for (size_t i = allow_all; i < n; i++) {
		if (!is_about(&list[i], q->type, q->major, q->minor))
			continue;
		if (!allow_all && !(q->access & ~list[i].access))
			return true;
		if (allow_all && q->access & list[i].access)
			return false;
	}
	return allow_all;
}

/* Either v1 gets a list with the same verdicts, or the rule that cannot be had is named. */
TEST(devices_v1_agrees_or_refuses)
{
	int agreed = 0;

	srandom(3);
	for (int round = 0; round < 3000; round++) {
		auto_(arena) struct arena mem = {0};
		struct cg_device rules[5], *list;
		struct err err = {0};
		size_t n = (size_t)random() % 6, n_list;
		for (size_t i = 0; i < n; i++)
			rules[i] = random_rule();
		int r = cg_devices_v1(&mem, rules, n, &list, &n_list, &err);
		if (r < 0) {
			MUST(r == -95 && strstr(err.msg, "wider rule"));
			continue;
		}
		agreed++;
		for (int k = 0; k < 2 * 3 * 3; k++) {
			struct cg_device q = {
				.type = k % 2 ? 'b' : 'c', .major = k / 2 % 3, .minor = k / 6 % 3};
			for (q.access = 1; q.access <= CG_DEV_WRITE; q.access <<= 1)
				MUST(verdict_v1(list, n_list, &q) == reference(rules, n, &q));
		}
	}
	CHECK(agreed > 1000);
}

TEST(devices_v1_of_an_ordinary_list)
{
	auto_(arena) struct arena mem = {0};
	const struct config_device_rule rules[] = {{.allow = false, .access = "rwm"},
						   {.allow = true,
						    .type = "c",
						    .has_major = true,
						    .major = 10,
						    .has_minor = true,
						    .minor = 229,
						    .access = "rw"}};
	struct cg_device *list, *v1;
	struct err err = {0};
	size_t n, n_v1;

	MUST(cg_devices(&mem, rules, 2, &list, &n, &err) == 0);
	MUST(cg_devices_v1(&mem, list, n, &v1, &n_v1, &err) == 0);
	CHECK_INT((int)n_v1, (int)n - 1);
	for (size_t i = 0; i < n_v1; i++)
		CHECK(v1[i].allow && v1[i].type != 'a');
}
