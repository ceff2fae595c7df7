/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cgroups/path.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

enum { COMPONENT_MAX = 255, TOTAL_MAX = 3500 };

/* Takes the last component off. */
static void pop(struct str *path)
{
	while (path->len && path->p[path->len - 1] != '/')
		path->len--;
	path->len -= path->len > 0;
	if (path->p)
		path->p[path->len] = '\0';
}

/* Appends the components of `path`; ".." goes no higher than where *out began. */
static void append_clean(struct str *out, const char *path)
{
	size_t floor = out->len;

	while (*path) {
		size_t n = strcspn(path, "/");
		bool is_up = n == 2 && memcmp(path, "..", 2) == 0;

		if (is_up && out->len > floor) {
			pop(out);
		} else if (n && !is_up && !(n == 1 && *path == '.')) {
			if (out->len)
				str_add_char(out, '/');
			str_add_mem(out, path, n);
		}
		path += n + (path[n] == '/');
	}
}

static int check(const char *path, struct err *err)
{
	if (!path || !*path)
		return err_say(err, EINVAL, "linux.cgroupsPath names the root of the hierarchy");
	if (strlen(path) > TOTAL_MAX)
		return err_say(err, ENAMETOOLONG, "linux.cgroupsPath is longer than %d bytes",
			       TOTAL_MAX);
	for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/')
		if (strcspn(at, "/") > COMPONENT_MAX)
			return err_say(err, ENAMETOOLONG,
				       "linux.cgroupsPath has a part longer than %d bytes",
				       COMPONENT_MAX);
	for (const char *at = path; *at; at++)
		if (iscntrl((unsigned char)*at))
			return err_say(err, EINVAL, "linux.cgroupsPath has a control character");
	return 0;
}

int cg_path_fs(struct arena *mem, const char *path, const struct cg_whereabouts *at,
	       const char **ret, struct err *err)
{
	auto_(str) struct str out = {0};

	if (!path || !*path)
		path = at->id;
	if (*path != '/') {
		append_clean(&out, at->own);
		if (at->is_v2)
			pop(&out);
	}
	size_t floor = out.len;
	append_clean(&out, path);
	int r = check(out.len > floor ? out.p : "", err);
	if (r == 0)
		*ret = arena_str(mem, out.p);
	return r;
}

/* The characters of systemd.unit(5). */
static bool is_unit_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			     ":-_.\\@");

	return n && !s[n] && n <= COMPONENT_MAX;
}

/* "a-b-c.slice" lies in a.slice/a-b.slice: the dashes are the tree. */
static int expand_slice(struct str *out, const char *slice, struct err *err)
{
	size_t n = strlen(slice) - strlen(".slice"); /* the caller saw the suffix */

	if (str_eq(slice, "-.slice"))
		return 0;
	if (n == 0 || slice[0] == '-' || slice[n - 1] == '-' || strstr(slice, "--"))
		return err_say(err, EINVAL, "invalid slice name: %s", slice);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && slice[i] != '-')
			continue;
		if (out->len)
			str_add_char(out, '/');
		str_add_mem(out, slice, i);
		str_add(out, ".slice");
	}
	return 0;
}

static int split(struct arena *mem, const char *path, char *ret[3], struct err *err)
{
	char *copy = arena_str(mem, path);
	unsigned n = 0;

	for (char *part; (part = strsep(&copy, ":")); n++)
		if (n < 3)
			ret[n] = part;
	if (n == 3)
		return 0;
	return err_say(err, EINVAL,
		       "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
		       "cgroups, got \"%s\" instead",
		       path);
}

int cg_path_systemd(struct arena *mem, const char *path, const char *id, int64_t user,
		    struct cg_scope *ret, struct err *err)
{
	auto_(str) struct str out = {0};
	char *part[3] = {(char[]){""}, (char[]){"ctr"}, arena_str(mem, id)};
	int r = path && *path ? split(mem, path, part, err) : 0;

	if (r < 0)
		return r;
	const char *slice = *part[0] ? part[0] : user < 0 ? "system.slice" : "user.slice";
	const char *unit = arena_printf(mem, "%s%s%s.scope", part[1], *part[1] ? "-" : "", part[2]);
	if (!str_ends(slice, ".slice") || !is_unit_name(slice))
		return err_say(err, EINVAL, "invalid slice name: %s", slice);
	if (str_ends(part[2], ".slice"))
		return err_say(err, EINVAL,
			       "linux.cgroupsPath: \"%s\" is a slice, which holds no processes: "
			       "slice:prefix:name is expected",
			       part[2]);
	if (!*part[2] || !is_unit_name(unit))
		return err_say(err, EINVAL, "linux.cgroupsPath: \"%s\" is no name for a unit",
			       unit);
	if (user >= 0)
		str_addf(&out, "user.slice/user-%" PRId64 ".slice/user@%" PRId64 ".service", user,
			 user);
	r = expand_slice(&out, slice, err);
	if (r < 0)
		return r;
	str_addf(&out, "%s%s", out.len ? "/" : "", unit);
	*ret = (struct cg_scope){.slice = arena_str(mem, slice),
				 .unit = arena_str(mem, unit),
				 .path = arena_str(mem, out.p)};
	return check(ret->path, err);
}
