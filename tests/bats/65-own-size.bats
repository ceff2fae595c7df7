#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container sees its own size.

load lib
load oci

HELPERS=$BATS_TEST_DIRNAME/../../build/tests

total() { awk '$1 == "MemTotal:" {print $2}'; }

@test "--own-size: memory and processors are its limits, and follow an update" {
	needs_root
	needs_controller memory cpu
	ctr run -d --name "$ID" --own-size --memory 64m --cpus 0.7 host sleep 100 >out 2>&1
	[ "$(ctr exec "$ID" cat /proc/meminfo | total)" = 65536 ]
	[ "$(ctr exec "$ID" grep -c ^processor /proc/cpuinfo)" = 1 ]
	[ "$(ctr exec "$ID" grep -c '^cpu[0-9]' /proc/stat)" = 1 ]
	[ "$(ctr exec "$ID" cat /sys/devices/system/cpu/online)" = 0 ]
	# What is free is not more than what there is.
	ctr exec "$ID" free -k >free.txt 2>/dev/null || skip "no free(1)"
	awk '$1 == "Mem:" {exit !($2 == 65536 && $4 <= 65536)}' free.txt
	ctr update --memory 96m --memory-swap 96m "$ID"
	[ "$(ctr exec "$ID" cat /proc/meminfo | total)" = 98304 ]
	# Nothing of it can be written from inside.
	run ctr exec "$ID" sh -c 'echo x >/proc/meminfo'
	[ "$status" != 0 ]
}

@test "--own-size: without limits it is the machine, without the flag too" {
	needs_root
	host=$(total </proc/meminfo)
	[ "$(ctr run --rm --own-size host cat /proc/meminfo | total)" = "$host" ]
	[ "$(ctr run --rm --memory 64m host cat /proc/meminfo | total)" = "$host" ]
	[ "$(ctr run --rm --own-size host grep -c ^processor /proc/cpuinfo)" = "$(grep -c ^processor /proc/cpuinfo)" ]
}

@test "--own-size: a tenant's limit is its containers' too" {
	needs_root
	needs_controller memory
	ctr tenant create "own$$" --memory 80m "${HOST_IDS[@]}"
	[ "$(ctr run --rm --own-size --tenant "own$$" host cat /proc/meminfo | total)" = 81920 ]
	ctr tenant rm "own$$"
}

@test "--own-size: for OCI callers by an annotation" {
	needs_root
	needs_controller memory
	light b '.annotations = {"io.ctr.own-size": "true"} | .linux.resources = {memory: {limit: 67108864}} |
		.process.args = ["cat", "/proc/meminfo"]'
	[ "$(ctr run --bundle b "$ID" | total)" = 65536 ]
}

# ---- uptime -------------------------------------------------------------------------------------

has_time_ns() { [ -e /proc/self/ns/time ] || missing "no time namespaces in this kernel"; }
uptime_of() { ctr exec "$ID" cut -d. -f1 /proc/uptime; }
# An emulated machine takes its time.
YOUNG=10
[ "${CTR_PLACE:-native}" = native ] || YOUNG=60

@test "--own-size: the uptime is the container's, also for those who come later" {
	needs_root
	has_time_ns
	local seconds later btime started
	ctr run -d --name "$ID" --own-size host sleep 100 >out 2>&1
	seconds=$(uptime_of)
	[ "$seconds" -lt "$YOUNG" ]
	sleep 2
	later=$(uptime_of)
	[ "$later" -gt "$seconds" ]
	[ "$later" -lt $((seconds + YOUNG)) ]
	# Boot time and uptime say the same of now, and so do the start times of processes.
	btime=$(ctr exec "$ID" awk '$1 == "btime" {print $2}' /proc/stat)
	[ $((btime + later)) -ge $(($(date +%s) - YOUNG)) ]
	[ $((btime + later)) -le $(($(date +%s) + 1)) ]
	started=$(ctr exec "$ID" awk '{print $22}' /proc/1/stat)
	[ "$started" -lt $((YOUNG * 100)) ]
	# Another life: from the beginning.
	detached ctr restart -t 0 "$ID"
	ended 0
	[ "$(uptime_of)" -le "$later" ]
	[ "$(ctr exec "$ID" awk '$1 == "btime" {print $2}' /proc/stat)" -gt "$btime" ]
	# Without the flag it is the machine's.
	[ "$(ctr run --rm host cut -d. -f1 /proc/uptime)" -ge "$((seconds + 2))" ]
	[ "$(ctr run --rm host readlink /proc/self/ns/time)" = "$(readlink /proc/self/ns/time)" ]
}

@test "--own-size: in others' namespaces, and with a user namespace of its own" {
	needs_root
	has_time_ns
	ctr run -d --name "$ID-net" --own-size host sleep 100 >out 2>&1
	[ "$(ctr run --rm --own-size --network "container:$ID-net" host cut -d. -f1 /proc/uptime)" -lt "$YOUNG" ]
	ctr tenant create "up$$" "${HOST_IDS[@]}"
	[ "$(ctr run --rm --own-size --tenant "up$$" host cut -d. -f1 /proc/uptime)" -lt "$YOUNG" ]
	ctr tenant rm "up$$"
	maps='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")"
	OWN='.annotations = {"io.ctr.own-size": "true"}'
	holds "$OWN | .linux.namespaces += [{type: \"user\"}] | $maps" "[ \$(cut -d. -f1 /proc/uptime) -lt $YOUNG ]"
	# A time namespace that the config names is left alone.
	holds "$OWN | .linux.namespaces += [{type: \"time\"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}" \
		'[ "$(cut -d. -f1 /proc/uptime)" -gt 1000000 ]
		now=$(($(awk "\$1 == \"btime\" {print \$2}" /proc/stat) + $(cut -d. -f1 /proc/uptime)))
		[ "$now" -ge $(($(date +%s) - 60)) ] && [ "$now" -le $(($(date +%s) + 1)) ]'
	holds "$OWN | .linux.namespaces += [{type: \"time\", path: \"/proc/self/ns/time\"}]" \
		'[ "$(readlink /proc/self/ns/time)" = '"'$(readlink /proc/self/ns/time)'"' ]'
}

@test "--own-size: an ordinary user's too" {
	needs_root
	has_time_ns
	needs setpriv
	local dir
	dir=$(mktemp -d /tmp/ctr-own.XXXXXX)
	chown 65534:65534 "$dir"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_RUNTIME_DIR="$dir" HOME="$dir" \
		"$CTR" --root "$dir/run" run --rm --own-size --rootfs "$ROOTFS" cut -d. -f1 /proc/uptime
	rm -rf "$dir"
	ended 0
	[ "${lines[-1]}" -lt "$YOUNG" ]
}

# ---- what moves by itself -----------------------------------------------------------------------

load_of() { ctr exec "$1" cut -d ' ' -f 1 /proc/loadavg; }
# Without a process in there, which would be load.
seen_from_outside() { cut -d ' ' -f 1 "$ROOT/$1/own/loadavg"; }
is_loaded() { load_of "$1" | awk '{exit !($1 > 0.1)}'; }

# within SECONDS COMMAND...
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "in vain: $*"; return 1; }
		sleep 0.5
	done
}

@test "--own-size: the load is the container's own" {
	needs_root
	ctr run -d --name "$ID-busy" --own-size host sh -c 'while :; do :; done & while :; do :; done' >out 2>&1
	ctr run -d --name "$ID" --own-size host sleep 1000 >out 2>&1
	[ "$(ctr exec "$ID-busy" cat /proc/loadavg | awk '{print NF}')" = 5 ]
	within 12 is_loaded "$ID-busy"
	[ "$(seen_from_outside "$ID")" = 0.00 ]
	# The program as the container knows it, and all of its tasks.
	ctr exec "$ID-busy" awk '{split($4, n, "/"); exit !(n[1] >= 1 && n[2] >= 2 && $5 < 100)}' /proc/loadavg
	[ "$(ctr exec "$ID-busy" awk 'END {print NR}' /proc/loadavg)" = 1 ]
	# Another life begins with nothing.
	detached ctr restart -t 0 "$ID-busy"
	ended 0
	[ "$(seen_from_outside "$ID-busy")" = 0.00 ]
}

free_kb() { ctr exec "$ID" awk '$1 == "MemFree:" {print $2}' /proc/meminfo; }
has_less() { [ "$(free_kb)" -lt $((before - 20000)) ]; }

@test "--own-size: what is free follows what is taken, and the monitor stays small" {
	needs_root
	needs_controller memory
	local before monitor pss
	ctr run -d --name "$ID" --own-size --memory 96m -v "$HELPERS:/t:ro" host \
		sh -c 'while [ ! -e /tmp/go ]; do sleep 0.2; done; exec /t/hog hold 40' >out 2>&1
	before=$(free_kb)
	ctr exec "$ID" touch /tmp/go
	within 12 has_less
	[ "$(ctr exec "$ID" awk 'END {print NR}' /proc/meminfo)" = 11 ]
	monitor=$(cut -d ' ' -f 1 "$ROOT/$ID/monitor")
	pss=$(awk '/^Pss:/ {print $2}' "/proc/$monitor/smaps_rollup")
	echo "PSS $pss KiB"
	[ "$pss" -le 100 ]
}

@test "--own-size: in the foreground ctr itself does it, with a terminal too" {
	needs_root
	needs script
	local spin='while :; do :; done & for i in $(seq 28); do sleep 0.5; read load rest </proc/loadavg
		[ "$load" = 0.00 ] || break; done; echo "load $load"; kill -KILL %1'
	run ctr run --rm --own-size host bash -c "$spin"
	ended 0
	[[ $output =~ load\ 0\.[0-9][1-9] ]]
	run script -qec "$CTR --root $ROOT run --rm -t --own-size host bash -c '$spin'" /dev/null
	[[ $output =~ load\ 0\.[0-9][1-9] ]]
	# Nobody stays for an OCI caller; an update writes them again.
	running "$ID" '.annotations = {"io.ctr.own-size": "true"}'
	[ "$(load_of "$ID")" = 0.00 ]
}

@test "--own-size: nobody reads half of a file" {
	needs_root
	ctr run -d --name "$ID" --own-size --memory 64m host sh -c '
		until [ -e /tmp/end ]; do
			awk "END {if (NR != 11) print NR}" /proc/meminfo
			awk "END {if (NR != 1 || NF != 5) print NR, NF}" /proc/loadavg
		done' >out 2>&1
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		size=$((64 + i % 2 * 128))m
		ctr update --memory "$size" --memory-swap "$size" "$ID"
	done
	ctr exec "$ID" touch /tmp/end
	[ "$(ctr wait "$ID")" = 0 ]
	run ctr logs "$ID"
	[ -z "$output" ]
}

@test "sched_getaffinity follows the cpuset" {
	needs_root
	needs_controller cpuset
	[ "$(ctr run --rm --cpuset-cpus 0 host nproc)" = 1 ]
}
