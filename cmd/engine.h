/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of run and create that are not about the container's config: they go into its record
 * (struct state_options), where those find them who start, stop and watch it. */
#pragma once

#include "cmd/command.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

struct engine_opts {
	const char *restart, *stop_signal, *stop_timeout, *log_driver, *cidfile, *detach_keys;
	const char *health_cmd, *health_interval, *health_timeout, *health_start, *health_retries;
	struct words log_opts, labels, label_files;
	bool no_healthcheck;
};

/* Fills *ret, which lives in the call's arena. id: of the container. */
int engine_opts_read(const struct engine_opts *o, const struct call *call, const char *id,
		     struct state_options *ret, struct err *err);

/* The container's id into the file that --cidfile names, which must not be there. */
int engine_write_cidfile(const struct engine_opts *o, const char *id, struct err *err);

/* What its root is made of, for the next start. */
struct rootfs_overlay;
void engine_keep_overlay(const struct rootfs_overlay *o, struct state_options *ret);

/* In which networks it is. */
struct wire_want;
struct wire_publish;
void engine_keep_ports(const struct wire_publish *list, size_t n, struct state_wire *ret,
		       struct arena *mem);
void engine_keep_wire(const struct wire_want *w, struct state_options *ret, struct arena *mem);

/* "no", "on-failure[:N]", "always", "unless-stopped". */
int engine_read_restart(const char *text, struct state_options *ret, struct arena *mem,
			struct err *err);

/* Its image and its config again, from the record of a container: all that is needed to start it
 * once more. ret->options and the rest live in the container's and the call's arenas. */
struct again {
	struct create_opts want;
	struct config *config;
	struct host host;
};
int engine_again(const struct call *call, const struct container *c, struct again *ret,
		 struct err *err);

/* clang-format off */
#define ENGINE_ROW(outer, member) offsetof(struct outer, engine.member)
#define ENGINE_ARGS(outer) \
	{"restart", 0, ARG_TEXT, ENGINE_ROW(outer, restart), "POLICY", "no, on-failure[:N], always or unless-stopped (no)"}, \
	{"stop-signal", 0, ARG_TEXT, ENGINE_ROW(outer, stop_signal), "SIGNAL", "what stop sends (TERM)"}, \
	{"stop-timeout", 0, ARG_TEXT, ENGINE_ROW(outer, stop_timeout), "SECONDS", "how long stop waits before it kills (10); -1: for ever"}, \
	{"log-driver", 0, ARG_TEXT, ENGINE_ROW(outer, log_driver), "NAME", "file, journald or none (file)"}, \
	{"log-opt", 0, ARG_LIST, ENGINE_ROW(outer, log_opts), "NAME=VALUE", "max-size=10m, max-file=3"}, \
	{"label", 'l', ARG_LIST, ENGINE_ROW(outer, labels), "NAME[=VALUE]", "a remark"}, \
	{"label-file", 0, ARG_LIST, ENGINE_ROW(outer, label_files), "FILE", "the same, a line each"}, \
	{"cidfile", 0, ARG_TEXT, ENGINE_ROW(outer, cidfile), "FILE", "write the id to this file"}, \
	{"detach-keys", 0, ARG_TEXT, ENGINE_ROW(outer, detach_keys), "KEYS", "keys that leave it alone (ctrl-p,ctrl-q)"}, \
	{"health-cmd", 0, ARG_TEXT, ENGINE_ROW(outer, health_cmd), "COMMAND", "is it well? run by the container's sh"}, \
	{"health-interval", 0, ARG_TEXT, ENGINE_ROW(outer, health_interval), "TIME", "between two checks (30s)"}, \
	{"health-timeout", 0, ARG_TEXT, ENGINE_ROW(outer, health_timeout), "TIME", "how long a check may take (30s)"}, \
	{"health-start-period", 0, ARG_TEXT, ENGINE_ROW(outer, health_start), "TIME", "failures don't count that long (0s)"}, \
	{"health-retries", 0, ARG_TEXT, ENGINE_ROW(outer, health_retries), "N", "failures in a row that make it unhealthy (3)"}, \
	{"no-healthcheck", 0, ARG_FLAG, ENGINE_ROW(outer, no_healthcheck), NULL, "no checks, whatever the image says"}
/* clang-format on */
