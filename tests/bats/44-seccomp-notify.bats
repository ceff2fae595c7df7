#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# System calls that somebody outside decides on: the listener of the filter, and how it gets there.
# (runtime-spec: config-linux.md "The Container Process State".)

load lib
load oci

AGENT=${BATS_TEST_DIRNAME%/tests/*}/build/tests/agent

setup() {
	new_test
	"$AGENT" "$PWD/agent.sock" "$PWD/agent.out" 3>&- 4>&- &
	AGENT_PID=$!
	until_true test -S agent.sock
}

teardown() {
	local id
	kill "$AGENT_PID" || :
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id"
	done
	nothing_left
}

# profile NAMES [NO-NEW-PRIVILEGES [MORE]]
profile() {
	printf '.process.noNewPrivileges = %s | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "%s/agent.sock"%s,
		syscalls: [{names: %s, action: "SCMP_ACT_NOTIFY"}]}' "${2:-true}" "$PWD" "${3:-}" "$1"
}

MKDIR='["mkdir", "mkdirat"]'

messages() { grep -v ^call agent.out; }

@test "the agent decides, with and without no_new_privs" {
	local nnp
	for nnp in true false; do
		inside "$(profile "$MKDIR" $nnp)" 'mkdir /tmp/d; mkdir /tmp/e; echo went on'
		has "Disk quota exceeded"
		has "went on"
	done
	[ "$(messages | wc -l)" = 2 ]
}

@test "the container process state: exactly one message with one descriptor" {
	light b "$(profile "$MKDIR" true ', listenerMetadata: "who \"asks\""') | .annotations = {a: \"b\"}"
	ctr create -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	[ ! -s agent.out ]
	ctr start "$ID"
	[ "$(messages | wc -l)" = 1 ]
	messages | jq -e --argjson pid "$(cat pid)" --arg id "$ID" --arg b "$PWD/b" '. == {ociVersion: .ociVersion,
		fds: ["seccompFd"], pid: $pid, metadata: "who \"asks\"", state: {ociVersion: .ociVersion, id: $id,
		status: "creating", pid: $pid, bundle: $b, annotations: {a: "b"}}}'
}

@test "exec'd processes have a listener of their own" {
	light b "$(profile "$MKDIR")"
	ctr run -d -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	run ctr exec --pid-file exec.pid "$ID" mkdir /tmp/x
	has "Disk quota exceeded"
	messages | tail -1 | jq -e --argjson pid "$(cat pid)" --argjson exec "$(cat exec.pid)" \
		'.pid == $exec and .state.pid == $pid and .state.status == "running" and (has("metadata") | not)'
}

@test "what the executor itself still needs may be asked about: execve, sendmsg, close, exit" {
	local nnp
	for nnp in true false; do
		inside "$(profile '["execve", "sendmsg", "sendto", "close", "futex", "capset", "prctl", "exit", "exit_group", "clock_nanosleep"]' $nnp)" 'echo went on'
		ended 0
		[ "$output" = "went on" ]
		grep -q "call 59" agent.out
	done
}

@test "the same for exec" {
	light b "$(profile '["execve", "sendmsg", "close"]')"
	ctr run -d -b b "$ID" >out 2>&1 </dev/null
	run timeout 20 "$CTR" --root "$ROOT" exec "$ID" echo went on
	[ "$output" = "went on" ]
}

@test "nobody listens: an error, and no container" {
	light b "$(profile "$MKDIR") | .linux.seccomp.listenerPath = \"/nosuch.sock\""
	run ctr run -b b "$ID"
	ended 1
	has "linux.seccomp.listenerPath"
	has "no such file or directory"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	run ctr start "$ID"
	ended 1
	has "linux.seccomp.listenerPath"
	wait_for stopped
}

@test "without an action that asks, the path is ignored" {
	inside '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nosuch.sock"}' 'echo fine'
	ended 0
}

@test "crun's annotation names the socket, too" {
	inside "$(profile "$MKDIR") | del(.linux.seccomp.listenerPath) | .annotations = {\"run.oci.seccomp.receiver\": \"$PWD/agent.sock\"}" \
		'mkdir /tmp/x'
	has "Disk quota exceeded"
}

@test "what cannot be: no path, metadata alone, as the default, for write" {
	refuses "$(profile "$MKDIR") | del(.linux.seccomp.listenerPath)" "needs a listenerPath"
	refuses "$(profile "$MKDIR" true ', listenerMetadata: "x"') | del(.linux.seccomp.listenerPath) | .linux.seccomp.syscalls = []" \
		"listenerMetadata: set without a listenerPath"
	refuses "$(profile "$MKDIR") | .linux.seccomp.defaultAction = \"SCMP_ACT_NOTIFY\"" "cannot be the default"
	refuses "$(profile '["write"]')" "cannot be used for the write syscall"
}

@test "startContainer hooks are under the filter, without anybody to ask" {
	bundle b "$(profile "$MKDIR" true) | .hooks.startContainer = [{path: \"/bin/mkdir\", args: [\"mkdir\", \"/tmp/hook\"]}]"
	run ctr run -b b "$ID"
	ended 1
	has "Function not implemented"
}
