/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a plan that is the same for a container's first process and for exec: identity,
 * limits, privileges, terminal, program. */
#pragma once

#include "namespaces/ns.h"
#include "namespaces/seccomp.h"
#include "runtime/base/oplist.h"
#include "runtime/config/validate.h"
#include "runtime/hooks.h"

/* An annotation, "true" or not there: the executor stays as the container's process 1, so that the
 * program need not be one. */
#define PROCESS_INIT "io.ctr.init"

struct process_want {
	const struct config_process *process;
	const struct config_linux *linux_; /* seccomp, personality, … of the container */
	const struct config_kv *annotations;
	size_t n_annotations;
	const char *id;
	bool in_userns;       /* privileges over the host are gone: the parent sets the limits */
	bool keeps_groups;    /* setgroups is denied in the user namespace */
	bool may_keep_groups; /* perhaps it is: that namespace was made by somebody else */
	bool is_init;  /* the container's first process: gets /dev/console, waits for its start */
	int16_t root;  /* slot of the new root, or SLOT_CWD once inside */
	int16_t start; /* start socket's slot, or SLOT_NONE */
	const struct seccomp_filter *filter; /* compiled linux.seccomp, or NULL */
	bool no_new_keyring;
	unsigned preserve_fds;
	const struct config_hooks *hooks;   /* for startContainer; NULL: none */
	const struct hook_subject *subject; /* theirs */
};

/* What belongs before the pivot: session, limits, the terminal and labels. */
int process_plan_before(const struct process_want *want, const struct host *host,
			struct oplist *ops, struct err *err);
/* What belongs inside, READY, the start, and the program. */
int process_plan_inside(const struct process_want *want, const struct host *host,
			struct oplist *ops, struct warnings *warnings, struct err *err);
