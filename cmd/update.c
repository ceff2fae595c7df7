/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/engine.h"
#include "cmd/shares.h"
#include "net/port.h"
#include "net/priority.h"
#include "net/wire.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/config/decode.h"
#include "runtime/config/validate.h"
#include "runtime/lifecycle.h"
#include "runtime/load.h"
#include "runtime/probe.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

/* The flags as they were written; NULL: not given. */
struct update_opts {
	const char *resources;
	const char *blkio_weight;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime;
	const char *cpu_idle, *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *pids_limit, *l3_cache_schema, *mem_bw_schema;
	const char *net_prio;
	struct words publish_add, publish_rm;
	struct share_flags shares;
};

/* clang-format off */
#define OPT(member) ARG_TEXT, offsetof(struct update_opts, member)
static const struct arg update_args[] = {
	{"resources", 'r', OPT(resources), "FILE", "linux.resources as JSON, - for standard input; other flags don't count then"},
	{"blkio-weight", 0, OPT(blkio_weight), "N", "10 to 1000"},
	{"cpu-period", 0, OPT(cpu_period), "US", "microseconds"},
	{"cpu-quota", 0, OPT(cpu_quota), "US", "microseconds of CPU time in a period"},
	{"cpu-burst", 0, OPT(cpu_burst), "US", "unused quota that may be saved up"},
	{"cpu-share", 0, OPT(cpu_share), "N", "share beside others"},
	{"cpu-rt-period", 0, OPT(cpu_rt_period), "US", "the same for realtime tasks (cgroup v1)"},
	{"cpu-rt-runtime", 0, OPT(cpu_rt_runtime), "US", NULL},
	{"cpu-idle", 0, OPT(cpu_idle), "N", "1: only time that nobody else wants (cgroup v2)"},
	{"cpuset-cpus", 0, OPT(cpuset_cpus), "LIST", "CPUs, as in 0-2,7"},
	{"cpuset-mems", 0, OPT(cpuset_mems), "LIST", "memory nodes"},
	{"memory", 0, OPT(memory), "SIZE", "most memory, as in 512m; -1: no limit"},
	{"memory-reservation", 0, OPT(memory_reservation), "SIZE", "memory that is not taken back easily"},
	{"memory-swap", 0, OPT(memory_swap), "SIZE", "most memory and swap together"},
	{"kernel-memory", 0, OPT(kernel_memory), "SIZE", NULL},
	{"kernel-memory-tcp", 0, OPT(kernel_memory_tcp), "SIZE", NULL},
	{"pids-limit", 0, OPT(pids_limit), "N", "most processes; -1: no limit"},
	SHARE_CPUS_ARG(offsetof(struct update_opts, shares)),
	SHARE_CHANGE_ARGS(offsetof(struct update_opts, shares)),
	{"publish-add", 0, ARG_LIST, offsetof(struct update_opts, publish_add), "[[IP:]PORT:]PORT", "publish one more port, as ctr run -p does"},
	{"publish-rm", 0, ARG_LIST, offsetof(struct update_opts, publish_rm), "[[IP:]PORT:]PORT", "publish it no more"},
	{"net-prio", 0, OPT(net_prio), "WORD", "as of ctr run: bulk, normal, interactive, or 0 to 7"},
	{"l3-cache-schema", 0, OPT(l3_cache_schema), "TEXT", "cache of its resctrl group"},
	{"mem-bw-schema", 0, OPT(mem_bw_schema), "TEXT", "memory bandwidth of its resctrl group"},
	ARGS_END};
#undef OPT

/* Which member of the config a flag is, and how its text is read. */
enum part { MEMORY, CPU, PIDS, BLOCK_IO, PARTS };
enum form { SIZE, SIGNED, UNSIGNED, SHORT, TEXT };
struct setter {
	uint16_t opt;
	uint8_t part, form;
	uint16_t value, has;
	const char *name;
};

#define SET(opt, part, type, member, form, name) \
	{offsetof(struct update_opts, opt), part, form, \
	 offsetof(struct type, member), offsetof(struct type, has_##member), name}
#define SET_TEXT(opt, part, type, member, name) \
	{offsetof(struct update_opts, opt), part, TEXT, offsetof(struct type, member), 0, name}
static const struct setter setters[] = {
	SET(blkio_weight, BLOCK_IO, config_block_io, weight, SHORT, "blkio-weight"),
	SET(cpu_period, CPU, config_cpu, period, UNSIGNED, "cpu-period"),
	SET(cpu_quota, CPU, config_cpu, quota, SIGNED, "cpu-quota"),
	SET(cpu_burst, CPU, config_cpu, burst, UNSIGNED, "cpu-burst"),
	SET(cpu_share, CPU, config_cpu, shares, UNSIGNED, "cpu-share"),
	SET(cpu_rt_period, CPU, config_cpu, realtime_period, UNSIGNED, "cpu-rt-period"),
	SET(cpu_rt_runtime, CPU, config_cpu, realtime_runtime, SIGNED, "cpu-rt-runtime"),
	SET(cpu_idle, CPU, config_cpu, idle, SIGNED, "cpu-idle"),
	SET_TEXT(cpuset_cpus, CPU, config_cpu, cpus, "cpuset-cpus"),
	SET_TEXT(cpuset_mems, CPU, config_cpu, mems, "cpuset-mems"),
	SET(memory, MEMORY, config_memory, limit, SIZE, "memory"),
	SET(memory_reservation, MEMORY, config_memory, reservation, SIZE, "memory-reservation"),
	SET(memory_swap, MEMORY, config_memory, swap, SIZE, "memory-swap"),
	SET(kernel_memory, MEMORY, config_memory, kernel, SIZE, "kernel-memory"),
	SET(kernel_memory_tcp, MEMORY, config_memory, kernel_tcp, SIZE, "kernel-memory-tcp"),
	SET(pids_limit, PIDS, config_pids, limit, SIGNED, "pids-limit"),
};
/* clang-format on */

static int set_number(const struct setter *s, const char *text, char *part, struct err *err)
{
	void *at = part + s->value;
	uint64_t u = 0;
	int64_t i = 0;
	int r = s->form == SIZE       ? num_size(text, &i)
		: s->form == SIGNED   ? num_i64(text, &i)
		: s->form == UNSIGNED ? num_u64(text, &u)
				      : num_max(text, 10, UINT16_MAX, &u);

	if (r < 0)
		return err_say(err, EINVAL, "--%s: \"%.60s\" is not a %s it takes", s->name, text,
			       s->form == SIZE ? "size" : "number");
	if (s->form == UNSIGNED)
		*(uint64_t *)at = u;
	else if (s->form == SHORT)
		*(uint16_t *)at = (uint16_t)u;
	else
		*(int64_t *)at = i;
	*(bool *)(part + s->has) = true;
	return 0;
}

static int from_flags(const struct update_opts *o, struct arena *mem, struct config_resources *res,
		      struct err *err)
{
	static const size_t sizes[PARTS] = {sizeof(struct config_memory), sizeof(struct config_cpu),
					    sizeof(struct config_pids),
					    sizeof(struct config_block_io)};
	char *parts[PARTS] = {NULL};

	for (size_t i = 0; i < sizeof(setters) / sizeof(*setters); i++) {
		const struct setter *s = &setters[i];
		const char *text = *(const char *const *)((const char *)o + s->opt);
		int r = 0;
		if (!text)
			continue;
		if (!parts[s->part])
			parts[s->part] = arena_zalloc(mem, 1, sizes[s->part]);
		if (s->form == TEXT)
			*(const char **)(parts[s->part] + s->value) = text;
		else
			r = set_number(s, text, parts[s->part], err);
		if (r < 0)
			return r;
	}
	res->memory = (void *)parts[MEMORY];
	res->cpu = (void *)parts[CPU];
	res->pids = (void *)parts[PIDS];
	res->block_io = (void *)parts[BLOCK_IO];
	return 0;
}

/* The flags of run and of tenants say the same in other words: one of both. */
static int check_twice(const struct update_opts *o, struct err *err)
{
	const struct {
		const char *a, *b, *names;
	} pairs[] = {
		{o->shares.cpus, o->cpu_quota, "--cpus and --cpu-quota"},
		{o->shares.cpus, o->cpu_period, "--cpus and --cpu-period"},
		{o->shares.cpu_weight, o->cpu_share, "--cpu-weight and --cpu-share"},
		{o->shares.cpu_weight, o->cpu_idle, "--cpu-weight and --cpu-idle"},
		{o->shares.io_weight, o->blkio_weight, "--io-weight and --blkio-weight"},
		{o->shares.swap, o->memory_swap, "--swap and --memory-swap"},
		{o->shares.memory_low, o->memory_reservation,
		 "--memory-low and --memory-reservation"},
		{o->shares.numa, o->cpuset_cpus, "--numa and --cpuset-cpus"},
		{o->shares.numa, o->cpuset_mems, "--numa and --cpuset-mems"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pairs[i].a && pairs[i].b)
			return err_say(err, EINVAL, "%s say the same: give one of them",
				       pairs[i].names);
	return 0;
}

static int from_shares(const struct update_opts *o, struct arena *mem, struct config_resources *res,
		       struct err *err)
{
	const char *warning = o->shares.io_weight ? shares_io_warning(mem) : NULL;
	struct tenant_shares shares = {0};
	struct host host;
	int r = check_twice(o, err);

	if (r < 0 || (r = host_probe(&host, err)) < 0)
		return r;
	if (warning)
		log_warning("%s", warning);
	r = shares_parse(&o->shares, mem, &shares, err);
	return r < 0 ? r : shares_resources(&shares, &host, mem, res, err);
}

/* A document on standard input can be read once only: whether ctr-ext has to do it is asked first. */
static int check_manager(const struct call *call, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(call->g->root, call->id, false, false, &c, err);

	return r < 0 ? r : cg_check_manager(load_manager(&c), err);
}

static int from_file(const char *path, struct call *call, struct config_resources **ret,
		     struct err *err)
{
	auto_(str) struct str text = {0};
	bool is_stdin = str_eq(path, "-");
	void *res;

	int r = check_manager(call, err);
	if (r < 0)
		return r;
	r = is_stdin ? fd_read_all(STDIN_FILENO, JSON_SIZE_MAX, &text)
		     : fd_read_file(AT_FDCWD, path, JSON_SIZE_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read %s", is_stdin ? "standard input" : path);
	r = decode_object(&config_resources_table, text.p ? text.p : "", text.len, call->mem, &res,
			  err);
	if (r < 0)
		return err_wrap(err, "%s", is_stdin ? "standard input" : path);
	*ret = res;
	return 0;
}

/* The record of what it was asked for, which counts when it is started again, with other networks. */
static int write_wire(struct container *c, struct state_wire *wire, struct err *err)
{
	struct state_options options = *c->state->options;
	struct state state = *c->state;

	options.wire = wire;
	state.options = &options;
	return container_write_state(c, &state, err);
}

static int keep_ports(struct container *c, struct arena *mem, struct err *err)
{
	struct wire *now;
	int r = wire_load(c->dir_fd, mem, &now, err);

	if (r < 0)
		return r;
	if (!now || !now->n_ends || !c->state || !c->state->options || !c->state->options->wire)
		return 0;
	struct state_wire wire = *c->state->options->wire;
	engine_keep_ports(now->ends[0].publish, now->ends[0].n_publish, &wire, mem);
	return write_wire(c, &wire, err);
}

static int update_ports(const struct call *call, const struct words *ports, bool adds,
			struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = ports->n ? container_open(call->g->root, call->id, true, false, &c, err) : 0;

	for (size_t i = 0; r == 0 && i < ports->n; i++) {
		struct wire_publish p;
		r = port_parse(ports->v[i], call->mem, &p, err);
		if (r == 0 && adds)
			r = port_probe(&p, err);
		if (r == 0)
			r = wire_publish(call->g->root, c.id, c.dir_fd, &p, adds, err);
	}
	return r == 0 && ports->n ? keep_ports(&c, call->mem, err) : r;
}

/* What is there, and the record. */
static int update_priority(const struct call *call, const char *text, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	uint32_t priority = 0;

	int r = priority_parse(text, &priority, err);
	if (r < 0 || (r = container_open(call->g->root, call->id, true, false, &c, err)) < 0)
		return r;
	if (c.pidfd < 0)
		return err_say(err, ESRCH, "container not running");
	const struct state_wire *old = c.state && c.state->options ? c.state->options->wire : NULL;
	if (!old || old->helper) {
		err_say(err, ENOTSUP, "--net-prio: container %s has no network of ctr's", c.id);
		err_hint(err, "it needs ctr run --network bridge, or a name of ctr network ls");
		return -ENOTSUP;
	}
	if ((r = tenant_check_priority(&c, priority, err)) < 0)
		return r;
	const struct wire_place at = {call->g->root, c.id, c.dir_fd};
	struct state_wire wire = *old;
	const char *warning = priority_warning(call->mem);
	wire.priority = priority;
	wire.has_priority = true;
	if (warning)
		log_warning("%s", warning);
	r = wire_prioritize(&at, priority, err);
	return r < 0 ? r : write_wire(&c, &wire, err);
}

static int do_update(struct call *call, struct err *err)
{
	const struct update_opts *o = call->opts;
	struct warnings warnings = {.arena = call->mem};
	struct config_resources own = {0}, *res = &own;

	int r = o->resources ? from_file(o->resources, call, &res, err)
			     : from_flags(o, call->mem, res, err);
	if (r == 0 && !o->resources)
		r = from_shares(o, call->mem, res, err);
	if (r < 0 || (r = config_validate_resources(res, &warnings, err)) < 0)
		return r;
	for (size_t i = 0; i < warnings.n; i++)
		log_warning("%s", warnings.texts[i]);
	if ((r = update_ports(call, &o->publish_rm, false, err)) < 0 ||
	    (r = update_ports(call, &o->publish_add, true, err)) < 0)
		return r;
	r = o->net_prio ? update_priority(call, o->net_prio, err) : 0;
	if (r == 0)
		r = ctr_update(call->g->root, call->id, res, err);
	if (r == 0 && o->l3_cache_schema)
		r = ctr_update_rdt(call->g->root, call->id, o->l3_cache_schema, err);
	if (r == 0 && o->mem_bw_schema)
		r = ctr_update_rdt(call->g->root, call->id, o->mem_bw_schema, err);
	return r;
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[flags] ID",
	.about = "change the limits of a container",
	.examples = "ctr update --memory 1g --pids-limit 200 web\n"
		    "ctr update --cpus 1.5 --cpu-weight 200 --memory-high 800m web\n"
		    "ctr update --publish-add 8443:443 --publish-rm 8080:80 web\n"
		    "ctr update --net-prio bulk backup\n",
	.args = {update_args, false},
	.opts_size = sizeof(struct update_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_update,
};
