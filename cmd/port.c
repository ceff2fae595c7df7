/* SPDX-License-Identifier: Apache-2.0 */
/* port: what containers publish, and from where that can be reached. */
#include <errno.h>
#include <linux/netfilter.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "net/nft.h"
#include "net/port.h"
#include "net/store.h"
#include "runtime/container.h"

struct ports {
	struct str text;
	struct arena *mem;
	bool with_ids, is_routed;
};

static int add_container(const char *root, const char *id, struct ports *p, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct wire *wire;

	if (container_open(root, id, false, false, &c, err) < 0 ||
	    wire_load(c.dir_fd, p->mem, &wire, err) < 0)
		return -err->num;
	for (size_t i = 0; wire && i < wire->n_ends; i++)
		for (size_t k = 0; k < wire->ends[i].n_publish; k++) {
			if (p->with_ids)
				str_addf(&p->text, "%s\t", id);
			port_print(&wire->ends[i].publish[k], &p->text);
			str_add_char(&p->text, '\n');
			p->is_routed |= !wire->helper;
		}
	return 0;
}

static void name_chain(void *ctx, const char *table, const char *chain)
{
	struct str *text = ctx;

	str_addf(text, "%s%s %s", text->len ? ", " : "", table, chain);
}

/* ctr's rules only say where a packet goes; whether it comes through is for all of the host's. */
static void explain(struct str *text)
{
	auto_(str) struct str chains = {0};
	struct err ignored;
	auto_fd int sock = nl_open(NETLINK_NETFILTER, &ignored);

	str_add(text,
		"# reachable at every address of the host but 127.0.0.1 and ::1, from the host, "
		"from containers, from outside\n");
	if (sock < 0 ||
	    nft_dropping_chains(sock, NF_INET_FORWARD, name_chain, &chains, &ignored) < 0 ||
	    !chains.len)
		return;
	str_addf(text,
		 "# from outside and from containers only what the host's own packet filter lets "
		 "through: it drops by default (%s)\n",
		 chains.p);
}

static int do_port(struct call *call, struct err *err)
{
	struct ports p = {.mem = call->mem, .with_ids = call->n_words == 0};
	const char **ids;
	int r = 0;

	if (call->n_words) {
		r = add_container(call->g->root, call->words[0], &p, err);
	} else {
		struct err ignored;
		r = container_ids(call->g->root, call->mem, &ids, err);
		for (int i = 0; i < r; i++) /* one may go meanwhile */
			add_container(call->g->root, ids[i], &p, &ignored);
	}
	if (r >= 0 && p.is_routed)
		explain(&p.text);
	if (r >= 0)
		r = p.text.len ? out_text(&p.text, err) : 0;
	str_clear(&p.text);
	return r < 0 ? r : 0;
}

const struct command cmd_port = {
	.name = "port",
	.usage = "[ID]",
	.about = "show which ports containers publish",
	.examples = "ctr port\nctr port web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.max_words = 1,
	.run = do_port,
};
