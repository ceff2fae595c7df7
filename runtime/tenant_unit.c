/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/tenant_unit.h"

static const char file_name[] = "50-ctr-tenant.conf";

/* -1 takes a limit away. */
static void put_size(struct str *out, const char *key, bool has, int64_t n)
{
	if (has && n < 0)
		str_addf(out, "%s=infinity\n", key);
	else if (has)
		str_addf(out, "%s=%" PRId64 "\n", key, n);
}

static void put_cpu(const struct tenant_shares *s, struct str *out)
{
	if (s->cpu_idle)
		str_add(out, "CPUWeight=idle\n");
	else if (s->has_cpu_weight)
		str_addf(out, "CPUWeight=%u\n", s->cpu_weight);
	if (s->has_cpu_milli && s->cpu_milli < 0)
		str_add(out, "CPUQuota=\n");
	else if (s->has_cpu_milli) /* percent of one CPU */
		str_addf(out, "CPUQuota=%" PRId64 ".%" PRId64 "%%\n", s->cpu_milli / 10,
			 s->cpu_milli % 10);
	if (s->cpus)
		str_addf(out, "AllowedCPUs=%s\n", s->cpus);
	if (s->mems)
		str_addf(out, "AllowedMemoryNodes=%s\n", s->mems);
}

void tenant_unit_text(const struct tenant *t, struct str *out)
{
	static const struct tenant_shares none;
	const struct tenant_shares *s = t->shares ? t->shares : &none;

	str_addf(out, "# Of ctr tenant %s: change it with ctr tenant set.\n[Slice]\n", t->name);
	put_cpu(s, out);
	put_size(out, "MemoryMax", s->has_memory, s->memory);
	put_size(out, "MemoryMin", s->has_memory_min, s->memory_min);
	put_size(out, "MemoryLow", s->has_memory_low, s->memory_low);
	put_size(out, "MemoryHigh", s->has_memory_high, s->memory_high);
	put_size(out, "MemorySwapMax", s->has_swap, s->swap);
	put_size(out, "MemoryZSwapMax", s->has_zswap, s->zswap);
	put_size(out, "TasksMax", s->has_pids, s->pids);
	if (s->has_io_weight)
		str_addf(out, "IOWeight=%u\n", s->io_weight);
}

/* "DIR/UNIT.d" */
static char *drop_in_dir(struct arena *mem, const char *dir, const char *unit,
			 const struct tenant *t)
{
	return arena_printf(mem, "%s/%s%u%s.d", dir, unit, t->uid,
			    str_ends(unit, "@") ? ".service" : ".slice");
}

static int write_file(const char *dir, const struct str *text, struct err *err)
{
	auto_fd int fd = path_make_dir(dir, 0755);
	int r = fd < 0 ? fd : fd_replace(fd, file_name, text->p, text->len, 0644);

	return r < 0 ? err_set(err, r, "write %s/%s", dir, file_name) : 0;
}

int tenant_unit_write(const struct tenant *t, const char *dir, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str slice = {0}, service = {0};

	tenant_unit_text(t, &slice);
	str_add(&service, "[Service]\nDelegate=cpu cpuset io memory pids\n");
	int r = write_file(drop_in_dir(&mem, dir, "user-", t), &slice, err);
	return r < 0 ? r : write_file(drop_in_dir(&mem, dir, "user@", t), &service, err);
}

int tenant_unit_remove(const struct tenant *t, const char *dir, struct err *err)
{
	static const char *const units[] = {"user-", "user@"};
	auto_(arena) struct arena mem = {0};

	for (int i = 0; i < 2; i++) {
		const char *at = drop_in_dir(&mem, dir, units[i], t);
		const char *file = arena_printf(&mem, "%s/%s", at, file_name);
		if (unlink(file) < 0 && errno != ENOENT)
			return err_set(err, errno, "remove %s", file);
		rmdir(at); /* unless somebody else has one there */
	}
	return 0;
}
