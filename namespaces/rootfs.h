/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: where it comes from, what is mounted in it, what of it is hidden, and the
 * change into it. Planners: they append operations (runtime/base/op.h) and touch nothing. */
#pragma once

#include "namespaces/idmount.h"
#include "runtime/base/oplist.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

/* A root that is an overlay made at start: directories that stay as they are below a writable layer,
 * which is a private tmpfs on the directory root.path (it must exist and be empty), or a directory. */
struct rootfs_overlay {
	const char *lower;         /* absolute host directory; NULL: layers */
	const char *const *layers; /* the top one first */
	size_t n_layers;
	const char *dir;   /* absolute: layers and upper are relative to it */
	bool is_joined;    /* layers go into one option: kernels before 6.8 know no other,
				    * and its text is short (ROOTFS_OPTION_MAX) */
	const char *upper; /* directory with `upper` and `work` in it; NULL: a tmpfs */
	const char *disk;  /* file with a file system that is mounted on `upper` and has the two
				    * (runtime/disk.h); NULL: they are there */
	bool is_volatile; /* nobody wants the writable layer when the mount has ended: it is not written
			   * to disk then, and the kernel mounts it no second time */
	uint64_t upper_bytes;      /* most that a tmpfs or disk may hold; 0: the kernel's default */
	const char *const *hidden; /* absolute paths in it that are as if they had been deleted;
				    * those of one directory should stand together */
	size_t n_hidden;
};

/* Whether what is written goes to memory: an overlay without a directory for it. */
static inline bool rootfs_in_memory(const struct rootfs_overlay *o)
{
	return (o->lower || o->n_layers) && !o->upper;
}

enum { ROOTFS_OPTION_MAX = 255 }; /* fsconfig(2) takes texts of that length */

/* Slots that the planners of one container share. */
struct rootfs_slots {
	int16_t root;     /* the new root's mount */
	int16_t place;    /* what it is attached to */
	int16_t dev;      /* its /dev */
	int16_t null;     /* a detached mount of the host's null device, to mask files with */
	int16_t empty;    /* a detached empty read-only file system, to mask directories with */
	int16_t sources;  /* the first of n_mounts slots of bind sources and n devices' */
	int16_t idmapped; /* the first of mounts[] that is filled at SYNC_MOUNTS */
	int16_t parts;    /* the first of the root's parts, which are filled there too */
	int16_t base;     /* the directory that the writable layer is mounted on */
};

struct secrets; /* namespaces/secrets.h */

struct rootfs_want {
	const char *bundle; /* absolute: relative sources and root.path begin there */
	const struct rootfs_overlay *overlay;
	bool userns; /* not the host's user namespace: device nodes are bound, not made */
	const char *const *cgroups; /* "CONTROLLERS:/directory" of the container's groups */
	size_t n_cgroups;
	const char *label; /* SELinux context of new file systems (lsm_mount_label), or NULL */
	bool maps_root; /* the files of the root are those of the host's ids; in the container's user
			    * namespace they are to be those of its own */
	size_t n_parts;    /* rootfs_plan_idmapped: the first ones of */
	size_t n_idmounts; /* mounts_plan_idmapped */
	const struct secrets
		*secrets; /* namespaces/secrets.h: for the mount that is theirs; or NULL */
	bool hooks_look;  /* hooks look at root.path, before the pivot, and must see the new root */
};

/* The parts of the root that the parent has to make (maps_root): layers from the top down, then the
 * writable one if it is on a disk; without an overlay the root itself. *ret_n of them, in front of those
 * that mounts_plan_idmapped adds to *ret. */
int rootfs_plan_idmapped(const struct config *cfg, const struct rootfs_want *want,
			 struct arena *mem, struct idmounts *ret, struct err *err);

/* Phase 1, with the caller's identity: opens everything that comes from the host. */
int rootfs_plan_sources(const struct config *cfg, const struct rootfs_want *want,
			struct rootfs_slots *s, struct oplist *ops, struct err *err);
/* Phase 2, as the container's root: attach the root, mount, make devices. */
int rootfs_plan_mounts(const struct config *cfg, const struct host *host,
		       const struct rootfs_want *want, struct rootfs_slots *s, struct oplist *ops,
		       struct err *err);
/* Phase 3: masked and read-only paths, read-only root, propagation, pivot. */
int rootfs_plan_enter(const struct config *cfg, struct rootfs_slots *s, struct oplist *ops,
		      struct err *err);

/* namespaces/mounts.c: the mounts[] of the config. */
/* Adds those that the parent has to make, in the order of mounts[]; for everybody else n_idmounts is
 * enough. */
int mounts_plan_idmapped(const struct config *cfg, const struct host *host,
			 const struct rootfs_want *want, struct arena *mem, struct idmounts *ret,
			 struct err *err);
int mounts_plan_sources(const struct config *cfg, const struct rootfs_want *want,
			const struct rootfs_slots *s, struct oplist *ops, struct err *err);
int mounts_plan(const struct config *cfg, const struct host *host, const struct rootfs_want *want,
		const struct rootfs_slots *s, struct oplist *ops, struct err *err);

/* Whether a mount binds something of the host. */
bool mount_is_bind(const struct config_mount *m);

/* namespaces/dev.c: device nodes and the links of /dev. */
void dev_plan_sources(const struct config *cfg, const struct rootfs_want *want,
		      const struct rootfs_slots *s, struct oplist *ops);
int dev_plan(const struct config *cfg, const struct rootfs_want *want, const struct rootfs_slots *s,
	     struct oplist *ops, struct err *err);
/* How many devices a container gets: the six that are always there and the config's others. */
size_t dev_count(const struct config *cfg);
