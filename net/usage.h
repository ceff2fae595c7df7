/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has sent and received, counted by the packet filter (net/firewall.h), so that it
 * outlives the link: all of it, and of that the part that crossed the host. What is left is what went
 * between members of its networks and to the host itself.
 *
 * While it runs the counters are asked; when its network is taken down the sums are added up in
 * <root>/ID/net.usage, eight decimal numbers, a name before each:
 *
 *     in_bytes 123
 *     in_packets 4
 *     out_bytes … out_packets … outside_in_bytes … outside_in_packets … outside_out_bytes …
 *     outside_out_packets …
 *
 * "in" is what the container received. Hardware headers count; frames that the filter then dropped
 * count as sent. A flush of the host's packet filter begins the count anew. */
#pragma once

#include "net/store.h"

struct net_usage {
	uint64_t in_bytes, in_packets, out_bytes, out_packets;
	uint64_t outside_in_bytes, outside_in_packets, outside_out_bytes, outside_out_packets;
};

/* Sums of the present and of what was kept; all zero for a container without a network. `dir` is
 * <root>/ID. */
int net_usage_read(const char *root, int dir, struct net_usage *ret, struct err *err);

/* Adds what the wire's counters say to the file. */
int net_usage_keep(const struct nets *n, int dir, const struct wire *wire, struct err *err);
