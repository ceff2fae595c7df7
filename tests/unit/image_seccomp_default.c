/* SPDX-License-Identifier: Apache-2.0 */
/* The default profile, judged by what its filter answers; and by programs that run under it. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/seccomp_default.h"
#include "namespaces/caps.h"
#include "namespaces/seccomp.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"
#include "tests/lib/cbpf.h"
#include "tests/lib/test.h"

#define BIT(n) ((uint64_t)1 << (n))
#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static struct seccomp_filter compile(uint64_t bounding)
{
	static const struct host host = {.kernel = 6 << 16};
	auto_(arena) struct arena mem = {0};
	struct seccomp_filter f = {0};
	struct err err = {0};

	CHECK_INT(seccomp_compile(seccomp_default(bounding, &mem), &host, &f, &err), 0);
	return f;
}

/* `number` of the machine's own ABI. */
static uint32_t ask_number(const struct seccomp_filter *f, uint32_t number, uint64_t a0,
			   uint64_t a1)
{
	struct seccomp_data d = {
		.arch = seccomp_arch_native(), .nr = (int)number, .args = {a0, a1}};

	return cbpf_run(f->code, f->n, &d);
}

static uint32_t ask(const struct seccomp_filter *f, const char *name, uint64_t a0, uint64_t a1)
{
	int number = seccomp_syscall_resolve_name(name);

	/* A name that this machine does not have can do no harm. */
	return number < 0 ? ERRNO(EPERM) : ask_number(f, (uint32_t)number, a0, a1);
}

/* Those are refused, and let through with any of the capabilities (0: with none of them). */
static const struct {
	const char *names;
	uint64_t caps;
	int errno_ret;
} refused[] = {
	{"keyctl add_key request_key", BIT(CAP_SYS_ADMIN), EPERM},
	{"bpf", BIT(CAP_BPF), EPERM},
	{"perf_event_open", BIT(CAP_PERFMON), EPERM},
	{"userfaultfd kcmp pidfd_getfd", BIT(CAP_SYS_PTRACE), EPERM},
	{"io_uring_setup io_uring_enter io_uring_register clone3", BIT(CAP_SYS_ADMIN), ENOSYS},
	{"kexec_load kexec_file_load reboot", BIT(CAP_SYS_BOOT), EPERM},
	{"init_module finit_module delete_module", BIT(CAP_SYS_MODULE), EPERM},
	{"mount fsopen fsmount fsconfig fspick open_tree move_mount mount_setattr pivot_root umount2 "
	 "swapon swapoff setns quotactl quotactl_fd lookup_dcookie modify_ldt sethostname "
	 "setdomainname fanotify_init",
	 BIT(CAP_SYS_ADMIN), EPERM},
	{"open_by_handle_at", BIT(CAP_DAC_READ_SEARCH), EPERM},
	{"acct", BIT(CAP_SYS_PACCT), EPERM},
	{"settimeofday clock_settime", BIT(CAP_SYS_TIME), EPERM},
	{"iopl ioperm", BIT(CAP_SYS_RAWIO), EPERM},
	{"syslog", BIT(CAP_SYSLOG), EPERM},
	{"mbind set_mempolicy migrate_pages move_pages", BIT(CAP_SYS_NICE), EPERM},
	{"vhangup", BIT(CAP_SYS_TTY_CONFIG), EPERM},
	{"create_module query_module get_kernel_syms uselib nfsservctl _sysctl sysfs vserver afs_syscall "
	 "tuxcall security getpmsg putpmsg",
	 0, EPERM},
};

static void each(const char *names, const struct seccomp_filter *f, uint32_t answer)
{
	char copy[1000], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (seccomp_syscall_resolve_name(w) >= 0 && !CHECK_INT(ask(f, w, 0, 0), answer))
			printf("# %s\n", w);
}

TEST(dangerous_calls_are_refused)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		each(refused[i].names, &f, ERRNO((uint32_t)refused[i].errno_ret));
	each("lsm_get_self_attr lsm_set_self_attr lsm_list_modules", &f, ERRNO(EPERM));
}

TEST(a_capability_reopens_its_calls_and_no_others)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		auto_(seccomp_filter) struct seccomp_filter f =
			compile(caps_default | refused[i].caps);
		each(refused[i].names, &f, refused[i].caps ? ALLOW : ERRNO(EPERM));
		for (size_t j = 0; j < sizeof(refused) / sizeof(*refused); j++)
			if (refused[j].caps != refused[i].caps &&
			    refused[i].caps != BIT(CAP_SYS_ADMIN))
				each(refused[j].names, &f, ERRNO((uint32_t)refused[j].errno_ret));
	}
}

TEST(chroot_goes_with_its_capability)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default), none = compile(0);

	CHECK_INT(ask(&f, "chroot", 0, 0), ALLOW);
	CHECK_INT(ask(&none, "chroot", 0, 0), ERRNO(EPERM));
}

TEST(no_new_namespaces)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);
	static const uint64_t flags[] = {CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,   CLONE_NEWNET,
					 CLONE_NEWIPC, CLONE_NEWUTS,  CLONE_NEWCGROUP};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		CHECK_INT(ask(&f, "clone", flags[i] | 17, 0), ERRNO(EPERM));
		CHECK_INT(ask(&f, "clone", flags[i] | 0x100000000, 0), ERRNO(EPERM));
		CHECK_INT(ask(&f, "unshare", flags[i], 0), ERRNO(EPERM));
	}
	CHECK_INT(ask(&f, "unshare", CLONE_NEWTIME, 0), ERRNO(EPERM));
	CHECK_INT(ask(&f, "unshare", CLONE_FILES | CLONE_FS, 0), ALLOW);
	CHECK_INT(ask(&f, "clone", 0x3d0f00, 0), ALLOW); /* a thread */
	CHECK_INT(ask(&f, "clone", 17, 0), ALLOW);       /* SIGCHLD: a process */
}

/* The kernel looks at the lower half of these, whatever stands above. */
static void check_half(const struct seccomp_filter *f, const char *name, unsigned arg,
		       uint64_t value, uint32_t answer)
{
	uint64_t high = value | 0x100000000;

	CHECK_INT(ask(f, name, arg ? 0 : value, arg ? value : 0), answer);
	CHECK_INT(ask(f, name, arg ? 0 : high, arg ? high : 0), answer);
}

TEST(terminals_are_not_typed_into)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);

	check_half(&f, "ioctl", 1, 0x5412, ERRNO(EPERM));
	check_half(&f, "ioctl", 1, 0x541c, ERRNO(EPERM));
	check_half(&f, "ioctl", 1, 0x5413, ALLOW);
}

TEST(families_of_sockets)
{
	enum { UNIX = 1, INET = 2, INET6 = 10, NETLINK = 16, PACKET = 17, ALG = 38, VSOCK = 40 };
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);
	auto_(seccomp_filter) struct seccomp_filter net = compile(BIT(CAP_NET_ADMIN));

	for (uint64_t family = 1; family < 50; family++) {
		bool usual = family == UNIX || family == INET || family == INET6 ||
			     family == NETLINK || family == PACKET;
		bool never = family == ALG || family == VSOCK;
		CHECK_INT(ask(&f, "socket", family, 0), usual ? ALLOW : ERRNO(EAFNOSUPPORT));
		CHECK_INT(ask(&f, "socket", family | 1ULL << 40, 0), ERRNO(EAFNOSUPPORT));
		check_half(&net, "socket", 0, family, never ? ERRNO(EAFNOSUPPORT) : ALLOW);
	}
}

TEST(personalities)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);
	static const uint64_t known[] = {0, 8, 0x20000, 0x20008, 0xffffffff};
	static const uint64_t others[] = {0x40000, 0x400000, 1, 0x8000000, 0x7fffffff};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		CHECK_INT(ask(&f, "personality", known[i], 0), ALLOW);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_INT(ask(&f, "personality", others[i], 0), ERRNO(EPERM));
}

TEST(what_is_newer_is_not_there)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);

	CHECK_INT(ask_number(&f, 470, 0, 0), ERRNO(ENOSYS));
	CHECK_INT(ask_number(&f, 600, 0, 0), ERRNO(ENOSYS));
	CHECK_INT(ask_number(&f, 462, 0, 0), ALLOW); /* mseal */
}

#ifdef __x86_64__
TEST(other_abis_are_closed)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_all());
	struct seccomp_data d = {.arch = AUDIT_ARCH_I386, .nr = 102 /* socketcall */};

	CHECK_INT(cbpf_run(f.code, f.n, &d), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(ask_number(&f, 0x40000000, 0, 0), SECCOMP_RET_KILL_THREAD);
}
#endif

/* Every name is one that this libseccomp, or ours, knows for some machine: a typo would silently
 * refuse a call. */
TEST(names_are_spelled_right)
{
	static const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_ARM,
					 SCMP_ARCH_RISCV64};
	auto_(arena) struct arena mem = {0};
	const struct config_seccomp *p = seccomp_default(~0ULL, &mem);
	const struct config_syscall *s = &p->syscalls[0];
	unsigned unknown = 0;

	for (size_t i = 0; i < s->n_names; i++) {
		bool found = false;
		for (size_t j = 0; j < sizeof(archs) / sizeof(*archs); j++)
			found |= seccomp_syscall_resolve_name_arch(archs[j], s->names[i]) >= 0;
		if (!found)
			printf("# not libseccomp's: %s\n", s->names[i]);
		unknown += !found;
		for (size_t j = 0; j < i; j++)
			if (!CHECK(strcmp(s->names[i], s->names[j]) != 0))
				printf("# twice: %s\n", s->names[i]);
	}
	CHECK(unknown <= 16);
}

static int run_confined(const struct seccomp_filter *f, const char *script)
{
	struct sock_fprog prog = {.len = (unsigned short)f->n, .filter = f->code};
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    sys_seccomp(SECCOMP_SET_MODE_FILTER, f->flags, &prog))
			_exit(100);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(101);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(programs_run_under_it)
{
	auto_(seccomp_filter) struct seccomp_filter f = compile(caps_default);

	CHECK_INT(run_confined(&f, "ls / | wc -l >/dev/null && test -d /tmp"), 0);
	CHECK(run_confined(&f, "unshare -r true 2>/dev/null") != 0);
}
