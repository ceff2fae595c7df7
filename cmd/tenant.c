/* SPDX-License-Identifier: Apache-2.0 */
/* tenant: who shares this machine, and what part of it each has. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "cmd/command.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "cmd/shares.h"
#include "cmd/verbs.h"
#include "image/compose_network.h"
#include "image/user.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/config/encode.h"
#include "runtime/probe.h"
#include "runtime/tenant.h"

struct tenant_opts {
	struct share_flags shares;
	const char *user, *net_rate, *disk;
	struct words allow, deny;
	bool json;
};

/* clang-format off */
#define BASE offsetof(struct tenant_opts, shares)
static const struct arg tenant_args[] = {
	SHARE_TENANT_ARGS(BASE),
	SHARE_ARGS(BASE),
	{"user", 0, ARG_TEXT, offsetof(struct tenant_opts, user), "NAME", "the UNIX user whose containers are this tenant's"},
	{"allow", 0, ARG_LIST, offsetof(struct tenant_opts, allow), "WORD", "let its containers ask for caps, devices, host-network, mounts=/DIR, ..."},
	{"deny", 0, ARG_LIST, offsetof(struct tenant_opts, deny), "WORD", "take that back"},
	{"net-rate", 0, ARG_TEXT, offsetof(struct tenant_opts, net_rate), "IN/OUT", "most that all its containers together receive and send, as in 1gbit/200mbit; -1: no limit"},
	{"disk", 0, ARG_TEXT, offsetof(struct tenant_opts, disk), "SIZE", "most that all its containers may write, each its part (run --disk); -1: no limit"},
	{"json", 0, ARG_FLAG, offsetof(struct tenant_opts, json), NULL, "records for programs (show, ls)"},
	ARGS_END};
/* clang-format on */

/* ---- create, set ------------------------------------------------------------------------------ */

static int set_user(const char *name, struct arena *mem, struct tenant *t, struct err *err)
{
	struct passwd_user found;
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_set(err, errno, "open /")
			 : user_lookup((struct user_roots){&root, 1}, name, mem, &found, err);

	if (r < 0)
		return err_wrap(err, "--user %.60s", name);
	if (!found.uid)
		return err_say(err, EINVAL, "--user: root is nobody's tenant");
	t->user = name;
	t->uid = found.uid;
	t->has_uid = true;
	return 0;
}

static bool is_in(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->v[i], word))
			return true;
	return false;
}

/* What was allowed and is not denied now, then what is new. */
static int set_allow(const struct tenant_opts *o, struct arena *mem, struct tenant *t,
		     struct err *err)
{
	struct words words = {0};

	for (size_t i = 0; i < t->n_allow; i++)
		if (!is_in(&o->deny, t->allow[i]) && !is_in(&words, t->allow[i]))
			words_add(&words, t->allow[i], mem);
	for (size_t i = 0; i < o->allow.n; i++) {
		int r = tenant_check_allow(o->allow.v[i], err);
		if (r < 0)
			return r;
		if (!is_in(&words, o->allow.v[i]))
			words_add(&words, o->allow.v[i], mem);
	}
	t->allow = words.v;
	t->n_allow = words.n;
	return 0;
}

static int set_rate(const char *text, struct tenant *t, struct err *err)
{
	if (str_eq(text, "-1"))
		t->net_rate_in = t->net_rate_out = 0;
	else if (network_read_rate(text, &t->net_rate_in, &t->net_rate_out, err) < 0)
		return -err->num;
	/* 0 is kept too: there may be something to be taken away. */
	t->has_net_rate_in = t->has_net_rate_out = true;
	return 0;
}

/* Not less than it has given away already. */
static int set_disk(const char *root, const char *text, struct arena *mem, struct tenant *t,
		    struct err *err)
{
	int64_t size;

	if (num_size(text, &size) < 0 || !size || size < -1)
		return err_say(err, EINVAL,
			       "--disk: expected a size such as 20g, or -1, got \"%.40s\"", text);
	uint64_t given = size < 0 ? 0 : tenant_disk_given(root, t->name, NULL);
	if (size > 0 && given > (uint64_t)size)
		return err_say(err, ENOSPC, "--disk: the containers of %.60s have %s of it already",
			       t->name, human_size(mem, given));
	t->disk = size < 0 ? 0 : (uint64_t)size;
	t->has_disk = size > 0;
	return 0;
}

/* Flags onto a copy of what there is. */
static int read_flags(const struct tenant_opts *o, struct arena *mem, struct tenant *t,
		      struct err *err)
{
	struct tenant_shares *shares = arena_zalloc(mem, 1, sizeof(*shares));
	const char *warning = o->shares.io_weight ? shares_io_warning(mem) : NULL;

	if (t->shares)
		*shares = *t->shares;
	t->shares = shares;
	if (warning)
		log_warning("%s", warning);
	int r = shares_parse(&o->shares, mem, shares, err);
	if (r == 0 && o->net_rate)
		r = set_rate(o->net_rate, t, err);
	if (r == 0 && o->user)
		r = set_user(o->user, mem, t, err);
	return r < 0 ? r : set_allow(o, mem, t, err);
}

static int create_or_set(const struct call *call, bool is_new, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	char now[CLOCK_TEXT_MAX];
	struct tenant t = {.name = call->words[0], .created = clock_now(now, false)};
	struct host host;

	int r = host_probe(&host, err);
	if (r < 0 || (r = tenants_open(call->g->root, true, &all, err)) < 0)
		return r;
	const struct tenant *old = tenants_find(&all, t.name);
	if (!is_new && old)
		t = *old;
	const struct tenant_opts *o = call->opts;
	r = read_flags(o, call->mem, &t, err);
	if (r == 0 && o->disk)
		r = set_disk(call->g->root, o->disk, call->mem, &t, err);
	if (r < 0)
		return r;
	r = is_new ? tenant_create(&all, &t, &host, err) : tenant_change(&all, &t, &host, err);
	if (r == 0 && t.user && host.layout != CGROUP_V2)
		log_warning(
			"with cgroup v1 groups cannot be handed over: containers that %s makes are "
			"held to the tenant's policy, not to its parts of the machine",
			t.user);
	if (r == 0 && t.user && host.runs_systemd)
		log_warning("the limits of user-%u.slice take effect with: systemctl daemon-reload",
			    t.uid);
	return r;
}

static int do_create(struct call *call, struct err *err)
{
	return create_or_set(call, true, err);
}

static int do_set(struct call *call, struct err *err)
{
	return create_or_set(call, false, err);
}

static int do_rm(struct call *call, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	int r = tenants_open(call->g->root, true, &all, err);

	return r < 0 ? r : tenant_remove(&all, call->words[0], err);
}

/* ---- show, ls --------------------------------------------------------------------------------- */

static int do_show(struct call *call, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text, .indent = "  "};

	int r = tenants_open(call->g->root, false, &all, err);
	if (r < 0)
		return r;
	const struct tenant *t = tenants_find(&all, call->words[0]);
	if (!t)
		return err_say(err, ENOENT, "there is no tenant %.60s", call->words[0]);
	encode_object(&tenant_table, t, &out, NULL);
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

enum { COLUMNS = 11 };
static const char *const header[COLUMNS] = {"NAME",   "WEIGHT",  "CPUS", "CPU-MIN",
					    "MEMORY", "MEM-MIN", "PIDS", "DISK",
					    "IDS",    "USER",    "ALLOW"};

static const char *size_cell(bool has, int64_t n, struct arena *mem)
{
	return !has || n < 0 ? "-" : human_size(mem, (uint64_t)n);
}

static const char *allow_cell(const struct tenant *t, struct arena *mem)
{
	const char *list = t->n_allow ? t->allow[0] : "-";

	for (size_t i = 1; i < t->n_allow; i++)
		list = arena_printf(mem, "%s,%s", list, t->allow[i]);
	return list;
}

static void add_row(const struct tenant *t, struct words *cells, struct arena *mem)
{
	static const struct tenant_shares none;
	const struct tenant_shares *s = t->shares ? t->shares : &none;
	const char *row[COLUMNS] = {
		t->name,
		arena_printf(mem, "%u", s->has_cpu_weight ? s->cpu_weight : 100),
		s->has_cpu_milli && s->cpu_milli >= 0 ? human_cpus(mem, (uint64_t)s->cpu_milli)
						      : "-",
		s->has_cpu_min_milli ? human_cpus(mem, s->cpu_min_milli) : "-",
		size_cell(s->has_memory, s->memory, mem),
		size_cell(s->has_memory_min, s->memory_min, mem),
		s->has_pids && s->pids >= 0 ? arena_printf(mem, "%" PRId64, s->pids) : "-",
		size_cell(t->has_disk, (int64_t)t->disk, mem),
		arena_printf(mem, "%u+%u", t->id_first, t->id_count),
		t->user ? t->user : "-",
		allow_cell(t, mem),
	};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(cells, row[i], mem);
}

static int do_ls(struct call *call, struct err *err)
{
	const struct tenant_opts *o = call->opts;
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text, .indent = "  "};
	struct words cells = {0};

	int r = tenants_open(call->g->root, false, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], call->mem);
	json_open(&out, NULL, '[');
	for (size_t i = 0; i < all.n; i++) {
		add_row(all.v[i], &cells, call->mem);
		encode_object(&tenant_table, all.v[i], &out, NULL);
	}
	json_close(&out, ']');
	str_add_char(&text, '\n');
	if (!o->json) {
		text.len = 0;
		out_table(&text, cells.v, cells.n / COLUMNS, COLUMNS);
	}
	return out_text(&text, err);
}

/* ---- the verbs -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct command verbs[] = {
	{.name = "tenant create", .usage = "the NAME of a tenant", .min_words = 1, .max_words = 1, .run = do_create},
	{.name = "tenant set", .usage = "the NAME of a tenant", .min_words = 1, .max_words = 1, .run = do_set},
	{.name = "tenant show", .usage = "the NAME of a tenant", .min_words = 1, .max_words = 1, .run = do_show},
	{.name = "tenant ls", .usage = "", .run = do_ls},
	{.name = "tenant rm", .usage = "the NAME of a tenant", .min_words = 1, .max_words = 1, .run = do_rm},
};
/* clang-format on */

static int do_tenant(struct call *call, struct err *err)
{
	return verbs_run(call, verbs, sizeof(verbs) / sizeof(*verbs), err);
}

const struct command cmd_tenant = {
	.name = "tenant",
	.usage = "create|set|show|ls|rm [NAME] [flags]",
	.about = "who shares this machine, and what part each has",
	.examples = "ctr tenant create acme --cpu-weight 200 --cpu-min 1 --memory 8g --pids 2000\n"
		    "ctr tenant create acme/web --memory 2g\n"
		    "ctr run --tenant acme/web host make test\n"
		    "ctr tenant set acme --memory 12g --allow host-network\n"
		    "ctr tenant set acme --net-rate 1gbit/200mbit\n",
	.args = {tenant_args, false},
	.opts_size = sizeof(struct tenant_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_tenant,
};
