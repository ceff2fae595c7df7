/* SPDX-License-Identifier: Apache-2.0 */
/* network: make, show, change and remove networks. */
#include <errno.h>
#include <fcntl.h>

#include "cmd/command.h"
#include "cmd/network_cni.h"
#include "cmd/out.h"
#include "cmd/prune.h"
#include "cmd/verbs.h"
#include "net/cni.h"
#include "net/network.h"
#include "net/wire.h"
#include "runtime/base/json.h"
#include "runtime/cni_left.h"
#include "runtime/config/encode.h"
#include "runtime/container.h"

/* clang-format off */
struct create_flags { struct network_want want; const char *mtu; bool ignore; };
#define OPT(member) offsetof(struct create_flags, member)
static const struct arg create_args[] = {
	{"driver", 'd', ARG_TEXT, OPT(want.driver), "NAME", "bridge, macvlan or ipvlan (bridge)"},
	{"subnet", 0, ARG_TEXT, OPT(want.subnet), "ADDRESS/BITS", "of IPv4 (a free one)"},
	{"gateway", 0, ARG_TEXT, OPT(want.gateway), "ADDRESS", "the host's, or the router's (the first of the subnet)"},
	{"subnet6", 0, ARG_TEXT, OPT(want.subnet6), "ADDRESS/BITS", "of IPv6 (a random private one)"},
	{"gateway6", 0, ARG_TEXT, OPT(want.gateway6), "ADDRESS", "the same of IPv6"},
	{"no-ipv6", 0, ARG_FLAG, OPT(want.no_six), NULL, "IPv4 only"},
	{"internal", 0, ARG_FLAG, OPT(want.internal), NULL, "nothing but the members can be reached, not even the host"},
	{"isolated", 0, ARG_FLAG, OPT(want.isolated), NULL, "members reach what is outside, but not one another"},
	{"parent", 0, ARG_TEXT, OPT(want.link), "LINK", "what macvlan and ipvlan share (the default route's)"},
	{"mode", 0, ARG_TEXT, OPT(want.mode), "WORD", "macvlan: bridge, private, vepa (bridge); ipvlan: l2, l3 (l2)"},
	{"mtu", 0, ARG_TEXT, OPT(mtu), "BYTES", "largest packet (the kernel's choice)"},
	{"ignore", 0, ARG_FLAG, OPT(ignore), NULL, "one of that name is no error, and stays as it is"},
	ARGS_END};
#undef OPT

struct list_flags { bool quiet, json; };
static const struct arg list_args[] = {
	{"quiet", 'q', ARG_FLAG, offsetof(struct list_flags, quiet), NULL, "names only"},
	{"json", 0, ARG_FLAG, offsetof(struct list_flags, json), NULL, "the records, as an array"},
	ARGS_END};

struct connect_flags { const char *ip, *ip6, *mac; struct words aliases; };
#define OPT(member) offsetof(struct connect_flags, member)
static const struct arg connect_args[] = {
	{"ip", 0, ARG_TEXT, OPT(ip), "ADDRESS", "its address there"},
	{"ip6", 0, ARG_TEXT, OPT(ip6), "ADDRESS", "the same of IPv6"},
	{"mac-address", 0, ARG_TEXT, OPT(mac), "MAC", "its hardware address"},
	{"alias", 0, ARG_LIST, OPT(aliases), "NAME", "one more name by which the network knows it"},
	ARGS_END};
#undef OPT

struct repair_flags { bool check; };
static const struct arg repair_args[] = {
	{"check", 0, ARG_FLAG, offsetof(struct repair_flags, check), NULL, "only say what is not as it should be; 1 if anything"},
	ARGS_END};
/* clang-format on */

/* ---- create, rm, prune ------------------------------------------------------------------------*/

static int do_create(struct call *call, struct err *err)
{
	const struct create_flags *f = call->opts;
	auto_(nets) struct nets n = NETS_NONE;
	struct network_want want = f->want;
	struct network *w;
	uint64_t mtu = 0;

	if (f->mtu && num_max(f->mtu, 10, 65535, &mtu) < 0)
		return err_say(err, EINVAL, "--mtu: expected a number, got \"%.40s\"", f->mtu);
	want.mtu = (uint32_t)mtu;
	want.name = call->words[0];
	int r = nets_open(call->g->root, true, &n, err);
	if (r < 0)
		return r;
	r = network_create(&n, &want, call->mem, &w, err);
	if (r == -EEXIST && f->ignore)
		r = network_load(&n, want.name, call->mem, &w, err);
	if (r < 0)
		return r;
	return out_line(w->name, err);
}

static int do_rm(struct call *call, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	int r = network_cni_refuse(call, "remove", err);

	if (r == 0)
		r = nets_open(call->g->root, true, &n, err);
	for (size_t i = 0; r == 0 && i < call->n_words; i++)
		r = network_remove(&n, call->words[i], err);
	return r;
}

int networks_prune(const struct call *call, struct str *ret, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	const char **names;
	int r = nets_open(call->g->root, true, &n, err);
	int count = r < 0 ? r : network_names(&n, call->mem, &names, err);

	if (count > 0 && (r = network_repair(&n, err)) < 0)
		return r;
	for (int i = 0; i < count; i++) {
		r = network_remove(&n, names[i], err);
		if (r < 0 && r != -EBUSY)
			return r;
		if (r == 0)
			str_addf(ret, "%s\n", names[i]);
	}
	*err = count < 0 ? *err : (struct err){0};
	return count < 0 ? count : 0;
}

static int do_prune(struct call *call, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = networks_prune(call, &text, err);

	return r < 0 ? r : out_text(&text, err);
}

/* ---- ls, inspect ------------------------------------------------------------------------------*/

enum { COLUMNS = 6 };

static void add_row(const struct network *w, size_t members, struct words *cells, struct arena *mem)
{
	words_add(cells, w->name, mem);
	words_add(cells, w->driver, mem);
	words_add(cells, w->link, mem);
	words_add(cells, w->subnet ? w->subnet : "-", mem);
	words_add(cells, w->subnet6 ? w->subnet6 : "-", mem);
	words_add(cells, arena_printf(mem, "%zu", members), mem);
}

static int do_ls(struct call *call, struct err *err)
{
	static const char *const header[COLUMNS] = {"NAME",   "DRIVER", "LINK",
						    "SUBNET", "IPV6",   "MEMBERS"};
	const struct list_flags *f = call->opts;
	auto_(nets) struct nets n = NETS_NONE;
	auto_(str) struct str text = {0};
	struct json_out json = {.s = &text, .indent = "  "};
	struct words cells = {0};
	const char **names;
	int r = nets_open(call->g->root, false, &n, err);
	int count = r < 0 ? r : network_names(&n, call->mem, &names, err);

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], call->mem);
	json_open(&json, NULL, '[');
	for (int i = 0; i < count; i++) {
		auto_(members) struct members m = {0};
		struct network *w;
		if (network_load(&n, names[i], call->mem, &w, err) < 0 ||
		    members_load(&n, names[i], &m, err) < 0)
			return -err->num;
		add_row(w, m.n, &cells, call->mem);
		encode_object(&network_table, w, &json, NULL);
	}
	int more = count < 0 ? count : network_cni_rows(call, &cells, &json, err);
	if (more < 0)
		return more;
	json_close(&json, ']');
	str_add_char(&text, '\n');
	if (!f->json)
		text.len = 0;
	for (size_t i = COLUMNS; !f->json && f->quiet && i < cells.n; i += COLUMNS)
		str_addf(&text, "%s\n", cells.v[i]);
	if (!f->json && !f->quiet)
		out_table(&text, cells.v, cells.n / COLUMNS, COLUMNS);
	return out_text(&text, err);
}

static void show_address(struct json_out *o, const char *key, const struct cidr *subnet,
			 uint32_t index)
{
	struct cidr own = {cidr_at(subnet, index), subnet->bits};
	char text[IP_TEXT_MAX];

	if (subnet->ip.n && index)
		json_text(o, key, cidr_text(&own, text));
}

/* What its record says of it there. */
static void show_priority(struct json_out *o, const struct nets *n, const char *network,
			  const char *id, struct arena *mem)
{
	auto_fd int dir = open(arena_printf(mem, "%s/%s", n->root, id),
			       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct wire *wire = NULL;
	struct err ignored;

	if (dir < 0 || wire_load(dir, mem, &wire, &ignored) < 0 || !wire)
		return;
	for (size_t i = 0; i < wire->n_ends; i++)
		if (wire->ends[i].has_priority && str_eq(wire->ends[i].network, network))
			json_uint(o, "priority", wire->ends[i].priority);
}

static int inspect_one(const struct nets *n, const char *name, struct json_out *o,
		       struct arena *mem, struct err *err)
{
	auto_(members) struct members m = {0};
	struct net_ranges ranges;
	struct network *w;

	if (network_load(n, name, mem, &w, err) < 0 || network_ranges(w, &ranges, err) < 0 ||
	    members_load(n, name, &m, err) < 0)
		return -err->num;
	json_open(o, NULL, '{');
	encode_object(&network_table, w, o, "network");
	json_open(o, "members", '[');
	for (size_t i = 0; i < m.n; i++) {
		json_open(o, NULL, '{');
		json_text(o, "id", m.v[i].id);
		json_text(o, "names", m.v[i].names);
		show_address(o, "address", &ranges.four, m.v[i].index);
		show_address(o, "address6", &ranges.six, m.v[i].index6);
		show_priority(o, n, name, m.v[i].id, mem);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
	return 0;
}

static int do_inspect(struct call *call, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	auto_(str) struct str text = {0};
	struct json_out json = {.s = &text, .indent = "  "};
	int r = nets_open(call->g->root, false, &n, err);

	json_open(&json, NULL, '[');
	for (size_t i = 0; r == 0 && i < call->n_words; i++)
		r = cni_is(call->words[i]) ? network_cni_inspect(call, call->words[i], &json, err)
					   : inspect_one(&n, call->words[i], &json, call->mem, err);
	if (r < 0)
		return r;
	json_close(&json, ']');
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

/* ---- connect, disconnect ----------------------------------------------------------------------*/

static int open_running(const struct call *call, const char *id, struct container *c,
			struct err *err)
{
	int r = container_open(call->g->root, id, true, false, c, err);

	if (r == 0 && c->pidfd < 0)
		r = err_say(err, ESRCH, "container not running");
	return r < 0 ? err_wrap(err, "container %.80s", id) : 0;
}

static int do_connect(struct call *call, struct err *err)
{
	const struct connect_flags *f = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	const struct wire_want want = {
		.ip = f->ip,
		.ip6 = f->ip6,
		.mac = f->mac,
		.aliases = f->aliases,
	};
	int r = network_cni_refuse(call, "connect to", err);

	if (r < 0 || (r = open_running(call, call->words[1], &c, err)) < 0)
		return r;
	const struct wire_place at = {call->g->root, c.id, c.dir_fd};
	return wire_connect(&at, c.pid, call->words[0], &want, err);
}

static int do_disconnect(struct call *call, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = network_cni_refuse(call, "disconnect from", err);

	if (r == 0)
		r = open_running(call, call->words[1], &c, err);
	return r < 0 ? r : wire_disconnect(call->g->root, c.id, c.dir_fd, call->words[0], err);
}

/* ---- repair -----------------------------------------------------------------------------------*/

static int do_repair(struct call *call, struct err *err)
{
	const struct repair_flags *f = call->opts;
	auto_(nets) struct nets n = NETS_NONE;
	auto_(str) struct str text = {0};
	struct err plugins = {0};

	/* Plugins take their time: not under the lock of the networks. One that fails keeps nothing. */
	int left = cni_left(call->g->root, !f->check, &text, &plugins);
	int r = nets_open(call->g->root, true, &n, err);
	int bad = r < 0 ? r : network_check(&n, &text, err);
	if (bad < 0)
		return bad;
	r = text.len ? out_text(&text, err) : 0;
	if (r < 0)
		return r;
	if (!f->check && (r = network_repair(&n, err)) < 0)
		return r;
	if (left < 0)
		*err = plugins;
	return left < 0 ? left : f->check && bad + left > 0;
}

/* ---- the verbs --------------------------------------------------------------------------------*/

/* clang-format off */
static const struct command verbs[] = {
	{.name = "network create", .usage = "[flags] NAME", .about = "make a network",
	 .examples = "ctr network create backend\nctr network create --internal --subnet 10.5.0.0/24 db\n"
		     "ctr network create -d macvlan --parent eth0 --subnet 192.168.1.0/24 --gateway 192.168.1.1 lan\n",
	 .args = {create_args, false}, .opts_size = sizeof(struct create_flags), .min_words = 1, .max_words = 1,
	 .run = do_create},
	{.name = "network ls", .usage = "[flags]", .about = "list networks", .examples = "ctr network ls\n",
	 .args = {list_args, false}, .opts_size = sizeof(struct list_flags), .run = do_ls},
	{.name = "network inspect", .usage = "NAME...", .about = "print networks and their members as JSON",
	 .examples = "ctr network inspect backend\n", .args = {cmd_no_args, false}, .min_words = 1,
	 .max_words = ANY_WORDS, .run = do_inspect},
	{.name = "network rm", .usage = "NAME...", .about = "remove networks without members",
	 .examples = "ctr network rm backend\n", .args = {cmd_no_args, false}, .min_words = 1,
	 .max_words = ANY_WORDS, .run = do_rm},
	{.name = "network prune", .usage = "", .about = "remove all networks without members",
	 .examples = "ctr network prune\n", .args = {cmd_no_args, false}, .run = do_prune},
	{.name = "network connect", .usage = "[flags] NAME ID", .about = "put a running container into one more network",
	 .examples = "ctr network connect --alias cache backend web\n", .args = {connect_args, false},
	 .opts_size = sizeof(struct connect_flags), .min_words = 2, .max_words = 2, .run = do_connect},
	{.name = "network disconnect", .usage = "NAME ID", .about = "take a running container out of a network",
	 .examples = "ctr network disconnect backend web\n", .args = {cmd_no_args, false}, .min_words = 2,
	 .max_words = 2, .run = do_disconnect},
	{.name = "network repair", .usage = "[flags]",
	 .about = "make bridges and packet filter again what they are to be; tell plugins of CNI who has ended",
	 .examples = "ctr network repair --check || ctr network repair\n", .args = {repair_args, false},
	 .opts_size = sizeof(struct repair_flags), .run = do_repair},
};
/* clang-format on */

static int do_network(struct call *call, struct err *err)
{
	return verbs_run(call, verbs, sizeof(verbs) / sizeof(*verbs), err);
}

const struct command cmd_network = {
	.name = "network",
	.usage = "create|ls|inspect|rm|prune|connect|disconnect|repair ...",
	.about = "make, show, change and remove networks",
	.examples = "ctr network create backend\n"
		    "ctr run -d --name db --network backend --rootfs /srv/db postgres\n"
		    "ctr network create --help\n",
	.args = {cmd_no_args, true},
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_network,
};
