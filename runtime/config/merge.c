/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/merge.h"
#include "runtime/config/table.h"

/* ---- lists ------------------------------------------------------------------------------------*/

static bool same_int(const struct field *f, const char *a, const char *b)
{
	return memcmp(a + f->offset, b + f->offset, f->size) == 0;
}

/* By the key, the text, or the two numbers that stand first. */
static bool is_same(const struct field *f, const char *a, const char *b)
{
	const struct field *first = f->shape == FIELD_MAP ? NULL : f->table->fields;
	size_t at = first ? first->offset : 0;

	if (first && first->kind != FIELD_TEXT)
		return same_int(&first[0], a, b) && same_int(&first[1], a, b);
	return str_eq(*(const char *const *)(a + at), *(const char *const *)(b + at));
}

static void merge_list(const struct field *f, char *into, const char *over, struct arena *mem)
{
	const char *const *from = (const char *const *)(over + f->offset);
	char **to = (char **)(into + f->offset);
	size_t *n = (size_t *)(into + f->count), more = *(const size_t *)(over + f->count);
	bool is_whole =
		f->shape == FIELD_LIST && (!f->table || f->table == &config_device_rule_table);

	if (!more)
		return;
	char *list = arena_zalloc(mem, *n + more, f->size);
	if (is_whole)
		*n = 0;
	if (*n)
		memcpy(list, *to, *n * f->size);
	for (size_t i = 0; i < more; i++) {
		const char *one = *from + i * f->size;
		size_t at = is_whole ? *n : 0;
		while (at < *n && !is_same(f, list + at * f->size, one))
			at++;
		*n += at == *n;
		memcpy(list + at * f->size, one, f->size);
	}
	*to = list;
}

/* ---- members ----------------------------------------------------------------------------------*/

static void merge_object(const struct field *f, char *into, const char *over, struct arena *mem)
{
	const void *from = *(const void *const *)(over + f->offset);
	void **to = (void **)(into + f->offset);

	if (!from)
		return;
	void *copy = arena_zalloc(mem, 1, f->table->size);
	if (*to)
		memcpy(copy, *to, f->table->size);
	config_merge(f->table, copy, from, mem);
	*to = copy;
}

static void merge_value(const struct field *f, char *into, const char *over)
{
	bool is_set = f->has                  ? *(const bool *)(over + f->has)
		      : f->kind == FIELD_ENUM ? *(const unsigned *)(over + f->offset) != 0
					      : *(const void *const *)(over + f->offset) != NULL;

	if (!is_set)
		return;
	memcpy(into + f->offset, over + f->offset, f->size);
	if (f->has)
		*(bool *)(into + f->has) = true;
}

void config_merge(const struct table *table, void *into, const void *over, struct arena *mem)
{
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct field *f = &table->fields[i];
		if (f->shape != FIELD_ONE)
			merge_list(f, into, over, mem);
		else if (f->kind == FIELD_OBJECT)
			merge_object(f, into, over, mem);
		else
			merge_value(f, into, over);
	}
}

/* ---- resources --------------------------------------------------------------------------------*/

/* The first ones are absent, not zero. */
static const struct config_memory no_memory;
static const struct config_cpu no_cpu;
static const struct config_block_io no_io;

/* Unified files that `over` sets by another name. */
static void drop_unified(struct config_resources *into, const struct config_resources *over,
			 struct arena *mem)
{
	const struct config_memory *m = over->memory ? over->memory : &no_memory;
	const struct config_cpu *c = over->cpu ? over->cpu : &no_cpu;
	const struct config_block_io *io = over->block_io ? over->block_io : &no_io;
	const struct {
		const char *file;
		bool is_set;
	} rows[] = {
		{"cpu.weight", c->has_shares},     {"cpu.idle", c->has_idle},
		{"cpu.max", c->has_quota},         {"cpu.max.burst", c->has_burst},
		{"memory.max", m->has_limit},      {"memory.low", m->has_reservation},
		{"memory.swap.max", m->has_swap},  {"io.weight", io->has_weight},
		{"io.bfq.weight", io->has_weight}, {"cpuset.cpus", c->cpus != NULL},
		{"cpuset.mems", c->mems != NULL},  {"pids.max", over->pids != NULL},
	};
	struct config_kv *left = arena_zalloc(mem, into->n_unified, sizeof(*left));
	size_t n = 0;

	for (size_t i = 0; i < into->n_unified; i++) {
		bool goes = false;
		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
			goes |= rows[k].is_set && str_eq(rows[k].file, into->unified[i].key);
		if (!goes)
			left[n++] = into->unified[i];
	}
	into->unified = n ? left : NULL;
	into->n_unified = n;
}

/* swap is that of memory and swap together. */
static void keep_swap(struct config_memory *now, const struct config_memory *before,
		      const struct config_memory *over, bool joint)
{
	if (!over->has_limit || over->has_swap || !before->has_swap || before->swap < 0)
		return;
	int64_t apart = before->has_limit && before->swap > before->limit
				? before->swap - before->limit
				: 0;
	if (over->limit < 0)
		now->swap = -1;
	else if (!joint || now->swap < over->limit)
		now->swap = over->limit + apart;
}

void config_merge_resources(struct config_resources *into, const struct config_resources *over,
			    bool joint, struct arena *mem)
{
	const struct config_memory *before = into->memory;

	if (into->n_unified)
		drop_unified(into, over, mem);
	config_merge(&config_resources_table, into, over, mem);
	if (before && over->memory)
		keep_swap(into->memory, before, over->memory, joint);
}
