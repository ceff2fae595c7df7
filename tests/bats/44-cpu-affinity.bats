#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# process.execCPUAffinity: on which CPUs an exec begins, and on which its program runs.

load lib
load oci

setup() {
	new_test
	[ "$(nproc)" -ge 2 ] || missing "needs two CPUs"
	running
	jq '.process.args = ["grep", "Cpus_allowed_list", "/proc/self/status"]' "b-$ID/config.json" >base.json
}

# with AFFINITY [ARGUMENT...]: exec of such a process.
with() {
	jq --argjson a "$1" '.process | .execCPUAffinity = $a' base.json >process.json
	shift
	run ctr exec --process process.json "$@" "$ID"
}

@test "the program runs on the final ones" {
	with '{"final": "1"}'
	ended 0
	[ "$(awk '{ print $2 }' <<<"$output")" = 1 ]
	with '{"initial": "0", "final": "0-1"}'
	[ "$(awk '{ print $2 }' <<<"$output")" = 0-1 ]
	with '{"initial": "1", "final": "0"}'
	[ "$(awk '{ print $2 }' <<<"$output")" = 0 ]
}

@test "ctr itself goes to the initial ones" {
	jq '.process | .args = ["sleep", "3"] | .execCPUAffinity = {initial: "1"}' base.json >process.json
	ctr exec --process process.json "$ID" 3>&- &
	local pid=$!
	on_one() { grep -h "Cpus_allowed_list:.*[^-0-9]1$" "/proc/$pid/task/$pid/children" /proc/"$pid"/status /proc/$(pgrep -P "$pid" -x ctr)/status 2>/dev/null; }
	until_true on_one
	kill "$pid"
}

@test "empty ones change nothing, others are refused" {
	with '{"initial": "", "final": ""}'
	ended 0
	with '{"final": "1-0"}'
	ended 255
	has "execCPUAffinity.final"
	with '{"initial": "x"}'
	ended 255
	with '{"final": "4000"}'
	ended 255
	has "process.execCPUAffinity.final 4000"
	has "invalid argument"
}

@test "lists with many CPUs are taken whole" {
	with '{"final": "0-1,1024-8191"}'
	ended 0
	[ "$(awk '{ print $2 }' <<<"$output")" = 0-1 ]
}

@test "the config's is not for the first process, but for exec without a file" {
	light b2 '.process.execCPUAffinity = {final: "1"} | .process.args = ["sleep", "50"]'
	ctr run -d -b b2 --pid-file pid "$ID-2" >out 2>&1 </dev/null
	grep -q "Cpus_allowed_list:.*0-" "/proc/$(cat pid)/status"
	run ctr exec "$ID-2" grep Cpus_allowed_list /proc/self/status
	[ "$(awk '{ print $2 }' <<<"$output")" = 1 ]
}
