#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# Readiness (sd_notify(3)): from the program through ctr to whoever started it.

load lib
load oci

READY=${BATS_TEST_DIRNAME%/tests/*}/build/tests/ready

setup() {
	new_test
	"$READY" manager "$PWD/manager.sock" >manager.out 3>&- 4>&- &
	MANAGER=$!
	until_true test -S manager.sock
}

teardown() {
	local id
	kill "$MANAGER" || :
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id"
	done
	nothing_left
}

# speaker WORDS: a bundle whose program says that and stays.
speaker() {
	light b '.process.env += ["WORDS=" + $words] | .mounts += [{destination: "/ready", type: "bind", source: $ready, options: ["bind"]}] |
		.process.args = ["sh", "-c", "echo $NOTIFY_SOCKET; sleep 0.3; /ready \"$WORDS\"; exec sleep 50"]' \
		--arg words "$1" --arg ready "$READY"
}

export_manager() { export NOTIFY_SOCKET=$PWD/manager.sock; }

@test "start returns when the program is ready, and says who it is" {
	speaker $'STATUS=up\nREADY=1'
	export_manager
	ctr create -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	[ ! -s manager.out ]
	timeout 20 "$CTR" --root "$ROOT" start "$ID"
	[ "$(xargs <manager.out)" = "READY=1 MAINPID=$(cat pid) BARRIER=1" ]
	grep -qx /run/notify/notify.sock out
}

@test "the same for run, detached and not" {
	speaker READY=1
	export_manager
	timeout 20 "$CTR" --root "$ROOT" run -d -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	[ "$(xargs <manager.out)" = "READY=1 MAINPID=$(cat pid) BARRIER=1" ]
	timeout 20 "$CTR" --root "$ROOT" run -b b --pid-file pid2 "$ID-2" >out 2>&1 </dev/null 3>&- &
	told() { [ -s pid2 ] && grep -qx "MAINPID=$(cat pid2)" manager.out; }
	until_true told
	ctr kill "$ID-2" KILL
}

@test "only that word goes through; a program that ends without it ends the waiting" {
	speaker $'MAINPID=1\nSTATUS=x'
	config b '.process.args[2] |= sub("exec sleep 50"; "exit 0")'
	export_manager
	ctr create -b b "$ID" >out 2>&1 </dev/null
	timeout 20 "$CTR" --root "$ROOT" start "$ID"
	[ ! -s manager.out ]
}

@test "without NOTIFY_SOCKET there is nothing of it in the container" {
	speaker READY=1
	config b '.process.args = ["sh", "-c", "env; cat /proc/self/mountinfo; ls /run/notify"]'
	run ctr run -b b "$ID"
	[[ $output == *WORDS=* && $output != *notify.sock* && $output != *NOTIFY_SOCKET* && $output != *" /run/notify "* ]]
}

@test "the program cannot put another socket in its place" {
	speaker READY=1
	config b '.process.args = ["sh", "-c", "touch /run/notify/x; rm /run/notify/notify.sock; sleep 0.2"]'
	export_manager
	run timeout 20 "$CTR" --root "$ROOT" run -b b "$ID"
	has "Read-only file system"
}
