/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink: requests are written into one buffer, sent in one datagram, and the kernel's answers are
 * matched to what each request was for. Routing and nftables (net/nft.h) both speak through it.
 * Debian has no static libmnl, and ctr is static; what is needed of it is here. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

/* One request: what it is for, and an errno that is as good as success (0: none). */
struct nl_note {
	char *why;
	int fine;
};

/* Requests in the making; {0} is an empty list. */
struct nl {
	struct str s;
	size_t at;     /* where the last one begins */
	size_t ack;    /* where the one begins whose answer is the last */
	bool is_batch; /* all or nothing: refused as a whole it is answered as its first request */
	struct nl_note *notes;
	uint32_t n;
	struct arena mem;
};

void nl_clear(struct nl *l);

/* Begins a request: `head` is the family's own header. */
void nl_begin(struct nl *l, uint16_t type, uint16_t flags, const void *head, size_t size);
/* Another list's request, as it is. */
void nl_copy(struct nl *l, const struct nlmsghdr *m);
/* The same for what ends a batch, which is not answered by itself. */
void nl_close(struct nl *l, uint16_t type, const void *head, size_t size);
/* What the last request is for: "make the link eth0". */
void nl_why(struct nl *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* That errno, from the last request, is success. */
void nl_fine(struct nl *l, int num);

/* Attributes of the last request. */
void nl_attr(struct nl *l, uint16_t type, const void *value, size_t size);
void nl_u8(struct nl *l, uint16_t type, uint8_t value);
void nl_u16(struct nl *l, uint16_t type, uint16_t value);
void nl_u32(struct nl *l, uint16_t type, uint32_t value);
void nl_text(struct nl *l, uint16_t type, const char *value);
/* Whatever is added up to nl_end lies inside it; `head`, if any, comes first. */
size_t nl_nest(struct nl *l, uint16_t type, const void *head, size_t size);
void nl_end(struct nl *l, size_t nest);

/* A socket of NETLINK_ROUTE or NETLINK_NETFILTER in the calling thread's network namespace. */
int nl_open(int protocol, struct err *err);

/* A socket of NETLINK_ROUTE in another one; `there`, unless NULL, is called inside. */
int nl_open_in(int netns, void (*there)(void), struct err *err);

/* Sends all and waits until the last is done. The first failure is told as "WHY: errno". */
int nl_send(int sock, struct nl *l, struct err *err);

/* Sends the one request and calls `each` for every message of the answer; a negative return of its
 * own ends the dump's handling and is returned, with err set by `each`. */
typedef int nl_each(void *ctx, const struct nlmsghdr *msg, struct err *err);
int nl_ask(int sock, struct nl *l, nl_each *each, void *ctx, struct err *err);

/* Sorts the attributes from `p` on into ret[0 … max]; a type above is skipped. */
void nl_attrs(const void *p, size_t size, const struct nlattr **ret, unsigned max);
/* The attributes behind a message's family header of `head` bytes. */
void nl_msg_attrs(const struct nlmsghdr *msg, size_t head, const struct nlattr **ret, unsigned max);

static inline const void *nl_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static inline size_t nl_size(const struct nlattr *a)
{
	return a->nla_len - (size_t)NLA_HDRLEN;
}

uint32_t nl_get_u32(const struct nlattr *a);
uint64_t nl_get_u64(const struct nlattr *a);
