/* SPDX-License-Identifier: Apache-2.0 */
/* A process that shares ctr's memory until it executes something: no page table is copied. */
#pragma once

#include <linux/sched.h>
#include <sys/types.h>

/* clone3(2) with CLONE_VM | CLONE_VFORK added to args->flags: fn(arg) runs in the child, on a stack
 * of its own, while the caller is suspended until it execs or ends; what fn returns is its exit
 * code. Signals are blocked in the child, so that no handler of the caller runs there. fn may only
 * make system calls. Returns the pid or -errno. */
pid_t clone_vfork(struct clone_args *args, int (*fn)(void *), void *arg);
