/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/health.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/config/config.h"
#include "runtime/lifecycle.h"
#include "runtime/load.h"
#include "runtime/probe.h"
#include "runtime/state.h"

enum { OUTPUT_MAX = 4096 };

static void set_word(struct health *h, const char *word)
{
	snprintf(h->word, sizeof(h->word), "%s", word);
}

void health_judge(struct health *h, int status, bool is_early, unsigned retries)
{
	if (!*h->word)
		set_word(h, "starting");
	if (status == 0) {
		set_word(h, "healthy");
		h->failures = 0;
		return;
	}
	if (is_early && str_eq(h->word, "starting"))
		return;
	h->failures++;
	if (h->failures >= retries)
		set_word(h, "unhealthy");
}

static struct health read_health(const struct container *c)
{
	auto_(str) struct str text = {0};
	struct health h = {0};

	if (fd_read_file(c->dir_fd, "health", 1 << 16, &text) < 0 || !text.p ||
	    sscanf(text.p, "%15s %u", h.word, &h.failures) != 2)
		h = (struct health){0};
	return h;
}

/* Since the first process was made. */
static bool is_early(const struct container *c, uint32_t period_ms)
{
	struct stat st;

	return fstatat(c->dir_fd, "init", &st, 0) == 0 &&
	       (time(NULL) - st.st_mtim.tv_sec) * 1000 < (int64_t)period_ms;
}

/* Runs the command in the container; what it says goes into `out`, whose pages count as the
 * container's. Returns its exit status. */
static int run(const struct call *call, const struct container *c, int out, struct err *err)
{
	const struct state_options *o = c->state->options;
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int streams[] = {null, out, out};
	struct config *cfg = NULL;
	struct host host;
	int status = 0;

	int r = null < 0 ? err_set(err, errno, "open /dev/null")
			 : load_config(c, call->mem, &cfg, err);
	if (r < 0 || (r = host_probe_process(&host, err)) < 0)
		return r;
	if (!cfg || !cfg->process)
		return err_say(err, EINVAL, "its config has no process");
	struct config_process process = *cfg->process;
	process.args = o->health_command;
	process.n_args = o->n_health_command;
	process.terminal = false;
	const struct exec_opts want = {
		.container = c,
		.config = cfg,
		.process = &process,
		.io = {.streams = streams},
		.timeout_ms = (int)o->health_timeout,
	};
	r = ctr_exec(&want, &host, &status, err);
	return r < 0 ? r : status;
}

int health_check(struct call *call, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(str) struct str text = {0};
	char output[OUTPUT_MAX], why[1024];
	struct err failure = {0};

	int r = container_open(call->g->root, id, false, false, &c, err);
	if (r < 0)
		return r;
	if (!c.state || !c.state->options || !c.state->options->n_health_command)
		return err_say(err, EINVAL, "it has no health check");
	if (container_status(&c) != STATUS_RUNNING)
		return 0;
	auto_fd int out = sys_memfd_create("ctr-health", MFD_CLOEXEC);
	if (out < 0)
		return err_set(err, errno, "create a memory file");
	struct health h = read_health(&c);
	int status = run(call, &c, out, &failure);
	health_judge(&h, status, is_early(&c, c.state->options->health_start_period),
		     c.state->options->health_retries);
	ssize_t n = pread(out, output, sizeof(output), 0);
	str_addf(&text, "%s %u\n", h.word, h.failures);
	if (status < 0)
		str_add(&text, err_text(&failure, why, sizeof(why)));
	else if (n > 0)
		str_add_mem(&text, output, (size_t)n);
	if (c.pidfd < 0 || sys_pidfd_send_signal(c.pidfd, 0) < 0)
		return 0; /* it ended meanwhile: this is about nobody */
	r = fd_replace(c.dir_fd, "health", text.p, text.len, 0600);
	return r < 0 ? err_set(err, r, "write %s/health", c.dir) : status != 0;
}
