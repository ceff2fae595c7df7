/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "net/device.h"
#include "net/link.h"
#include "runtime/base/auto.h"

enum { ADDRESSES_MAX = 64, LINKS_MAX = 1024 };

/* ---- what is there ------------------------------------------------------------------------------ */

struct addresses {
	uint32_t link;
	struct cidr list[ADDRESSES_MAX];
	unsigned n;
};

/* Those that somebody gave it; what the link found out by itself it will find out again. */
static int found_address(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *attrs[IFA_FLAGS + 1];
	struct addresses *a = ctx;
	struct ifaddrmsg head;

	memcpy(&head, NLMSG_DATA(m), sizeof(head));
	nl_msg_attrs(m, sizeof(head), attrs, IFA_FLAGS);
	uint32_t flags = attrs[IFA_FLAGS] ? nl_get_u32(attrs[IFA_FLAGS]) : head.ifa_flags;
	const struct nlattr *which = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	struct cidr c = {.bits = head.ifa_prefixlen};
	if (head.ifa_index != a->link || head.ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(flags & IFA_F_PERMANENT) || !which || nl_size(which) > sizeof(c.ip.b))
		return 0;
	if (a->n == ADDRESSES_MAX)
		return err_say(err, E2BIG, "it has more than %d addresses", ADDRESSES_MAX);
	c.ip.n = (unsigned)nl_size(which);
	memcpy(c.ip.b, nl_data(which), c.ip.n);
	a->list[a->n++] = c;
	return 0;
}

static int read_addresses(int sock, struct addresses *ret, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct ifaddrmsg head = {.ifa_family = AF_UNSPEC};

	nl_begin(&l, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
	nl_why(&l, "read its addresses");
	return nl_ask(sock, &l, found_address, ret, err);
}

struct links {
	int index[LINKS_MAX];
	unsigned n;
};

static int found_link(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	struct links *s = ctx;
	struct ifinfomsg head;

	memcpy(&head, NLMSG_DATA(m), sizeof(head));
	if (s->n == LINKS_MAX)
		return err_say(err, E2BIG, "the container has more than %d links", LINKS_MAX);
	s->index[s->n++] = head.ifi_index;
	return 0;
}

static int read_links(int sock, struct links *ret, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};

	nl_begin(&l, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	nl_why(&l, "list the container's links");
	return nl_ask(sock, &l, found_link, ret, err);
}

/* Its index may be another one there, and so may its name: it is the one that was not there before. */
static int find_new(int sock, const struct links *before, struct err *err)
{
	struct links after = {.n = 0};
	int r = read_links(sock, &after, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < after.n; i++) {
		bool is_old = false;
		for (unsigned k = 0; k < before->n && !is_old; k++)
			is_old = before->index[k] == after.index[i];
		if (!is_old)
			return after.index[i];
	}
	return err_say(err, ENODEV, "it is not in the container's network namespace");
}

/* ---- moving ------------------------------------------------------------------------------------- */

static int move(int sock, int index, const char *new_name, int netns, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};

	nl_begin(&l, RTM_NEWLINK, 0, &head, sizeof(head));
	nl_why(&l, "move it to the container as %s", new_name);
	nl_u32(&l, IFLA_NET_NS_FD, (uint32_t)netns);
	nl_text(&l, IFLA_IFNAME, new_name);
	return nl_send(sock, &l, err);
}

static int restore(int sock, int index, const struct addresses *a, struct err *err)
{
	auto_(nl) struct nl l = {0};

	for (unsigned i = 0; i < a->n; i++)
		link_address(&l, (uint32_t)index, &a->list[i]);
	link_up(&l, (uint32_t)index);
	return nl_send(sock, &l, err);
}

int device_move(const char *name, const char *new_name, int netns, struct err *err)
{
	struct addresses addresses = {.n = 0};
	struct links before = {.n = 0};
	struct err missing;

	auto_fd int here = nl_open(NETLINK_ROUTE, err);
	if (here < 0)
		return here;
	auto_fd int there = nl_open_in(netns, NULL, err);
	if (there < 0)
		return there;
	int index = link_index(here, name, err);
	if (index < 0)
		return index;
	/* The kernel would find that out after the move. */
	if (!strchr(new_name, '%') && link_index(there, new_name, &missing) >= 0)
		return err_set(err, EEXIST, "name it %s", new_name);
	addresses.link = (uint32_t)index;
	int r = read_addresses(here, &addresses, err);
	if (r < 0 || (r = read_links(there, &before, err)) < 0 ||
	    (r = move(here, index, new_name, netns, err)) < 0)
		return r;
	index = find_new(there, &before, err);
	return index < 0 ? index : restore(there, index, &addresses, err);
}
