/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a tar: what archives of images consist of, layers, and file trees. POSIX's pax format, with
 * records only for what an old header has no room for. The same files give the same bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* Where the bytes go: a descriptor, or what a struct that begins with this one makes of them. */
struct tarball {
	int (*put)(struct tarball *t, const void *p, size_t n, struct err *err);
	int fd;
};
struct tarball tarball_on(int fd);

/* What is the runtime's own: root's, of 1970. */
int tarball_dir(struct tarball *t, const char *name, struct err *err);
int tarball_text(struct tarball *t, const char *name, const void *p, uint64_t n, struct err *err);
/* n bytes of a descriptor; it having fewer is an error. */
int tarball_file(struct tarball *t, const char *name, int from, uint64_t n, struct err *err);

/* A thing of a file system. */
struct tarball_thing {
	const char *name; /* a directory's ends with "/" */
	const struct stat *st;
	const char *target;        /* of a symbolic link, or the name that a hard link repeats */
	bool is_again;             /* a hard link */
	const struct str *records; /* more pax records, or NULL */
};
/* Its header. The st_size bytes of a regular file come next, by tarball_bytes. */
int tarball_thing(struct tarball *t, const struct tarball_thing *e, struct err *err);
/* A file that is shorter by now is filled up with zeros: *ret_short. */
int tarball_bytes(struct tarball *t, int from, uint64_t n, bool *ret_short, struct err *err);
/* Appends a pax record. */
void tarball_record(struct str *records, const char *key, const void *value, size_t n);

int tarball_end(struct tarball *t, struct err *err);
