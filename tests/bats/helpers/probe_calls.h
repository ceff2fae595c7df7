/* SPDX-License-Identifier: Apache-2.0 */
/* probe calls: each call of a list in a process of its own, since a filter may kill. The arguments
 * are such that nothing happens where the call is allowed: no such file, descriptor or address. */
#pragma once

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"

/* Names the headers may be too old for. */
#define NR_LSM_LIST 461
#define NR_OPEN_TREE_ATTR 467
#define NR_NEVER 2000 /* a call that no kernel has yet */

enum { BAD = 1 }; /* an address that cannot be read */

struct probe_call {
	const char *name;
	long native, i386; /* i386: -1 where it has none */
	long a[5];
};

#define ALL_WORDS ((long)0xffffffffUL)
#define CALL(name_, i386_, ...)                                                                    \
	{                                                                                          \
#name_, SYS_##name_, i386_,                                                        \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct probe_call probe_list[] = {
	CALL(keyctl, 288, 30, 0),
	CALL(add_key, 286, BAD, BAD, 0, 0, 0),
	CALL(request_key, 287, BAD, BAD, BAD, 0),
	CALL(bpf, 357, ALL_WORDS, BAD, 8),
	CALL(perf_event_open, 336, BAD, 0, -1, -1, 0),
	CALL(userfaultfd, 374, ALL_WORDS),
	CALL(io_uring_setup, 425, 0, BAD),
	CALL(io_uring_enter, 426, -1, 0, 0, 0, 0),
	CALL(io_uring_register, 427, -1, 0, 0, 0),
	CALL(kexec_load, 283, 0, 100, BAD, 0),
	CALL(init_module, 128, BAD, 0, BAD),
	CALL(finit_module, 350, -1, BAD, 0),
	CALL(delete_module, 129, BAD, 0),
	CALL(mount, 21, BAD, BAD, BAD, 0, BAD),
	CALL(umount2, 52, BAD, 0),
	CALL(pivot_root, 217, BAD, BAD),
	CALL(fsopen, 430, BAD, 0),
	CALL(fsconfig, 431, -1, 0, 0, 0, 0),
	CALL(fsmount, 432, -1, 0, 0),
	CALL(fspick, 433, -1, BAD, 0),
	CALL(open_tree, 428, -1, BAD, 1),
	CALL(move_mount, 429, -1, BAD, -1, BAD, 0),
	CALL(mount_setattr, 442, -1, BAD, 0, BAD, 32),
	{"open_tree_attr", NR_OPEN_TREE_ATTR, NR_OPEN_TREE_ATTR, {-1, BAD, 1, BAD, 32}},
	CALL(swapon, 87, BAD, 0),
	CALL(swapoff, 115, BAD),
	CALL(reboot, 88, 0, 0, 0, 0),
	CALL(setns, 346, -1, 0),
	CALL(unshare, 310, CLONE_NEWUSER),
	{"clone(NEWUSER)", SYS_clone, 120, {CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0}},
	{"clone(NEWNS)", SYS_clone, 120, {CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0}},
	CALL(clone3, 435, BAD, 0),
	CALL(open_by_handle_at, 342, -1, BAD, 0),
	CALL(name_to_handle_at, 341, -1, BAD, BAD, BAD, 0),
	CALL(quotactl, 131, -1, BAD, 0, BAD),
	CALL(quotactl_fd, 443, -1, 0, 0, 0),
	CALL(acct, 51, BAD),
	CALL(settimeofday, 79, BAD, 0),
	CALL(clock_settime, 264, 0, BAD),
	CALL(syslog, 103, 10, 0, 0),
	CALL(fanotify_init, 338, -1, -1),
	CALL(move_pages, 317, 0, 0, 0, 0, 0),
	CALL(kcmp, 349, 0, 0, 0, 0, 0),
	CALL(sethostname, 74, BAD, 1),
	CALL(chroot, 61, BAD),
	{"socket(AF_ALG)", SYS_socket, 359, {38, SOCK_SEQPACKET, 0}},
	{"socket(AF_VSOCK)", SYS_socket, 359, {40, SOCK_STREAM, 0}},
	CALL(personality, 136, READ_IMPLIES_EXEC),
	{"ioctl(TIOCSTI)", SYS_ioctl, 54, {0, TIOCSTI, BAD}},
	{"ioctl(TIOCLINUX)", SYS_ioctl, 54, {0, 0x541c, BAD}},
	{"lsm_list_modules", NR_LSM_LIST, NR_LSM_LIST, {BAD, BAD, 0}},
	{"never heard of", NR_NEVER, NR_NEVER, {0}},
#ifdef __x86_64__
	CALL(kexec_file_load, -1, -1, -1, 0, 0, BAD),
	CALL(iopl, 110, 3),
	CALL(ioperm, 101, 0x80, 1, 1),
	CALL(modify_ldt, 123, 0, 0, 0),
	CALL(lookup_dcookie, 253, 0, BAD, 0),
	CALL(create_module, 127, BAD, 0),
	CALL(nfsservctl, 169, 0, 0, 0),
	CALL(uselib, 86, BAD),
	CALL(ustat, 62, 0, BAD),
	CALL(sysfs, 135, 0),
	{"vm86", -1, 166, {1, BAD}},
	{"socketcall(AF_ALG)", -1, 102, {1, BAD}},
#endif
	/* Ordinary ones, to see that the table tells a refusal from an answer. */
	CALL(getpid, 20, 0),
	CALL(getuid, 24, 0),
};

#undef CALL
#undef ALL_WORDS

enum probe_abi { ABI_NATIVE, ABI_I386, ABI_X32, ABIS };

static inline long call_native(const struct probe_call *c, long extra)
{
	long r = syscall(c->native | extra, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]);

	return r < 0 ? -errno : r;
}

static inline long call_abi(const struct probe_call *c, enum probe_abi abi)
{
#ifdef __x86_64__
	if (abi == ABI_I386) {
		long r;
		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "a"(c->i386), "b"(c->a[0]), "c"(c->a[1]), "d"(c->a[2]),
				   "S"(c->a[3]), "D"(c->a[4])
				 : "memory", "r8", "r9", "r10", "r11");
		return (int)r;
	}
#endif
	return call_native(c, abi == ABI_X32 ? 0x40000000 : 0);
}

static inline void show_call(const struct probe_call *c, enum probe_abi abi, const char *key)
{
	int status;
	fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		long r = call_abi(c, abi);
		_exit(r < 0 && r > -200 ? (int)-r : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		json_text(key, "no process");
	else if (WIFSIGNALED(status))
		json_text(key, sigabbrev_np(WTERMSIG(status)));
	else
		json_text(key, WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "ok");
}

static inline int show_calls(void)
{
	const size_t n = sizeof(probe_list) / sizeof(*probe_list);

	json_open(NULL, '{');
	for (const struct probe_call *c = probe_list; c < probe_list + n; c++) {
		json_open(c->name, '{');
		if (c->native >= 0)
			show_call(c, ABI_NATIVE, "native");
#ifdef __x86_64__
		if (c->i386 >= 0)
			show_call(c, ABI_I386, "i386");
		if (c->native >= 0)
			show_call(c, ABI_X32, "x32");
#endif
		json_close('}');
	}
	json_close('}');
	putchar('\n');
	return 0;
}
