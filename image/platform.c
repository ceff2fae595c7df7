/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "image/manifest.h"

/* The kernel's words and Go's, which images use. */
static const struct {
	const char *machine, *arch, *variant;
} machines[] = {
	{"x86_64", "amd64", NULL},    {"aarch64", "arm64", NULL}, {"armv7l", "arm", "v7"},
	{"armv6l", "arm", "v6"},      {"i686", "386", NULL},      {"riscv64", "riscv64", NULL},
	{"ppc64le", "ppc64le", NULL}, {"s390x", "s390x", NULL},   {"loongarch64", "loong64", NULL},
};

struct platform platform_own(void)
{
	struct platform p = {"linux", "amd64", NULL};
	struct utsname u;

	if (uname(&u) < 0)
		return p;
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (str_eq(u.machine, machines[i].machine)) {
			p.arch = machines[i].arch;
			p.variant = machines[i].variant;
		}
	return p;
}

int platform_parse(const char *text, struct arena *mem, struct platform *ret, struct err *err)
{
	struct platform p = platform_own();
	char *os = arena_str(mem, text), *arch = strchr(os, '/'), *variant = NULL;

	if (!arch) {
		arch = os;
	} else {
		*arch++ = 0;
		p.os = os;
		variant = strchr(arch, '/');
		if (variant)
			*variant++ = 0;
	}
	if (!*p.os || !*arch || (variant && (!*variant || strchr(variant, '/'))))
		return err_say(
			err, EINVAL,
			"--platform: expected OS/ARCH[/VARIANT] such as linux/arm64, got \"%.60s\"",
			text);
	p.arch = arch;
	p.variant = variant;
	*ret = p;
	return 0;
}

/* "v7" is 7; 0 for none. */
static int level(const char *variant)
{
	return variant && *variant == 'v' && variant[1] >= '0' && variant[1] <= '9'
		       ? variant[1] - '0'
		       : 0;
}

/* How well a variant fits, 0: not at all. Newer ARM runs what was made for older ones; an image for a
 * higher level of amd64 is taken only by who asks for it. */
static int variant_fit(const char *arch, const char *have, const char *want)
{
	enum { BEST = 10 };
	int have_level = level(have), want_level = level(want);

	if ((have && want && str_eq(have, want)) || (!have && !want))
		return BEST;
	if (str_eq(arch, "arm"))
		return !have || !want || have_level <= want_level ? BEST - 9 + have_level : 0;
	if (str_eq(arch, "arm64"))
		return !have || !want || have_level <= (want_level ? want_level : 8);
	if (str_eq(arch, "amd64"))
		return !have || have_level <= (want_level ? want_level : 1);
	return !have || !want;
}

static int fit(const struct oci_platform *p, const struct platform *want)
{
	if ((p->os && !str_eq(p->os, want->os)) ||
	    (p->architecture && !str_eq(p->architecture, want->arch)) || p->n_os_features)
		return 0;
	return variant_fit(want->arch, p->variant, want->variant);
}

bool platform_fits(const struct oci_platform *p, const struct platform *want)
{
	return fit(p, want) > 0;
}

static void list_platforms(const struct oci *index, struct str *s)
{
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct oci_platform *p = index->manifests[i].platform;
		if (p && p->os && p->architecture && !str_eq(p->os, "unknown"))
			str_addf(s, "%s%s/%s%s%s", s->len ? ", " : "", p->os, p->architecture,
				 p->variant ? "/" : "", p->variant ? p->variant : "");
	}
}

/* An entry that names no platform fits if there is nothing better: its config will tell. */
int platform_choose(const struct oci *index, const struct platform *want, struct err *err)
{
	auto_(str) struct str there = {0};
	int best = -1, best_fit = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct oci_descriptor *d = &index->manifests[i];
		int f = d->platform ? 2 * fit(d->platform, want) : d->artifact_type ? 0 : 1;
		if (f > best_fit) {
			best = (int)i;
			best_fit = f;
		}
	}
	if (best >= 0)
		return best;
	list_platforms(index, &there);
	return err_say(err, ENOENT, "no image for %s/%s%s%s among: %.200s", want->os, want->arch,
		       want->variant ? "/" : "", want->variant ? want->variant : "",
		       there.len ? there.p : "none");
}
