/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/passwd.h"

enum { NAME_MAX_BYTES = 256, PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

/* A piece of a file's text. */
struct piece {
	const char *p;
	size_t len;
};

static struct piece piece_of(const char *s)
{
	return (struct piece){s, strlen(s)};
}

static bool same(struct piece a, struct piece b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* Takes the part before `end`, or all of it, off the front of *rest. False: nothing is left. */
static bool take(struct piece *rest, char end, struct piece *ret)
{
	if (!rest->p)
		return false;
	const char *at = memchr(rest->p, end, rest->len);
	size_t n = at ? (size_t)(at - rest->p) : rest->len;

	*ret = (struct piece){rest->p, n};
	*rest = at ? (struct piece){at + 1, rest->len - n - 1} : (struct piece){0};
	return true;
}

/* A whole decimal number. The highest one is no id: it says "unchanged" (setresuid(2)). */
static bool parse_id(struct piece s, uint32_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0 || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
		value = value * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* A name that useradd(8) would take, dots and capitals included. "+1", "0x0" and "1 0" are none. */
static bool is_name(struct piece s)
{
	if (s.len == 0 || s.len > NAME_MAX_BYTES || !(isalpha((unsigned char)*s.p) || *s.p == '_'))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!isalnum((unsigned char)s.p[i]) && !memchr("_-.@", s.p[i], 4) &&
		    !(s.p[i] == '$' && i == s.len - 1))
			return false;
	return true;
}

/* ---- entries ---------------------------------------------------------------------------------- */

/* The next line that has that many fields. */
static bool next_entry(struct piece *rest, struct piece *fields, unsigned n)
{
	struct piece line;

	while (take(rest, '\n', &line)) {
		unsigned i = 0;
		while (i < n && take(&line, ':', &fields[i]))
			i++;
		if (i == n && !line.p && fields[0].len)
			return true;
	}
	return false;
}

/* Who is asked for: a name, or (name.p NULL) a number. */
struct who {
	struct piece name;
	uint32_t id;
};

static bool is_wanted(const struct who *w, struct piece name, uint32_t id)
{
	return w->name.p ? same(w->name, name) : w->id == id;
}

static bool find_user(struct piece passwd, const struct who *w, struct arena *mem,
		      struct passwd_user *ret)
{
	struct piece f[PASSWD_FIELDS];
	uint32_t uid, gid;

	while (next_entry(&passwd, f, PASSWD_FIELDS)) {
		if (!parse_id(f[2], &uid) || !parse_id(f[3], &gid) || !is_wanted(w, f[0], uid))
			continue;
		ret->uid = uid;
		ret->gid = gid;
		ret->name = arena_copy(mem, f[0].p, f[0].len);
		ret->home = arena_copy(mem, f[5].p, f[5].len);
		return true;
	}
	return false;
}

static bool find_group(struct piece group, const struct who *w, uint32_t *ret)
{
	struct piece f[GROUP_FIELDS];
	uint32_t gid;

	while (next_entry(&group, f, GROUP_FIELDS)) {
		if (!parse_id(f[2], &gid) || !is_wanted(w, f[0], gid))
			continue;
		*ret = gid;
		return true;
	}
	return false;
}

static bool has_member(struct piece members, struct piece name)
{
	struct piece one;

	while (take(&members, ',', &one))
		if (same(one, name))
			return true;
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The user's own group, and (with a name) those that list him. */
static void collect_groups(struct piece group, const char *name, size_t n_lines, struct arena *mem,
			   struct passwd_user *ret)
{
	struct piece f[GROUP_FIELDS];
	size_t n = 0, unique = 0;

	ret->groups = arena_zalloc(mem, n_lines + 1, sizeof(*ret->groups));
	ret->groups[n++] = ret->gid;
	while (name && next_entry(&group, f, GROUP_FIELDS))
		if (has_member(f[3], piece_of(name)) && parse_id(f[2], &ret->groups[n]))
			n++;
	qsort(ret->groups, n, sizeof(*ret->groups), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || ret->groups[i] != ret->groups[unique - 1])
			ret->groups[unique++] = ret->groups[i];
	ret->n_groups = unique;
}

/* ---- the question ----------------------------------------------------------------------------- */

static int parse_who(struct piece text, const char *what, struct who *ret, struct err *err)
{
	struct who w = {0};

	if (!parse_id(text, &w.id)) {
		if (!is_name(text))
			return err_say(err, EINVAL,
				       "\"%.*s\" is neither the name of a %s nor a number",
				       (int)(text.len < NAME_MAX_BYTES ? text.len : NAME_MAX_BYTES),
				       text.p, what);
		w.name = text;
	}
	*ret = w;
	return 0;
}

static int count_lines(struct passwd_text text, const char *file, struct err *err)
{
	struct piece rest = {text.p, text.len}, line;
	int n = 0;

	while (take(&rest, '\n', &line))
		if (++n > PASSWD_LINES_MAX)
			return err_say(err, EFBIG, "%s has more than %d lines", file,
				       PASSWD_LINES_MAX);
	return n;
}

static int lookup_group(struct piece text, struct piece group, uint32_t *ret, struct err *err)
{
	struct who w;

	int r = parse_who(text, "group", &w, err);
	if (r < 0)
		return r;
	if (!w.name.p)
		*ret = w.id;
	else if (!find_group(group, &w, ret))
		return err_say(err, ENOENT, "there is no group \"%.*s\" in /etc/group",
			       (int)w.name.len, w.name.p);
	return 0;
}

int passwd_lookup(const char *spec, struct passwd_text passwd, struct passwd_text group,
		  struct arena *mem, struct passwd_user *ret, struct err *err)
{
	struct piece rest = piece_of(spec && *spec ? spec : "0"), user_text, group_text;
	struct piece users = {passwd.p, passwd.len}, groups = {group.p, group.len};
	struct passwd_user user = {0};
	int n_lines = 0;
	struct who w;

	take(&rest, ':', &user_text);
	bool has_group = take(&rest, 0, &group_text);
	int r = parse_who(user_text, "user", &w, err);
	if (r == 0)
		r = count_lines(passwd, "/etc/passwd", err);
	if (r >= 0)
		r = n_lines = count_lines(group, "/etc/group", err);
	if (r < 0)
		return r;
	user.uid = w.id;
	if (!find_user(users, &w, mem, &user) && w.name.p)
		return err_say(err, ENOENT, "there is no user \"%.*s\" in /etc/passwd",
			       (int)w.name.len, w.name.p);
	if (has_group)
		r = lookup_group(group_text, groups, &user.gid, err);
	if (r < 0)
		return r;
	collect_groups(groups, has_group ? NULL : user.name, (size_t)n_lines, mem, &user);
	*ret = user;
	return 0;
}
