/* SPDX-License-Identifier: Apache-2.0 */
/* Why a program could not be executed. The kernel has one errno for a dozen causes; a look at the
 * file inside the container's root tells which one it was. Only looks: nothing is executed, no file
 * but a regular one is read, and of that a few bounded pieces. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/config/config.h"

/* `root` is the container's root (O_PATH is enough), `num` what finding or executing
 * process->args[0] failed with. Fills *err anew: the text that callers of OCI runtimes match
 * (OCI-CONTRACT 2.9) with the cause behind it, a hint with the cure, a code that begins with
 * "exec-". Returns -err->num, which may be plainer than num. */
int explain_exec(int root, const struct config_process *process, int num, struct err *err);

/* The exit status that shells give for such an error: 127 when the program or what it needs is not
 * there, 126 when it is there and can't be executed, 0 when the error is of another kind. */
int explain_exit(const struct err *err);
