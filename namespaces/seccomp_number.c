/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls to numbers: libseccomp's, and those that are too new for it. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>

#include "namespaces/seccomp.h"
#include "namespaces/seccomp_table.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

/* Since Linux 5.1 all architectures number new system calls alike, but for what the ABIs of MIPS and
 * x32 add to every number. Linux 6.5 and later; libseccomp 2.5.4 ends between them. */
static const struct {
	const char *name;
	int number;
} newer[] = {
	{"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
	{"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
	{"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
	{"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
	{"file_setattr", 469},      {"listns", 470},
};

enum { IO_URING_SETUP = 425, URETPROBE = 335 };

/* Only x86-64 has it, where it fills an old hole: the kernel itself puts it into probed programs. */
static bool is_uretprobe(uint32_t arch, const char *name)
{
	return arch == SCMP_ARCH_X86_64 && str_eq(name, "uretprobe");
}

int seccomp_number(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	if (number != __NR_SCMP_ERROR)
		return number;
	if (is_uretprobe(arch, name))
		return URETPROBE;
	for (size_t i = 0; i < sizeof(newer) / sizeof(*newer); i++) {
		if (!str_eq(newer[i].name, name))
			continue;
		int base = seccomp_syscall_resolve_name_arch(arch, "io_uring_setup");
		return base < 0 ? -1 : base - IO_URING_SETUP + newer[i].number;
	}
	return -1;
}

void seccomp_mux_load(uint32_t arch, struct seccomp_mux *ret)
{
	enum {
		FIRST = 320,
		LAST = 410
	}; /* where architectures with a multiplexer have direct calls */
	int socketcall = seccomp_syscall_resolve_name_arch(arch, "socketcall");
	int ipc = seccomp_syscall_resolve_name_arch(arch, "ipc");

	*ret = (struct seccomp_mux){0};
	if (socketcall < 0 || ipc < 0)
		return;
	ret->socketcall = (uint32_t)socketcall;
	ret->ipc = (uint32_t)ipc;
	for (int number = FIRST; number <= LAST; number++) {
		auto_free char *name = seccomp_syscall_resolve_num_arch(arch, number);
		int pseudo = name ? seccomp_syscall_resolve_name_arch(arch, name) : 0;
		if (pseudo <= -100 && pseudo > -300)
			ret->direct[-pseudo] = (int16_t)number;
	}
}

int seccomp_check_names(const struct config_seccomp *profile, struct err *err)
{
	uint32_t arch = seccomp_arch_native();

	for (size_t i = 0; i < profile->n_syscalls; i++)
		for (size_t k = 0; k < profile->syscalls[i].n_names; k++)
			if (seccomp_number(arch, profile->syscalls[i].names[k]) == -1)
				return err_say(
					err, EINVAL,
					"linux.seccomp.syscalls[%zu].names[%zu]: unknown system call "
					"\"%s\"",
					i, k, profile->syscalls[i].names[k]);
	return 0;
}
