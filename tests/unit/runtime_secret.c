/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/secret.h"
#include "tests/lib/test.h"

struct fixture {
	struct arena mem;
	struct state_options options;
	struct err err;
	bool files;
};

static void fixture_clear(struct fixture *f)
{
	arena_clear(&f->mem);
}

/* One text of --secret; NULL: it is refused. */
static const struct state_secret *parse(struct fixture *f, const char *text)
{
	struct words w = {0};

	words_add(&w, text, &f->mem);
	f->err = (struct err){0};
	int r = secrets_parse(&w, &f->mem, &f->options, &f->files, &f->err);
	CHECK_INT(r, -f->err.num);
	return r < 0 ? NULL : f->options.secrets;
}

TEST(secret_words)
{
	auto_(fixture) struct fixture f = {0};
	const struct state_secret *s = parse(&f, "db");

	MUST(s);
	CHECK(f.files);
	CHECK_STR(s->name, "db");
	CHECK_STR(s->stored, "db");
	CHECK_INT(s->mode, 0444);
	s = parse(&f, "db,target=password,uid=7,gid=8,mode=0400");
	MUST(s);
	CHECK_STR(s->name, "password");
	CHECK_STR(s->stored, "db");
	CHECK(s->mode == 0400 && s->uid == 7 && s->gid == 8);
	s = parse(&f, "source=db,type=env,target=PGPASSWORD");
	MUST(s);
	CHECK(!f.files && !s->source);
	CHECK_STR(s->variable, "PGPASSWORD");
	s = parse(&f, "id=key,src=/etc/keys/../key,target=/run/secrets/../secrets/k");
	MUST(s);
	CHECK_STR(s->source, "/etc/key");
	CHECK_STR(s->name, "k");
	CHECK(!s->target && !s->stored);
	s = parse(&f, "id=key,src=/key,target=/etc/key");
	MUST(s);
	CHECK_STR(s->name, "key");
	CHECK_STR(s->target, "/etc/key");
}

TEST(secret_words_that_are_none)
{
	static const char *const texts[] = {
		"",
		"type=mount",
		"/etc/key",
		"a/b",
		"id=.new,src=/x",
		"id=a,src=/x,target=/",
		"id=a,src=/x,target=/run/secrets",
		"id=a,src=/x,target=..",
		"id=a,src=/x,mode=1777",
		"id=a,src=/x,uid=4294967295",
		"id=a,src=/x,type=env,mode=0400",
		"id=a,src=/x,type=env,target=A=B",
		"id=a,src=/x,env=HOME",
		"id=a,readonly",
	};
	auto_(fixture) struct fixture f = {0};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!CHECK(!parse(&f, texts[i])))
			CHECK_STR(texts[i], "");
}

TEST(secrets_in_the_environment)
{
	auto_(arena) struct arena mem = {0};
	const char *env[] = {"PATH=/bin", "PASSWORD=image"};
	const struct config_process p = {.env = env, .n_env = 2};
	struct secret_values none = {0};

	CHECK(secrets_environment(&p, &none) == &p);
	auto_(secret_values) struct secret_values v = {0};
	v.all.list = arena_zalloc(&v.mem, 2, sizeof(*v.all.list));
	v.all.n = 2;
	v.all.list[0] = (struct secret){.name = "file", .data = "", .size = 0};
	v.all.list[1].variable = "PASSWORD";
	v.all.list[1].data = arena_str(&v.mem, "PASSWORD=x");
	const struct config_process *with = secrets_environment(&p, &v);
	MUST(with->n_env == 3);
	CHECK_STR(with->env[2], "PASSWORD=x"); /* the last one wins */
	CHECK_INT(p.n_env, 2);
}
