#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces: new, joined by path, inherited.

load lib
load oci

types='mnt pid net ipc uts cgroup user time'

# The word of a config for a name of /proc/PID/ns.
word() {
	case $1 in
	mnt) echo mount ;;
	net) echo network ;;
	*) echo "$1" ;;
	esac
}

namespaces() { # WORD...: a filter that has these new ones only
	local IFS=,
	echo ".linux.namespaces = [$(printf '{type:"%s"},' "$@" | sed 's/,$//')]"
}

maps='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

# What needs a namespace of its own is left out.
bare='del(.hostname) | .mounts |= map(select(.type != "sysfs" and .type != "cgroup" and .type != "mqueue"))'

@test "all eight, each of its own" {
	[ -e /proc/self/ns/time ] || missing "no time namespaces in this kernel"
	owned b 100000 100000 "$(namespaces mount pid network ipc uts cgroup user time) | $maps"
	started "$ID" b
	local type pid
	pid=$(pid_of)
	for type in $types; do
		[ "$(ns_of "$pid" "$type")" != "$(ns_of self "$type")" ]
	done
	[ "$(awk '/^NSpid/ { print $3 }' "/proc/$pid/status")" = 1 ]
	run ctr exec "$ID" sh -c 'for t in mnt pid net ipc uts cgroup user time; do readlink /proc/self/ns/$t; done'
	ended 0
	for type in $types; do
		has "$(ns_of "$pid" "$type")"
	done
}

@test "those that are not named are the host's" {
	running "$ID" "$(namespaces mount) | $bare"
	local type pid
	pid=$(pid_of)
	for type in pid net ipc uts cgroup user time; do
		[ "$(ns_of "$pid" "$type")" = "$(ns_of self "$type")" ]
	done
	[ "$(ns_of "$pid" mnt)" != "$(ns_of self mnt)" ]
	run ctr exec "$ID" readlink /proc/self/ns/net
	[ "$output" = "$(ns_of self net)" ]
}

@test "each can be joined by path" {
	[ -e /proc/self/ns/time ] || missing "no time namespaces in this kernel"
	running "$ID-other" "$(namespaces mount pid network ipc uts cgroup time)"
	local type pid
	pid=$(pid_of "$ID-other")
	for type in pid net ipc uts cgroup time; do
		running "$ID-$type" "$(namespaces mount) | $bare |
			.linux.namespaces += [{type: \"$(word $type)\", path: \"/proc/$pid/ns/$type\"}]"
		[ "$(ns_of "$(pid_of "$ID-$type")" "$type")" = "$(ns_of "$pid" "$type")" ]
		run ctr exec "$ID-$type" readlink "/proc/self/ns/$type"
		[ "$output" = "$(ns_of "$pid" "$type")" ]
	done
	# In the joined pid namespace it is not the first process.
	run ctr exec "$ID-pid" sh -c 'cat /proc/1/cmdline | tr "\0" " "'
	[ "$output" = "sleep 100 " ]
	[ "$(awk '/^NSpid/ { print $NF }' "/proc/$(pid_of "$ID-pid")/status")" != 1 ]
}

@test "all of another container's at once, as the containers of a pod do" {
	running "$ID-pause" "$(namespaces mount pid network ipc uts)"
	local pid
	pid=$(pid_of "$ID-pause")
	holds "$bare"' | .linux.namespaces = ([{type: "mount"}] + ([["pid", "pid"], ["network", "net"], ["ipc", "ipc"], ["uts", "uts"]] |
		map({type: .[0], path: "/proc/'"$pid"'/ns/\(.[1])"})))' '
		for t in pid net ipc uts; do [ "$(readlink /proc/self/ns/$t)" = "$(readlink /proc/1/ns/$t)" ]; done
		[ $$ != 1 ]'
	[ "$(state_of "$ID-pause")" = running ]
}

@test "a mount namespace that is joined" {
	local pid
	pid=$(unshare -m --propagation private sh -c 'sleep 100 >/dev/null 2>&1 3>&- & echo $!')
	light b "$(namespaces pid) | $bare | .linux.namespaces += [{type: \"mount\", path: \"/proc/$pid/ns/mnt\"}]"
	started "$ID" b
	local same=no
	[ "$(ns_of "$(pid_of)" mnt)" != "$(ns_of "$pid" mnt)" ] || same=yes
	kill "$pid"
	[ "$same" = yes ]
}

@test "a path of the wrong kind, or of none, is refused" {
	local pid=$$
	refuses "$bare | $(namespaces mount) | .linux.namespaces += [{type: \"network\", path: \"/proc/$pid/ns/uts\"}]" \
		"is not a network namespace"
	refuses "$bare | $(namespaces mount) | .linux.namespaces += [{type: \"network\", path: \"/etc/passwd\"}]" \
		"is not a network namespace"
	refuses "$bare | $(namespaces mount) | .linux.namespaces += [{type: \"network\", path: \"/nosuch\"}]" \
		"no such file or directory"
	refuses '.linux.namespaces += [{type: "network", path: "relative"}]' linux.namespaces
	mkfifo fifo # must not block
	refuses "$bare | $(namespaces mount) | .linux.namespaces += [{type: \"network\", path: \"$PWD/fifo\"}]" \
		"is not a network namespace"
}

@test "lists that make no sense are refused" {
	refuses '.linux.namespaces += [{type: "pid"}]' linux.namespaces
	refuses '.linux.namespaces += [{type: "nosuch"}]' linux.namespaces
	refuses '.linux.namespaces |= map(select(.type != "mount"))' "mount namespace"
	refuses '.linux.timeOffsets = {monotonic: {secs: 1}}' timeOffsets
	refuses '.linux.namespaces += [{type: "user"}]' linux.
}

@test "time offsets, also of a user namespace's own" {
	[ -e /proc/self/ns/time ] || missing "no time namespaces in this kernel"
	local offsets='.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 5}, monotonic: {secs: 2000000}}'
	holds "$offsets" '[ "$(cut -d. -f1 /proc/uptime)" -gt 1000000 ]; [ $$ = 1 ]
		grep -qE "^monotonic +2000000 +0$" /proc/self/timens_offsets
		grep -qE "^boottime +1000000 +5$" /proc/self/timens_offsets'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")"
	holds "$offsets | .linux.namespaces += [{type: \"user\"}] | $maps" '[ "$(cut -d. -f1 /proc/uptime)" -gt 1000000 ]; [ $$ = 1 ]'
	running "$ID" "$offsets"
	run ctr exec "$ID" sh -c '[ "$(cut -d. -f1 /proc/uptime)" -gt 1000000 ]'
	ended 0
}

@test "a new network namespace has its loopback up, and nothing else" {
	holds . '[ "$(cat /sys/class/net/lo/flags)" = 0x9 ]; [ "$(ls /sys/class/net | grep -vE "^(lo|tunl0|sit0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6tnl0|ip6gre0|teql0|bonding_masters|dummy0|ifb.)$")" = "" ]
		ping -c 1 -w 5 127.0.0.1 >/dev/null 2>&1 || nc -z 127.0.0.1 1 2>&1 | grep -qv unreachable || :'
}

@test "IPC objects and mqueues are the container's own" {
	holds . '[ -z "$(tail -n +2 /proc/sysvipc/shm)" ]; [ -z "$(ls /dev/mqueue)" ]'
}

@test "in the cgroup namespace the container's group is the root" {
	holds '.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])' '
		[ "$(cut -d: -f3 /proc/self/cgroup | sort -u)" = / ] || { cat /proc/self/cgroup; false; }'
}

@test "when the first process ends, all of its pid namespace end" {
	running "$ID" '.process.args = ["sh", "-c", "sleep 100 & sleep 100 & exec sleep 100"]'
	until_true pids_are 3
	ctr kill "$ID" KILL
	wait_for stopped
	until_true pids_are 0
}

@test "without a pid namespace SIGKILL reaches all processes" {
	running "$ID" 'del(.linux.namespaces[] | select(.type == "pid")) |
		.process.args = ["sh", "-c", "sleep 100 & sleep 100 & exec sleep 100"]'
	until_true pids_are 3
	ctr kill "$ID" KILL
	until_true pids_are 0
	wait_for stopped
}
