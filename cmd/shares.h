/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of struct share_flags: rows for tables of options. */
#pragma once

#include "cmd/args.h"
#include "runtime/shares.h"

/* clang-format off */
#define SHARE(base, member) (uint16_t)((base) + offsetof(struct share_flags, member))
/* Those of SHARE_ARGS that `update` has no other word for. */
#define SHARE_CHANGE_ARGS(base) \
	{"cpu-weight", 0, ARG_TEXT, SHARE(base, cpu_weight), "N", "part of the CPU time beside others, 1 to 10000 (100)"}, \
	{"numa", 0, ARG_TEXT, SHARE(base, numa), "NODE", "the CPUs and the memory of this node"}, \
	{"memory-min", 0, ARG_TEXT, SHARE(base, memory_min), "SIZE", "memory that is never taken away for others"}, \
	{"memory-low", 0, ARG_TEXT, SHARE(base, memory_low), "SIZE", "memory that is taken away last"}, \
	{"memory-high", 0, ARG_TEXT, SHARE(base, memory_high), "SIZE", "above it, memory is taken back and the group slowed down"}, \
	{"swap", 0, ARG_TEXT, SHARE(base, swap), "SIZE", "most swap"}, \
	{"zswap", 0, ARG_TEXT, SHARE(base, zswap), "SIZE", "most compressed memory in place of swap"}, \
	{"io-weight", 0, ARG_TEXT, SHARE(base, io_weight), "N", "part of the disks beside others, 10 to 1000 (100)"}, \
	{"io-max", 0, ARG_LIST, SHARE(base, io_max), "DEV:KEY=N,...", "most of a disk: rbps=, wbps=, riops=, wiops="}, \
	{"io-latency", 0, ARG_LIST, SHARE(base, io_latency), "DEV:MS", "others wait when this takes longer"}
/* Those that `run` has in common with a tenant; base: where the struct is in the options. */
#define SHARE_ARGS(base) \
	{"cpu-burst", 0, ARG_TEXT, SHARE(base, cpu_burst), "US", "unused CPU time that may be saved up"}, \
	{"cpu-idle", 0, ARG_FLAG, SHARE(base, cpu_idle), NULL, "only CPU time that nobody else wants"}, \
	{"cpuset-mems", 0, ARG_TEXT, SHARE(base, cpuset_mems), "LIST", "memory nodes, as in 0-1"}, \
	SHARE_CHANGE_ARGS(base)
#define SHARE_CPUS_ARG(base) \
	{"cpus", 0, ARG_TEXT, SHARE(base, cpus), "N", "most CPU time, as in 1.5; -1: no limit"}
#define SHARE_TENANT_ARGS(base) \
	SHARE_CPUS_ARG(base), \
	{"cpu-min", 0, ARG_TEXT, SHARE(base, cpu_min), "N", "CPU time that is guaranteed, as in 1.5"}, \
	{"cpuset-cpus", 0, ARG_TEXT, SHARE(base, cpuset_cpus), "LIST", "CPUs, as in 0-2,7"}, \
	{"memory", 'm', ARG_TEXT, SHARE(base, memory), "SIZE", "most memory, as in 8g; -1: no limit"}, \
	{"pids", 0, ARG_TEXT, SHARE(base, pids), "N", "most processes and threads; -1: no limit"}
/* clang-format on */
