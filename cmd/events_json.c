/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/events_json.h"
#include "runtime/base/json.h"

static void put_list(struct json_out *o, const char *key, const uint64_t *values, size_t n)
{
	if (!n)
		return;
	json_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		json_uint(o, NULL, values[i]);
	json_close(o, ']');
}

/* "0-2,7" as the numbers it stands for. */
static void put_cpus(struct json_out *o, const char *key, const char *list)
{
	enum { CPUS_MAX = 65536 };
	char *end;

	if (!list)
		return;
	json_open(o, key, '[');
	for (const char *at = list; *at; at = *end ? end + 1 : end) {
		unsigned long first = strtoul(at, &end, 10), last = first;
		if (end == at)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPUS_MAX; first++)
			json_uint(o, NULL, first);
	}
	json_close(o, ']');
}

static void put_pressure(struct json_out *o, const char *key, const struct cg_pressure *p)
{
	json_open(o, key, '{');
	json_real(o, "avg10", p->avg10);
	json_real(o, "avg60", p->avg60);
	json_real(o, "avg300", p->avg300);
	json_uint(o, "total", p->total);
	json_close(o, '}');
}

static void put_psi(struct json_out *o, const struct cg_psi *psi)
{
	if (!psi->is_known)
		return;
	json_open(o, "psi", '{');
	put_pressure(o, "some", &psi->some);
	put_pressure(o, "full", &psi->full);
	json_close(o, '}');
}

static void put_usage(struct json_out *o, const char *key, const struct cg_usage *u)
{
	json_open(o, key, '{');
	json_uint(o, "limit", u->limit);
	json_uint(o, "usage", u->usage);
	json_uint(o, "max", u->max);
	json_uint(o, "failcnt", u->failcnt);
	json_close(o, '}');
}

static void put_cpu(struct json_out *o, const struct cg_stats *s)
{
	json_open(o, "cpu", '{');
	json_open(o, "usage", '{');
	json_uint(o, "total", s->cpu.total);
	put_list(o, "percpu", s->cpu.percpu, s->cpu.n_percpu);
	put_list(o, "percpu_kernel", s->cpu.percpu_kernel, s->cpu.n_percpu_kernel);
	put_list(o, "percpu_user", s->cpu.percpu_user, s->cpu.n_percpu_user);
	json_uint(o, "kernel", s->cpu.kernel);
	json_uint(o, "user", s->cpu.user);
	json_close(o, '}');
	json_open(o, "throttling", '{');
	json_uint(o, "periods", s->cpu.periods);
	json_uint(o, "throttledPeriods", s->cpu.throttled_periods);
	json_uint(o, "throttledTime", s->cpu.throttled_time);
	json_close(o, '}');
	put_psi(o, &s->cpu.psi);
	json_close(o, '}');
	json_open(o, "cpuset", '{');
	put_cpus(o, "cpus", s->cpuset.cpus);
	put_cpus(o, "mems", s->cpuset.mems);
	json_close(o, '}');
}

static void put_memory(struct json_out *o, const struct cg_stats *s)
{
	json_open(o, "memory", '{');
	json_uint(o, "cache", s->memory.cache);
	put_usage(o, "usage", &s->memory.usage);
	put_usage(o, "swap", &s->memory.swap);
	put_usage(o, "kernel", &s->memory.kernel);
	put_usage(o, "kernelTCP", &s->memory.kernel_tcp);
	json_open(o, "raw", '{');
	for (size_t i = 0; i < s->memory.n_raw; i++)
		json_uint(o, s->memory.raw[i].key, s->memory.raw[i].value);
	json_close(o, '}');
	put_psi(o, &s->memory.psi);
	json_close(o, '}');
}

static void put_blkio(struct json_out *o, const struct cg_stats *s)
{
	json_open(o, "blkio", '{');
	for (int kind = 0; kind < CG_BLKIO_KINDS; kind++) {
		if (!s->blkio.n[kind])
			continue;
		json_open(o, cg_blkio_words[kind], '[');
		for (size_t i = 0; i < s->blkio.n[kind]; i++) {
			const struct cg_blkio *b = &s->blkio.items[kind][i];
			json_open(o, NULL, '{');
			json_uint(o, "major", b->major);
			json_uint(o, "minor", b->minor);
			json_text(o, "op", b->op);
			json_uint(o, "value", b->value);
			json_close(o, '}');
		}
		json_close(o, ']');
	}
	put_psi(o, &s->blkio.psi);
	json_close(o, '}');
}

void events_stats_json(struct str *out, const char *id, const struct cg_stats *s)
{
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "type", "stats");
	json_text(&o, "id", id);
	json_open(&o, "data", '{');
	put_cpu(&o, s);
	put_memory(&o, s);
	json_open(&o, "pids", '{');
	json_uint(&o, "current", s->pids.current);
	json_uint(&o, "limit", s->pids.limit);
	json_close(&o, '}');
	put_blkio(&o, s);
	json_open(&o, "hugetlb", '{');
	for (size_t i = 0; i < s->n_hugetlb; i++)
		put_usage(&o, s->hugetlb[i].size, &s->hugetlb[i].use);
	json_close(&o, '}');
	json_open(&o, "intel_rdt", '{');
	json_close(&o, '}');
	json_text(&o, "network_interfaces", NULL);
	json_close(&o, '}');
	json_close(&o, '}');
	str_add_char(out, '\n');
}

void events_oom_json(struct str *out, const char *id)
{
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "type", "oom");
	json_text(&o, "id", id);
	json_close(&o, '}');
	str_add_char(out, '\n');
}

void events_pressure_json(struct str *out, const char *id, const struct cg_psi_trigger *t,
			  const struct cg_psi *now)
{
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "type", "pressure");
	json_text(&o, "id", id);
	json_open(&o, "data", '{');
	json_text(&o, "resource", t->resource);
	json_text(&o, "kind", t->full ? "full" : "some");
	json_uint(&o, "stallUs", t->stall_us);
	json_uint(&o, "windowUs", t->window_us);
	put_psi(&o, now);
	json_close(&o, '}');
	json_close(&o, '}');
	str_add_char(out, '\n');
}
