/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fd.h"
#include "runtime/own_clock.h"
#include "runtime/shares.h"

/* The offsets want CAP_SYS_TIME over the user namespace that owns the time namespace
 * (time_namespaces(7)): who makes one has it there. */
static bool may_set_clock(const struct config *cfg, const struct host *host)
{
	const struct config_namespace *user = config_namespace(cfg, CONFIG_NAMESPACE_TYPE_USER);

	return (user && !user->path) || (host->euid == 0 && (host->caps >> CAP_SYS_TIME & 1));
}

bool own_clock(const struct config *cfg, const struct host *host, struct arena *mem,
	       struct config *ret)
{
	if (!cfg->linux_ || !host->has_time_ns || !host->uptime || cfg->linux_->n_time_offsets ||
	    config_namespace(cfg, CONFIG_NAMESPACE_TYPE_TIME) || !may_set_clock(cfg, host) ||
	    !shares_wants(cfg->annotations, cfg->n_annotations, SHARES_OWN_SIZE))
		return false;
	size_t n = cfg->linux_->n_namespaces;
	struct config_linux *l = arena_zalloc(mem, 1, sizeof(*l));
	struct config_namespace *list = arena_zalloc(mem, n + 1, sizeof(*list));
	struct config_time_offset *offset = arena_zalloc(mem, 1, sizeof(*offset));

	if (n)
		memcpy(list, cfg->linux_->namespaces, n * sizeof(*list));
	list[n] = (struct config_namespace){.type = CONFIG_NAMESPACE_TYPE_TIME};
	/* Whole seconds: then the moment of boot, which the kernel tells in seconds, is exact too. */
	*offset = (struct config_time_offset){
		.key = "boottime", .secs = -(int64_t)host->uptime, .has_secs = true};
	*l = *cfg->linux_;
	l->namespaces = list;
	l->n_namespaces = n + 1;
	l->time_offsets = offset;
	l->n_time_offsets = 1;
	*ret = *cfg;
	ret->linux_ = l;
	return true;
}

int64_t own_clock_offset(const char *text)
{
	static const char key[] = "boottime";
	const char *at = strstr(text, key);

	return at ? strtoll(at + sizeof(key) - 1, NULL, 10) : 0;
}

int64_t own_clock_offset_of(pid_t pid)
{
	enum { SMALL = 4096 };
	auto_(str) struct str text = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", (int)pid);
	return fd_read_file(AT_FDCWD, path, SMALL, &text) == 0 && text.p ? own_clock_offset(text.p)
									 : 0;
}
