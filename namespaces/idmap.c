/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "namespaces/idmap.h"
#include "runtime/base/auto.h"

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
	return a < (uint64_t)b + n_b && b < (uint64_t)a + n_a;
}

int idmap_check(struct idmap map, struct err *err)
{
	if (map.n == 0 || map.n > IDMAP_LINES_MAX)
		return err_say(err, EINVAL, "an id map has 1 to %d lines, this one has %zu",
			       IDMAP_LINES_MAX, map.n);
	for (size_t i = 0; i < map.n; i++) {
		const struct config_id_mapping *a = &map.lines[i];
		/* The highest number is no id: it says "unchanged" or "invalid" (setresuid(2)). */
		if (a->size == 0 || (uint64_t)a->container_id + a->size > UINT32_MAX ||
		    (uint64_t)a->host_id + a->size > UINT32_MAX)
			return err_say(err, EINVAL, "id map line %zu: %u %u %u is not a range", i,
				       a->container_id, a->host_id, a->size);
		for (size_t j = 0; j < i; j++) {
			const struct config_id_mapping *b = &map.lines[j];
			if (overlap(a->container_id, a->size, b->container_id, b->size) ||
			    overlap(a->host_id, a->size, b->host_id, b->size))
				return err_say(err, EINVAL, "id map line %zu overlaps line %zu", i,
					       j);
		}
	}
	return 0;
}

int idmap_text(struct idmap map, struct str *ret, struct err *err)
{
	size_t before = ret->len;

	int r = idmap_check(map, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < map.n; i++)
		str_addf(ret, "%u %u %u\n", map.lines[i].container_id, map.lines[i].host_id,
			 map.lines[i].size);
	if (ret->len - before > IDMAP_TEXT_MAX)
		return err_say(err, E2BIG, "an id map of %zu lines is too long for the kernel",
			       map.n);
	return 0;
}

const char **idmap_helper_argv(const char *helper, pid_t pid, struct idmap map, struct arena *mem)
{
	const char **argv = arena_zalloc(mem, 2 + 3 * map.n + 1, sizeof(*argv));
	size_t n = 0;

	argv[n++] = helper;
	argv[n++] = arena_printf(mem, "%d", (int)pid);
	for (size_t i = 0; i < map.n; i++) {
		argv[n++] = arena_printf(mem, "%u", map.lines[i].container_id);
		argv[n++] = arena_printf(mem, "%u", map.lines[i].host_id);
		argv[n++] = arena_printf(mem, "%u", map.lines[i].size);
	}
	return argv;
}

bool idmap_is_own(struct idmap map, uint32_t own)
{
	return map.n == 1 && map.lines[0].size == 1 && map.lines[0].host_id == own;
}

/* The host's name for the container's ids from `first` on, if one line has all of them. */
static bool range_to_host(struct idmap map, uint32_t first, uint32_t size, uint32_t *ret)
{
	for (size_t i = 0; i < map.n; i++) {
		const struct config_id_mapping *l = &map.lines[i];
		if (first < l->container_id || first - l->container_id >= l->size ||
		    size > l->size - (first - l->container_id))
			continue;
		*ret = l->host_id + (first - l->container_id);
		return true;
	}
	return false;
}

bool idmap_to_host(struct idmap map, uint32_t id, uint32_t *ret)
{
	return range_to_host(map, id, 1, ret);
}

bool idmap_to_container(struct idmap map, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < map.n; i++) {
		const struct config_id_mapping *l = &map.lines[i];
		if (id < l->host_id || id - l->host_id >= l->size)
			continue;
		*ret = l->container_id + (id - l->host_id);
		return true;
	}
	return false;
}

/* ---- the mount option ------------------------------------------------------------------------- */

/* Takes a number and the character behind it off the front of *at. */
static bool take_number(const char **at, char end, uint32_t *ret)
{
	char digits[11];
	uint64_t value;
	size_t n = strspn(*at, "0123456789");

	if (n >= sizeof(digits) || (*at)[n] != end)
		return false;
	memcpy(digits, *at, n);
	digits[n] = 0;
	if (num_max(digits, 10, UINT32_MAX, &value) < 0)
		return false;
	*ret = (uint32_t)value;
	*at += n + (end != 0);
	return true;
}

/* "C-H-S" or "@C-H-S". */
static int parse_line(const char *text, struct idmap own, struct config_id_mapping *ret,
		      struct err *err)
{
	struct config_id_mapping l = {
		.has_container_id = true, .has_host_id = true, .has_size = true};
	bool is_relative = *text == '@';
	const char *at = text + is_relative;

	if (!take_number(&at, '-', &l.container_id) || !take_number(&at, '-', &l.host_id) ||
	    !take_number(&at, 0, &l.size) || l.size == 0)
		return err_say(err, EINVAL, "idmap: \"%s\" is not CONTAINER-HOST-SIZE", text);
	if (is_relative && !range_to_host(own, l.host_id, l.size, &l.host_id))
		return err_say(err, EINVAL,
			       "idmap: \"%s\" is not one range of the container's own ids", text);
	*ret = l;
	return 0;
}

static int parse_map(const char *text, size_t len, struct idmap own, struct arena *mem,
		     struct idmap *ret, struct err *err)
{
	struct config_id_mapping *lines = arena_zalloc(mem, IDMAP_LINES_MAX, sizeof(*lines));
	char *save = NULL, *copy = arena_copy(mem, text, len);
	size_t n = 0;

	for (char *word = strtok_r(copy, "#", &save); word; word = strtok_r(NULL, "#", &save)) {
		if (n == IDMAP_LINES_MAX)
			return err_say(err, EINVAL, "idmap: more than %d ranges", IDMAP_LINES_MAX);
		int r = parse_line(word, own, &lines[n++], err);
		if (r < 0)
			return r;
	}
	*ret = (struct idmap){lines, n};
	int r = idmap_check(*ret, err);
	return r < 0 ? err_wrap(err, "idmap") : 0;
}

int idmap_parse(const char *text, struct idmap_pair own, struct arena *mem, struct idmap_pair *ret,
		struct err *err)
{
	struct idmap_pair pair = {0};

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ";");
		bool is_uids = str_starts(at, "uids="), is_gids = str_starts(at, "gids=");
		if (!is_uids && !is_gids)
			return err_say(err, EINVAL, "idmap: expected uids=…;gids=…, found \"%s\"",
				       at);
		int r = parse_map(at + 5, len - 5, is_uids ? own.uids : own.gids, mem,
				  is_uids ? &pair.uids : &pair.gids, err);
		if (r < 0)
			return r;
		at += len + (at[len] == ';');
	}
	if (!pair.uids.n || !pair.gids.n)
		return err_say(err, EINVAL, "idmap: needs both uids= and gids=");
	*ret = pair;
	return 0;
}

/* ---- ranges that are granted ------------------------------------------------------------------ */

/* "NAME-OR-ID:FIRST:COUNT" of n bytes. */
static bool parse_grant(const char *line, size_t n, const char *name, uint32_t id,
			struct id_range *ret)
{
	auto_free char *copy = mem_copy(line, n);
	char *save = NULL, *who = strtok_r(copy, ":", &save);
	const char *first = strtok_r(NULL, ":", &save), *count = strtok_r(NULL, ":", &save);
	uint64_t number, a, b;

	if (!count || strtok_r(NULL, ":", &save))
		return false;
	bool is_name = name && str_eq(who, name);
	bool is_id = num_max(who, 10, UINT32_MAX, &number) == 0 && number == id;
	if ((!is_name && !is_id) || num_max(first, 10, UINT32_MAX, &a) < 0 ||
	    num_max(count, 10, UINT32_MAX, &b) < 0 || b == 0 || a + b > UINT32_MAX)
		return false;
	*ret = (struct id_range){(uint32_t)a, (uint32_t)b};
	return true;
}

size_t idmap_subids(const char *text, const char *name, uint32_t id, struct id_range *ret,
		    size_t max)
{
	enum { LINE_MAX_BYTES = 256 };
	size_t found = 0;

	for (const char *line = text; *line && found < max;) {
		size_t n = strcspn(line, "\n");
		if (n <= LINE_MAX_BYTES && parse_grant(line, n, name, id, &ret[found]))
			found++;
		line += n + (line[n] == '\n');
	}
	return found;
}

struct idmap idmap_rootless(uint32_t own, const struct id_range *ranges, size_t n,
			    struct arena *mem)
{
	struct config_id_mapping *lines = arena_zalloc(mem, n + 1, sizeof(*lines));
	uint32_t next = 1;
	size_t used = 1;

	lines[0] = (struct config_id_mapping){0, true, own, true, 1, true};
	for (size_t i = 0; i < n && used < IDMAP_LINES_MAX; i++) {
		if (ranges[i].count > UINT32_MAX - next)
			break;
		lines[used++] = (struct config_id_mapping){
			next, true, ranges[i].first, true, ranges[i].count, true};
		next += ranges[i].count;
	}
	return (struct idmap){lines, used};
}
