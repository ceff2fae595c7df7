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

/* "/dev/sda:1m" becomes "/dev/sda:rbps=1m", as --io-max has it. */
static int add_limits(struct share_flags *f, const struct words *w, const char *key,
		      struct arena *mem, struct err *err)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *text = w->v[i], *colon = strrchr(text, ':');
		if (!colon || strchr(text, '='))
			return err_say(err, EINVAL, "expected DEVICE:LIMIT, got \"%.60s\"", text);
		words_add(&f->io_max,
			  arena_printf(mem, "%.*s:%s=%s", (int)(colon - text), text, key,
				       colon + 1),
			  mem);
	}
	return 0;
}

static int read_limits(const struct share_opts *o, struct share_flags *ret, struct arena *mem,
		       struct err *err)
{
	const struct {
		const char *flag, *key;
		const struct words *words;
	} rows[] = {
		{"--device-read-bps", "rbps", &o->read_bytes},
		{"--device-write-bps", "wbps", &o->write_bytes},
		{"--device-read-iops", "riops", &o->read_ops},
		{"--device-write-iops", "wiops", &o->write_ops},
	};

	*ret = o->flags;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (add_limits(ret, rows[i].words, rows[i].key, mem, err) < 0)
			return err_wrap(err, "%s", rows[i].flag);
	return 0;
}

int run_shares(const struct share_opts *o, bool has_cpus, const struct host *host,
	       struct arena *mem, struct config *cfg, struct err *err)
{
	struct tenant_shares shares = {0};
	const char *warning = o->flags.io_weight ? shares_io_warning(mem) : NULL;
	struct share_flags flags;
	int r = read_limits(o, &flags, mem, err);

	if (r == 0)
		r = shares_parse(&flags, mem, &shares, err);
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
