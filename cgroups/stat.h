/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has used: the numbers behind `events --stats`. Times are nanoseconds, sizes
 * bytes, "no limit" is UINT64_MAX; what the kernel does not tell stays 0. */
#pragma once

#include "cgroups/psi.h"
#include "runtime/base/mem.h"

struct cg_usage {
	uint64_t limit, usage, max, failcnt;
};

/* One line of blkio: {"major":8,"minor":0,"op":"Read","value":4096}. */
struct cg_blkio {
	uint64_t major, minor, value;
	const char *op;
};
enum cg_blkio_kind {
	CG_BLKIO_SERVICE_BYTES,
	CG_BLKIO_SERVICED,
	CG_BLKIO_QUEUED,
	CG_BLKIO_SERVICE_TIME,
	CG_BLKIO_WAIT_TIME,
	CG_BLKIO_MERGED,
	CG_BLKIO_TIME,
	CG_BLKIO_SECTORS,
	CG_BLKIO_KINDS
};
/* "ioServiceBytesRecursive", … */
extern const char *const cg_blkio_words[CG_BLKIO_KINDS];

struct cg_stats {
	struct arena mem; /* owns all lists below */
	struct {
		uint64_t total, kernel, user;
		uint64_t *percpu, *percpu_kernel, *percpu_user; /* v1 only */
		size_t n_percpu, n_percpu_kernel, n_percpu_user;
		uint64_t periods, throttled_periods, throttled_time;
		uint64_t limit; /* thousandths of a CPU */
		struct cg_psi psi;
	} cpu;
	struct {
		const char *cpus, *mems; /* effective, "0-3"; NULL without the controller */
	} cpuset;
	struct {
		uint64_t cache;
		struct cg_usage usage, swap, kernel,
			kernel_tcp; /* swap: memory and swap together */
		struct cg_raw {
			const char *key;
			uint64_t value;
		} * raw; /* memory.stat */
		size_t n_raw;
		struct cg_psi psi;
	} memory;
	struct {
		uint64_t current, limit;
	} pids;
	struct {
		struct cg_blkio *items[CG_BLKIO_KINDS];
		size_t n[CG_BLKIO_KINDS];
		struct cg_psi psi;
	} blkio;
	struct cg_hugetlb {
		const char *size; /* "2MB" */
		struct cg_usage use;
	} * hugetlb;
	size_t n_hugetlb;
};

/* names: as recorded. 0 or -errno; a controller that isn't there is no error. */
int cg_stats(const char *const *names, size_t n, struct cg_stats *ret, struct err *err);
void cg_stats_clear(struct cg_stats *);

/* The block I/O part (stat_blkio.c), v1's counters before v2's; v1, v2: directories or NULL. */
void cg_blkio_read(const char *v1, const char *v2, struct cg_stats *);
/* Pure: one file's text. */
void cg_blkio_parse_v1(const char *text, enum cg_blkio_kind, struct cg_stats *);
void cg_blkio_parse_v2(const char *text, struct cg_stats *);
