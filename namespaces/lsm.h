/* SPDX-License-Identifier: Apache-2.0 */
/* The label that a process gets at its exec: process.apparmorProfile and process.selinuxLabel; and
 * that of new file systems: linux.mountLabel. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

/* One write into a private procfs (never one that the container placed: CVE-2019-16884). */
struct lsm_label {
	const char *path;     /* relative to the procfs's root; NULL: there is nothing to write */
	const char *fallback; /* where older kernels have it, when path is missing; or NULL */
	const char *text;
};

/* linux.mountLabel; NULL: there is none. -ENOTSUP where SELinux is not enabled. */
int lsm_mount_label(const struct config_linux *l, const struct host *host, const char **ret,
		    struct err *err);

/* What to write for the process. A label that this host cannot enforce is an error (-ENOTSUP),
 * never a label left out; so are labels of two security modules at once, of which the kernel would
 * keep the last one only. No label, "" and AppArmor's "unconfined" on a host without it: none. */
int lsm_exec_label(const struct config_process *process, const struct host *host, struct arena *mem,
		   struct lsm_label *ret, struct err *err);
