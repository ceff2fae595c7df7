/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/capacity.h"

/* What a tenant used in a slot. */
struct cell {
	uint32_t tenant;
	uint64_t slot;
	double cpu_ns, memory; /* of the slot's whole length; the greatest held at one time */
};

/* What was seen of a container last. */
struct seen {
	const char *id, *created;
	uint32_t tenant;
	uint64_t ns, cpu_ns;
};

struct capacity {
	struct arena mem;
	const char **tenants;
	struct seen *seen;
	struct cell *cells;
	size_t n_tenants, n_seen, n_cells;
};

struct capacity *capacity_new(void)
{
	return mem_zalloc(1, sizeof(struct capacity));
}

void capacity_free(struct capacity *c)
{
	if (!c)
		return;
	arena_clear(&c->mem);
	free(c->tenants);
	free(c->seen);
	free(c->cells);
	free(c);
}

/* Lists double at each power of two. */
static void *room(void *list, size_t n, size_t size)
{
	return n & (n - 1) ? list : mem_resize(list, n ? 2 * n : 1, size);
}

static uint32_t tenant_of(struct capacity *c, const struct usage *u)
{
	const char *name = u->tenant ? u->tenant : "-";

	for (size_t i = 0; i < c->n_tenants; i++)
		if (strcmp(c->tenants[i], name) == 0)
			return (uint32_t)i;
	c->tenants = room(c->tenants, c->n_tenants, sizeof(*c->tenants));
	c->tenants[c->n_tenants] = arena_str(&c->mem, name);
	return (uint32_t)c->n_tenants++;
}

static struct seen *find(struct capacity *c, const struct usage *u)
{
	for (size_t i = c->n_seen; i-- > 0;) /* the latest are the likeliest */
		if (strcmp(c->seen[i].id, u->id) == 0 &&
		    strcmp(c->seen[i].created, u->created) == 0)
			return &c->seen[i];
	return NULL;
}

static struct cell *cell_at(struct capacity *c, uint32_t tenant, uint64_t slot)
{
	for (size_t i = c->n_cells; i-- > 0;)
		if (c->cells[i].slot == slot && c->cells[i].tenant == tenant)
			return &c->cells[i];
	c->cells = room(c->cells, c->n_cells, sizeof(*c->cells));
	c->cells[c->n_cells] = (struct cell){.tenant = tenant, .slot = slot};
	return &c->cells[c->n_cells++];
}

/* What lies between two looks is spread over the slots between them. */
static void spread(struct capacity *c, uint32_t tenant, uint64_t from, uint64_t to, double cpu_ns,
		   double memory)
{
	const uint64_t length = (uint64_t)CAPACITY_SLOT_S * 1000000000;
	double whole = to > from ? (double)(to - from) : 1;

	for (uint64_t at = from; at < to || at == from;) {
		uint64_t end = (at / length + 1) * length, stop = end < to ? end : to;
		struct cell *cell = cell_at(c, tenant, at / length);
		cell->cpu_ns += cpu_ns * (to > from ? (double)(stop - at) / whole : 1);
		/* Held for a part of the slot, it still has to be there. */
		cell->memory += memory * (to > from ? (double)(stop - at) / (double)length : 0);
		if (stop == at)
			break;
		at = stop;
	}
}

void capacity_add(struct capacity *c, const struct usage *u, uint64_t ns)
{
	struct seen *s = find(c, u);
	uint32_t tenant = tenant_of(c, u);
	uint64_t from = ns > u->wall_ns ? ns - u->wall_ns : 0, before = 0;

	if (s) {
		from = s->ns;
		before = s->cpu_ns;
	} else {
		c->seen = room(c->seen, c->n_seen, sizeof(*c->seen));
		s = &c->seen[c->n_seen++];
		*s = (struct seen){.id = arena_str(&c->mem, u->id),
				   .created = arena_str(&c->mem, u->created),
				   .tenant = tenant};
	}
	double cpu = u->cpu_ns > before ? (double)(u->cpu_ns - before) : 0;
	uint64_t memory = u->memory_peak > u->memory ? u->memory_peak : u->memory;
	spread(c, tenant, from < ns ? from : ns, ns, cpu, (double)memory);
	s->ns = ns;
	s->cpu_ns = u->cpu_ns;
}

/* ---- percentiles ------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The least value that so many percent of all do not exceed. */
static double percentile_of(double *v, size_t n, unsigned percentile)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	size_t at = (n * percentile + 99) / 100;
	return v[at ? at - 1 : 0];
}

/* One tenant's cells, or for all together the sums of each slot. */
struct slots {
	uint64_t *slot;
	double *cpu, *memory;
	size_t n;
};

static void gather(const struct capacity *c, int64_t tenant, struct slots *s)
{
	s->n = 0;
	for (size_t i = 0; i < c->n_cells; i++) {
		const struct cell *cell = &c->cells[i];
		size_t at = s->n;
		if (tenant >= 0 && cell->tenant != (uint32_t)tenant)
			continue;
		while (at > 0 && s->slot[at - 1] != cell->slot)
			at--;
		if (at == 0) {
			at = ++s->n;
			s->slot[at - 1] = cell->slot;
			s->cpu[at - 1] = s->memory[at - 1] = 0;
		}
		s->cpu[at - 1] += cell->cpu_ns;
		s->memory[at - 1] += cell->memory;
	}
}

size_t capacity_needs(const struct capacity *c, unsigned percentile, struct arena *mem,
		      struct capacity_need **ret)
{
	struct capacity_need *list = arena_zalloc(mem, c->n_tenants + 1, sizeof(*list));
	struct slots s = {.slot = arena_zalloc(mem, c->n_cells + 1, sizeof(*s.slot)),
			  .cpu = arena_zalloc(mem, c->n_cells + 1, sizeof(*s.cpu)),
			  .memory = arena_zalloc(mem, c->n_cells + 1, sizeof(*s.memory))};

	for (size_t i = 0; i <= c->n_tenants; i++) {
		bool is_all = i == c->n_tenants;
		gather(c, is_all ? -1 : (int64_t)i, &s);
		list[i] = (struct capacity_need){
			.tenant = is_all ? NULL : arena_str(mem, c->tenants[i]),
			.cpu = (uint64_t)(percentile_of(s.cpu, s.n, percentile) / CAPACITY_SLOT_S /
					  1e6),
			.memory = (uint64_t)percentile_of(s.memory, s.n, percentile),
			.slots = s.n};
	}
	*ret = list;
	return c->n_tenants + 1;
}
