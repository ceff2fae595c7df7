/* SPDX-License-Identifier: Apache-2.0 */
/* Whose group it is, inside of cgroups/. A config may name any group of the host. Should it turn out
 * to be in use, or should ctr be killed before it could find out, then the record names a group full
 * of other people's processes: undo kills only where ctr has left its mark. */
#pragma once

#include <stdbool.h>

/* Writes the mark on a directory that was found empty. 0 or -errno. */
int cg_mark(const char *dir, const char *mark);
bool cg_is_marked(const char *dir, const char *mark);
/* Anybody's mark. */
bool cg_is_marked_at_all(const char *dir);
