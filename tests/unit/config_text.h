/* SPDX-License-Identifier: Apache-2.0 */
/* Configs as text for the tests of runtime/config, with ' for ". */
#pragma once

#include "runtime/base/mem.h"

#define TOP(members) "{'ociVersion':'1.0.2','root':{'path':'r'}" members "}"
#define PROCESS(members) TOP(",'process':{'args':['a'],'cwd':'/'" members "}")
#define LINUX(members) TOP(",'linux':{" members "}")
#define RESOURCES(members) LINUX("'resources':{" members "}")

/* To be freed. */
static inline char *unquote(const char *text)
{
	char *s = mem_printf("%s", text);

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return s;
}
