/* SPDX-License-Identifier: Apache-2.0 */
/* The log that --log names: text or JSON lines in the shape that callers of OCI runtimes parse
 * (OCI-CONTRACT 2.5). One sink for the process; libraries below cmd/ write debug and warnings
 * only, errors are values. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Where lines go from here on: fd -1 is nowhere (the start). The log does not own fd. */
void log_to(int fd, bool json, enum log_level max);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool log_wants(enum log_level level);

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
