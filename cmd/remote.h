/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that talk to registries have in common: flags, and finding the registry. */
#pragma once

#include "cmd/far.h"
#include "image/registry.h"

/* The first member of their option structs. */
struct remote_opts {
	const char *tls_verify, *authfile, *cert_dir, *creds;
	bool quiet;
};

/* clang-format off */
#define REMOTE_ARGS                                                                                \
	{"tls-verify", 0, ARG_TEXT, offsetof(struct remote_opts, tls_verify), "BOOL",              \
	 "false: no certificates, and http where there is no https"},                              \
	{"authfile", 0, ARG_TEXT, offsetof(struct remote_opts, authfile), "FILE",                  \
	 "passwords (auth.json, where podman keeps it)"},                                          \
	{"cert-dir", 0, ARG_TEXT, offsetof(struct remote_opts, cert_dir), "DIR",                   \
	 "*.crt, *.cert, *.key (/etc/containers/certs.d/HOST)"},                                   \
	{"creds", 0, ARG_TEXT, offsetof(struct remote_opts, creds), "USER:PASSWORD",               \
	 "instead of those of a file"},                                                            \
	{"quiet", 'q', ARG_FLAG, offsetof(struct remote_opts, quiet), NULL, "no progress"}
/* clang-format on */

int remote_read(const struct remote_opts *o, struct arena *mem, struct registry_opts *ret,
		struct err *err);
