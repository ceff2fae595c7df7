/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/meter.h"
#include "cgroups/name.h"
#include "cgroups/procs.h"
#include "cgroups/stat.h"

enum { TEXT_MAX = 4096 };

/* v1 counts user and system time in ticks, the sum in nanoseconds: the sum is the truth, and the ticks
 * say how it is shared out. */
static void cpu_v1(const char *dir, struct cg_meter *m)
{
	char text[TEXT_MAX];
	uint64_t user = 0, system = 0;

	cg_file_u64(dir, "cpuacct.usage", &m->cpu_ns);
	if (cg_file_read(dir, "cpuacct.stat", text, sizeof(text)) <= 0)
		return;
	cg_text_key(text, "user", &user);
	cg_text_key(text, "system", &system);
	if (user + system == 0)
		return;
	m->user_ns = (uint64_t)((double)m->cpu_ns * (double)user / (double)(user + system));
	m->system_ns = m->cpu_ns - m->user_ns;
}

static void cpu_v2(const char *dir, struct cg_meter *m)
{
	char text[TEXT_MAX];

	if (cg_file_read(dir, "cpu.stat", text, sizeof(text)) <= 0)
		return;
	cg_text_key(text, "usage_usec", &m->cpu_ns);
	cg_text_key(text, "user_usec", &m->user_ns);
	cg_text_key(text, "system_usec", &m->system_ns);
	m->cpu_ns *= 1000;
	m->user_ns *= 1000;
	m->system_ns *= 1000;
}

static void memory(const char *v1, const char *v2, struct cg_meter *m)
{
	const char *dir = v1 ? v1 : v2;

	if (!dir)
		return;
	cg_file_u64(dir, v1 ? "memory.usage_in_bytes" : "memory.current", &m->memory);
	cg_file_u64(dir, v1 ? "memory.max_usage_in_bytes" : "memory.peak", &m->memory_peak);
	cg_file_key(dir, v1 ? "memory.oom_control" : "memory.events", "oom_kill", &m->oom_kills);
}

static uint64_t sum_of(const struct cg_stats *s, enum cg_blkio_kind kind, const char *op)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->blkio.n[kind]; i++)
		if (strcmp(s->blkio.items[kind][i].op, op) == 0)
			n += s->blkio.items[kind][i].value;
	return n;
}

static void block_io(const char *v1, const char *v2, struct cg_meter *m)
{
	struct cg_stats s = {0};
	char text[TEXT_MAX];

	/* BFQ's own counters only know of devices that it schedules: these know all. */
	if (v1) {
		if (cg_file_read(v1, "blkio.throttle.io_service_bytes_recursive", text,
				 sizeof(text)) > 0)
			cg_blkio_parse_v1(text, CG_BLKIO_SERVICE_BYTES, &s);
		if (cg_file_read(v1, "blkio.throttle.io_serviced_recursive", text, sizeof(text)) >
		    0)
			cg_blkio_parse_v1(text, CG_BLKIO_SERVICED, &s);
	} else if (v2 && cg_file_read(v2, "io.stat", text, sizeof(text)) > 0) {
		cg_blkio_parse_v2(text, &s);
	}
	m->read_bytes = sum_of(&s, CG_BLKIO_SERVICE_BYTES, "Read");
	m->written_bytes = sum_of(&s, CG_BLKIO_SERVICE_BYTES, "Write");
	m->reads = sum_of(&s, CG_BLKIO_SERVICED, "Read");
	m->writes = sum_of(&s, CG_BLKIO_SERVICED, "Write");
	cg_stats_clear(&s);
}

int cg_meter(const char *const *names, size_t n, struct cg_meter *ret, struct err *err)
{
	const char *v2 = cg_name_find(names, n, ""), *acct = cg_name_find(names, n, "cpuacct");
	const char *main_dir = cg_main_dir(names, n);
	struct cg_meter m = {0};

	if (!main_dir)
		return err_say(err, ENOENT, "the container has no control group");
	if (access(main_dir, F_OK) < 0)
		return err_set(err, errno, "read the counters of %s", main_dir);
	if (acct)
		cpu_v1(acct, &m);
	else if (v2)
		cpu_v2(v2, &m);
	memory(cg_name_find(names, n, "memory"), v2, &m);
	block_io(cg_name_find(names, n, "blkio"), v2, &m);
	*ret = m;
	return 0;
}
