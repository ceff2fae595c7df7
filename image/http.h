/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP exchange; the only door to libcurl. Redirects are followed here, without credentials and
 * never from https to http. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/base/words.h"

enum { HTTP_TEXT_MAX = 4 << 20 };

/* How hosts are trusted: texts in PEM form, files; NULL: the system's ways. */
struct http_tls {
	const char *authorities; /* PEM, instead of the system's */
	const char *cert, *key;  /* files of the client's own */
	bool is_blind;           /* whoever answers is believed */
};

struct http_request {
	const char *method; /* GET */
	const char *url;
	const char *authorization; /* a header's value, for this host only */
	struct words headers;      /* "Name: value" */
	const struct http_tls *tls;
	uint64_t from; /* bytes that are there already: asks for those behind them */
	/* The body of a 200 or 206; NULL: into the response's text. */
	int (*body)(void *ctx, const void *p, size_t n, struct err *err);
	void *body_ctx;
	/* What is sent: so much of a descriptor, or a text. */
	int send_fd; /* -1: none */
	const char *send_text;
	uint64_t send_size;
};

struct http_response {
	long status;
	struct str body;      /* of a 2xx without `body` */
	char *challenge;      /* WWW-Authenticate; several in lines */
	char *type;           /* Content-Type, without parameters */
	char *location;       /* absolute */
	unsigned retry_after; /* seconds; 0: nothing was said */
	bool is_partial;      /* the body began at `from` */
	bool broke_off; /* the connection did: what has come is good, the rest may be asked for */
};

void http_response_clear(struct http_response *r);

/* Connections, kept for the next requests; several threads may use it. */
struct http;
struct http *http_new(void);
void http_free(struct http *h);

/* 0 when there was an answer, whatever it says. -errno: none came, or it broke off (broke_off), or
 * `body` failed. */
int http_do(struct http *h, const struct http_request *q, struct http_response *ret,
	    struct err *err);

/* "host:port" of a URL, in lower case, with the port only if it is not the scheme's own. In the arena;
 * NULL: no URL of http or https. */
const char *http_authority(const char *url, struct arena *mem);
