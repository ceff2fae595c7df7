/* SPDX-License-Identifier: Apache-2.0 */
/* nftables: tables, chains, rules, sets and their elements as netlink requests. A list that begins
 * with nft_begin and ends with nft_end is one transaction: all of it or nothing. What nft(8) prints
 * of it with --debug=netlink are the expressions below, name by name. */
#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "net/netlink.h"

/* The 4-byte registers. A rule that looks up a concatenation loads its parts side by side. */
enum { R0 = NFT_REG32_00, R1, R2, R3, R4, R5, R6, R7, R8 };

enum nft_kind {
	NFT_END,      /* of a rule */
	NFT_META,     /* a: NFT_META_* */
	NFT_PUT,      /* c bytes of data into the register */
	NFT_SET_META, /* a: NFT_META_*, from the register */
	NFT_LOAD,     /* a: NFT_PAYLOAD_*, b: offset, c: bytes */
	NFT_IS,       /* c bytes of data */
	NFT_IS_NOT,   /* c bytes of data */
	NFT_MASK,     /* a: the bits that stay; 0 is then compared as 4 bytes */
	NFT_IN,       /* text: set */
	NFT_NOT_IN,   /* text: set */
	NFT_MAP_TO,   /* text: map; to the same register */
	NFT_CT_KEY,   /* a: NFT_CT_* */
	NFT_IS_HERE,  /* no register: the destination is an address of this machine */
	NFT_DO,       /* a: NF_ACCEPT, NF_DROP, NFT_JUMP, NFT_GOTO, NFT_RETURN; text: the chain */
	NFT_DNAT,     /* a: NFPROTO_*, b: register of the port */
	NFT_MASQ,
};

struct nft_expr {
	uint8_t kind; /* enum nft_kind */
	uint8_t reg;
	uint32_t a, b, c;
	const char *text;
	uint8_t data[16];
};

enum { NFT_EXPRS_MAX = 12 };

/* A rule and where it belongs; the last expression is NFT_END. */
struct nft_rule {
	const char *chain;
	struct nft_expr exprs[NFT_EXPRS_MAX];
};

struct nft_chain {
	const char *name;
	const char *type; /* NULL: only jumped to */
	uint32_t hook;
	int32_t priority;
};

/* Data types of nft(8), so that it can print what it finds. */
enum {
	TYPE_ADDR4 = 7,
	TYPE_ADDR6 = 8,
	TYPE_ETHER = 9,
	TYPE_PROTO = 12,
	TYPE_PORT = 13,
	TYPE_CLASS = 23, /* a frame's priority: 32 bits, in the host's byte order */
	TYPE_LINK = 41
};

struct nft_set {
	const char *name;
	uint8_t key[3];  /* TYPE_*, 0: none */
	uint8_t data[2]; /* of a map */
	bool counts;     /* each element counts packets and bytes */
};

void nft_begin(struct nl *l);
void nft_end(struct nl *l);

/* flags: 0, or NLM_F_EXCL when it must not be there yet. */
void nft_table(struct nl *l, uint8_t family, const char *table, uint16_t flags);
void nft_delete_table(struct nl *l, uint8_t family, const char *table);
void nft_chain(struct nl *l, uint8_t family, const char *table, const struct nft_chain *chain);
void nft_set(struct nl *l, uint8_t family, const char *table, const struct nft_set *set,
	     uint32_t id);
void nft_rule(struct nl *l, uint8_t family, const char *table, const struct nft_rule *rule);

/* An element's key or value in the making: parts are padded to the 4 bytes of a register. */
struct nft_key {
	uint8_t b[40];
	unsigned n;
};
void nft_key_add(struct nft_key *k, const void *part, unsigned size);
void nft_key_link(struct nft_key *k, const char *link);

/* Adds or deletes one element; of a set it has no value. One that is there with the same value is
 * as good as added. */
struct nft_element {
	uint8_t family;
	const char *table, *set;
	struct nft_key key, value;
};
void nft_add(struct nl *l, const struct nft_element *e);
void nft_remove(struct nl *l, const struct nft_element *e);

/* Sends removals, written without nft_begin, as one transaction; where one of the things is missing
 * already, each as one of its own, and "not there" is success. */
int nft_send_removals(int sock, const struct nl *l, struct err *err);

/* Whether the table is there: 1, 0, or -errno. */
int nft_has_table(int sock, uint8_t family, const char *table, struct err *err);
/* How many rules it has. */
int nft_count_rules(int sock, uint8_t family, const char *table, struct err *err);

/* What the element with e's key has counted, and which value it has; -ENOENT. */
struct nft_count {
	uint64_t bytes, packets;
};
struct nft_found {
	struct nft_count count;
	struct nft_key value;
};
int nft_find(int sock, const struct nft_element *e, struct nft_found *ret, struct err *err);

/* Calls `each` for every chain of other tables that drops forwarded packets by default. */
typedef void nft_each_chain(void *ctx, const char *table, const char *chain);
int nft_dropping_chains(int sock, uint32_t hook, nft_each_chain *each, void *ctx, struct err *err);
