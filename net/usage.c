/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "net/firewall.h"
#include "net/usage.h"
#include "runtime/base/fd.h"

enum { USAGE_MAX = 4096 };

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
#define ROW(member)                                                                                \
	{                                                                                          \
#member, offsetof(struct net_usage, member)                                        \
	}
	ROW(in_bytes),          ROW(in_packets),          ROW(out_bytes),
	ROW(out_packets),       ROW(outside_in_bytes),    ROW(outside_in_packets),
	ROW(outside_out_bytes), ROW(outside_out_packets),
};

static uint64_t *at(struct net_usage *u, size_t i)
{
	return (uint64_t *)(void *)((char *)u + rows[i].offset);
}

static void read_kept(int dir, struct net_usage *u)
{
	auto_(str) struct str text = {0};
	char *save = NULL;

	if (fd_read_file(dir, "net.usage", USAGE_MAX, &text) < 0 || !text.p)
		return;
	for (char *line = strtok_r(text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			size_t n = strlen(rows[i].name);
			if (strncmp(line, rows[i].name, n) == 0 && line[n] == ' ')
				num_u64(line + n + 1, at(u, i));
		}
}

static void add_live(const struct nets *n, const struct wire *wire, struct net_usage *u)
{
	struct err ignored;
	auto_fd int sock = nl_open(NETLINK_NETFILTER, &ignored);

	for (size_t i = 0; sock >= 0 && i < wire->n_ends; i++) {
		struct firewall_usage f;
		if (!str_eq(wire->ends[i].driver, "bridge") ||
		    firewall_usage(sock, n->table, &wire->ends[i], &f, &ignored) < 0)
			continue;
		u->in_bytes += f.in.bytes;
		u->in_packets += f.in.packets;
		u->out_bytes += f.out.bytes;
		u->out_packets += f.out.packets;
		u->outside_in_bytes += f.outside_in.bytes;
		u->outside_in_packets += f.outside_in.packets;
		u->outside_out_bytes += f.outside_out.bytes;
		u->outside_out_packets += f.outside_out.packets;
	}
}

int net_usage_read(const char *root, int dir, struct net_usage *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = NULL;

	*ret = (struct net_usage){0};
	read_kept(dir, ret);
	int r = wire_load(dir, &mem, &wire, err);
	if (r < 0 || !wire)
		return r;
	if ((r = nets_open(root, false, &n, err)) < 0)
		return r;
	add_live(&n, wire, ret);
	return 0;
}

int net_usage_keep(const struct nets *n, int dir, const struct wire *wire, struct err *err)
{
	auto_(str) struct str text = {0};
	struct net_usage u = {0};

	read_kept(dir, &u);
	add_live(n, wire, &u);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		str_addf(&text, "%s %llu\n", rows[i].name, (unsigned long long)*at(&u, i));
	int r = fd_replace(dir, "net.usage", text.p, text.len, 0600);
	return r < 0 ? err_set(err, r, "write net.usage") : 0;
}
