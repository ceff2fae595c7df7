/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's end of a network is: decided without looking at anything. */
#pragma once

#include "net/ipam.h"
#include "net/store.h"
#include "runtime/base/words.h"

/* Whose container it is: those of others are strangers to it. */
struct wire_tenant {
	uint32_t number;            /* 0: nobody's; wire_tenant_top */
	uint64_t rate_in, rate_out; /* of the one at the top, bytes a second; 0: not limited */
};

/* The upper half of the number is the tenant above all tenants of tenants: they share its rate. */
static inline uint32_t wire_tenant_top(uint32_t number)
{
	return number >> 16;
}

/* As the flags of `ctr run` say it. */
struct wire_want {
	struct words networks;              /* names; the first one leads out */
	const char *helper;                 /* in place of them: net/helper.h */
	const char *ip, *ip6, *mac;         /* in the first network; NULL: chosen */
	const char *hostname;               /* first of its names */
	struct words aliases;               /* more of them */
	const struct wire_publish *publish; /* on the first network */
	size_t n_publish;
	struct words extra_hosts; /* NAME:ADDRESS */
	struct words dns, dns_search, dns_options;
	uint64_t rate_in, rate_out; /* bytes a second; 0: not limited */
	bool has_priority;
	uint32_t priority; /* net/priority.h */
	struct wire_tenant tenant;
};

/* Whether its hosts file is its own; where it and its resolv.conf are, to be bound into it. Pure. */
bool wire_is_private(const struct wire_want *want);

/* What was chosen for an end. */
struct wire_choice {
	struct member m;
	const char *link; /* a name that was never used before */
	bool is_first;    /* the flags about one network are about this one */
	bool leads_out;   /* it has the default route */
};

/* The record of one end, from what was decided. Pure: a test can compare it. */
int wire_plan_end(const struct network *w, const struct wire_want *want,
		  const struct wire_choice *c, struct arena *mem, struct wire_end *ret,
		  struct err *err);

/* The same of one whose packets a helper carries. Pure. */
int wire_plan_helper(const struct wire_want *want, const char *id, struct arena *mem,
		     struct wire_end *ret, struct err *err);
