/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is to run as: the text of --user or of an image's User, looked up in the texts of
 * the image's /etc/passwd and /etc/group (passwd(5), group(5)), which are not to be trusted
 * (CVE-2024-9676, CVE-2024-40635). Pure: reading those files safely is the caller's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

/* The most that the caller should read of a file, and the most lines that one may have. */
enum { PASSWD_FILE_MAX = 1 << 20, PASSWD_LINES_MAX = 1 << 16 };

struct passwd_text {
	const char *p; /* need not end in a NUL; NULL: the image has no such file */
	size_t len;
};

struct passwd_user {
	uint32_t uid, gid;
	uint32_t *groups; /* for setgroups(2): gid (without it a set-group-ID program could leave
			   * the group behind, CVE-2022-36109) and the supplementary ones, ascending,
			   * each once */
	size_t n_groups;
	const char *name, *home; /* of the user's entry; NULL: there is none */
};

/* `spec` is "USER" or "USER:GROUP", each a name or a decimal number below 2^32-1; NULL and "" are
 * "0". What is all digits is a number, never a name, and need not be in the files; a number
 * without an entry has group 0, as with other engines. Without a GROUP the user's own one is taken,
 * and the groups that list him are supplementary.
 * *ret is in the arena. -EINVAL: not of that form; -ENOENT: a name that the files do not have;
 * -EFBIG: a file with too many lines. */
int passwd_lookup(const char *spec, struct passwd_text passwd, struct passwd_text group,
		  struct arena *mem, struct passwd_user *ret, struct err *err);
