/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/joined.h"
#include "cmd/run_env.h"
#include "cmd/run_network.h"
#include "cmd/run_request.h"
#include "cmd/signals.h"
#include "cmd/volume.h"
#include "image/host.h"
#include "runtime/config/encode.h"
#include "runtime/disk.h"
#include "runtime/own_size.h"
#include "runtime/probe.h"
#include "runtime/secret.h"
#include "runtime/tenant.h"

/* ---- locks ------------------------------------------------------------------------------------*/

void run_request_unlock(struct run_request *q)
{
	auto_close_fd(&q->volumes);
	auto_close_fd(&q->tenant);
	q->volumes = q->tenant = -1;
}

void run_request_clear(struct run_request *q)
{
	snapshot_clear(&q->snapshot);
	run_request_unlock(q);
}

/* ---- which image ------------------------------------------------------------------------------*/

static int check_flags(const struct run_opts *o, struct err *err)
{
	const struct err_conflict rows[] = {
		{o->oci.io.detach && o->attach.n, "-a with -d", "use ctr attach"},
		{o->oci.io.detach && o->oci.io.console_socket, "--console-socket with -d",
		 "the monitor holds the terminal: use ctr attach"},
		{o->remove && o->engine.restart && !str_eq(o->engine.restart, "no"),
		 "--restart with --rm", "a container that is deleted can't be started again"},
		{o->oci.config != NULL, "--config without --bundle", "it belongs to a bundle"},
		{o->oci.keep, "--keep without --bundle", "leave out --rm"},
		{o->rootfs && o->disk, "--disk with --rootfs", "DIR is written to as it is"},
		{o->cgroup_parent && o->shares.tenant, "--cgroup-parent with --tenant",
		 "the tenant's group is the parent"},
	};

	return err_conflicts(rows, sizeof(rows) / sizeof(*rows), err);
}

static int new_id(struct arena *mem, const char **ret, struct err *err)
{
	unsigned char b[6];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return err_set(err, errno, "get random bytes");
	*ret = arena_printf(mem, "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return 0;
}

static int find_host(const struct run_opts *o, struct call *call, const struct host *host,
		     uint64_t disk, struct image *ret, struct err *err)
{
	if (host->euid == 0 && !host->in_userns)
		return host_image(call->g->root, disk ? disk : HOST_DISK_DEFAULT, call->mem, ret,
				  err);
	if (o->disk)
		return err_say(err, ENOTSUP, "--disk: without root the image host is read-only");
	host_image_rootless(call->mem, ret);
	return 0;
}

/* SIZE[,memory]. A file system in a file takes the host's root to mount it. */
static int read_disk(const char *text, bool is_host, const struct host *host, struct arena *mem,
		     struct snapshot_want *ret, struct err *err)
{
	const char *comma = strchrnul(text, ',');
	int64_t size;

	if ((*comma && !str_eq(comma, ",memory")) ||
	    num_size(arena_copy(mem, text, (size_t)(comma - text)), &size) < 0 || size <= 0)
		return err_say(
			err, EINVAL,
			"--disk: expected a size such as 256m, or 256m,memory, got \"%.40s\"",
			text);
	ret->disk = (uint64_t)size;
	ret->in_memory = *comma || is_host;
	if (ret->in_memory)
		return 0;
	if (host->euid != 0 || host->in_userns) {
		err_say(err, ENOTSUP, "--disk: only root can mount a file system of that size");
		err_hint(err, "--disk %.40s,memory keeps what it writes in memory", text);
		return -ENOTSUP;
	}
	return ret->disk >= DISK_MIN
		       ? 0
		       : err_say(err, EINVAL, "--disk: a file system needs 8m or more, not %.40s",
				 text);
}

/* Which image; the words behind its name are the command. */
static int find_image(const struct run_opts *o, struct call *call, const struct host *host,
		      struct stored_want *want, struct snapshot *ret, struct err *err)
{
	struct snapshot_want *snapshot = &want->snapshot;
	const char *dir;

	if (o->rootfs) {
		int r = absolute_path(o->rootfs, call->mem, &dir, err);
		return r < 0 ? r : directory_image(dir, call->mem, &ret->image, err);
	}
	if (!call->n_words)
		return err_say(err, EINVAL, "expected the name of an image, such as host");
	want->name = call->words[0];
	want->pull = o->pull;
	want->quiet = o->quiet;
	snapshot->kernel = host->kernel;
	snapshot->is_fleeting = o->remove;
	bool is_host = str_eq(want->name, "host");
	if (o->disk && read_disk(o->disk, is_host, host, call->mem, snapshot, err) < 0)
		return -err->num;
	if (is_host)
		return find_host(o, call, host, snapshot->disk, &ret->image, err);
	return stored_image(call, want, ret, err);
}

/* ---- what of it -------------------------------------------------------------------------------*/

/* The image's own word for it counts unless the user has one. */
static int image_stop_signal(const struct image *image, const struct run_opts *opts,
			     struct state_options *ret, struct err *err)
{
	const struct engine_opts *o = &opts->engine;

	if (opts->flags.systemd && !o->stop_signal) {
		ret->stop_signal = (uint32_t)SIGRTMIN + 3; /* halt, in systemd's words */
		return 0;
	}
	for (size_t i = 0; !o->stop_signal && i < image->n_annotations; i++) {
		const struct config_kv *a = &image->annotations[i];
		if (!str_eq(a->key, "org.opencontainers.image.stopSignal"))
			continue;
		int sig = signal_number(a->value, err);
		if (sig <= 0)
			return err_say(err, EINVAL, "the image's stop signal \"%.40s\" is none",
				       a->value);
		ret->stop_signal = (uint32_t)sig;
	}
	return 0;
}

/* A user who is not root has his own. */
static int take_ids(const struct run_opts *o, const struct run_request *q, struct id_range *ret,
		    struct err *err)
{
	if (q->host.euid != 0 || q->host.in_userns)
		return 0;
	return tenant_ids(q->want.root, o->shares.tenant, ret, err);
}

/* The words that the manager of control groups takes for a place below another group. */
static int place_below(const char *parent, struct run_request *q, struct arena *mem,
		       struct err *err)
{
	bool by_systemd = q->want.manager == CG_SYSTEMD;

	if (!parent)
		return 0;
	if (by_systemd && !str_ends(parent, ".slice"))
		return err_say(
			err, EINVAL,
			"--cgroup-parent: systemd has slices, as in web.slice, got \"%.60s\"",
			parent);
	q->config->linux_->cgroups_path =
		arena_printf(mem, by_systemd ? "%s:ctr:%s" : "%s/%s", parent, q->flags.id);
	return 0;
}

/* From the image on: the same for all of them. */
static int compose_request(struct call *call, const struct run_opts *o, struct run_request *q,
			   struct err *err)
{
	struct image *image = &q->snapshot.image;
	struct run_facts facts = {0};
	const struct tenant_guest guest = {.root = q->want.root,
					   .id = q->flags.id,
					   .name = o->shares.tenant,
					   .disk = image->overlay.disk ? image->overlay.upper_bytes
								       : 0,
					   .in_memory = rootfs_in_memory(&image->overlay),
					   .lock = &q->tenant};
	unsigned listen;
	const struct compose in = {&q->flags, image, &facts, &q->host, call->mem};

	for (size_t i = 0; i < o->expose.n; i++)
		words_add(&image->exposed, o->expose.v[i], call->mem);
	int r = io_opts_read(&o->oci.io, call->mem, &q->want.io, &listen, err);
	if (r < 0 || (r = engine_opts_read(&o->engine, call, q->flags.id, &q->options, err)) < 0 ||
	    (r = secrets_parse(&o->secrets, call->mem, &q->options, &q->flags.secrets, err)) < 0 ||
	    (r = joined_volumes(call, &o->volumes_from, &q->flags, err)) < 0 ||
	    (r = q->volumes = volumes_prepare(call, &q->flags, &q->options, err)) < 0 ||
	    (r = image_stop_signal(image, o, &q->options, err)) < 0 ||
	    (r = run_network_look(&in, call->g->root, o->shares.tenant, &facts.network, err)) < 0 ||
	    (r = take_ids(o, q, &facts.ids, err)) < 0 ||
	    (r = joined_find(&in, call->g->root, &facts, &q->options, err)) < 0 ||
	    (r = run_look(&q->flags, image, &q->host, call->mem, &facts, err)) < 0 ||
	    (r = compose(&in, &q->config, err)) < 0 ||
	    (r = place_below(o->cgroup_parent, q, call->mem, err)) < 0 ||
	    (r = run_shares(&o->shares, q->flags.cpus, &q->host, call->mem, q->config, err)) < 0 ||
	    (r = bundle_check(q->config, &q->host, call->mem, err)) < 0 ||
	    (r = tenant_join(&guest, &q->host, q->config, call->mem, &q->want.tenant, err)) < 0)
		return r;
	own_size_mounts(q->want.root, q->flags.id, call->mem, q->config);
	io_opts_tell(q->config->process, listen, call->mem);
	q->want.id = q->flags.id;
	q->want.bundle = image->scratch ? image->scratch : image->root;
	q->want.engine = true;
	q->want.auto_remove = o->remove;
	q->want.image = image->name;
	q->want.overlay = image->overlay.lower || image->overlay.n_layers ? &image->overlay : NULL;
	q->want.scratch = image->scratch;
	if (facts.network.kind == RUN_NETWORK_WIRED) {
		q->wire = facts.network.wire;
		q->want.wire = &q->wire;
		engine_keep_wire(&q->wire, &q->options, call->mem);
	}
	q->want.options = &q->options;
	q->want.until_recorded[0] = &q->volumes;
	q->want.until_recorded[1] = &q->tenant;
	q->want.no_new_keyring = o->oci.no_new_keyring;
	q->want.proxy_terminal = q->flags.tty;
	engine_keep_overlay(&image->overlay, &q->options);
	return 0;
}

static int find_request(struct call *call, const struct run_opts *o, struct run_request *q,
			struct err *err)
{
	q->flags = o->flags;
	q->flags.id = o->name;
	q->want.root = call->g->root;
	q->want.manager = call->g->manager;
	int r = check_flags(o, err);
	if (r < 0 ||
	    (r = q->flags.id ? container_check_id(q->flags.id, err)
			     : new_id(call->mem, &q->flags.id, err)) < 0 ||
	    (r = host_probe(&q->host, err)) < 0 ||
	    (r = run_env(&o->env_files, &q->flags.env, call->mem, err)) < 0)
		return r;
	q->stored.snapshot.root = call->g->root;
	q->stored.snapshot.id = q->flags.id;
	r = find_image(o, call, &q->host, &q->stored, &q->snapshot, err);
	for (size_t i = o->rootfs ? 0 : 1; r >= 0 && i < call->n_words; i++)
		words_add(&q->flags.args, call->words[i], call->mem);
	return r;
}

int run_request_read(struct call *call, const struct run_opts *o, struct run_request *q,
		     struct err *err)
{
	auto_(str) struct str text = {0};
	int r = find_request(call, o, q, err);

	if (r == 0)
		r = compose_request(call, o, q, err);
	if (r < 0)
		return r;
	config_encode(q->config, NULL, &text);
	q->want.config_text = arena_copy(call->mem, text.p, text.len);
	q->want.config_len = text.len;
	r = engine_write_cidfile(&o->engine, q->want.id, err);
	q->has_cidfile = r == 0 && o->engine.cidfile;
	return r;
}

void run_request_undo(const struct call *call, const struct run_opts *o, struct run_request *q)
{
	if (q->has_cidfile)
		unlink(o->engine.cidfile);
	if (q->snapshot.image.scratch)
		stored_undo(call, &q->stored);
	run_request_unlock(q);
	volumes_remove(call->g->root, &q->options);
}
