/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants on disk, and their making and changing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/shared.h"
#include "net/tenant_rate.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "runtime/ledger.h"
#include "runtime/tenant.h"
#include "runtime/tenant_unit.h"

enum {
	TENANT_VERSION = 1,
	RECORD_MAX = 1 << 20,
	DEPTH_MAX = 8,
	ID_FIRST = 0x70000000, /* above what systemd gives to its containers */
	ID_END = 0x7fff0000,   /* below the numbers that some programs take for negative */
	ID_COUNT = 65536,
};

/* ---- reading ---------------------------------------------------------------------------------- */

static int read_one(struct tenants *t, const char *name, struct err *err)
{
	auto_(str) struct str text = {0};
	const char *path = arena_printf(&t->mem, "%s/tenant.json", name);
	void *tenant;
	int r = fd_read_file(t->dir_fd, path, RECORD_MAX, &text);

	if (r == -ENOENT) /* its making was cut short */
		return 0;
	if (r < 0)
		return err_set(err, r, "read %s/%s", t->dir, path);
	r = decode_object(&tenant_table, text.p ? text.p : "", text.len, &t->mem, &tenant, err);
	if (r < 0)
		return err_wrap(err, "%s/%s", t->dir, path);
	if (t->n % 8 == 0)
		t->v = mem_resize(t->v, t->n + 8, sizeof(void *));
	t->v[t->n++] = tenant;
	return 0;
}

/* The directory `name`, "" for all, and those in it. */
static int read_below(struct tenants *t, const char *name, unsigned depth, struct err *err)
{
	int fd = openat(t->dir_fd, *name ? name : ".",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir)
		return err_set(err, errno, "read %s/%s", t->dir, name);
	for (struct dirent *d; r == 0 && (d = readdir(dir));) {
		const char *below = *name ? arena_printf(&t->mem, "%s/%s", name, d->d_name)
					  : arena_str(&t->mem, d->d_name);
		struct err bad_name;
		if (d->d_type != DT_DIR || *d->d_name == '.' || depth >= DEPTH_MAX ||
		    tenant_check_name(below, &bad_name) < 0)
			continue;
		r = read_one(t, below, err);
		if (r == 0)
			r = read_below(t, below, depth + 1, err);
	}
	closedir(dir);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct tenant *const *)a)->name, (*(struct tenant *const *)b)->name);
}

/* A user's containers may be a tenant's, whatever he says with --root: only records that root has made
 * count. */
static const char *dir_of(const char *root, struct arena *mem)
{
	const char *dir = arena_printf(mem, "%s/tenants", ledger_state_dir(root, mem));
	struct stat st;

	if (geteuid() == 0 || (lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0))
		return dir;
	return "/var/lib/ctr/tenants";
}

int tenants_open(const char *root, bool lock, struct tenants *ret, struct err *err)
{
	struct tenants t = {.dir_fd = -1};

	t.root = arena_str(&t.mem, root);
	t.dir = dir_of(root, &t.mem);
	t.dir_fd =
		lock ? path_make_dir(t.dir, 0755) : open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t.dir_fd < 0 && (lock || errno != ENOENT)) {
		err_set(err, lock ? t.dir_fd : errno, "open %s", t.dir);
		tenants_clear(&t);
		return -err->num;
	}
	while (lock && flock(t.dir_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	int r = t.dir_fd >= 0 ? read_below(&t, "", 0, err) : 0;
	if (r < 0) {
		tenants_clear(&t);
		return r;
	}
	if (t.n)
		qsort(t.v, t.n, sizeof(void *), by_name);
	*ret = t;
	return 0;
}

void tenants_clear(struct tenants *t)
{
	auto_close_fd(&t->dir_fd);
	free(t->v);
	arena_clear(&t->mem);
	*t = (struct tenants){.dir_fd = -1};
}

struct tenant *tenants_find(const struct tenants *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->v[i]->name, name))
			return t->v[i];
	return NULL;
}

struct tenant *tenants_of_user(const struct tenants *t, uid_t uid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->user && t->v[i]->uid == uid)
			return t->v[i];
	return NULL;
}

/* ---- ids -------------------------------------------------------------------------------------- */

/* Whether somebody was given a part of these ids in a file of "name:first:count" lines. */
static bool is_granted(const char *file, uint64_t first, uint64_t *ret_end)
{
	auto_(str) struct str text = {0};
	bool taken = false;

	if (fd_read_file(AT_FDCWD, file, RECORD_MAX, &text) < 0 || !text.p)
		return false;
	for (char *save = NULL, *line = strtok_r(text.p, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		uint64_t start, count;
		if (sscanf(line, "%*[^:]:%" SCNu64 ":%" SCNu64, &start, &count) != 2 ||
		    start + count <= first || start >= first + ID_COUNT)
			continue;
		*ret_end = start + count;
		taken = true;
	}
	return taken;
}

/* The mark only goes up, so an id that some file may still belong to is never given away again. It is
 * on the disk before the ids are used. */
static int take_ids(struct tenants *t, struct tenant *new, struct err *err)
{
	auto_(str) struct str text = {0};
	uint64_t next = ID_FIRST, end;
	char line[32];

	if (fd_read_file(t->dir_fd, ".ids", sizeof(line), &text) == 0 && text.p)
		sscanf(text.p, "%" SCNu64, &next);
	while (is_granted("/etc/subuid", next, &end) || is_granted("/etc/subgid", next, &end))
		next = (end + ID_COUNT - 1) / ID_COUNT * ID_COUNT;
	if (next + ID_COUNT > ID_END)
		return err_say(err, ENOSPC, "there are no more ids: %d tenants were made so far",
			       (ID_END - ID_FIRST) / ID_COUNT);
	int n = snprintf(line, sizeof(line), "%" PRIu64 "\n", next + ID_COUNT);
	int r = fd_replace(t->dir_fd, ".ids", line, (size_t)n, 0644);
	if (r == 0 && fsync(t->dir_fd) < 0)
		r = -errno;
	if (r < 0)
		return err_set(err, r, "write %s/.ids", t->dir);
	new->id_first = (uint32_t)next;
	new->id_count = ID_COUNT;
	new->has_id_first = new->has_id_count = true;
	return 0;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static int write_record(struct tenants *t, const struct tenant *new, struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text, .indent = "  "};
	const char *path = arena_printf(&t->mem, "%s/%s", t->dir, new->name);
	auto_fd int dir = path_make_dir(path, 0755);

	if (dir < 0)
		return err_set(err, dir, "make %s", path);
	encode_object(&tenant_table, new, &out, NULL);
	str_add_char(&text, '\n');
	int r = fd_replace(dir, "tenant.json", text.p, text.len, 0644);
	return r < 0 ? err_set(err, r, "write %s/tenant.json", path) : 0;
}

static int remove_record(struct tenants *t, const char *name, struct err *err)
{
	const char *file = arena_printf(&t->mem, "%s/tenant.json", name);

	if (unlinkat(t->dir_fd, file, 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s/%s", t->dir, file);
	if (unlinkat(t->dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s/%s", t->dir, name);
	return 0;
}

/* ---- groups ----------------------------------------------------------------------------------- */

static int plan_groups(const struct tenants *t, const struct tenant *new, const struct host *host,
		       struct arena *mem, struct cg_plan *ret, struct err *err)
{
	struct config_resources *res = arena_zalloc(mem, 1, sizeof(*res));
	const char *mark = arena_printf(mem, "%s/%s", t->dir, new->name);
	int r = new->shares ? shares_check_tenant(new->shares, host, err) : 0;

	if (r == 0 && new->shares)
		r = shares_resources(new->shares, host, mem, res, err);
	return r < 0 ? r : cg_plan_shared(tenant_group(new->name, mem), mark, res, host, ret, err);
}

struct wire_tenant tenant_as_wire(const struct tenants *all, const struct tenant *t)
{
	const struct tenant *top = t;
	size_t n = strcspn(t->name, "/");

	for (size_t i = 0; i < all->n; i++)
		if (strlen(all->v[i]->name) == n && strncmp(all->v[i]->name, t->name, n) == 0)
			top = all->v[i];
	/* Their ids were never anybody else's. */
	return (struct wire_tenant){
		.number = (top->id_first & 0xFFFF0000) | t->id_first >> 16,
		.rate_in = top->net_rate_in,
		.rate_out = top->net_rate_out,
	};
}

/* One rate holds for all that is below the tenant, whatever has a network there; a UNIX user's own
 * containers have none of ctr's. */
static int check_rate(const struct tenant *t, struct err *err)
{
	if (!t->net_rate_in && !t->net_rate_out)
		return 0;
	if (strchr(t->name, '/')) {
		err_say(err, ENOTSUP, "--net-rate: a tenant of a tenant shares the rate of %.*s",
			(int)strcspn(t->name, "/"), t->name);
		err_hint(err, "limit each container with run --net-rate");
		return -ENOTSUP;
	}
	if (t->user)
		return err_say(err, ENOTSUP,
			       "--net-rate: containers that %s makes have a network of his own, "
			       "which is not ctr's to limit",
			       t->user);
	return 0;
}

/* For those of its containers that run. */
static int set_rate(const struct tenants *t, const struct tenant *new, struct err *err)
{
	struct wire_tenant w = tenant_as_wire(t, new);

	w.rate_in = new->net_rate_in;
	w.rate_out = new->net_rate_out;
	return tenant_rate_set(t->root, &w, err);
}

static int make_groups(const struct tenant *t, const struct cg_plan *plan, const struct host *host,
		       struct err *err)
{
	int r = cg_apply_shared(plan, err);

	return r == 0 && t->user && host->layout == CGROUP_V2
		       ? cg_delegate_shared(plan, t->uid, err)
		       : r;
}

/* Their names into the record, that into the file, and then themselves. */
static int put_in_place(struct tenants *t, struct tenant *new, const struct host *host,
			struct err *err)
{
	auto_(cg_plan) struct cg_plan plan = {0};
	int r = check_rate(new, err);

	if (r < 0 || (r = plan_groups(t, new, host, &t->mem, &plan, err)) < 0)
		return r;
	new->groups = arena_zalloc(&t->mem, plan.n_names, sizeof(*new->groups));
	new->n_groups = plan.n_names;
	for (size_t i = 0; i < plan.n_names; i++)
		new->groups[i] = arena_str(&t->mem, plan.names[i]);
	r = write_record(t, new, err);
	if (r == 0)
		r = make_groups(new, &plan, host, err);
	if (r == 0 && (new->has_net_rate_in || new->has_net_rate_out))
		r = set_rate(t, new, err);
	if (r == 0 && new->user && host->runs_systemd)
		r = tenant_unit_write(new, TENANT_UNITS, err);
	return r;
}

static int check_host(const struct host *host, struct err *err)
{
	if (host->euid == 0 && !host->in_userns)
		return 0;
	return err_say(err, EPERM, "tenants are made and changed by root of the machine");
}

static int admit(struct tenants *t, const struct tenant *new, struct err *err)
{
	enum { RESERVE_PERCENT = 5 }; /* for the kernel and what keeps the machine up */
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES), page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct tenant_machine machine = {
		.memory = pages * page / 100 * (100 - RESERVE_PERCENT),
		.cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) * 1000,
	};

	return tenant_admit(t->v, t->n, new, &machine, err);
}

int tenant_create(struct tenants *t, struct tenant *new, const struct host *host, struct err *err)
{
	struct err ignored;
	int r = tenant_check_name(new->name, err);

	if (r < 0 || (r = check_host(host, err)) < 0)
		return r;
	if (tenants_find(t, new->name))
		return err_say(err, EEXIST, "there is a tenant %s already", new->name);
	new->version = TENANT_VERSION;
	new->has_version = true;
	if ((r = admit(t, new, err)) < 0 || (r = take_ids(t, new, err)) < 0)
		return r;
	const char *parent = tenant_parent(new->name, &t->mem);
	if (parent && (r = tenant_ensure(t, parent, host, err)) < 0)
		return r;
	r = put_in_place(t, new, host, err);
	if (r < 0) {
		if (new->user)
			tenant_unit_remove(new, TENANT_UNITS, &ignored);
		cg_remove_shared(new->groups, new->n_groups, &ignored);
		remove_record(t, new->name, &ignored);
	}
	return r;
}

int tenant_change(struct tenants *t, struct tenant *new, const struct host *host, struct err *err)
{
	struct tenant *old = tenants_find(t, new->name);
	struct err ignored;
	int r = check_host(host, err);

	if (r < 0)
		return r;
	if (!old)
		return err_say(err, ENOENT, "there is no tenant %s", new->name);
	if ((r = admit(t, new, err)) < 0)
		return r;
	r = put_in_place(t, new, host, err);
	if (r < 0)
		put_in_place(t, old, host, &ignored);
	return r;
}

int tenant_remove(struct tenants *t, const char *name, struct err *err)
{
	struct tenant *tenant = tenants_find(t, name);
	size_t len = strlen(name);

	if (!tenant)
		return err_say(err, ENOENT, "there is no tenant %s", name);
	if (geteuid())
		return err_say(err, EPERM, "tenants are removed by root of the machine");
	for (size_t i = 0; i < t->n; i++)
		if (strncmp(t->v[i]->name, name, len) == 0 && t->v[i]->name[len] == '/')
			return err_say(err, EBUSY, "%s has a tenant of its own: %s", name,
				       t->v[i]->name);
	int r = cg_remove_shared(tenant->groups, tenant->n_groups, err);
	if (r == -EBUSY) {
		err_say(err, EBUSY, "%s has containers", name);
		err_hint(err, "delete them first: ctr list shows them");
	}
	if (r == 0 && tenant->user)
		r = tenant_unit_remove(tenant, TENANT_UNITS, err);
	return r < 0 ? r : remove_record(t, name, err);
}

int tenant_ensure(const struct tenants *t, const char *name, const struct host *host,
		  struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(cg_plan) struct cg_plan plan = {0};
	const struct tenant *tenant = tenants_find(t, name);
	const char *parent = tenant_parent(name, &mem);
	int r = parent ? tenant_ensure(t, parent, host, err) : 0;

	if (r < 0)
		return r;
	if (!tenant)
		return err_say(err, ENOENT, "there is no tenant %s", name);
	if (cg_has_shared(tenant->groups, tenant->n_groups))
		return 0;
	r = plan_groups(t, tenant, host, &mem, &plan, err);
	if (r == 0)
		r = make_groups(tenant, &plan, host, err);
	return r < 0 ? err_wrap(err, "tenant %s", name) : 0;
}
