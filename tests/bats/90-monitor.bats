#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Detached containers: their monitor, its log, its attach socket, restarts.

load lib
load engine

logs() { echo "$ROOT/.lib/logs/$ID".*; } # a directory
log_of() { cat "$(logs)/log"; }

# ---- what it keeps ------------------------------------------------------------------------------

@test "monitor: keeps the exit code and the log, with stream and time" {
	box -- sh -c 'echo out; echo err >&2; printf part; sleep 0.2; exit 7'
	[ "$output" = "$ID" ]
	[ "$(ctr wait "$ID")" = 7 ]
	[ "$(cat "$ROOT/$ID/exit")" = 7 ]
	[ "$(log_of | cut -d ' ' -f 2- | sort)" = "stderr F err
stdout F out
stdout P part" ]
	log_of | grep -qE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z std'
	[ ! -e "$ROOT/$ID/attach.sock" ]
	until_true is_gone "$(monitor_of)"
}

@test "monitor: is the parent, and small" {
	box -- sleep 100
	local monitor pss
	monitor=$(monitor_of)
	[ "$(cat "/proc/$monitor/comm")" = ctr-monitor ]
	[ "$(awk '/^PPid/ {print $2}' "/proc/$(cut -d ' ' -f 1 "$ROOT/$ID/init")/status")" = "$monitor" ]
	pss=$(awk '/^Pss:/ {print $2}' "/proc/$monitor/smaps_rollup")
	echo "PSS $pss KiB"
	[ "$pss" -le 100 ]
	# Nothing of its caller's: no terminal, no descriptors, not its directory.
	[ "$(readlink "/proc/$monitor/cwd")" = / ]
	[ "$(readlink "/proc/$monitor/fd/1")" = /dev/null ]
}

@test "monitor: the caller's pipe is not held open" {
	local out
	out=$(timeout 5 "$CTR" --root "$ROOT" run -d --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" sleep 100)
	[ "$out" = "$ID" ]
}

@test "monitor: --rm with -d leaves nothing" {
	box --rm -- sleep 0.2
	until_true [ ! -e "$ROOT/$ID" ]
	nothing_logged() { [ -z "$(ls "$ROOT/.lib/logs")" ]; }
	until_true nothing_logged
}

@test "monitor: a failure to start is told, and leaves nothing" {
	try ctr run -d --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" nosuch
	ended 127
	has 'exec: "nosuch": executable file not found'
	[ ! -e "$ROOT/$ID" ]
	[ -z "$(ls "$ROOT/.lib/logs")" ]
	try ctr run -d --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" /etc
	ended 126
	# After the go as well, when the monitor's maker has to know.
	printf '#!/bin/nosuch\n' >"$BATS_FILE_TMPDIR/rootfs/bin/script"
	chmod 755 "$BATS_FILE_TMPDIR/rootfs/bin/script"
	try ctr run -d --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" script
	ended 127
	has /bin/nosuch
	[ ! -e "$ROOT/$ID" ]
}

@test "monitor: log files are rotated, and nothing is lost below the limit" {
	box --log-opt max-size=64k --log-opt max-file=3 -- sh -c 'i=0; while [ $i -lt 4000 ]; do echo "line $i"; i=$((i + 1)); done'
	ctr wait "$ID"
	local dir
	dir=$(logs)
	[ "$(ls "$dir" | tr '\n' ' ')" = "log log.1 log.2 " ]
	for file in "$dir"/*; do
		[ "$(stat -c %s "$file")" -le 65536 ]
	done
	# What is there has no gap, and reaches to the end.
	cat "$dir/log.2" "$dir/log.1" "$dir/log" | sed 's/^[^ ]* stdout //' |
		awk '{printf "%s%s", substr($0, 3), $1 == "F" ? "\n" : ""}' | awk '{print $2}' | tail -n +2 >numbers
	[ "$(tail -n 1 numbers)" = 3999 ]
	awk 'NR > 1 && $1 != last + 1 {exit 1} {last = $1}' numbers
	[ "$(wc -l <numbers)" -gt 2000 ]
}

@test "monitor: much output, no growth" {
	box -- sh -c 'dd if=/dev/zero bs=1M count=32 | tr "\0" x; echo; dd if=/dev/zero bs=1M count=2 | od -v; echo done; sleep 100'
	local monitor before after
	monitor=$(monitor_of)
	sleep 0.1
	before=$(awk '/^Pss:/ {print $2}' "/proc/$monitor/smaps_rollup")
	until_true grep -q 'done' "$(logs)/log"
	after=$(awk '/^Pss:/ {print $2}' "/proc/$monitor/smaps_rollup")
	echo "PSS $before, then $after KiB"
	[ "$after" -le 120 ]
	[ "$(du -sk "$(logs)" | cut -f 1)" -le 31000 ]
}

@test "monitor: --log-driver none keeps nothing; unknown drivers and options are refused" {
	box --log-driver none -- echo hello
	ctr wait "$ID"
	[ ! -e "$ROOT/.lib/logs" ]
	ctr rm "$ID"
	try ctr run -d --network none --name "$ID" --log-driver syslog host true
	ended 125
	has 'expected file, journald or none'
	try ctr run -d --network none --name "$ID" --log-opt max-size=1k host true
	ended 125
	try ctr run -d --network none --name "$ID" --log-opt compress=true host true
	ended 125
}

# ---- attach -------------------------------------------------------------------------------------

@test "attach: input, output, both streams apart, the exit status" {
	box -i -- sh -c 'read line; echo "got $line"; echo oops >&2; read never; exit 5'
	code=0
	(echo hello; sleep 0.3; echo) | timeout 10 "$CTR" --root "$ROOT" attach "$ID" >out 2>err || code=$?
	[ "$code" = 5 ]
	[ "$(cat out)" = "got hello" ]
	[ "$(cat err)" = oops ]
}

@test "attach: several at once, and --no-stdin" {
	box -i -- sh -c 'read line; echo "got $line"'
	timeout 10 "$CTR" --root "$ROOT" attach --no-stdin "$ID" >one 3>&- &
	local pid=$!
	sleep 0.2
	echo hello | timeout 10 "$CTR" --root "$ROOT" attach "$ID" >two
	wait "$pid"
	[ "$(cat one)" = "got hello" ]
	[ "$(cat two)" = "got hello" ]
}

@test "attach: what does not run, has no monitor, or does not exist" {
	try ctr attach "$ID"
	ended 1
	has 'does not exist'
	box -- true
	ctr wait "$ID"
	try ctr attach "$ID"
	ended 1
	has 'no monitor'
	try ctr attach --detach-keys nonsense "$ID"
	ended 1
}

# Types into a command on a terminal of its own, when it had time to come up.
typing() { # SECONDS TEXT COMMAND...
	local seconds=$1 text=$2
	[ "${CTR_PLACE:-native}" = native ] || seconds=3
	shift 2
	(sleep "$seconds"; printf "$text"; sleep "$seconds") | timeout 10 script -qec "$*" /dev/null
}

@test "attach: the keys that leave, and the terminal's size" {
	command -v script >/dev/null || skip "no script(1)"
	box -it -- sh -c 'stty size; read x; stty size; echo "got $x"; read y'
	run typing 0.3 'hel\x10\x11' "stty rows 33 cols 101; $CTR --root $ROOT attach $ID"
	[ "$status" = 0 ]
	[ "$(state_of)" = running ]
	run typing 0.3 'lo\n\n' "$CTR --root $ROOT attach $ID"
	[ "$(ctr wait "$ID")" = 0 ]
	log_of | tr -d '\r' | grep -q 'got hello'
	log_of | tr -d '\r' | grep -q '33 101'
}

@test "attach: who does not read is hung up on, and holds up nobody for long" {
	box -- sh -c 'sleep 0.5; dd if=/dev/zero bs=1M count=4 | tr "\0" "\n"; echo done; sleep 100'
	mkfifo slow
	exec 4<>slow # and never reads it
	timeout 30 "$CTR" --root "$ROOT" attach "$ID" </dev/null >slow 3>&- 4>&- &
	local pid=$!
	sleep 0.3
	until_true sh -c "cat $(logs)/log* | grep -q done"
	kill "$pid" 2>/dev/null || :
	exec 4>&-
}

# ---- restarts -----------------------------------------------------------------------------------

restarts() { cut -d ' ' -f 3 "$ROOT/$ID/monitor"; }

@test "restart: on-failure:N, with a pause that grows; the log goes on" {
	box --restart on-failure:3 -- sh -c 'echo life; exit 3'
	until_true is_gone "$(monitor_of)"
	[ "$(restarts)" = 3 ]
	[ "$(log_of | grep -c life)" = 4 ]
	[ "$(ctr wait "$ID")" = 3 ]
	log_of | awk '{split($1, t, /[:Z]/); s[NR] = t[2] * 60 + t[3]} END {exit !(s[4] - s[3] > 0.35 && s[2] - s[1] > 0.09)}'
}

@test "restart: a good end is one; always means always, until it is stopped" {
	box --restart on-failure -- true
	until_true is_gone "$(monitor_of)"
	[ "$(restarts)" = 0 ]
	ctr rm "$ID"
	box --restart always -- sleep 0.1
	has_restarted() { [ "$(restarts)" -ge 2 ]; }
	until_true has_restarted
	ctr stop -t 0 "$ID"
	until_true is_gone "$(monitor_of)"
	[ "$(state_of)" = stopped ]
}

@test "restart: stop ends a monitor that waits; rm needs -f" {
	box --restart always -- false
	has_restarted() { [ "$(restarts)" -ge 4 ]; }
	until_true has_restarted # the pause is long by now
	try ctr rm "$ID"
	ended 1
	has 'about to be started again'
	local monitor
	monitor=$(monitor_of)
	timeout 3 "$CTR" --root "$ROOT" rm -f "$ID"
	until_true is_gone "$monitor"
}

@test "restart: by a ctr that was upgraded meanwhile" {
	cp "$CTR" ./ctr-old
	CTR=$PWD/ctr-old box --restart on-failure:2 -- sh -c 'sleep 1; exit 1'
	# An upgrade: another file under the name.
	cp "$CTR" ./ctr-new
	mv ctr-new ctr-old
	has_restarted() { [ "$(restarts)" -ge 1 ]; }
	until_true has_restarted
	[ "$(state_of)" = running ]
}

@test "restart: what cannot be started any more says so" {
	cp -a "$BATS_FILE_TMPDIR/rootfs" own
	detached ctr run -d --network none --restart always --name "$ID" --rootfs "$PWD/own" sh -c 'rm -f /bin/busybox /bin/sh; exit 1'
	until_true [ -e "$ROOT/$ID/error" ]
	until_true is_gone "$(monitor_of)"
	grep -q 'executable file not found\|no such file' "$ROOT/$ID/error"
	[ "$(cat "$ROOT/$ID/exit")" = 127 ]
}

# ---- many, and accidents ------------------------------------------------------------------------

@test "a hundred at once" {
	local i pids=() n=100
	[ "${CTR_PLACE:-native}" = native ] || n=20
	for ((i = 0; i < n; i++)); do
		"$CTR" --root "$ROOT" run -d --network none --name "$ID-$i" --rootfs "$BATS_FILE_TMPDIR/rootfs" sleep 100 </dev/null >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(ctr list | grep -c running)" = "$n" ]
	seq -f "$ID-%g" 0 $((n - 1)) | xargs "$CTR" --root "$ROOT" rm -f >/dev/null
	[ -z "$(ctr list -q)" ]
}

@test "SIGKILL for the monitor: the container goes on, and rm -f clears up" {
	box -- sleep 100
	kill -KILL "$(monitor_of)"
	until_true is_gone "$(monitor_of)"
	[ "$(state_of)" = running ]
	try ctr attach "$ID"
	ended 1
	ctr rm -f "$ID"
}

@test "without -d nothing has a monitor, unless somebody may leave" {
	try ctr run --rm --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'echo hi; exit 3'
	ended 3
	"$CTR" --root "$ROOT" run --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" sleep 100 </dev/null >/dev/null 2>&1 3>&- &
	wait_for running
	[ ! -e "$ROOT/$ID/monitor" ]
	ctr rm -f "$ID"
	try ctr run --network none --name "$ID" --restart on-failure:1 --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'echo hi; exit 3'
	ended 3
	has hi
	[ -e "$ROOT/$ID/monitor" ]
	until_true is_gone "$(monitor_of)"
}
