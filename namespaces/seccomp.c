/* SPDX-License-Identifier: Apache-2.0 */
/* A profile to tables of number ranges. */
#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/seccomp.h"
#include "namespaces/seccomp_table.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

#define X32_BIT 0x40000000U

/* A rule for one number; `order` is that of the profile. */
struct entry {
	uint32_t number, order;
	const struct seccomp_rule *rule;
};

/* The rules that one syscalls[] of the profile stands for: any of them may hold. */
struct choice {
	const struct config_syscall *syscall;
	struct seccomp_rule *rules;
	size_t n;
};

struct compiler {
	const struct config_seccomp *profile;
	uint32_t default_action;
	uint32_t newer_action; /* for numbers above those that the profile knows */
	struct choice *choices;
	uint32_t archs[SECCOMP_TABLES_MAX]; /* SCMP_ARCH_*, the machine's own first */
	size_t n_archs;
	struct entry *entries; /* of the ABI that is being done */
	size_t n_entries, max_entries;
	struct seccomp_table tables[SECCOMP_TABLES_MAX];
	size_t n_tables;
	bool notifies, is_too_long;
	struct arena mem;
};

/* ---- words ------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	uint32_t value, max_data;
} actions[] = {
	{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0},
	{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, 4095 /* MAX_ERRNO */},
	{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0},
	{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0},
	{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0},
	{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, SECCOMP_RET_DATA},
	{"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0},
	{"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0},
};

static int parse_action(const char *word, const uint32_t *errno_ret, uint32_t *ret, struct err *err)
{
	for (size_t i = 0; word && i < sizeof(actions) / sizeof(*actions); i++) {
		if (!str_eq(actions[i].word, word))
			continue;
		uint32_t data = errno_ret ? *errno_ret : actions[i].max_data ? EPERM : 0;
		if (data > actions[i].max_data)
			return err_say(err, EINVAL, "seccomp: %s cannot carry errno %u", word,
				       data);
		*ret = actions[i].value | data;
		return 0;
	}
	return err_say(err, EINVAL, "seccomp: unknown action \"%s\"", word ? word : "");
}

/* Lower is stricter: the kernel's own order (seccomp(2)). */
static int32_t strictness(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

static bool is_permissive(uint32_t action)
{
	return strictness(action) >= strictness(SECCOMP_RET_TRACE);
}

static int parse_flags(const struct config_seccomp *p, const struct host *host, bool notifies,
		       uint32_t *ret, struct err *err)
{
	enum { LINUX_5_19 = 5 << 16 | 19 << 8 };
	uint32_t flags = p->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	for (size_t i = 0; p->flags && i < p->n_flags; i++) {
		const char *f = p->flags[i];
		if (str_eq(f, "SECCOMP_FILTER_FLAG_LOG"))
			flags |= SECCOMP_FILTER_FLAG_LOG;
		else if (str_eq(f, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
			flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		else if (str_eq(f, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
			flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
		/* There is one thread only, so nothing to synchronize. */
		else if (!str_eq(f, "SECCOMP_FILTER_FLAG_TSYNC"))
			return err_say(err, EINVAL, "seccomp: unknown flag \"%s\"", f);
	}
	if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && host->kernel < LINUX_5_19)
		return err_say(err, ENOTSUP,
			       "seccomp: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19");
	if (notifies)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else /* the kernel refuses it without a listener */
		flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	*ret = flags;
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------------ */

static int check_args(const struct config_syscall *s, bool *ret_repeats, struct err *err)
{
	unsigned seen = 0;
	bool repeats = false;

	for (size_t i = 0; i < s->n_args; i++) {
		if (s->args[i].index > 5 || s->args[i].op == CONFIG_SYSCALL_ARG_OP_NONE)
			return err_say(err, EINVAL,
				       "seccomp: a condition needs an op and an index from 0 to 5");
		repeats |= seen >> s->args[i].index & 1;
		seen |= 1U << s->args[i].index;
	}
	*ret_repeats = repeats;
	return 0;
}

static struct seccomp_condition condition_of(const struct config_syscall_arg *a)
{
	return (struct seccomp_condition){a->op, a->index, a->value, a->value_two};
}

/* Conditions of one rule must all hold; but where two are of the same argument each of them becomes
 * a rule of its own, as runc has it and profiles expect. */
static int read_choice(struct compiler *c, const struct config_syscall *s, struct choice *ret,
		       struct err *err)
{
	uint32_t action = 0;
	bool repeats = false;

	int r = parse_action(s->action, s->has_errno_ret ? &s->errno_ret : NULL, &action, err);
	if (r == 0)
		r = check_args(s, &repeats, err);
	if (r < 0)
		return r;
	ret->syscall = s;
	ret->n = repeats ? s->n_args : 1;
	ret->rules = arena_zalloc(&c->mem, ret->n, sizeof(*ret->rules));
	for (size_t i = 0; i < ret->n; i++)
		ret->rules[i].action = action;
	for (size_t i = 0; i < s->n_args; i++) {
		struct seccomp_rule *rule = &ret->rules[repeats ? i : 0];
		rule->conditions[rule->n++] = condition_of(&s->args[i]);
	}
	c->max_entries += 2 * ret->n * s->n_names;
	c->notifies |= action == SECCOMP_RET_USER_NOTIF;
	return 0;
}

static void add_entry(struct compiler *c, uint32_t number, size_t order,
		      const struct seccomp_rule *rule)
{
	c->entries[c->n_entries++] = (struct entry){number, (uint32_t)order, rule};
}

/* The rule at the multiplexer for a call behind it: its number is the first argument, its own
 * arguments cannot be seen. */
static void add_behind(struct compiler *c, const struct seccomp_mux *mux, unsigned pseudo,
		       size_t order, const struct seccomp_rule *rule)
{
	bool is_ipc = pseudo >= 200;
	bool refuses = strictness(rule->action) < strictness(c->default_action);
	struct seccomp_rule *r = arena_zalloc(&c->mem, 1, sizeof(*r));

	if (rule->n && !refuses)
		return;
	r->action = rule->action;
	r->is_widened = rule->n > 0;
	r->n = 1;
	r->conditions[0] = (struct seccomp_condition){.op = CONFIG_SYSCALL_ARG_OP_EQ,
						      .a = pseudo % (is_ipc ? 200 : 100)};
	if (is_ipc && refuses)
		r->conditions[0] = (struct seccomp_condition){
			.op = CONFIG_SYSCALL_ARG_OP_MASKED_EQ, .a = 0xffff, .b = pseudo % 200};
	add_entry(c, is_ipc ? mux->ipc : mux->socketcall, order, r);
}

static void add_name(struct compiler *c, uint32_t arch, const struct seccomp_mux *mux,
		     const char *name, size_t order)
{
	const struct choice *choice = &c->choices[order];
	int number = seccomp_number(arch, name);

	for (size_t i = 0; i < choice->n; i++) {
		const struct seccomp_rule *rule = &choice->rules[i];
		if (number >= 0) {
			add_entry(c, (uint32_t)number, order, rule);
		} else if (number <= -100 && number > -300 && mux->socketcall) {
			add_behind(c, mux, (unsigned)-number, order, rule);
			if (mux->direct[-number])
				add_entry(c, (uint32_t)mux->direct[-number], order, rule);
		}
	}
}

/* ---- spans ------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Sorted, strictest first; of equally strict ones in the profile's order. */
static void add_rule(const struct seccomp_rule **rules, unsigned *n,
		     const struct seccomp_rule *rule)
{
	unsigned at = *n;

	if (at && rules[at - 1] == rule)
		return;
	for (; at > 0 && strictness(rules[at - 1]->action) > strictness(rule->action); at--)
		rules[at] = rules[at - 1];
	rules[at] = rule;
	++*n;
}

/* What the n rules for one number come to. */
static struct seccomp_span decide(struct compiler *c, const struct entry *entries, size_t n,
				  bool is_wide)
{
	struct seccomp_span s = {entries->number, c->default_action, is_wide, 0, NULL};
	const struct seccomp_rule **rules = NULL;
	bool has_plain = false;

	for (size_t i = 0; i < n && !has_plain; i++) {
		const struct seccomp_rule *rule = entries[i].rule;
		has_plain = rule->n == 0 && rule->action != c->default_action;
		if (has_plain)
			s.action = rule->action;
	}
	for (size_t i = 0; i < n; i++) {
		const struct seccomp_rule *rule = entries[i].rule;
		bool is_stricter = strictness(rule->action) < strictness(s.action);
		if (rule->n == 0 || (has_plain && (!is_stricter || rule->is_widened)))
			continue;
		if (!rules)
			rules = arena_zalloc(&c->mem, n, sizeof(struct seccomp_rule *));
		c->is_too_long |= s.n_rules == BPF_MAXINSNS;
		if (c->is_too_long)
			break;
		add_rule(rules, &s.n_rules, rule);
	}
	/* The last ones need not be asked if the answer is the same without. */
	while (s.n_rules && rules[s.n_rules - 1]->action == s.action)
		s.n_rules--;
	s.rules = s.n_rules ? rules : NULL;
	return s;
}

static bool same_verdict(const struct seccomp_span *a, const struct seccomp_span *b)
{
	if (a->action != b->action || a->n_rules != b->n_rules ||
	    (a->n_rules && a->is_wide != b->is_wide))
		return false;
	for (unsigned i = 0; i < a->n_rules; i++)
		if (a->rules[i] != b->rules[i])
			return false;
	return true;
}

static void add_span(struct seccomp_table *t, const struct seccomp_span *s)
{
	if (t->n && same_verdict(&t->spans[t->n - 1], s))
		return;
	t->spans[t->n++] = *s;
}

static void add_plain(struct seccomp_table *t, uint32_t first, uint32_t action)
{
	add_span(t, &(struct seccomp_span){.first = first, .action = action});
}

/* Appends the spans of one ABI, whose numbers begin at `first`. */
static void add_abi(struct compiler *c, struct seccomp_table *t, uint32_t arch, uint32_t first)
{
	bool is_wide = arch & __AUDIT_ARCH_64BIT && !(arch & __AUDIT_ARCH_CONVENTION_MIPS64_N32);
	struct seccomp_mux mux;

	c->n_entries = 0;
	seccomp_mux_load(arch, &mux);
	for (size_t i = 0; i < c->profile->n_syscalls; i++)
		for (size_t j = 0; j < c->profile->syscalls[i].n_names; j++)
			add_name(c, arch, &mux, c->profile->syscalls[i].names[j], i);
	qsort(c->entries, c->n_entries, sizeof(*c->entries), compare_entries);
	t->spans = mem_resize(t->spans, t->n + 2 * c->n_entries + 4, sizeof(*t->spans));
	uint32_t next = first;
	for (size_t i = 0, n; i < c->n_entries; i += n) {
		uint32_t number = c->entries[i].number;
		for (n = 1; i + n < c->n_entries && c->entries[i + n].number == number; n++)
			;
		if (number > next)
			add_plain(t, next, c->default_action);
		struct seccomp_span s = decide(c, &c->entries[i], n, is_wide);
		add_span(t, &s);
		next = number + 1;
	}
	add_plain(t, next, c->n_entries ? c->newer_action : c->default_action);
}

static bool has_arch(const struct compiler *c, uint32_t arch)
{
	for (size_t i = 0; i < c->n_archs; i++)
		if (c->archs[i] == arch)
			return true;
	return false;
}

/* x86-64 and x32 are one architecture to the kernel; a bit of the number tells them apart. */
static void add_x86_64(struct compiler *c, struct seccomp_table *t)
{
	t->arch = AUDIT_ARCH_X86_64;
	t->spans = mem_zalloc(4, sizeof(*t->spans));
	if (has_arch(c, SCMP_ARCH_X86_64))
		add_abi(c, t, SCMP_ARCH_X86_64, 0);
	else
		add_plain(t, 0, SECCOMP_RET_KILL_THREAD);
	if (has_arch(c, SCMP_ARCH_X32)) {
		add_abi(c, t, SCMP_ARCH_X32, X32_BIT);
		return;
	}
	add_plain(t, X32_BIT, SECCOMP_RET_KILL_THREAD);
	/* What a tracer makes of a call that it wants skipped. */
	add_plain(t, UINT32_MAX, c->default_action);
}

static void make_tables(struct compiler *c)
{
	bool is_x86_done = false;

	for (size_t i = 0; i < c->n_archs; i++) {
		uint32_t arch = c->archs[i];
		bool is_x86 = arch == SCMP_ARCH_X86_64 || arch == SCMP_ARCH_X32;
		if (is_x86 && is_x86_done)
			continue;
		struct seccomp_table *t = &c->tables[c->n_tables++];
		if (is_x86) {
			add_x86_64(c, t);
			is_x86_done = true;
		} else {
			t->arch = arch;
			add_abi(c, t, arch, 0);
		}
	}
}

/* ---- the profile ------------------------------------------------------------------------------ */

/* "SCMP_ARCH_X86_64" to its token; 0: libseccomp does not know it. */
static uint32_t parse_arch(const char *word)
{
	char name[32];
	size_t n = 0;

	if (!str_starts(word, "SCMP_ARCH_"))
		return 0;
	for (word += strlen("SCMP_ARCH_"); word[n] && n + 1 < sizeof(name); n++)
		name[n] = (char)tolower((unsigned char)word[n]);
	name[n] = 0;
	return seccomp_arch_resolve_name(name);
}

/* What the machine itself speaks is always there. Those of the other byte order never come up, and
 * their arguments could not be told. */
static void read_archs(struct compiler *c)
{
	uint32_t native = seccomp_arch_native();

	c->archs[c->n_archs++] = native;
	for (size_t i = 0; i < c->profile->n_architectures; i++) {
		uint32_t arch = parse_arch(c->profile->architectures[i]);
		if (arch && !((arch ^ native) & __AUDIT_ARCH_LE) && !has_arch(c, arch) &&
		    c->n_archs < SECCOMP_TABLES_MAX)
			c->archs[c->n_archs++] = arch;
	}
}

static int read_profile(struct compiler *c, struct err *err)
{
	const struct config_seccomp *p = c->profile;

	int r = parse_action(p->default_action,
			     p->has_default_errno_ret ? &p->default_errno_ret : NULL,
			     &c->default_action, err);
	if (r < 0)
		return r;
	if (c->default_action == SECCOMP_RET_USER_NOTIF)
		return err_say(err, EINVAL, "seccomp: SCMP_ACT_NOTIFY cannot be the default");
	/* As runc has it: programs try new system calls, and know what to do without them only if
	 * they are told that there are none. */
	c->newer_action =
		is_permissive(c->default_action) ? c->default_action : SECCOMP_RET_ERRNO | ENOSYS;
	c->choices = arena_zalloc(&c->mem, p->n_syscalls, sizeof(*c->choices));
	for (size_t i = 0; i < p->n_syscalls && r == 0; i++)
		r = read_choice(c, &p->syscalls[i], &c->choices[i], err);
	if (r == 0)
		read_archs(c);
	return r;
}

static void compiler_clear(struct compiler *c)
{
	for (size_t i = 0; i < c->n_tables; i++)
		free(c->tables[i].spans);
	arena_clear(&c->mem);
}

int seccomp_compile(const struct config_seccomp *profile, const struct host *host,
		    struct seccomp_filter *ret, struct err *err)
{
	struct compiler c = {.profile = profile};
	struct seccomp_filter f = {0};

	int r = read_profile(&c, err);
	if (r == 0)
		r = parse_flags(profile, host, c.notifies, &f.flags, err);
	if (r == 0) {
		c.entries = arena_zalloc(&c.mem, c.max_entries, sizeof(*c.entries));
		make_tables(&c);
		if (c.is_too_long)
			r = err_say(err, E2BIG, "seccomp: too many rules for one call");
	}
	if (r == 0)
		r = seccomp_emit(c.tables, c.n_tables, SECCOMP_RET_KILL_THREAD, &f.code, &f.n, err);
	compiler_clear(&c);
	if (r == 0)
		*ret = f;
	return r;
}
