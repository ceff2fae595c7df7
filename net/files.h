/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/hosts and /etc/resolv.conf of containers. A network has one hosts file for all its members,
 * bound into each of them, so that a new member costs one write and is known to all at once; a
 * container with lines of its own, or in several networks, has a file of its own. They are changed in
 * place: what is bound somewhere is the file, not its name. */
#pragma once

#include "net/ipam.h"
#include "runtime/base/words.h"

/* Appends what every hosts file begins with; then the members of a network. Pure. */
void hosts_begin(const char *const *extra, size_t n_extra, struct str *ret);
void hosts_members(const struct members *m, const struct net_ranges *ranges, struct str *ret);

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

/* Writes the network's hosts file, and those of its members that have one of their own. */
int hosts_update(const struct nets *n, const struct network *w, const struct members *m,
		 struct err *err);
/* The container's own one. */
int hosts_write_private(const struct nets *n, const char *id, struct err *err);
