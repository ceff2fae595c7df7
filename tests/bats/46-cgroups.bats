#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Control groups: where a container's are, every resource in the kernel's files, update, the end.

load lib
load oci

# limited JQ-FILTER: the running container $ID with these resources.
limited() {
	needs_root
	running "$ID" ".linux.resources = $1"
}

# holds_value CONTROLLER V2-FILE V1-FILE V2-VALUE [V1-VALUE]: what the kernel says.
holds_value() {
	local want=$4 now
	is_v2 || want=${5-$4}
	now=$(value "$1" "$2" "$3") || return 1
	[ "$now" = "$want" ] || {
		echo "$2 or $3: $now, not $want"
		return 1
	}
}

# MAJOR:MINOR of some disk; a machine without any has loop devices on demand (loop(4)).
block_device() {
	cat /sys/block/{vda,sda,nvme0n1,loop0}/dev 2>/dev/null | grep -m 1 . || {
		losetup --find >/dev/null
		cat /sys/block/loop0/dev
	}
}

# ---- where --------------------------------------------------------------------------------------

@test "cgroupsPath: absolute, relative, climbing, none" {
	needs_controller pids
	local path group
	for path in "/bats-$ID/a" "bats-$ID/b" "/../../bats-$ID/./c"; do
		running "$ID" ".linux.cgroupsPath = \"$path\""
		group=$(group_of pids)
		[[ $group == /sys/fs/cgroup*"/bats-$ID/${path: -1}" ]]
		[[ $path != /* || $group == "$(hierarchy pids)/bats-$ID/${path: -1}" ]]
		grep -qx "$(pid_of)" "$group/cgroup.procs"
		ctr delete --force "$ID"
		[ ! -e "$group" ]
		rmdir "${group%/*}" 2>/dev/null || :
		find /sys/fs/cgroup -depth -type d -name "bats-$ID" -exec rmdir {} + 2>/dev/null || :
	done
	running
	[[ $(group_of pids) == */"$ID" ]]
}

@test "a group with processes, or a frozen one, is not taken" {
	needs_root
	running "$ID" ".linux.cgroupsPath = \"/bats-$ID-taken\""
	light b ".linux.cgroupsPath = \"/bats-$ID-taken\""
	detached ctr create -b b "$ID-2"
	ended 1
	has "container's cgroup is not empty"
	[ ! -e "$ROOT/$ID-2" ]
	[ "$(state_of)" = running ]
}

@test "--cgroup-manager disabled: none, and said so" {
	light b 'del(.linux.resources) | .mounts |= map(select(.type != "cgroup"))'
	detached ctr --cgroup-manager disabled create -b b "$ID"
	ended 0
	[ -z "$(find /sys/fs/cgroup -name "$ID")" ]
	ctr start "$ID"
	run ctr pause "$ID"
	[ "$status" != 0 ]
}

@test "the host sees the container's processes in its group, those of exec too" {
	needs_root
	running
	detached ctr exec -d "$ID" sleep 50
	ended 0
	pids_are 2
	[ "$(wc -l <"$(group_of pids)/cgroup.procs")" = 2 ]
}

# ---- memory -------------------------------------------------------------------------------------

@test "memory: limit, reservation, swap" {
	needs_controller memory
	limited '{memory: {limit: 67108864, reservation: 33554432, swap: 134217728}}'
	holds_value memory memory.max memory.limit_in_bytes 67108864
	holds_value memory memory.low memory.soft_limit_in_bytes 33554432
	holds_value memory memory.swap.max memory.memsw.limit_in_bytes 67108864 134217728
}

@test "memory: no swap, unlimited, and what v1 alone has" {
	needs_controller memory
	limited '{memory: {limit: 67108864, swap: 67108864}}'
	holds_value memory memory.swap.max memory.memsw.limit_in_bytes 0 67108864
	ctr delete --force "$ID"
	limited '{memory: {limit: -1}}'
	holds_value memory memory.max - max ""
	ctr delete --force "$ID"
	limited '{memory: {limit: 67108864, swappiness: 7}}'
	holds_value memory - memory.swappiness "" 7
}

@test "memory: contradictions are refused" {
	refuses '.linux.resources = {memory: {limit: 100000000, swap: 50000000}}' memory.swap
	refuses '.linux.resources = {memory: {swap: 50000000}}' memory.swap
	refuses '.linux.resources = {memory: {swappiness: 101}}' swappiness
}

@test "memory: who takes more is killed, and the event is told" {
	needs_controller memory
	needs_root
	running "$ID" '.linux.resources = {memory: {limit: 20971520, swap: 20971520}}'
	ctr events --interval 100ms "$ID" >events 3>&- &
	watcher=$!
	until_true test -s events # it watches: its first line is out
	run ctr exec "$ID" sh -c 'head -c 100m /dev/zero | tail'
	[ "$status" != 0 ]
	until_true grep -q '"oom"' events
	ctr kill "$ID" KILL
	wait "$watcher"
}

@test "memory: a limit that is too low for the start says so" {
	needs_controller memory
	needs_root
	refuses '.linux.resources = {memory: {limit: 65536, swap: 65536}}' \
		"container init was OOM-killed (memory limit too low?)"
}

# ---- cpu ----------------------------------------------------------------------------------------

@test "cpu: shares, quota, period, burst" {
	needs_controller cpu
	limited '{cpu: {shares: 512, quota: 50000, period: 200000, burst: 10000}}'
	holds_value cpu cpu.weight cpu.shares 59 512
	holds_value cpu cpu.max cpu.cfs_quota_us "50000 200000" 50000
	holds_value cpu - cpu.cfs_period_us "" 200000
	holds_value cpu cpu.max.burst cpu.cfs_burst_us 10000
}

@test "cpu: weights at the ends of the scale, idle" {
	needs_controller cpu
	local shares
	for shares in 2:1 1024:100 262144:10000; do
		limited "{cpu: {shares: ${shares%:*}}}"
		holds_value cpu cpu.weight cpu.shares "${shares#*:}" "${shares%:*}"
		ctr delete --force "$ID"
	done
	limited '{cpu: {idle: 1}}'
	holds_value cpu cpu.idle cpu.idle 1
}

@test "cpu: sets of processors and memory nodes" {
	needs_controller cpuset
	limited '{cpu: {cpus: "0", mems: "0"}}'
	holds_value cpuset cpuset.cpus cpuset.cpus 0
	holds_value cpuset cpuset.mems cpuset.mems 0
	run ctr exec "$ID" grep Cpus_allowed_list /proc/self/status
	has $'\t0'
}

@test "cpu: a processor that is not there is an error" {
	needs_controller cpuset
	needs_root
	refuses '.linux.resources = {cpu: {cpus: "4000"}}' cpuset.cpus
	refuses '.linux.resources = {cpu: {cpus: "x"}}' cpu.cpus
	refuses '.linux.resources = {cpu: {quota: 1000, burst: 2000}}' burst
}

@test "cpu: real-time budgets belong to v1" {
	needs_controller cpu
	needs_root
	if is_v2; then
		refuses '.linux.resources = {cpu: {realtimeRuntime: 1000}}' realtimeRuntime
	else
		[ -e "$(hierarchy cpu)/cpu.rt_runtime_us" ] || skip "no real-time groups in this kernel"
		inside '.linux.resources = {cpu: {realtimePeriod: 1000000}}' true
		ended 0
	fi
}

# ---- pids, block devices, huge pages and others -------------------------------------------------

@test "pids: the limit holds" {
	needs_controller pids
	limited '{pids: {limit: 10}}'
	holds_value pids pids.max pids.max 10
	run ctr exec "$ID" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait'
	has "an't fork"
	ctr delete --force "$ID"
	limited '{pids: {limit: -1}}'
	holds_value pids pids.max pids.max max
}

@test "blockIO: throttles" {
	local device controller=io
	is_v2 || controller=blkio
	needs_controller "$controller"
	device=$(block_device)
	[ -n "$device" ] || missing "no block device"
	local throttle="[{major: ${device%:*}, minor: ${device#*:}, rate: "
	limited "{blockIO: {throttleReadBpsDevice: ${throttle}1048576}], throttleWriteBpsDevice: ${throttle}2097152}],
		throttleReadIOPSDevice: ${throttle}100}], throttleWriteIOPSDevice: ${throttle}200}]}}"
	holds_value "$controller" io.max blkio.throttle.read_bps_device \
		"$device rbps=1048576 wbps=2097152 riops=100 wiops=200" "$device 1048576"
	holds_value "$controller" - blkio.throttle.write_bps_device "" "$device 2097152"
	holds_value "$controller" - blkio.throttle.read_iops_device "" "$device 100"
	holds_value "$controller" - blkio.throttle.write_iops_device "" "$device 200"
}

@test "blockIO: weight, or an error where the kernel has none" {
	local controller=io file=io.weight
	is_v2 || controller=blkio file=blkio.weight
	needs_controller "$controller"
	needs_root
	running # a group to look at
	local group
	group=$(group_of "$controller")
	if [ -e "$group/${file/weight/bfq.weight}" ]; then
		ctr delete --force "$ID"
		limited '{blockIO: {weight: 500}}'
		[[ $(value "$controller" io.bfq.weight blkio.bfq.weight) == *500 ]]
	elif [ -e "$group/$file" ]; then
		ctr delete --force "$ID"
		limited '{blockIO: {weight: 500}}'
		holds_value "$controller" io.weight blkio.weight "default 4950" 500
	else
		refuses '.linux.resources = {blockIO: {weight: 500}}' linux.resources.blockIO.weight
	fi
}

@test "hugepageLimits" {
	needs_controller hugetlb
	limited '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	holds_value hugetlb hugetlb.2MB.max hugetlb.2MB.limit_in_bytes 4194304
	holds_value hugetlb hugetlb.2MB.rsvd.max hugetlb.2MB.rsvd.limit_in_bytes 4194304
	refuses '.linux.resources = {hugepageLimits: [{pageSize: "3MB", limit: 0}]}' hugepageLimits
}

@test "what this host cannot enforce is refused by name" {
	needs_root
	grep -qsw hugetlb /sys/fs/cgroup/{,unified/}cgroup.controllers || [ -n "$(hierarchy hugetlb)" ] ||
		refuses '.linux.resources = {hugepageLimits: [{pageSize: "2MB", limit: 0}]}' "no hugetlb controller"
	if is_v2; then
		refuses '.linux.resources = {network: {classID: 1}}' "network.classID"
	else
		refuses '.linux.resources = {unified: {"memory.high": "1000000"}}' unified
	fi
	refuses '.linux.resources = {rdma: {"nosuch": {}}}' rdma
}

@test "network: class and priorities, where v1 has them" {
	! is_v2 || skip "cgroup v2 has no such controller"
	needs_controller net_cls net_prio
	limited '{network: {classID: 1048577, priorities: [{name: "lo", priority: 5}]}}'
	holds_value net_cls - net_cls.classid "" 1048577
}

@test "unified: verbatim, with its controllers switched on" {
	is_v2 || skip "this host has cgroup v1"
	needs_root
	limited '{unified: {"memory.high": "100000000", "cpu.weight": "77", "pids.max": "33", "cgroup.max.depth": "3"}}'
	holds_value memory memory.high - 99999744
	holds_value cpu cpu.weight - 77
	holds_value pids pids.max - 33
	holds_value pids cgroup.max.depth - 3
	refuses '.linux.resources = {unified: {"nosuch.file": "1"}}' nosuch
	refuses '.linux.resources = {unified: {"memory/high": "1"}}' unified
	refuses '.linux.resources = {unified: {"nodot": "1"}}' unified
	refuses '.linux.resources = {unified: {"memory.nosuch": "1"}}' memory.nosuch
}

# ---- a living container -------------------------------------------------------------------------

@test "update: each flag, and nothing else" {
	needs_controller cpu memory pids cpuset
	limited '{cpu: {shares: 512, quota: 50000, period: 100000}, memory: {limit: 67108864, swap: 67108864}, pids: {limit: 50}}'
	ctr update --cpu-share 1024 "$ID"
	holds_value cpu cpu.weight cpu.shares 100 1024
	ctr update --cpu-quota 20000 "$ID"
	holds_value cpu cpu.max cpu.cfs_quota_us "20000 100000" 20000
	ctr update --cpu-period 50000 "$ID"
	holds_value cpu cpu.max cpu.cfs_period_us "20000 50000" 50000
	ctr update --cpu-burst 5000 "$ID"
	holds_value cpu cpu.max.burst cpu.cfs_burst_us 5000
	ctr update --cpuset-cpus 0 "$ID"
	holds_value cpuset cpuset.cpus cpuset.cpus 0
	ctr update --memory 128m --memory-swap 256m "$ID"
	holds_value memory memory.max memory.limit_in_bytes 134217728
	holds_value memory memory.swap.max memory.memsw.limit_in_bytes 134217728 268435456
	ctr update --memory 64m --memory-swap 64m "$ID" # v1 wants the other order on the way down
	holds_value memory memory.max memory.limit_in_bytes 67108864
	ctr update --memory-reservation 32m "$ID"
	holds_value memory memory.low memory.soft_limit_in_bytes 33554432
	ctr update --pids-limit 20 "$ID"
	holds_value pids pids.max pids.max 20
	ctr update --pids-limit -1 "$ID"
	holds_value pids pids.max pids.max max
	holds_value cpu cpu.weight cpu.shares 100 1024
}

@test "update: resources as JSON, and what is wrong in them" {
	needs_controller cpu pids
	limited '{pids: {limit: 50}}'
	echo '{"pids": {"limit": 60}, "cpu": {"shares": 2048}}' >r.json
	ctr update -r r.json "$ID"
	holds_value pids pids.max pids.max 60
	ctr update --resources=- "$ID" <<<'{"pids": {"limit": 70}}'
	holds_value pids pids.max pids.max 70
	run ctr update -r - "$ID" <<<'{"pids": {"limit": "many"}}'
	ended 1
	has pids.limit
	run ctr update -r - "$ID" <<<'{'
	ended 1
	run ctr update -r /nosuch "$ID"
	ended 1
	holds_value pids pids.max pids.max 70
}

@test "update: a limit below what is in use, if asked to look first" {
	needs_controller memory
	limited '{memory: {limit: 67108864}}'
	ctr exec "$ID" sh -c 'head -c 8m /dev/zero >/dev/shm/x'
	run ctr update -r - "$ID" <<<'{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	ended 1
	has memory.limit
	holds_value memory memory.max memory.limit_in_bytes 67108864
}

@test "pause: no process goes on, not even those of exec" {
	needs_root
	running "$ID" '.process.args = ["sh", "-c", "while :; do echo x >>/ticks; sleep 0.02; done"]'
	until_true test -s "$ROOTFS/ticks"
	ctr pause "$ID"
	local before
	before=$(stat -c %s "$ROOTFS/ticks")
	sleep 0.3
	[ "$(stat -c %s "$ROOTFS/ticks")" = "$before" ]
	detached ctr exec -d --ignore-paused "$ID" touch /too-early &
	late=$!
	sleep 0.3
	[ ! -e "$ROOTFS/too-early" ]
	ctr resume "$ID"
	wait "$late"
	until_true test -e "$ROOTFS/too-early"
	until_true sh -c '[ "$(stat -c %s "$0")" -gt "$1" ]' "$ROOTFS/ticks" "$before"
}

@test "kill --all: every process of the group" {
	needs_root
	running "$ID" 'del(.linux.namespaces[] | select(.type == "pid")) |
		.process.args = ["sh", "-c", "sleep 100 & sleep 100 & sleep 100; true"]'
	until_true pids_are 4
	ctr kill --all "$ID" TERM
	wait_for stopped
	until_true pids_are 0
}

@test "exec --cgroup: below the container's group" {
	needs_controller pids
	needs_root
	running
	local group
	group=$(group_of pids)
	if is_v2; then
		skip "the container's own process keeps its group without controllers for others"
	fi
	mkdir "$group/sub"
	detached ctr exec -d --cgroup pids:sub "$ID" sleep 50
	ended 0
	[ "$(wc -l <"$group/sub/cgroup.procs")" = 1 ]
	run ctr exec --cgroup pids:nosuch "$ID" true
	ended 255
	run ctr exec --cgroup pids:../../.. "$ID" grep :pids: /proc/self/cgroup
	[[ $output == */"$ID" ]] # no way up
}

@test "delegation: a writable group in a namespace of one's own" {
	is_v2 || skip "cgroup v1 is never given away"
	needs_root
	local writable='.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}]) |
		.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	running "$ID" "$writable"' | .process.user = {uid: 1000, gid: 1000} | .process.args = ["sh", "-c",
		"mkdir /sys/fs/cgroup/a /sys/fs/cgroup/a/b && echo 1 >/sys/fs/cgroup/a/cgroup.procs && echo done >/tmp/x; exec sleep 100"]'
	chmod 777 "$ROOTFS/tmp"
	until_true sh -c '[ -d /sys/fs/cgroup$(sed s/0::// /proc/$0/cgroup)/b ]' "$(pid_of)"
	[ "$(stat -c %u "$(dirname "$(group_of pids)")")" = 1000 ]
	run ctr exec -u 0 "$ID" true # the container's own group has no room for processes any more
	ended 0
	ctr pause "$ID"
	[ "$(state_of)" = paused ]
	ctr resume "$ID"
	ctr delete --force "$ID" # with all that it has made below
}

@test "delete: groups that others made below go, too" {
	needs_controller pids
	needs_root
	running
	mkdir -p "$(group_of pids)/x/y"
	ctr delete --force "$ID"
}

@test "events --stats: the numbers are the container's" {
	needs_controller memory pids cpu
	limited '{memory: {limit: 67108864}, pids: {limit: 44}}'
	ctr exec "$ID" sh -c 'head -c 10m /dev/zero >/dev/shm/x; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'
	ctr events --stats "$ID" >out
	jq -e '.data | .memory.usage.limit == 67108864 and .memory.usage.usage > 10000000 and .pids.current == 1 and
		.pids.limit == 44 and .cpu.usage.total > 1000000 and .cpu.usage.kernel >= 0' out
}
