/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/netlink.h"

enum { ROOM = 1 << 16, PATIENCE_S = 10, SEQ_FIRST = 1 };

void nl_clear(struct nl *l)
{
	str_clear(&l->s);
	free(l->notes);
	arena_clear(&l->mem);
	*l = (struct nl){0};
}

static struct nlmsghdr *last(struct nl *l)
{
	return (struct nlmsghdr *)(void *)(l->s.p + l->at);
}

static void *grow(struct nl *l, size_t size)
{
	void *p = str_grow(&l->s, NLMSG_ALIGN(size));

	last(l)->nlmsg_len = (uint32_t)(l->s.len - l->at);
	return p;
}

void nl_begin(struct nl *l, uint16_t type, uint16_t flags, const void *head, size_t size)
{
	l->at = l->ack = l->s.len;
	str_grow(&l->s, NLMSG_HDRLEN);
	*last(l) = (struct nlmsghdr){
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST),
		.nlmsg_seq = SEQ_FIRST + l->n,
	};
	memcpy(grow(l, size), head, size);
	l->notes = mem_resize(l->notes, l->n + 1, sizeof(*l->notes));
	l->notes[l->n++] = (struct nl_note){0};
}

void nl_copy(struct nl *l, const struct nlmsghdr *m)
{
	nl_begin(l, m->nlmsg_type, m->nlmsg_flags, (const char *)m + NLMSG_HDRLEN,
		 m->nlmsg_len - NLMSG_HDRLEN);
	nl_why(l, "change the packet filter");
}

void nl_close(struct nl *l, uint16_t type, const void *head, size_t size)
{
	size_t ack = l->ack;

	nl_begin(l, type, 0, head, size);
	l->ack = ack;
}

void nl_why(struct nl *l, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->notes[l->n - 1].why = arena_str(&l->mem, text);
}

void nl_fine(struct nl *l, int num)
{
	l->notes[l->n - 1].fine = num;
}

void nl_attr(struct nl *l, uint16_t type, const void *value, size_t size)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type};
	char *p = grow(l, NLA_HDRLEN + size);

	memcpy(p, &a, sizeof(a));
	if (size)
		memcpy(p + NLA_HDRLEN, value, size);
}

void nl_u8(struct nl *l, uint16_t type, uint8_t value)
{
	nl_attr(l, type, &value, sizeof(value));
}

void nl_u16(struct nl *l, uint16_t type, uint16_t value)
{
	nl_attr(l, type, &value, sizeof(value));
}

void nl_u32(struct nl *l, uint16_t type, uint32_t value)
{
	nl_attr(l, type, &value, sizeof(value));
}

void nl_text(struct nl *l, uint16_t type, const char *value)
{
	nl_attr(l, type, value, strlen(value) + 1);
}

size_t nl_nest(struct nl *l, uint16_t type, const void *head, size_t size)
{
	size_t at = l->s.len;

	nl_attr(l, (uint16_t)(type | NLA_F_NESTED), head, size);
	return at;
}

void nl_end(struct nl *l, size_t nest)
{
	uint16_t len = (uint16_t)(l->s.len - nest);

	memcpy(l->s.p + nest, &len, sizeof(len));
}

int nl_open(int protocol, struct err *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int one = 1, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return err_set(err, errno, "open a netlink socket");
	/* Its own words beside errno; and no copy of the request in each answer. Old kernels have
	 * neither. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* Whoever stayed there would undo what it has done in the wrong place: so more than one try. */
static int come_back(int own, struct err *err)
{
	enum { TRIES = 3 };

	for (int i = 0; i < TRIES; i++)
		if (setns(own, CLONE_NEWNET) == 0)
			return 0;
	return err_set(err, errno, "return from the container's network namespace");
}

/* A socket belongs to the namespace that it was opened in, wherever its owner goes. */
int nl_open_in(int netns, void (*there)(void), struct err *err)
{
	auto_fd int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0)
		return err_set(err, errno, "open ctr's own network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_set(err, errno, "enter the container's network namespace");
	if (there)
		there();
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	int r = come_back(own, err);
	return r < 0 ? r : sock < 0 ? sock : steal_fd(&sock);
}

void nl_attrs(const void *p, size_t size, const struct nlattr **ret, unsigned max)
{
	const char *at = p, *end = at + size;
	struct nlattr a;

	for (unsigned i = 0; i <= max; i++)
		ret[i] = NULL;
	while ((size_t)(end - at) >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > (size_t)(end - at))
			return;
		unsigned type = a.nla_type & (unsigned)NLA_TYPE_MASK;
		if (type <= max)
			ret[type] = (const struct nlattr *)(const void *)at;
		if ((size_t)NLA_ALIGN(a.nla_len) >= (size_t)(end - at))
			return;
		at += NLA_ALIGN(a.nla_len);
	}
}

void nl_msg_attrs(const struct nlmsghdr *msg, size_t head, const struct nlattr **ret, unsigned max)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(head);
	bool has_any = msg->nlmsg_len > skip;

	nl_attrs((const char *)msg + (has_any ? skip : 0), has_any ? msg->nlmsg_len - skip : 0, ret,
		 max);
}

uint32_t nl_get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a && nl_size(a) >= sizeof(v))
		memcpy(&v, nl_data(a), sizeof(v));
	return v;
}

uint64_t nl_get_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && nl_size(a) >= sizeof(v))
		memcpy(&v, nl_data(a), sizeof(v));
	return v;
}

/* ---- the exchange -----------------------------------------------------------------------------*/

static int send_all(int sock, struct nl *l, struct err *err)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int room = (int)l->s.len * 2;

	if (l->s.len > ROOM && /* a list of many ports */
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	ssize_t n = sendto(sock, l->s.p, l->s.len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	return n < 0 ? err_set(err, errno, "ask the kernel for a change of the network") : 0;
}

/* "make the link eth0: RTNETLINK's own words: file exists". */
static int failed(const struct nl *l, const struct nlmsghdr *m, int num, struct err *err)
{
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1] = {NULL};
	uint32_t i = m->nlmsg_seq - SEQ_FIRST;
	const char *why = i < l->n && l->notes[i].why ? l->notes[i].why : "change the network";

	if (m->nlmsg_flags & NLM_F_ACK_TLVS)
		nl_msg_attrs(m, sizeof(struct nlmsgerr), attrs, NLMSGERR_ATTR_MSG);
	const struct nlattr *text = attrs[NLMSGERR_ATTR_MSG];
	if (text && nl_size(text) > 1)
		return err_set(err, num, "%s (%.*s)", why, (int)nl_size(text) - 1,
			       (const char *)nl_data(text));
	return err_set(err, num, "%s", why);
}

/* Where the listening to the kernel stands. */
struct listening {
	struct nl *l;
	uint32_t until; /* the request whose answer is the last */
	nl_each *each;
	void *ctx;
	bool is_done;
	int r; /* the first failure */
	struct err *err;
};

static void hear_error(struct listening *h, const struct nlmsghdr *m)
{
	struct nlmsgerr e;
	struct err later;
	uint32_t i = m->nlmsg_seq - SEQ_FIRST;

	if (m->nlmsg_len < NLMSG_HDRLEN + sizeof(e))
		return;
	memcpy(&e, (const char *)m + NLMSG_HDRLEN, sizeof(e));
	if (e.error && !(i < h->l->n && h->l->notes[i].fine == -e.error)) {
		int r = failed(h->l, m, -e.error, h->r ? &later : h->err);
		h->r = h->r ? h->r : r;
	}
	h->is_done |= m->nlmsg_seq == h->until ||
		      (h->l->is_batch && e.error && m->nlmsg_seq == SEQ_FIRST);
}

static void hear(struct listening *h, const char *p, size_t n)
{
	struct nlmsghdr m;

	while (n >= sizeof(m)) {
		memcpy(&m, p, sizeof(m));
		if (m.nlmsg_len < sizeof(m) || m.nlmsg_len > n)
			return;
		const struct nlmsghdr *msg = (const struct nlmsghdr *)(const void *)p;
		if (m.nlmsg_type == NLMSG_ERROR)
			hear_error(h, msg);
		else if (m.nlmsg_type == NLMSG_DONE)
			h->is_done = true;
		else if (h->each && h->r >= 0)
			h->r = h->each(h->ctx, msg, h->err);
		size_t step = NLMSG_ALIGN(m.nlmsg_len);
		if (step >= n)
			return;
		p += step;
		n -= step;
	}
}

static int listen_all(int sock, struct listening *h)
{
	auto_free char *buf = mem_zalloc(ROOM, 1);

	while (!h->is_done) {
		ssize_t n = recv(sock, buf, ROOM, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(h->err, n < 0 ? errno : EIO,
				       "hear from the kernel's network");
		hear(h, buf, (size_t)n);
	}
	return h->r;
}

int nl_send(int sock, struct nl *l, struct err *err)
{
	struct listening h = {.l = l, .err = err};

	if (!l->n)
		return 0;
	struct nlmsghdr *m = (struct nlmsghdr *)(void *)(l->s.p + l->ack);
	m->nlmsg_flags |= NLM_F_ACK;
	h.until = m->nlmsg_seq;
	int r = send_all(sock, l, err);
	return r < 0 ? r : listen_all(sock, &h);
}

int nl_ask(int sock, struct nl *l, nl_each *each, void *ctx, struct err *err)
{
	struct listening h = {.l = l, .each = each, .ctx = ctx, .err = err, .until = SEQ_FIRST};

	if (!(last(l)->nlmsg_flags & NLM_F_DUMP))
		last(l)->nlmsg_flags |= NLM_F_ACK;
	int r = send_all(sock, l, err);
	return r < 0 ? r : listen_all(sock, &h);
}
