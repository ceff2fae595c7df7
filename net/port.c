/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/ip.h"
#include "net/port.h"

enum { PORT_MAX = 65535 };

struct range {
	uint64_t first, count;
};

/* "80", "80-89", "": no range. */
static int parse_range(char *text, struct range *ret)
{
	char *dash = strchr(text, '-');
	uint64_t last;

	*ret = (struct range){0, 1};
	if (!*text)
		return 0;
	if (dash)
		*dash++ = 0;
	if (num_max(text, 10, PORT_MAX, &ret->first) < 0 || !ret->first)
		return -EINVAL;
	if (!dash)
		return 0;
	if (num_max(dash, 10, PORT_MAX, &last) < 0 || last < ret->first)
		return -EINVAL;
	ret->count = last - ret->first + 1;
	return 0;
}

/* Cuts the address off: *text is what is behind its colon. NULL: there is none. */
static char *cut_address(char **text)
{
	char *start = *text, *end;

	if (*start == '[') {
		end = strchr(start, ']');
		if (!end || end[1] != ':')
			return NULL;
		*end = 0;
		*text = end + 2;
		return start + 1;
	}
	char *last = strrchr(start, ':');
	end = last ? memrchr(start, ':', (size_t)(last - start)) : NULL;
	if (!end)
		return NULL;
	*end = 0;
	*text = end + 1;
	return start;
}

static int check_address(const char *text, const char *address, struct ip *ret, struct err *err)
{
	if (ip_parse(address, ret) < 0)
		return err_say(err, EINVAL, "--publish %.80s: \"%.40s\" is no address", text,
			       address);
	return 0;
}

int port_check_routed(const struct wire_publish *p, struct err *err)
{
	struct ip ip;

	if (!p->address || ip_parse(p->address, &ip) < 0 || !ip_is_loopback(&ip))
		return 0;
	err_say(err, ENOTSUP, "--publish: a bridge can't publish the loopback address %s",
		p->address);
	err_hint(err,
		 "ctr leaves route_localnet off (CVE-2020-8558): reach the container by its own "
		 "address, which the host always can, without publishing");
	return -ENOTSUP;
}

int port_parse(const char *text, struct arena *mem, struct wire_publish *ret, struct err *err)
{
	char *rest = arena_str(mem, text), *slash = strrchr(rest, '/');
	const char *protocol = "tcp";
	struct range host = {0, 1}, inside;
	struct ip ip;

	if (slash) {
		*slash = 0;
		protocol = slash + 1;
	}
	if (!str_eq(protocol, "tcp") && !str_eq(protocol, "udp"))
		return err_say(err, EINVAL, "--publish %.80s: expected tcp or udp behind the slash",
			       text);
	char *address = cut_address(&rest);
	if (address && *address && check_address(text, address, &ip, err) < 0)
		return -err->num;
	char *colon = strchr(rest, ':');
	if (colon)
		*colon = 0;
	if ((colon && parse_range(rest, &host) < 0) ||
	    parse_range(colon ? colon + 1 : rest, &inside) < 0 || !inside.first)
		return err_say(err, EINVAL,
			       "--publish %.80s: expected [[ADDRESS:]PORT:]PORT[/udp], "
			       "PORT being 1 to 65535 or FROM-TO",
			       text);
	if (host.first && host.count != inside.count)
		return err_say(err, EINVAL, "--publish %.80s: two ranges of different length",
			       text);
	if (!host.first && inside.count > 1)
		return err_say(err, EINVAL, "--publish %.80s: a range needs ports of the host",
			       text);
	*ret = (struct wire_publish){
		.protocol = protocol,
		.address = address && *address && !ip_is_any(&ip) ? address : NULL,
		.port = (uint16_t)host.first,
		.has_port = true,
		.to = (uint16_t)inside.first,
		.has_to = true,
		.count = (uint16_t)inside.count,
		.has_count = inside.count > 1,
	};
	if (!ret->has_count)
		ret->count = 0;
	return 0;
}

void port_print(const struct wire_publish *p, struct str *ret)
{
	bool is_six = p->address && strchr(p->address, ':');
	unsigned more = p->has_count ? p->count - 1U : 0;

	str_addf(ret, "%s%s%s:%u", is_six ? "[" : "", p->address ? p->address : "*",
		 is_six ? "]" : "", p->port);
	if (more)
		str_addf(ret, "-%u", p->port + more);
	str_addf(ret, "->%u", p->to);
	if (more)
		str_addf(ret, "-%u", p->to + more);
	str_addf(ret, "/%s", p->protocol);
}

bool port_same(const struct wire_publish *a, const struct wire_publish *b)
{
	bool same_address = a->address && b->address ? str_eq(a->address, b->address)
						     : !a->address && !b->address;

	return same_address && str_eq(a->protocol, b->protocol) && a->port == b->port &&
	       a->to == b->to && a->count == b->count;
}

/* Binds and lets go. *port 0 becomes what the kernel chose. */
static int bind_once(const struct ip *ip, bool is_udp, uint16_t *port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(*port)};
	bool is_six = ip->n == 16;
	struct sockaddr *at = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t size = is_six ? sizeof(six) : sizeof(four);
	int one = 1;

	memcpy(&six.sin6_addr, ip->b, 16);
	memcpy(&four.sin_addr, ip->b, 4);
	auto_fd int fd =
		socket(at->sa_family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!is_udp) /* a connection that lingers there is no reason */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, at, size) < 0 || getsockname(fd, at, &size) < 0)
		return -errno;
	*port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return 0;
}

int port_probe(struct wire_publish *p, struct err *err)
{
	struct ip ip = {.n = 4};

	if (p->address)
		ip_parse(p->address, &ip);
	for (unsigned i = 0; i < (p->has_count ? p->count : 1U); i++) {
		uint16_t port = p->port ? (uint16_t)(p->port + i) : 0;
		int r = bind_once(&ip, str_eq(p->protocol, "udp"), &port);
		if (r == -EADDRINUSE)
			return err_say(err, EADDRINUSE,
				       "port %u/%s: a program of the host listens there", port,
				       p->protocol);
		if (r == -EADDRNOTAVAIL)
			return err_say(err, EADDRNOTAVAIL, "the host has no address %s",
				       p->address ? p->address : "");
		if (r < 0) {
			err_set(err, r, "look whether port %u/%s is free", port, p->protocol);
			if (r == -EACCES)
				err_hint(err, "yours begin at net.ipv4.ip_unprivileged_port_start");
			return r;
		}
		if (!p->port)
			p->port = port;
	}
	return 0;
}
