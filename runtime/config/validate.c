/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/config/validate.h"
#include "runtime/config/validate_parts.h"

void check_warn(const struct check *c, const char *fmt, ...)
{
	struct warnings *w = c->warnings;
	char text[500];
	va_list ap;

	if (!w || w->n == WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->texts[w->n++] = arena_str(w->arena, text);
}

bool check_word(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(s, words[i]))
			return true;
	return false;
}

/* Reads a number of at most five digits; NULL: none is there. */
static const char *list_number(const char *s, unsigned *ret)
{
	size_t n = strspn(s, "0123456789");

	if (n == 0 || n > 5)
		return NULL;
	*ret = (unsigned)strtoul(s, NULL, 10);
	return s + n;
}

bool check_is_list(const char *s)
{
	for (;;) {
		unsigned first, last;
		s = list_number(s, &first);
		if (!s)
			return false;
		if (*s == '-') {
			s = list_number(s + 1, &last);
			if (!s || last < first)
				return false;
		}
		if (*s == 0)
			return true;
		if (*s++ != ',')
			return false;
	}
}

/* A run of [0-9A-Za-z.-]; NULL: it is empty. */
static const char *version_tail(const char *s)
{
	const char *start = s;

	while (isalnum((unsigned char)*s) || *s == '.' || *s == '-')
		s++;
	return s > start ? s : NULL;
}

/* 1.MINOR.PATCH[-TAIL][+TAIL], numbers without leading zeros: semver.org, 2.0.0. */
static bool is_version_1(const char *s)
{
	if (strncmp(s, "1.", 2) != 0)
		return false;
	s++;
	for (int i = 0; i < 2; i++) {
		if (*s++ != '.')
			return false;
		size_t n = strspn(s, "0123456789");
		if (n == 0 || (*s == '0' && n > 1))
			return false;
		s += n;
	}
	if (*s == '-')
		s = version_tail(s + 1);
	if (s && *s == '+')
		s = version_tail(s + 1);
	return s && *s == 0;
}

static int check_version(const struct check *c)
{
	if (is_version_1(c->config->oci_version))
		return 0;
	return err_say(c->err, EINVAL, "ociVersion: expected a version 1.x.y, found \"%s\"",
		       c->config->oci_version);
}

static int check_root(const struct check *c)
{
	if (*c->config->root->path)
		return 0;
	return err_say(c->err, EINVAL, "root.path: must not be empty");
}

/* The limit is the kernel's __NEW_UTS_LEN. */
static int check_uts_name(const struct check *c, const char *path, const char *name)
{
	if (!name || !*name)
		return 0;
	if (!check_has_ns(c, CONFIG_NAMESPACE_TYPE_UTS))
		return err_say(c->err, EINVAL, "%s: set without a uts namespace", path);
	if (strlen(name) > 64)
		return err_say(c->err, EINVAL, "%s: more than 64 bytes", path);
	return 0;
}

static int check_names(const struct check *c)
{
	int r = check_uts_name(c, "hostname", c->config->hostname);

	return r < 0 ? r : check_uts_name(c, "domainname", c->config->domainname);
}

static int check_annotations(const struct check *c)
{
	for (size_t i = 0; i < c->config->n_annotations; i++)
		if (!*c->config->annotations[i].key)
			return err_say(c->err, EINVAL, "annotations: a key must not be empty");
	return 0;
}

static int check_hook_list(const struct check *c, const char *name, const struct config_hook *hooks,
			   size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hooks[i].path[0] != '/')
			return err_say(c->err, EINVAL,
				       "hooks.%s[%zu].path: must be absolute, found \"%s\"", name,
				       i, hooks[i].path);
	return 0;
}

static int check_hooks(const struct check *c)
{
	const struct config_hooks *h = c->config->hooks;

	if (!h)
		return 0;
	const struct {
		const char *name;
		const struct config_hook *hooks;
		size_t n;
	} lists[] = {
		{"prestart", h->prestart, h->n_prestart},
		{"createRuntime", h->create_runtime, h->n_create_runtime},
		{"createContainer", h->create_container, h->n_create_container},
		{"startContainer", h->start_container, h->n_start_container},
		{"poststart", h->poststart, h->n_poststart},
		{"poststop", h->poststop, h->n_poststop},
	};
	int r = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && r == 0; i++)
		r = check_hook_list(c, lists[i].name, lists[i].hooks, lists[i].n);
	return r;
}

static int check_own_process(const struct check *c)
{
	return c->config->process ? check_process(c, c->config->process) : 0;
}

static int check_own_resources(const struct check *c)
{
	const struct config_linux *l = c->config->linux_;

	return l && l->resources ? check_resources(c, l->resources) : 0;
}

int config_validate(const struct config *config, const struct host *host, struct warnings *warnings,
		    struct err *err)
{
	static int (*const checks[])(const struct check *) = {
		check_version,     check_root,   check_names,         check_annotations,
		check_own_process, check_mounts, check_hooks,         check_namespaces,
		check_id_maps,     check_linux,  check_own_resources, check_seccomp,
	};
	struct check c = {config, host, warnings, err};
	int r = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && r == 0; i++)
		r = checks[i](&c);
	return r;
}

int config_validate_process(const struct config_process *process, struct warnings *warnings,
			    struct err *err)
{
	return check_process(&(struct check){.warnings = warnings, .err = err}, process);
}

int config_validate_resources(const struct config_resources *resources, struct warnings *warnings,
			      struct err *err)
{
	return check_resources(&(struct check){.warnings = warnings, .err = err}, resources);
}
