/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a seccomp profile and as questions about it: what is compiled must be a program that
 * the kernel takes, and must answer as a plain reading of the profile does. */
#include <stdint.h>
#include <stdlib.h>

#include "namespaces/seccomp.h"
#include "runtime/base/auto.h"
#include "runtime/base/mem.h"
#include "tests/lib/cbpf.h"
#include "tests/lib/profile.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input; zeros behind its end. */
struct input {
	const uint8_t *p;
	size_t left;
};

static unsigned take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

/* Mostly small, or near a power of two: where comparisons go wrong. */
static uint64_t take_value(struct input *in)
{
	unsigned shift = take(in) % 64;
	uint64_t low = take(in);

	return low << shift | (shift & 1 ? (uint64_t)-1 << shift : 0);
}

static const char *take_word(struct input *in, const char *const *words, size_t n)
{
	return words[take(in) % n];
}

static void take_rule(struct input *in, struct arena *mem, struct config_syscall *s)
{
	static const char *const actions[] = {"SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",
					      "SCMP_ACT_LOG",          "SCMP_ACT_TRAP",
					      "SCMP_ACT_KILL",         "SCMP_ACT_TRACE",
					      "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_NOTIFY",
					      "SCMP_ACT_NONE"};
	static const char *const names[] = {
		"read",  "write",  "open",  "clone", "ioctl", "mmap",   "socket",   "bind",
		"recv",  "semop",  "ipc",   "time",  "fcntl", "fork",   "set_tls",  "cachestat",
		"shmat", "execve", "wait4", "kill",  "umask", "getuid", "nonesuch", "socketcall"};

	s->n_names = take(in) % 4;
	s->names = arena_zalloc(mem, s->n_names, sizeof(*s->names));
	for (size_t i = 0; i < s->n_names; i++)
		s->names[i] = take_word(in, names, LENGTH(names));
	s->action = take_word(in, actions, LENGTH(actions));
	s->has_errno_ret = take(in) % 8 == 0;
	s->errno_ret = take(in);
	s->n_args = take(in) % 5;
	s->args = arena_zalloc(mem, s->n_args, sizeof(*s->args));
	for (size_t i = 0; i < s->n_args; i++)
		s->args[i] = (struct config_syscall_arg){
			.index = take(in) % 6,
			.value = take_value(in),
			.value_two = take_value(in),
			.op = (enum config_syscall_arg_op)(take(in) % 8),
		};
}

static struct config_seccomp *take_profile(struct input *in, struct arena *mem)
{
	static const char *const defaults[] = {"SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL",
					       "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"};
	static const char *archs[] = {"SCMP_ARCH_X86",     "SCMP_ARCH_X32",
				      "SCMP_ARCH_ARM",     "SCMP_ARCH_S390X",
				      "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64"};
	struct config_seccomp *p = arena_zalloc(mem, 1, sizeof(*p));

	p->default_action = take_word(in, defaults, LENGTH(defaults));
	p->architectures = archs;
	p->n_architectures = take(in) % (LENGTH(archs) + 1);
	p->n_syscalls = take(in) % 64;
	p->syscalls = arena_zalloc(mem, p->n_syscalls, sizeof(*p->syscalls));
	for (size_t i = 0; i < p->n_syscalls; i++)
		take_rule(in, mem, &p->syscalls[i]);
	return p;
}

static void ask(struct input *in, const struct config_seccomp *p, const struct seccomp_filter *f)
{
	/* Those without multiplexers: their calls are read otherwise on purpose. */
	static const struct profile_abi abis[] = {
		{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0},
		{SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x40000000},
		{SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0},
	};
	const struct profile_abi *abi = &abis[take(in) % LENGTH(abis)];
	unsigned number = take(in) | (take(in) & 3) << 8;
	struct seccomp_data d = {.arch = abi->arch, .nr = (int)(number | abi->base)};

	for (size_t i = 0; i < LENGTH(d.args); i++)
		d.args[i] = take_value(in);
	if (cbpf_run(f->code, f->n, &d) != profile_verdict(p, abi, &d))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct host host = {.kernel = 6 << 16};
	auto_(arena) struct arena mem = {0};
	auto_(seccomp_filter) struct seccomp_filter f = {0};
	struct input in = {data, size};
	struct err err = {0};
	const struct config_seccomp *p = take_profile(&in, &mem);

	int r = seccomp_compile(p, &host, &f, &err);
	if ((r < 0) != (err.num != 0) || (r < 0) != (f.code == NULL))
		abort();
	if (r < 0)
		return 0;
	if (!seccomp_filter_ok(f.code, f.n))
		abort();
	for (unsigned i = 0; i < 16; i++)
		ask(&in, p, &f);
	return 0;
}
