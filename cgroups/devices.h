/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules, pure: config → list → an eBPF program (v2), or lines for devices.allow (v1).
 *
 * What a list means: everything is denied at first; rules apply in order, each to the accesses that
 * it names (r, w, m), so the last rule about an access decides; a request is granted when each of
 * its accesses is. */
#pragma once

#include <linux/bpf.h>

#include "cgroups/cgroup.h"

/* The rules of the config, and behind them those that every container has: mknod of anything, and
 * the devices that /dev always holds. -EINVAL names the rule. */
int cg_devices(struct arena *mem, const struct config_device_rule *rules, size_t n,
	       struct cg_device **ret, size_t *n_ret, struct err *err);
/* "c 1:3 rwm", as v1 has it. buf holds CG_DEVICE_TEXT bytes. */
enum { CG_DEVICE_TEXT = 64 };
void cg_device_text(const struct cg_device *, char *buf);
/* A line of devices.list. 0 or -EINVAL. */
int cg_device_parse(const char *line, size_t len, struct cg_device *ret);

/* A program for BPF_PROG_TYPE_CGROUP_DEVICE; malloced, cg_bpf_clear. */
struct cg_bpf {
	struct bpf_insn *insns;
	size_t n;
};
/* -E2BIG when there are too many rules for 16-bit jumps. */
int cg_bpf_build(const struct cg_device *rules, size_t n, struct cg_bpf *ret, struct err *err);
void cg_bpf_clear(struct cg_bpf *);

/* A list of the same meaning that v1 can hold: "a *:* rwm" allowed first, or not, and then only
 * exceptions from that, none of which overlaps with another one in an access. -ENOTSUP for a rule
 * that takes a part out of a wider exception. */
int cg_devices_v1(struct arena *mem, const struct cg_device *rules, size_t n,
		  struct cg_device **ret, size_t *n_ret, struct err *err);
