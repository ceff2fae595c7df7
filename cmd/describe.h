/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as docker's ps and inspect describe them: JSON objects, from which tables and templates
 * pick. */
#pragma once

#include "cmd/command.h"
#include "runtime/base/str.h"
#include "runtime/container.h"

/* A row of ps: ID, Names, Image, Command, CreatedAt, RunningFor, Status, State, Pid, ExitCode, Labels. */
int describe_row(const struct container *c, struct str *ret, struct err *err);
/* One of inspect's. */
int describe_all(const struct container *c, bool is_pretty, struct str *ret, struct err *err);

/* created, running, paused, restarting, exited. */
const char *describe_state(const struct container *c, enum container_status status);

/* "5 seconds", "2 hours", "3 days". Pure. */
enum { AGE_MAX = 32 };
const char *describe_age(char buf[AGE_MAX], int64_t seconds);
