/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources → properties of a systemd scope. ctr writes all limits into the files itself; the
 * properties are there because systemd writes its own idea of them again at every daemon-reload.
 * Devices are not among them: with DevicePolicy=auto systemd leaves ctr's program alone, while a
 * program of its own beside that one would come and go with reloads. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/builder.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

enum { PROPERTIES_MAX = 64 };

static void add(struct cg_builder *b, const char *type, const char *name, const char *value)
{
	struct cg_plan *plan = b->plan;

	if (!plan->properties)
		plan->properties =
			arena_zalloc(&plan->mem, PROPERTIES_MAX, sizeof(*plan->properties));
	if (plan->n_properties == PROPERTIES_MAX) {
		cg_refuse(b, "annotations: more than %d systemd properties", PROPERTIES_MAX);
		return;
	}
	plan->properties[plan->n_properties++] =
		(struct cg_property){.name = arena_str(&plan->mem, name),
				     .type = type,
				     .value = arena_str(&plan->mem, value)};
}

/* Negative is "infinity". */
static void add_amount(struct cg_builder *b, const char *name, int64_t amount)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, amount < 0 ? UINT64_MAX : (uint64_t)amount);
	add(b, "t", name, text);
}

static void add_base(struct cg_builder *b)
{
	bool is_v2 = b->plan->layout == CGROUP_V2;

	add(b, "s", "Description", arena_printf(&b->plan->mem, "ctr container %s", b->id));
	add(b, "s", "Slice", b->plan->slice);
	add(b, "b", "DefaultDependencies", "false");
	add(b, "b", "Delegate", "true");
	/* A failed scope would keep its name taken until somebody resets it. */
	add(b, "s", "CollectMode", "inactive-or-failed");
	add(b, "b", "CPUAccounting", "true");
	add(b, "b", "MemoryAccounting", "true");
	add(b, "b", is_v2 ? "IOAccounting" : "BlockIOAccounting", "true");
	add(b, "b", "TasksAccounting", "true");
}

/* systemd keeps a quota as µs for each second, in steps of 1 %. */
static void add_quota(struct cg_builder *b, int64_t quota, uint64_t period)
{
	uint64_t step = 10000, per_second;

	if (period)
		add_amount(b, "CPUQuotaPeriodUSec", (int64_t)period);
	if (!quota)
		return;
	per_second = (uint64_t)quota * 1000000 / (period ? period : 100000);
	per_second = (per_second + step - 1) / step * step;
	add_amount(b, "CPUQuotaPerSecUSec", quota < 0 ? -1 : (int64_t)per_second);
}

static void add_cpu(struct cg_builder *b, const struct config_cpu *c, bool is_v2)
{
	if (c->shares && c->idle != 1 && is_v2)
		add_amount(b, "CPUWeight", cg_weight_of_shares(c->shares));
	else if (c->shares && !is_v2)
		add_amount(b, "CPUShares", (int64_t)c->shares);
	add_quota(b, c->quota, c->period);
	if (is_v2 && c->cpus && *c->cpus)
		add(b, "ay", "AllowedCPUs", c->cpus);
	if (is_v2 && c->mems && *c->mems)
		add(b, "ay", "AllowedMemoryNodes", c->mems);
}

static void add_memory(struct cg_builder *b, const struct config_memory *m, bool is_v2)
{
	if (m->limit)
		add_amount(b, is_v2 ? "MemoryMax" : "MemoryLimit", m->limit);
	if (is_v2 && m->reservation)
		add_amount(b, "MemoryLow", m->reservation);
	if (is_v2 && (m->swap || m->limit < 0))
		add_amount(b, "MemorySwapMax",
			   m->swap > 0 && m->limit > 0 ? m->swap - m->limit : -1);
}

/* What a file of "unified" is called as a property. */
static const struct {
	const char *file, *name, *type;
} unified_names[] = {
	{"cpu.weight", "CPUWeight", "t"},
	{"memory.min", "MemoryMin", "t"},
	{"memory.low", "MemoryLow", "t"},
	{"memory.high", "MemoryHigh", "t"},
	{"memory.max", "MemoryMax", "t"},
	{"memory.swap.max", "MemorySwapMax", "t"},
	{"pids.max", "TasksMax", "t"},
	{"cpuset.cpus", "AllowedCPUs", "ay"},
	{"cpuset.mems", "AllowedMemoryNodes", "ay"},
};

/* "QUOTA PERIOD", "max PERIOD", or the first word alone. */
static void add_cpu_max(struct cg_builder *b, const char *value)
{
	const char *blank = strchr(value, ' ');
	uint64_t quota = 0, period = 100000;

	if (blank && num_u64(blank + 1, &period) < 0)
		return; /* the kernel will refuse it */
	if (str_starts(value, "max"))
		add_quota(b, -1, period);
	else if ((quota = strtoull(value, NULL, 10)))
		add_quota(b, (int64_t)quota, period);
}

static void add_unified(struct cg_builder *b, const struct config_kv *kv)
{
	if (str_eq(kv->key, "cpu.max")) {
		add_cpu_max(b, kv->value);
		return;
	}
	for (size_t i = 0; i < sizeof(unified_names) / sizeof(*unified_names); i++) {
		if (!str_eq(kv->key, unified_names[i].file))
			continue;
		uint64_t n = 0;
		if (*unified_names[i].type == 'a')
			add(b, "ay", unified_names[i].name, kv->value);
		else if (str_eq(kv->value, "max") || num_u64(kv->value, &n) == 0)
			add_amount(b, unified_names[i].name, n ? (int64_t)n : -1);
	}
}

/* ---- annotations ------------------------------------------------------------------------------ */

static const struct {
	const char *keyword, *type;
} number_types[] = {
	{"byte ", "y"},   {"int16 ", "n"}, {"uint16 ", "q"}, {"int32 ", "i"},
	{"uint32 ", "u"}, {"int64 ", "x"}, {"uint64 ", "t"}, {"double ", "d"},
};

/* 'text' or "text" at *at: appended to *out, *at moved behind it. */
static bool quoted(const char **at, struct str *out)
{
	const char *s = *at;
	char quote = *s++;

	if (quote != '\'' && quote != '"')
		return false;
	for (; *s && *s != quote; s++) {
		s += *s == '\\' && s[1];
		str_add_char(out, *s);
	}
	*at = s + 1;
	return *s == quote;
}

static bool string_list(const char *s, struct str *out)
{
	while (*++s != ']') {
		if (out->len)
			str_add_char(out, '\n');
		s += strspn(s, " ");
		if (!quoted(&s, out))
			return false;
		s += strspn(s, " ");
		if (*s == ']')
			break;
		if (*s != ',')
			return false;
	}
	return s[1] == '\0';
}

/* The part of GVariant's text format that unit properties need: booleans, numbers with their type
 * in front, strings, and lists of strings. The D-Bus type, or NULL. */
static const char *parse_variant(const char *text, struct str *out)
{
	const char *type = "i";
	int64_t i;
	uint64_t u;

	if (str_eq(text, "true") || str_eq(text, "false")) {
		str_add(out, text);
		return "b";
	}
	if (*text == '[')
		return string_list(text, out) ? "as" : NULL;
	if (*text == '\'' || *text == '"')
		return quoted(&text, out) && !*text ? "s" : NULL;
	for (size_t k = 0; k < sizeof(number_types) / sizeof(*number_types); k++) {
		if (!str_starts(text, number_types[k].keyword))
			continue;
		type = number_types[k].type;
		text += strlen(number_types[k].keyword);
		break;
	}
	str_add(out, text);
	return num_i64(text, &i) == 0 || (*type == 't' && num_u64(text, &u) == 0) ? type : NULL;
}

/* Unit files say TimeoutStopSec=, the bus TimeoutStopUSec. */
static const char *microseconds(struct cg_builder *b, const char *name, struct str *value)
{
	uint64_t seconds;

	if (num_u64(value->p ? value->p : "", &seconds) < 0 || seconds > UINT64_MAX / 1000000) {
		cg_refuse(b, "annotation org.systemd.property.%s: expected seconds", name);
		return name;
	}
	str_clear(value);
	str_addf(value, "%" PRIu64, seconds * 1000000);
	return arena_printf(&b->plan->mem, "%.*sUSec", (int)strlen(name) - 3, name);
}

static void add_annotation(struct cg_builder *b, const char *name, const char *text)
{
	auto_(str) struct str value = {0};
	const char *type = parse_variant(text, &value);
	size_t n = 0;

	while (isalpha((unsigned char)name[n]))
		n++;
	if (n < 3 || name[n]) {
		cg_refuse(b, "annotation org.systemd.property.%s: no such property", name);
		return;
	}
	if (!type) {
		cg_refuse(b,
			  "annotation org.systemd.property.%s: \"%s\" is not a GVariant value of a "
			  "kind that ctr knows (true, uint64 5, 'text', ['a', 'b'])",
			  name, text);
		return;
	}
	if (str_ends(name, "Sec") && !str_ends(name, "USec")) {
		name = microseconds(b, name, &value);
		type = "t";
	}
	add(b, type, name, value.p ? value.p : "");
}

void cg_unit(struct cg_builder *b, const struct config_resources *res,
	     const struct config_kv *annotations, size_t n_annotations)
{
	static const char prefix[] = "org.systemd.property.";
	bool is_v2 = b->plan->layout == CGROUP_V2;

	if (b->r < 0)
		return;
	if (b->host) /* a new scope */
		add_base(b);
	if (res->cpu)
		add_cpu(b, res->cpu, is_v2);
	if (res->memory)
		add_memory(b, res->memory, is_v2);
	if (res->pids && res->pids->has_limit)
		add_amount(b, "TasksMax", res->pids->limit ? res->pids->limit : 1);
	if (res->block_io && res->block_io->weight && is_v2)
		add_amount(b, "IOWeight", 1 + (res->block_io->weight - 10) * 9999 / 990);
	for (size_t i = 0; i < res->n_unified; i++)
		add_unified(b, &res->unified[i]);
	for (size_t i = 0; i < n_annotations; i++)
		if (str_starts(annotations[i].key, prefix))
			add_annotation(b, annotations[i].key + strlen(prefix),
				       annotations[i].value);
}
