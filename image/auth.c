/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "image/auth.h"
#include "image/http.h"
#include "runtime/base/str.h"

/* name=value or name="value"; moves on behind it. False: no more. */
static bool parameter(const char **at, struct arena *mem, const char **name, const char **value)
{
	auto_(str) struct str text = {0};
	const char *p = *at + strspn(*at, " \t,");
	size_t n = strcspn(p, "= \t,\n");

	if (!n || p[n] != '=')
		return false;
	*name = arena_copy(mem, p, n);
	p += n + 1;
	if (*p == '"') {
		for (p++; *p && *p != '"' && *p != '\n'; p++) {
			if (*p == '\\' && p[1])
				p++;
			str_add_char(&text, *p);
		}
		p += *p == '"';
	} else {
		n = strcspn(p, " \t,\n");
		str_add_mem(&text, p, n);
		p += n;
	}
	*value = arena_copy(mem, text.p ? text.p : "", text.len);
	*at = p;
	return true;
}

static struct auth_challenge read_line(const char *at, struct arena *mem)
{
	struct auth_challenge c = {0};
	const char *name, *value;

	while (parameter(&at, mem, &name, &value)) {
		if (strcasecmp(name, "realm") == 0)
			c.realm = value;
		else if (strcasecmp(name, "service") == 0)
			c.service = value;
		else if (strcasecmp(name, "scope") == 0)
			c.scope = value;
	}
	return c;
}

bool auth_parse(const char *lines, struct arena *mem, struct auth_challenge *ret)
{
	bool found = false;

	for (const char *at = lines; at && *at;) {
		bool bearer = strncasecmp(at, "bearer ", 7) == 0;
		bool basic = strncasecmp(at, "basic", 5) == 0;
		if (bearer || (basic && !found)) {
			struct auth_challenge c = read_line(at + (bearer ? 7 : 5), mem);
			c.is_bearer = bearer;
			if (!bearer || c.realm) {
				*ret = c;
				found = true;
			}
			if (bearer && c.realm)
				return true;
		}
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return found;
}

/* The last two labels of a name, three where the second is short ("co.uk"); NULL: a number, or a name
 * of one label. */
static const char *site_of(const char *host)
{
	enum { SHORT = 3 };
	size_t n = strlen(host);
	const char *dots[3] = {NULL, NULL, NULL};

	if (!n || host[n - 1] == ']' || strchr(host, ':') || isdigit((unsigned char)host[n - 1]))
		return NULL;
	for (size_t i = n, found = 0; i-- > 0 && found < 3;)
		if (host[i] == '.')
			dots[found++] = host + i;
	if (!dots[0])
		return NULL;
	const char *second = dots[1] ? dots[1] + 1 : host;
	if (dots[0] - second > SHORT)
		return second;
	return dots[1] ? (dots[2] ? dots[2] + 1 : host) : NULL;
}

bool auth_realm_ok(const char *registry, bool is_tls, const char *realm)
{
	auto_(arena) struct arena mem = {0};
	const char *there = http_authority(realm, &mem);
	bool realm_is_tls = str_starts(realm, "https://");
	const char *own = http_authority(
		arena_printf(&mem, "%s://%s", is_tls ? "https" : "http", registry), &mem);

	if (!there || !own || (is_tls && !realm_is_tls))
		return false;
	if (is_tls == realm_is_tls && str_eq(own, there))
		return true;
	const char *a = site_of(own), *b = site_of(there);
	return is_tls && a && b && str_eq(a, b);
}

const char *auth_escape(const char *text, struct arena *mem)
{
	auto_(str) struct str out = {0};

	for (const char *p = text; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_.~", *p))
			str_add_char(&out, *p);
		else
			str_addf(&out, "%%%02X", (unsigned char)*p);
	}
	return arena_copy(mem, out.p ? out.p : "", out.len);
}
