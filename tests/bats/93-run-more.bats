#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# What there is around a program: an init, and a unit that runs it at boot.

load lib
load engine

in_container() { # [FLAG...] -- COMMAND...
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" "$@"
	try ctr run --rm --network none "${line[@]}"
}

# ---- --init -------------------------------------------------------------------------------------

@test "init: the program is not process 1, and its end is the container's" {
	in_container --init -- sh -c 'cat /proc/1/comm; echo $$; exit 7'
	ended 7
	[ "$output" = "ctr-init
2" ]
	in_container --init -- sh -c 'kill -9 $$'
	ended 137
	in_container --init -- nosuch
	ended 127
	has 'executable file not found'
	in_container --init -- /etc
	ended 126
}

@test "init: orphans are collected" {
	# Without it they stay as zombies, since sleep waits for nobody.
	local many='for i in 1 2 3 4 5; do (sleep 0.1 &) ; done'
	zombies() { ctr exec "$ID" sh -c 'cat /proc/[0-9]*/stat' | grep -c ') Z '; }
	box -- sh -c "$many; exec sleep 100"
	sleep 0.4
	[ "$(zombies)" = 5 ]
	ctr rm -f "$ID"
	box --init -- sh -c "$many; exec sleep 100"
	sleep 0.4
	[ "$(zombies)" = 0 ]
}

@test "init: signals are passed on, also to a program that does not expect to be process 1" {
	# sleep has no handler: as process 1 the kernel would not let TERM end it.
	box --init --stop-timeout 10 -- sleep 100
	local from=$SECONDS
	ctr stop "$ID"
	[ $((SECONDS - from)) -lt 5 ]
	[ "$(ctr wait "$ID")" = 143 ]
	ctr rm "$ID"
	box --init -- sh -c 'trap "echo heard; exit 5" USR1; while :; do sleep 0.05; done'
	sleep 0.2
	ctr kill "$ID" USR1
	[ "$(ctr wait "$ID")" = 5 ]
	ctr logs "$ID" | grep -q heard
}

@test "init: it is what the program is, and has nothing open and nothing of the host in its memory" {
	box --init -u 1000 --cap-drop ALL -- sleep 100
	local init program line
	init=$(cut -d ' ' -f 1 "$ROOT/$ID/init")
	program=$(cat "/proc/$init/task/$init/children")
	for line in Uid Gid CapEff CapBnd NoNewPrivs Seccomp; do
		[ "$(grep "^$line:" "/proc/$init/status")" = "$(grep "^$line:" "/proc/${program// /}/status")" ]
	done
	[ -z "$(ls "/proc/$init/fd")" ]
	run grep -c ctr-plan "/proc/$init/maps"
	[ "$output" = 0 ]
	run ctr exec -u 1000 "$ID" sh -c 'cat /proc/1/environ; echo; tr "\0" " " </proc/1/cmdline'
	hasnt() { [[ $output != *"$1"* ]]; }
	hasnt "$BATS_FILE_TMPDIR"
	run ctr exec -u 1000 "$ID" sh -c 'cat /proc/1/mem >/dev/null'
	[ "$status" != 0 ]
}

@test "init: on a terminal, what is typed reaches the program once" {
	command -v script >/dev/null || skip "no script(1)"
	run timeout 10 script -qec "$CTR --root $ROOT run --rm -it --init --network none --rootfs $BATS_FILE_TMPDIR/rootfs \
		sh -c 'trap \"echo heard\" INT; sleep 1; sleep 0.3; echo over'" /dev/null < <(sleep 0.5; printf '\003'; sleep 2)
	[ "$(grep -c heard <<<"$output")" = 1 ]
	has over
}

@test "init: a restart and a create keep it" {
	ctr create --init --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'exit $(($$ + 10))'
	detached ctr start "$ID"
	[ "$(ctr wait "$ID")" = 12 ]
}

# ---- generate systemd ---------------------------------------------------------------------------

@test "generate systemd: a unit with the flags as they were given, in systemd's quotes" {
	local rootfs=$BATS_FILE_TMPDIR/rootfs
	detached ctr run -dit --network none --restart on-failure:3 --stop-timeout 7 -e 'A=$x %y "z"' --name "$ID" \
		--rootfs "$rootfs" -- sh -c 'sleep 100; echo "a b"'
	ended 0
	ctr generate systemd "$ID" >"$ID.service"
	run cat "$ID.service"
	has "WorkingDirectory=$PWD"
	has "Restart=on-failure"
	has "TimeoutStopSec=17"
	has "ExecStartPre=-$(readlink -f "$CTR") --root $ROOT rm --force $ID"
	has " -e \"A=\$\$x %%y \\\"z\\\"\" "
	has "--detach=false --restart no --tty=false --interactive=false --name $ID -- sh -c \"sleep 100; echo \\\"a b\\\"\""
	! command -v systemd-analyze >/dev/null || systemd-analyze verify --man=no "./$ID.service"
}

@test "generate systemd: what the unit runs is the container again, in the foreground, cleared away at its end" {
	local line
	ctr create --network none --name "$ID" -e A=seven --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'echo $A'
	line=$(ctr generate systemd "$ID" | sed -n 's/^ExecStart=//p')
	ctr rm "$ID"
	# What systemd makes of the quotes that this line has, a shell does too.
	run sh -c "${line//\$\$/\\\$}"
	[ "$output" = seven ]
	[ ! -e "$ROOT/$ID" ]
}

@test "generate systemd: what OCI callers made has no command line" {
	running
	try ctr generate systemd "$ID"
	ended 1
	has "not made by ctr run"
	try ctr generate systemd nosuch
	ended 1
	has "does not exist"
}
