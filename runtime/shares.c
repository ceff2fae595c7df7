/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/shares.h"

enum { PERIOD_US = 100000, MILLI = 1000, UNIFIED_MAX = 24, THROTTLES = 4 };

int shares_cpus(const char *text, uint64_t *ret)
{
	size_t whole = strspn(text, "0123456789");
	uint64_t n = 0, unit = MILLI / 10;

	if (!whole || whole > 6)
		return -EINVAL;
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	n *= MILLI;
	const char *at = text + whole;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
			n += (uint64_t)(*at - '0') * unit;
	if (*at)
		return -EINVAL;
	*ret = n;
	return 0;
}

/* ---- shares → linux.resources ----------------------------------------------------------------- */

struct target {
	const struct tenant_shares *s;
	struct config_resources *res;
	struct arena *mem;
	struct err *err;
	bool cpu_v1, memory_v1, io_v1;
	int r;
};

static bool is_on_v1(const struct host *h, const char *controller)
{
	for (unsigned i = 0; i < h->n_cgroups; i++) {
		const char *list = h->cgroups[i].controllers;
		size_t n = strlen(controller);
		for (const char *at = list; at && *list; at = strchr(at, ',')) {
			at += *at == ',';
			if (strncmp(at, controller, n) == 0 && (at[n] == ',' || !at[n]))
				return true;
		}
	}
	return false;
}

static void refuse(struct target *t, const char *flag, const char *why)
{
	if (t->r < 0)
		return;
	t->r = err_say(t->err, ENOTSUP, "--%s cannot be enforced: %s", flag, why);
	err_code(t->err, "cgroup-unsupported");
}

static void put(struct target *t, const char *file, const char *value)
{
	t->res->unified[t->res->n_unified++] = (struct config_kv){file, value};
}

/* A limit of bytes in a file that only v2 has. */
static void put_bytes(struct target *t, const char *flag, const char *file, bool has, int64_t n)
{
	if (!has)
		return;
	if (t->memory_v1) {
		refuse(t, flag,
		       "the memory controller is mounted as cgroup v1, which has no such limit");
		return;
	}
	put(t, file, n < 0 ? "max" : arena_printf(t->mem, "%" PRId64, n));
}

static void put_cpu(struct target *t)
{
	const struct tenant_shares *s = t->s;
	struct config_cpu *c = t->res->cpu;

	if (!c)
		c = t->res->cpu = arena_zalloc(t->mem, 1, sizeof(*c));
	if (s->has_cpu_weight && t->cpu_v1) {
		c->shares = (uint64_t)s->cpu_weight * 1024 / 100;
		c->shares = c->shares < 2 ? 2 : c->shares;
		c->has_shares = true;
	} else if (s->has_cpu_weight && !s->cpu_idle) {
		put(t, "cpu.weight", arena_printf(t->mem, "%u", s->cpu_weight));
	}
	if (s->has_cpu_milli) {
		c->quota = s->cpu_milli < 0 ? -1 : s->cpu_milli * (PERIOD_US / MILLI);
		c->period = PERIOD_US;
		c->has_quota = c->has_period = true;
	}
	if (s->has_cpu_burst_us) {
		c->burst = s->cpu_burst_us;
		c->has_burst = true;
	}
	if (s->has_cpu_idle) {
		c->idle = s->cpu_idle;
		c->has_idle = true;
	}
	c->cpus = s->cpus ? s->cpus : c->cpus;
	c->mems = s->mems ? s->mems : c->mems;
}

/* v1 counts memory and swap together. */
static void put_swap(struct target *t)
{
	const struct tenant_shares *s = t->s;
	struct config_memory *m = t->res->memory;

	if (!s->has_swap)
		return;
	if (!t->memory_v1) {
		put_bytes(t, "swap", "memory.swap.max", true, s->swap);
		return;
	}
	if (s->swap >= 0 && m->limit <= 0) {
		refuse(t, "swap",
		       "cgroup v1 counts memory and swap together: it needs --memory too");
		return;
	}
	m->swap = s->swap < 0 ? -1 : m->limit + s->swap;
	m->has_swap = true;
}

static void put_memory(struct target *t)
{
	const struct tenant_shares *s = t->s;
	struct config_memory *m = t->res->memory;

	if (!m)
		m = t->res->memory = arena_zalloc(t->mem, 1, sizeof(*m));
	if (s->has_memory) {
		m->limit = s->memory;
		m->has_limit = true;
	}
	put_swap(t);
	if (s->has_memory_low && t->memory_v1) { /* as near as v1 comes to it */
		m->reservation = s->memory_low;
		m->has_reservation = true;
	} else {
		put_bytes(t, "memory-low", "memory.low", s->has_memory_low, s->memory_low);
	}
	put_bytes(t, "memory-min", "memory.min", s->has_memory_min, s->memory_min);
	put_bytes(t, "memory-high", "memory.high", s->has_memory_high, s->memory_high);
	put_bytes(t, "zswap", "memory.zswap.max", s->has_zswap, s->zswap);
}

/* "8:0 rbps=1048576 wiops=max": v1 has a file for each of the four. */
static void put_throttle(struct target *t, const char *line)
{
	struct config_block_io *io = t->res->block_io;
	const struct {
		const char *key;
		struct config_throttle_device **list;
		size_t *n;
	} rows[THROTTLES] = {
		{"rbps=", &io->throttle_read_bps_device, &io->n_throttle_read_bps_device},
		{"wbps=", &io->throttle_write_bps_device, &io->n_throttle_write_bps_device},
		{"riops=", &io->throttle_read_iops_device, &io->n_throttle_read_iops_device},
		{"wiops=", &io->throttle_write_iops_device, &io->n_throttle_write_iops_device},
	};
	struct config_throttle_device d = {.has_major = true, .has_minor = true, .has_rate = true};

	if (sscanf(line, "%" SCNd64 ":%" SCNd64, &d.major, &d.minor) != 2)
		return;
	for (size_t i = 0; i < THROTTLES; i++) {
		const char *at = strstr(line, rows[i].key);
		if (!at || at[-1] != ' ')
			continue;
		d.rate = 0; /* none */
		sscanf(at + strlen(rows[i].key), "%" SCNu64, &d.rate);
		struct config_throttle_device *list =
			arena_zalloc(t->mem, *rows[i].n + 1, sizeof(*list));
		if (*rows[i].n)
			memcpy(list, *rows[i].list, *rows[i].n * sizeof(*list));
		list[(*rows[i].n)++] = d;
		*rows[i].list = list;
	}
}

static void put_io(struct target *t)
{
	const struct tenant_shares *s = t->s;
	struct config_block_io *io = t->res->block_io;
	auto_(str) struct str latency = {0};

	if (!io)
		io = t->res->block_io = arena_zalloc(t->mem, 1, sizeof(*io));
	if (s->has_io_weight) {
		io->weight = (uint16_t)s->io_weight;
		io->has_weight = true;
	}
	for (size_t i = 0; i < s->n_io_max; i++)
		put_throttle(t, s->io_max[i]);
	if (!s->n_io_latency)
		return;
	if (t->io_v1) {
		refuse(t, "io-latency",
		       "the blkio controller is mounted as cgroup v1, which has no such target");
		return;
	}
	for (size_t i = 0; i < s->n_io_latency; i++)
		str_addf(&latency, "%s%s", i ? "\n" : "", s->io_latency[i]);
	put(t, "io.latency", arena_str(t->mem, latency.p));
}

int shares_resources(const struct tenant_shares *s, const struct host *host, struct arena *mem,
		     struct config_resources *res, struct err *err)
{
	struct target t = {.s = s,
			   .res = res,
			   .mem = mem,
			   .err = err,
			   .cpu_v1 = is_on_v1(host, "cpu"),
			   .memory_v1 = is_on_v1(host, "memory"),
			   .io_v1 = is_on_v1(host, "blkio")};
	struct config_kv *unified =
		arena_zalloc(mem, res->n_unified + UNIFIED_MAX, sizeof(*unified));

	if (res->n_unified)
		memcpy(unified, res->unified, res->n_unified * sizeof(*unified));
	res->unified = unified;
	if (s->has_cpu_weight || s->has_cpu_milli || s->has_cpu_burst_us || s->has_cpu_idle ||
	    s->cpus || s->mems)
		put_cpu(&t);
	if (s->has_memory || s->has_memory_min || s->has_memory_low || s->has_memory_high ||
	    s->has_swap || s->has_zswap)
		put_memory(&t);
	if (s->has_pids) {
		res->pids = arena_zalloc(mem, 1, sizeof(*res->pids));
		*res->pids = (struct config_pids){s->pids, true};
	}
	if (s->has_io_weight || s->n_io_max || s->n_io_latency)
		put_io(&t);
	return t.r;
}

/* ---- for a group with others below it ---------------------------------------------------------- */

/* "8:0 rbps=max wiops=max" is none. */
static bool has_throttle(const struct tenant_shares *s)
{
	for (size_t i = 0; i < s->n_io_max; i++)
		for (const char *at = s->io_max[i]; (at = strchr(at, '=')); at++)
			if (at[1] >= '0' && at[1] <= '9')
				return true;
	return false;
}

int shares_check_tenant(const struct tenant_shares *s, const struct host *host, struct err *err)
{
	if (s->cpu_burst_us && s->cpu_milli <= 0)
		return err_say(err, EINVAL,
			       "--cpu-burst saves up what is left of --cpus: it needs it");
	if (!has_throttle(s) || !is_on_v1(host, "blkio"))
		return 0;
	err_say(err, ENOTSUP,
		"--io-max of a tenant cannot be enforced: with cgroup v1 the kernel holds a group to "
		"it, but not those below, where the containers are");
	err_hint(err, "give it to each of them: ctr run --io-max");
	err_code(err, "cgroup-unsupported");
	return -ENOTSUP;
}
