/* SPDX-License-Identifier: Apache-2.0 */
/* Identity and privileges. Identities are changed by the system calls themselves: libc's wrappers
 * exist for processes with threads. */
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>

#include "runtime/init/exec.h"

static int set_groups(const struct exec *x, const struct op *op)
{
	if (!op->size && !(op->flags & OPF_GROUPS))
		return 0;
	if (syscall(SYS_setgroups, op->size / sizeof(uint32_t), exec_data(x, op)) == 0 ||
	    (errno == EPERM && !op->size && (op->flags & OPF_DENIED_OK)))
		return 0;
	return -errno;
}

int op_setids(struct exec *x, const struct op *op)
{
	bool keep = op->flags & OPF_KEEPCAPS;

	/* The kernel would look at 32 bits, and take the highest id for "leave it as it is". */
	if (op->a >= UINT32_MAX || op->b >= UINT32_MAX)
		return -EINVAL;
	int r = set_groups(x, op);
	if (r < 0)
		return r;
	if (keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_setresgid, op->b, op->b, op->b) < 0 ||
	    syscall(SYS_setresuid, op->a, op->a, op->a) < 0)
		return -errno;
	return keep && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static int get_caps(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

static int set_caps(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* Everything that is permitted becomes effective: a change of identity has taken that away. */
static int raise_all(struct __user_cap_data_struct data[2])
{
	int r = get_caps(data);

	if (r < 0)
		return r;
	if (data[0].effective == data[0].permitted && data[1].effective == data[1].permitted)
		return 0;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return set_caps(data);
}

static int drop_bounding(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1 || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* the kernel knows no more */
			return 0;
		/* One without CAP_SETPCAP can drop none, but it may not be there anyway. */
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
			return -EPERM;
	}
	return 0;
}

static int set_ambient(uint64_t want)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	/* One that is not inheritable cannot be ambient; callers ask for that nevertheless, and the
	 * planner has warned. */
	for (int cap = 0; cap < 64; cap++)
		if (want >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 &&
		    errno != EPERM)
			return -errno;
	return 0;
}

int op_caps(struct exec *x, const struct op *op)
{
	struct __user_cap_data_struct data[2];
	struct op_caps want;

	int r = raise_all(data);
	if (r < 0 || (op->flags & OPF_KEEPCAPS))
		return r;
	if (op->size != sizeof(want))
		return -EINVAL;
	memcpy(&want, exec_data(x, op), sizeof(want));
	r = drop_bounding(want.bounding);
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		/* Nothing can be added to what is permitted; less was granted, and warned about. */
		data[i].permitted &= (uint32_t)(want.permitted >> 32 * i);
		data[i].effective = data[i].permitted & (uint32_t)(want.effective >> 32 * i);
		data[i].inheritable = (uint32_t)(want.inheritable >> 32 * i);
	}
	r = set_caps(data);
	return r < 0 ? r : set_ambient(want.ambient);
}

int op_seccomp(struct exec *x, const struct op *op)
{
	struct {
		unsigned short len;
		void *filter;
	} prog = {
		.len = (unsigned short)(op->size / sizeof(struct sock_filter)),
		.filter = exec_data(x, op),
	}; /* struct sock_fprog */

	if (op->size / sizeof(struct sock_filter) != prog.len)
		return -E2BIG;
	exec_seal(x);
	if (op->a & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		return listener_install(x, (unsigned)op->a, &prog);
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, (unsigned)op->a, &prog) < 0 ? -errno : 0;
}
