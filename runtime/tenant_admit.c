/* SPDX-License-Identifier: Apache-2.0 */
/* Names, and whether a tenant fits in: pure. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/tenant.h"

enum { NAME_MAX_LEN = 200, DEPTH_MAX = 8, WEIGHT_DEFAULT = 100 };

static const struct tenant_shares no_shares;

static const struct tenant_shares *shares_of(const struct tenant *t)
{
	return t->shares ? t->shares : &no_shares;
}

int tenant_check_name(const char *name, struct err *err)
{
	unsigned depth = 1;
	bool ok = *name && strlen(name) <= NAME_MAX_LEN;

	for (const char *at = name; ok && *at; at++) {
		bool first = at == name || at[-1] == '/';
		if (*at == '/') {
			depth++;
			ok = !first && at[1];
		} else {
			ok = islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
			     (!first && (*at == '-' || *at == '_'));
		}
	}
	if (ok && depth <= DEPTH_MAX)
		return 0;
	err_say(err, EINVAL, "invalid name of a tenant: \"%.100s\"", name);
	err_hint(err, "lower case letters, digits, '-' and '_'; acme/web is a tenant of acme");
	return -EINVAL;
}

const char *tenant_parent(const char *name, struct arena *mem)
{
	const char *slash = strrchr(name, '/');

	return slash ? arena_copy(mem, name, (size_t)(slash - name)) : NULL;
}

const char *tenant_group(const char *name, struct arena *mem)
{
	return arena_printf(mem, "/ctr/%s", name);
}

/* Whether both have the same tenant above them. */
static bool are_siblings(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x ? (size_t)(x - a) : 0;

	return n == (y ? (size_t)(y - b) : 0) && strncmp(a, b, n) == 0;
}

/* ---- reservations ----------------------------------------------------------------------------- */

/* One kind of reservation. */
struct kind {
	const char *flag;
	uint64_t (*of)(const struct tenant *);
	double unit;
	const char *unit_name;
};

static uint64_t memory_of(const struct tenant *t)
{
	const struct tenant_shares *s = shares_of(t);

	return s->has_memory_min && s->memory_min > 0 ? (uint64_t)s->memory_min : 0;
}

static uint64_t cpu_of(const struct tenant *t)
{
	return shares_of(t)->cpu_min_milli;
}

/* Who has how much, for the message. */
static uint64_t sum_up(const struct kind *k, struct tenant *const *all, size_t n,
		       const struct tenant *new, struct str *who)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct tenant *t = all[i];
		uint64_t part = k->of(t);
		if (str_eq(t->name, new->name) || !are_siblings(t->name, new->name) || !part)
			continue;
		sum += part;
		str_addf(who, "%s%s has %.2f", who->len ? ", " : "", t->name,
			 (double)part / k->unit);
	}
	return sum;
}

static const struct tenant *above(struct tenant *const *all, size_t n, const struct tenant *new)
{
	size_t len = strrchr(new->name, '/') ? (size_t)(strrchr(new->name, '/') - new->name) : 0;

	for (size_t i = 0; len && i < n; i++)
		if (strlen(all[i]->name) == len && strncmp(all[i]->name, new->name, len) == 0)
			return all[i];
	return NULL;
}

static int admit_kind(const struct kind *k, struct tenant *const *all, size_t n,
		      const struct tenant *new, uint64_t machine, struct err *err)
{
	const struct tenant *parent = above(all, n, new);
	uint64_t total = parent ? k->of(parent) : machine, want = k->of(new);
	auto_(str) struct str who = {0};
	uint64_t given = sum_up(k, all, n, new, &who);

	if (!want || given + want <= total)
		return 0;
	err_say(err, ENOSPC,
		"--%s: %.2f %s cannot be guaranteed: of the %.2f that %s%s can give away, %.2f are left%s%s",
		k->flag, (double)want / k->unit, k->unit_name, (double)total / k->unit,
		parent ? "tenant " : "this machine", parent ? parent->name : "",
		total > given ? (double)(total - given) / k->unit : 0.0, who.len ? ": " : "",
		who.len ? who.p : "");
	err_code(err, "oversold");
	return -ENOSPC;
}

/* A tenant's own parts may not become less than it has promised to those below. */
static int admit_below(const struct kind *k, struct tenant *const *all, size_t n,
		       const struct tenant *new, struct err *err)
{
	size_t len = strlen(new->name);
	uint64_t given = 0;

	for (size_t i = 0; i < n; i++)
		if (strncmp(all[i]->name, new->name, len) == 0 && all[i]->name[len] == '/' &&
		    !strchr(all[i]->name + len + 1, '/'))
			given += k->of(all[i]);
	if (given <= k->of(new))
		return 0;
	err_say(err, ENOSPC, "--%s: %s has promised %.2f %s to its own tenants", k->flag, new->name,
		(double)given / k->unit, k->unit_name);
	err_code(err, "oversold");
	return -ENOSPC;
}

/* The kernel knows weights only: a guarantee holds when the tenant's part of all weights, those of
 * siblings that want nothing included, is enough of the CPUs there are. */
static int admit_weights(struct tenant *const *all, size_t n, const struct tenant *new,
			 uint64_t cpus, struct err *err)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= n; i++) {
		const struct tenant *t = i < n ? all[i] : new;
		if (i < n && (str_eq(t->name, new->name) || !are_siblings(t->name, new->name)))
			continue;
		sum += shares_of(t)->has_cpu_weight ? shares_of(t)->cpu_weight : WEIGHT_DEFAULT;
	}
	for (size_t i = 0; i <= n; i++) {
		const struct tenant *t = i < n ? all[i] : new;
		const struct tenant_shares *s = shares_of(t);
		if (i < n && (str_eq(t->name, new->name) || !are_siblings(t->name, new->name)))
			continue;
		uint64_t weight = s->has_cpu_weight ? s->cpu_weight : WEIGHT_DEFAULT;
		if (weight * cpus >= s->cpu_min_milli * sum)
			continue;
		err_say(err, ENOSPC,
			"--cpu-min: with a weight of %" PRIu64 " of %" PRIu64
			" tenant %s would be left with %.2f CPUs when all are busy, not its guaranteed "
			"%.2f",
			weight, sum, t->name, (double)(weight * cpus) / (double)sum / 1000,
			(double)s->cpu_min_milli / 1000);
		err_hint(err, "a greater --cpu-weight for %.60s makes it hold", t->name);
		err_code(err, "oversold");
		return -ENOSPC;
	}
	return 0;
}

int tenant_admit(struct tenant *const *all, size_t n, const struct tenant *new,
		 const struct tenant_machine *m, struct err *err)
{
	const struct kind memory = {"memory-min", memory_of, 1 << 30, "GiB"};
	const struct kind cpu = {"cpu-min", cpu_of, 1000, "CPUs"};
	const struct tenant *parent = above(all, n, new);
	int r;

	if (strchr(new->name, '/') && !parent)
		return err_say(err, ENOENT, "there is no tenant %.*s",
			       (int)(strrchr(new->name, '/') - new->name), new->name);
	if ((r = admit_kind(&memory, all, n, new, m->memory, err)) < 0 ||
	    (r = admit_kind(&cpu, all, n, new, m->cpus, err)) < 0 ||
	    (r = admit_below(&memory, all, n, new, err)) < 0 ||
	    (r = admit_below(&cpu, all, n, new, err)) < 0)
		return r;
	return admit_weights(all, n, new,
			     parent ? cpu_of(parent) ? cpu_of(parent) : m->cpus : m->cpus, err);
}
