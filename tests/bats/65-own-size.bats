#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container sees its own size.

load lib
load oci

total() { awk '$1 == "MemTotal:" {print $2}'; }

@test "--own-size: memory and processors are its limits, and follow an update" {
	needs_root
	needs_controller memory cpu
	ctr run -d --name "$ID" --own-size --memory 64m --cpus 0.7 host sleep 100 >out 2>&1
	[ "$(ctr exec "$ID" cat /proc/meminfo | total)" = 65536 ]
	[ "$(ctr exec "$ID" grep -c ^processor /proc/cpuinfo)" = 1 ]
	[ "$(ctr exec "$ID" grep -c '^cpu[0-9]' /proc/stat)" = 1 ]
	[ "$(ctr exec "$ID" cat /sys/devices/system/cpu/online)" = 0 ]
	# What is free is not more than what there is.
	ctr exec "$ID" free -k >free.txt 2>/dev/null || skip "no free(1)"
	awk '$1 == "Mem:" {exit !($2 == 65536 && $4 <= 65536)}' free.txt
	ctr update --memory 96m --memory-swap 96m "$ID"
	[ "$(ctr exec "$ID" cat /proc/meminfo | total)" = 98304 ]
	# Nothing of it can be written from inside.
	run ctr exec "$ID" sh -c 'echo x >/proc/meminfo'
	[ "$status" != 0 ]
}

@test "--own-size: without limits it is the machine, without the flag too" {
	needs_root
	host=$(total </proc/meminfo)
	[ "$(ctr run --rm --own-size host cat /proc/meminfo | total)" = "$host" ]
	[ "$(ctr run --rm --memory 64m host cat /proc/meminfo | total)" = "$host" ]
	[ "$(ctr run --rm --own-size host grep -c ^processor /proc/cpuinfo)" = "$(grep -c ^processor /proc/cpuinfo)" ]
}

@test "--own-size: a tenant's limit is its containers' too" {
	needs_root
	needs_controller memory
	ctr tenant create "own$$" --memory 80m "${HOST_IDS[@]}"
	[ "$(ctr run --rm --own-size --tenant "own$$" host cat /proc/meminfo | total)" = 81920 ]
	ctr tenant rm "own$$"
}

@test "--own-size: for OCI callers by an annotation" {
	needs_root
	needs_controller memory
	light b '.annotations = {"io.ctr.own-size": "true"} | .linux.resources = {memory: {limit: 67108864}} |
		.process.args = ["cat", "/proc/meminfo"]'
	[ "$(ctr run --bundle b "$ID" | total)" = 65536 ]
}

@test "sched_getaffinity follows the cpuset" {
	needs_root
	needs_controller cpuset
	[ "$(ctr run --rm --cpuset-cpus 0 host nproc)" = 1 ]
}
