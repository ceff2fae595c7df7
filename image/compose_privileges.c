/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "image/seccomp_default.h"
#include "image/seccomp_file.h"
#include "namespaces/caps.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"

/* ---- words of the flags -----------------------------------------------------------------------*/

static int read_switch(const char *value, bool *ret, struct err *err)
{
	*ret = !*value || str_eq(value, "true");
	if (!*ret && !str_eq(value, "false"))
		return err_say(
			err, EINVAL,
			"--security-opt no-new-privileges: expected true or false, got \"%.40s\"",
			value);
	return 0;
}

static int security_word(const char *word, struct security *s, struct arena *mem, struct err *err)
{
	/* Docker took ":" once, and its callers still write it. */
	size_t n = strcspn(word, "=:");
	const char *key = arena_copy(mem, word, n), *value = word[n] ? word + n + 1 : "";
	bool on;

	if (str_eq(key, "no-new-privileges")) {
		int r = read_switch(value, &on, err);
		s->gains_privileges = !on;
		return r;
	}
	if (!*value)
		return err_say(err, EINVAL, "--security-opt: expected NAME=VALUE, got \"%.60s\"",
			       word);
	if (str_eq(key, "seccomp"))
		s->seccomp = value;
	else if (str_eq(key, "apparmor"))
		s->apparmor = str_eq(value, "unconfined") ? NULL : value;
	else if (str_eq(key, "label"))
		s->label = str_eq(value, "disable") ? NULL : value;
	else if (str_eq(key, "systempaths") && str_eq(value, "unconfined"))
		s->shows_system = true;
	else
		return err_say(err, EINVAL, "--security-opt: unknown option \"%.60s\"", word);
	return 0;
}

int security_parse(const struct words *words, struct security *ret, struct arena *mem,
		   struct err *err)
{
	struct security s = {0};

	for (size_t i = 0; i < words->n; i++)
		if (security_word(words->v[i], &s, mem, err) < 0)
			return -err->num;
	if (s.label) {
		err_say(err, ENOTSUP, "--security-opt label=%.60s is not supported", s.label);
		err_hint(err, "label=disable, or no label, runs without one");
		return -ENOTSUP;
	}
	*ret = s;
	return 0;
}

int device_parse(const char *text, struct device_spec *ret, struct arena *mem, struct err *err)
{
	const char *first = strchrnul(text, ':');
	const char *second = *first ? strchrnul(first + 1, ':') : first;
	struct device_spec d = {.host = arena_copy(mem, text, (size_t)(first - text)),
				.access = "rwm"};

	d.path = d.host;
	if (*first && first[1] == '/')
		d.path = arena_copy(mem, first + 1, (size_t)(second - first - 1));
	else if (*first)
		second = first; /* HOST:ACCESS */
	if (*second)
		d.access = second + 1;
	if (*d.host != '/' || !*d.access || d.access[strspn(d.access, "rwm")])
		return err_say(err, EINVAL,
			       "--device: expected /dev/X[:/dev/Y][:rwm], got \"%.60s\"", text);
	d.path = path_clean(mem, d.path);
	*ret = d;
	return 0;
}

/* ---- config -----------------------------------------------------------------------------------*/

static int compose_caps(const struct compose *in, struct config_process *p, uint64_t *ret_bounding,
			struct err *err)
{
	const struct run_flags *f = in->flags;
	const struct caps_want want = {
		.add = f->cap_add.v,
		.n_add = f->cap_add.n,
		.drop = f->cap_drop.v,
		.n_drop = f->cap_drop.n,
		.privileged = f->privileged,
		.grantable = in->host->euid == 0 ? in->host->caps : caps_all(),
	};
	struct config_capabilities *c = arena_zalloc(in->mem, 1, sizeof(*c));
	uint64_t mask;
	int r = caps_compose(&want, &mask, err);

	if (r < 0)
		return r;
	/* Who is not root has none to begin with: what is added is for programs with file
	 * capabilities, inheritable and ambient sets stay empty (CVE-2022-24769). */
	c->bounding = caps_names(mask, in->mem, &c->n_bounding);
	if (in->facts->user.uid == 0) {
		c->effective = c->permitted = c->bounding;
		c->n_effective = c->n_permitted = c->n_bounding;
	}
	p->capabilities = c;
	*ret_bounding = mask;
	return 0;
}

static int compose_seccomp(const struct compose *in, const struct security *s, uint64_t bounding,
			   struct config_linux *l, struct err *err)
{
	const struct seccomp_for who = {.bounding = bounding, .kernel = in->host->kernel};
	const struct run_facts *facts = in->facts;

	if (!s->seccomp && !in->flags->privileged)
		l->seccomp = seccomp_default(bounding, in->mem);
	if (!facts->seccomp_text)
		return 0;
	int r = seccomp_file_resolve(facts->seccomp_text, facts->seccomp_len, &who, in->mem,
				     &l->seccomp, err);
	return r < 0 ? err_wrap(err, "%s", s->seccomp) : 0;
}

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	NULL,
};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* What hides kernel interfaces can be switched off, what hides the image's secrets cannot. */
static void compose_masks(const struct compose *in, bool shows_system, struct config_linux *l)
{
	struct words masked = in->image->masked;

	for (size_t i = 0; !shows_system && masked_paths[i]; i++)
		words_add(&masked, masked_paths[i], in->mem);
	l->masked_paths = masked.v;
	l->n_masked_paths = masked.n;
	if (!shows_system)
		l->readonly_paths = compose_list(readonly_paths, &l->n_readonly_paths, in->mem);
}

static void add_rule(struct config_resources *res, bool allow, const struct config_device *d,
		     const char *access)
{
	struct config_device_rule *rule = &res->devices[res->n_devices++];

	*rule = (struct config_device_rule){.allow = allow, .has_allow = true, .access = access};
	if (!d)
		return;
	rule->type = d->type == CONFIG_DEVICE_TYPE_B ? "b" : "c";
	rule->major = d->major;
	rule->minor = d->minor;
	rule->has_major = rule->has_minor = true;
}

/* "c 10:200 rwm": a type (a: all), numbers or "*", accesses. */
static int read_number(const char *text, size_t n, int64_t *ret, bool *has)
{
	char digits[12];
	uint64_t value;

	*has = !(n == 1 && *text == '*');
	if (!*has)
		return 0;
	if (!n || n >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, n);
	digits[n] = '\0';
	int r = num_max(digits, 10, UINT32_MAX, &value);
	*ret = (int64_t)value;
	return r;
}

static int device_rule(const char *text, struct arena *mem, struct config_device_rule *ret,
		       struct err *err)
{
	struct config_device_rule rule = {.allow = true, .has_allow = true};
	size_t major = strcspn(text + (*text != 0), ":"), minor = 0;
	const char *at = text;

	if (strspn(text, "abc") == 1 && text[1] == ' ' && major > 1) {
		rule.type = arena_copy(mem, text, 1);
		at = text + 2;
		major = strcspn(at, ":");
		minor = at[major] ? strcspn(at + major + 1, " ") : 0;
	}
	const char *access = minor ? at + major + 1 + minor : "";
	if (*access != ' ' || !access[1] || access[1 + strspn(access + 1, "rwm")] ||
	    read_number(at, major, &rule.major, &rule.has_major) < 0 ||
	    read_number(at + major + 1, minor, &rule.minor, &rule.has_minor) < 0)
		return err_say(err, EINVAL,
			       "--device-cgroup-rule: expected a rule such as \"c 10:200 rwm\", "
			       "got \"%.60s\"",
			       text);
	rule.access = access + 1;
	*ret = rule;
	return 0;
}

/* Nothing but what is listed; the runtime adds the six devices that every container has. */
static int compose_devices(const struct compose *in, struct config *cfg, struct err *err)
{
	const struct run_facts *facts = in->facts;
	const struct words *rules = &in->flags->device_rules;
	struct config_resources *res = cfg->linux_->resources;
	struct config_linux *l = cfg->linux_;

	l->devices = arena_zalloc(in->mem, facts->n_devices, sizeof(*l->devices));
	for (size_t i = 0; i < facts->n_devices; i++)
		l->devices[l->n_devices++] = facts->devices[i].node;
	if (in->host->euid != 0) { /* no rules can be set, and no nodes be made */
		if (rules->n)
			return err_say(err, EPERM, "--device-cgroup-rule: only root sets rules");
		return 0;
	}
	res->devices =
		arena_zalloc(in->mem, facts->n_devices + rules->n + 1, sizeof(*res->devices));
	add_rule(res, in->flags->privileged, NULL, "rwm");
	for (size_t i = 0; i < facts->n_devices; i++)
		add_rule(res, true, &facts->devices[i].node, facts->devices[i].access);
	for (size_t i = 0; i < rules->n; i++)
		if (device_rule(rules->v[i], in->mem, &res->devices[res->n_devices++], err) < 0)
			return -err->num;
	return 0;
}

int compose_privileges(const struct compose *in, struct config *cfg, struct err *err)
{
	const struct run_flags *f = in->flags;
	struct config_linux *l = cfg->linux_;
	struct security s;
	uint64_t bounding;
	int r = security_parse(&f->security, &s, in->mem, err);

	if (r < 0 || (r = compose_caps(in, cfg->process, &bounding, err)) < 0 ||
	    (r = compose_seccomp(in, &s, bounding, l, err)) < 0)
		return r;
	cfg->process->no_new_privileges = !s.gains_privileges && !f->privileged;
	cfg->process->has_no_new_privileges = true;
	cfg->process->apparmor_profile = s.apparmor;
	compose_masks(in, s.shows_system || f->privileged, l);
	return compose_devices(in, cfg, err);
}
