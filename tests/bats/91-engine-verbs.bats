#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# The engine's commands: create, start, stop, restart, kill, rm, rename, logs, ps, inspect, top.

load lib
load engine
load oci

# ---- a life -------------------------------------------------------------------------------------

@test "create and start: with input, attached; the exit status; once more" {
	try ctr create --network none --name "$ID" -i --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'read x; echo "got $x"; exit 6'
	ended 0
	[ "$output" = "$ID" ]
	[ "$(state_of)" = created ]
	code=0
	output=$(echo one | timeout 10 "$CTR" --root "$ROOT" start -ai "$ID") || code=$?
	[ "$code" = 6 ] && [ "$output" = "got one" ]
	[ "$(state_of)" = stopped ]
	code=0
	output=$(echo two | timeout 10 "$CTR" --root "$ROOT" start -ai "$ID") || code=$?
	[ "$code" = 6 ] && [ "$output" = "got two" ]
	[ "$(ctr logs "$ID")" = "got one
got two" ]
}

@test "create: what is wrong is told at once, and leaves nothing" {
	try ctr create --network none --name "$ID" nosuch-image true
	ended 125
	try ctr create --network none --name "$ID" --memory nonsense host true
	ended 125
	[ ! -e "$ROOT/$ID" ]
	# With --bundle it is OCI's.
	bundle b
	detached ctr create "$ID" --bundle b
	ended 0
	[ "$(state_of)" = created ]
	ctr start "$ID"
	[ "$(state_of)" = running ]
}

@test "start: a program that is not there is told, and kept in the state" {
	ctr create --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" nosuch
	try ctr start "$ID"
	ended 127
	has 'executable file not found'
	[ "$(ctr inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$ID")" = "exited 127" ]
	ctr inspect -f '{{.State.Error}}' "$ID" | grep -q nosuch
	ctr rm "$ID"
}

filled_log() { [ -n "$(ctr logs "$ID")" ]; }

@test "stop: the signal first, SIGKILL later; a stopped one is fine" {
	box --stop-signal USR1 -- sh -c 'trap "echo bye; exit 9" USR1; echo up; while :; do sleep 0.1; done'
	until_true filled_log # with a trap only
	[ "$(ctr stop "$ID")" = "$ID" ]
	[ "$(ctr inspect -f '{{.State.ExitCode}}' "$ID")" = 9 ]
	[ "$(ctr logs "$ID")" = $'up\nbye' ]
	ctr stop "$ID"
	ctr rm "$ID"
	box --stop-timeout 1 -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	local start=$SECONDS
	ctr stop "$ID"
	[ $((SECONDS - start)) -le 3 ]
	[ "$(ctr inspect -f '{{.State.ExitCode}}' "$ID")" = 137 ]
	try ctr stop "$ID-nobody"
	ended 1
}

@test "stop: a paused one, too" {
	box -- sleep 100
	ctr pause "$ID"
	[ "$(ctr ps --format '{{.Status}}' | grep -c Paused)" = 1 ]
	timeout 8 "$CTR" --root "$ROOT" stop -t 1 "$ID"
	[ "$(state_of)" = stopped ]
}

@test "restart: another process, the same container; of one that does not run, too" {
	box -- sh -c 'echo life; exec sleep 100'
	local first second
	has_lives() { [ "$(ctr logs "$ID" | grep -c life)" = "$1" ]; }
	until_true has_lives 1
	first=$(ctr inspect -f '{{.State.Pid}} {{.Created}}' "$ID")
	ctr restart -t 0 "$ID"
	second=$(ctr inspect -f '{{.State.Pid}} {{.Created}}' "$ID")
	[ "${first% *}" != "${second% *}" ]
	[ "${first#* }" = "${second#* }" ]
	until_true has_lives 2
	ctr stop -t 0 "$ID"
	ctr restart "$ID"
	[ "$(state_of)" = running ]
	until_true has_lives 3
}

@test "update: what was changed counts at the next start, too" {
	needs_root
	needs_controller memory pids
	box -m 64m --pids-limit 50 -- sleep 100
	ctr update --memory 96m --memory-swap 96m --pids-limit 70 "$ID"
	ctr restart -t 0 "$ID"
	[ "$(ctr stats --no-stream --json "$ID" | jq -c '[.memoryLimit, .pidsLimit]')" = '[100663296,70]' ]
	[ "$(ctr inspect -f '{{.HostConfig.Memory}}' "$ID")" = 100663296 ]
	# What is not enforced is not kept.
	run ctr update --pids-limit nonsense "$ID"
	ended 1
	ctr restart -t 0 "$ID"
	[ "$(ctr stats --no-stream --json "$ID" | jq .pidsLimit)" = 70 ]
}

@test "kill: several, by name of signal; kill KILL ends restarts" {
	box --restart always -- sleep 100
	ctr kill -s KILL "$ID"
	until_true is_gone "$(monitor_of)"
	[ "$(state_of)" = stopped ]
}

@test "rm: refuses a running one, -f doesn't; several, with the others' fate told" {
	box -- sleep 100
	try ctr rm "$ID"
	ended 1
	has 'not stopped'
	try ctr rm -f "$ID" "$ID-nobody"
	ended 0
	[ ! -e "$ROOT/$ID" ]
	[ -z "$(ls "$ROOT/.lib/logs")" ]
	try ctr rm "$ID-nobody" "$ID-other"
	ended 1
	has "$ID-nobody"
	has "$ID-other"
}

@test "rename: everything goes on under the new name" {
	box --restart on-failure:1 -- sh -c 'sleep 0.7; echo end; exit 3'
	ctr rename "$ID" "$ID-new"
	try ctr inspect "$ID"
	ended 1
	[ "$(ctr wait "$ID-new")" = 3 ]
	[ "$(ctr inspect -f '{{.Name}}' "$ID-new")" = "$ID-new" ]
	# The monitor knows the new name, and the old one can be taken.
	box -- sleep 100
	restarted() { [ "$(ctr inspect -f '{{.RestartCount}}' "$ID-new")" = 1 ]; }
	until_true restarted
	[ "$(ctr logs "$ID-new" | head -n 1)" = end ]
	try ctr rename "$ID" "$ID-new"
	ended 1
	has 'already exists'
}

@test "exit codes: 125, 126, 127, 128 and the signal" {
	box -- sh -c 'exec sleep 100'
	ctr kill "$ID" KILL
	[ "$(ctr wait "$ID")" = 137 ]
	ctr rm "$ID"
	try ctr run --rm --sig-proxy=maybe --name "$ID" host true
	ended 125
	try ctr run --rm --network none -a stdout --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'echo out; echo err >&2; exit 3'
	ended 3
	[ "$output" = out ]
}

@test "cidfile: holds the name, must be new, goes when the run fails" {
	box --cidfile id -- true
	[ "$(cat id)" = "$ID" ]
	try ctr run -d --cidfile id --name "$ID-2" --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	ended 125
	rm id
	try ctr run -d --cidfile id --name "$ID-2" --rootfs "$BATS_FILE_TMPDIR/rootfs" nosuch
	ended 127
	[ ! -e id ]
}

# ---- logs ---------------------------------------------------------------------------------------

@test "logs: streams, tail, times" {
	box -- sh -c 'echo one; echo two; sleep 1.2; echo three >&2; echo four'
	ctr wait "$ID"
	[ "$("$CTR" --root "$ROOT" logs "$ID" 2>/dev/null)" = "one
two
four" ]
	[ "$("$CTR" --root "$ROOT" logs "$ID" 2>&1 >/dev/null)" = three ]
	[ "$(ctr logs --tail 1 "$ID" | wc -l)" -le 1 ]
	[ "$(ctr logs -n 0 "$ID")" = "" ]
	ctr logs -t -n 1 "$ID" 2>&1 | grep -qE '^20[0-9-]{8}T[0-9:.]{18}Z (four|three)$'
	[ "$(ctr logs --since 1m "$ID" 2>/dev/null | wc -l)" = 3 ]
	[ "$(ctr logs --since "$(ctr logs -t "$ID" 2>/dev/null | tail -n 1 | cut -d ' ' -f 1)" "$ID" 2>/dev/null)" = four ]
	[ "$(ctr logs --until "$(ctr logs -t "$ID" | head -n 1 | cut -d ' ' -f 1)" "$ID" | head -n 1)" = one ]
	[ -z "$(ctr logs --until 1h "$ID")" ]
	try ctr logs --since nonsense "$ID"
	ended 1
}

@test "logs -f: to the end, across rotations and restarts" {
	box --restart on-failure:1 --log-opt max-size=64k -- \
		sh -c 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; [ $((i % 200)) != 0 ] || sleep 0.1; i=$((i + 1)); done; exit 1'
	timeout 20 "$CTR" --root "$ROOT" logs -f "$ID" >all
	[ "$(wc -l <all)" = 4000 ]
	seq -f 'line %g' 0 1999 >want
	cat want want | cmp - all
}

@test "logs: long lines and odd bytes come out as they went in" {
	box -- sh -c 'dd if=/dev/zero bs=100000 count=1 | tr "\0" x; echo; printf "\0\1\377\n\n"; printf end'
	ctr wait "$ID"
	ctr logs "$ID" 2>/dev/null >got
	(head -c 100000 /dev/zero | tr '\0' x; echo; printf '\0\1\377\n\n'; printf end) | cmp - got
}

@test "logs: none of a foreground run, none by --log-driver none" {
	try ctr run --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	ended 0
	try ctr logs "$ID"
	ended 1
	has 'it has no log'
}

# ---- ps, inspect, top ---------------------------------------------------------------------------

@test "ps: running ones, all, filters, formats" {
	box -l tier=web -l plain -- sleep 100
	detached ctr run -d --network none --name "$ID-b" --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'exit 4'
	ctr wait "$ID-b"
	[ "$(ctr ps -q)" = "$ID" ]
	[ "$(ctr ps -aq | wc -l)" = 2 ]
	[ "$(ctr ps | head -n 1 | tr -s ' ')" = "NAME IMAGE COMMAND CREATED STATUS" ]
	ctr ps -a | grep "$ID-b" | grep -q 'Exited (4)'
	[ "$(ctr ps -aqf label=tier=web)" = "$ID" ]
	[ "$(ctr ps -aqf label=plain -f label=tier=db)" = "" ]
	[ "$(ctr ps -qf exited=4)" = "$ID-b" ]
	[ "$(ctr ps -qf status=exited -f status=running | wc -l)" = 2 ]
	[ "$(ctr ps -aqf name=-b)" = "$ID-b" ]
	[ "$(ctr ps --format '{{.Names}}={{.State}} {{.Labels.tier}}')" = "$ID=running web" ]
	ctr ps -a --format json | jq -es 'length == 2 and .[0].Labels.tier == "web"'
	[ "$(ctr ps -a --format 'table {{.Names}}\t{{.ExitCode}}' | head -n 1 | tr -s ' ')" = "NAMES EXITCODE" ]
	[ "$(ctr ps -ql)" = "$ID-b" ]
	[ "$(ctr ps -qn 1)" = "$ID-b" ]
	[ "$(ctr ps -q --last 5 | tr '\n' ' ')" = "$ID-b $ID " ]
	try ctr ps --last many
	ended 1
	try ctr ps -f nonsense
	ended 1
	try ctr ps --format '{{range .}}'
	ended 1
	has 'only {{.Field}}'
	# With a name it is OCI's.
	[ "$(ctr ps -f json "$ID" | jq length)" = 1 ]
}

@test "inspect: docker's fields" {
	box -e A=b -w /tmp --restart on-failure:5 -m 64m -- sleep 100
	ctr inspect "$ID" | jq -e --arg id "$ID" 'length == 1 and (.[0] |
		.Id == $id and .State.Running and .State.Pid > 0 and .Path == "sleep" and .Args == ["100"] and
		.HostConfig.RestartPolicy == {Name: "on-failure", MaximumRetryCount: 5} and
		.HostConfig.Memory == 67108864 and .Config.WorkingDir == "/tmp" and
		(.Config.Env | index("A=b")) and .Config.StopSignal == "SIGTERM")'
	[ "$(ctr inspect -f '{{json .Config.Cmd}}' "$ID")" = '["sleep","100"]' ]
	try ctr inspect "$ID-nobody"
	ended 1
}

@test "top: the processes" {
	box -- sleep 100
	ctr top "$ID" | grep -q 'sleep 100'
	ctr top "$ID" -o pid,comm | grep -q sleep
}

# ---- health -------------------------------------------------------------------------------------

is_well() { [ "$(ctr inspect -f '{{.State.Health.Status}}' "$ID")" = "$1" ]; }

@test "health: starting, healthy, unhealthy; what the check said; filters" {
	cp -a "$BATS_FILE_TMPDIR/rootfs" own
	detached ctr run -d --network none --name "$ID" --health-cmd 'echo "look: $HOME"; cat /tmp/well' \
		--health-interval 300ms --health-retries 2 --rootfs "$PWD/own" sleep 100
	ended 0
	is_well starting
	echo fine >own/tmp/well
	until_true is_well healthy
	ctr inspect -f '{{.State.Health.Output}}' "$ID" | grep -q fine
	[ "$(ctr ps -qf health=healthy)" = "$ID" ]
	rm own/tmp/well
	until_true is_well unhealthy
	ctr ps | grep -q '(unhealthy)'
	echo fine >own/tmp/well
	until_true is_well healthy
}

@test "health: a check that hangs is ended and counts; nonsense is refused" {
	box --health-cmd 'sleep 50' --health-interval 100ms --health-timeout 200ms --health-retries 1 -- sleep 100
	until_true is_well unhealthy
	hanging() { [ "$(ctr top "$ID" | grep -c 'sleep 50')" -le 1 ]; }
	hanging
	try ctr run --rm --health-interval 1s host true
	ended 125
	try ctr run --rm --health-cmd true --health-retries 0 host true
	ended 125
}
