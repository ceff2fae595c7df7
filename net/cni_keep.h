/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins of CNI were told, kept beside the records of networks, where it survives a reboot: leases
 * that they write to a disk do so too, while the container's own record does not. In the directory
 * cni/ID of it lies the container's net.json as if all of the plugins had been told ADD. */
#pragma once

#include "net/store.h"
#include "runtime/base/words.h"

/* Before the first ADD; after the last DEL, when "not there" is success. */
int cni_keep(const struct nets *n, const char *id, const struct wire *wire, struct err *err);
int cni_forget(const struct nets *n, const char *id, struct err *err);

/* What the plugins have answered, which is in the container's directory `from`: once they have. */
int cni_keep_answer(const struct nets *n, const char *id, int from, struct err *err);

/* The ids of which something is kept. */
int cni_kept(const struct nets *n, struct arena *mem, struct words *ret, struct err *err);

/* The record; NULL: none. */
int cni_recall(const struct nets *n, const char *id, struct arena *mem, struct wire **ret,
	       struct err *err);

/* DEL for one whose own record is gone; and it is forgotten. */
int cni_undo(const struct nets *n, const char *id, struct err *err);
