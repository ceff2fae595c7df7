/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/run_shares.h"
#include "runtime/base/log.h"

static void annotate(struct config *cfg, const char *key, struct arena *mem)
{
	struct config_kv *list = arena_zalloc(mem, cfg->n_annotations + 1, sizeof(*list));

	if (cfg->n_annotations)
		memcpy(list, cfg->annotations, cfg->n_annotations * sizeof(*list));
	list[cfg->n_annotations++] = (struct config_kv){key, "true"};
	cfg->annotations = list;
}

int run_shares(const struct share_opts *o, bool has_cpus, const struct host *host,
	       struct arena *mem, struct config *cfg, struct err *err)
{
	struct tenant_shares shares = {0};
	const char *warning = o->flags.io_weight ? shares_io_warning(mem) : NULL;
	int r = shares_parse(&o->flags, mem, &shares, err);

	if (r == 0 && warning)
		log_warning("%s", warning);
	if (o->core_sched)
		annotate(cfg, SHARES_CORE_SCHED, mem);
	if (o->own_size)
		annotate(cfg, SHARES_OWN_SIZE, mem);
	if (o->page_sharing)
		annotate(cfg, SHARES_PAGES, mem);
	if (r == 0 && shares.has_cpu_burst_us && !has_cpus)
		return err_say(err, EINVAL,
			       "--cpu-burst saves up what is left of --cpus: it needs it");
	return r < 0 ? r : shares_resources(&shares, host, mem, cfg->linux_->resources, err);
}
