/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image of operations: op_check must keep whoever walks it from leaving it, and
 * printing walks all of it. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/base/oplist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(str) struct str text = {0};
	struct err err = {0};
	/* As aligned as an image is, and not a byte larger than the input. */
	auto_free struct op_image *im = mem_zalloc(size, 1);

	if (size)
		memcpy(im, data, size);
	int r = oplist_print_image(im, size, &text, &err);
	if ((r < 0) != (err.num != 0) || (r < 0 && text.len) || (r == 0 && im->n_ops && !text.len))
		abort();
	return 0;
}
