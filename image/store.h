/* SPDX-License-Identifier: Apache-2.0 */
/* The store of images on disk: an OCI image layout, so that other tools read it, and beside it what
 * was unpacked. Nobody but its owner can enter it.
 *
 *     oci-layout, index.json   names are the entries' org.opencontainers.image.ref.name
 *     blobs/ALGORITHM/HEX      whole and verified, or not there
 *     layers/HEX/tree          an unpacked layer by its chain id (or `opaque`: nothing below it is
 *                              seen); complete, or not there
 *     containers/NAME/         a container's writable layer and, in `uses`, the layers below it
 *     tmp/NAME/                what is being made, locked by who makes it
 *     lock                     shared by those who use it, exclusive for collecting garbage
 *
 * What is made gets its place by a rename, and the index changes last. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "image/manifest.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/words.h"

#define STORE_NAME "org.opencontainers.image.ref.name"
#define STORE_SOURCE "ctr.source" /* the digest that the name stood for where it was fetched */

struct store {
	const char *dir; /* absolute */
	int fd;          /* of dir */
	int lock;
};

#define STORE_NONE                                                                                 \
	{                                                                                          \
		NULL, -1, -1                                                                       \
	}

/* /var/lib/ctr/images; for others than root below $XDG_DATA_HOME. In the arena. */
const char *store_default_dir(struct arena *mem);

/* Opens it, as one of many. A store that is not there is made if `create`, else it is -ENOENT.
 * `dir` must live as long as the store. */
int store_open(const char *dir, bool create, struct store *ret, struct err *err);
void store_clear(struct store *s);
/* Waits until nobody else uses it, at most that long: -EBUSY. */
int store_lock_alone(struct store *s, unsigned timeout_ms, struct err *err);

/* ---- the index --------------------------------------------------------------------------------*/

/* As it is now. A missing one is empty. */
int store_index(const struct store *s, struct arena *mem, struct oci **ret, struct err *err);
/* Changes it: `change` gets the present one and returns 1 to have it written, 0 to leave it.
 * Changes happen one after the other. */
int store_change(const struct store *s, int (*change)(struct oci *, void *, struct err *),
		 void *ctx, struct err *err);
/* Gives an image a name, which is taken from who had it; that one stays, without a name if it was
 * the only one. `source`: the value of STORE_SOURCE, or NULL. */
int store_name(const struct store *s, const char *name, const struct oci_descriptor *d,
	       const char *source, struct err *err);

/* An entry's annotation, or NULL. */
const char *store_note(const struct oci_descriptor *d, const char *key);

/* ---- blobs ------------------------------------------------------------------------------------*/

/* "blobs/sha256/HEX" of a digest that is one. */
const char *store_blob_path(const char *digest, struct arena *mem);
bool store_has_blob(const struct store *s, const char *digest, uint64_t size);
/* A small blob, verified, in the arena. size: what its descriptor says. */
int store_read_blob(const struct store *s, const struct oci_descriptor *d, struct arena *mem,
		    const char **ret, struct err *err);

/* ---- images -----------------------------------------------------------------------------------*/

/* An image of the store, its documents verified. All in an arena. */
struct stored {
	const char *name;                   /* NULL: none */
	const struct oci_descriptor *entry; /* of the index */
	struct oci_descriptor manifest_d;   /* of its manifest: entry, unless that is an index */
	const char *manifest_text, *config_text;
	const struct oci *manifest;
	const struct oci_image *config;
	const char *id;            /* the digest of the config */
	const char *const *chains; /* of its layers, lowest first */
	size_t n_layers;
};

/* The image of an entry; of an index, the machine's own. */
int store_image(const struct store *s, const struct oci_descriptor *entry, struct arena *mem,
		struct stored *ret, struct err *err);
/* By what people call it: a name, in full or not (localhost's and docker.io's first, then any
 * other host's if there is only one), name@digest, an id or the beginning of one. -ENOENT has the
 * code "no-image". */
int store_find(const struct store *s, const char *text, struct arena *mem, struct stored *ret,
	       struct err *err);

/* ---- layers -----------------------------------------------------------------------------------*/

enum layer_state { LAYER_MISSING, LAYER_THERE, LAYER_OPAQUE };
enum layer_state store_layer(const struct store *s, const char *chain);
/* Path of an unpacked layer's tree from the store's directory. */
const char *store_layer_path(const char *chain, enum layer_state state, struct arena *mem);

/* ---- making things ----------------------------------------------------------------------------*/

/* A directory in tmp/, locked; what is in it when it is closed goes away. */
struct stage {
	const struct store *store;
	int fd;
	char name[32]; /* below the store's tmp/ */
};

#define STAGE_NONE                                                                                 \
	{                                                                                          \
		NULL, -1, ""                                                                       \
	}

/* Also removes what others left there who are no more. */
int stage_open(const struct store *s, struct stage *ret, struct err *err);
void stage_clear(struct stage *g);
/* All that was written reaches the disk. */
int stage_sync(const struct stage *g, struct err *err);
/* Moves the staged file or directory `from` to `to` below the store, where an equal one may be
 * already. */
int stage_commit(const struct stage *g, const char *from, const char *to, struct err *err);
/* Puts bytes into the store as the blob of a digest that they have. */
int stage_put_named(const struct stage *g, const char *digest, const void *p, size_t n,
		    struct err *err);
/* The same; the digest is given back. */
int stage_put_blob(const struct stage *g, const void *p, size_t n, char *ret_digest,
		   struct err *err);
