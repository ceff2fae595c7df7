#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The bill: what is in the ledger, and that it is what the kernel counted.

load lib
load oci

bill() { ctr usage --json "$@" >bill.json; }

# billed FILTER
billed() {
	jq -e "$1" bill.json >/dev/null || {
		cat bill.json
		return 1
	}
}

@test "the sum of many short containers is what the group above them has counted" {
	needs_root
	needs_controller cpu memory
	local i parent counted billed n=100
	[ "${CTR_PLACE:-native}" = native ] || n=20 # an emulated machine takes a second for each
	# shellcheck disable=SC2016
	light b '.linux.resources = {} | .process.args = ["sh", "-c",
		"i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done"]'
	for ((i = 0; i < n; i++)); do
		config b ".linux.cgroupsPath = \"/bats-$ID-all/$ID-$i\""
		ctr run --bundle b "$ID-$i"
	done
	bill
	billed '.rows[0].containers == '"$n"' and .tornRecords == 0'
	if is_v2; then
		parent=/sys/fs/cgroup/bats-$ID-all
		counted=$(awk '$1 == "usage_usec" {printf "%.0f", $2 * 1000}' "$parent/cpu.stat")
	else
		parent=$(hierarchy cpuacct)/bats-$ID-all
		counted=$(<"$parent/cpuacct.usage")
	fi
	billed=$(jq .total.cpuNs bill.json)
	echo "billed $billed ns, counted $counted ns"
	[ $((billed * 1000 / counted)) -ge 990 ]
	[ $((billed * 1000 / counted)) -le 1010 ]
	find /sys/fs/cgroup -depth -type d -name "bats-$ID-all" -exec rmdir {} +
}

@test "I/O is billed as it was counted" {
	needs_root
	is_v2 && needs_controller io
	light b '.process.args = ["sh", "-c", "dd if=/dev/zero of=/big bs=64k count=64 oflag=direct &&
		rm /big"] | .linux.resources = {}'
	run "$CTR" --root "$ROOT" run --bundle b "$ID"
	[ "$status" = 0 ] || skip "no direct writes here: $output"
	bill
	billed '.total.writtenBytes >= 4194304 and .total.writtenBytes < 6000000 and .total.writes >= 64' || {
		# A root file system in memory has no device.
		grep -q ' / / .* - tmpfs\|overlay' /proc/self/mountinfo && skip "the root is not on a disk"
		false
	}
}

@test "what runs is billed as it runs, and memory by time" {
	needs_root
	needs_controller memory
	cp "$BATS_TEST_DIRNAME/../../build/tests/hog" "$ROOTFS/bin/hog"
	running "$ID" '.process.args = ["hog", "hold", "32"] | .linux.resources = {}'
	until_true grep -q ready out
	bill
	sleep 2
	bill
	billed '.total.containers == 1 and .total.memoryPeak > 33554432'
	# Two seconds of 32 MiB, on a machine that may stand still for a while.
	billed '.total.memoryByteSeconds > 60000000 and .total.wallNs > 2000000000'
	billed '.total.memoryByteSeconds <= .total.memoryPeak * (.total.wallNs / 1000000000 + 1)'
	before=$(jq .total.memoryByteSeconds bill.json)
	ctr delete --force "$ID"
	bill
	billed ".total.memoryByteSeconds >= $before and .total.containers == 1"
	# Its last record is the last.
	[ "$(grep -c '"ended":true' "$ROOT"/.lib/usage/*.jsonl)" = 1 ]
	bill -c
	billed ".rows[0].id == \"$ID\""
	run ctr usage
	has "MEMORY x TIME"
}

@test "--since: what was used after a moment" {
	needs_root
	light b '.process.args = ["true"]'
	ctr run --bundle b "$ID-1"
	sleep 1.1
	moment=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	sleep 1.1
	ctr run --bundle b "$ID-2"
	bill -c --since "$moment"
	billed ".rows | length == 1 and .[0].id == \"$ID-2\""
	bill --since 1h
	billed '.total.containers == 2'
	run ctr usage --since yesterday
	ended 1
	has "--since"
}

@test "a torn line costs its own record only" {
	needs_root
	light b '.process.args = ["true"]'
	ctr run --bundle b "$ID-1"
	truncate -s -20 "$ROOT"/.lib/usage/*.jsonl
	ctr run --bundle b "$ID-2"
	bill -c
	billed '.tornRecords == 1 and (.rows | length) == 1'
	# A version to come says more, which is no fault.
	sed -i 's/"version":1/"version":2,"new":{"a":[1]}/' "$ROOT"/.lib/usage/*.jsonl
	bill
	billed '.tornRecords == 1 and .total.containers == 1'
}

@test "a ledger that cannot be written stops nobody" {
	needs_root
	light b '.process.args = ["true"]'
	mkdir -p "$ROOT"
	touch "$ROOT/.lib"
	run "$CTR" --root "$ROOT" run --bundle b "$ID"
	ended 0
	has "not in the ledger"
}
