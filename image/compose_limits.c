/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "namespaces/rlimit.h"
#include "runtime/base/str.h"

enum { PERIOD_US = 100000, NANO = 1000000000 };

/* "1.5" CPUs in billionths; digits and at most one point. */
static int parse_cpus(const char *text, int64_t *ret, struct err *err)
{
	size_t whole = strspn(text, "0123456789"), at = whole;
	int64_t cpus = 0, unit = NANO / 10;

	for (size_t i = 0; i < whole && cpus < 1 << 20; i++)
		cpus = cpus * 10 + (text[i] - '0');
	cpus *= NANO;
	if (text[at] == '.')
		for (at++; text[at] >= '0' && text[at] <= '9'; at++, unit /= 10)
			cpus += (text[at] - '0') * unit;
	if (text[at] || at == 0 || cpus < NANO / 100 || whole > 6)
		return err_say(
			err, EINVAL,
			"--cpus: expected a number such as 1.5, at least 0.01, got \"%.40s\"",
			text);
	*ret = cpus;
	return 0;
}

static int parse_size(const char *flag, const char *text, bool may_be_endless, int64_t *ret,
		      struct err *err)
{
	int64_t n;

	if (num_size(text, &n) < 0 || n == 0 || (n < 0 && !may_be_endless))
		return err_say(err, EINVAL,
			       "--%s: expected a size such as 512m or 2g, got \"%.40s\"", flag,
			       text);
	*ret = n;
	return 0;
}

/* In microseconds, as the kernel has them; --cpus says the same in one word. */
static int compose_quota(const struct run_flags *f, struct config_cpu *c, struct err *err)
{
	if (!f->cpu_period && !f->cpu_quota)
		return 0;
	if (f->cpus)
		return err_say(
			err, EINVAL,
			"--cpus is --cpu-quota divided by --cpu-period: use one or the others");
	c->period = PERIOD_US;
	if (f->cpu_period &&
	    (num_max(f->cpu_period, 10, 1000000, &c->period) < 0 || c->period < 1000))
		return err_say(err, EINVAL,
			       "--cpu-period: expected 1000 to 1000000 microseconds, got \"%.40s\"",
			       f->cpu_period);
	c->has_period = true;
	if (!f->cpu_quota)
		return err_say(err, EINVAL,
			       "--cpu-period alone limits nothing: it needs --cpu-quota");
	if (num_i64(f->cpu_quota, &c->quota) < 0 || (c->quota != -1 && c->quota < 1000))
		return err_say(
			err, EINVAL,
			"--cpu-quota: expected 1000 microseconds or more, or -1, got \"%.40s\"",
			f->cpu_quota);
	c->has_quota = true;
	return 0;
}

static int compose_cpu(const struct compose *in, struct config_resources *res, struct err *err)
{
	const struct run_flags *f = in->flags;
	struct config_cpu *c = arena_zalloc(in->mem, 1, sizeof(*c));
	int64_t cpus = 0;

	if (!f->cpus && !f->cpu_shares && !f->cpuset_cpus && !f->cpu_period && !f->cpu_quota)
		return 0;
	res->cpu = c;
	c->cpus = f->cpuset_cpus;
	if (f->cpu_shares) {
		if (num_max(f->cpu_shares, 10, 262144, &c->shares) < 0 || c->shares < 2)
			return err_say(err, EINVAL,
				       "--cpu-shares: expected 2 to 262144, got \"%.40s\"",
				       f->cpu_shares);
		c->has_shares = true;
	}
	if (f->cpus) {
		int r = parse_cpus(f->cpus, &cpus, err);
		if (r < 0)
			return r;
		c->period = PERIOD_US;
		c->quota = cpus / (NANO / PERIOD_US);
		c->has_period = c->has_quota = true;
	}
	return compose_quota(f, c, err);
}

/* Unless something is said about swap there is none: a limit of 512m is one of 512m. */
static int compose_memory(const struct compose *in, struct config_resources *res, struct err *err)
{
	const struct run_flags *f = in->flags;
	struct config_memory *m = arena_zalloc(in->mem, 1, sizeof(*m));

	if (!f->memory && !f->memory_swap && !f->memory_reservation && !f->memory_swappiness)
		return 0;
	res->memory = m;
	if (f->memory_swappiness && num_max(f->memory_swappiness, 10, 100, &m->swappiness) < 0)
		return err_say(err, EINVAL, "--memory-swappiness: expected 0 to 100, got \"%.40s\"",
			       f->memory_swappiness);
	m->has_swappiness = f->memory_swappiness != NULL;
	int r = f->memory ? parse_size("memory", f->memory, false, &m->limit, err) : 0;
	if (r == 0 && f->memory_swap)
		r = parse_size("memory-swap", f->memory_swap, true, &m->swap, err);
	if (r == 0 && f->memory_reservation)
		r = parse_size("memory-reservation", f->memory_reservation, false, &m->reservation,
			       err);
	if (r < 0)
		return r;
	if (f->memory_swap && !f->memory)
		return err_say(err, EINVAL,
			       "--memory-swap counts memory and swap: it needs --memory too");
	if (f->memory_swap && m->swap >= 0 && m->swap < m->limit)
		return err_say(
			err, EINVAL,
			"--memory-swap counts memory and swap: it can't be less than --memory");
	if (f->memory && !f->memory_swap && in->facts->counts_swap)
		m->swap = m->limit;
	m->has_limit = f->memory != NULL;
	m->has_swap = m->swap != 0;
	m->has_reservation = f->memory_reservation != NULL;
	return 0;
}

/* There is a limit unless the user says 0 or -1: fork bombs don't ask. */
static int compose_pids(const struct compose *in, struct config_resources *res, struct err *err)
{
	const char *text = in->flags->pids_limit;
	int64_t n = PIDS_DEFAULT;

	if (text && (num_i64(text, &n) < 0 || n < -1))
		return err_say(err, EINVAL, "--pids-limit: expected a number, got \"%.40s\"", text);
	res->pids = arena_zalloc(in->mem, 1, sizeof(*res->pids));
	res->pids->limit = n > 0 ? n : -1;
	res->pids->has_limit = true;
	return 0;
}

static int compose_ulimits(const struct compose *in, struct config_process *p, struct err *err)
{
	const struct words *w = &in->flags->ulimits;

	p->rlimits = arena_zalloc(in->mem, w->n, sizeof(*p->rlimits));
	for (size_t i = 0; i < w->n; i++) {
		struct config_rlimit limit;
		int r = rlimit_parse(w->v[i], &limit, err);
		if (r < 0)
			return err_wrap(err, "--ulimit");
		size_t at = 0; /* the last one of a kind wins */
		while (at < p->n_rlimits && !str_eq(p->rlimits[at].type, limit.type))
			at++;
		p->n_rlimits += at == p->n_rlimits;
		p->rlimits[at] = limit;
	}
	return 0;
}

static int compose_oom(const struct compose *in, struct config_process *p, struct err *err)
{
	const char *text = in->flags->oom_score_adj;
	int64_t n;

	if (!text)
		return 0;
	if (num_i64(text, &n) < 0 || n < -1000 || n > 1000)
		return err_say(err, EINVAL,
			       "--oom-score-adj: expected -1000 to 1000, got \"%.40s\"", text);
	p->oom_score_adj = (int32_t)n;
	p->has_oom_score_adj = true;
	return 0;
}

int compose_limits(const struct compose *in, struct config *cfg, struct err *err)
{
	struct config_resources *res = arena_zalloc(in->mem, 1, sizeof(*res));
	int r = compose_cpu(in, res, err);

	cfg->linux_->resources = res;
	if (r < 0 || (r = compose_memory(in, res, err)) < 0 ||
	    (r = compose_pids(in, res, err)) < 0 || (r = compose_oom(in, cfg->process, err)) < 0)
		return r;
	return compose_ulimits(in, cfg->process, err);
}
