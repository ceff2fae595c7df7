/* SPDX-License-Identifier: Apache-2.0 */
/* Reads configs, one a line, and prints a line for each: "ok", "decode MESSAGE" or "validate
 * MESSAGE". For tests/schema/run. `verdict spec [ROOTLESS [CGROUPNS]]` prints the default config. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/config/spec.h"
#include "runtime/config/validate.h"

static void judge(const char *text, size_t len)
{
	static const struct host host;
	auto_(arena) struct arena a = {0};
	struct config *c = NULL;
	struct err err = {0};

	if (config_decode(text, len, &a, &c, &err) < 0)
		printf("decode %s\n", err.msg);
	else if (config_validate(c, &host, NULL, &err) < 0)
		printf("validate %s\n", err.msg);
	else
		puts("ok");
}

static void print_spec(const struct spec *spec)
{
	auto_(arena) struct arena a = {0};
	auto_(str) struct str s = {0};

	config_encode(spec_config(spec, &a), "\t", &s);
	puts(s.p);
}

int main(int argc, char **argv)
{
	auto_free char *line = NULL;
	size_t room = 0;

	if (argc > 1 && str_eq(argv[1], "spec")) {
		print_spec(&(struct spec){
			.hostname = "runc", .is_rootless = argc > 2, .has_cgroup_ns = argc > 3});
		return 0;
	}
	for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;)
		judge(line, (size_t)n);
	return 0;
}
