/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and subnets of both families. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { IP_TEXT_MAX = 52 };

/* n: 4 or 16 bytes of b; 0: none. */
struct ip {
	unsigned n;
	uint8_t b[16];
};

/* "10.88.0.1/16": an address and how much of it is the network's. */
struct cidr {
	struct ip ip;
	unsigned bits;
};

/* 0 or -EINVAL. */
int ip_parse(const char *text, struct ip *ret);
const char *ip_text(const struct ip *ip, char buf[IP_TEXT_MAX]);
bool ip_eq(const struct ip *a, const struct ip *b);
int ip_family(const struct ip *ip); /* AF_INET, AF_INET6 or AF_UNSPEC */
bool ip_is_loopback(const struct ip *ip);
bool ip_is_any(const struct ip *ip);

/* "ADDRESS/BITS"; 0 or -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret);
const char *cidr_text(const struct cidr *c, char buf[IP_TEXT_MAX]);
/* The same without the host's part. */
struct cidr cidr_net(const struct cidr *c);
bool cidr_has(const struct cidr *c, const struct ip *ip);
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* The address number `index` of the subnet, and back (UINT32_MAX: beyond what is counted). */
struct ip cidr_at(const struct cidr *c, uint32_t index);
uint32_t cidr_index(const struct cidr *c, const struct ip *ip);
/* How many addresses it has, at most 65536: more than one bridge serves. */
uint32_t cidr_size(const struct cidr *c);

enum { MAC_TEXT_MAX = 18 };
/* "02:42:0a:58:00:05"; only addresses of one station. 0 or -EINVAL. */
int mac_parse(const char *text, uint8_t ret[6]);
const char *mac_text(const uint8_t mac[6], char buf[MAC_TEXT_MAX]);
/* Of its IPv4 address, so that whoever gets the address again gets it too: nobody's cache goes
 * stale. */
void mac_from(const struct ip *ip, uint8_t ret[6]);
/* fe80::/64 with the address made of it (RFC 4291, appendix A). */
struct ip ip_link_local(const uint8_t mac[6]);
