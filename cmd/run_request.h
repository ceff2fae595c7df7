/* SPDX-License-Identifier: Apache-2.0 */
/* From the flags of `ctr run` and `ctr create` to a container that can be made. */
#pragma once

#include "cmd/command.h"
#include "cmd/engine.h"
#include "cmd/oci.h"
#include "cmd/run_shares.h"
#include "cmd/stored.h"
#include "image/compose.h"
#include "runtime/create.h"

struct run_opts {
	struct oci_opts oci;
	struct run_flags flags;
	struct share_opts shares;
	struct engine_opts engine;
	const char *name, *rootfs, *disk, *pull, *sig_proxy, *cgroup_parent;
	struct words env_files, attach, secrets, volumes_from, expose;
	bool remove, interactive, quiet;
};

/* What the command line came to. Start with RUN_REQUEST_NONE; free with run_request_clear(). */
struct run_request {
	struct create_opts want;
	struct config *config;
	struct host host;
	struct state_options options;
	struct run_flags flags;
	struct stored_want stored;
	struct snapshot snapshot;
	struct wire_want wire;
	int volumes; /* so that nobody prunes them before the record is there */
	int tenant;  /* so that nobody is given the same part of it */
	bool has_cidfile;
};

#define RUN_REQUEST_NONE                                                                           \
	{                                                                                          \
		.snapshot = SNAPSHOT_NONE, .volumes = -1, .tenant = -1                             \
	}

/* Looks at the host, gets the image, its snapshot and volumes, and composes the config. call->words
 * are the image, unless --rootfs is given, and the command. -errno; what was made until then is for
 * run_request_undo(). */
int run_request_read(struct call *call, const struct run_opts *o, struct run_request *q,
		     struct err *err);
/* Removes what was made for a container that did not come to be. */
void run_request_undo(const struct call *call, const struct run_opts *o, struct run_request *q);
/* Lets others at the volumes and the tenant; the container's record says now what it has of them. */
void run_request_unlock(struct run_request *q);
void run_request_clear(struct run_request *q);
