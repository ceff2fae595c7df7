/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that begin with a bundle share: reading it, and the flags for the process's
 * ties to the outside. */
#pragma once

#include "cmd/args.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"
#include "runtime/lifecycle.h"

/* A bundle that was read; all in the arena it was read with. */
struct bundle {
	const char *dir;  /* absolute, clean */
	const char *text; /* of config.json */
	size_t text_len;
	struct config *config;
	struct host host;
};

/* Reads and decodes it and looks at the host. dir NULL: the current one. file NULL: dir's
 * config.json. */
int bundle_load(const char *dir, const char *file, struct arena *mem, struct bundle *ret,
		struct err *err);

/* The same, and checks what it says (bundle_check). */
int bundle_read(const char *dir, const char *file, struct arena *mem, struct bundle *ret,
		struct err *err);

/* Checks a config; what is odd in it goes to the log. */
int bundle_check(const struct config *config, const struct host *host, struct arena *mem,
		 struct err *err);

/* `path` from the current directory on, clean; NULL stays NULL. */
int absolute_path(const char *path, struct arena *mem, const char **ret, struct err *err);

/* Flags that create, run and exec have in common; the first member of their option structs. */
struct io_opts {
	const char *console_socket, *pidfd_socket, *pid_file;
	unsigned preserve_fds;
	bool detach;
};

/* Checks them and adds the sockets of LISTEN_FDS, of which *ret_listen says how many there are. */
int io_opts_read(const struct io_opts *opts, struct arena *mem, struct stdio_opts *ret,
		 unsigned *ret_listen, struct err *err);

/* Tells the process of its listening sockets. */
void io_opts_tell(struct config_process *process, unsigned listen, struct arena *mem);

/* Their rows; every option table is one line an option, so clang-format is kept away from them. */
/* clang-format off */
#define IO_ARGS                                                                                    \
	{"console-socket", 0, ARG_TEXT, offsetof(struct io_opts, console_socket), "PATH",          \
	 "send the terminal's master to this unix socket"},                                        \
	{"pidfd-socket", 0, ARG_TEXT, offsetof(struct io_opts, pidfd_socket), "PATH",              \
	 "send the process's pidfd to this unix socket"},                                          \
	{"pid-file", 0, ARG_TEXT, offsetof(struct io_opts, pid_file), "PATH",                      \
	 "write the process's pid to this file"},                                                  \
	{"preserve-fds", 0, ARG_COUNT, offsetof(struct io_opts, preserve_fds), "N",                \
	 "keep descriptors 3 to 3+N-1 open for the program"}
/* clang-format on */
