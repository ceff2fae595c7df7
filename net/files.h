/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts and /etc/resolv.conf of containers. A network has one hosts file for all its members of
 * the same tenant, bound into each of them, so that a new member costs one write and is known to all
 * at once; a container with lines of its own, or in several networks, has a file of its own. They are
 * changed in place: what is bound somewhere is the file, not its name. */
#pragma once

#include "net/ipam.h"
#include "runtime/base/words.h"

/* Appends what every hosts file begins with; then a tenant's members of a network. Pure. */
void hosts_begin(const char *const *extra, size_t n_extra, struct str *ret);
void hosts_members(const struct members *m, uint32_t tenant, const struct net_ranges *ranges,
		   struct str *ret);
/* The network's file for members of the tenant, in <root>/.net. */
enum { HOSTS_NAME_MAX = NET_NAME_MAX + 24 };
const char *hosts_name(const char *network, uint32_t tenant, char buf[HOSTS_NAME_MAX]);

struct resolv_want {
	struct words servers, search, options;
	bool has_none; /* an internal network: nobody answers, nothing leaks */
};
/* Appends a resolv.conf made of the host's text and the flags; name servers on a loopback address
 * of the host are left out. Pure. */
void resolv_text(const char *host_text, const struct resolv_want *want, struct str *ret);
/* The host's: not the stub of systemd-resolved, but whom that one asks. */
int resolv_read_host(struct str *ret);

/* Makes the file, or changes it in place. */
int file_put(int dir, const char *name, const struct str *text, struct err *err);

/* Writes the network's hosts file for the tenant, and those of its members that have one of their
 * own. The file of a tenant without members is removed. */
int hosts_update(const struct nets *n, const struct network *w, const struct members *m,
		 uint32_t tenant, struct err *err);
/* The container's own one. */
int hosts_write_private(const struct nets *n, const char *id, struct err *err);
