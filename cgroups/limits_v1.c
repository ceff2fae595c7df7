/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in v1's files (Documentation/admin-guide/cgroup-v1/). */
#include <inttypes.h>

#include "cgroups/builder.h"

static void put_signed(struct cg_builder *b, const char *property, const char *file, unsigned flags,
		       int64_t value)
{
	cg_put(b, property, file, flags, "%" PRId64, value);
}

static void put_unsigned(struct cg_builder *b, const char *property, const char *file,
			 unsigned flags, uint64_t value)
{
	cg_put(b, property, file, flags, "%" PRIu64, value);
}

void cg_memory_v1(struct cg_builder *b, const struct config_memory *m)
{
	int64_t swap = !m->swap && m->limit < 0 ? -1 : m->swap;

	if (m->check_before_update && m->limit > 0)
		put_signed(b, "linux.resources.memory.limit", "memory.usage_in_bytes", CG_REQUIRE,
			   m->limit);
	/* The kernel keeps limit <= memsw at each step: which one goes first depends on whether
	 * they grow or shrink. */
	if (m->limit)
		put_signed(b, "linux.resources.memory.limit", "memory.limit_in_bytes",
			   swap ? CG_SWAP : 0, m->limit);
	if (swap) /* the file is missing when swap is not accounted; then there is no limit either */
		put_signed(b, "linux.resources.memory.swap", "memory.memsw.limit_in_bytes",
			   swap < 0 ? CG_OPTIONAL : 0, swap);
	if (m->reservation)
		put_signed(b, "linux.resources.memory.reservation", "memory.soft_limit_in_bytes", 0,
			   m->reservation);
	if (m->has_swappiness)
		put_unsigned(b, "linux.resources.memory.swappiness", "memory.swappiness", 0,
			     m->swappiness);
	if (m->disable_oom_killer)
		put_unsigned(b, "linux.resources.memory.disableOOMKiller", "memory.oom_control", 0,
			     1);
	if (m->use_hierarchy) /* always so since Linux 5.11 */
		put_unsigned(b, "linux.resources.memory.useHierarchy", "memory.use_hierarchy",
			     CG_OPTIONAL, 1);
}

void cg_cpu_v1(struct cg_builder *b, const struct config_cpu *c)
{
	if (c->has_idle)
		put_signed(b, "linux.resources.cpu.idle", "cpu.idle", 0, c->idle);
	if (c->shares && c->idle != 1)
		put_unsigned(b, "linux.resources.cpu.shares", "cpu.shares", 0, c->shares);
	/* quota/period must fit into the parent's at each step, and the burst into the quota. */
	if (c->period)
		put_unsigned(b, "linux.resources.cpu.period", "cpu.cfs_period_us",
			     c->quota ? CG_SWAP : 0, c->period);
	if (c->quota)
		put_signed(b, "linux.resources.cpu.quota", "cpu.cfs_quota_us",
			   c->burst ? CG_SWAP : 0, c->quota);
	if (c->has_burst)
		put_unsigned(b, "linux.resources.cpu.burst", "cpu.cfs_burst_us", 0, c->burst);
	if (c->realtime_period)
		put_unsigned(b, "linux.resources.cpu.realtimePeriod", "cpu.rt_period_us",
			     c->realtime_runtime ? CG_SWAP : 0, c->realtime_period);
	if (c->realtime_runtime)
		put_signed(b, "linux.resources.cpu.realtimeRuntime", "cpu.rt_runtime_us", 0,
			   c->realtime_runtime);
}

static void put_weight(struct cg_builder *b, const struct config_weight_device *w)
{
	const char *property = "linux.resources.blockIO.weightDevice";

	if (w->weight) {
		cg_put(b, property, "blkio.bfq.weight_device", CG_ELSE,
		       "%" PRId64 ":%" PRId64 " %u", w->major, w->minor, w->weight);
		cg_put(b, property, "blkio.weight_device", 0, "%" PRId64 ":%" PRId64 " %u",
		       w->major, w->minor, w->weight);
	}
	if (w->leaf_weight)
		cg_put(b, property, "blkio.leaf_weight_device", 0, "%" PRId64 ":%" PRId64 " %u",
		       w->major, w->minor, w->leaf_weight);
}

static void put_throttle(struct cg_builder *b, const char *property, const char *file,
			 const struct config_throttle_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cg_put(b, property, file, 0, "%" PRId64 ":%" PRId64 " %" PRIu64, list[i].major,
		       list[i].minor, list[i].rate);
}

void cg_block_io_v1(struct cg_builder *b, const struct config_block_io *io)
{
	if (io->weight) {
		put_unsigned(b, "linux.resources.blockIO.weight", "blkio.bfq.weight", CG_ELSE,
			     io->weight);
		put_unsigned(b, "linux.resources.blockIO.weight", "blkio.weight", 0, io->weight);
	}
	if (io->leaf_weight)
		put_unsigned(b, "linux.resources.blockIO.leafWeight", "blkio.leaf_weight", 0,
			     io->leaf_weight);
	for (size_t i = 0; i < io->n_weight_device; i++)
		put_weight(b, &io->weight_device[i]);
	put_throttle(b, "linux.resources.blockIO.throttleReadBpsDevice",
		     "blkio.throttle.read_bps_device", io->throttle_read_bps_device,
		     io->n_throttle_read_bps_device);
	put_throttle(b, "linux.resources.blockIO.throttleWriteBpsDevice",
		     "blkio.throttle.write_bps_device", io->throttle_write_bps_device,
		     io->n_throttle_write_bps_device);
	put_throttle(b, "linux.resources.blockIO.throttleReadIOPSDevice",
		     "blkio.throttle.read_iops_device", io->throttle_read_iops_device,
		     io->n_throttle_read_iops_device);
	put_throttle(b, "linux.resources.blockIO.throttleWriteIOPSDevice",
		     "blkio.throttle.write_iops_device", io->throttle_write_iops_device,
		     io->n_throttle_write_iops_device);
}
