/* SPDX-License-Identifier: Apache-2.0 */
/* main() for a fuzz target without a fuzzer: gives it each file that is named, and prints TAP. What
 * the fuzzers once found stays found, with no need of clang. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 16 << 20 };

int main(int argc, char **argv)
{
	int failed = 0;

	printf("1..%d\n", argc);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok 1 - no input\n");
	for (int i = 1; i < argc; i++) {
		auto_(str) struct str text = {0};
		/* Said beforehand: a target that finds something ends the program. */
		printf("# %s\n", argv[i]);
		fflush(stdout);
		int r = fd_read_file(AT_FDCWD, argv[i], SEED_MAX, &text);
		if (r == 0)
			LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.len);
		printf("%s %d - %s\n", r == 0 ? "ok" : "not ok", i + 1, argv[i]);
		failed += r != 0;
	}
	return failed ? 1 : 0;
}
