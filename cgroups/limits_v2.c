/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in v2's files (Documentation/admin-guide/cgroup-v2.rst). */
#include <inttypes.h>
#include <math.h>

#include "cgroups/builder.h"

/* A limit of bytes: negative is none. */
static void put_amount(struct cg_builder *b, const char *property, const char *file, unsigned flags,
		       int64_t amount)
{
	if (amount < 0)
		cg_put(b, property, file, flags, "max");
	else
		cg_put(b, property, file, flags, "%" PRId64, amount);
}

/* OCI counts memory and swap together, v2 counts swap alone. */
static void put_swap(struct cg_builder *b, const struct config_memory *m)
{
	int64_t swap = m->swap > 0 && m->limit > 0 ? m->swap - m->limit : m->swap;

	if (!m->swap && m->limit >= 0)
		return; /* not said */
	if (!m->swap || m->limit < 0)
		swap = -1; /* memory without a limit: swap too */
	/* Without swap in the kernel there is no file, and these two are true anyway. */
	put_amount(b, "linux.resources.memory.swap", "memory.swap.max", swap <= 0 ? CG_OPTIONAL : 0,
		   swap);
}

void cg_memory_v2(struct cg_builder *b, const struct config_memory *m)
{
	if (m->check_before_update && m->limit > 0)
		cg_put(b, "linux.resources.memory.limit", "memory.current", CG_REQUIRE, "%" PRId64,
		       m->limit);
	put_swap(b, m);
	if (m->limit)
		put_amount(b, "linux.resources.memory.limit", "memory.max", 0, m->limit);
	if (m->reservation)
		put_amount(b, "linux.resources.memory.reservation", "memory.low", 0,
			   m->reservation);
	if (m->has_swappiness)
		cg_warn(b, "linux.resources.memory.swappiness has no meaning on cgroup v2");
	if (m->disable_oom_killer)
		cg_warn(b, "linux.resources.memory.disableOOMKiller has no meaning on cgroup v2");
}

/* The formula that the OCI runtimes agreed on: 2, 1024 and 262144 shares are a weight of 1, 100
 * and 10000, with a smooth curve in between. */
unsigned cg_weight_of_shares(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double l = log2((double)shares);
	/* The points above must not be missed by a rounding error. */
	return (unsigned)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34) - 1e-9);
}

static void put_bandwidth(struct cg_builder *b, const struct config_cpu *c)
{
	const char *property =
		c->quota ? "linux.resources.cpu.quota" : "linux.resources.cpu.period";
	unsigned flags = c->burst ? CG_SWAP : 0;

	/* A file with two words; a quota alone leaves the period as it is. */
	if (c->quota > 0 && c->period)
		cg_put(b, property, "cpu.max", flags, "%" PRId64 " %" PRIu64, c->quota, c->period);
	else if (c->quota < 0 && c->period)
		cg_put(b, property, "cpu.max", flags, "max %" PRIu64, c->period);
	else if (c->period)
		cg_put(b, property, "cpu.max", flags | CG_KEEP, "%" PRIu64, c->period);
	else if (c->quota)
		put_amount(b, property, "cpu.max", flags, c->quota);
	if (c->has_burst)
		cg_put(b, "linux.resources.cpu.burst", "cpu.max.burst", 0, "%" PRIu64, c->burst);
}

void cg_cpu_v2(struct cg_builder *b, const struct config_cpu *c)
{
	if (c->has_idle)
		cg_put(b, "linux.resources.cpu.idle", "cpu.idle", 0, "%" PRId64, c->idle);
	if (c->shares && c->idle != 1) /* the kernel refuses a weight for an idle group */
		cg_put(b, "linux.resources.cpu.shares", "cpu.weight", 0, "%u",
		       cg_weight_of_shares(c->shares));
	put_bandwidth(b, c);
	if (c->realtime_runtime || c->realtime_period)
		cg_unsupported(b, "linux.resources.cpu.realtimeRuntime",
			       "cgroup v2 has no limits for real-time tasks");
}

static unsigned io_weight(unsigned weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* BFQ has a file of its own and takes the number as it is; what goes by a cost model (io.cost.qos) goes by
 * io.weight. A machine may have disks of both kinds: each file that is there gets its number.
 * `device` is "" or "MAJOR:MINOR ". */
static void put_weight(struct cg_builder *b, const char *property, const char *device, unsigned w)
{
	cg_put(b, property, "io.bfq.weight", CG_ELSE, "%s%u", device, w);
	cg_put(b, property, "io.weight", 0, "%s%u", device, io_weight(w));
}

static void put_throttle(struct cg_builder *b, const char *property, const char *key,
			 const struct config_throttle_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_throttle_device *t = &list[i];
		if (t->rate)
			cg_put(b, property, "io.max", 0, "%" PRId64 ":%" PRId64 " %s=%" PRIu64,
			       t->major, t->minor, key, t->rate);
		else
			cg_put(b, property, "io.max", 0, "%" PRId64 ":%" PRId64 " %s=max", t->major,
			       t->minor, key);
	}
}

void cg_block_io_v2(struct cg_builder *b, const struct config_block_io *io)
{
	if (io->weight)
		put_weight(b, "linux.resources.blockIO.weight", "", io->weight);
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct config_weight_device *w = &io->weight_device[i];
		const char *device =
			arena_printf(&b->plan->mem, "%" PRId64 ":%" PRId64 " ", w->major, w->minor);
		if (w->weight)
			put_weight(b, "linux.resources.blockIO.weightDevice", device, w->weight);
		if (w->leaf_weight)
			cg_unsupported(b, "linux.resources.blockIO.weightDevice",
				       "only the CFQ scheduler had leaf weights");
	}
	if (io->leaf_weight)
		cg_unsupported(b, "linux.resources.blockIO.leafWeight",
			       "only the CFQ scheduler had leaf weights");
	put_throttle(b, "linux.resources.blockIO.throttleReadBpsDevice", "rbps",
		     io->throttle_read_bps_device, io->n_throttle_read_bps_device);
	put_throttle(b, "linux.resources.blockIO.throttleWriteBpsDevice", "wbps",
		     io->throttle_write_bps_device, io->n_throttle_write_bps_device);
	put_throttle(b, "linux.resources.blockIO.throttleReadIOPSDevice", "riops",
		     io->throttle_read_iops_device, io->n_throttle_read_iops_device);
	put_throttle(b, "linux.resources.blockIO.throttleWriteIOPSDevice", "wiops",
		     io->throttle_write_iops_device, io->n_throttle_write_iops_device);
}
