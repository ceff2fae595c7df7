/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which address. A network's members are a text, one line each:
 *
 *     last INDEX
 *     INDEX INDEX6 FLAGS ID NAME[,NAME...] [TENANT]
 *
 * where the last one given is told first, so that an address comes around again as late as it can, the addresses are number INDEX of the subnet and INDEX6 of the IPv6 one, and FLAGS is "p" for
 * a member with a hosts file of its own, "-" otherwise; TENANT is a number, none being nobody's. One short text is read and written for each
 * change: a thousand members are 60 KB. The first part is pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/ip.h"
#include "net/store.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

struct member {
	uint32_t index, index6;
	bool is_private;
	const char *id;
	const char *names; /* with commas; never empty */
	uint32_t tenant;   /* 0: nobody's */
};

struct members {
	struct arena mem; /* owns the strings */
	struct member *v;
	size_t n;
	uint32_t last; /* number of the subnet that was given last */
};

void members_clear(struct members *m);
/* Lines that are none are left out: a torn text must not keep addresses from being given. */
void members_parse(const char *text, struct members *ret);
void members_print(const struct members *m, struct str *ret);
struct member *members_find(struct members *m, const char *id);
/* `m` is not owned by the list: its strings must live as long. */
void members_add(struct members *m, const struct member *one);
void members_drop(struct members *m, const char *id);

/* The subnets of a network, read. */
struct net_ranges {
	struct cidr four, six; /* ip.n 0: none */
	struct ip gateway, gateway6;
};
int network_ranges(const struct network *w, struct net_ranges *ret, struct err *err);

/* The next free number behind the last one, or the one that `want` is (want->n 0: any). -EADDRINUSE names who has it,
 * -EADDRNOTAVAIL: outside of the subnet or reserved, -ENOSPC: none is free. */
int ipam_choose(const struct cidr *subnet, const struct ip *gateway, const struct ip *want,
		const struct members *m, uint32_t *ret, struct err *err);

/* A subnet that overlaps none of `taken`: of ctr's own range, by number. -ENOSPC. */
int ipam_free_subnet(const struct cidr *taken, size_t n, struct cidr *ret, struct err *err);

/* The members' file. */
int members_load(const struct nets *n, const char *network, struct members *ret, struct err *err);
int members_save(const struct nets *n, const char *network, const struct members *m,
		 struct err *err);
