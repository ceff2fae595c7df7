/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of operations as text, for the tests of the planners. */
#pragma once

#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/oplist.h"
#include "runtime/config/decode.h"
#include "tests/lib/test.h"
#include "tests/unit/config_text.h"

/* A config of ours, with ' for ". In the arena. */
static inline struct config *config_of(const char *text, struct arena *a)
{
	auto_free char *json = unquote(text);
	struct config *c = NULL;
	struct err err = {0};

	if (!CHECK_INT(config_decode(json, strlen(json), a, &c, &err), 0))
		CHECK_STR(err.msg, text);
	return c;
}

/* What the list does, one operation a line, without the reasons; as the executor would see it. In
 * the arena. */
static inline const char *ops_text(const struct oplist *ops, struct arena *a)
{
	auto_(str) struct str image = {0}, text = {0};
	struct err err = {0};

	CHECK_INT(oplist_pack(ops, 3, &image, &err), 0);
	CHECK_INT(oplist_print_image((const void *)image.p, image.len, &text, &err), 0);
	return arena_copy(a, text.p ? text.p : "", text.len);
}
