/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that others describe, in files of CNI (the Container Network Interface, versions 0.3.1 to
 * 1.0.0): a list of plugins, programs that are told ADD one after the other and DEL in reverse. Here is
 * what they are told, and what they answer; net/cni_run.h tells them. All of this is pure. */
#pragma once

#include "net/cni_json.h"
#include "net/wire_plan.h"
#include "runtime/base/str.h"

#define CNI_PREFIX "cni:"

enum {
	CNI_CONF_MAX = 128 << 10, /* bytes of a description, ... */
	CNI_TOLD_MAX = 384 << 10, /* ... of what all its plugins are told, ... */
	CNI_ANSWER_MAX = 1 << 20, /* ... of what a plugin answers */
	CNI_PLUGINS_MAX = 32,
};

/* Whether --network NAME means one of them. */
static inline bool cni_is(const char *network)
{
	return network && str_starts(network, CNI_PREFIX);
}

/* Those of its capabilities that ctr has something for. */
enum { CNI_PORTS = 1 << 0, CNI_IPS = 1 << 1, CNI_MAC = 1 << 2 };

struct cni_plugin {
	const char *type;          /* the program's name */
	unsigned takes;            /* CNI_*: what it says it can do */
	struct json_parts members; /* of its description */
};

struct cni_conf {
	const char *name, *version;
	struct cni_plugin *plugins;
	size_t n_plugins;
};

/* The name that a description has; NULL: none, or it is no object. */
const char *cni_name(const char *json, struct arena *mem);

/* A .conflist, or a .conf, which is one plugin. */
int cni_read(const char *json, struct arena *mem, struct cni_conf *ret, struct err *err);

/* Whether some plugin takes each thing that was asked for. */
int cni_check(const struct cni_conf *c, const struct wire_want *want, struct err *err);

/* What a plugin is told, but for what the one before it answered, ... */
const char *cni_tell(const struct cni_conf *c, size_t plugin, const struct wire_want *want,
		     struct arena *mem);
/* ... and with it. NULL: there is none. */
void cni_tell_before(const char *told, const char *before, struct str *ret);

struct cni_answer {
	const char *address, *gateway;   /* ADDRESS/BITS, ADDRESS; NULL: none */
	const char *address6, *gateway6; /* the same of IPv6 */
	const char *mac;
	struct words servers, search, options; /* of resolv.conf */
};

/* What the last one answered to ADD. */
int cni_answer(const char *json, struct arena *mem, struct cni_answer *ret, struct err *err);

/* What a plugin answers that has failed, as a sentence; `said` is what it printed beside it. */
void cni_explain(const char *json, const char *said, struct str *ret);
