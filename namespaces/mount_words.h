/* SPDX-License-Identifier: Apache-2.0 */
/* The option words of mounts[] (OCI runtime specification, "Linux mount options") in the terms of
 * the kernel's mount API: attributes of the mount go to mount_setattr(2), flags and parameters of
 * the file system to fsconfig(2). Pure: the planner of mounts makes operations of the result. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* MOUNT_ATTR_*, as attr_set and attr_clr of struct mount_attr want them: whatever says something
 * of access times has all of MOUNT_ATTR__ATIME in clr. */
struct mount_flags {
	uint64_t set, clr;
};

/* MOUNT_ALL: the mount and all that is mounted below it. */
enum mount_depth { MOUNT_NOT, MOUNT_ONE, MOUNT_ALL };

enum { MOUNT_PROPAGATIONS_MAX = 8 };

struct mount_words {
	struct mount_flags attr;      /* "ro", "nosuid", … */
	struct mount_flags attr_all;  /* "rro", "rnosuid", …: with AT_RECURSIVE */
	enum mount_depth bind, idmap; /* "bind", "rbind"; "idmap", "ridmap" */
	const char *id_maps;          /* the text behind "idmap=" (see idmap_parse), or NULL */
	struct {
		uint32_t type; /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE */
		enum mount_depth depth;
	} propagation[MOUNT_PROPAGATIONS_MAX]; /* to be applied in this order, after the mount */
	unsigned n_propagation;
	bool remount, copy_up; /* "tmpcopyup" */
	bool seed;    /* "ctr-seed", ctr's own: a bind mount that is empty gets what it covers */
	bool secrets; /* "ctr-secrets", ctr's own: a new tmpfs gets the container's secrets */
	bool copy_symlink, source_nofollow, dest_nofollow; /* crun's; podman 5 gives them */
	/* Both as OP_FSMOUNT wants them: "key\0value\0" …, a flag being "key\0\0". */
	struct str super; /* flags of any super block ("sync", "lazytime"); no meaning for a bind.
			   * "ro" is not in it: a super block can be shared, so attr says it. But a
			   * block device that is read-only needs it added */
	struct str data;  /* everything that is no option word, for the file system to judge: for a
			   * bind an error. Words are split at commas, quotes as SELinux's context
			   * has them are taken off */
};

/* Reads the words in order, the last one wins. 0, or -EINVAL: an empty key, or more propagation
 * changes than could make sense. id_maps points into words. On success the caller clears *ret. */
int mount_words_read(const char *const *words, size_t n, struct mount_words *ret, struct err *err);
void mount_words_clear(struct mount_words *m);

/* The i-th of the words that are understood, for `ctr features`; NULL behind the last one. */
const char *mount_word(size_t i);
