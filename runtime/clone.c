/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/clone.h"

#ifdef __x86_64__
/* The child comes back from the system call on another stack, where a C function has nothing to
 * return to: call and exit are made here. */
static long clone3_call(struct clone_args *args, int (*fn)(void *), void *arg)
{
	long r;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "1:"
			 : "=a"(r)
			 : "a"(SYS_clone3), "D"(args),
			   "S"(sizeof(*args)), [fn] "r"(fn), [arg] "r"(arg), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return r;
}
#else
/* Elsewhere the address space is copied: slower, not different. */
static long clone3_call(struct clone_args *args, int (*fn)(void *), void *arg)
{
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	args->stack = args->stack_size = 0;
	long r = syscall(SYS_clone3, args, sizeof(*args));
	if (r == 0)
		_exit(fn(arg));
	return r < 0 ? -errno : r;
}
#endif

pid_t clone_vfork(struct clone_args *args, int (*fn)(void *), void *arg)
{
	alignas(64) char stack[32768];
	sigset_t all, old;

	args->flags |= CLONE_VM | CLONE_VFORK;
	args->stack = (uint64_t)(uintptr_t)stack;
	args->stack_size = sizeof(stack);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	long r = clone3_call(args, fn, arg);
	/* Its functions never returned: what they marked as not to be touched is of use again. */
	ASAN_UNPOISON_MEMORY_REGION(stack, sizeof(stack));
	sigprocmask(SIG_SETMASK, &old, NULL);
	return (pid_t)r;
}
