#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Control groups that systemd manages: scopes, over its bus. Only where systemd is process 1.
# shellcheck disable=SC2016 # jq expands it

load lib

setup_scope() {
	[ "${CTR_PLACE:-}" = systemd ] || skip "systemd is not process 1 here"
	UNIT=ctr-$ID.scope
	SCOPE=/sys/fs/cgroup/system.slice/$UNIT
	bundle
	config bundle --arg path "system.slice:ctr:$ID" '.linux.cgroupsPath = $path |
		.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50 |
		.linux.resources.cpu = {"quota": 50000, "period": 100000, "shares": 512}'
}

property() { systemctl show "$UNIT" --property "$1" --value; }

create() { ctr --systemd-cgroup create --bundle bundle "$ID" >out 2>&1 </dev/null || { cat out; false; }; }

@test "a container is a scope with the limits of its config" {
	setup_scope
	create
	[ "$(property ActiveState)" = active ]
	[ "$(property Slice)" = system.slice ]
	[ "$(property Delegate)" = yes ]
	[ "$(property MemoryMax)" = 67108864 ]
	[ "$(property TasksMax)" = 50 ]
	[ "$(property CPUQuotaPerSecUSec)" = 500ms ]
	[ "$(property CPUWeight)" = "$(cat "$SCOPE/cpu.weight")" ]
	[ "$(cat "$SCOPE/memory.max")" = 67108864 ]
	pid=$(ctr state "$ID" | jq .pid)
	grep -qx "$pid" "$SCOPE/cgroup.procs"
}

@test "start, exec, kill and delete need no flag to find the scope" {
	setup_scope
	create
	ctr start "$ID"
	run ctr exec "$ID" cat /proc/self/cgroup
	ended 0
	[ "$output" = 0::/ ] # the root of its own cgroup namespace
	ctr kill "$ID" KILL
	wait_for stopped
	ctr delete "$ID"
	[ ! -d "$SCOPE" ]
	[ "$(property ActiveState)" = inactive ]
}

@test "an update reaches systemd, and survives its reload" {
	setup_scope
	create
	ctr start "$ID"
	ctr update --memory 128m --pids-limit 30 "$ID"
	[ "$(property MemoryMax)" = 134217728 ]
	systemctl daemon-reload
	[ "$(cat "$SCOPE/memory.max")" = 134217728 ]
	[ "$(cat "$SCOPE/pids.max")" = 30 ]
}

@test "a scope's name can be used again at once" {
	setup_scope
	for _ in 1 2 3; do
		create
		ctr delete --force "$ID"
	done
	[ ! -d "$SCOPE" ]
}

@test "the engine's containers can be scopes, too" {
	setup_scope
	run ctr --systemd-cgroup run --rm --memory 32m --pids-limit 20 host \
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	ended 0
	[ "$output" = $'33554432\n20' ]
}

@test "a path that is no slice:prefix:name is refused with runc's words" {
	setup_scope
	config bundle '.linux.cgroupsPath = "/foo"'
	run ctr --systemd-cgroup create --bundle bundle "$ID"
	ended 1
	has 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/foo" instead'
}
