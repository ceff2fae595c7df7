/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "net/cni.h"

/* ---- the description --------------------------------------------------------------------------*/

static const struct capability {
	const char *name, *flag;
	unsigned bit;
} capabilities[] = {
	{"portMappings", "--publish", CNI_PORTS},
	{"ips", "--ip", CNI_IPS},
	{"mac", "--mac-address", CNI_MAC},
};

enum { N_CAPABILITIES = sizeof(capabilities) / sizeof(*capabilities) };

const char *cni_name(const char *json, struct arena *mem)
{
	struct json_parts root;
	struct err ignored;

	return json_split(json, JSON_OBJECT, mem, &root, &ignored) < 0
		       ? NULL
		       : json_find_text(&root, "name");
}

static int check_version(const char *version, struct err *err)
{
	static const char *const known[] = {"0.3.1", "0.4.0", "1.0.0"};

	for (size_t i = 0; version && i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(version, known[i]))
			return 0;
	err_say(err, ENOTSUP, "cniVersion \"%.20s\"", version ? version : "");
	err_hint(err, "ctr speaks 0.3.1, 0.4.0 and 1.0.0");
	return -ENOTSUP;
}

/* It becomes the last part of a path. */
static int check_type(const char *type, struct err *err)
{
	struct err ignored;

	if (type && network_check_name(type, &ignored) == 0)
		return 0;
	err_say(err, EINVAL, "plugin type \"%.60s\" is no name of a program",
		type ? type : "(none)");
	err_hint(err, "letters, digits, '_', '-' and '.': it is looked for in CNI_PATH");
	return -EINVAL;
}

static int read_plugin(const char *json, struct arena *mem, struct cni_plugin *p, struct err *err)
{
	struct json_parts can = {0};

	if (json_split(json, JSON_OBJECT, mem, &p->members, err) < 0)
		return -err->num;
	p->type = json_find_text(&p->members, "type");
	if (check_type(p->type, err) < 0)
		return -err->num;
	const struct json_part *c = json_find(&p->members, "capabilities", JSON_OBJECT);
	if (c && json_split(c->json, JSON_OBJECT, mem, &can, err) < 0)
		return err_wrap(err, "capabilities");
	for (size_t i = 0; i < N_CAPABILITIES; i++) {
		const struct json_part *one = json_find(&can, capabilities[i].name, JSON_BOOL);
		p->takes |= one && one->is_true ? capabilities[i].bit : 0;
	}
	return 0;
}

int cni_read(const char *json, struct arena *mem, struct cni_conf *ret, struct err *err)
{
	struct json_parts root, list;
	struct json_part whole = {.json = json};
	int r = json_split(json, JSON_OBJECT, mem, &root, err);

	if (r < 0)
		return r;
	struct cni_conf c = {json_find_text(&root, "name"), json_find_text(&root, "cniVersion"),
			     NULL, 0};
	if (network_check_name(c.name ? c.name : "", err) < 0 || check_version(c.version, err) < 0)
		return -err->num;
	const struct json_part *plugins = json_find(&root, "plugins", JSON_ARRAY);
	if (!plugins)
		list = (struct json_parts){&whole, 1};
	else if (json_split(plugins->json, JSON_ARRAY, mem, &list, err) < 0)
		return err_wrap(err, "plugins");
	if (!list.n || list.n > CNI_PLUGINS_MAX)
		return err_say(err, EINVAL, "plugins: %zu of them; 1 to %d are possible", list.n,
			       CNI_PLUGINS_MAX);
	c.plugins = arena_zalloc(mem, list.n, sizeof(*c.plugins));
	for (; c.n_plugins < list.n; c.n_plugins++)
		if (read_plugin(list.v[c.n_plugins].json, mem, &c.plugins[c.n_plugins], err) < 0)
			return err_wrap(err, "plugins[%zu]", c.n_plugins);
	*ret = c;
	return 0;
}

/* ---- what plugins are told ----------------------------------------------------------------------*/

static unsigned wanted(const struct wire_want *want)
{
	return (want->n_publish ? CNI_PORTS : 0U) | (want->ip || want->ip6 ? CNI_IPS : 0U) |
	       (want->mac ? CNI_MAC : 0U);
}

int cni_check(const struct cni_conf *c, const struct wire_want *want, struct err *err)
{
	unsigned lost = wanted(want);

	for (size_t i = 0; i < c->n_plugins; i++)
		lost &= ~c->plugins[i].takes;
	for (size_t i = 0; i < N_CAPABILITIES; i++)
		if (lost & capabilities[i].bit) {
			err_say(err, ENOTSUP, "%s: none of its plugins has the capability %s",
				capabilities[i].flag, capabilities[i].name);
			err_hint(err,
				 "where one can do it (portmap; bridge with host-local), add "
				 "\"capabilities\": {\"%s\": true} to it",
				 capabilities[i].name);
			return -ENOTSUP;
		}
	return 0;
}

static void tell_ports(struct json_out *o, const struct wire_want *want)
{
	json_open(o, "portMappings", '[');
	for (size_t i = 0; i < want->n_publish; i++) {
		const struct wire_publish *p = &want->publish[i];
		for (unsigned k = 0; k < (p->has_count ? p->count : 1U); k++) {
			json_open(o, NULL, '{');
			json_uint(o, "hostPort", p->port + k);
			json_uint(o, "containerPort", p->to + k);
			json_text(o, "protocol", p->protocol);
			if (p->address)
				json_text(o, "hostIP", p->address);
			json_close(o, '}');
		}
	}
	json_close(o, ']');
}

static void tell_ips(struct json_out *o, const struct wire_want *want)
{
	json_open(o, "ips", '[');
	if (want->ip)
		json_text(o, NULL, want->ip);
	if (want->ip6)
		json_text(o, NULL, want->ip6);
	json_close(o, ']');
}

/* These are for the runtime to say. */
static bool is_ours(const char *key)
{
	static const char *const keys[] = {"cniVersion", "name", "runtimeConfig", "prevResult"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (str_eq(key, keys[i]))
			return true;
	return false;
}

const char *cni_tell(const struct cni_conf *c, size_t plugin, const struct wire_want *want,
		     struct arena *mem)
{
	const struct cni_plugin *p = &c->plugins[plugin];
	unsigned told = wanted(want) & p->takes;
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	json_open(&o, NULL, '{');
	json_text(&o, "cniVersion", c->version);
	json_text(&o, "name", c->name);
	for (size_t i = 0; i < p->members.n; i++)
		if (!is_ours(p->members.v[i].key))
			json_raw(&o, p->members.v[i].key, p->members.v[i].json);
	if (told)
		json_open(&o, "runtimeConfig", '{');
	if (told & CNI_PORTS)
		tell_ports(&o, want);
	if (told & CNI_IPS)
		tell_ips(&o, want);
	if (told & CNI_MAC)
		json_text(&o, "mac", want->mac);
	if (told)
		json_close(&o, '}');
	json_close(&o, '}');
	return arena_str(mem, text.p);
}

void cni_tell_before(const char *told, const char *before, struct str *ret)
{
	str_add_mem(ret, told, strlen(told) - 1);
	if (before)
		str_addf(ret, ",\"prevResult\":%s", before);
	str_add_char(ret, '}');
}

/* ---- what they answer ---------------------------------------------------------------------------*/

/* A line of resolv.conf holds words: nothing in one may begin another. */
static bool is_word(const char *text)
{
	const char *p = text;

	while (*p > ' ' && *p < 0x7f)
		p++;
	return *text && !*p;
}

static int read_words(const struct json_parts *from, const char *key, struct arena *mem,
		      struct words *ret, struct err *err)
{
	const struct json_part *list = json_find(from, key, JSON_ARRAY);
	struct json_parts parts = {0};
	struct ip ip;

	if (list && json_split(list->json, JSON_ARRAY, mem, &parts, err) < 0)
		return err_wrap(err, "dns.%s", key);
	for (size_t i = 0; i < parts.n; i++) {
		const char *text = parts.v[i].type == JSON_TEXT ? parts.v[i].text : "";
		if (!is_word(text) || (str_eq(key, "nameservers") && ip_parse(text, &ip) < 0))
			return err_say(err, EINVAL, "dns.%s: \"%.60s\" is none", key, text);
		words_add(ret, text, mem);
	}
	return 0;
}

static int read_dns(const struct json_parts *root, struct arena *mem, struct cni_answer *a,
		    struct err *err)
{
	const struct json_part *part = json_find(root, "dns", JSON_OBJECT);
	struct json_parts dns;

	if (!part)
		return 0;
	if (json_split(part->json, JSON_OBJECT, mem, &dns, err) < 0 ||
	    read_words(&dns, "nameservers", mem, &a->servers, err) < 0 ||
	    read_words(&dns, "search", mem, &a->search, err) < 0 ||
	    read_words(&dns, "options", mem, &a->options, err) < 0)
		return -err->num;
	const char *domain = json_find_text(&dns, "domain");
	if (domain && *domain && !is_word(domain))
		return err_say(err, EINVAL, "dns.domain: \"%.60s\" is none", domain);
	if (domain && *domain && !a->search.n)
		words_add(&a->search, domain, mem);
	return 0;
}

/* The first address of each family is the one that is shown. */
static int read_ip(const char *json, struct arena *mem, struct cni_answer *a, struct err *err)
{
	struct json_parts one;
	struct cidr c;

	if (json_split(json, JSON_OBJECT, mem, &one, err) < 0)
		return -err->num;
	const char *address = json_find_text(&one, "address");
	const char *gateway = json_find_text(&one, "gateway");
	if (!address || cidr_parse(address, &c) < 0)
		return err_say(err, EINVAL, "address \"%.60s\" is none", address ? address : "");
	const char **at = c.ip.n == 4 ? &a->address : &a->address6;
	if (*at)
		return 0;
	*at = address;
	*(c.ip.n == 4 ? &a->gateway : &a->gateway6) = gateway && *gateway ? gateway : NULL;
	return 0;
}

static void read_mac(const char *json, struct arena *mem, struct cni_answer *a)
{
	struct json_parts one;
	struct err ignored;
	uint8_t mac[6];

	if (json_split(json, JSON_OBJECT, mem, &one, &ignored) < 0)
		return;
	const char *sandbox = json_find_text(&one, "sandbox");
	const char *text = json_find_text(&one, "mac");
	if (!a->mac && sandbox && *sandbox && text && mac_parse(text, mac) == 0)
		a->mac = text;
}

int cni_answer(const char *json, struct arena *mem, struct cni_answer *ret, struct err *err)
{
	struct json_parts root, ips = {0}, links = {0};
	struct cni_answer a = {0};

	if (json_split(json, JSON_OBJECT, mem, &root, err) < 0)
		return -err->num;
	const struct json_part *p = json_find(&root, "ips", JSON_ARRAY);
	const struct json_part *i = json_find(&root, "interfaces", JSON_ARRAY);
	if ((p && json_split(p->json, JSON_ARRAY, mem, &ips, err) < 0) ||
	    (i && json_split(i->json, JSON_ARRAY, mem, &links, err) < 0))
		return -err->num;
	for (size_t k = 0; k < ips.n; k++)
		if (read_ip(ips.v[k].json, mem, &a, err) < 0)
			return err_wrap(err, "ips[%zu]", k);
	for (size_t k = 0; k < links.n; k++)
		read_mac(links.v[k].json, mem, &a);
	if (read_dns(&root, mem, &a, err) < 0)
		return -err->num;
	*ret = a;
	return 0;
}

/* Of a foreign program: as one line, at most so long. */
static void add_line(struct str *s, const char *text)
{
	enum { SHOWN_MAX = 200 };
	size_t n = strnlen(text, SHOWN_MAX);

	while (n && (unsigned char)text[n - 1] <= ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		str_add_char(s, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
}

void cni_explain(const char *json, const char *said, struct str *ret)
{
	auto_(arena) struct arena mem = {0};
	struct json_parts root = {0};
	struct err ignored;
	const char *msg = NULL, *details = NULL;
	const struct json_part *code = NULL;

	if (json_split(json, JSON_OBJECT, &mem, &root, &ignored) == 0) {
		msg = json_find_text(&root, "msg");
		details = json_find_text(&root, "details");
		code = json_find(&root, "code", JSON_NUMBER);
	}
	if (msg && *msg) {
		add_line(ret, msg);
		if (details && *details) {
			str_add(ret, ": ");
			add_line(ret, details);
		}
	} else {
		add_line(ret, *said ? said : *json ? json : "it said nothing");
	}
	if (code)
		str_addf(ret, " (code %.8s)", code->text);
}
