/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's small text files in a group's directory: one open, one read or write, one close. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* As much as fits, NUL-terminated, without the last newline. Its length or -errno. */
int cg_file_read(const char *dir, const char *file, char *buf, size_t size);
/* One write(2). 0 or -errno. */
int cg_file_write(const char *dir, const char *file, const char *value);
/* A file that holds one number; "max" is UINT64_MAX. 0, -errno, -EINVAL for other text. */
int cg_file_u64(const char *dir, const char *file, uint64_t *ret);
/* "KEY NUMBER" in a file of such lines. 0, -errno, -ENODATA without such a line. */
int cg_file_key(const char *dir, const char *file, const char *key, uint64_t *ret);
/* As cg_file_key, in text that was read already. */
int cg_text_key(const char *text, const char *key, uint64_t *ret);
