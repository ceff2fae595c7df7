/* SPDX-License-Identifier: Apache-2.0 */
/* Build-time program: a JSON schema in, C structs and field tables out.
 *
 *	gen SCHEMA PREFIX OUT.h OUT.c
 *
 * The schema's top and each object in its $defs become a struct PREFIX_NAME and a PREFIX_NAME_table
 * (the top: PREFIX and PREFIX_table); camelCase becomes snake_case.
 *
 *	string                    const char *x          NULL: absent
 *	boolean, integer          T x; bool has_x        T by "format": int32 ... uint64
 *	string with "enum"        enum PREFIX_NAME_X x   0: absent; text with "x-c": "text"
 *	object                    struct PREFIX_Y *x
 *	array                     T *x; size_t n_x
 *	object whose members      struct config_kv *x; size_t n_x, or structs with the key first
 *	are not fixed
 *	"x-config": "NAME"        the object NAME of config.schema.json's $defs
 *
 * Of the constraints only required, minimum, maximum and enum reach the tables. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "runtime/config/table.h"

enum { NAME = 128 };

struct gen {
	const char *prefix;
	yajl_val defs;
	FILE *h, *c;
};

/* One struct to be: the schema's top, or one of $defs. */
struct object {
	char name[NAME]; /* with the prefix */
	yajl_val node;
	bool keyed; /* used as a map's value: the key comes first */
};

struct prop {
	const char *json;
	char member[NAME];
	char type[NAME];  /* C type of the value or element */
	char other[NAME]; /* the enum's or the struct's name */
	enum field_kind kind;
	enum field_shape shape;
	const char *min, *max;
	yajl_val words;
	bool is_own_enum; /* not one of $defs */
	bool required;
};

__attribute__((format(printf, 1, 2))) _Noreturn static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("gen: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

__attribute__((format(printf, 2, 3))) static void name_fmt(char *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(ret, NAME, fmt, ap) >= NAME)
		die("a name is too long: %s", ret);
	va_end(ap);
}

static yajl_val get(yajl_val node, const char *key)
{
	const char *path[] = {key, NULL};

	return YAJL_IS_OBJECT(node) ? yajl_tree_get(node, path, yajl_t_any) : NULL;
}

/* Text of a string node; "" for any other. */
static const char *text(yajl_val node)
{
	return YAJL_IS_STRING(node) ? node->u.string : "";
}

static const char *number(yajl_val node)
{
	return YAJL_IS_NUMBER(node) ? node->u.number.r : NULL;
}

/* Number of members or elements. */
static size_t size(yajl_val node)
{
	if (YAJL_IS_OBJECT(node))
		return node->u.object.len;
	return YAJL_IS_ARRAY(node) ? node->u.array.len : 0;
}

static yajl_val child(yajl_val node, size_t i)
{
	if (i >= size(node))
		return NULL;
	return YAJL_IS_OBJECT(node) ? node->u.object.values[i] : node->u.array.values[i];
}

/* Name of the i-th member of an object; "" of an array. */
static const char *child_name(yajl_val node, size_t i)
{
	return YAJL_IS_OBJECT(node) && i < size(node) ? node->u.object.keys[i] : "";
}

/* The name behind "$ref": "#/$defs/NAME", or NULL. */
static const char *ref_name(yajl_val node)
{
	static const char head[] = "#/$defs/";
	const char *ref = text(get(node, "$ref"));

	if (!*ref)
		return NULL;
	if (strncmp(ref, head, sizeof(head) - 1) != 0)
		die("unknown reference %s", ref);
	return ref + sizeof(head) - 1;
}

/* What the node itself says about key, or else what it refers to says. */
static yajl_val attr(const struct gen *g, yajl_val node, const char *key)
{
	yajl_val v = get(node, key);
	const char *ref = ref_name(node);

	if (v || !ref)
		return v;
	yajl_val def = get(g->defs, ref);
	if (!def)
		die("$defs has no %s", ref);
	return get(def, key);
}

static bool attr_is(const struct gen *g, yajl_val node, const char *key, const char *value)
{
	return strcmp(text(attr(g, node, key)), value) == 0;
}

/* blockIO -> block_io, execCPUAffinity -> exec_cpu_affinity, os.version -> os_version */
static void snake(const char *camel, char ret[NAME])
{
	size_t n = 0;

	for (const char *p = camel; *p; p++) {
		bool upper = isupper((unsigned char)*p);
		bool after_lower = p > camel && !isupper((unsigned char)p[-1]) &&
				   isalnum((unsigned char)p[-1]);
		bool before_lower =
			p > camel && islower((unsigned char)p[1]) && isalnum((unsigned char)p[-1]);
		if (n + 3 > NAME)
			die("a name is too long: %s", camel);
		if (upper && (after_lower || before_lower))
			ret[n++] = '_';
		ret[n++] = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '_';
	}
	ret[n] = 0;
}

/* Keys that C, or GNU C on Linux, keeps for itself get an underscore. */
static void member_name(const char *json, char ret[NAME])
{
	static const char *const taken[] = {"auto",     "const",    "default", "double", "enum",
					    "extern",   "float",    "inline",  "int",    "linux",
					    "long",     "register", "return",  "short",  "signed",
					    "static",   "struct",   "switch",  "union",  "unix",
					    "unsigned", "void",     "volatile"};
	char low[NAME];
	bool is_taken = false;

	snake(json, low);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		is_taken = is_taken || strcmp(low, taken[i]) == 0;
	name_fmt(ret, "%s%s", low, is_taken ? "_" : "");
}

static void resolve_int(const struct gen *g, struct prop *p, yajl_val elem)
{
	static const char *const formats[] = {"int32", "int64", "uint16", "uint32", "uint64"};
	const char *format = text(attr(g, elem, "format"));
	size_t i = 0;

	p->min = number(attr(g, elem, "minimum"));
	p->max = number(attr(g, elem, "maximum"));
	while (i < 5 && strcmp(format, formats[i]) != 0)
		i++;
	if (i == 5 || !p->min || !p->max)
		die("%s: an integer needs a known format, a minimum and a maximum", p->json);
	p->kind = format[0] == 'u' ? FIELD_UINT : FIELD_INT;
	name_fmt(p->type, "%s_t", format);
}

/* Kind and C type of the value, or of a list's or map's element. */
static void resolve_value(const struct gen *g, const char *owner, struct prop *p, yajl_val elem)
{
	const char *ref = ref_name(elem), *foreign = text(get(elem, "x-config"));
	char low[NAME] = "";

	if (ref || *foreign)
		snake(ref ? ref : foreign, low);
	p->words = attr(g, elem, "enum");
	if (p->words && !attr_is(g, elem, "x-c", "text")) {
		p->kind = FIELD_ENUM;
		p->is_own_enum = !ref;
		if (ref)
			name_fmt(p->other, "%s_%s", g->prefix, low);
		else
			name_fmt(p->other, "%s_%s", owner, p->member);
		name_fmt(p->type, "enum %s", p->other);
	} else if (p->words || attr_is(g, elem, "type", "string")) {
		p->kind = FIELD_TEXT;
		name_fmt(p->type, "const char *");
	} else if (attr_is(g, elem, "type", "boolean")) {
		p->kind = FIELD_BOOL;
		name_fmt(p->type, "bool");
	} else if (attr_is(g, elem, "type", "integer")) {
		resolve_int(g, p, elem);
	} else if (*foreign || (ref && attr_is(g, elem, "type", "object"))) {
		p->kind = FIELD_OBJECT;
		name_fmt(p->other, "%s_%s", *foreign ? "config" : g->prefix, low);
		name_fmt(p->type, "struct %s", p->other);
	} else {
		die("%s.%s: neither a scalar nor a reference to an object", owner, p->json);
	}
}

static bool is_required(yajl_val object, const char *key)
{
	yajl_val list = get(object, "required");

	for (size_t i = 0; i < size(list); i++)
		if (strcmp(text(child(list, i)), key) == 0)
			return true;
	return false;
}

static struct prop resolve(const struct gen *g, const struct object *o, size_t i)
{
	yajl_val props = get(o->node, "properties");
	struct prop p = {.json = child_name(props, i)};
	yajl_val node = child(props, i), elem = node;

	if (attr_is(g, node, "type", "array")) {
		p.shape = FIELD_LIST;
		elem = attr(g, node, "items");
	} else if (YAJL_IS_OBJECT(attr(g, node, "additionalProperties"))) {
		p.shape = FIELD_MAP;
		elem = attr(g, node, "additionalProperties");
	}
	member_name(p.json, p.member);
	resolve_value(g, o->name, &p, elem);
	if (p.shape != FIELD_ONE && p.kind == FIELD_BOOL)
		die("%s.%s: no lists of booleans", o->name, p.json);
	if (p.shape == FIELD_MAP && p.kind == FIELD_TEXT)
		name_fmt(p.type, "struct config_kv");
	else if (p.shape == FIELD_MAP && p.kind != FIELD_OBJECT)
		die("%s.%s: a map holds text or objects", o->name, p.json);
	p.required = is_required(o->node, p.json);
	return p;
}

static bool has_flag(const struct prop *p)
{
	return p->shape == FIELD_ONE &&
	       (p->kind == FIELD_BOOL || p->kind == FIELD_INT || p->kind == FIELD_UINT);
}

/* How many bytes all words share, up to and with their last common underscore: it is not repeated
 * in the constants. */
static size_t common_prefix(yajl_val words)
{
	const char *first = text(child(words, 0));
	size_t n = strlen(first);

	for (size_t i = 0; i < size(words); i++)
		while (n && strncmp(first, text(child(words, i)), n) != 0)
			n--;
	while (n && first[n - 1] != '_')
		n--;
	return n;
}

static void put_upper(FILE *f, const char *s)
{
	for (; *s; s++)
		fputc(isalnum((unsigned char)*s) ? toupper((unsigned char)*s) : '_', f);
}

static void emit_enum(const struct gen *g, const char *name, yajl_val words)
{
	size_t n = size(words), skip = common_prefix(words);

	fprintf(g->h, "enum %s {\n\t", name);
	put_upper(g->h, name);
	fprintf(g->h, "_NONE,\n");
	fprintf(g->c, "const char *const %s_words[%zu] = {\n", name, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *w = text(child(words, i));
		fputc('\t', g->h);
		put_upper(g->h, name);
		fputc('_', g->h);
		put_upper(g->h, w + skip);
		fputs(",\n", g->h);
		fprintf(g->c, "\t[%zu] = \"%s\",\n", i + 1, w);
	}
	fprintf(g->h, "};\nextern const char *const %s_words[%zu];\n\n", name, n + 1);
	fprintf(g->c, "};\n\n");
}

static void emit_member(const struct gen *g, const struct prop *p)
{
	bool pointer = p->kind == FIELD_OBJECT || p->shape != FIELD_ONE;
	const char *gap = p->type[strlen(p->type) - 1] == '*' ? "" : " ";

	fprintf(g->h, "\t%s%s%s%s;\n", p->type, gap, pointer ? "*" : "", p->member);
	if (has_flag(p))
		fprintf(g->h, "\tbool has_%s;\n", p->member);
	if (p->shape != FIELD_ONE)
		fprintf(g->h, "\tsize_t n_%s;\n", p->member);
}

static void emit_field(const struct gen *g, const struct object *o, const struct prop *p)
{
	static const char *const kinds[] = {"BOOL", "INT", "UINT", "TEXT", "ENUM", "OBJECT"};
	static const char *const shapes[] = {"ONE", "LIST", "MAP"};
	bool is_number = p->kind == FIELD_INT || p->kind == FIELD_UINT;

	fprintf(g->c, "\t{ .name = \"%s\", .name_len = %zu, .kind = FIELD_%s, .shape = FIELD_%s,\n",
		p->json, strlen(p->json), kinds[p->kind], shapes[p->shape]);
	fprintf(g->c, "\t  .size = sizeof(%s%s), .offset = offsetof(struct %s, %s)", p->type,
		p->shape == FIELD_ONE && p->kind == FIELD_OBJECT ? " *" : "", o->name, p->member);
	if (p->required)
		fputs(", .required = 1", g->c);
	if (has_flag(p))
		fprintf(g->c, ", .has = offsetof(struct %s, has_%s)", o->name, p->member);
	if (p->shape != FIELD_ONE)
		fprintf(g->c, ", .count = offsetof(struct %s, n_%s)", o->name, p->member);
	if (is_number && strcmp(p->min, "-9223372036854775808") == 0)
		fprintf(g->c, ",\n\t  .min = INT64_MIN, .max = %su", p->max);
	else if (is_number)
		fprintf(g->c, ",\n\t  .min = %s, .max = %su", p->min, p->max);
	if (p->kind == FIELD_ENUM)
		fprintf(g->c, ",\n\t  .n_words = %zu, .words = %s_words", size(p->words) + 1,
			p->other);
	if (p->kind == FIELD_OBJECT)
		fprintf(g->c, ",\n\t  .table = &%s_table", p->other);
	fputs(" },\n", g->c);
}

static size_t n_props(const struct object *o)
{
	size_t n = size(get(o->node, "properties"));

	if (n > TABLE_FIELDS_MAX)
		die("%s has too many properties", o->name);
	return n;
}

static void emit_object(const struct gen *g, const struct object *o)
{
	size_t n = n_props(o);

	for (size_t i = 0; i < n; i++) {
		struct prop p = resolve(g, o, i);
		if (p.is_own_enum)
			emit_enum(g, p.other, p.words);
	}
	fprintf(g->h, "struct %s {\n%s", o->name, o->keyed ? "\tconst char *key;\n" : "");
	fprintf(g->c, "static const struct field %s_fields[] = {\n", o->name);
	for (size_t i = 0; i < n; i++) {
		struct prop p = resolve(g, o, i);
		emit_member(g, &p);
		emit_field(g, o, &p);
	}
	fprintf(g->h, "};\nextern const struct table %s_table;\n\n", o->name);
	fprintf(g->c,
		"};\nconst struct table %s_table = { %s_fields, %zu, sizeof(struct %s) };\n\n",
		o->name, o->name, n, o->name);
}

/* Is the definition the value of some map below node? */
static bool is_map_value(yajl_val node, const char *def)
{
	for (size_t i = 0; i < size(node); i++) {
		const char *ref = ref_name(child(node, i));
		bool is_map = strcmp(child_name(node, i), "additionalProperties") == 0;
		if ((is_map && ref && strcmp(ref, def) == 0) || is_map_value(child(node, i), def))
			return true;
	}
	return false;
}

static bool is_enum(yajl_val def)
{
	return get(def, "enum") && strcmp(text(get(def, "x-c")), "text") != 0;
}

/* Enums come first: a struct that holds one must know it. */
static void emit_all(const struct gen *g, yajl_val top)
{
	struct object o = {.node = top};
	char low[NAME];

	for (size_t i = 0; i < size(g->defs); i++) {
		snake(child_name(g->defs, i), low);
		name_fmt(o.name, "%s_%s", g->prefix, low);
		if (is_enum(child(g->defs, i)))
			emit_enum(g, o.name, get(child(g->defs, i), "enum"));
	}
	for (size_t i = 0; i < size(g->defs); i++) {
		struct object def = {.node = child(g->defs, i)};
		snake(child_name(g->defs, i), low);
		name_fmt(def.name, "%s_%s", g->prefix, low);
		def.keyed = is_map_value(top, child_name(g->defs, i));
		if (strcmp(text(get(def.node, "type")), "object") == 0)
			emit_object(g, &def);
	}
	name_fmt(o.name, "%s", g->prefix);
	emit_object(g, &o);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t cap = 1 << 20;
	char *buf = calloc(1, cap);

	if (!f || !buf)
		die("cannot read %s", path);
	if (fread(buf, 1, cap - 1, f) == cap - 1)
		die("%s is too long", path);
	fclose(f);
	return buf;
}

static FILE *create(const char *path, const char *schema)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die("cannot create %s", path);
	fprintf(f, "/* Made by gen from %s: change that instead. */\n", schema);
	return f;
}

int main(int argc, char **argv)
{
	char why[256];

	if (argc != 5)
		die("usage: gen SCHEMA PREFIX OUT.h OUT.c");
	char *schema = read_file(argv[1]);
	yajl_val top = yajl_tree_parse(schema, why, sizeof(why));
	if (!top)
		die("%s: %s", argv[1], why);
	struct gen g = {.prefix = argv[2],
			.defs = get(top, "$defs"),
			.h = create(argv[3], argv[1]),
			.c = create(argv[4], argv[1])};
	const char *base = strrchr(argv[3], '/');
	fprintf(g.h,
		"#pragma once\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
		"#include \"runtime/config/%s.h\"\n\n",
		strcmp(g.prefix, "config") == 0 ? "table" : "config");
	fprintf(g.c, "#include \"gen/%s\"\n\n", base ? base + 1 : argv[3]);
	emit_all(&g, top);
	if (fclose(g.h) || fclose(g.c))
		die("cannot write %s or %s", argv[3], argv[4]);
	yajl_tree_free(top);
	free(schema);
	return 0;
}
