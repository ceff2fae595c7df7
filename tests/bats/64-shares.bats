#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Alone: what it measures is all there is of processors and disks.
# Shares of the machine: weights, caps, places, and taking memory back without killing.

load lib
load oci

HELPERS=$BATS_TEST_DIRNAME/../../build/tests

in_group() { # CONTROLLER V2-FILE V1-FILE
	local pid
	pid=$(ctr state "$ID" | jq .pid)
	echo "$pid" >"$ID.pid"
	value "$@"
}

@test "weights, nested weights, the idle class and caps share a processor as they say" {
	needs_root
	needs_controller cpu cpuset
	run "$BATS_TEST_DIRNAME/../bench/shares" 3
	echo "$output"
	# A machine that stands still now and then has one more try, for longer.
	[ "${CTR_PLACE:-native}" = native ] || ended 0 # there the whole file is tried again
	[ "$status" = 0 ] || "$BATS_TEST_DIRNAME/../bench/shares" 6
}

# The machine's slow disk (tests/vm/run -r), on which nothing is.
slow_disk() {
	local serial
	serial=$(grep -lsx slow /sys/block/*/serial) || return
	basename "$(dirname "$serial")"
}

@test "I/O weights share a disk as they say: BFQ, and the cost model" {
	needs_root
	is_v2 || missing "needs cgroup v2"
	needs_controller io
	local disk
	disk=$(slow_disk) || missing "no disk to be written over (tests/vm/run -r)"
	[ ! -x /run/modprobe ] || /run/modprobe bfq
	run "$BATS_TEST_DIRNAME/../bench/shares" 15 "$disk"
	echo "$output"
	# BFQ's turns are coarse beside what a disk of 5 MiB/s does in that time: it may be off by more.
	awk '/off by/ { n++; sub(/.*off by /, ""); if ($1 > 25) bad++ } END { exit bad || n < 6 }' <<<"$output"
	awk '/cost model.*MISSED/ { bad++ } END { exit bad }' <<<"$output"
}

@test "a weight is in both of the kernel's files, BFQ's and the cost model's" {
	needs_root
	is_v2 || missing "needs cgroup v2"
	needs_controller io
	[ ! -x /run/modprobe ] || /run/modprobe bfq
	ctr run -d --name "$ID" --io-weight 200 host sleep 100 >out 2>&1
	in_group io cgroup.type - >/dev/null
	local file found=0
	for file in io.bfq.weight io.weight; do
		[ -e "$(group_of io)/$file" ] || continue
		found=1
		[ "$(value io "$file" -)" != "default 100" ]
	done
	[ "$found" = 1 ]
}

@test "each flag is in the kernel's file" {
	needs_root
	needs_controller cpu memory pids cpuset
	ctr run -d --name "$ID" --cpu-weight 250 --cpus 0.5 --cpu-burst 20000 --cpuset-mems 0 \
		--memory 64m --memory-low 16m host sleep 100 >out 2>&1
	[ "$(in_group cpu cpu.weight cpu.shares)" = "$(is_v2 && echo 250 || echo 2560)" ]
	[ "$(in_group cpu cpu.max.burst cpu.cfs_burst_us)" = 20000 ]
	[ "$(in_group cpuset cpuset.mems cpuset.mems)" = 0 ]
	[ "$(in_group memory memory.low memory.soft_limit_in_bytes)" = 16777216 ]
}

@test "--numa: the node's processors and memory" {
	needs_root
	needs_controller cpuset
	[ -d /sys/devices/system/node/node0 ] || missing "no NUMA nodes"
	run ctr run --rm --numa 0 host grep Cpus_allowed_list /proc/self/status
	ended 0
	has "$(cat /sys/devices/system/node/node0/cpulist)"
	run ctr run --rm --numa 99 host true
	ended 125
	has "no node 99"
}

@test "what this host cannot hold is refused by name" {
	needs_root
	local flag
	if ! is_v2; then
		for flag in --memory-min --memory-high --zswap; do
			run ctr run --rm "$flag" 16m host true
			ended 125
			has "$flag cannot be enforced"
		done
		run ctr run --rm --io-latency "$(cat /sys/block/*/dev | head -n 1):10" host true
		ended 125
		has "--io-latency cannot be enforced"
	fi
	run ctr run --rm --core-sched host true
	[ "$status" = 0 ] || has "--core-sched: this kernel has no core scheduling"
	run ctr run --rm --cpu-burst 1000 host true
	ended 125
	has "--cpu-burst"
	run ctr run --rm --io-max /dev/null:rbps=1m host true
	ended 125
	has "not a block device"
}

@test "a weight that the disks ignore is warned of" {
	needs_root
	local disk weightless=''
	for disk in /sys/block/*; do
		case ${disk##*/} in loop* | ram* | zram*) continue ;; esac
		grep -qs '\[bfq\]' "$disk/queue/scheduler" || weightless=${disk##*/}
	done
	! grep -qs enable=1 /sys/fs/cgroup/io.cost.qos || skip "a disk here has a cost model"
	[ -n "$weightless" ] || missing "no disk here that ignores weights"
	run ctr run --rm --io-weight 200 host true
	ended 0
	has "I/O weights do nothing on"
	has "$weightless"
}

@test "--page-sharing: equal pages are held once" {
	needs_root
	[ -e /proc/self/ksm_stat ] && grep -q merge_any /proc/self/ksm_stat ||
		{ run ctr run --rm --page-sharing host true; ended 125; has "--page-sharing"; return; }
	run ctr run --rm --page-sharing host grep merge_any /proc/self/ksm_stat
	has "ksm_merge_any: yes"
	run ctr run --rm host grep merge_any /proc/self/ksm_stat
	has "ksm_merge_any: no"
	ctr run -d --name "$ID" --page-sharing host sleep 100 >out 2>&1
	run ctr exec "$ID" grep merge_any /proc/self/ksm_stat
	has "ksm_merge_any: yes"
}

# holding MIB [FLAG...]: a container whose program has taken so much.
holding() {
	local mib=$1
	shift
	ctr run -d --name "$ID" -v "$HELPERS:/t:ro" "$@" host /t/hog hold "$mib" >out 2>&1
	in_group memory memory.max memory.limit_in_bytes >/dev/null
	until_true holds_memory $((mib << 20))
}
holds_memory() { [ "$(value memory memory.current memory.usage_in_bytes)" -ge "$1" ]; }

@test "update: a limit that does not fit is refused, and kills nobody" {
	needs_root
	needs_controller memory pids
	holding 48 --memory 128m --pids-limit 60
	before=$(in_group memory memory.max memory.limit_in_bytes)
	run timeout 60 "$CTR" --root "$ROOT" update --memory 16m --memory-swap 16m --pids-limit 50 "$ID"
	ended 1
	[ "$(state_of)" = running ]
	[ "$(in_group memory memory.max memory.limit_in_bytes)" = "$before" ]
	[ "$(in_group pids pids.max pids.max)" = 60 ]
	ctr why --json "$ID" | jq -e '.kills == 0'
	if is_v2; then
		has "nothing was changed"
		[ "$(in_group memory memory.high -)" = max ]
	fi
}

@test "update: the flags of run" {
	needs_root
	needs_controller cpu memory cpuset
	local device
	device=$(cat /sys/block/*/dev | head -n 1)
	holding 8
	ctr update --cpus 0.5 --cpu-weight 300 --numa 0 --memory-low 16m "$ID"
	[ "$(in_group cpu cpu.weight cpu.shares)" = "$(is_v2 && echo 300 || echo 3072)" ]
	[ "$(in_group cpu cpu.max cpu.cfs_quota_us)" = "$(is_v2 && echo 50000 100000 || echo 50000)" ]
	[ "$(in_group cpuset cpuset.mems cpuset.mems)" = 0 ]
	[ "$(in_group memory memory.low memory.soft_limit_in_bytes)" = 16777216 ]
	ctr update --cpus -1 --io-max "$device:wbps=1m,riops=100" "$ID"
	[ "$(in_group cpu cpu.max cpu.cfs_quota_us)" = "$(is_v2 && echo max 100000 || echo -1)" ]
	if is_v2; then
		[ "$(in_group io io.max -)" = "$device rbps=max wbps=1048576 riops=100 wiops=max" ]
		ctr update --memory-high 200m --memory-min 4m "$ID"
		[ "$(in_group memory memory.high -)" = 209715200 ]
		[ "$(in_group memory memory.min -)" = 4194304 ]
	else
		[ "$(in_group blkio - blkio.throttle.write_bps_device)" = "$device 1048576" ]
		run ctr update --memory-high 200m "$ID"
		ended 1
		has "--memory-high cannot be enforced"
	fi
	run ctr update --cpus 1 --cpu-quota 1000 "$ID"
	ended 1
	has "say the same"
}

@test "update: page cache makes room for a smaller limit" {
	needs_root
	needs_controller memory
	on_disk "$PWD"
	holding 8 --memory 128m -v "$disk:/data"
	ctr exec "$ID" sh -c 'dd if=/dev/zero of=/data/cached bs=1M count=60 2>/dev/null; sync; cat /data/cached >/dev/null'
	run timeout 60 "$CTR" --root "$ROOT" update --memory 32m --memory-swap 32m "$ID"
	rm -r "$disk"
	ended 0
	[ "$(in_group memory memory.max memory.limit_in_bytes)" = 33554432 ]
	[ "$(state_of)" = running ]
	ctr why --json "$ID" | jq -e '.kills == 0'
}

@test "reclaim: by hand" {
	needs_root
	needs_controller memory
	holding 8
	run ctr reclaim "$ID" all
	ended 0
	has bytes
	run ctr reclaim "$ID" 1m
	if is_v2; then ended 0; else ended 1 && has "cgroup v1 cannot"; fi
	run ctr reclaim nobody 1m
	ended 1
	has "neither a container nor a tenant nobody"
	[ "$(state_of)" = running ]
}

@test "reclaim --auto: takes what nobody misses" {
	needs_root
	needs_controller memory
	holding 8
	if ! is_v2; then
		run ctr reclaim --auto "$ID"
		ended 1
		has "cgroup v2"
		return
	fi
	run timeout 60 "$CTR" --root "$ROOT" reclaim --auto --interval 200ms --turns 5 "$ID"
	ended 0
	has "$ID"
	[ "$(state_of)" = running ]
	holds_memory $((8 << 20)) || [ "$(grep -c 'SwapTotal.*[1-9]' /proc/meminfo)" = 1 ]
}

@test "reclaim --freeze-idle: what does nothing is paused until it is woken" {
	needs_root
	needs_controller memory cpu
	run ctr reclaim --auto --freeze-idle 1s
	ended 1
	has "name the containers"
	holding 8
	ctr run -d --name "$ID-busy" --cpus 0.2 host sh -c 'while :; do :; done' >out 2>&1
	if ! is_v2; then
		run ctr reclaim --auto --freeze-idle 1s "$ID"
		ended 1
		has "cgroup v2"
		return
	fi
	run timeout 100 "$CTR" --root "$ROOT" reclaim --auto --interval 500ms --freeze-idle 1s --turns 6 "$ID" "$ID-busy"
	ended 0
	has "$ID is idle and was paused"
	[ "$(state_of)" = paused ]
	[ "$(ctr state "$ID-busy" | jq -r .status)" = running ]
	ctr resume "$ID"
	[ "$(state_of)" = running ]
}
