/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of image/compose.h. */
#pragma once

#include <errno.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "runtime/base/str.h"
#include "runtime/config/validate.h"
#include "tests/lib/test.h"

/* One call of compose with everything around it. */
struct fixture {
	struct arena mem;
	struct run_flags flags;
	struct image image;
	struct run_facts facts;
	struct host host;
	struct config *cfg;
	struct err err;
};

static inline void fixture_clear(struct fixture *f)
{
	arena_clear(&f->mem);
}

static inline struct fixture fixture_new(void)
{
	struct fixture f = {
		.flags = {.id = "web"},
		.image = {.name = "host", .root = "/run/ctr/.host"},
		.facts = {.user = {.has_uid = true, .has_gid = true}, .counts_swap = true},
		.host = {.caps = ~0ULL, .layout = CGROUP_V2},
	};

	words_add(&f.flags.args, "true", &f.mem);
	return f;
}

/* 0, or the error; what comes out must also be valid. */
static inline int make(struct fixture *f)
{
	const struct compose in = {&f->flags, &f->image, &f->facts, &f->host, &f->mem};
	int r = compose(&in, &f->cfg, &f->err);

	if (r == 0 && !CHECK_INT(config_validate(f->cfg, &f->host, NULL, &f->err), 0))
		CHECK_STR(f->err.msg, "");
	return r;
}

static inline void add(struct fixture *f, struct words *w, const char *text)
{
	words_add(w, text, &f->mem);
}

static inline const struct config_mount *find_mount(const struct config *cfg,
						    const char *destination)
{
	for (size_t i = 0; i < cfg->n_mounts; i++)
		if (str_eq(cfg->mounts[i].destination, destination))
			return &cfg->mounts[i];
	return NULL;
}

static inline const char *options_of(struct fixture *f, const char *destination)
{
	const struct config_mount *m = find_mount(f->cfg, destination);
	auto_(str) struct str s = {0};

	if (!m)
		return NULL;
	str_add(&s, "");
	for (size_t i = 0; i < m->n_options; i++)
		str_addf(&s, "%s%s", i ? "," : "", m->options[i]);
	return arena_str(&f->mem, s.p);
}

static inline const char *variable(const struct config *cfg, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < cfg->process->n_env; i++)
		if (strncmp(cfg->process->env[i], name, n) == 0 && cfg->process->env[i][n] == '=')
			return cfg->process->env[i] + n + 1;
	return NULL;
}
