/* SPDX-License-Identifier: Apache-2.0 */
/* SIGKILL to all in one directory, inside of cgroups/. */
#pragma once

/* freezer: the container's v1 freezer group, or NULL. 0, also if the group is gone; -ETIMEDOUT when
 * processes keep coming for 10 s. */
int cg_kill_dir(const char *dir, const char *freezer);
