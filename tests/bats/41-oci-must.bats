#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every MUST of the specification (1.3) about the runtime and the life of a container, one test each, in
# the order of its pages: runtime.md, runtime-linux.md, then config.md and config-linux.md as far as they
# say what a runtime does. What hooks must do at which point is in 40-hooks.bats, what each property
# becomes in docs/spec-properties.md.

load lib
load oci

created() {
	light "${2:-b}" "${1:-.}"
	ctr create -b "${2:-b}" --pid-file "$PWD/$ID.pid" "$ID" >out 2>&1 </dev/null
}

# unchanged STATUS COMMAND...: it fails, and the container is as it was.
unchanged() {
	local was=$1 before
	shift
	before=$(ctr state "$ID")
	run "$CTR" --root "$ROOT" "$@"
	ended 1
	[ -n "$output" ]
	[ "$(state_of)" = "$was" ]
	[ "$(ctr state "$ID" | jq -c 'del(.status)')" = "$(jq -c 'del(.status)' <<<"$before")" ]
}

# ---- runtime.md: state ----------------------------------------------------------------------------

@test "state: version, id, status, pid and bundle are there, of the right types" {
	created
	ctr state "$ID" | jq -e --arg b "$PWD/b" --arg id "$ID" '(.ociVersion | test("^1\\.[0-9]+\\.[0-9]+")) and .id == $id and
		.status == "created" and (.pid | type == "number" and . > 0) and .bundle == $b'
}

@test "state: the bundle is an absolute path however it was given" {
	light deep/b
	(cd deep && ctr create -b b "$ID" >out 2>&1 </dev/null)
	[ "$(ctr state "$ID" | jq -r .bundle)" = "$PWD/deep/b" ]
}

@test "state: status is created, running, stopped as the life goes on" {
	created
	[ "$(state_of)" = created ]
	ctr start "$ID"
	[ "$(state_of)" = running ]
	ctr kill "$ID" KILL
	wait_for stopped
}

@test "state: annotations are those of the config; none is no error" {
	created '.annotations = {"a.b/c": "d", "empty": ""}'
	[ "$(ctr state "$ID" | jq -c .annotations)" = '{"a.b/c":"d","empty":""}' ]
	ctr delete --force "$ID"
	created 'del(.annotations)' b2
	ctr state "$ID" | jq -e '(.annotations // {}) == {}'
}

# ---- runtime.md: lifecycle ------------------------------------------------------------------------

@test "lifecycle: create makes what the config names, and the program does not run yet" {
	bundle b '.process.args = ["touch", "/tmp/ran"] | .hostname = "box"'
	ctr create -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	[ "$(nsenter -u -t "$(cat pid)" hostname)" = box ]
	[ "$(ns_of "$(cat pid)" net)" != "$(ns_of self net)" ]
	[ ! -e b/rootfs/tmp/ran ]
	ctr start "$ID"
	wait_for stopped
	[ -e b/rootfs/tmp/ran ]
}

@test "lifecycle: what cannot be made is an error" {
	refuses '.mounts += [{destination: "/m", type: "no-such-file-system"}]' "no such device"
}

@test "lifecycle: later changes of config.json have no effect" {
	created '.process.env += ["X=1"] | .process.args = ["sh", "-c", "[ $X = 1 ] && exec sleep 50"]'
	config b '.process.env += ["X=2"] | .hostname = "other"'
	ctr start "$ID"
	[ "$(state_of)" = running ]
}

@test "lifecycle: delete undoes what create did" {
	created '.linux.resources.pids.limit = 20'
	local group
	group=$(group_of pids 2>/dev/null) || group=''
	ctr start "$ID"
	ctr kill "$ID" KILL
	wait_for stopped
	ctr delete "$ID"
	[ -z "$group" ] || [ ! -d "$group" ]
	[ ! -e "$ROOT/$ID" ]
}

@test "errors: whatever fails leaves everything as if it had not been tried" {
	light b '.hooks.createContainer = [{path: "/bin/false"}]'
	run ctr create -b b "$ID"
	ended 1
	[ ! -e "$ROOT/$ID" ]
	light b2
	ctr create -b b2 "$ID" >out 2>&1 </dev/null
	unchanged created create -b b2 "$ID"
}

# ---- runtime.md: operations -----------------------------------------------------------------------

@test "each operation: without an id it is an error" {
	local verb
	light b
	for verb in state create start kill delete; do
		run oci "$verb"
		[ "$status" != 0 ]
		[ -n "$output" ]
	done
}

@test "each operation: a container that does not exist is an error" {
	local verb
	for verb in state start "kill" delete; do
		run ctr "$verb" nosuch
		ended 1
		has "container does not exist"
	done
}

@test "create: a bundle that is missing or none is an error" {
	run ctr create -b nosuch "$ID"
	ended 1
	mkdir empty
	run ctr create -b empty "$ID"
	ended 1
	run ctr state "$ID"
	ended 1
}

@test "create: an id that is taken is an error, and the first one goes on" {
	created
	light b2
	unchanged created create -b b2 "$ID"
	has "container with given ID already exists"
}

@test "create: an id that is none is an error" {
	local id
	light b
	for id in "" . .. a/b "a b" '$(x)'; do
		run ctr create -b b -- "$id"
		[ "$status" != 0 ]
	done
	[ -z "$(ctr list -q)" ]
}

@test "create: a property that cannot be applied is an error, and there is no container" {
	refuses '.process.apparmorProfile = "no-such-profile-of-ours"' pparmor
	refuses '.linux.sysctl = {"kernel.core_pattern": "x"}' sysctl
	refuses '.process.rlimits = [{type: "RLIMIT_NO_SUCH", soft: 1, hard: 1}]' RLIMIT_NO_SUCH
}

@test "start: one that is not created is an error without effect" {
	created
	ctr start "$ID"
	unchanged running start "$ID"
	has "cannot start an already running container"
	ctr kill "$ID" KILL
	wait_for stopped
	unchanged stopped start "$ID"
	has "cannot start a container that has stopped"
}

@test "start: runs the program as process says" {
	bundle b '.process.args = ["sh", "-c", "id -u; id -g; pwd; echo $A; umask"] | .process.user = {uid: 5, gid: 6, umask: 63} |
		.process.cwd = "/tmp" | .process.env += ["A=b"]'
	ctr create -b b "$ID" >out 2>&1 </dev/null
	ctr start "$ID"
	wait_for stopped
	[ "$(xargs <out)" = "5 6 /tmp b 0077" ]
}

@test "start: without process it is an error" {
	light b 'del(.process)'
	run ctr create -b b "$ID"
	if [ "$status" = 0 ]; then
		run ctr start "$ID"
	fi
	ended 1
	has process
}

@test "kill: the signal reaches the process, of one that is created or running" {
	created '.process.args = ["sh", "-c", "trap \"echo got; exit 3\" USR1; echo up; while :; do sleep 0.1; done"]'
	ctr start "$ID"
	up() { grep -q up out; }
	until_true up
	ctr kill "$ID" USR1
	wait_for stopped
	grep -q got out
	ctr delete "$ID"
	created . b2
	ctr kill "$ID" KILL
	wait_for stopped
}

@test "kill: one that is neither is an error without effect" {
	created
	ctr kill "$ID" KILL
	wait_for stopped
	unchanged stopped kill "$ID" TERM
	has "container not running"
}

@test "delete: one that is running is an error without effect (created: gone, as callers expect)" {
	created
	ctr start "$ID"
	unchanged running delete "$ID"
	has "cannot delete container $ID that is not stopped: running"
	ctr delete --force "$ID"
	created . b2
	ctr delete "$ID"
	run ctr state "$ID"
	ended 1
}

@test "delete: what create did not make stays" {
	mkdir kept
	touch kept/file
	created ".mounts += [{destination: \"/k\", source: \"$PWD/kept\", options: [\"bind\"]}]"
	ctr delete --force "$ID"
	[ -e kept/file ]
	[ -d "$ROOTFS/bin" ]
	[ -e b/config.json ]
}

@test "delete: the id may be used again" {
	created
	ctr delete --force "$ID"
	created . b2
	[ "$(state_of)" = created ]
}

# ---- runtime-linux.md -----------------------------------------------------------------------------

@test "descriptors: three, and those that were asked for" {
	exec 7</dev/null 8</dev/null
	light b '.process.args = ["sh", "-c", "ls /proc/self/fd"]'
	run ctr run -b b "$ID"
	[ "$(xargs <<<"$output")" = "0 1 2 3" ] # 3 is the directory that ls reads
	config b '.process.args = ["sh", "-c", "ls /proc/self/fd; echo $LISTEN_FDS $LISTEN_PID"]'
	run bash -c 'exec 3</dev/null 4</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' bash "$CTR" --root "$ROOT" run --preserve-fds 1 -b b "$ID"
	ended 0
	[ "$(xargs <<<"$output")" = "0 1 2 3 4 5 1 1" ]
}

@test "links: /dev/fd, stdin, stdout, stderr" {
	holds . '[ $(readlink /dev/fd) = /proc/self/fd ] && [ $(readlink /dev/stdin) = /proc/self/fd/0 ] &&
		[ $(readlink /dev/stdout) = /proc/self/fd/1 ] && [ $(readlink /dev/stderr) = /proc/self/fd/2 ]'
}

# ---- config.md ------------------------------------------------------------------------------------

@test "root: the directory must exist; read-only is read-only" {
	refuses '.root.path = "/no/such/root"' "no such file or directory"
	holds '.root.readonly = true' 'no touch /x'
}

@test "mounts: in the listed order" {
	holds '.mounts += [{destination: "/m", type: "tmpfs"}, {destination: "/m/in", type: "tmpfs", options: ["ro"]}]' \
		'touch /m/x; no touch /m/in/x'
}

@test "process: a working directory that is not absolute, no program, a limit twice: errors" {
	refuses '.process.cwd = "tmp"' process.cwd
	light b '.process.args = []'
	run ctr create -b b "$ID"
	ended 1
	has process.args
	refuses '.process.rlimits = [range(2) | {type: "RLIMIT_CORE", soft: 1, hard: 1}]' "rlimits[1]"
}

@test "process: an unknown capability is a warning, no failure" {
	inside '.process.capabilities.bounding += ["CAP_NO_SUCH"]' 'echo fine'
	ended 0
	has fine
}

@test "process: oom_score_adj is set when it is given, and left alone when not" {
	holds '.process.oomScoreAdj = 77' '[ $(cat /proc/self/oom_score_adj) = 77 ]'
	inside 'del(.process.oomScoreAdj)' 'cat /proc/self/oom_score_adj'
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
}

@test "hooks: the state on standard input, in the listed order, an absolute path, a positive time-out" {
	light b ".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$PWD/one\"]},
		{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"[ -e $PWD/one ] && cat >$PWD/two\"]}]"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	jq -e '.status == "creating"' two
	refuses '.hooks.createRuntime = [{path: "true"}]' hooks.createRuntime
	refuses '.hooks.createRuntime = [{path: "/bin/true", timeout: 0}]' timeout
}

@test "annotations: unknown keys are no error, keys are not empty, values are text" {
	holds '.annotations = {"com.example.unknown": "x"}' true
	refuses '.annotations = {"": "x"}' annotations
	refuses '.annotations = {a: 5}' annotations
}

@test "unknown properties are ignored, invalid values are errors" {
	holds '.unknown = {a: 1} | .linux.unknown = [1] | .process.unknown = "x"' true
	refuses '.root.readonly = "yes"' root.readonly
	refuses '.linux.resources.pids.limit = 1.5' pids.limit
}

# ---- config-linux.md ------------------------------------------------------------------------------

@test "devices: the default ones are there, /dev/console with a terminal, /dev/ptmx" {
	holds . 'for d in null:1,3 zero:1,5 full:1,7 random:1,8 urandom:1,9 tty:5,0; do
			[ $(stat -c %t,%T /dev/${d%:*}) = ${d#*:} ] || exit 1; done; [ -e /dev/ptmx ]'
}

@test "devices: a file of another kind in the place of one is an error" {
	bundle b '.linux.devices = [{path: "/made", type: "c", major: 1, minor: 3}]'
	mkdir b/rootfs/made
	run ctr run -b b "$ID"
	ended 1
	has /made
}

@test "namespaces: a path is joined, of the right type only; none twice; others are inherited" {
	unshare -u sleep 50 3>&- &
	local pid=$!
	left() { [ "$(ns_of $pid uts)" != "$(ns_of self uts)" ]; }
	until_true left
	inside "(.linux.namespaces[] | select(.type == \"uts\")).path = \"/proc/$pid/ns/uts\" | del(.hostname)" 'readlink /proc/self/ns/uts'
	[ "$output" = "$(ns_of $pid uts)" ]
	refuses "(.linux.namespaces[] | select(.type == \"ipc\")).path = \"/proc/$pid/ns/uts\"" "not a ipc namespace"
	kill "$pid"
	refuses '(.linux.namespaces[] | select(.type == "ipc")).path = "relative"' absolute
	refuses '.linux.namespaces += [{type: "pid"}]' "there twice"
	inside '.linux.namespaces |= map(select(.type != "ipc"))' 'readlink /proc/self/ns/ipc'
	[ "$output" = "$(ns_of self ipc)" ]
}

@test "cgroupsPath: the same value is the same place, absolute from the mount point" {
	needs_controller pids
	created ".linux.cgroupsPath = \"/$ID-place\" | .linux.resources.pids.limit = 9"
	local first
	first=$(group_of pids)
	[[ $first == *"/$ID-place" ]]
	ctr delete --force "$ID"
	created ".linux.cgroupsPath = \"/$ID-place\" | .linux.resources.pids.limit = 9" b2
	[ "$(group_of pids)" = "$first" ]
}

@test "resources: what is asked of a controller that is not there is an error" {
	is_v2 || {
		refuses '.linux.resources.unified = {"memory.high": "1000000"}' "linux.resources.unified"
		return
	}
	refuses '.linux.resources.unified = {"nosuch.max": "1"}' nosuch
}

@test "seccomp: a listener that nobody takes is an error" {
	light b '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/no/agent", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
	run ctr run -b b "$ID"
	ended 1
	has listenerPath
}
