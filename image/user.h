/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups by the files of a root file system. */
#pragma once

#include "namespaces/passwd.h"
#include "runtime/config/config.h"

/* Where the files are: one root, or the layers of one, the top one first. */
struct user_roots {
	const int *fds; /* of directories */
	size_t n;
};

/* passwd_lookup (namespaces/passwd.h) with the /etc/passwd and /etc/group that are inside. Files that
 * are not there are empty ones; those that are something else than a regular file of moderate size are
 * errors (CVE-2024-9676). */
int user_lookup(struct user_roots roots, const char *spec, struct arena *mem,
		struct passwd_user *ret, struct err *err);

/* Makes *user run as what was found; the umask stays. */
void user_set(struct config_user *user, const struct passwd_user *found);

/* Adds a group, by name or number, to those that the user has. */
int user_add_group(struct user_roots roots, const char *group, struct arena *mem,
		   struct config_user *user, struct err *err);
