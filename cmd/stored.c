/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "cmd/entry.h"
#include "cmd/stored.h"

/* flag: NULL or --quiet. */
static int call_image(const struct call *call, const char *verb, const char *flag, const char *name,
		      struct err *err)
{
	const char *const words[] = {"ctr", "--store",          call->g->store,
				     verb,  flag ? flag : "--", flag ? "--" : name,
				     name};
	char *argv[sizeof(words) / sizeof(*words) + 1] = {NULL};
	size_t n = sizeof(words) / sizeof(*words) - !flag;

	for (size_t i = 0; i < n; i++)
		argv[i] = arena_str(call->mem, words[i]);
	int status = entry_call("ctr-image", argv, flag != NULL, err);

	if (status <= 0)
		return status;
	return err_say(err, ENOENT, "the image \"%.100s\" could not be had", name);
}

static bool has_code(const struct err *err, const char *code)
{
	return err->code && str_eq(err->code, code);
}

static int find(const struct call *call, const struct stored_want *want, struct store *s,
		struct stored *ret, struct err *err)
{
	int r = store_open(call->g->store, false, s, err);

	return r < 0 ? r : store_find(s, want->name, call->mem, ret, err);
}

static int find_or_pull(const struct call *call, const struct stored_want *want, struct store *s,
			struct stored *ret, struct err *err)
{
	const char *pull = want->pull ? want->pull : "missing";
	const char *flag = want->quiet ? "--quiet" : NULL;

	if (!str_eq(pull, "missing") && !str_eq(pull, "always") && !str_eq(pull, "never"))
		return err_say(err, EINVAL,
			       "--pull: expected missing, always or never, got \"%.40s\"", pull);
	if (str_eq(pull, "always") && call_image(call, "pull", flag, want->name, err) < 0)
		return -err->num;
	int r = find(call, want, s, ret, err);
	if (r == 0 || !has_code(err, "no-image"))
		return r;
	if (str_eq(pull, "never")) {
		err_say(err, ENOENT, "there is no image \"%.100s\"", want->name);
		err_hint(err, "ctr images lists those there are, ctr pull fetches others");
		return -ENOENT;
	}
	store_clear(s);
	*err = (struct err){0};
	if ((r = call_image(call, "pull", flag, want->name, err)) < 0)
		return r;
	return find(call, want, s, ret, err);
}

int stored_image(const struct call *call, const struct stored_want *want, struct snapshot *ret,
		 struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	struct stored image = {0};

	int r = find_or_pull(call, want, &s, &image, err);
	if (r < 0)
		return r;
	r = snapshot_make(&s, &image, &want->snapshot, call->mem, ret, err);
	if (r == 0 || !has_code(err, "not-unpacked"))
		return r;
	*err = (struct err){0};
	if ((r = call_image(call, "unpack", NULL, image.id, err)) < 0)
		return r;
	return snapshot_make(&s, &image, &want->snapshot, call->mem, ret, err);
}

void stored_undo(const struct call *call, const struct stored_want *want)
{
	const char *record =
		arena_printf(call->mem, "%s/%s", want->snapshot.root, want->snapshot.id);
	auto_(store) struct store s = STORE_NONE;
	struct err ignored = {0};

	if (access(record, F_OK) < 0 && store_open(call->g->store, false, &s, &ignored) == 0)
		snapshot_drop(&s, want->snapshot.root, want->snapshot.id);
}
