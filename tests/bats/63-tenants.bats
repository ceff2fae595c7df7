#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tenants: their parts of the machine, what they may ask for, and that nothing is promised twice.

load lib
load oci

setup() {
	new_test
	T=t$$-$BATS_TEST_NUMBER
}

# Tenants of the test, children first.
teardown() {
	local id name bad=0
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do ctr delete --force "$id" || bad=1; done
	for name in $(ctr tenant ls --json | jq -r '.[].name' | sort -r); do
		ctr tenant rm "$name" || bad=1
	done
	[ -z "$(find /sys/fs/cgroup -type d -name "*$T*")" ] || {
		find /sys/fs/cgroup -type d -name "*$T*"
		bad=1
	}
	nothing_left || bad=1
	return "$bad"
}

tenant() {
	local ids=()
	[ "$1" != create ] || ids=("${HOST_IDS[@]}")
	ctr tenant "$@" "${ids[@]}"
}

# limit CONTROLLER V2-FILE V1-FILE TENANT
limit() {
	cat "$(hierarchy "$1")/ctr/$4/$(is_v2 && echo "$2" || echo "$3")"
}

@test "a tenant's limits are the kernel's" {
	needs_root
	needs_controller cpu memory pids
	tenant create "$T" --cpu-weight 300 --cpus 1.5 --memory 256m --pids 77
	[ "$(limit memory memory.max memory.limit_in_bytes "$T")" = 268435456 ]
	[ "$(limit pids pids.max pids.max "$T")" = 77 ]
	[ "$(limit cpu cpu.weight cpu.shares "$T")" = "$(is_v2 && echo 300 || echo 3072)" ]
	tenant set "$T" --memory 128m --pids -1
	[ "$(limit memory memory.max memory.limit_in_bytes "$T")" = 134217728 ]
	[ "$(limit pids pids.max pids.max "$T")" = max ]
	ctr counters --json "$T" | jq -e '.[] | select(.resource == "memory") | .hard == 134217728'
	tenant show "$T" | jq -e '.shares.cpuWeight == 300 and .shares.memory == 134217728'
	run ctr tenant ls
	has "$T"
	has "128.0 MiB"
	run ctr tenant create "$T"
	ended 1
	has "there is a tenant $T already"
}

@test "containers live in their tenant's group, also those of OCI callers" {
	needs_root
	tenant create "$T" --pids 50
	tenant create "$T/web" --pids 20
	ctr run -d --name "$ID" --tenant "$T/web" host sleep 100 >out 2>&1
	pid=$(ctr state "$ID" | jq .pid)
	grep -q "/ctr/$T/web/$ID$" "/proc/$pid/cgroup"
	light b ".annotations = {\"io.ctr.tenant\": \"$T\"} | .linux.namespaces |= (map(select(.type != \"cgroup\")) + [{type: \"cgroup\"}])
		| .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\"}"
	ctr run --detach --bundle b "$ID-2" >out 2>&1 </dev/null || { cat out; false; }
	grep -q "/ctr/$T/$ID-2$" "/proc/$(ctr state "$ID-2" | jq .pid)/cgroup"
	run ctr tenant rm "$T/web"
	ended 1
	has "has containers"
	run ctr tenant rm "$T"
	ended 1
	has "tenant of its own"
	ctr delete --force "$ID"
	ctr usage --json >bill.json
	jq -e --arg t "$T" '[.rows[] | .tenant] | sort == [$t, $t + "/web"]' bill.json
	[ "$(ctr usage --json --tenant "$T" | jq .total.containers)" = 2 ]
	[ "$(ctr usage --json --tenant "$T/web" | jq .total.containers)" = 1 ]
}

@test "a tenant's limit holds its containers together, and is named when it kills" {
	needs_root
	needs_controller memory
	tenant create "$T" --memory 32m
	run ctr run --name "$ID" --tenant "$T" -v "$BATS_TEST_DIRNAME/../../build/tests:/t:ro" host true
	ended 125
	has "may not ask for mounts"
	tenant set "$T" --allow "mounts=$(readlink -f "$BATS_TEST_DIRNAME/../../build/tests")"
	run ctr run --name "$ID" --tenant "$T" -v "$BATS_TEST_DIRNAME/../../build/tests:/t:ro" host /t/hog anon
	ended 137
	ctr why --json "$ID" | jq -e --arg t "/ctr/$T" '.cause == "ancestor" and .limitGroup == $t'
}

@test "after a boot the groups come back with their limits" {
	needs_root
	needs_controller pids
	tenant create "$T" --pids 33
	tenant create "$T/web" --pids 22
	find /sys/fs/cgroup -depth -type d -path "*/ctr/$T*" -exec rmdir {} +
	ctr run --rm --name "$ID" --tenant "$T/web" host true
	[ "$(limit pids pids.max pids.max "$T")" = 33 ]
	[ "$(limit pids pids.max pids.max "$T/web")" = 22 ]
}

@test "after a boot a user's group is his again" {
	needs_root
	is_v2 || skip "on cgroup v1 groups cannot be handed over"
	tenant create "$T" --user nobody
	rmdir "/sys/fs/cgroup/ctr/$T"
	ctr run --rm --name "$ID" --tenant "$T" host true
	[ "$(stat -c %U "/sys/fs/cgroup/ctr/$T")" = nobody ]
	[ "$(stat -c %U "/sys/fs/cgroup/ctr/$T/cgroup.procs")" = nobody ]
	[ "$(stat -c %U "/sys/fs/cgroup/ctr/$T/memory.max")" = root ]
}

@test "a tenant's first containers may come together" {
	needs_root
	needs_controller cpu memory
	local i pids=()
	tenant create "$T"
	# Each finds that the controllers have to be passed down, and one of them does it.
	for i in 1 2 3 4; do
		ctr run --rm --name "$ID-$i" --tenant "$T" --cpu-weight 50 --memory 64m host true >"out-$i" 2>&1 &
		pids+=("$!")
	done
	for i in "${pids[@]}"; do wait "$i" || { cat out-*; false; }; done
}

@test "a change that fails changes nothing" {
	needs_root
	needs_controller memory pids
	tenant create "$T" --memory 64m --pids 40
	before=$(ctr tenant show "$T")
	# The kernel has no such node.
	run ctr tenant set "$T" --pids 41 --cpuset-mems 77
	ended 1
	[ "$(ctr tenant show "$T")" = "$before" ]
	[ "$(limit pids pids.max pids.max "$T")" = 40 ]
	run ctr tenant create "$T-2" --pids 41 --cpuset-mems 77
	ended 1
	run ctr tenant show "$T-2"
	ended 1
}

@test "reservations are never promised twice" {
	needs_root
	cpus=$(nproc)
	tenant create "$T" --cpu-weight 100 --cpu-min 1
	run ctr tenant create "$T-2" --cpu-min "$cpus"
	ended 1
	has "cannot be guaranteed"
	has "$T has 1.00"
	run ctr tenant create "$T-2" --cpu-weight 10000
	ended 1
	has "tenant $T would be left with"
	run ctr tenant create "$T/web" --cpu-min 2
	ended 1
	has "tenant $T can give away"
	if is_v2; then
		run ctr tenant create "$T-2" --memory-min 100000g
		ended 1
		has "--memory-min"
		tenant create "$T-2" --memory-min 64m
		ctr run -d --name "$ID" --tenant "$T-2" --memory-min 48m host sleep 100 >out 2>&1
		run ctr run --rm --tenant "$T-2" --memory-min 32m host true
		ended 125
		has "cannot be guaranteed"
	else
		run ctr tenant create "$T-2" --memory-min 64m
		ended 1
		has "cgroup v1"
	fi
}

@test "a tenant's limit of a disk holds its containers, or is refused" {
	needs_root
	on_disk "$PWD"
	local device t0 us
	device=$(stat -c %Hd:%Ld "$disk")
	[ ! -e "/sys/dev/block/$device/partition" ] || device=$(cat "/sys/dev/block/$device/../dev")
	[ -e "/sys/dev/block/$device" ] || missing "no disk below $disk"
	if ! is_v2; then
		run ctr tenant create "$T" --io-max "$device:wbps=2m"
		ended 1
		has "--io-max of a tenant cannot be enforced"
		has "ctr run --io-max"
		tenant create "$T" --allow "mounts=$disk"
		set -- --io-max "$device:wbps=2m"
	else
		tenant create "$T" --allow "mounts=$disk" --io-max "$device:wbps=2m"
	fi
	t0=${EPOCHREALTIME/./}
	ctr run --rm --name "$ID" --tenant "$T" "$@" -v "$disk:/d" host \
		dd if=/dev/zero of=/d/x bs=256k count=16 oflag=direct
	us=$((${EPOCHREALTIME/./} - t0))
	rm -r "$disk"
	[ "$us" -gt 1500000 ]
}

@test "no range of ids is given twice" {
	needs_root
	local i
	for i in 1 2 3; do
		tenant create "$T-$i"
		tenant show "$T-$i" | jq .idFirst
		[ "$i" = 3 ] || tenant rm "$T-$i"
	done >ids
	[ "$(sort -u ids | wc -l)" = 3 ]
	# Twenty at once.
	for ((i = 10; i < 30; i++)); do ctr tenant create "$T-$i" & pids[i]=$!; done
	for ((i = 10; i < 30; i++)); do wait "${pids[i]}"; done
	[ "$(ctr tenant ls --json | jq '[.[].idFirst] | unique | length')" = 21 ]
}

@test "a tenant of another state directory is left alone" {
	needs_root
	tenant create "$T" --pids 44
	run "$CTR" --root "$ROOT-2" tenant create "$T" --pids 1
	ended 1
	has "somebody else's group"
	[ "$(limit pids pids.max pids.max "$T")" = 44 ]
	rm -rf "$ROOT-2"
}
