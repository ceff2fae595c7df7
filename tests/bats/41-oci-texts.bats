#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: what ctr says does not depend on the machine.
# The words that podman, containerd, docker and CRI-O look for in an error (OCI-CONTRACT 2.9), and the
# one line of JSON that they read it from.

load lib
load oci

# says TEXT COMMAND...: it fails with these words on standard error, and in exactly one line of the log.
says() {
	local text=$1
	shift
	rm -f log
	run "$CTR" --oci --root "$ROOT" --log "$PWD/log" --log-format json "$@"
	[ "$status" != 0 ]
	has "$text"
	[ "$(wc -l <log)" = 1 ]
	jq -e --arg text "$text" '.level == "error" and (.msg | contains($text)) and
		(.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$"))' log
}

@test "an id that nobody knows" {
	local verb
	for verb in state start delete "kill"; do
		says "container does not exist" $verb nosuch
	done
}

@test "an id that is taken" {
	light b
	ctr create -b b "$ID" >out 2>&1 </dev/null
	says "container with given ID already exists" create -b b "$ID"
}

@test "one that has stopped: kill, start, exec, pause" {
	light b
	ctr create -b b "$ID" >out 2>&1 </dev/null
	ctr kill "$ID" KILL
	wait_for stopped
	says "container not running" kill "$ID" TERM
	says "cannot start a container that has stopped" start "$ID"
	says "cannot exec in a stopped container" exec "$ID" true
	says "container not running" pause "$ID"
}

@test "one that is running, or paused" {
	running
	says "cannot start an already running container" start "$ID"
	says "cannot delete container $ID that is not stopped: running" delete "$ID"
	says "container not paused" resume "$ID"
	ctr pause "$ID"
	says "cannot exec in a paused container (use --ignore-paused to override)" exec "$ID" true
	ctr resume "$ID"
}

@test "a program that is missing: never a word of permissions, which callers look for first" {
	light b '.process.args = ["no-such-program"]'
	says 'exec: "no-such-program": executable file not found in $PATH' create -b b "$ID"
	no grep -qi "permission denied\|operation not permitted" log
	light b '.process.args = ["/no/such/program"]'
	says 'exec: "/no/such/program": stat /no/such/program: no such file or directory' create -b b "$ID"
	no grep -qi "permission denied\|operation not permitted" log
	running "$ID-r"
	says 'exec: "no-such-program": executable file not found in $PATH' exec "$ID-r" no-such-program
	[ "$status" = 255 ]
}

@test "a program that is none" {
	light b '.process.args = ["/etc/passwd"]'
	says 'exec: "/etc/passwd": permission denied' create -b b "$ID"
	light b '.process.args = ["/etc"]'
	says 'exec: "/etc": ' create -b b "$ID"
	grep -q "permission denied\|is a directory" log
}

@test "a bind of the wrong kind" {
	light b '.mounts += [{destination: "/etc/passwd", source: "/etc", type: "bind", options: ["bind"]}]'
	says "not a directory" create -b b "$ID"
}

@test "a terminal without a socket, a socket without a terminal" {
	light b '.process.terminal = true'
	says "cannot allocate tty if runc will detach without setting console socket" create -b b "$ID"
	light b
	says "cannot use console socket if runc will not detach or allocate tty" create --console-socket /x -b b "$ID"
}

@test "a hook that fails: the kind, the number, what it said" {
	light b '.hooks.prestart = [{path: "/bin/sh", args: ["sh", "-c", "echo no network >&2; exit 1"]}]'
	says "error running prestart hook #0: exit status 1: no network" create -b b "$ID"
}

@test "an id, a cgroupsPath that is none" {
	light b
	says "invalid container ID format" create -b b a/b
	light b '.linux.cgroupsPath = "/not/for/systemd"'
	run "$CTR" --oci --root "$ROOT" --systemd-cgroup create -b b "$ID"
	ended 1
	has 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/not/for/systemd" instead'
}

@test "what fails at start is named rightly, whatever create was told" {
	bundle b '.process.args = ["/bad"]'
	printf 'no program' >b/rootfs/bad
	chmod 755 b/rootfs/bad
	(
		exec 3</dev/null
		NOTIFY_SOCKET=/nosuch ctr create --no-new-keyring --preserve-fds 1 -b b "$ID"
	) >out 2>&1 </dev/null
	says 'exec: "/bad": exec format error' start "$ID"
	ctr delete --force "$ID"
	config b '.hooks.startContainer = [{path: "/bin/true"}, {path: "/bin/false"}]'
	ctr create --no-new-keyring -b b "$ID" >out 2>&1 </dev/null
	says 'error running startContainer hook #1: exit status 1' start "$ID"
}
