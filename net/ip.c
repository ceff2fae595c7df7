/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/ip.h"
#include "runtime/base/str.h"

enum { COUNTED_BITS = 16 };

int ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = {0};
	bool is_six = strchr(text, ':') != NULL;

	if (inet_pton(is_six ? AF_INET6 : AF_INET, text, ip.b) != 1)
		return -EINVAL;
	ip.n = is_six ? 16 : 4;
	*ret = ip;
	return 0;
}

const char *ip_text(const struct ip *ip, char buf[IP_TEXT_MAX])
{
	*buf = 0;
	if (ip->n)
		inet_ntop(ip_family(ip), ip->b, buf, IP_TEXT_MAX);
	return buf;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return a->n == b->n && memcmp(a->b, b->b, a->n) == 0;
}

int ip_family(const struct ip *ip)
{
	return ip->n == 4 ? AF_INET : ip->n == 16 ? AF_INET6 : AF_UNSPEC;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->n == 4 ? ip->b[0] == 127 : ip->n == 16 && memcmp(ip->b, one, 16) == 0;
}

bool ip_is_any(const struct ip *ip)
{
	static const uint8_t none[16];

	return memcmp(ip->b, none, ip->n) == 0;
}

int cidr_parse(const char *text, struct cidr *ret)
{
	char address[IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	struct cidr c;
	uint64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = 0;
	if (ip_parse(address, &c.ip) < 0 || num_max(slash + 1, 10, (uint64_t)c.ip.n * 8, &bits) < 0)
		return -EINVAL;
	c.bits = (unsigned)bits;
	*ret = c;
	return 0;
}

const char *cidr_text(const struct cidr *c, char buf[IP_TEXT_MAX])
{
	ip_text(&c->ip, buf);
	size_t n = strlen(buf);
	if (n)
		snprintf(buf + n, IP_TEXT_MAX - n, "/%u", c->bits);
	return buf;
}

/* The bits of byte i that belong to the network. */
static uint8_t mask(unsigned bits, unsigned i)
{
	return bits >= (i + 1) * 8 ? 0xFF : bits <= i * 8 ? 0 : (uint8_t)(0xFF << (8 - bits % 8));
}

struct cidr cidr_net(const struct cidr *c)
{
	struct cidr r = *c;

	for (unsigned i = 0; i < c->ip.n; i++)
		r.ip.b[i] &= mask(c->bits, i);
	return r;
}

bool cidr_has(const struct cidr *c, const struct ip *ip)
{
	if (c->ip.n != ip->n || !ip->n)
		return false;
	for (unsigned i = 0; i < ip->n; i++)
		if ((c->ip.b[i] ^ ip->b[i]) & mask(c->bits, i))
			return false;
	return true;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return a->bits <= b->bits ? cidr_has(a, &b->ip) : cidr_has(b, &a->ip);
}

struct ip cidr_at(const struct cidr *c, uint32_t index)
{
	struct cidr net = cidr_net(c);

	for (unsigned i = net.ip.n; i-- && index; index >>= 8)
		net.ip.b[i] |= (uint8_t)(index & 0xFF);
	return net.ip;
}

uint32_t cidr_index(const struct cidr *c, const struct ip *ip)
{
	uint32_t index = 0;

	for (unsigned i = 0; i < ip->n; i++) {
		uint8_t own = ip->b[i] & (uint8_t)~mask(c->bits, i);
		if (own && i + 4 < ip->n)
			return UINT32_MAX;
		index = index << 8 | own;
	}
	return index;
}

uint32_t cidr_size(const struct cidr *c)
{
	unsigned host = c->ip.n * 8 - c->bits;

	return 1U << (host < COUNTED_BITS ? host : COUNTED_BITS);
}

int mac_parse(const char *text, uint8_t ret[6])
{
	unsigned v[6];
	char end;

	if (strlen(text) != MAC_TEXT_MAX - 1 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		   &end) != 6 ||
	    (v[0] & 1) || !(v[0] | v[1] | v[2] | v[3] | v[4] | v[5]))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)v[i];
	return 0;
}

const char *mac_text(const uint8_t mac[6], char buf[MAC_TEXT_MAX])
{
	snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return buf;
}

void mac_from(const struct ip *ip, uint8_t ret[6])
{
	ret[0] = 0x02; /* locally administered */
	ret[1] = 0xC7;
	memcpy(ret + 2, ip->b + (ip->n == 16 ? 12 : 0), 4);
}

struct ip ip_link_local(const uint8_t mac[6])
{
	return (struct ip){.n = 16,
			   .b = {0xFE, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xFF, 0xFE, mac[3],
				 mac[4], mac[5]}};
}
