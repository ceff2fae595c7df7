/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "runtime/schedule.h"
#include "runtime/shares.h"

/* sched_setattr(2), version 0: no libc of Debian 12 has it. */
struct sched_attr_v0 {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

enum {
	NODES_MAX = 1024,
	CPUS_MAX = 8192,
	MEMPOLICY_PREFERRED_MANY = 5,
	MEMPOLICY_WEIGHTED_INTERLEAVE = 6
};

static void plan_scheduler(const struct config_scheduler *s, struct oplist *ops)
{
	/* linux/sched.h: SCHED_ISO has a number but no implementation; the kernel says so. */
	static const uint32_t policies[] = {
		[CONFIG_SCHEDULER_POLICY_OTHER] = 0,    [CONFIG_SCHEDULER_POLICY_FIFO] = 1,
		[CONFIG_SCHEDULER_POLICY_RR] = 2,       [CONFIG_SCHEDULER_POLICY_BATCH] = 3,
		[CONFIG_SCHEDULER_POLICY_ISO] = 4,      [CONFIG_SCHEDULER_POLICY_IDLE] = 5,
		[CONFIG_SCHEDULER_POLICY_DEADLINE] = 6,
	};
	static const uint64_t flags[] = {
		[CONFIG_SCHEDULER_FLAGS_RESET_ON_FORK] = 0x01,
		[CONFIG_SCHEDULER_FLAGS_RECLAIM] = 0x02,
		[CONFIG_SCHEDULER_FLAGS_DL_OVERRUN] = 0x04,
		[CONFIG_SCHEDULER_FLAGS_KEEP_POLICY] = 0x08,
		[CONFIG_SCHEDULER_FLAGS_KEEP_PARAMS] = 0x10,
		[CONFIG_SCHEDULER_FLAGS_UTIL_CLAMP_MIN] = 0x20,
		[CONFIG_SCHEDULER_FLAGS_UTIL_CLAMP_MAX] = 0x40,
	};
	struct sched_attr_v0 attr = {
		.size = sizeof(attr),
		.policy = policies[s->policy],
		.nice = s->nice,
		.priority = (uint32_t)s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	for (size_t i = 0; i < s->n_flags; i++)
		attr.flags |= flags[s->flags[i]];
	oplist_why(ops, "process.scheduler");
	uint32_t data = oplist_blob(ops, &attr, sizeof(attr));
	struct op *op = oplist_add(ops, OP_SCHED);
	op->data = data;
	op->size = sizeof(attr);
}

static void plan_io_priority(const struct config_io_priority *p, struct oplist *ops)
{
	static const uint64_t classes[] = {
		[CONFIG_IO_PRIORITY_CLASS_RT] = IOPRIO_CLASS_RT,
		[CONFIG_IO_PRIORITY_CLASS_BE] = IOPRIO_CLASS_BE,
		[CONFIG_IO_PRIORITY_CLASS_IDLE] = IOPRIO_CLASS_IDLE,
	};

	oplist_why(ops, "process.ioPriority");
	oplist_add(ops, OP_IOPRIO)->a =
		classes[p->class] << IOPRIO_CLASS_SHIFT | (uint64_t)p->priority;
}

/* "0-3,7" into a mask of n bits. */
static int read_list(const char *text, uint64_t *mask, size_t bits)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		char item[32], *dash;
		uint64_t first, last;
		if (!n || n >= sizeof(item))
			return -EINVAL;
		memcpy(item, text, n);
		item[n] = 0;
		if ((dash = strchr(item, '-')))
			*dash++ = 0;
		if (num_u64(item, &first) < 0 || num_u64(dash ? dash : item, &last) < 0 ||
		    first > last || last >= bits)
			return -EINVAL;
		for (uint64_t i = first; i <= last; i++)
			mask[i / 64] |= 1ULL << (i % 64);
		text += n + (text[n] == ',');
	}
	return 0;
}

static int plan_memory_policy(const struct config_memory_policy *m, struct oplist *ops,
			      struct err *err)
{
	static const uint64_t modes[] = {
		[CONFIG_MEMORY_POLICY_MODE_DEFAULT] = MPOL_DEFAULT,
		[CONFIG_MEMORY_POLICY_MODE_BIND] = MPOL_BIND,
		[CONFIG_MEMORY_POLICY_MODE_INTERLEAVE] = MPOL_INTERLEAVE,
		[CONFIG_MEMORY_POLICY_MODE_WEIGHTED_INTERLEAVE] = MEMPOLICY_WEIGHTED_INTERLEAVE,
		[CONFIG_MEMORY_POLICY_MODE_PREFERRED] = MPOL_PREFERRED,
		[CONFIG_MEMORY_POLICY_MODE_PREFERRED_MANY] = MEMPOLICY_PREFERRED_MANY,
		[CONFIG_MEMORY_POLICY_MODE_LOCAL] = MPOL_LOCAL,
	};
	static const uint64_t flags[] = {
		[CONFIG_MEMORY_POLICY_FLAGS_NUMA_BALANCING] = 1 << 13,
		[CONFIG_MEMORY_POLICY_FLAGS_RELATIVE_NODES] = 1 << 14,
		[CONFIG_MEMORY_POLICY_FLAGS_STATIC_NODES] = 1 << 15,
	};
	uint64_t mask[NODES_MAX / 64] = {0}, mode = modes[m->mode];
	bool any = m->nodes && *m->nodes;

	if (any && read_list(m->nodes, mask, NODES_MAX) < 0)
		return err_say(err, EINVAL,
			       "linux.memoryPolicy.nodes: \"%s\" is no list of nodes below %d",
			       m->nodes, NODES_MAX);
	for (size_t i = 0; i < m->n_flags; i++)
		mode |= flags[m->flags[i]];
	oplist_why(ops, "linux.memoryPolicy");
	uint32_t data = any ? oplist_blob(ops, mask, sizeof(mask)) : 0;
	struct op *op = oplist_add(ops, OP_MEMPOLICY);
	op->a = mode;
	op->b = any ? NODES_MAX : 0;
	op->data = data;
	op->size = any ? sizeof(mask) : 0;
	return 0;
}

static int read_cpus(const char *name, const char *text, uint64_t *mask, struct err *err)
{
	if (read_list(text, mask, CPUS_MAX) == 0)
		return 0;
	return err_say(err, EINVAL,
		       "process.execCPUAffinity.%s: \"%s\" is no list of CPUs below %d", name, text,
		       CPUS_MAX);
}

int schedule_first_cpus(const struct config_process *process, struct err *err)
{
	const struct config_exec_cpu_affinity *a = process->exec_cpu_affinity;
	uint64_t mask[CPUS_MAX / 64] = {0};

	if (!a || !a->initial || !*a->initial)
		return 0;
	int r = read_cpus("initial", a->initial, mask, err);
	if (r == 0 && syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0)
		r = err_set(err, errno, "process.execCPUAffinity.initial %s", a->initial);
	return r;
}

int schedule_plan_cpus(const struct config_process *process, struct oplist *ops, struct err *err)
{
	const struct config_exec_cpu_affinity *a = process->exec_cpu_affinity;
	uint64_t mask[CPUS_MAX / 64] = {0};

	if (!a || !a->final || !*a->final)
		return 0;
	int r = read_cpus("final", a->final, mask, err);
	if (r < 0)
		return r;
	oplist_why(ops, "process.execCPUAffinity.final %s", a->final);
	uint32_t data = oplist_blob(ops, mask, sizeof(mask));
	struct op *op = oplist_add(ops, OP_AFFINITY);
	op->data = data;
	op->size = sizeof(mask);
	return 0;
}

int schedule_plan(const struct config_process *process, const struct config_linux *l,
		  struct oplist *ops, struct err *err)
{
	if (process->scheduler)
		plan_scheduler(process->scheduler, ops);
	if (process->io_priority)
		plan_io_priority(process->io_priority, ops);
	if (l->personality) {
		oplist_why(ops, "linux.personality");
		oplist_add(ops, OP_PERSONALITY)->a =
			l->personality->domain == CONFIG_PERSONALITY_DOMAIN_LINUX32 ? PER_LINUX32
										    : PER_LINUX;
	}
	return l->memory_policy ? plan_memory_policy(l->memory_policy, ops, err) : 0;
}

bool shares_wants(const struct config_kv *annotations, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(annotations[i].key, key))
			return str_eq(annotations[i].value, "true");
	return false;
}

/* What children and programs inherit, so that the first process does it for all. */
void schedule_sharing(const struct config_kv *annotations, size_t n, bool is_init,
		      struct oplist *ops)
{
	enum { CREATE = 1, SHARE_FROM = 3, FIRST_PROCESS = 1 }; /* PR_SCHED_CORE_* */

	if (shares_wants(annotations, n, SHARES_CORE_SCHED)) {
		oplist_why(ops, "annotations %s", SHARES_CORE_SCHED);
		struct op *op = oplist_add(ops, OP_PRCTL);
		op->a = PR_SCHED_CORE;
		op->b = is_init ? CREATE : SHARE_FROM;
		op->c = is_init ? 0 : FIRST_PROCESS;
		op->flags = OPF_OPTIONAL; /* no hyperthreads, no need: shares_check has asked */
	}
	if (shares_wants(annotations, n, SHARES_PAGES)) {
		oplist_why(ops, "annotations %s", SHARES_PAGES);
		struct op *op = oplist_add(ops, OP_PRCTL);
		op->a = SYS_PR_SET_MEMORY_MERGE;
		op->b = 1;
	}
}
