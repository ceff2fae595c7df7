#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The main job: a fork bomb in a container with a process limit is that container's problem alone.

load lib

# Microseconds of the median of 50 starts of a small program on the host.
start_time() {
	local i t0
	for ((i = 0; i < 50; i++)); do
		t0=${EPOCHREALTIME/./}
		/bin/true
		echo $((${EPOCHREALTIME/./} - t0))
	done | sort -n | sed -n 25p
}

tasks() { ctr ps --format json "$ID" | jq length; }

# The bomb fills its limit, the host goes on at its speed, and one command ends it.
contained() { # BEFORE
	local before=$1 during i n peak=0
	# A shell's bomb comes and goes: its processes give up when they cannot have another.
	for ((i = 0; i < 200 && peak < 60; i++)); do
		n=$(tasks)
		[ "$n" -le 128 ]
		peak=$((n > peak ? n : peak))
	done
	echo "$peak processes at most"
	[ "$peak" -gt 20 ]
	during=$(start_time)
	echo "a start takes $before us without the bomb, $during us beside it"
	# Half a processor is the bomb's; what a start costs may not even double beyond a machine's noise.
	[ "$during" -lt $((before * 3 + 3000)) ]
	ctr kill "$ID" KILL
	wait_for stopped
	ctr delete --force "$ID"
	run find /sys/fs/cgroup -type d -name "*$ID*"
	[ -z "$output" ]
}

@test "a shell's fork bomb in the host image, with 128 processes and half a processor" {
	needs_root
	before=$(start_time)
	ctr run -d --name "$ID" --cpus 0.5 --pids-limit 128 host \
		bash -c ':(){ :|:& };: & exec sleep 1000' >out 2>&1
	contained "$before"
	run pgrep -f '^bash -c :\(\)'
	ended 1
}

@test "a fork bomb written in C, in a bundle" {
	needs_root
	bundle
	cp "$BATS_TEST_DIRNAME/../../build/tests/bomb" bundle/rootfs/bin/bomb
	config bundle '.process.args = ["bomb"] | .linux.resources.pids.limit = 128 |
		.linux.resources.cpu = {"quota": 50000, "period": 100000}'
	before=$(start_time)
	ctr create --bundle bundle "$ID" >out 2>&1 </dev/null
	ctr start "$ID"
	contained "$before"
}

@test "the default limit holds a bomb without being asked for" {
	needs_root
	ctr run -d --name "$ID" --cpus 0.5 host bash -c ':(){ :|:& };: & exec sleep 1000' >out 2>&1
	for ((i = 0, n = 0; i < 200 && n <= 20; i++)); do n=$(tasks); done
	[ "$n" -gt 20 ]
	[ "$n" -le 512 ]
	ctr kill "$ID" KILL
	wait_for stopped
}
