/* SPDX-License-Identifier: Apache-2.0 */
/* The networks that files of CNI describe: those in the directory NETCONFPATH (/etc/cni/net.d) whose
 * names end in .conflist, .conf or .json, in the order of their names. */
#pragma once

#include "net/cni.h"

struct cni_listed {
	const char *name; /* NULL: the file can't be read, or has none */
	const char *file; /* absolute path */
	const char *text;
};

/* All of them, in the arena. Returns how many; -ENOENT, with err set: there is no such directory. */
int cni_list(struct arena *mem, struct cni_listed **ret, struct err *err);

/* Those that a name stands for, each once: the first one that has it. No directory: none. */
int cni_networks(struct arena *mem, struct cni_listed **ret, struct err *err);

/* The one that has the name. -ENOENT: none, and err says which there are. */
int cni_look(const char *name, struct arena *mem, struct cni_listed *ret, struct err *err);
