/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "net/ipam.h"
#include "runtime/base/fd.h"

enum { ADDRESSES = 1 << 16, MEMBERS_TEXT_MAX = 64 << 20 };

void members_clear(struct members *m)
{
	free(m->v);
	arena_clear(&m->mem);
	*m = (struct members){0};
}

void members_add(struct members *m, const struct member *one)
{
	if ((m->n & (m->n - 1)) == 0) /* full at each power of two */
		m->v = mem_resize(m->v, m->n ? m->n * 2 : 1, sizeof(*m->v));
	m->v[m->n++] = *one;
}

static bool parse_line(char *line, struct member *ret)
{
	char *save = NULL, *words[5];
	uint64_t index, index6, tenant = 0;

	for (int i = 0; i < 5; i++)
		if (!(words[i] = strtok_r(i ? NULL : line, " ", &save)))
			return false;
	if (num_max(words[0], 10, ADDRESSES, &index) < 0 ||
	    num_max(words[1], 10, ADDRESSES, &index6) < 0)
		return false;
	const char *more = strtok_r(NULL, " ", &save);
	if (more && num_max(more, 10, UINT32_MAX, &tenant) < 0)
		return false;
	*ret = (struct member){
		.index = (uint32_t)index,
		.index6 = (uint32_t)index6,
		.is_private = *words[2] == 'p',
		.id = words[3],
		.names = words[4],
		.tenant = (uint32_t)tenant,
	};
	return true;
}

void members_parse(const char *text, struct members *ret)
{
	struct member one;
	char *save = NULL;
	uint64_t last;

	*ret = (struct members){0};
	for (char *copy = arena_str(&ret->mem, text), *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, "last ") && num_max(line + 5, 10, ADDRESSES, &last) == 0)
			ret->last = (uint32_t)last;
		else if (parse_line(line, &one))
			members_add(ret, &one);
}

void members_print(const struct members *m, struct str *ret)
{
	str_addf(ret, "last %u\n", m->last);
	for (size_t i = 0; i < m->n; i++) {
		const struct member *one = &m->v[i];
		str_addf(ret, "%u %u %c %s %s", one->index, one->index6,
			 one->is_private ? 'p' : '-', one->id, one->names);
		str_addf(ret, one->tenant ? " %u\n" : "\n", one->tenant);
	}
}

struct member *members_find(struct members *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].id, id))
			return &m->v[i];
	return NULL;
}

void members_drop(struct members *m, const char *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!str_eq(m->v[i].id, id))
			m->v[kept++] = m->v[i];
	m->n = kept;
}

static int read_range(const char *subnet, const char *gateway, unsigned n, struct cidr *ret,
		      struct ip *ret_gateway)
{
	*ret = (struct cidr){0};
	*ret_gateway = (struct ip){0};
	if (!subnet)
		return 0;
	if (cidr_parse(subnet, ret) < 0 || ret->ip.n != n)
		return -EINVAL;
	if (gateway && (ip_parse(gateway, ret_gateway) < 0 || ret_gateway->n != n))
		return -EINVAL;
	return 0;
}

int network_ranges(const struct network *w, struct net_ranges *ret, struct err *err)
{
	if (read_range(w->subnet, w->gateway, 4, &ret->four, &ret->gateway) < 0 ||
	    read_range(w->subnet6, w->gateway6, 16, &ret->six, &ret->gateway6) < 0)
		return err_say(err, EINVAL, "the record of network %s has addresses that are none",
			       w->name);
	return 0;
}

/* The network itself, the gateway, and for IPv4 the address of all. */
static bool is_reserved(const struct cidr *subnet, const struct ip *gateway, uint32_t index)
{
	return index == 0 || (subnet->ip.n == 4 && index == cidr_size(subnet) - 1) ||
	       (gateway->n && cidr_has(subnet, gateway) && cidr_index(subnet, gateway) == index);
}

static int choose_this(const struct cidr *subnet, const struct ip *gateway, const struct ip *want,
		       const struct members *m, uint32_t *ret, struct err *err)
{
	char text[IP_TEXT_MAX], net[IP_TEXT_MAX];
	uint32_t index = cidr_has(subnet, want) ? cidr_index(subnet, want) : UINT32_MAX;

	ip_text(want, text);
	if (index >= cidr_size(subnet))
		return err_say(err, EADDRNOTAVAIL, "address %s: not in the subnet %s%s", text,
			       cidr_text(subnet, net),
			       cidr_has(subnet, want) ? "'s first 65536 addresses" : "");
	if (is_reserved(subnet, gateway, index))
		return err_say(err, EADDRNOTAVAIL,
			       "address %s: reserved for the network itself or its gateway", text);
	for (size_t i = 0; i < m->n; i++)
		if ((subnet->ip.n == 4 ? m->v[i].index : m->v[i].index6) == index)
			return err_say(err, EADDRINUSE, "address %s: container %s has it", text,
				       m->v[i].id);
	*ret = index;
	return 0;
}

int ipam_choose(const struct cidr *subnet, const struct ip *gateway, const struct ip *want,
		const struct members *m, uint32_t *ret, struct err *err)
{
	uint8_t used[ADDRESSES / 8] = {0};
	char text[IP_TEXT_MAX];

	if (want->n)
		return choose_this(subnet, gateway, want, m, ret, err);
	for (size_t i = 0; i < m->n; i++) {
		uint32_t index = subnet->ip.n == 4 ? m->v[i].index : m->v[i].index6;
		if (index < ADDRESSES)
			used[index / 8] |= (uint8_t)(1U << index % 8);
	}
	for (uint32_t step = 1; step <= cidr_size(subnet); step++) {
		uint32_t index = (m->last + step) % cidr_size(subnet);
		if (!(used[index / 8] >> index % 8 & 1) && !is_reserved(subnet, gateway, index)) {
			*ret = index;
			return 0;
		}
	}
	err_say(err, ENOSPC, "all %zu addresses of %s are given", m->n, cidr_text(subnet, text));
	err_hint(err, "ctr network prune forgets containers that are gone; a network with a larger "
		      "--subnet has more");
	return -ENOSPC;
}

/* 10.90.0.0/20 and on, to 10.127: 4093 containers each, and seldom anybody else's. */
int ipam_free_subnet(const struct cidr *taken, size_t n, struct cidr *ret, struct err *err)
{
	enum { FIRST = 90, LAST = 127, BITS = 20, STEP = 16 };

	for (unsigned number = 0; number < (LAST - FIRST + 1) * STEP; number++) {
		struct cidr c = {.bits = BITS,
				 .ip = {.n = 4,
					.b = {10, (uint8_t)(FIRST + number / STEP),
					      (uint8_t)(number % STEP * STEP)}}};
		bool is_free = true;
		for (size_t i = 0; is_free && i < n; i++)
			is_free = !cidr_overlaps(&taken[i], &c);
		if (is_free) {
			*ret = c;
			return 0;
		}
	}
	err_say(err, ENOSPC, "no subnet is free between 10.90.0.0 and 10.127.255.255");
	err_hint(err, "name one with --subnet");
	return -ENOSPC;
}

int members_load(const struct nets *n, const char *network, struct members *ret, struct err *err)
{
	auto_(str) struct str text = {0};
	char file[NET_NAME_MAX + 16];

	snprintf(file, sizeof(file), "%s.members", network);
	int r = fd_read_file(n->dir, file, MEMBERS_TEXT_MAX, &text);
	if (r < 0 && r != -ENOENT)
		return err_set(err, r, "read the members of network %s", network);
	members_parse(text.p ? text.p : "", ret);
	return 0;
}

int members_save(const struct nets *n, const char *network, const struct members *m,
		 struct err *err)
{
	auto_(str) struct str text = {0};
	char file[NET_NAME_MAX + 16];

	snprintf(file, sizeof(file), "%s.members", network);
	members_print(m, &text);
	int r = fd_replace(n->dir, file, text.p ? text.p : "", text.len, 0600);
	return r < 0 ? err_set(err, r, "write the members of network %s", network) : 0;
}
