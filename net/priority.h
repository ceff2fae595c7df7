/* SPDX-License-Identifier: Apache-2.0 */
/* --net-prio: which of the packets that wait in one queue go first. A packet has a number for that,
 * skb->priority, which the host gives to all that a container sends (net/firewall.c) and, where its
 * tenant has a rate, to all that it receives (net/tenant_rate.c). The queue of the link that they leave
 * by sorts by it, if it is one of those that do: pfifo_fast and prio have three bands, and a packet
 * goes when the bands above are empty.
 *
 * The numbers are TC_PRIO_* of linux/pkt_sched.h; the bands are those of pfifo_fast, which prio has too
 * unless it was given others (tc-prio(8), priomap). So that a larger number is not always before a
 * smaller one: bulk, 2, is behind 0. */
#pragma once

#include "net/netlink.h"

enum { PRIORITY_MAX = 7 };

/* "interactive", or its number. -EINVAL: neither, and err says which there are. Pure. */
int priority_parse(const char *text, uint32_t *ret, struct err *err);

/* Whether it goes before those that have none. Pure. */
bool priority_raises(uint32_t priority);

/* Below the bucket that link_rate made: three bands, each with a fair queue of its own, so that what is
 * held back is sorted. A kernel that has not got these queues answers -ENOENT. */
void priority_queues(struct nl *l, uint32_t index);

/* Whether a queue of the link sorts by priority: 1, 0 or -errno; the name of its first queue. */
enum { QUEUE_NAME_MAX = 16 };
int priority_counts(int sock, uint32_t index, char ret_queue[QUEUE_NAME_MAX], struct err *err);

/* NULL, or that priorities do nothing where packets leave this host, and what to do about it. */
const char *priority_warning(struct arena *mem);
