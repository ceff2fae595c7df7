/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a config.json: decoding and validating must survive it, and what was decoded must
 * come back the same from its own encoding. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/config/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct config *c, const char *indent)
{
	auto_(arena) struct arena a = {0};
	auto_(str) struct str first = {0}, second = {0};
	struct config *again = NULL;
	struct err err = {0};

	config_encode(c, indent, &first);
	if (config_decode(first.p, first.len, &a, &again, &err) < 0)
		abort();
	config_encode(again, indent, &second);
	if (!str_eq(first.p, second.p))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct host host;
	auto_(arena) struct arena a = {0};
	struct warnings warnings = {.arena = &a};
	struct config *c = NULL;
	struct err err = {0};

	int r = config_decode((const char *)data, size, &a, &c, &err);
	if ((r < 0) != (err.num != 0) || (r == 0) != (c != NULL))
		abort();
	if (r < 0)
		return 0;
	config_validate(c, &host, &warnings, &err);
	check_round_trip(c, NULL);
	check_round_trip(c, "\t");
	return 0;
}
