/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources → writes: the rules that hold on every host, the controllers that are alike in v1
 * and v2, and v2's "unified". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/builder.h"
#include "runtime/base/str.h"

static void check_memory(struct cg_builder *b, const struct config_memory *m)
{
	if (m->swap > 0 && m->limit <= 0)
		cg_refuse(b, "linux.resources.memory.swap: memory+swap needs a memory limit too");
	if (m->swap > 0 && m->limit > 0 && m->swap < m->limit)
		cg_refuse(b,
			  "linux.resources.memory.swap counts memory and swap together: %" PRId64
			  " is below memory.limit, which is %" PRId64,
			  m->swap, m->limit);
	if (m->limit < -1 || m->swap < -1 || m->reservation < -1)
		cg_refuse(b, "linux.resources.memory: expected bytes, or -1 for no limit");
	if (m->has_swappiness && m->swappiness > 100)
		cg_refuse(b, "linux.resources.memory.swappiness: expected 0 to 100, not %" PRIu64,
			  m->swappiness);
	if (m->kernel || m->kernel_tcp)
		cg_warn(b, "linux.resources.memory.kernel and kernelTCP are ignored: Linux has no "
			   "such limits any more");
}

static void check_cpu(struct cg_builder *b, const struct config_cpu *c)
{
	if (c->quota > 0 && c->burst > (uint64_t)c->quota)
		cg_refuse(b, "linux.resources.cpu.burst: %" PRIu64 " is above cpu.quota", c->burst);
	if (c->has_idle && c->idle != 0 && c->idle != 1)
		cg_refuse(b, "linux.resources.cpu.idle: expected 0 or 1, not %" PRId64, c->idle);
	if (c->cpus && c->cpus[strspn(c->cpus, "0123456789,- ")])
		cg_refuse(b, "linux.resources.cpu.cpus: expected a list as 0-3,7, not \"%s\"",
			  c->cpus);
	if (c->mems && c->mems[strspn(c->mems, "0123456789,- ")])
		cg_refuse(b, "linux.resources.cpu.mems: expected a list as 0-1, not \"%s\"",
			  c->mems);
}

static void check_weight(struct cg_builder *b, const char *property, unsigned weight)
{
	if (weight && (weight < 10 || weight > 1000))
		cg_refuse(b, "%s: expected 10 to 1000, not %u", property, weight);
}

static void check_numbers(struct cg_builder *b, const char *property,
			  const struct config_throttle_device *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].major < 0 || list[i].minor < 0)
			cg_refuse(b, "linux.resources.blockIO.%s[%zu]: negative device number",
				  property, i);
}

static void check_block_io(struct cg_builder *b, const struct config_block_io *io)
{
	check_weight(b, "linux.resources.blockIO.weight", io->weight);
	check_weight(b, "linux.resources.blockIO.leafWeight", io->leaf_weight);
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct config_weight_device *w = &io->weight_device[i];
		check_weight(b, "linux.resources.blockIO.weightDevice", w->weight);
		check_weight(b, "linux.resources.blockIO.weightDevice", w->leaf_weight);
		if (w->major < 0 || w->minor < 0)
			cg_refuse(b,
				  "linux.resources.blockIO.weightDevice[%zu]: negative device "
				  "number",
				  i);
	}
	check_numbers(b, "throttleReadBpsDevice", io->throttle_read_bps_device,
		      io->n_throttle_read_bps_device);
	check_numbers(b, "throttleWriteBpsDevice", io->throttle_write_bps_device,
		      io->n_throttle_write_bps_device);
	check_numbers(b, "throttleReadIOPSDevice", io->throttle_read_iops_device,
		      io->n_throttle_read_iops_device);
	check_numbers(b, "throttleWriteIOPSDevice", io->throttle_write_iops_device,
		      io->n_throttle_write_iops_device);
}

static void put_cpuset(struct cg_builder *b, const struct config_cpu *c)
{
	if (c->cpus && *c->cpus)
		cg_put(b, "linux.resources.cpu.cpus", "cpuset.cpus", 0, "%s", c->cpus);
	if (c->mems && *c->mems)
		cg_put(b, "linux.resources.cpu.mems", "cpuset.mems", 0, "%s", c->mems);
}

/* A container is at least one process: 0 is as strict as 1, and lets it begin. */
static void put_pids(struct cg_builder *b, const struct config_pids *p)
{
	unsigned flags = b->soft_pids ? CG_OPTIONAL : 0;

	if (!p->has_limit)
		return;
	if (p->limit < 0)
		cg_put(b, "linux.resources.pids.limit", "pids.max", flags, "max");
	else
		cg_put(b, "linux.resources.pids.limit", "pids.max", flags, "%" PRId64,
		       p->limit ? p->limit : 1);
}

static bool is_page_size(const char *s)
{
	size_t n = s ? strspn(s, "0123456789") : 0;

	return n && n < 20 && strchr("KMG", s[n]) && s[n] && str_eq(s + n + 1, "B");
}

/* Two limits: what is used, and what is reserved (mmap fails instead of a later SIGBUS). */
static void put_hugepages(struct cg_builder *b, const struct config_hugepage_limit *limit)
{
	const char *property = "linux.resources.hugepageLimits";
	const char *suffix = cg_is_on_v1(b, "hugetlb") ? "limit_in_bytes" : "max";
	char file[80];

	if (!is_page_size(limit->page_size)) {
		cg_refuse(b, "%s: expected a page size as 2MB, not \"%s\"", property,
			  limit->page_size ? limit->page_size : "");
		return;
	}
	snprintf(file, sizeof(file), "hugetlb.%s.%s", limit->page_size, suffix);
	cg_put(b, property, file, 0, "%" PRIu64, limit->limit);
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
	cg_put(b, property, file, CG_OPTIONAL, "%" PRIu64, limit->limit);
}

static void put_network(struct cg_builder *b, const struct config_network_resources *net)
{
	if (net->class_id)
		cg_put(b, "linux.resources.network.classID", "net_cls.classid", 0, "%u",
		       net->class_id);
	for (size_t i = 0; i < net->n_priorities; i++)
		cg_put(b, "linux.resources.network.priorities", "net_prio.ifpriomap", 0, "%s %u",
		       net->priorities[i].name, net->priorities[i].priority);
}

static void put_rdma(struct cg_builder *b, const struct config_rdma *r)
{
	char handles[32] = "", objects[32] = "";

	if (!r->has_hca_handles && !r->has_hca_objects)
		cg_refuse(b, "linux.resources.rdma.%s: expected hcaHandles, hcaObjects or both",
			  r->key);
	if (r->has_hca_handles)
		snprintf(handles, sizeof(handles), " hca_handle=%u", r->hca_handles);
	if (r->has_hca_objects)
		snprintf(objects, sizeof(objects), " hca_object=%u", r->hca_objects);
	cg_put(b, "linux.resources.rdma", "rdma.max", 0, "%s%s%s", r->key, handles, objects);
}

/* Of the files that every group has, those that limit something; the others move processes,
 * kill them or hand out controllers, which is ctr's own affair. */
static bool is_core_limit(const char *file)
{
	return str_eq(file, "cgroup.max.depth") || str_eq(file, "cgroup.max.descendants") ||
	       str_eq(file, "cgroup.pressure");
}

static void put_unified(struct cg_builder *b, const struct config_kv *kv)
{
	const char *property = arena_printf(&b->plan->mem, "linux.resources.unified.%s", kv->key);
	const char *dot = strchr(kv->key, '.');

	if (strchr(kv->key, '/') || !dot || dot == kv->key) {
		cg_refuse(b, "linux.resources.unified: \"%s\" is not the name of a cgroup v2 file",
			  kv->key);
		return;
	}
	if (str_starts(kv->key, "cgroup.") && !is_core_limit(kv->key)) {
		cg_refuse(b, "linux.resources.unified: \"%s\" is not a limit", kv->key);
		return;
	}
	if (cg_is_on_v1(b, arena_copy(&b->plan->mem, kv->key, (size_t)(dot - kv->key)))) {
		cg_unsupported(b, property, "its controller is mounted as cgroup v1 on this host");
		return;
	}
	/* The kernel takes one line at a time. */
	for (const char *line = kv->value; *line;) {
		int n = (int)strcspn(line, "\n");
		if (n)
			cg_put(b, property, kv->key, 0, "%.*s", n, line);
		line += n + (line[n] == '\n');
	}
}

static void put_memory_and_cpu(struct cg_builder *b, const struct config_resources *res)
{
	if (res->memory) {
		check_memory(b, res->memory);
		(cg_is_on_v1(b, "memory") ? cg_memory_v1 : cg_memory_v2)(b, res->memory);
	}
	if (res->cpu) {
		check_cpu(b, res->cpu);
		(cg_is_on_v1(b, "cpu") ? cg_cpu_v1 : cg_cpu_v2)(b, res->cpu);
		put_cpuset(b, res->cpu);
	}
}

void cg_limits(struct cg_builder *b, const struct config_resources *res)
{
	put_memory_and_cpu(b, res);
	if (res->pids)
		put_pids(b, res->pids);
	if (res->block_io) {
		check_block_io(b, res->block_io);
		(cg_is_on_v1(b, "blkio") ? cg_block_io_v1 : cg_block_io_v2)(b, res->block_io);
	}
	for (size_t i = 0; i < res->n_hugepage_limits; i++)
		put_hugepages(b, &res->hugepage_limits[i]);
	if (res->network)
		put_network(b, res->network);
	for (size_t i = 0; i < res->n_rdma; i++)
		put_rdma(b, &res->rdma[i]);
	for (size_t i = 0; i < res->n_unified; i++)
		put_unified(b, &res->unified[i]);
}
