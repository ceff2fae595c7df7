/* SPDX-License-Identifier: Apache-2.0 */
/* Cleanup at the end of a scope, and giving ownership away. Every resource is declared with one
 * of these and a value; errno survives the cleanup, so a failing call can be reported after it. */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void auto_close_fd(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd);
	errno = saved;
}

static inline void auto_free_ptr(void *pp)
{
	free(*(void **)pp);
}

static inline int steal_fd(int *fd)
{
	int r = *fd;
	*fd = -1;
	return r;
}

static inline void *steal_any(void *pp)
{
	void *r = *(void **)pp;
	*(void **)pp = NULL;
	return r;
}

/* auto_fd int fd = -1;   auto_free char *p = NULL;   auto_(plan) struct plan p = {0}; */
#define auto_fd __attribute__((cleanup(auto_close_fd)))
#define auto_free __attribute__((cleanup(auto_free_ptr)))
#define auto_(type) __attribute__((cleanup(type##_clear)))
#define steal_ptr(pp) ((__typeof__(*(pp)))steal_any(pp))
