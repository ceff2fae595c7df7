/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on standard output, for the programs that tests read with jq. */
#pragma once

#include <stdio.h>

/* What stands before the next value: nothing, or a comma. */
static const char *json_before = "";

static inline void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* What every value begins with; key is NULL in an array. */
static inline void json_key(const char *key)
{
	fputs(json_before, stdout);
	json_before = ",";
	if (key) {
		json_string(key);
		putchar(':');
	}
}

static inline void json_open(const char *key, char bracket)
{
	json_key(key);
	putchar(bracket);
	json_before = "";
}

static inline void json_close(char bracket)
{
	putchar(bracket);
	json_before = ",";
}

static inline void json_text(const char *key, const char *value)
{
	json_key(key);
	json_string(value);
}

static inline void json_number(const char *key, long long value)
{
	json_key(key);
	printf("%lld", value);
}
