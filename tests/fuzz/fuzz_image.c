/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the name of an image, and as each of its documents. A name that is read must survive
 * being written. */
#include <stdint.h>
#include <stdlib.h>

#include "image/manifest.h"
#include "image/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *text)
{
	auto_(arena) struct arena mem = {0};
	struct ref ref, again;
	struct err err = {0};

	if (ref_read(text, &mem, &ref, &err) < 0)
		return;
	const char *full = ref_text(&ref, &mem);
	if (ref_read(full, &mem, &again, &err) < 0 || !str_eq(ref_text(&again, &mem), full))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena) struct arena mem = {0};
	const char *text = arena_copy(&mem, data, size);
	struct platform want = platform_own();
	struct oci_image *image = NULL;
	struct oci *doc = NULL;
	struct err err = {0};

	check_name(text);
	if (manifest_decode(text, size, NULL, &mem, &doc, &err) == 0 && doc->manifests)
		platform_choose(doc, &want, &err);
	image_config_decode(text, size, 1, &mem, &image, &err);
	return 0;
}
