#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `ctr run`: what a container has of the host's or of another container's, and docker's other words.

load lib
load oci

namespace() { ctr exec "$1" readlink "/proc/self/ns/$2"; }

@test "--pid, --ipc, --uts and --cgroupns host: the host's, the others are its own" {
	needs_root
	local flag name other
	for flag in pid:pid ipc:ipc uts:uts cgroupns:cgroup; do
		name=${flag#*:}
		run ctr run --rm "--${flag%:*}" host host sh -c 'for n in pid ipc uts cgroup mnt; do readlink /proc/self/ns/$n; done'
		ended 0
		for other in pid ipc uts cgroup mnt; do
			if [ "$other" = "$name" ]; then
				has "$(readlink "/proc/self/ns/$other")"
			else
				[[ $output != *"$(readlink "/proc/self/ns/$other")"* ]]
			fi
		done
	done
}

@test "--uts host: its name is the host's; it does not change it" {
	needs_root
	[ "$(ctr run --rm --uts host host sh -c 'echo "$(hostname) $HOSTNAME"')" = "$(hostname) $(hostname)" ]
	run ctr run --rm --uts host -h other host true
	ended 125
	has "--hostname with --uts host"
}

@test "--ipc host: the host's shared memory" {
	needs_root
	local file=/dev/shm/ctr-$$-$BATS_TEST_NUMBER
	[ -d /dev/shm ] || skip "no /dev/shm"
	ctr run --rm --ipc host host sh -c "echo shared >$file"
	[ "$(cat "$file")" = shared ]
	rm "$file"
}

@test "--pid host: nothing of it outlives it" {
	needs_root
	ctr run --rm --pid host host sh -c 'sleep 8642 & exit 0'
	until_true none_runs "sleep 8642"
}
none_runs() { ! pgrep -fx "$1"; }

@test "--pid and --network container:ID: another's, found again at each start" {
	needs_root
	ctr run -d --name "$ID" host sleep 1000 >out 2>&1
	ctr run -d --name "$ID-2" --pid "container:$ID" --network "container:$ID" host sleep 1001 >out 2>&1
	[ "$(namespace "$ID" pid)" = "$(namespace "$ID-2" pid)" ]
	ctr exec "$ID-2" ps ax | grep -q "sleep 1000"
	ctr stop -t 1 "$ID-2" "$ID"
	run ctr start "$ID-2"
	[ "$status" != 0 ]
	has "container not running (ctr start $ID)"
	ctr start "$ID" "$ID-2" >out 2>&1
	[ "$(namespace "$ID" pid)" = "$(namespace "$ID-2" pid)" ]
	[ "$(namespace "$ID" net)" = "$(namespace "$ID-2" net)" ]
	ctr rm -f "$ID-2" "$ID"
}

@test "a tenant's containers share what they are allowed" {
	needs_root
	ctr tenant create "shared$$" "${HOST_IDS[@]}"
	run ctr run --rm --tenant "shared$$" --pid host host true
	ended 125
	has "--pid host"
	has host-namespaces
	ctr tenant set "shared$$" --allow host-namespaces
	run ctr run --rm --tenant "shared$$" --uts host host readlink /proc/self/ns/uts
	ended 0
	has "$(readlink /proc/self/ns/uts)"
	run ctr run --rm --tenant "shared$$" --cgroup-parent elsewhere host true
	ended 125
	has "--cgroup-parent with --tenant"
	ctr tenant rm "shared$$"
}

@test "--volumes-from: another's volumes, read-only if so asked" {
	needs_root
	mkdir data
	ctr create --name "$ID" -v "$PWD/data:/srv/data" -v "named$$:/srv/named" host true
	run ctr run --rm --volumes-from "$ID" host sh -c 'echo x >/srv/data/one && echo y >/srv/named/two'
	ended 0
	[ "$(cat data/one)" = x ]
	run ctr run --rm --volumes-from "$ID:ro" host sh -c 'cat /srv/named/two; echo x >/srv/data/three'
	[ "$status" != 0 ]
	has y
	[ ! -e data/three ]
	run ctr run --rm --volumes-from nobody host true
	ended 125
	run ctr run --rm --volumes-from "$ID:rx" host true
	ended 125
	ctr rm "$ID"
	ctr volume rm "named$$"
}

@test "--cgroup-parent: its group is in that one" {
	needs_root
	needs_controller pids
	local parent=ctr-parent-$$ left
	run ctr run --rm --name "$ID" --cgroup-parent "$parent" --cgroupns host host cat /proc/self/cgroup
	ended 0
	has "/$parent/$ID"
	for left in /sys/fs/cgroup/"$parent" /sys/fs/cgroup/*/"$parent" /sys/fs/cgroup/*/*/"$parent"; do
		[ ! -d "$left" ] || rmdir "$left"
	done
}

@test "docker's other words for limits" {
	needs_root
	needs_controller cpu
	[ "$(ctr run --rm --oom-score-adj 500 host cat /proc/self/oom_score_adj)" = 500 ]
	[ "$(ctr run --rm --domainname dom host cat /proc/sys/kernel/domainname)" = dom ]
	run ctr run --rm --cpu-quota 25000 --cpu-period 50000 host sh -c \
		'cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us'
	ended 0
	has 25000
	run ctr run --rm --device-read-bps nonsense host true
	ended 125
	has "--device-read-bps"
	run ctr run --rm --device-cgroup-rule "c 188:*" host true
	ended 125
	has "--device-cgroup-rule"
}

@test "--annotation: is in the config" {
	needs_root
	ctr create --name "$ID" --annotation org.example.a=1 --annotation org.example.a=2 host true
	[ "$(jq -r '.annotations["org.example.a"]' "$ROOT/$ID/config.json")" = 2 ]
	ctr rm "$ID"
}
