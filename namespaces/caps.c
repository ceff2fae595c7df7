/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>

#include "namespaces/caps.h"
#include "runtime/base/auto.h"

#define BIT(n) ((uint64_t)1 << (n))

const uint64_t caps_default = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) |
			      BIT(CAP_FOWNER) | BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) |
			      BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) |
			      BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) |
			      BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);

int caps_number(const char *name)
{
	char full[64] = "cap_";
	size_t n = strlen("cap_");
	cap_value_t value;

	if (strncasecmp(name, full, n) == 0)
		name += n;
	/* libcap takes digits for a number, and does not mind what comes behind a name. */
	for (; *name; name++) {
		if ((!isalpha((unsigned char)*name) && *name != '_') || n + 1 == sizeof(full))
			return -1;
		full[n++] = (char)tolower((unsigned char)*name);
	}
	return cap_from_name(full, &value) == 0 && value >= 0 && value < 64 ? value : -1;
}

/* libcap gives those that it has no name for as a number. */
static bool has_name(int number)
{
	char *name = cap_to_name(number);
	bool has = name && isalpha((unsigned char)*name);

	cap_free(name);
	return has;
}

uint64_t caps_all(void)
{
	int n = 0;

	while (n < 64 && has_name(n))
		n++;
	return n == 64 ? ~(uint64_t)0 : BIT(n) - 1;
}

/* ---- the sets of a process -------------------------------------------------------------------- */

struct reader {
	struct warnings *warnings;
	const char *set;
};

static void warn(const struct reader *r, int number, const char *why)
{
	struct warnings *w = r->warnings;
	auto_(str) struct str name = {0};

	if (!w || w->n == WARNINGS_MAX)
		return;
	caps_print(&name, BIT(number));
	w->texts[w->n++] = arena_printf(w->arena, "process.capabilities.%s: %s left out: %s",
					r->set, name.p, why);
}

static uint64_t keep(const struct reader *r, uint64_t mask, uint64_t allowed, const char *why)
{
	for (int i = 0; i < 64; i++)
		if (mask & ~allowed & BIT(i))
			warn(r, i, why);
	return mask & allowed;
}

static uint64_t read_set(const struct reader *r, const char *const *names, size_t n,
			 uint64_t grantable)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++) {
		int number = caps_number(names[i]);
		if (number >= 0)
			mask |= BIT(number);
	}
	return keep(r, mask, grantable, "this host does not grant it");
}

#define READ(caps, set_, grantable)                                                                \
	read_set(&(struct reader){warnings, #set_}, (caps)->set_, (caps)->n_##set_, grantable)
#define KEEP(set_, allowed, why)                                                                   \
	(set.set_ = keep(&(struct reader){warnings, #set_}, set.set_, allowed, why))

void caps_from_config(const struct config_capabilities *caps, uint64_t grantable,
		      struct warnings *warnings, struct op_caps *ret)
{
	static const struct config_capabilities none;
	const struct config_capabilities *c = caps ? caps : &none;
	struct op_caps set = {
		.bounding = READ(c, bounding, grantable),
		.effective = READ(c, effective, grantable),
		.permitted = READ(c, permitted, grantable),
		.inheritable = READ(c, inheritable, grantable),
		.ambient = READ(c, ambient, grantable),
	};

	/* What capset(2) and PR_CAP_AMBIENT_RAISE would answer with EPERM (capabilities(7)). */
	KEEP(effective, set.permitted, "it is not permitted");
	KEEP(inheritable, set.bounding, "it is not in the bounding set");
	KEEP(ambient, set.permitted & set.inheritable, "it is not permitted and inheritable");
	*ret = set;
}

/* ---- the engine's choice ---------------------------------------------------------------------- */

struct choice {
	uint64_t mask;
	bool all;
};

static int read_choice(const char *const *names, size_t n, struct choice *ret, struct err *err)
{
	struct choice c = {0};

	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(names[i], "all") == 0) {
			c.all = true;
			continue;
		}
		int number = caps_number(names[i]);
		if (number < 0)
			return err_say(err, EINVAL, "unknown capability \"%s\"", names[i]);
		c.mask |= BIT(number);
	}
	*ret = c;
	return 0;
}

int caps_compose(const struct caps_want *want, uint64_t *ret, struct err *err)
{
	struct choice add, drop;

	int r = read_choice(want->add, want->n_add, &add, err);
	if (r == 0)
		r = read_choice(want->drop, want->n_drop, &drop, err);
	if (r < 0)
		return r;
	if (add.all && drop.all)
		return err_say(err, EINVAL, "ALL capabilities cannot be added and dropped at once");
	if (drop.all)
		*ret = add.mask;
	else if (add.all || want->privileged)
		*ret = caps_all() & want->grantable & ~drop.mask;
	else
		*ret = (caps_default & ~drop.mask) | add.mask;
	return 0;
}

/* ---- printing --------------------------------------------------------------------------------- */

static void print_one(struct str *out, int number)
{
	char *name = cap_to_name(number);

	if (!name || !isalpha((unsigned char)*name))
		str_addf(out, "%d", number);
	else
		for (const char *p = name; *p; p++)
			str_add_char(out, (char)toupper((unsigned char)*p));
	cap_free(name);
}

void caps_print(struct str *out, uint64_t mask)
{
	for (int i = 0, n = 0; i < 64; i++) {
		if (!(mask & BIT(i)))
			continue;
		if (n++)
			str_add_char(out, ' ');
		print_one(out, i);
	}
}

const char **caps_names(uint64_t mask, struct arena *mem, size_t *ret_n)
{
	const char **names = arena_zalloc(mem, 64, sizeof(*names));
	auto_(str) struct str one = {0};
	size_t n = 0;

	for (int i = 0; i < 64; i++) {
		if (!(mask & BIT(i)) || !has_name(i))
			continue;
		print_one(&one, i);
		names[n++] = arena_str(mem, one.p);
		str_clear(&one);
	}
	*ret_n = n;
	return names;
}
