/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks: programs of the operator's at points of a container's life. Each gets the container's state
 * on its standard input, the environment that the config names and no other, / as its working
 * directory, and none of ctr's descriptors.
 *
 *     prestart, createRuntime   before the pivot: here          (SYNC_RUNTIME)
 *     createContainer           before the pivot: the executor  (OP_HOOK)
 *     startContainer            before the exec: the executor   (OP_HOOK)
 *     poststart                 after the exec: here
 *     poststop                  when the container is gone, or was never complete: here */
#pragma once

#include <sys/types.h>

#include "runtime/base/chan.h"
#include "runtime/base/oplist.h"
#include "runtime/config/config.h"

struct state; /* runtime/state.h */

/* Whose hooks they are: what their input says beside status and pid. */
struct hook_subject {
	const char *id, *bundle;
	const char *oci_version;
	const struct config_kv *annotations;
	size_t n_annotations;
};

struct hook_list {
	const char *name; /* as the config calls it */
	const struct config_hook *hooks;
	size_t n;
};

/* Appends the specification's state; pid 0: there is none. */
void hooks_state(struct str *out, const struct hook_subject *s, const char *status, pid_t pid);
struct hook_subject hooks_subject(const struct state *s);

/* Runs them in order until one fails. `status`: the container's; pid 0: it has no process. */
int hooks_run(const struct hook_list *list, const struct hook_subject *s, const char *status,
	      pid_t pid, struct err *err);
/* Those that the record holds. poststop: a failure is a warning, and the others are run. */
int hooks_poststart(const struct state *s, pid_t pid, struct err *err);
void hooks_poststop(const struct state *s);

/* Appends what the executor runs: with `privileged`, before the program's privileges are set; else
 * each with those of the program. Pure. */
void hooks_plan(const struct hook_list *list, const struct hook_subject *s, const char *status,
		bool privileged, struct oplist *ops);

/* A file for what a hook prints; the executor gets it at SYNC_HOOKS. -errno. */
int hooks_make_output(void);
/* How a hook failed: with errno `num`, or if status is not 0 by ending so (wait(2)); and what it
 * printed into `output`, unless that is -1. Returns -err->num. */
int hooks_explain(const char *which, int num, int status, int output, struct err *err);
