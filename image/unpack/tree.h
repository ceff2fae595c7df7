/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that a layer is unpacked to, as one of overlayfs's lower directories: what the layer
 * deletes is a node 0:0, a directory that hides those below it carries user.overlay.opaque. Names
 * come from an archive that nobody vouches for; nothing is ever made outside of the directory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/base/words.h"

struct tree {
	int root;                /* its descriptor */
	bool keeps_ids;          /* owners are as the archive says; else all is ours */
	bool is_plain;           /* not a layer: no name is a sign */
	bool is_opaque;          /* the layer hides all that is below it */
	struct arena mem;        /* of the lists */
	struct words implied;    /* directories that had to be made without an entry of their own */
	struct tree_time *times; /* of directories, set at the end */
	size_t n_times, room;
	char *parent; /* the directory that was used last, and its descriptor */
	int parent_fd;
};

/* What an entry is besides its name. */
struct tree_entry {
	mode_t mode; /* permissions and S_IFMT */
	uint32_t uid, gid;
	struct timespec mtime;
	const char *target; /* of a symbolic or hard link */
};

#define TREE_NONE                                                                                  \
	{                                                                                          \
		.root = -1, .parent_fd = -1                                                        \
	}

void tree_clear(struct tree *t);

/* The name of an entry, cleaned: no "." and no empty components, no leading slash; "" is the root.
 * -EINVAL: it climbs ("..") or is too long or too deep. In t->mem. */
int tree_name(struct tree *t, const char *raw, const char **ret, struct err *err);

/* Whether the name is that of a whiteout or another sign of a layer (".wh."), and not of a file. */
bool tree_is_sign(const struct tree *t, const char *name);
/* Does what the sign says. */
int tree_sign(struct tree *t, const char *name, struct err *err);

/* Makes a directory, symbolic link or fifo; devices are passed over. */
int tree_make(struct tree *t, const char *name, const struct tree_entry *e, struct err *err);
/* Makes an empty regular file: its descriptor, for the caller to write, and to give to tree_close. */
int tree_file(struct tree *t, const char *name, const struct tree_entry *e, struct err *err);
/* The file is complete: its set-id bits and its time. */
int tree_close(int fd, const struct tree_entry *e, struct err *err);
/* A second name for something in this tree. */
int tree_link(struct tree *t, const char *name, const char *target, struct err *err);
/* An extended attribute of what is at name; those that a layer may not set are passed over. */
int tree_xattr(struct tree *t, const char *name, const char *key, const void *value, size_t n,
	       struct err *err);

/* All is there: the times of directories. */
int tree_end(struct tree *t, struct err *err);
