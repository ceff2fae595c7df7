/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "cmd/entry.h"
#include "cmd/stored.h"

static int call_image(const struct call *call, const char *verb, const char *name, struct err *err)
{
	char *argv[] = {arena_str(call->mem, "ctr"),
			arena_str(call->mem, "--store"),
			arena_str(call->mem, call->g->store),
			arena_str(call->mem, verb),
			arena_str(call->mem, "--"),
			arena_str(call->mem, name),
			NULL};
	int status = entry_call("ctr-image", argv, err);

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

	if (!str_eq(pull, "missing") && !str_eq(pull, "always") && !str_eq(pull, "never"))
		return err_say(err, EINVAL,
			       "--pull: expected missing, always or never, got \"%.40s\"", pull);
	if (str_eq(pull, "always") && call_image(call, "pull", want->name, err) < 0)
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
	if ((r = call_image(call, "pull", want->name, err)) < 0)
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
	if ((r = call_image(call, "unpack", image.id, err)) < 0)
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
