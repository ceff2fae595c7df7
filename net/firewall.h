/* SPDX-License-Identifier: Apache-2.0 */
/* ctr's own tables of nftables, one for the families inet and bridge each. The rules never change:
 * what is particular to a network, a container or a published port are elements of sets, so that a
 * change is one short transaction, and a packet meets the same few rules whether there is one
 * container or a thousand.
 *
 *   bridge  in       who sends from a container: its own hardware and IP addresses only, no router
 *                    advertisement, no redirect, no answer for somebody else's address. A port that
 *                    was a container's is cut off
 *           between  from one container to another: those of the same tenant only
 *   inet    forward  into a network: answers, and what is published; out of it: all, unless it is
 *                    internal. Networks do not reach one another; nor, by way of the host, do
 *                    tenants on the same one. What leaves gets the sender's priority (--net-prio)
 *           nat      what leaves is masqueraded; what comes to a published port is sent on, its
 *                    source address kept
 *
 * An "accept" here ends only these chains: the host's own rules decide as well. */
#pragma once

#include "net/nft.h"
#include "net/store.h"

/* How the names of the host's ends of links begin: "ctr-", or other letters with another --root. */
enum { FIREWALL_LINKS_MAX = 10 };
void firewall_links(const char *table, char ret[FIREWALL_LINKS_MAX]);

/* The tables without elements. is_new: -EEXIST when they are there. Else they are made afresh, and
 * all elements have to be added again in the same transaction. */
void firewall_tables(struct nl *l, const char *table, bool is_new);
void firewall_remove(struct nl *l, const char *table);

/* One change of the elements below. */
struct firewall {
	struct nl *l;
	const char *table;
	bool removes;
	int sock; /* removing, it is asked whose a published port is: only the own one goes */
};

void firewall_network(const struct firewall *f, const struct network *w);
/* -EINVAL: the record is not one of ctr's. */
int firewall_end(const struct firewall *f, const struct wire_end *e, struct err *err);
/* The part of it that is its priority: none, unless it was given one or is a tenant's. */
int firewall_priority(const struct firewall *f, const struct wire_end *e, struct err *err);
/* A port that another container has is refused by the kernel: -EEXIST or -EBUSY. */
int firewall_publish(const struct firewall *f, const struct wire_end *e,
		     const struct wire_publish *p, struct err *err);

/* How many rules the tables should have together. */
unsigned firewall_rules(void);

/* What a container's end has sent and got: all of it, and the part of it that crossed the host. */
struct firewall_usage {
	struct nft_count in, out, outside_in, outside_out;
};
int firewall_usage(int sock, const char *table, const struct wire_end *e,
		   struct firewall_usage *ret, struct err *err);
