/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports, as people write them:
 *
 *     [[ADDRESS:]PORT[-PORT]:]PORT[-PORT][/tcp|/udp]        -p 8080:80   -p 10.0.0.1:53:53/udp
 *
 * An IPv6 address stands in brackets. Without a port of the host the kernel's choice is taken, as -P
 * does for every port. Pure but for port_probe. */
#pragma once

#include "gen/wire.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

/* port 0 in the result: any free one. -EINVAL says what is wrong with it. */
int port_parse(const char *text, struct arena *mem, struct wire_publish *ret, struct err *err);
/* What a bridge cannot publish: -ENOTSUP says why. */
int port_check_routed(const struct wire_publish *p, struct err *err);
/* "0.0.0.0:8080-8090->80-90/tcp". */
void port_print(const struct wire_publish *p, struct str *ret);
bool port_same(const struct wire_publish *a, const struct wire_publish *b);

/* Whether a program of the host has the port; a port 0 becomes a free one. -EADDRINUSE. */
int port_probe(struct wire_publish *p, struct err *err);
