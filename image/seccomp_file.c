/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "image/seccomp_file.h"
#include "namespaces/caps.h"
#include "runtime/base/str.h"
#include "runtime/config/decode.h"

/* This machine by the names that such profiles use, GOARCH's and x32. */
#if defined(__x86_64__)
static const char native_arch[] = "amd64";
static const char native_scmp[] = "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
static const char native_arch[] = "arm64";
static const char native_scmp[] = "SCMP_ARCH_AARCH64";
#else
static const char native_arch[] = "other";
static const char native_scmp[] = "SCMP_ARCH_NATIVE";
#endif

/* ---- the dialect's structs and tables, as the generator would make them -----------------------*/

struct condition {
	const char **caps, **arches;
	size_t n_caps, n_arches;
	const char *min_kernel;
};

struct rule {
	struct config_syscall plain; /* first, so that its offsets count for both */
	const char *name;
	struct condition *includes, *excludes;
};

struct arch_map {
	const char *architecture;
	const char **subs;
	size_t n_subs;
};

struct profile {
	struct config_seccomp plain; /* without its syscalls */
	struct arch_map *arch_map;
	size_t n_arch_map;
	struct rule *rules;
	size_t n_rules;
};

/* clang-format off */
#define COMMON(key, type, member) \
	.name = (key), .name_len = sizeof(key) - 1, .offset = offsetof(type, member)
#define TEXT(key, type, member) \
	{COMMON(key, type, member), .kind = FIELD_TEXT, .size = sizeof(char *)}
#define TEXTS(key, type, member) \
	{COMMON(key, type, member), .kind = FIELD_TEXT, .shape = FIELD_LIST, .size = sizeof(char *), \
	 .count = offsetof(type, n_##member)}
#define NUMBER(key, type, member) \
	{COMMON(key, type, member), .kind = FIELD_UINT, .size = sizeof(uint32_t), \
	 .has = offsetof(type, has_##member), .max = UINT32_MAX}
#define OBJECT(key, type, member, inner) \
	{COMMON(key, type, member), .kind = FIELD_OBJECT, .size = sizeof(void *), .table = (inner)}
#define OBJECTS(key, type, member, inner) \
	{COMMON(key, type, member), .kind = FIELD_OBJECT, .shape = FIELD_LIST, \
	 .size = sizeof(*((type *)0)->member), .count = offsetof(type, n_##member), .table = (inner)}
#define TABLE(fields, type) {fields, sizeof(fields) / sizeof(*(fields)), sizeof(type)}

static const struct field condition_fields[] = {
	TEXTS("caps", struct condition, caps),
	TEXTS("arches", struct condition, arches),
	TEXT("minKernel", struct condition, min_kernel),
};
static const struct table condition_table = TABLE(condition_fields, struct condition);

static const struct field rule_fields[] = {
	TEXTS("names", struct config_syscall, names),
	TEXT("name", struct rule, name),
	TEXT("action", struct config_syscall, action),
	NUMBER("errnoRet", struct config_syscall, errno_ret),
	OBJECTS("args", struct config_syscall, args, &config_syscall_arg_table),
	OBJECT("includes", struct rule, includes, &condition_table),
	OBJECT("excludes", struct rule, excludes, &condition_table),
};
static const struct table rule_table = TABLE(rule_fields, struct rule);

static const struct field arch_map_fields[] = {
	TEXT("architecture", struct arch_map, architecture),
	TEXTS("subArchitectures", struct arch_map, subs),
};
static const struct table arch_map_table = TABLE(arch_map_fields, struct arch_map);

static const struct field profile_fields[] = {
	TEXT("defaultAction", struct config_seccomp, default_action),
	NUMBER("defaultErrnoRet", struct config_seccomp, default_errno_ret),
	TEXTS("architectures", struct config_seccomp, architectures),
	TEXTS("flags", struct config_seccomp, flags),
	TEXT("listenerPath", struct config_seccomp, listener_path),
	TEXT("listenerMetadata", struct config_seccomp, listener_metadata),
	OBJECTS("archMap", struct profile, arch_map, &arch_map_table),
	OBJECTS("syscalls", struct profile, rules, &rule_table),
};
static const struct table profile_table = TABLE(profile_fields, struct profile);
/* clang-format on */

/* ---- what counts here -------------------------------------------------------------------------*/

static bool has_arch(const struct condition *c)
{
	for (size_t i = 0; i < c->n_arches; i++)
		if (str_eq(c->arches[i], native_arch))
			return true;
	return false;
}

static size_t count_caps(const struct condition *c, uint64_t bounding)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_caps; i++) {
		int cap = caps_number(c->caps[i]);
		n += cap >= 0 && (bounding >> cap & 1);
	}
	return n;
}

/* "4.8", "5.10.0". What is no version is taken for one that no kernel has reached. */
static bool kernel_is(const char *version, uint32_t kernel)
{
	unsigned major = UINT16_MAX, minor = 0;

	if (sscanf(version, "%5u.%5u", &major, &minor) < 1)
		return false;
	return kernel >> 8 >= (major << 8 | (minor & 255));
}

/* Included: everything that is asked for is so. Excluded: any of it is. */
static bool counts(const struct rule *r, const struct seccomp_for *who)
{
	const struct condition *in = r->includes, *ex = r->excludes;

	if (ex && (has_arch(ex) || count_caps(ex, who->bounding) ||
		   (ex->min_kernel && kernel_is(ex->min_kernel, who->kernel))))
		return false;
	if (!in)
		return true;
	return (!in->n_arches || has_arch(in)) && count_caps(in, who->bounding) == in->n_caps &&
	       (!in->min_kernel || kernel_is(in->min_kernel, who->kernel));
}

static void resolve_archs(struct profile *p, struct arena *mem)
{
	for (size_t i = 0; i < p->n_arch_map; i++) {
		const struct arch_map *m = &p->arch_map[i];
		if (!m->architecture || !str_eq(m->architecture, native_scmp))
			continue;
		const char **archs = arena_zalloc(mem, m->n_subs + 1, sizeof(*archs));
		archs[0] = m->architecture;
		for (size_t k = 0; k < m->n_subs; k++)
			archs[1 + k] = m->subs[k];
		p->plain.architectures = archs;
		p->plain.n_architectures = m->n_subs + 1;
		return;
	}
}

static int add_rule(struct config_seccomp *s, struct rule *r, size_t index, struct err *err)
{
	if (r->name && r->plain.n_names)
		return err_say(err, EINVAL, "syscalls[%zu] has both name and names", index);
	if (!r->plain.action || (!r->name && !r->plain.n_names))
		return err_say(err, EINVAL, "syscalls[%zu] has no names, or no action", index);
	if (r->name) {
		r->plain.names = &r->name;
		r->plain.n_names = 1;
	}
	s->syscalls[s->n_syscalls++] = r->plain;
	return 0;
}

int seccomp_file_resolve(const char *text, size_t len, const struct seccomp_for *who,
			 struct arena *mem, struct config_seccomp **ret, struct err *err)
{
	void *decoded;
	int r = decode_object(&profile_table, text, len, mem, &decoded, err);

	if (r < 0)
		return r;
	struct profile *p = decoded;
	struct config_seccomp *s = &p->plain;
	if (!s->default_action)
		return err_say(err, EINVAL, "defaultAction is missing");
	if (p->n_arch_map && s->n_architectures)
		return err_say(err, EINVAL, "both archMap and architectures");
	resolve_archs(p, mem);
	s->syscalls = arena_zalloc(mem, p->n_rules, sizeof(*s->syscalls));
	for (size_t i = 0; i < p->n_rules; i++)
		if (counts(&p->rules[i], who) && (r = add_rule(s, &p->rules[i], i, err)) < 0)
			return r;
	*ret = s;
	return 0;
}
