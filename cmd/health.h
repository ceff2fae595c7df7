/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks: `ctr monitor health ID` runs one, and keeps what came of it. */
#pragma once

#include "cmd/command.h"

int health_check(struct call *call, const char *id, struct err *err);

/* What is known after a check. Pure. */
enum { HEALTH_WORD_MAX = 16 };
struct health {
	char word[HEALTH_WORD_MAX]; /* starting, healthy, unhealthy */
	unsigned failures;          /* in a row */
};
/* is_early: failures don't count yet. */
void health_judge(struct health *h, int status, bool is_early, unsigned retries);
