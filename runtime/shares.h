/* SPDX-License-Identifier: Apache-2.0 */
/* A part of the machine (struct tenant_shares): the same words for a tenant and for a container. Texts
 * → shares → linux.resources, where this host can enforce them. */
#pragma once

#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/base/words.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"
#include "runtime/tenant_record.h"

/* Annotations, "true" or not there: what linux.resources has no word for. */
#define SHARES_CORE_SCHED "io.ctr.core-sched"
#define SHARES_PAGES "io.ctr.page-sharing"
#define SHARES_OWN_SIZE "io.ctr.own-size"
bool shares_wants(const struct config_kv *annotations, size_t n, const char *key);

/* Whether this kernel can do what the annotations ask for: -ENOTSUP says what it has not. *ret_warning:
 * a sentence, or NULL. */
int shares_check(const struct config *cfg, const char **ret_warning, struct err *err);

/* Flags as they were written; NULL: not given. */
struct share_flags {
	const char *cpu_weight, *cpus, *cpu_min, *cpu_burst, *cpuset_cpus, *cpuset_mems, *numa;
	const char *memory, *memory_min, *memory_low, *memory_high, *swap, *zswap, *pids,
		*io_weight;
	struct words io_max, io_latency;
	bool cpu_idle;
};

/* Adds what the flags say to *s, whose other members stay. Looks up devices by path and the CPUs of a
 * NUMA node; all else is pure. -EINVAL names the flag. */
int shares_parse(const struct share_flags *f, struct arena *mem, struct tenant_shares *s,
		 struct err *err);

/* Pure: adds the shares to linux.resources, in the form that the host's hierarchies have. What it
 * cannot enforce is left to cg_plan to refuse, or refused here: -ENOTSUP names the flag. */
int shares_resources(const struct tenant_shares *s, const struct host *host, struct arena *mem,
		     struct config_resources *res, struct err *err);

/* Pure: whether a group that has its containers in groups below can hold them: -ENOTSUP and -EINVAL name
 * the flag. */
int shares_check_tenant(const struct tenant_shares *s, const struct host *host, struct err *err);

/* Why weights do not work for the disks of this machine: a sentence, or NULL when they do. */
const char *shares_io_warning(struct arena *mem);

/* "1.5" in thousandths; -EINVAL. */
int shares_cpus(const char *text, uint64_t *ret);
