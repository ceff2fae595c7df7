/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of create and of run in its OCI form (OCI-CONTRACT 2.2). */
#pragma once

#include "cmd/bundle.h"
#include "cmd/command.h"

struct oci_opts {
	struct io_opts io;
	const char *bundle, *config;
	bool no_new_keyring, keep;
};

/* Reads the bundle and fills a request with what the flags say. */
int oci_opts_read(const struct oci_opts *o, const struct call *call, struct bundle *ret_bundle,
		  struct create_opts *ret, struct err *err);

/* clang-format off */
#define OCI_ARGS                                                                                   \
	{"bundle", 'b', ARG_TEXT, offsetof(struct oci_opts, bundle), "DIR",                        \
	 "directory of config.json (the current one)"},                                            \
	{"config", 'f', ARG_TEXT, offsetof(struct oci_opts, config), "FILE",                       \
	 "read this instead of the bundle's config.json"},                                         \
	IO_ARGS,                                                                                   \
	{"no-new-keyring", 0, ARG_FLAG, offsetof(struct oci_opts, no_new_keyring), NULL,           \
	 "leave the session keyring as it is"},                                                    \
	{"no-pivot", 0, ARG_REFUSED, 0, NULL,                                                      \
	 "the root is always changed with pivot_root(2), which chroot(2) can't replace safely"},   \
	{"no-subreaper", 0, ARG_NO_FLAG, 0, NULL, NULL}
/* clang-format on */
