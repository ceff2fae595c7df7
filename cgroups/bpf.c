/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/bpf.h"
#include "runtime/base/auto.h"

/* More programs on one group than anybody has. */
enum { PROGS_MAX = 64 };

static int bpf(unsigned cmd, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

static int load(const struct cg_bpf *p)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)p->insns;
	attr.insn_cnt = (uint32_t)p->n;
	attr.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, "ctr_devices", sizeof("ctr_devices"));
	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int cgroup, int prog, int replaced)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int detach(int cgroup, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

/* The programs attached to the group itself, not to its parents. Their number or -errno. */
static int query(int cgroup, uint32_t ids[PROGS_MAX])
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGS_MAX;
	int r = bpf(BPF_PROG_QUERY, &attr);
	return r < 0 ? r : (int)attr.query.prog_cnt;
}

static int open_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int replace(int cgroup, int prog)
{
	uint32_t ids[PROGS_MAX];
	int n = query(cgroup, ids);

	if (n <= 0)
		return n < 0 ? n : attach(cgroup, prog, -1);
	auto_fd int old = open_id(ids[0]);
	if (old < 0)
		return old;
	if (n == 1 && attach(cgroup, prog, old) == 0)
		return 0;
	/* Attached without ALLOW_MULTI, or several: add ours, then take theirs away. */
	int r = attach(cgroup, prog, -1);
	for (int i = 0; r == 0 && i < n; i++) {
		auto_fd int fd = open_id(ids[i]);
		r = fd < 0 ? fd : detach(cgroup, fd);
	}
	return r;
}

int cg_bpf_attach(int cgroup, const struct cg_bpf *p, bool is_new, struct err *err)
{
	uint32_t ids[PROGS_MAX];
	auto_fd int prog = load(p);

	if (prog < 0) {
		err_set(err, prog, "load the device policy (eBPF)");
		err_hint(err,
			 "the kernel needs CONFIG_CGROUP_BPF, and ctr CAP_BPF and CAP_NET_ADMIN");
		return prog;
	}
	int r = is_new ? attach(cgroup, prog, -1) : replace(cgroup, prog);
	if (r < 0)
		return err_set(err, r, "attach the device policy to the cgroup");
	if (!is_new && query(cgroup, ids) != 1)
		return err_say(err, EBUSY, "the cgroup has device policies beside the container's");
	return 0;
}
