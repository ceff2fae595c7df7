/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of CNI, acting: net/cni.h says what is told. A plugin that was told ADD is told DEL: the
 * record names it before, and the network namespace is held, by a mount, until it has been told. */
#pragma once

#include <sys/types.h>

#include "net/cni.h"

/* Looks for the network that want->helper names in the directory NETCONFPATH (/etc/cni/net.d), for its
 * plugins in CNI_PATH (/opt/cni/bin:/usr/lib/cni): that becomes wire->cni. */
int cni_find(const char *root, const char *id, const struct wire_want *want, struct arena *mem,
	     struct wire *wire, struct err *err);

/* ADD, for the network namespace of the process; each step recorded before. On failure it is for
 * cni_down to undo what there is. */
int cni_up(int dir, pid_t pid, struct wire *wire, struct arena *mem, struct cni_answer *ret,
	   struct err *err);

/* The file in the container's directory that holds what the last plugin answered. */
#define CNI_ANSWER_FILE "net.cni"

/* DEL, in reverse, as far as there was an ADD; as often as one likes. */
int cni_down(int dir, struct wire *wire, struct err *err);
