/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "image/seccomp_file.h"
#include "namespaces/caps.h"
#include "runtime/base/str.h"
#include "tests/lib/test.h"

static const struct seccomp_for nobody = {.kernel = 6 << 16 | 1 << 8};

static struct config_seccomp *resolve(const char *text, const struct seccomp_for *who,
				      struct arena *mem)
{
	struct config_seccomp *s = NULL;
	struct err err = {0};

	if (!CHECK_INT(seccomp_file_resolve(text, strlen(text), who, mem, &s, &err), 0))
		CHECK_STR(err.msg, "");
	return s;
}

/* Whether a rule with that condition counts for `who`. */
static bool counts(const char *condition, const struct seccomp_for *who)
{
	auto_(arena) struct arena mem = {0};
	const char *text = arena_printf(
		&mem,
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"bpf\"], "
		"\"action\": \"SCMP_ACT_ALLOW\", %s}]}",
		condition);
	struct config_seccomp *s = resolve(text, who, &mem);

	return s && s->n_syscalls == 1;
}

TEST(seccomp_file_plain_members)
{
	auto_(arena) struct arena mem = {0};
	struct config_seccomp *s = resolve(
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"flags\": "
		"[\"SECCOMP_FILTER_FLAG_LOG\"], \"architectures\": [\"SCMP_ARCH_X86\"], \"syscalls\": "
		"[{\"name\": \"read\", \"action\": \"SCMP_ACT_ALLOW\", \"args\": null, \"comment\": \"\"},"
		"{\"names\": [\"a\", \"b\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 5, \"args\": "
		"[{\"index\": 1, \"value\": 2, \"op\": \"SCMP_CMP_EQ\"}]}]}",
		&nobody, &mem);

	MUST(s);
	CHECK_STR(s->default_action, "SCMP_ACT_ERRNO");
	CHECK_INT(s->default_errno_ret, 38);
	CHECK_STR(s->flags[0], "SECCOMP_FILTER_FLAG_LOG");
	CHECK_STR(s->architectures[0], "SCMP_ARCH_X86");
	MUST(s->n_syscalls == 2);
	CHECK_STR(s->syscalls[0].names[0], "read");
	CHECK(!s->syscalls[0].has_errno_ret);
	CHECK_INT((long long)s->syscalls[1].n_names, 2);
	CHECK_INT(s->syscalls[1].errno_ret, 5);
	CHECK_INT(s->syscalls[1].args[0].index, 1);
	CHECK_INT(s->syscalls[1].args[0].op, CONFIG_SYSCALL_ARG_OP_EQ);
}

TEST(seccomp_file_architectures_are_this_machines)
{
	auto_(arena) struct arena mem = {0};
	struct config_seccomp *s = resolve(
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{\"architecture\": "
		"\"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]}, {\"architecture\": "
		"\"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"]}], \"syscalls\": []}",
		&nobody, &mem);

	MUST(s && s->n_architectures == 2);
#if defined(__x86_64__)
	CHECK_STR(s->architectures[0], "SCMP_ARCH_X86_64");
	CHECK_STR(s->architectures[1], "SCMP_ARCH_X86");
#endif
}

TEST(seccomp_file_conditions)
{
	struct seccomp_for admin = {.kernel = 6 << 16 | 1 << 8};

	admin.bounding = 1ULL << caps_number("CAP_SYS_ADMIN") | 1ULL << caps_number("CAP_BPF");
	CHECK(counts("\"includes\": {}, \"excludes\": {}", &nobody));
	CHECK(counts("\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", &admin));
	CHECK(!counts("\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", &nobody));
	/* All of the capabilities for an inclusion, any for an exclusion. */
	CHECK(!counts("\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_CHOWN\"]}", &admin));
	CHECK(!counts("\"excludes\": {\"caps\": [\"CAP_CHOWN\", \"CAP_BPF\"]}", &admin));
	CHECK(counts("\"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", &nobody));
	CHECK(!counts("\"includes\": {\"caps\": [\"CAP_NOSUCH\"]}", &admin));
	CHECK(counts("\"includes\": {\"minKernel\": \"4.8\"}", &nobody));
	CHECK(counts("\"includes\": {\"minKernel\": \"6.1\"}", &nobody));
	CHECK(!counts("\"includes\": {\"minKernel\": \"6.2\"}", &nobody));
	CHECK(!counts("\"includes\": {\"minKernel\": \"next\"}", &nobody));
	CHECK(!counts("\"excludes\": {\"minKernel\": \"5.0\"}", &nobody));
	CHECK(!counts("\"includes\": {\"arches\": [\"s390x\"]}", &nobody));
#if defined(__x86_64__)
	CHECK(counts("\"includes\": {\"arches\": [\"x86\", \"amd64\"]}", &nobody));
	CHECK(!counts("\"excludes\": {\"arches\": [\"amd64\"]}", &nobody));
#endif
}

TEST(seccomp_file_refuses_what_is_no_profile)
{
	static const char both[] = "{\"defaultAction\": \"A\", \"syscalls\": [{\"action\": \"A\", "
				   "\"name\": \"x\", \"names\": [\"y\"]}]}";
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"defaultAction\": 1}",
		"{\"defaultAction\": \"A\", \"archMap\": [{}], \"architectures\": [\"X\"]}",
		"{\"defaultAction\": \"A\", \"syscalls\": [{\"names\": [\"x\"]}]}",
		"{\"defaultAction\": \"A\", \"syscalls\": [{\"action\": \"A\"}]}",
		both,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_(arena) struct arena mem = {0};
		struct config_seccomp *s;
		struct err err;
		CHECK_INT(seccomp_file_resolve(texts[i], strlen(texts[i]), &nobody, &mem, &s, &err),
			  -EINVAL);
	}
}
