/* SPDX-License-Identifier: Apache-2.0 */
/* Filters are judged by what they answer to calls; here to those written out by hand. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "namespaces/seccomp.h"
#include "runtime/base/auto.h"
#include "runtime/base/mem.h"
#include "runtime/config/decode.h"
#include "tests/lib/cbpf.h"
#include "tests/lib/test.h"

#define X32 0x40000000U
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static const struct host host = {.kernel = 6 << 16};

static struct config_seccomp *parse(struct arena *a, const char *json)
{
	struct err err = {0};
	void *p = NULL;

	CHECK_INT(decode_object(&config_seccomp_table, json, strlen(json), a, &p, &err), 0);
	CHECK_STR(err.msg, "");
	return p;
}

static struct seccomp_filter compile(const char *json)
{
	auto_(arena) struct arena a = {0};
	struct seccomp_filter f = {0};
	struct err err = {0};
	const struct config_seccomp *p = parse(&a, json);

	if (p && CHECK_INT(seccomp_compile(p, &host, &f, &err), 0))
		CHECK(seccomp_filter_ok(f.code, f.n));
	CHECK_STR(err.msg, "");
	return f;
}

static void refuses(const char *json, int code, const char *message)
{
	auto_(arena) struct arena a = {0};
	struct seccomp_filter f = {0};
	struct err err = {0};
	const struct config_seccomp *p = parse(&a, json);

	MUST(p);
	CHECK_INT(seccomp_compile(p, &host, &f, &err), code);
	CHECK_STR(err.msg, message);
}

static uint32_t ask(const struct seccomp_filter *f, uint32_t arch, uint32_t number, uint64_t a0,
		    uint64_t a1)
{
	struct seccomp_data d = {.arch = arch, .nr = (int)number, .args = {a0, a1}};

	return cbpf_run(f->code, f->n, &d);
}

static int number(const char *name)
{
	return seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
}

#ifdef __x86_64__
TEST(plain_rules_and_architectures)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		"\"syscalls\":[{\"names\":[\"read\",\"mseal\",\"nonesuch\"],"
		"\"action\":\"SCMP_ACT_ALLOW\"}]}");

	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, 0, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, 1, 0, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, 0, 0, 0), ERRNO(EPERM));
	/* A name that libseccomp is too old for, and what is newer than that. */
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, 462, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, 463, 0, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, 463, 0, 0), ERRNO(ENOSYS));
	/* x32 was not asked for; -1 is a tracer's; ARM cannot be. */
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, X32, 0, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, UINT32_MAX, 0, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_ARM, 3, 0, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(f.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

TEST(permissive_default_lets_newer_calls_through)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[],\"syscalls\":[{\"names\":"
		"[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5}]}");

	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, (uint32_t)number("mkdir"), 0, 0), ERRNO(5));
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, 9999, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(f.flags, 0);
}

/* The case of CVE-2019-10063: the kernel looks at 32 bits of an ioctl's number. A rule that refuses
 * holds beside one that allows, whichever comes first. */
TEST(a_condition_refuses_what_a_plain_rule_allows)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":1,"
		"\"value\":4294967295,\"valueTwo\":21522,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}");
	uint32_t ioctl = (uint32_t)number("ioctl");

	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, ioctl, 0, 0x5413), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, ioctl, 0, 0x5412), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, ioctl, 0, 0x100005412), ERRNO(EPERM));
}

TEST(of_plain_rules_the_first_counts)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"setns\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"setns\"],\"action\":\"SCMP_ACT_ERRNO\"}]}");

	CHECK_INT(ask(&f, AUDIT_ARCH_X86_64, (uint32_t)number("setns"), 0, 0), SECCOMP_RET_ALLOW);
}

TEST(multiplexers_refuse_what_they_cannot_see)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		"\"syscalls\":[{\"names\":[\"bind\",\"semop\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		"\"value\":40,\"op\":\"SCMP_CMP_NE\"}]}]}");
	enum { SOCKETCALL = 102, IPC = 117, SOCKET = 359, BIND = 361 };

	CHECK_INT(ask(&f, AUDIT_ARCH_I386, BIND, 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKET, 2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKET, 40, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKETCALL, 2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKETCALL, 1, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, IPC, 1, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, IPC, 0x10001, 0), ERRNO(EPERM));
}

TEST(multiplexers_are_refused_for_what_is_behind_them)
{
	static const char rules[] =
		"{\"names\":[\"semop\"],\"action\":\"SCMP_ACT_ERRNO\"},"
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,"
		"\"value\":38,\"op\":\"SCMP_CMP_EQ\"}]}";
	static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":"
				      "[\"SCMP_ARCH_X86\"],\"syscalls\":[%s%s]}";
	char json[1000];
	enum { SOCKETCALL = 102, IPC = 117 };

	snprintf(json, sizeof(json), profile, rules, "");
	auto_(seccomp_filter) struct seccomp_filter f = compile(json);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKETCALL, 1, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, SOCKETCALL, 2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, AUDIT_ARCH_I386, IPC, 0x70001, 0), ERRNO(EPERM));
	/* As said of the multiplexer itself, the condition that it hides does not count. */
	snprintf(json, sizeof(json), profile, rules,
		 ",{\"names\":[\"socketcall\"],\"action\":\"SCMP_ACT_LOG\"}");
	auto_(seccomp_filter) struct seccomp_filter g = compile(json);
	CHECK_INT(ask(&g, AUDIT_ARCH_I386, SOCKETCALL, 1, 0), SECCOMP_RET_LOG);
}
#endif

TEST(actions_and_flags)
{
	auto_(seccomp_filter) struct seccomp_filter f =
		compile("{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7,\"flags\":["
			"\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_LOG\","
			"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"syscalls\":["
			"{\"names\":[\"mkdirat\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}");

	CHECK_INT(f.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER |
				   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	CHECK_INT(ask(&f, seccomp_arch_native(), (uint32_t)seccomp_syscall_resolve_name("mkdirat"),
		      0, 0),
		  SECCOMP_RET_USER_NOTIF);
	CHECK_INT(ask(&f, seccomp_arch_native(), 9999, 0, 0), SECCOMP_RET_TRACE | 7);
	CHECK_INT(ask(&f, 1, 0, 0, 0), SECCOMP_RET_KILL_THREAD);
}

TEST(what_has_no_meaning_is_refused)
{
	refuses("{\"defaultAction\":\"SCMP_ACT_NONE\"}", -EINVAL,
		"seccomp: unknown action \"SCMP_ACT_NONE\"");
	refuses("{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", -EINVAL,
		"seccomp: SCMP_ACT_NOTIFY cannot be the default");
	refuses("{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":1}", -EINVAL,
		"seccomp: SCMP_ACT_KILL cannot carry errno 1");
	/* The kernel would take it for 0, which is success. */
	refuses("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":65536}", -EINVAL,
		"seccomp: SCMP_ACT_ERRNO cannot carry errno 65536");
	refuses("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}", -EINVAL,
		"seccomp: unknown flag \"X\"");
}

static int compile_many(size_t n, struct err *err)
{
	static const char *names[] = {"read"};
	auto_(arena) struct arena a = {0};
	struct config_seccomp p = {.default_action = "SCMP_ACT_ERRNO", .n_syscalls = n};
	struct seccomp_filter f = {0};

	p.syscalls = arena_zalloc(&a, n, sizeof(*p.syscalls));
	for (size_t i = 0; i < n; i++) {
		struct config_syscall *s = &p.syscalls[i];
		*s = (struct config_syscall){
			.names = names, .n_names = 1, .action = "SCMP_ACT_ALLOW", .n_args = 1};
		s->args = arena_zalloc(&a, 1, sizeof(*s->args));
		s->args[0].op = CONFIG_SYSCALL_ARG_OP_EQ;
		s->args[0].value = i;
	}
	int r = seccomp_compile(&p, &host, &f, err);
	seccomp_filter_clear(&f);
	return r;
}

TEST(what_the_kernel_would_not_take_is_refused)
{
	struct err err = {0};

	CHECK_INT(compile_many(900, &err), 0);
	CHECK_INT(compile_many(1100, &err), -E2BIG);
	CHECK_STR(err.msg, "the seccomp profile needs more than 4096 instructions");
	CHECK_INT(compile_many(100000, &err), -E2BIG);
	CHECK_STR(err.msg, "seccomp: too many rules for one call");
}

TEST(broken_programs_are_told)
{
	struct sock_filter ret = {BPF_RET | BPF_K, 0, 0, 0}, jump = {BPF_JMP | BPF_JA, 0, 0, 1},
			   load = {BPF_LD | BPF_W | BPF_ABS, 0, 0, 64}, mem = {BPF_ST, 0, 0, 0};

	CHECK(seccomp_filter_ok(&ret, 1));
	CHECK(!seccomp_filter_ok(&ret, 0));
	CHECK(!seccomp_filter_ok((struct sock_filter[]){jump, ret}, 2));
	CHECK(!seccomp_filter_ok((struct sock_filter[]){load, ret}, 2));
	CHECK(!seccomp_filter_ok((struct sock_filter[]){mem, ret}, 2));
	jump.k = 0;
	CHECK(seccomp_filter_ok((struct sock_filter[]){jump, ret}, 2));
	CHECK(!seccomp_filter_ok((struct sock_filter[]){ret, jump}, 2));
	jump.k = UINT32_MAX;
	CHECK(!seccomp_filter_ok((struct sock_filter[]){jump, ret}, 2));
}
