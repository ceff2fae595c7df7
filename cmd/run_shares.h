/* SPDX-License-Identifier: Apache-2.0 */
/* run: the container's part of the machine, and whose container it is. */
#pragma once

#include "cmd/shares.h"
#include "runtime/lifecycle.h"

/* A member of run's options. */
struct share_opts {
	struct share_flags flags;
	const char *tenant;
	struct words read_bytes, write_bytes, read_ops, write_ops; /* one limit of a disk each */
	bool core_sched, page_sharing, own_size;
};

/* Adds to a composed config what the flags say. */
int run_shares(const struct share_opts *o, bool has_cpus, const struct host *host,
	       struct arena *mem, struct config *cfg, struct err *err);

/* clang-format off */
/* base: where the struct is in the options. */
#define RUN_SHARE_ARGS(base) \
	SHARE_ARGS((base) + offsetof(struct share_opts, flags)), \
	{"blkio-weight", 0, ARG_TEXT, (base) + offsetof(struct share_opts, flags.io_weight), "N", NULL}, \
	{"device-read-bps", 0, ARG_LIST, (base) + offsetof(struct share_opts, read_bytes), "DEV:SIZE", NULL}, \
	{"device-write-bps", 0, ARG_LIST, (base) + offsetof(struct share_opts, write_bytes), "DEV:SIZE", NULL}, \
	{"device-read-iops", 0, ARG_LIST, (base) + offsetof(struct share_opts, read_ops), "DEV:N", NULL}, \
	{"device-write-iops", 0, ARG_LIST, (base) + offsetof(struct share_opts, write_ops), "DEV:N", NULL}, \
	{"core-sched", 0, ARG_FLAG, (base) + offsetof(struct share_opts, core_sched), NULL, "share no processor core with others, not even as hyperthreads"}, \
	{"own-size", 0, ARG_FLAG, (base) + offsetof(struct share_opts, own_size), NULL, "/proc shows its own memory, processors, uptime and load"}, \
	{"page-sharing", 0, ARG_FLAG, (base) + offsetof(struct share_opts, page_sharing), NULL, "let the kernel merge equal pages with other such containers"}, \
	{"tenant", 0, ARG_TEXT, (base) + offsetof(struct share_opts, tenant), "NAME", "whose container it is: its part of the machine, its ids, its policy"}
/* clang-format on */
