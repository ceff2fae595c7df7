#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The truth about what a container uses, and about what killed it.

load lib
load oci

HELPERS=$BATS_TEST_DIRNAME/../../build/tests

# hogged KIND JQ-FILTER: runs the hog in a container that is kept; 24 MiB without swap, if the filter
# does not say otherwise.
hogged() {
	needs_root
	needs_controller memory
	[ -e "$ROOTFS/bin/hog" ] || cp "$HELPERS/hog" "$ROOTFS/bin/hog"
	light b ".process.args = [\"hog\", \"$1\"] | .linux.resources = {memory: {limit: 25165824}} |
		.process.rlimits = [] | ${2:-.}"
	run "$CTR" --root "$ROOT" run --keep --bundle b "$ID"
}

# because FILTER: what `ctr why --json` says is so.
because() {
	ctr why --json "$ID" >why.json
	jq -e "$1" why.json >/dev/null || {
		cat why.json
		return 1
	}
}

# inspected FILTER: what `ctr inspect` says of it is so.
inspected() {
	ctr inspect "$ID" >inspect.json
	jq -e ".[0].State | $1" inspect.json >/dev/null || {
		jq '.[0].State' inspect.json
		return 1
	}
}

killed_for() { # CAUSE LIMIT GROUP'S-END
	ended 137
	because ".cause == \"$1\" and .kills >= 1 and .victim.task == \"hog\" and .victim.pid > 1"
	inspected ".OOMKilled and .OOM.cause == \"$1\" and .OOM.victim.task == \"hog\" and
		.OOM.limit == $2 and (.OOM.limitGroup | endswith(\"$3\"))"
}

@test "why: its own limit, by memory of its own" {
	hogged anon
	killed_for own 25165824 "/$ID"
	because '.limitGroup | endswith("/'"$ID"'")'
	because '(.mostly | startswith("the programs")) and .victim.anonRss > 16000000'
	because '.levels[0].limit == 25165824 and .levels[0].peak > 20000000'
	run ctr why "$ID"
	has "the limit was the container's own"
	# The ledger remembers when the container is gone.
	ctr delete "$ID"
	because '.cause == "own" and .victim.task == "hog" and (.mostly | startswith("the programs"))'
	run ctr why nobody
	ended 1
	has "container does not exist"
}

@test "why: its own limit, by shared memory" {
	hogged shared
	killed_for own 25165824 "/$ID"
	because '.mostly | startswith("shared memory")'
}

@test "why: its own limit, by the kernel's buffers" {
	hogged sockets '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 4000, hard: 4000}]'
	killed_for own 25165824 "/$ID"
	because '.mostly | startswith("the kernel")'
}

@test "why: many small processes, none of which is large" {
	hogged children
	ended 0
	because '.cause == "own" and .victim.anonRss < 4000000'
	inspected '.OOMKilled and .OOM.limit == 25165824 and .OOM.victim.task == "hog"'
	sleep 5 # the kernel tells of ten kills in five seconds and of no more: the next test needs it
}

@test "why: a limit above it" {
	local parent
	hogged anon '.process.args = ["true"]'
	ended 0
	ctr delete "$ID"
	# A group above the container's with less than that has.
	parent=$(hierarchy memory)/bats-$ID-above
	mkdir -p "$parent"
	if is_v2; then echo +memory >"$parent/../cgroup.subtree_control"; fi
	echo 12M >"$parent/$(is_v2 && echo memory.max || echo memory.limit_in_bytes)"
	hogged anon ".linux.cgroupsPath = \"/bats-$ID-above/$ID\""
	killed_for ancestor 12582912 -above
	because '.limitGroup | endswith("-above")'
	because '.levels[1].limit == 12582912'
	run ctr why "$ID"
	has "a group above it, /bats-$ID-above"
	ctr delete "$ID"
	find /sys/fs/cgroup -depth -type d -name "bats-$ID-above" -exec rmdir {} +
}

@test "why: a child that was killed while the container lived on" {
	hogged child
	ended 0
	because '.cause == "own" and .kills == 1'
	inspected '.OOMKilled and .ExitCode == 0 and .OOM.limit == 25165824'
}

@test "why: a kill that the kernel's log is silent about" {
	# It tells of ten in five seconds.
	hogged child '.process.args = ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do hog child; done"]'
	ended 0
	ctr delete "$ID"
	hogged anon
	ended 137
	because '.cause == "own" and .kills == 1 and .limit == 25165824'
	because '.limitGroup | endswith("/'"$ID"'")'
	[ "${CTR_PLACE:-native}" = native ] || return 0 # emulated, twelve take longer
	because 'has("victim") | not'
	run ctr why "$ID"
	has "which are not known: the kernel tells of ten in five seconds"
	has "the container's own (24.0 MiB)"
	inspected '.OOMKilled and .OOM.cause == "own" and .OOM.limit == 25165824'
	ctr delete "$ID"
	because '.cause == "own" and .limit == 25165824'
}

@test "why: killed by hand is not killed for memory" {
	needs_root
	running
	ctr kill "$ID" KILL
	wait_for stopped
	because '.cause == "none" and .kills == 0 and (has("victim") | not)'
	inspected '.OOMKilled == false and (has("OOM") | not)'
	run ctr why "$ID"
	has "nothing in it was killed for memory"
}

# counter RESOURCE FILTER
counter() {
	ctr counters --json "$ID" >counters.json
	jq -e ".[] | select(.resource == \"$1\") | $2" counters.json >/dev/null || {
		jq -c ".[] | select(.resource == \"$1\")" counters.json
		return 1
	}
}

@test "counters: held, peak, limits and refusals" {
	needs_root
	needs_controller memory pids cpu
	cp "$HELPERS/hog" "$ROOTFS/bin/hog"
	running "$ID" '.process.args = ["sh", "-c", "(sleep 1 & sleep 1 & sleep 1 & sleep 1 &); exec hog hold 20"] |
		.linux.resources = {memory: {limit: 67108864}, pids: {limit: 4},
		cpu: {quota: 50000, period: 100000}}'
	until_true counter memory '.held > 20971520'
	counter memory '.hard == 67108864 and .peak >= .held and .soft == "max"'
	counter processes '.hard == 4 and .peak == 4'
	until_true counter processes '.fails > 0'
	counter cpu '.hard == 500'
	run ctr counters "$ID"
	has RESOURCE
	has "64.0 MiB"
}

@test "stats: rates, limits, throttling and pressure" {
	needs_root
	needs_controller memory pids cpu
	running "$ID" '.process.args = ["sh", "-c", "while :; do :; done"] |
		.linux.resources = {memory: {limit: 67108864}, pids: {limit: 8},
		cpu: {quota: 20000, period: 100000}}'
	sleep 0.5
	ctr stats --no-stream --json --interval 1s "$ID" >stats.json
	cat stats.json
	jq -e --arg id "$ID" '.id == $id and .cpuPercent > 1 and .cpuPercent < 30 and
		.cpuLimitMilli == 200 and .throttledNs > 0 and .memoryLimit == 67108864 and
		.memoryPeak >= .memory and .pids == 1 and .pidsLimit == 8' stats.json
	# Without pressure accounting there is nothing to be told.
	[ ! -e /proc/pressure ] || jq -e '.pressure.cpu.someUs > 0' stats.json
	run ctr stats --no-stream
	has "$ID"
	has THROTTLED
	[ "${#lines[@]}" = 2 ]
}

@test "stats: a stream, until its reader has enough" {
	needs_root
	running
	timeout 20 "$CTR" --root "$ROOT" stats --json --interval 100ms | head -n 3 >out.json || :
	[ "$(jq -s 'length' out.json)" = 3 ]
	run ctr stats --no-stream nobody
	ended 1
	has "container does not exist"
	ctr kill "$ID" KILL
	wait_for stopped
	run ctr stats --no-stream "$ID"
	ended 1
	has "not running"
}

told_of_pressure() { grep -q '"type":"pressure"' events.out; }

@test "events: pressure wakes it" {
	needs_root
	needs_controller cpuset
	# Two of them want one processor.
	running "$ID" '.process.args = ["sh", "-c", "(while :; do :; done) & while :; do :; done"] |
		.linux.resources = {cpu: {cpus: "0"}}'
	[ -e /proc/pressure ] || {
		run ctr events --pressure cpu "$ID"
		ended 1
		has "does not account for pressure"
		return
	}
	timeout 20 "$CTR" --root "$ROOT" events --interval 1h --pressure cpu:some:300ms/2s "$ID" >events.out 2>&1 3>&- &
	until_true told_of_pressure
	ctr kill "$ID" KILL
	head -n 1 events.out | jq -e --arg id "$ID" '.id == $id and .data.resource == "cpu" and .data.kind == "some" and
		.data.stallUs == 300000 and .data.windowUs == 2000000 and .data.psi.some.total > 0'
	wait $!
	for bad in disk memory:most cpu:1s cpu:100ms/100ms cpu:2s/1s; do
		run ctr events --pressure "$bad" "$ID"
		ended 1
	done
}
