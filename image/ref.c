/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "image/digest.h"
#include "image/ref.h"
#include "runtime/base/str.h"

enum { NAME_MAX_BYTES = 255, TAG_MAX = 128, PORT_DIGITS = 5 };

static bool is_low(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* How long the separator at p is: one dot, one or two underscores, any number of dashes. */
static size_t separator(const char *p)
{
	if (*p == '.')
		return 1;
	if (*p == '_')
		return p[1] == '_' ? 2 : 1;
	return strspn(p, "-");
}

/* One or more components of lower-case letters and digits, with separators inside only. */
static bool path_ok(const char *p)
{
	for (;;) {
		if (!is_low(*p))
			return false;
		while (is_low(*p))
			p++;
		if (!*p)
			return true;
		if (*p == '/') {
			p++;
			continue;
		}
		size_t n = separator(p);
		if (!n)
			return false;
		p += n;
	}
}

static bool port_ok(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n && n <= PORT_DIGITS && !p[n];
}

/* [IPv6] or labels of letters, digits and inner dashes; then perhaps a port. */
static bool host_ok(const char *p)
{
	if (*p == '[') {
		size_t n = 1 + strspn(p + 1, "0123456789abcdefABCDEF:");
		if (n < 3 || p[n] != ']')
			return false;
		p += n + 1;
		return !*p || (*p == ':' && port_ok(p + 1));
	}
	for (;;) {
		const char *start = p;
		while (isalnum((unsigned char)*p) || *p == '-')
			p++;
		if (p == start || *start == '-' || p[-1] == '-')
			return false;
		if (*p != '.')
			break;
		p++;
	}
	return !*p || (*p == ':' && port_ok(p + 1));
}

static bool tag_ok(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_' || (n && (p[n] == '.' || p[n] == '-')))
		n++;
	return n && n <= TAG_MAX && !p[n];
}

/* A whole image id instead of a name would be taken for one of docker.io's. */
static bool looks_like_id(const char *path)
{
	size_t n = strspn(path, "0123456789abcdef");

	return n == 64 && !path[n];
}

/* Ends the text at `at` and gives what stands behind; NULL for NULL. */
static const char *cut(char *at)
{
	if (!at)
		return NULL;
	*at = 0;
	return at + 1;
}

static int refuse(struct err *err, const char *text, const char *why)
{
	err_say(err, EINVAL, "\"%.120s\" is not the name of an image: %s", text, why);
	err_hint(err, "[HOST[:PORT]/]name[:tag][@sha256:...], the name in lower case");
	return -EINVAL;
}

/* Takes the host off `rest` if there is one. */
static char *split_host(char *rest, struct ref *ref)
{
	char *slash = strchr(rest, '/');

	if (!slash)
		return rest;
	size_t n = (size_t)(slash - rest);
	bool is_host = memchr(rest, '.', n) || memchr(rest, ':', n) ||
		       (n == strlen("localhost") && memcmp(rest, "localhost", n) == 0);
	if (!is_host)
		return rest;
	*slash = 0;
	ref->host = rest;
	return slash + 1;
}

int ref_parse(const char *text, struct arena *mem, struct ref *ret, struct err *err)
{
	char *copy = arena_str(mem, text);
	struct ref ref = {.digest = cut(strchr(copy, '@'))};

	if (!*text)
		return refuse(err, text, "it is empty");
	char *rest = split_host(copy, &ref);
	ref.tag = cut(strchr(rest, ':'));
	ref.path = rest;
	if (ref.host && !host_ok(ref.host))
		return refuse(err, text, "its host is none");
	if (!path_ok(ref.path))
		return refuse(err, text, "its path has other characters than a-z, 0-9, . _ - /");
	const struct ref full = ref_full(&ref, mem);
	if (strlen(ref_repository(&full, mem)) > NAME_MAX_BYTES)
		return refuse(err, text, "it is too long");
	if (ref.tag && !tag_ok(ref.tag))
		return refuse(err, text, "its tag is none");
	if (ref.digest && !digest_ok(ref.digest))
		return refuse(err, text, "its digest is none");
	if (!ref.host && looks_like_id(ref.path))
		return refuse(err, text, "it is an image's id");
	*ret = ref;
	return 0;
}

struct ref ref_at(const struct ref *ref, const char *host, struct arena *mem)
{
	struct ref full = *ref;

	full.host = host;
	if (str_eq(full.host, "index.docker.io") || str_eq(full.host, "registry-1.docker.io"))
		full.host = REF_DOCKER;
	if (str_eq(full.host, REF_DOCKER) && !strchr(full.path, '/'))
		full.path = arena_printf(mem, "library/%s", full.path);
	if (full.digest)
		full.tag = NULL;
	else if (!full.tag)
		full.tag = "latest";
	return full;
}

struct ref ref_full(const struct ref *ref, struct arena *mem)
{
	return ref_at(ref, ref->host ? ref->host : REF_DOCKER, mem);
}

const char *ref_repository(const struct ref *ref, struct arena *mem)
{
	return arena_printf(mem, "%s%s%s", ref->host ? ref->host : "", ref->host ? "/" : "",
			    ref->path);
}

const char *ref_text(const struct ref *ref, struct arena *mem)
{
	return arena_printf(mem, "%s%s%s%s%s", ref_repository(ref, mem), ref->tag ? ":" : "",
			    ref->tag ? ref->tag : "", ref->digest ? "@" : "",
			    ref->digest ? ref->digest : "");
}

const char *ref_familiar(const char *full)
{
	static const char *const heads[] = {REF_DOCKER "/library/", REF_DOCKER "/"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (str_starts(full, heads[i]))
			return full + strlen(heads[i]);
	return full;
}

int ref_read(const char *text, struct arena *mem, struct ref *ret, struct err *err)
{
	struct ref ref;
	int r = ref_parse(text, mem, &ref, err);

	if (r < 0)
		return r;
	*ret = ref_full(&ref, mem);
	return 0;
}
