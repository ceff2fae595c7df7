/* SPDX-License-Identifier: Apache-2.0 */
/* The member `linux.resources`. Which of it this host's cgroups can enforce is cgroups' affair. */
#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/validate_parts.h"

static int check_device_rules(const struct check *c, const struct config_resources *r)
{
	static const char *const types[] = {"", "a", "b", "c"};

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct config_device_rule *d = &r->devices[i];
		if (d->type && !CHECK_WORD(d->type, types))
			return err_say(
				c->err, EINVAL,
				"linux.resources.devices[%zu].type: expected a, b or c, found "
				"\"%s\"",
				i, d->type);
		if (!*d->access || d->access[strspn(d->access, "rwm")])
			return err_say(
				c->err, EINVAL,
				"linux.resources.devices[%zu].access: expected letters of rwm, "
				"found \"%s\"",
				i, d->access);
	}
	return 0;
}

/* 0 leaves a limit as it is and -1 lifts it, so neither is compared. */
static int check_memory(const struct check *c, const struct config_resources *r)
{
	const struct config_memory *m = r->memory;

	if (!m)
		return 0;
	if (m->swap > 0 && m->limit <= 0)
		return err_say(
			c->err, EINVAL,
			"linux.resources.memory.swap: unable to set swap limit without memory limit");
	if (m->swap > 0 && m->swap < m->limit)
		return err_say(
			c->err, EINVAL,
			"linux.resources.memory.swap: memory+swap limit should be >= memory limit");
	if (m->kernel || m->kernel_tcp)
		check_warn(c,
			   "linux.resources.memory.%s: no kernel has this limit any more; ignored",
			   m->kernel ? "kernel" : "kernelTCP");
	return 0;
}

/* kernel/sched: the bandwidth controller takes periods from 1 ms to 1 s, quotas from 1 ms. */
static int check_cpu(const struct check *c, const struct config_resources *r)
{
	const struct config_cpu *cpu = r->cpu;

	if (!cpu)
		return 0;
	if (cpu->period && (cpu->period < 1000 || cpu->period > 1000000))
		return err_say(c->err, EINVAL,
			       "linux.resources.cpu.period: expected 1000 to 1000000, found %llu",
			       (unsigned long long)cpu->period);
	if (cpu->quota > 0 && cpu->quota < 1000)
		return err_say(c->err, EINVAL,
			       "linux.resources.cpu.quota: expected at least 1000, found %lld",
			       (long long)cpu->quota);
	if (cpu->quota > 0 && cpu->burst > (uint64_t)cpu->quota)
		return err_say(c->err, EINVAL, "linux.resources.cpu.burst: above the quota");
	if (cpu->cpus && *cpu->cpus && !check_is_list(cpu->cpus))
		return err_say(c->err, EINVAL,
			       "linux.resources.cpu.cpus: not a list of CPUs: \"%s\"", cpu->cpus);
	if (cpu->mems && *cpu->mems && !check_is_list(cpu->mems))
		return err_say(c->err, EINVAL,
			       "linux.resources.cpu.mems: not a list of nodes: \"%s\"", cpu->mems);
	return 0;
}

static bool is_weight(unsigned weight)
{
	return weight == 0 || (weight >= 10 && weight <= 1000);
}

static int check_block_io(const struct check *c, const struct config_resources *r)
{
	const struct config_block_io *b = r->block_io;

	if (!b)
		return 0;
	if (!is_weight(b->weight) || !is_weight(b->leaf_weight))
		return err_say(c->err, EINVAL, "linux.resources.blockIO.%s: expected 10 to 1000",
			       is_weight(b->weight) ? "leafWeight" : "weight");
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct config_weight_device *d = &b->weight_device[i];
		if (!is_weight(d->weight) || !is_weight(d->leaf_weight))
			return err_say(
				c->err, EINVAL,
				"linux.resources.blockIO.weightDevice[%zu].%s: expected 10 to "
				"1000",
				i, is_weight(d->weight) ? "leafWeight" : "weight");
	}
	return 0;
}

/* "64KB", "2MB", "1GB": the names of hugetlb's files. */
static bool is_page_size(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && s[0] != '0' && s[n] && strchr("KMG", s[n]) && str_eq(s + n + 1, "B");
}

static int check_hugepages(const struct check *c, const struct config_resources *r)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		if (!is_page_size(r->hugepage_limits[i].page_size))
			return err_say(
				c->err, EINVAL,
				"linux.resources.hugepageLimits[%zu].pageSize: expected a size "
				"such as 2MB, found \"%s\"",
				i, r->hugepage_limits[i].page_size);
	return 0;
}

static int check_network(const struct check *c, const struct config_resources *r)
{
	for (size_t i = 0; r->network && i < r->network->n_priorities; i++)
		if (!*r->network->priorities[i].name)
			return err_say(
				c->err, EINVAL,
				"linux.resources.network.priorities[%zu].name: must not be empty",
				i);
	return 0;
}

static int check_rdma(const struct check *c, const struct config_resources *r)
{
	for (size_t i = 0; i < r->n_rdma; i++)
		if (!r->rdma[i].has_hca_handles && !r->rdma[i].has_hca_objects)
			return err_say(
				c->err, EINVAL,
				"linux.resources.rdma[\"%s\"]: needs hcaHandles or hcaObjects",
				r->rdma[i].key);
	return 0;
}

static int check_unified(const struct check *c, const struct config_resources *r)
{
	for (size_t i = 0; i < r->n_unified; i++) {
		const char *key = r->unified[i].key, *dot = strchr(key, '.');
		if (strchr(key, '/'))
			return err_say(
				c->err, EINVAL,
				"linux.resources.unified: unified resource \"%s\" must be a file "
				"name (no slashes)",
				key);
		if (!dot || dot == key || !dot[1])
			return err_say(
				c->err, EINVAL,
				"linux.resources.unified: unified resource \"%s\" must be in the "
				"form CONTROLLER.PARAMETER",
				key);
	}
	return 0;
}

int check_resources(const struct check *c, const struct config_resources *r)
{
	static int (*const checks[])(const struct check *, const struct config_resources *) = {
		check_device_rules, check_memory,  check_cpu,  check_block_io,
		check_hugepages,    check_network, check_rdma, check_unified,
	};
	int result = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && result == 0; i++)
		result = checks[i](c, r);
	return result;
}
