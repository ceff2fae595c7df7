/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of profiles by the hundred, judged by what they answer to every number with arguments
 * around those that the rules name.
 *
 * Where each call has one rule, libseccomp's filter has to give the same answers. Where there are
 * more, libseccomp 2.5.4 is no judge: it forgets to load an argument again between two of them (so
 * that "a0 <= 5 and a3 == 2" or "a0 >= 6" may hold for a0 = 2), and what it makes of rules that
 * contradict one another depends on how it sorts them. There a plain reading of the profile judges. */
#include <fcntl.h>

#include "namespaces/seccomp.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"
#include "runtime/config/decode.h"
#include "tests/lib/cbpf.h"
#include "tests/lib/profile.h"
#include "tests/lib/test.h"

#define X32 0x40000000U
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static const struct host host = {.kernel = 6 << 16};

static const struct profile_abi abis[] = {
	{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0},   {SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32},
	{SCMP_ARCH_X86, AUDIT_ARCH_I386, 0},        {SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0},
	{SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0},
};
static const char *archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
			      "SCMP_ARCH_AARCH64", "SCMP_ARCH_RISCV64"};

static const char *const actions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG",
				      "SCMP_ACT_TRAP",  "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS",
				      "SCMP_ACT_TRACE"};
static const char *const names[] = {
	"read",   "write",    "open",       "openat",     "close",     "clone",
	"clone3", "ioctl",    "mmap",       "mmap2",      "futex",     "personality",
	"time",   "set_tls",  "arch_prctl", "breakpoint", "cachestat", "io_uring_setup",
	"fcntl",  "nonesuch", "exit_group", "fcntl64",    "getrandom", "clock_gettime64"};
/* Those with a multiplexer, where a rule with conditions is read differently on purpose. Of accept
 * and the like, which only a multiplexer has, libseccomp 2.5.4 makes a broken filter. */
static const char *const muxed_names[] = {"socket", "accept4",  "bind",   "connect", "sendto",
					  "semget", "recvmmsg", "msgctl", "shmat",   "shutdown"};

static const uint64_t values[] = {
	0,          1,           2,           5,          6,
	0x7f,       0x10000000,  0x7e020000,  0xfffffffe, 0xffffffff,
	1ULL << 32, 0x100000001, 0x100000005, 1ULL << 63, 0xffffffff00000000,
	~1ULL,      ~0ULL,
};

/* Deterministic, so that a failure comes again. */
static uint32_t roll(uint64_t *seed, size_t below)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((*seed >> 33) % below);
}

#define PICK(seed, list) ((list)[roll((seed), LENGTH(list))])

/* ---- random profiles -------------------------------------------------------------------------- */

static void random_args(struct arena *mem, uint64_t *seed, struct config_syscall *s,
			bool may_repeat)
{
	s->n_args = roll(seed, 4);
	s->args = arena_zalloc(mem, s->n_args, sizeof(*s->args));
	for (size_t i = 0; i < s->n_args; i++)
		s->args[i] = (struct config_syscall_arg){
			.index = may_repeat ? roll(seed, 6) : (uint32_t)i * 2,
			.value = PICK(seed, values),
			.value_two = PICK(seed, values),
			.op = (enum config_syscall_arg_op)(1 + roll(seed, 7)),
		};
}

static struct config_syscall random_rule(struct arena *mem, uint64_t *seed, const char *name)
{
	struct config_syscall s = {.n_names = 1, .action = PICK(seed, actions)};

	s.names = arena_zalloc(mem, 1, sizeof(*s.names));
	s.names[0] = name;
	return s;
}

/* One rule for each name. */
static void add_simple_rules(struct arena *mem, uint64_t *seed, struct config_seccomp *p)
{
	for (size_t i = 0; i < LENGTH(names) + LENGTH(muxed_names); i++) {
		bool is_muxed = i >= LENGTH(names);
		const char *name = is_muxed ? muxed_names[i - LENGTH(names)] : names[i];
		if (roll(seed, 3) == 0)
			continue;
		struct config_syscall s = random_rule(mem, seed, name);
		if (!is_muxed)
			random_args(mem, seed, &s, false);
		p->syscalls[p->n_syscalls++] = s;
	}
}

/* Few names, many rules. */
static void add_crowded_rules(struct arena *mem, uint64_t *seed, struct config_seccomp *p)
{
	for (size_t i = 0; i < LENGTH(names); i++) {
		struct config_syscall s = random_rule(mem, seed, names[roll(seed, 7)]);
		random_args(mem, seed, &s, true);
		p->syscalls[p->n_syscalls++] = s;
	}
}

static struct config_seccomp *random_profile(struct arena *mem, uint64_t *seed, bool is_simple)
{
	struct config_seccomp *p = arena_zalloc(mem, 1, sizeof(*p));

	p->default_action = PICK(seed, actions);
	p->architectures = archs;
	p->n_architectures = roll(seed, LENGTH(archs) + 1);
	p->syscalls = arena_zalloc(mem, LENGTH(names) + LENGTH(muxed_names), sizeof(*p->syscalls));
	if (is_simple)
		add_simple_rules(mem, seed, p);
	else
		add_crowded_rules(mem, seed, p);
	return p;
}

/* ---- questions -------------------------------------------------------------------------------- */

/* A profile, our filter of it, and (of a simple one) libseccomp's. */
struct pair {
	const struct config_seccomp *p;
	struct seccomp_filter ours;
	struct sock_filter *theirs;
	size_t n_theirs;
};

static void pair_clear(struct pair *q)
{
	seccomp_filter_clear(&q->ours);
	free(q->theirs);
}

static bool pair_make(struct pair *q, bool is_simple)
{
	struct err err = {0};

	if (is_simple)
		q->n_theirs = scmp_compile(q->p, &q->theirs);
	return CHECK(!is_simple || q->n_theirs) &&
	       CHECK_INT(seccomp_compile(q->p, &host, &q->ours, &err), 0) &&
	       CHECK(seccomp_filter_ok(q->ours.code, q->ours.n));
}

static bool is_right(const struct pair *q, const struct profile_abi *abi,
		     const struct seccomp_data *d, bool is_simple)
{
	uint32_t ours = cbpf_run(q->ours.code, q->ours.n, d);
	uint32_t right =
		is_simple ? cbpf_run(q->theirs, q->n_theirs, d) : profile_verdict(q->p, abi, d);

	if (ours == right)
		return true;
	if (is_simple && ours == (SECCOMP_RET_ERRNO | ENOSYS) &&
	    d->nr > profile_highest(q->p, abi->token))
		return true;
	printf("# arch %x number %d args %llx %llx %llx %llx %llx %llx: %x, should be %x\n",
	       abi->token, d->nr, d->args[0], d->args[1], d->args[2], d->args[3], d->args[4],
	       d->args[5], ours, right);
	return false;
}

static bool compare_number(const struct pair *q, const struct profile_abi *abi, int number,
			   uint64_t *seed, bool is_simple)
{
	struct seccomp_data d = {.arch = abi->arch, .nr = number};
	bool right = true, is_named = false;

	for (size_t i = 0; i < q->p->n_syscalls && !is_named; i++)
		is_named = q->p->syscalls[i].n_args &&
			   profile_names(&q->p->syscalls[i], abi->token, number);
	for (unsigned k = 0; k < (is_named ? 40U : 2U) && right; k++) {
		for (size_t a = 0; a < 6; a++)
			d.args[a] = PICK(seed, values);
		right = is_right(q, abi, &d, is_simple);
	}
	return right;
}

static bool compare(const struct pair *q, uint64_t *seed, bool is_simple)
{
	bool right = true;

	for (size_t i = 0; i < LENGTH(abis); i++)
		for (int number = 0; number <= 600 && right; number++)
			right = compare_number(q, &abis[i], number | (int)abis[i].base, seed,
					       is_simple);
	return right;
}

static void compare_random(unsigned n, bool is_simple)
{
	for (uint64_t i = 1; i <= n; i++) {
		auto_(arena) struct arena mem = {0};
		uint64_t seed = i;
		auto_(pair) struct pair q = {.p = random_profile(&mem, &seed, is_simple)};
		if (!pair_make(&q, is_simple) || !CHECK(compare(&q, &seed, is_simple)))
			return;
	}
}

TEST(one_rule_a_call_agrees_with_libseccomp)
{
	compare_random(150, true);
}

TEST(many_rules_a_call_agree_with_a_plain_reading)
{
	compare_random(60, false);
}

/* Debian's containers-common has the profile that Podman and others use. All its rules at once,
 * whatever capabilities they are meant for. */
TEST(an_ordinary_profile_agrees_with_libseccomp)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str text = {0};
	struct config_seccomp *p = NULL;
	struct err err = {0};
	uint64_t seed = 1;

	if (fd_read_file(AT_FDCWD, "/usr/share/containers/seccomp.json", 1 << 20, &text) < 0)
		SKIP("no /usr/share/containers/seccomp.json");
	CHECK_INT(decode_object(&config_seccomp_table, text.p, text.len, &mem, (void **)&p, &err),
		  0);
	MUST(p);
	p->architectures = archs;
	p->n_architectures = 3;
	auto_(pair) struct pair q = {.p = p};
	MUST(pair_make(&q, true));
	CHECK(compare(&q, &seed, true));
	CHECK(q.ours.n < q.n_theirs / 2); /* what all this is for */
}
