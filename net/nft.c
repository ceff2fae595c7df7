/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>

#include "net/nft.h"

enum { BATCH_SUBSYS = NFNL_SUBSYS_NFTABLES, LINK_SIZE = 16, TYPE_BITS = 6 };

/* The numbers of nftables travel in network order. */
static void be32(struct nl *l, uint16_t type, uint32_t value)
{
	nl_u32(l, type, htonl(value));
}

static void begin(struct nl *l, unsigned type, unsigned flags, uint8_t family)
{
	struct nfgenmsg head = {.nfgen_family = family, .version = NFNETLINK_V0};

	nl_begin(l, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), (uint16_t)flags, &head,
		 sizeof(head));
}

void nft_begin(struct nl *l)
{
	struct nfgenmsg head = {.nfgen_family = AF_UNSPEC, .res_id = htons(BATCH_SUBSYS)};

	l->is_batch = true;
	nl_begin(l, NFNL_MSG_BATCH_BEGIN, 0, &head, sizeof(head));
	nl_why(l, "change the packet filter");
}

void nft_end(struct nl *l)
{
	struct nfgenmsg head = {.nfgen_family = AF_UNSPEC, .res_id = htons(BATCH_SUBSYS)};

	nl_close(l, NFNL_MSG_BATCH_END, &head, sizeof(head));
}

void nft_table(struct nl *l, uint8_t family, const char *table, uint16_t flags)
{
	begin(l, NFT_MSG_NEWTABLE, NLM_F_CREATE | flags, family);
	nl_why(l, "make the nftables table %s", table);
	nl_text(l, NFTA_TABLE_NAME, table);
}

void nft_delete_table(struct nl *l, uint8_t family, const char *table)
{
	begin(l, NFT_MSG_DELTABLE, 0, family);
	nl_why(l, "remove the nftables table %s", table);
	nl_text(l, NFTA_TABLE_NAME, table);
}

void nft_chain(struct nl *l, uint8_t family, const char *table, const struct nft_chain *c)
{
	begin(l, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
	nl_why(l, "make the nftables chain %s %s", table, c->name);
	nl_text(l, NFTA_CHAIN_TABLE, table);
	nl_text(l, NFTA_CHAIN_NAME, c->name);
	if (!c->type)
		return;
	size_t hook = nl_nest(l, NFTA_CHAIN_HOOK, NULL, 0);
	be32(l, NFTA_HOOK_HOOKNUM, c->hook);
	be32(l, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
	nl_end(l, hook);
	nl_text(l, NFTA_CHAIN_TYPE, c->type);
	be32(l, NFTA_CHAIN_POLICY, NF_ACCEPT);
}

/* ---- sets -------------------------------------------------------------------------------------*/

static unsigned type_size(uint8_t type)
{
	static const struct {
		uint8_t type, size; /* padded to registers */
	} sizes[] = {{TYPE_ADDR4, 4}, {TYPE_ADDR6, 16}, {TYPE_ETHER, 8},       {TYPE_PROTO, 4},
		     {TYPE_PORT, 4},  {TYPE_CLASS, 4},  {TYPE_LINK, LINK_SIZE}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (sizes[i].type == type)
			return sizes[i].size;
	return 0;
}

static void put_type(struct nl *l, uint16_t type_attr, uint16_t size_attr, const uint8_t *types,
		     unsigned max)
{
	uint32_t type = 0, size = 0;

	for (unsigned i = 0; i < max && types[i]; i++) {
		type = type << TYPE_BITS | types[i];
		size += type_size(types[i]);
	}
	be32(l, type_attr, type);
	be32(l, size_attr, size);
}

void nft_set(struct nl *l, uint8_t family, const char *table, const struct nft_set *s, uint32_t id)
{
	static const uint8_t host_order[] = {0, 4, 1, 0, 0, 0};
	uint32_t flags = *s->data ? NFT_SET_MAP : 0;

	begin(l, NFT_MSG_NEWSET, NLM_F_CREATE, family);
	nl_why(l, "make the nftables set %s %s", table, s->name);
	nl_text(l, NFTA_SET_TABLE, table);
	nl_text(l, NFTA_SET_NAME, s->name);
	be32(l, NFTA_SET_ID, id);
	be32(l, NFTA_SET_FLAGS, flags);
	put_type(l, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, s->key, 3);
	if (*s->data)
		put_type(l, NFTA_SET_DATA_TYPE, NFTA_SET_DATA_LEN, s->data, 2);
	/* nft(8) prints a name alone only when it is told whose byte order it has: key, host. */
	if (s->key[0] == TYPE_LINK && !s->key[1])
		nl_attr(l, NFTA_SET_USERDATA, host_order, sizeof(host_order));
	if (!s->counts)
		return;
	size_t expr = nl_nest(l, NFTA_SET_EXPR, NULL, 0);
	nl_text(l, NFTA_EXPR_NAME, "counter");
	nl_end(l, expr);
}

void nft_key_add(struct nft_key *k, const void *part, unsigned size)
{
	memcpy(k->b + k->n, part, size);
	k->n += (size + 3) / 4 * 4;
}

void nft_key_link(struct nft_key *k, const char *link)
{
	size_t n = strlen(link);

	memcpy(k->b + k->n, link, n < LINK_SIZE ? n : LINK_SIZE - 1);
	k->n += LINK_SIZE;
}

static void put_data(struct nl *l, uint16_t type, const void *data, size_t size)
{
	size_t nest = nl_nest(l, type, NULL, 0);

	nl_attr(l, NFTA_DATA_VALUE, data, size);
	nl_end(l, nest);
}

static void put_element(struct nl *l, const struct nft_element *e)
{
	nl_text(l, NFTA_SET_ELEM_LIST_TABLE, e->table);
	nl_text(l, NFTA_SET_ELEM_LIST_SET, e->set);
	size_t list = nl_nest(l, NFTA_SET_ELEM_LIST_ELEMENTS, NULL, 0);
	size_t one = nl_nest(l, NFTA_LIST_ELEM, NULL, 0);
	put_data(l, NFTA_SET_ELEM_KEY, e->key.b, e->key.n);
	if (e->value.n)
		put_data(l, NFTA_SET_ELEM_DATA, e->value.b, e->value.n);
	nl_end(l, one);
	nl_end(l, list);
}

void nft_add(struct nl *l, const struct nft_element *e)
{
	begin(l, NFT_MSG_NEWSETELEM, NLM_F_CREATE, e->family);
	nl_why(l, "add to the nftables set %s %s", e->table, e->set);
	put_element(l, e);
}

void nft_remove(struct nl *l, const struct nft_element *e)
{
	struct nft_element key = *e;

	key.value.n = 0;
	begin(l, NFT_MSG_DELSETELEM, 0, e->family);
	nl_why(l, "remove from the nftables set %s %s", e->table, e->set);
	put_element(l, &key);
}

/* ---- rules ------------------------------------------------------------------------------------*/

static void put_meta(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_META_KEY, e->a);
	be32(l, NFTA_META_DREG, e->reg);
}

static void put_set_meta(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_META_KEY, e->a);
	be32(l, NFTA_META_SREG, e->reg);
}

static void put_value(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_IMMEDIATE_DREG, e->reg);
	put_data(l, NFTA_IMMEDIATE_DATA, e->data, e->c);
}

static void put_load(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_PAYLOAD_DREG, e->reg);
	be32(l, NFTA_PAYLOAD_BASE, e->a);
	be32(l, NFTA_PAYLOAD_OFFSET, e->b);
	be32(l, NFTA_PAYLOAD_LEN, e->c);
}

static void put_compare(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_CMP_SREG, e->reg);
	be32(l, NFTA_CMP_OP, e->kind == NFT_IS ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_data(l, NFTA_CMP_DATA, e->data, e->c);
}

static void put_mask(struct nl *l, const struct nft_expr *e)
{
	static const uint8_t none[4];

	be32(l, NFTA_BITWISE_SREG, e->reg);
	be32(l, NFTA_BITWISE_DREG, e->reg);
	be32(l, NFTA_BITWISE_LEN, sizeof(none));
	put_data(l, NFTA_BITWISE_MASK, &e->a, sizeof(none));
	put_data(l, NFTA_BITWISE_XOR, none, sizeof(none));
}

static void put_lookup(struct nl *l, const struct nft_expr *e)
{
	nl_text(l, NFTA_LOOKUP_SET, e->text);
	be32(l, NFTA_LOOKUP_SREG, e->reg);
	if (e->kind == NFT_MAP_TO)
		be32(l, NFTA_LOOKUP_DREG, e->reg);
	be32(l, NFTA_LOOKUP_FLAGS, e->kind == NFT_NOT_IN ? NFT_LOOKUP_F_INV : 0);
}

static void put_ct(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_CT_DREG, e->reg);
	be32(l, NFTA_CT_KEY, e->a);
}

static void put_verdict(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = nl_nest(l, NFTA_IMMEDIATE_DATA, NULL, 0);
	size_t verdict = nl_nest(l, NFTA_DATA_VERDICT, NULL, 0);
	be32(l, NFTA_VERDICT_CODE, e->a);
	if (e->text)
		nl_text(l, NFTA_VERDICT_CHAIN, e->text);
	nl_end(l, verdict);
	nl_end(l, data);
}

static void put_fib(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_FIB_DREG, e->reg);
	be32(l, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	be32(l, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
}

static void put_dnat(struct nl *l, const struct nft_expr *e)
{
	be32(l, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	be32(l, NFTA_NAT_FAMILY, e->a);
	be32(l, NFTA_NAT_REG_ADDR_MIN, e->reg);
	be32(l, NFTA_NAT_REG_PROTO_MIN, e->b);
}

static void put_nothing(struct nl *l, const struct nft_expr *e)
{
	(void)l;
	(void)e;
}

static const struct {
	const char *name;
	void (*put)(struct nl *, const struct nft_expr *);
} kinds[] = {
	[NFT_PUT] = {"immediate", put_value},  [NFT_SET_META] = {"meta", put_set_meta},
	[NFT_META] = {"meta", put_meta},       [NFT_LOAD] = {"payload", put_load},
	[NFT_IS] = {"cmp", put_compare},       [NFT_IS_NOT] = {"cmp", put_compare},
	[NFT_MASK] = {"bitwise", put_mask},    [NFT_IN] = {"lookup", put_lookup},
	[NFT_NOT_IN] = {"lookup", put_lookup}, [NFT_MAP_TO] = {"lookup", put_lookup},
	[NFT_CT_KEY] = {"ct", put_ct},         [NFT_IS_HERE] = {"fib", put_fib},
	[NFT_DO] = {"immediate", put_verdict}, [NFT_DNAT] = {"nat", put_dnat},
	[NFT_MASQ] = {"masq", put_nothing},
};

static void put_expr(struct nl *l, const struct nft_expr *e)
{
	size_t one = nl_nest(l, NFTA_LIST_ELEM, NULL, 0);
	nl_text(l, NFTA_EXPR_NAME, kinds[e->kind].name);
	size_t data = nl_nest(l, NFTA_EXPR_DATA, NULL, 0);
	kinds[e->kind].put(l, e);
	nl_end(l, data);
	nl_end(l, one);
}

void nft_rule(struct nl *l, uint8_t family, const char *table, const struct nft_rule *rule)
{
	static const uint32_t local = 2; /* RTN_LOCAL, in the host's order */

	begin(l, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family);
	nl_why(l, "make a rule in the nftables chain %s %s", table, rule->chain);
	nl_text(l, NFTA_RULE_TABLE, table);
	nl_text(l, NFTA_RULE_CHAIN, rule->chain);
	size_t list = nl_nest(l, NFTA_RULE_EXPRESSIONS, NULL, 0);
	for (const struct nft_expr *e = rule->exprs; e->kind != NFT_END; e++) {
		put_expr(l, e);
		if (e->kind != NFT_IS_HERE)
			continue;
		struct nft_expr is = {.kind = NFT_IS, .reg = e->reg, .c = sizeof(local)};
		memcpy(is.data, &local, sizeof(local));
		put_expr(l, &is);
	}
	nl_end(l, list);
}

static const struct nlmsghdr *message(const struct nl *l, size_t at)
{
	return (const struct nlmsghdr *)(const void *)(l->s.p + at);
}

/* The messages from `from` to `to` as a transaction. */
static int send_range(int sock, const struct nl *l, size_t from, size_t to, struct err *err)
{
	auto_(nl) struct nl t = {0};

	nft_begin(&t);
	for (size_t at = from; at < to; at += NLMSG_ALIGN(message(l, at)->nlmsg_len))
		nl_copy(&t, message(l, at));
	nft_end(&t);
	return nl_send(sock, &t, err);
}

int nft_send_removals(int sock, const struct nl *l, struct err *err)
{
	int r = send_range(sock, l, 0, l->s.len, err);

	for (size_t at = 0; r == -ENOENT && at < l->s.len;) {
		size_t next = at + NLMSG_ALIGN(message(l, at)->nlmsg_len);
		int one = send_range(sock, l, at, next, err);
		if (one < 0 && one != -ENOENT)
			return one;
		at = next;
	}
	return r == -ENOENT ? 0 : r;
}

/* ---- questions --------------------------------------------------------------------------------*/

static int no_answer(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	(void)ctx;
	(void)m;
	(void)err;
	return 0;
}

int nft_has_table(int sock, uint8_t family, const char *table, struct err *err)
{
	auto_(nl) struct nl l = {0};

	begin(&l, NFT_MSG_GETTABLE, 0, family);
	nl_why(&l, "look for the nftables table %s", table);
	nl_text(&l, NFTA_TABLE_NAME, table);
	int r = nl_ask(sock, &l, no_answer, NULL, err);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int count_one(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	(void)m;
	(void)err;
	++*(int *)ctx;
	return 0;
}

int nft_count_rules(int sock, uint8_t family, const char *table, struct err *err)
{
	auto_(nl) struct nl l = {0};
	int n = 0;

	begin(&l, NFT_MSG_GETRULE, NLM_F_DUMP, family);
	nl_why(&l, "count the rules of the nftables table %s", table);
	nl_text(&l, NFTA_RULE_TABLE, table);
	int r = nl_ask(sock, &l, count_one, &n, err);
	return r < 0 ? r : n;
}

static uint64_t get_be64(const struct nlattr *a)
{
	return __builtin_bswap64(nl_get_u64(a));
}

static const struct nlattr *inside(const struct nlattr *a, unsigned type)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_MAX + 1];

	if (!a)
		return NULL;
	nl_attrs(nl_data(a), nl_size(a), attrs, NFTA_SET_ELEM_MAX);
	return attrs[type];
}

static int found_element(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *set[NFTA_SET_ELEM_LIST_MAX + 1];
	struct nft_found *f = ctx;

	(void)err;
	nl_msg_attrs(m, sizeof(struct nfgenmsg), set, NFTA_SET_ELEM_LIST_MAX);
	const struct nlattr *e = inside(set[NFTA_SET_ELEM_LIST_ELEMENTS], NFTA_LIST_ELEM);
	const struct nlattr *value = inside(inside(e, NFTA_SET_ELEM_DATA), NFTA_DATA_VALUE);
	const struct nlattr *counter = inside(inside(e, NFTA_SET_ELEM_EXPR), NFTA_EXPR_DATA);
	if (value && nl_size(value) <= sizeof(f->value.b)) {
		f->value.n = (unsigned)nl_size(value);
		memcpy(f->value.b, nl_data(value), f->value.n);
	}
	f->count = (struct nft_count){get_be64(inside(counter, NFTA_COUNTER_BYTES)),
				      get_be64(inside(counter, NFTA_COUNTER_PACKETS))};
	return 0;
}

int nft_find(int sock, const struct nft_element *e, struct nft_found *ret, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct nft_found f = {0};
	struct nft_element key = *e;

	key.value.n = 0;
	begin(&l, NFT_MSG_GETSETELEM, 0, e->family);
	nl_why(&l, "look into the nftables set %s %s", e->table, e->set);
	put_element(&l, &key);
	int r = nl_ask(sock, &l, found_element, &f, err);
	if (r == 0)
		*ret = f;
	return r;
}

struct chains {
	uint32_t hook;
	nft_each_chain *each;
	void *ctx;
};

static int found_chain(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *a[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	const struct chains *c = ctx;

	(void)err;
	nl_msg_attrs(m, sizeof(struct nfgenmsg), a, NFTA_CHAIN_MAX);
	if (!a[NFTA_CHAIN_HOOK] || !a[NFTA_CHAIN_POLICY] || !a[NFTA_CHAIN_NAME] ||
	    !a[NFTA_CHAIN_TABLE] || ntohl(nl_get_u32(a[NFTA_CHAIN_POLICY])) != NF_DROP)
		return 0;
	nl_attrs(nl_data(a[NFTA_CHAIN_HOOK]), nl_size(a[NFTA_CHAIN_HOOK]), hook, NFTA_HOOK_MAX);
	if (ntohl(nl_get_u32(hook[NFTA_HOOK_HOOKNUM])) == c->hook)
		c->each(c->ctx, nl_data(a[NFTA_CHAIN_TABLE]), nl_data(a[NFTA_CHAIN_NAME]));
	return 0;
}

int nft_dropping_chains(int sock, uint32_t hook, nft_each_chain *each, void *ctx, struct err *err)
{
	static const uint8_t families[] = {NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6};
	struct chains c = {hook, each, ctx};

	for (size_t i = 0; i < sizeof(families); i++) {
		auto_(nl) struct nl l = {0};
		begin(&l, NFT_MSG_GETCHAIN, NLM_F_DUMP, families[i]);
		nl_why(&l, "look at the host's packet filter");
		int r = nl_ask(sock, &l, found_chain, &c, err);
		if (r < 0)
			return r;
	}
	return 0;
}
