/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/files.h"
#include "runtime/base/fd.h"

enum { RESOLV_MAX = 1 << 20 };

void hosts_begin(const char *const *extra, size_t n_extra, struct str *ret)
{
	str_add(ret, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; i < n_extra; i++)
		str_addf(ret, "%s\n", extra[i]);
}

static void add_line(const struct cidr *subnet, uint32_t index, const char *names, struct str *ret)
{
	char text[IP_TEXT_MAX];
	struct ip ip = cidr_at(subnet, index);

	if (!subnet->ip.n || !index)
		return;
	str_addf(ret, "%s\t", ip_text(&ip, text));
	for (; *names; names++)
		str_add_char(ret, *names == ',' ? ' ' : *names);
	str_add_char(ret, '\n');
}

void hosts_members(const struct members *m, uint32_t tenant, const struct net_ranges *ranges,
		   struct str *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].tenant != tenant)
			continue;
		add_line(&ranges->four, m->v[i].index, m->v[i].names, ret);
		add_line(&ranges->six, m->v[i].index6, m->v[i].names, ret);
	}
}

/* '@' is in no network's name. */
const char *hosts_name(const char *network, uint32_t tenant, char buf[HOSTS_NAME_MAX])
{
	if (tenant)
		snprintf(buf, HOSTS_NAME_MAX, "%s@%u.hosts", network, tenant);
	else
		snprintf(buf, HOSTS_NAME_MAX, "%s.hosts", network);
	return buf;
}

static bool is_loopback_server(const char *line)
{
	char server[IP_TEXT_MAX];
	struct ip ip;

	return sscanf(line, "nameserver %51s", server) == 1 && ip_parse(server, &ip) == 0 &&
	       ip_is_loopback(&ip);
}

/* Whether the flags say something in place of the line. */
static bool is_replaced(const char *line, const struct resolv_want *want)
{
	if (str_starts(line, "nameserver"))
		return want->servers.n || want->has_none || is_loopback_server(line);
	if (str_starts(line, "search") || str_starts(line, "domain"))
		return want->search.n > 0;
	return str_starts(line, "options") && want->options.n;
}

static void add_words(const char *key, const struct words *w, struct str *ret)
{
	if (!w->n)
		return;
	str_add(ret, key);
	for (size_t i = 0; i < w->n; i++)
		str_addf(ret, " %s", w->v[i]);
	str_add_char(ret, '\n');
}

void resolv_text(const char *host_text, const struct resolv_want *want, struct str *ret)
{
	for (const char *line = host_text; *line;) {
		size_t n = strcspn(line, "\n");
		auto_free char *copy = mem_copy(line, n);
		if (n && !strchr("#;", *line) && !is_replaced(copy, want))
			str_addf(ret, "%s\n", copy);
		line += n + (line[n] == '\n');
	}
	for (size_t i = 0; i < want->servers.n; i++)
		str_addf(ret, "nameserver %s\n", want->servers.v[i]);
	/* "--dns-search ." is for none at all. */
	if (!(want->search.n == 1 && str_eq(want->search.v[0], ".")))
		add_words("search", &want->search, ret);
	add_words("options", &want->options, ret);
}

int resolv_read_host(struct str *ret)
{
	static const char upstream[] = "/run/systemd/resolve/resolv.conf";
	int r = fd_read_file(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, ret);

	if (r < 0)
		return r;
	if (!ret->p || !strstr(ret->p, "nameserver 127.0.0.53"))
		return 0;
	str_clear(ret);
	return fd_read_file(AT_FDCWD, upstream, RESOLV_MAX, ret);
}

int file_put(int dir, const char *name, const struct str *text, struct err *err)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, text->p ? text->p : "", text->len);

	if (r == 0 && (ftruncate(fd, (off_t)text->len) < 0 || fchmod(fd, 0644) < 0))
		r = -errno;
	return r < 0 ? err_set(err, r, "write the %s of a container", name) : 0;
}

static int open_container(const struct nets *n, const char *id)
{
	auto_free char *path = mem_printf("%s/%s", n->root, id);

	return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Which address a helper has, it learns by itself; plugins say it, once they are done. */
static void add_own_lines(const struct wire_end *e, struct str *ret)
{
	const char *const known[] = {e->address || e->address6 ? e->address : "127.0.1.1",
				     e->address6};

	for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
		if (!known[k])
			continue;
		str_addf(ret, "%.*s\t", (int)strcspn(known[k], "/"), known[k]);
		for (size_t i = 0; i < e->n_names; i++)
			str_addf(ret, "%s%s", i ? " " : "", e->names[i]);
		str_add_char(ret, '\n');
	}
}

int hosts_write_private(const struct nets *n, const char *id, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str text = {0};
	auto_fd int dir = open_container(n, id);
	struct wire *wire = NULL;

	if (dir < 0)
		return 0; /* gone meanwhile */
	int r = wire_load(dir, &mem, &wire, err);
	if (r < 0 || !wire)
		return r;
	hosts_begin(wire->extra_hosts, wire->n_extra_hosts, &text);
	if (wire->helper) {
		add_own_lines(&wire->ends[0], &text);
		return file_put(dir, "hosts", &text, err);
	}
	for (size_t i = 0; i < wire->n_ends; i++) {
		auto_(members) struct members m = {0};
		struct net_ranges ranges;
		struct network *w;
		if (network_load(n, wire->ends[i].network, &mem, &w, err) < 0 ||
		    network_ranges(w, &ranges, err) < 0 || members_load(n, w->name, &m, err) < 0)
			return -err->num;
		hosts_members(&m, wire->ends[i].tenant, &ranges, &text);
	}
	return file_put(dir, "hosts", &text, err);
}

static bool has_tenant(const struct members *m, uint32_t tenant)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].tenant == tenant)
			return true;
	return false;
}

int hosts_update(const struct nets *n, const struct network *w, const struct members *m,
		 uint32_t tenant, struct err *err)
{
	auto_(str) struct str text = {0};
	char file[HOSTS_NAME_MAX];
	struct net_ranges ranges;

	int r = network_ranges(w, &ranges, err);
	if (r < 0)
		return r;
	hosts_begin(NULL, 0, &text);
	hosts_members(m, tenant, &ranges, &text);
	hosts_name(w->name, tenant, file);
	if (tenant && !has_tenant(m, tenant))
		return unlinkat(n->dir, file, 0) < 0 && errno != ENOENT
			       ? err_set(err, errno, "remove %s", file)
			       : 0;
	r = file_put(n->dir, file, &text, err);
	for (size_t i = 0; r == 0 && i < m->n; i++)
		if (m->v[i].is_private && m->v[i].tenant == tenant)
			r = hosts_write_private(n, m->v[i].id, err);
	return r;
}
