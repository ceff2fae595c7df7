/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `ctr run` about the network, read. */
#pragma once

#include "net/wire_plan.h"
#include "runtime/base/words.h"
#include "runtime/config/host.h"

/* As they were written; NULL: not given. */
struct network_flags {
	struct words networks;
	const char *ip, *ip6, *mac, *rate, *prio;
	struct words dns, dns_search, dns_options, extra_hosts, aliases, publish;
	bool publish_all;
};

enum run_network_kind {
	RUN_NETWORK_NONE,  /* a loopback only */
	RUN_NETWORK_HOST,  /* the host's */
	RUN_NETWORK_WIRED, /* networks of ctr's */
	RUN_NETWORK_JOIN,  /* another namespace: `path`, once it is known of which container */
};

struct run_network {
	enum run_network_kind kind;
	bool is_default; /* nobody asked for it */
	struct wire_want wire;
	const char *container;      /* whose namespace is joined */
	const char *path;           /* the namespace's file */
	const char *hosts, *resolv; /* files of the host that become /etc/hosts and resolv.conf */
};

struct network_ask {
	const struct network_flags *flags;
	const char *fallback; /* for --network; NULL: root's default network, else the helper */
	const char *helper;   /* what carries the packets of one who is not root; NULL: nothing */
	const struct words *exposed; /* ports that the image names ("80/tcp") */
};

/* Pure. */
int network_read(const struct network_ask *ask, const struct host *host, struct arena *mem,
		 struct run_network *ret, struct err *err);

/* "100mbit/10mbit", "1g", "500k/": bytes a second to and from the container; 0: no limit. */
int network_read_rate(const char *text, uint64_t *ret_in, uint64_t *ret_out, struct err *err);
