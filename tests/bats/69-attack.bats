#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Alone: nobody but the attacker may disturb the service.
# The attack matrix, small: a service in one tenant, beside it each kind of bad neighbour in another of the
# same weight, both on one processor. What the two have used tells whether the service kept its half;
# tests/bench/attack prints what that is worth in answers and latency.

load lib
load oci

PIDS=100 MEMORY=$((96 << 20))

# The service lives as long as the file: starting it is most of the time in an emulated machine.
setup() {
	new_test
	needs_root
	needs_controller cpu memory pids cpuset
	ROOT=$BATS_FILE_TMPDIR/run
	HELPERS=$(readlink -f "$BATS_TEST_DIRNAME/../../build/tests")
	[ -e "$BATS_FILE_TMPDIR/name" ] || echo "$$" >"$BATS_FILE_TMPDIR/name"
	read -r N <"$BATS_FILE_TMPDIR/name"
	VICTIM=victim-$N ATTACKER=attacker-$N
	on_disk "$BATS_FILE_TMPDIR" "$N"
	[ -d "$ROOT" ] || start_service
}

start_service() {
	local name
	mkdir -p "$disk/$VICTIM" "$disk/$ATTACKER"
	for name in "$VICTIM" "$ATTACKER"; do
		ctr tenant create "$name" --pids "$PIDS" --memory "$MEMORY" --allow "mounts=$HELPERS" \
			--allow "mounts=$disk" "${HOST_IDS[@]}"
	done
	as "$VICTIM" /t/victim 1000 /data
	ctr pause "$VICTIM"
}

teardown() {
	cd / || return
	ctr pause "$VICTIM"
	ctr delete --force "$ATTACKER"
	rm -rf "${disk:?}/$ATTACKER"/*
}

teardown_file() {
	local N left
	ROOT=$BATS_FILE_TMPDIR/run
	[ -d "$ROOT" ] || return 0
	read -r N <"$BATS_FILE_TMPDIR/name"
	on_disk "$BATS_FILE_TMPDIR" "$N"
	ctr delete --force "victim-$N"
	ctr tenant rm "victim-$N"
	ctr tenant rm "attacker-$N"
	rm -rf "$disk"
	left=$(find /sys/fs/cgroup -type d -name "*-$N")
	[ -z "$left" ] || { echo "control groups left: $left"; return 1; }
}

# as TENANT COMMAND...: a container of its name
as() {
	local name=$1
	shift
	ctr run -d --name "$name" --tenant "$name" --cpuset-cpus 0 --ulimit nofile=4096:4096 \
		-v "$HELPERS:/t:ro" -v "$disk/$name:/data" host "$@" >out 2>&1 || { cat out; return 1; }
}

# of CONTROLLER GROUP V2-FILE V1-FILE: what the group of a tenant, or TENANT/CONTAINER, has there.
of() { cat "$(hierarchy "$1")/ctr/$2/$(is_v2 && echo "$3" || echo "$4")"; }

cpu_us() { # TENANT
	if is_v2; then
		of cpu "$1" cpu.stat - | sed -n 's/^usage_usec //p'
	else
		echo $(($(of cpuacct "$1" - cpuacct.usage) / 1000))
	fi
}

# Each exchange of messages is at least one sleep of the two processes together: who is asked may have answered
# before the other one comes to wait for it.
answers() {
	local first
	first=$(ctr state "$VICTIM" | jq .pid)
	awk '/^voluntary_ctxt_switches:/ {n += $2} END {print n}' "/proc/$first/status" \
		"/proc/$(pgrep -oP "$first")/status"
}

# beside COMMAND...: the attack, for a second. Sets $answered, $used (by the attacker, us), $share (of the
# service, per cent of what both used), $most (the attacker's processes) and $peak (of its memory).
beside() {
	local before i n victim
	ctr resume "$VICTIM"
	as "$ATTACKER" "$@"
	sleep 0.2
	before=$(answers) victim=$(cpu_us "$VICTIM") used=$(cpu_us "$ATTACKER") most=0
	for ((i = 0; i < 10; i++)); do
		sleep 0.08
		n=$(of pids "$ATTACKER" pids.current pids.current)
		most=$((n > most ? n : most))
	done
	victim=$(($(cpu_us "$VICTIM") - victim)) used=$(($(cpu_us "$ATTACKER") - used))
	answered=$(($(answers) - before)) share=$((100 * victim / (victim + used)))
	peak=$(of memory "$ATTACKER/$ATTACKER" memory.peak memory.max_usage_in_bytes)
	echo "the service answered $answered times and had $share % of the CPU;" \
		"the attacker used $used us, at most $most processes and $peak bytes"
}

# held: the service goes on and has its half, as nearly as a second on a machine of others' can tell; the
# attacker had something of the machine, and nothing beyond its limits.
held() {
	local least=50
	[ "${CTR_PLACE:-native}" = native ] || least=2 # emulated, an exchange takes as long as ten
	beside "$@"
	[ "$(state_of "$VICTIM")" = running ]
	[ "$answered" -gt "$least" ]
	[ "$share" -ge 35 ]
	[ "$used" -gt 1000 ]
	[ "$most" -le "$PIDS" ]
	# The container counts what it asked for before the tenant refuses it.
	[ "$(of memory "$ATTACKER" memory.peak memory.max_usage_in_bytes)" -le "$MEMORY" ]
}

@test "beside a shell's fork bomb" {
	held bash -c ':(){ :|:& };: & exec sleep 1000'
	[ "$most" -gt 20 ]
}

@test "beside a fork bomb in C" {
	held /t/attacker bomb /data
	[ "$most" -gt 50 ]
}

@test "beside 64 spinning processes" {
	held /t/attacker spin /data
	[ "$most" -gt 50 ]
}

@test "beside a memory hog" {
	held /t/attacker hog /data
	[ "$peak" -gt $((MEMORY * 3 / 4)) ]
}

@test "beside one who reads more than the page cache may hold" {
	held /t/attacker cache /data 192
	[ "$peak" -gt $((MEMORY * 3 / 4)) ]
}

@test "beside a storm of fsync" { held /t/attacker fsync /data; }
@test "beside one who opens all files that he may" { held /t/attacker files /data; }
@test "beside one who makes inodes" { held /t/attacker inodes /data; }
@test "beside one who fills pipes" { held /t/attacker pipes /data; }
@test "beside one who takes all inotify watches" { held /t/attacker inotify /data; }

@test "beside a storm of signals" {
	held /t/attacker signals /data
	[ "$most" -gt 50 ]
}

@test "beside a storm of futexes" {
	held /t/attacker futexes /data
	[ "$most" -gt 50 ]
}
