/* SPDX-License-Identifier: Apache-2.0 */
/* system df, system info. */
#include <errno.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/human.h"
#include "cmd/out.h"
#include "cmd/system.h"
#include "cmd/template.h"
#include "cmd/volume.h"
#include "image/usage.h"
#include "runtime/base/json.h"
#include "runtime/container.h"
#include "runtime/probe.h"

enum { COLUMNS = 5, MORE_COLUMNS = 3 };

/* A line of it. */
struct kind {
	const char *name;
	size_t total, active;
	uint64_t size, idle;
};

/* ---- df ---------------------------------------------------------------------------------------*/

static int count_running(const struct call *call, size_t *ret_all, size_t *ret_running,
			 struct err *err)
{
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err);

	*ret_all = *ret_running = 0;
	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		struct err ignored = {0};
		if (container_open(call->g->root, ids[i], false, false, &c, &ignored) < 0)
			continue;
		++*ret_all;
		*ret_running += c.pidfd >= 0;
	}
	return n < 0 ? n : 0;
}

/* Whether the container of a writable layer runs: its record, in full, is that of this root or of
 * another. */
static bool runs(const char *record, struct arena *mem)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	const char *slash = strrchr(record, '/');
	struct err ignored = {0};

	return slash &&
	       container_open(arena_copy(mem, record, (size_t)(slash - record)), slash + 1, false,
			      false, &c, &ignored) == 0 &&
	       c.pidfd >= 0;
}

static int measure(const struct call *call, struct store_usage *images,
		   struct volume_usage **volumes, size_t *n_volumes, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	int r = store_open(call->g->store, false, &s, err);

	*images = (struct store_usage){0};
	if (r == 0)
		r = store_measure(&s, call->mem, images, err);
	else if (r == -ENOENT)
		r = 0;
	return r < 0 ? r : volumes_measure(call, volumes, n_volumes, err);
}

static void put_kinds(const struct kind *kinds, size_t n, bool is_json, struct json_out *out,
		      struct arena *mem)
{
	static const char *const header[COLUMNS] = {"TYPE", "TOTAL", "ACTIVE", "SIZE",
						    "RECLAIMABLE"};
	struct words cells = {0};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = &kinds[i];
		if (is_json) {
			json_open(out, NULL, '{');
			json_text(out, "Type", k->name);
			json_uint(out, "TotalCount", k->total);
			json_uint(out, "Active", k->active);
			json_uint(out, "Size", k->size);
			json_uint(out, "Reclaimable", k->idle);
			json_close(out, '}');
		}
		words_add(&cells, k->name, mem);
		words_add(&cells, arena_printf(mem, "%zu", k->total), mem);
		words_add(&cells, arena_printf(mem, "%zu", k->active), mem);
		words_add(&cells, human_size(mem, k->size), mem);
		words_add(&cells, human_size(mem, k->idle), mem);
	}
	if (!is_json)
		out_table(out->s, cells.v, cells.n / COLUMNS, COLUMNS);
}

static void put_each(const struct store_usage *u, const struct volume_usage *volumes, size_t n,
		     struct str *out, struct arena *mem)
{
	struct words cells = {0};
	static const char *const header[MORE_COLUMNS] = {"CONTAINER OR VOLUME", "SIZE", "USED BY"};

	for (size_t i = 0; i < MORE_COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (size_t i = 0; i < u->n_writable; i++) {
		words_add(&cells, u->writable[i].record, mem);
		words_add(&cells, human_size(mem, u->writable[i].bytes), mem);
		words_add(&cells, "itself", mem);
	}
	for (size_t i = 0; i < n; i++) {
		words_add(&cells, volumes[i].name, mem);
		words_add(&cells, human_size(mem, volumes[i].bytes), mem);
		words_add(&cells, volumes[i].user ? volumes[i].user : "-", mem);
	}
	str_add_char(out, '\n');
	out_table(out, cells.v, cells.n / MORE_COLUMNS, MORE_COLUMNS);
}

int system_df(struct call *call, struct err *err)
{
	const struct system_opts *o = call->opts;
	struct kind kinds[] = {{.name = "Images"}, {.name = "Containers"}, {.name = "Volumes"}};
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};
	struct volume_usage *volumes = NULL;
	struct store_usage u;
	size_t n = 0;
	bool is_json;

	int r = out_read_format(o->format, &is_json, err);
	if (r < 0 || (r = measure(call, &u, &volumes, &n, err)) < 0 ||
	    (r = count_running(call, &kinds[1].total, &kinds[1].active, err)) < 0)
		return r;
	kinds[0] = (struct kind){"Images", u.n_images, u.n_active, u.images, u.idle};
	for (size_t i = 0; i < u.n_writable; i++) {
		kinds[1].size += u.writable[i].bytes;
		if (!runs(u.writable[i].record, call->mem))
			kinds[1].idle += u.writable[i].bytes;
	}
	kinds[2].total = n;
	for (size_t i = 0; i < n; i++) {
		kinds[2].size += volumes[i].bytes;
		kinds[2].active += volumes[i].user != NULL;
		kinds[2].idle += volumes[i].user ? 0 : volumes[i].bytes;
	}
	if (is_json)
		json_open(&out, NULL, '[');
	put_kinds(kinds, sizeof(kinds) / sizeof(*kinds), is_json, &out, call->mem);
	if (is_json) {
		json_close(&out, ']');
		str_add_char(&text, '\n');
	} else if (o->verbose) {
		put_each(&u, volumes, n, &text, call->mem);
	}
	return out_text(&text, err);
}

/* ---- info -------------------------------------------------------------------------------------*/

static void put_machine(const struct host *host, struct json_out *out)
{
	static const char *const layouts[] = {[CGROUP_NONE] = "none",
					      [CGROUP_V2] = "2",
					      [CGROUP_V1] = "1",
					      [CGROUP_HYBRID] = "1"};
	struct sysinfo machine = {0};
	struct utsname name = {0};

	uname(&name);
	sysinfo(&machine);
	json_text(out, "ServerVersion", CTR_VERSION);
	json_text(out, "Name", name.nodename);
	json_text(out, "OSType", "linux");
	json_text(out, "Architecture", name.machine);
	json_text(out, "KernelVersion", name.release);
	json_uint(out, "NCPU", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	json_uint(out, "MemTotal", (uint64_t)machine.totalram * machine.mem_unit);
	json_text(out, "CgroupVersion", layouts[host->layout]);
	json_bool(out, "CgroupHybrid", host->layout == CGROUP_HYBRID);
	json_bool(out, "Rootless", host->euid != 0 || host->in_userns);
	json_bool(out, "AppArmor", host->has_apparmor);
	json_bool(out, "SELinux", host->has_selinux);
	json_bool(out, "Systemd", host->runs_systemd);
}

static int put_places(const struct call *call, struct json_out *out, struct err *err)
{
	auto_(store) struct store s = STORE_NONE;
	struct oci *index = NULL;
	struct err none = {0};
	struct statvfs fs = {0};
	size_t all, running;
	int r = count_running(call, &all, &running, err);

	if (r < 0)
		return r;
	if (store_open(call->g->store, false, &s, &none) == 0 &&
	    (store_index(&s, call->mem, &index, err) < 0 || fstatvfs(s.fd, &fs) < 0))
		return err->num ? -err->num : err_set(err, errno, "look at %s", s.dir);
	json_text(out, "Root", call->g->root);
	json_text(out, "Store", call->g->store);
	json_uint(out, "StoreFree", (uint64_t)fs.f_bavail * fs.f_frsize);
	json_uint(out, "Containers", all);
	json_uint(out, "ContainersRunning", running);
	json_uint(out, "Images", index ? index->n_manifests : 0);
	return 0;
}

int system_info(struct call *call, struct err *err)
{
	const struct system_opts *o = call->opts;
	bool is_pretty = !o->format;
	auto_(str) struct str text = {0}, json = {0};
	struct json_out out = {.s = &json, .indent = is_pretty ? "    " : NULL};
	struct host host = {0};

	int r = host_probe(&host, err);
	if (r < 0)
		return r;
	json_open(&out, NULL, '{');
	put_machine(&host, &out);
	if ((r = put_places(call, &out, err)) < 0)
		return r;
	json_close(&out, '}');
	if (is_pretty || str_eq(o->format, "json"))
		str_add(&text, json.p);
	else if ((r = template_fill(o->format, json.p, &text, err)) < 0)
		return r;
	str_add_char(&text, '\n');
	return out_text(&text, err);
}
