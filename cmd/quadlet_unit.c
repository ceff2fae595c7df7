/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "cmd/quadlet.h"
#include "cmd/unit.h"
#include "runtime/base/words.h"

/* ---- words, as systemd.syntax(7) has them -----------------------------------------------------*/

/* One word of a command line. % and $ keep what they mean to systemd: the file is a unit, too. */
static void add_word(struct str *out, const char *word)
{
	bool quoted = !*word || strpbrk(word, " \t\n\"'\\;");

	str_add(out, quoted ? " \"" : " ");
	for (const char *p = word; *p; p++)
		if (*p == '\n')
			str_add(out, "\\n");
		else
			str_addf(out, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
	str_add(out, quoted ? "\"" : "");
}

/* Behind a backslash; what is not known stays as it is. */
static void add_escaped(struct str *word, char c)
{
	static const char from[] = "ntrs\\\"'", to[] = "\n\t\r \\\"'";
	const char *at = strchr(from, c);

	if (!at)
		str_add_char(word, '\\');
	str_add_char(word, at ? to[at - from] : c);
}

/* The next word of *at. NULL: there is none; *ret_open: a quote does not end. */
static const char *next_word(const char **at, struct arena *mem, bool *ret_open)
{
	auto_(str) struct str word = {0};
	const char *p = *at + strspn(*at, " \t");
	char quote = 0;

	if (!*p)
		return NULL;
	for (; *p && (quote || !strchr(" \t", *p)); p++) {
		if (*p == '\\' && p[1])
			add_escaped(&word, *++p);
		else if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
		else
			str_add_char(&word, *p);
	}
	*ret_open = quote != 0;
	*at = p;
	return arena_copy(mem, word.p ? word.p : "", word.len);
}

/* ---- keys -------------------------------------------------------------------------------------*/

enum kind {
	KEY_TEXT,    /* FLAG VALUE; the last one counts */
	KEY_LIST,    /* FLAG VALUE for each line */
	KEY_WORDS,   /* FLAG WORD for each word of each line */
	KEY_BOOL,    /* FLAG, if it is true */
	KEY_PATHS,   /* KEY_LIST whose value begins with a file, maybe beside this one */
	KEY_VOLUMES, /* the same; or NAME.volume */
	KEY_NETS,    /* KEY_LIST; or NAME.network */
	KEY_OWN,     /* has a place of its own */
	KEY_MORE,    /* words for ctr itself */
};

struct key {
	const char *name;
	enum kind kind;
	const char *flag;
};

static const struct key container_keys[] = {
	{"AddCapability", KEY_WORDS, "--cap-add"},
	{"AddDevice", KEY_LIST, "--device"},
	{"AddHost", KEY_LIST, "--add-host"},
	{"Annotation", KEY_WORDS, "--annotation"},
	{"ContainerName", KEY_OWN, NULL},
	{"CtrArgs", KEY_MORE, NULL},
	{"DNS", KEY_LIST, "--dns"},
	{"DNSOption", KEY_LIST, "--dns-option"},
	{"DNSSearch", KEY_LIST, "--dns-search"},
	{"DropCapability", KEY_WORDS, "--cap-drop"},
	{"Entrypoint", KEY_TEXT, "--entrypoint"},
	{"Environment", KEY_WORDS, "--env"},
	{"EnvironmentFile", KEY_PATHS, "--env-file"},
	{"Exec", KEY_OWN, NULL},
	{"ExposeHostPort", KEY_LIST, "--expose"},
	{"Group", KEY_OWN, NULL},
	{"GroupAdd", KEY_LIST, "--group-add"},
	{"HealthCmd", KEY_TEXT, "--health-cmd"},
	{"HealthInterval", KEY_TEXT, "--health-interval"},
	{"HealthRetries", KEY_TEXT, "--health-retries"},
	{"HealthStartPeriod", KEY_TEXT, "--health-start-period"},
	{"HealthTimeout", KEY_TEXT, "--health-timeout"},
	{"HostName", KEY_TEXT, "--hostname"},
	{"Image", KEY_OWN, NULL},
	{"IP", KEY_TEXT, "--ip"},
	{"IP6", KEY_TEXT, "--ip6"},
	{"Label", KEY_WORDS, "--label"},
	{"LogDriver", KEY_TEXT, "--log-driver"},
	{"LogOpt", KEY_LIST, "--log-opt"},
	{"Memory", KEY_TEXT, "--memory"},
	{"Mount", KEY_LIST, "--mount"},
	{"Network", KEY_NETS, "--network"},
	{"NetworkAlias", KEY_LIST, "--network-alias"},
	{"NoNewPrivileges", KEY_TEXT, "--security-opt=no-new-privileges"},
	{"PidsLimit", KEY_TEXT, "--pids-limit"},
	{"PublishPort", KEY_LIST, "--publish"},
	{"Pull", KEY_TEXT, "--pull"},
	{"ReadOnly", KEY_BOOL, "--read-only"},
	{"RunInit", KEY_BOOL, "--init"},
	{"SeccompProfile", KEY_TEXT, "--security-opt=seccomp"},
	{"Secret", KEY_LIST, "--secret"},
	{"ShmSize", KEY_TEXT, "--shm-size"},
	{"StopSignal", KEY_TEXT, "--stop-signal"},
	{"StopTimeout", KEY_TEXT, "--stop-timeout"},
	{"Sysctl", KEY_WORDS, "--sysctl"},
	{"Tmpfs", KEY_LIST, "--tmpfs"},
	{"Ulimit", KEY_LIST, "--ulimit"},
	{"User", KEY_OWN, NULL},
	{"Volume", KEY_VOLUMES, "--volume"},
	{"WorkingDir", KEY_TEXT, "--workdir"},
	{0},
};

static const struct key volume_keys[] = {
	{"Label", KEY_WORDS, "--label"},
	{"VolumeName", KEY_OWN, NULL},
	{0},
};

static const struct key network_keys[] = {
	{"DisableIPv6", KEY_BOOL, "--no-ipv6"},
	{"Driver", KEY_TEXT, "--driver"},
	{"Gateway", KEY_TEXT, "--gateway"},
	{"Internal", KEY_BOOL, "--internal"},
	{"NetworkName", KEY_OWN, NULL},
	{"Subnet", KEY_TEXT, "--subnet"},
	{0},
};

/* What a file can be, by its ending. */
static const struct type {
	const char *ending, *section, *suffix, *name_key;
	const struct key *keys;
} types[] = {
	{".container", "Container", "", "ContainerName", container_keys},
	{".volume", "Volume", "-volume", "VolumeName", volume_keys},
	{".network", "Network", "-network", "NetworkName", network_keys},
};

static const struct type *type_of(const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_ends(name, types[i].ending) && strlen(name) > strlen(types[i].ending))
			return &types[i];
	return NULL;
}

/* "/a/web.container": "web". */
static const char *stem_of(const char *file, struct arena *mem)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

	return arena_copy(mem, name, strlen(name) - strlen(type_of(file)->ending));
}

const char *quadlet_unit_name(const char *file, struct arena *mem)
{
	const struct type *t = type_of(file);

	return t ? arena_printf(mem, "%s%s.service", stem_of(file, mem), t->suffix) : NULL;
}

/* ---- reading ----------------------------------------------------------------------------------*/

struct line {
	const struct key *key;
	const char *value;
	unsigned number;
};

struct reader {
	const struct quadlet *q;
	const struct type *type;
	struct arena *mem;
	struct err *err;
	unsigned number; /* of the line */
	struct line *lines;
	size_t n_lines;
	struct str unit, service; /* sections that are systemd's */
	struct str needs;         /* what other files make */
	struct words *wanted;
	bool is_early; /* the network may not be there */
};

static int bad(const struct reader *r, unsigned number, int num, const char *what, const char *name)
{
	return err_say(r->err, num, "%s:%u: %s%s%.60s", r->q->path, number, what, name ? " " : "",
		       name ? name : "");
}

/* The next line, those that it goes on in included. NULL: no more. */
static const char *next_line(struct reader *r, const char **at)
{
	auto_(str) struct str line = {0};
	bool goes_on = true;

	if (!**at)
		return NULL;
	for (r->number++; goes_on && **at; r->number += goes_on) {
		size_t n = strcspn(*at, "\n");
		const char *p = *at;
		*at += n + (p[n] == '\n');
		bool is_remark = line.len && (*p == '#' || *p == ';');
		goes_on = is_remark || (n && p[n - 1] == '\\');
		if (!is_remark) {
			str_add_mem(&line, p, n - goes_on);
			str_add(&line, goes_on ? " " : "");
		}
	}
	while (line.len && isspace((unsigned char)line.p[line.len - 1]))
		line.p[--line.len] = 0;
	const char *text = line.p ? line.p : "";
	return arena_str(r->mem, text + strspn(text, " \t"));
}

static void add_line(struct reader *r, const struct key *key, const char *value)
{
	struct line *all = arena_zalloc(r->mem, r->n_lines + 1, sizeof(*all));

	if (r->n_lines)
		memcpy(all, r->lines, r->n_lines * sizeof(*all));
	all[r->n_lines++] = (struct line){key, value, r->number};
	r->lines = all;
}

static int take_key(struct reader *r, const char *name, const char *value)
{
	for (const struct key *k = r->type->keys; k->name; k++)
		if (str_eq(k->name, name)) {
			add_line(r, k, value);
			return 0;
		}
	bad(r, r->number, ENOTSUP, "ctr has nothing for the key", name);
	if (r->type->keys == container_keys)
		err_hint(r->err, "leave it out; flags of ctr run can be given in CtrArgs=");
	return -ENOTSUP;
}

static int read_bool(const struct reader *r, unsigned number, const char *value, bool *ret)
{
	static const char *const words[] = {"true", "yes", "on", "1", "false", "no", "off", "0"};

	for (size_t i = 0; i < 8; i++)
		if (str_eq(value, words[i])) {
			*ret = i < 4;
			return 0;
		}
	return bad(r, number, EINVAL, "expected true or false, got", value);
}

/* [Quadlet] is about what is added to the unit. */
static int take_quadlet(struct reader *r, const char *name, const char *value)
{
	bool waits = false;

	if (!str_eq(name, "DefaultDependencies"))
		return bad(r, r->number, ENOTSUP, "only DefaultDependencies is possible, not",
			   name);
	int e = read_bool(r, r->number, value, &waits);
	r->is_early = !waits;
	return e;
}

/* [Install] is obeyed by who writes the unit: of a generated one, systemctl enable can't. */
static int take_install(struct reader *r, const char *name, const char *value)
{
	const char *kind = str_eq(name, "WantedBy")     ? "wants"
			   : str_eq(name, "RequiredBy") ? "requires"
							: NULL;
	bool open = false;
	const char *word;

	if (!kind)
		return bad(r, r->number, ENOTSUP, "only WantedBy and RequiredBy are possible, not",
			   name);
	while ((word = next_word(&value, r->mem, &open))) {
		if (open || strchr(word, '/') || !strchr(word, '.'))
			return bad(r, r->number, EINVAL, "no name of a unit:", word);
		words_add(r->wanted, arena_printf(r->mem, "%s.%s", word, kind), r->mem);
	}
	return 0;
}

static int take_line(struct reader *r, const char *section, const char *line)
{
	const char *eq = strchr(line, '=');

	if (!eq || eq == line)
		return bad(r, r->number, EINVAL, "expected KEY=VALUE", NULL);
	size_t n = (size_t)(eq - line);
	while (n && strchr(" \t", line[n - 1]))
		n--;
	const char *name = arena_copy(r->mem, line, n), *value = eq + 1 + strspn(eq + 1, " \t");
	struct str *copied = str_eq(section, "Unit")      ? &r->unit
			     : str_eq(section, "Service") ? &r->service
							  : NULL;
	if (copied) {
		str_addf(copied, "%s=%s\n", name, value);
		return 0;
	}
	if (str_eq(section, r->type->section))
		return take_key(r, name, value);
	if (str_eq(section, "Install"))
		return take_install(r, name, value);
	if (str_eq(section, "Quadlet"))
		return take_quadlet(r, name, value);
	return bad(r, r->number, EINVAL, "a key of the unknown section", section);
}

static int read_file(struct reader *r)
{
	const char *at = r->q->text, *section = "", *line;

	while ((line = next_line(r, &at))) {
		if (!*line || *line == '#' || *line == ';')
			continue;
		if (*line == '[' && line[strlen(line) - 1] == ']')
			section = arena_copy(r->mem, line + 1, strlen(line) - 2);
		else if (take_line(r, section, line) < 0)
			return -r->err->num;
	}
	return 0;
}

/* The last value of a key; an empty one takes back those before it. */
static const struct line *last(const struct reader *r, const char *name)
{
	const struct line *found = NULL;

	for (size_t i = 0; i < r->n_lines; i++)
		if (str_eq(r->lines[i].key->name, name))
			found = *r->lines[i].value ? &r->lines[i] : NULL;
	return found;
}

static const char *value_of(const struct reader *r, const char *name)
{
	const struct line *l = last(r, name);

	return l ? l->value : NULL;
}

/* ---- flags ------------------------------------------------------------------------------------*/

static void need(struct reader *r, const char *unit)
{
	str_addf(&r->needs, "Requires=%s\nAfter=%s\n", unit, unit);
}

/* "data.volume:/x": "systemd-data:/x", and the unit that makes it is needed. */
static const char *resource(struct reader *r, const char *value, const char *ending,
			    const char *suffix)
{
	size_t n = strcspn(value, ":"), end = strlen(ending);

	if (n <= end || memcmp(value + n - end, ending, end) != 0)
		return NULL;
	const char *stem = arena_copy(r->mem, value, n - end);
	need(r, arena_printf(r->mem, "%s%s.service", stem, suffix));
	return arena_printf(r->mem, "systemd-%s%s", stem, value + n);
}

/* A path beside the file. */
static const char *beside(const struct reader *r, const char *value)
{
	size_t n = (size_t)(strrchr(r->q->path, '/') - r->q->path);

	return arena_printf(r->mem, "%.*s/%s", (int)n, r->q->path, value);
}

static int add_flag(struct reader *r, const struct line *l, const char *value, struct str *out)
{
	const struct key *k = l->key;

	if (k->kind == KEY_VOLUMES) {
		const char *name = resource(r, value, ".volume", "-volume");
		value = name ? name : *value == '.' ? beside(r, value) : value;
	} else if (k->kind == KEY_NETS) {
		if (strstr(value, ".container"))
			return bad(r, l->number, ENOTSUP,
				   "the network of another file's container:", value);
		const char *name = resource(r, value, ".network", "-network");
		value = name ? name : value;
	} else if (k->kind == KEY_PATHS && *value != '/' && *value != '%') {
		value = beside(r, value);
	}
	if (strchr(k->flag, '=')) {
		add_word(out, arena_printf(r->mem, "%s=%s", k->flag, value));
		return 0;
	}
	add_word(out, k->flag);
	add_word(out, value);
	return 0;
}

static int add_words(struct reader *r, const struct line *l, struct str *out)
{
	const char *at = l->value, *word;
	bool open = false;

	while ((word = next_word(&at, r->mem, &open))) {
		if (open)
			return bad(r, l->number, EINVAL, "a quote without an end", NULL);
		if (l->key->kind == KEY_MORE)
			add_word(out, word);
		else if (add_flag(r, l, word, out) < 0)
			return -r->err->num;
	}
	return 0;
}

/* Whether a line counts: an empty one further down takes back a list, a later one replaces a text. */
static bool counts(const struct reader *r, size_t i)
{
	const struct line *l = &r->lines[i];
	bool is_list = l->key->kind != KEY_TEXT && l->key->kind != KEY_BOOL;

	for (size_t k = i + 1; k < r->n_lines; k++)
		if (r->lines[k].key == l->key && (!is_list || !*r->lines[k].value))
			return false;
	return *l->value && l->key->kind != KEY_OWN;
}

static int add_flags(struct reader *r, struct str *out)
{
	for (size_t i = 0; i < r->n_lines; i++) {
		const struct line *l = &r->lines[i];
		bool is_true = false;
		int e = 0;
		if (!counts(r, i))
			continue;
		if (l->key->kind == KEY_BOOL) {
			e = read_bool(r, l->number, l->value, &is_true);
			if (is_true)
				add_word(out, l->key->flag);
		} else if (l->key->kind == KEY_WORDS || l->key->kind == KEY_MORE) {
			e = add_words(r, l, out);
		} else {
			e = add_flag(r, l, l->value, out);
		}
		if (e < 0)
			return e;
	}
	return 0;
}

/* ---- units ------------------------------------------------------------------------------------*/

static void add_exec(const struct reader *r, const char *key, const char *verb, const char *name,
		     struct str *out)
{
	auto_(str) struct str line = {0};

	add_word(&line, r->q->ctr);
	str_addf(out, "%s%s %s", key, line.p + 1, verb);
	add_word(out, name);
	str_add_char(out, '\n');
}

/* Its user's lines come last: they win. */
static int put_container(struct reader *r, const char *name, struct str *out)
{
	enum { STOP_S = 10 };
	const char *image = value_of(r, "Image"), *exec = value_of(r, "Exec"),
		   *user = value_of(r, "User"), *group = value_of(r, "Group"),
		   *stop = value_of(r, "StopTimeout");
	auto_(str) struct str flags = {0};
	uint64_t stop_s = STOP_S;

	if (!image)
		return err_say(r->err, EINVAL, "%s: [Container] has no Image=", r->q->path);
	if (str_ends(image, ".image") || str_ends(image, ".build"))
		return err_say(r->err, ENOTSUP, "%s: Image=%.60s: ctr knows images by their names",
			       r->q->path, image);
	if (group && !user)
		return err_say(r->err, EINVAL, "%s: Group= without User=", r->q->path);
	if (stop && num_max(stop, 10, 1 << 30, &stop_s) < 0)
		return err_say(r->err, EINVAL, "%s: StopTimeout=%.40s is no number of seconds",
			       r->q->path, stop);
	if (add_flags(r, &flags) < 0)
		return -r->err->num;
	if (user) {
		add_word(&flags, "--user");
		add_word(&flags, group ? arena_printf(r->mem, "%s:%s", user, group) : user);
	}
	str_addf(out, UNIT_SERVICE "SyslogIdentifier=%%N\nTimeoutStopSec=%u\n",
		 (unsigned)stop_s + UNIT_STOP_MORE);
	add_exec(r, "ExecStartPre=-", "rm --force", name, out);
	add_exec(r, "ExecStart=", "run --rm --name", name, out);
	out->len--;
	str_add(out, flags.p ? flags.p : "");
	add_word(out, image);
	str_addf(out, "%s%s\n", exec ? " " : "", exec ? exec : "");
	add_exec(r, "ExecStop=-", "stop", name, out);
	str_add(out, r->service.p ? r->service.p : "");
	return 0;
}

/* A volume or network stays when its unit stops, and may be there already. */
static int put_resource(struct reader *r, const char *verb, const char *name, struct str *out)
{
	auto_(str) struct str command = {0};

	str_add(&command, verb);
	if (add_flags(r, &command) < 0)
		return -r->err->num;
	str_add(out, "Type=oneshot\nRemainAfterExit=yes\n");
	add_exec(r, "ExecStart=", command.p, name, out);
	str_add(out, r->service.p ? r->service.p : "");
	return 0;
}

static int put_unit(struct reader *r, struct str *out)
{
	const char *given = value_of(r, r->type->name_key);
	const char *name =
		given ? given : arena_printf(r->mem, "systemd-%s", stem_of(r->q->path, r->mem));
	auto_(str) struct str service = {0};
	int e = r->type->keys == container_keys ? put_container(r, name, &service)
		: r->type->keys == volume_keys
			? put_resource(r, "volume create", name, &service)
			: put_resource(r, "network create --ignore", name, &service);

	if (e < 0)
		return e;
	str_addf(out, "# Made by ctr of %s\n[Unit]\nSourcePath=%s\n", r->q->path, r->q->path);
	if (!r->q->is_user && !r->is_early)
		str_add(out, "Wants=network-online.target\nAfter=network-online.target\n");
	str_add(out, r->needs.p ? r->needs.p : "");
	str_add(out, r->unit.p ? r->unit.p : "");
	str_addf(out, "\n[Service]\n%s", service.p);
	return 0;
}

int quadlet_unit(const struct quadlet *q, struct arena *mem, struct str *out,
		 struct words *ret_wanted, struct err *err)
{
	struct reader r = {
		.q = q, .type = type_of(q->path), .mem = mem, .err = err, .wanted = ret_wanted};
	int e = read_file(&r);

	if (e == 0)
		e = put_unit(&r, out);
	str_clear(&r.unit);
	str_clear(&r.service);
	str_clear(&r.needs);
	return e;
}
