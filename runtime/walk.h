/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files, thing after thing, in the order of the names' bytes. Each thing is opened once,
 * without following links, and looked at through that descriptor alone: whoever changes the tree
 * meanwhile cannot lead the walk out of it or have one thing taken for another. Sockets, which are
 * nothing without who listens, are passed over. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "namespaces/idmap.h"

enum { WALK_DEPTH_MAX = 400 };

struct walk_entry {
	const char *path;   /* from the top, which is "" */
	int fd;             /* of directories and regular files for reading, of others O_PATH */
	struct stat st;     /* with the owner that `owner` makes of it */
	const char *target; /* of a symbolic link, else NULL */
	const char *linked; /* path of an entry before this one that is the same file, or NULL */
	bool is_mount;      /* something is mounted here: it is as if it were empty */
};

/* Who owns what is copied. */
struct owner {
	enum {
		OWNER_SAME,
		OWNER_ONE, /* uid and gid */
		OWNER_IN,  /* ids of a user namespace become the host's */
		OWNER_OUT, /* and the other way round */
	} kind;
	uint32_t uid, gid;
	struct idmap uids, gids; /* empty: the namespace is the host's */
};
/* -EOVERFLOW: the namespace has no such id. */
int owner_of(const struct owner *o, struct stat *st, struct err *err);

struct walk {
	/* An entry; a directory comes before what is in it. Returns 1 to leave its inside out. */
	int (*enter)(void *ctx, const struct walk_entry *e, struct err *err);
	/* All that is in a directory has been there. May be NULL. */
	int (*leave)(void *ctx, const struct walk_entry *e, struct err *err);
	void *ctx;
	const struct owner *owner; /* NULL: as it is */
	bool stays; /* in the file system where it began: other mounts are not entered */
};

/* Of dir/name, which may be "." and then is the directory itself. */
int walk_tree(int dir, const char *name, const struct walk *w, struct err *err);

/* Names in a directory in the order of their bytes, without "." and ".."; in the arena. */
struct words;
int walk_names(int dir, struct words *ret, struct arena *mem);

/* The extended attributes that files keep when they are copied: user.* but for overlay's own, and
 * security.capability. Calls `each` for every one of a descriptor for reading. */
int walk_xattrs(int fd,
		int (*each)(void *ctx, const char *key, const void *value, size_t n,
			    struct err *err),
		void *ctx, struct err *err);
