#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# What must never be seen in a trace or in the source, whatever the feature.

load lib

# The calls of the executor: everything of the traced process that execveat'ed the sealed memfd.
executor_calls() { # TRACE
	local pid
	pid=$(awk '/execveat\(.*"ctr-init"/ {print $1; exit}' "$1")
	[ -n "$pid" ]
	grep "^$pid " "$1" | sed '1,/execveat(/d'
}

trace_run() { # CTR-ARGUMENT...
	strace -f -s 256 -o trace "$CTR" --root "$ROOT" "$@" </dev/null >out 2>&1
	executor_calls trace >calls
	# Up to the program's own exec.
	sed -i '/ execve(/,$d' calls
	[ -s calls ]
}

@test "a run makes no mount by path" {
	needs_root && needs strace
	bundle
	config bundle '.process.args = ["true"]'
	trace_run run --bundle bundle "$ID"
	run grep -E ' (mount|umount|chroot)\(' trace
	ended 1
	# umount2 only detaches the old root, as ".".
	run grep -c ' umount2(' calls
	[ "$output" = 1 ]
	grep -q 'umount2(".", MNT_DETACH' calls
}

@test "a run of the host image makes no mount by path either" {
	needs_root && needs strace
	trace_run run --rm host true
	run grep -E ' (mount|umount|chroot)\(' trace
	ended 1
}

@test "the executor gives no absolute /proc path to the kernel" {
	needs_root && needs strace
	bundle
	config bundle '.process.args = ["true"] | .linux.sysctl = {"net.ipv4.ip_forward": "1"} |
		.process.oomScoreAdj = 100'
	trace_run run --bundle bundle "$ID"
	# Below a root descriptor it may (maskedPaths); what links in /dev say is only text.
	run bash -c "grep -v ' symlinkat(' calls | grep -E '(AT_FDCWD, |\()\"/proc'"
	ended 1
}

@test "a created container's executor holds the planned descriptors only" {
	needs_root
	bundle
	ctr create --bundle bundle "$ID" </dev/null >out 2>&1
	pid=$(ctr state "$ID" | jq .pid)
	for fd in "/proc/$pid/fd/"*; do readlink "$fd"; done >fds
	# Its standard three, sockets, and mounts of the container's own: no file or directory of the host.
	run grep -vE '^(/dev/null|socket:.*|/|/dev|.*/out)$' fds
	[ "$status" = 1 ] || { cat fds; false; }
	ctr delete --force "$ID"
}

@test "the program is given the standard three descriptors" {
	needs_root
	bundle
	# shellcheck disable=SC2016
	config bundle '.process.args = ["sh", "-c", "cd /proc/self/fd && echo *"]'
	exec 7</etc/passwd 9</
	run ctr run --bundle bundle "$ID"
	exec 7<&- 9<&-
	# the shell's own descriptor of the directory it reads is closed when echo prints
	[ "$output" = "0 1 2" ] || [ "$output" = "0 1 2 3" ]
}

@test "the source has no call that a container could steer" {
	cd "$BATS_TEST_DIRNAME/../.."
	# Comments may speak of them.
	run bash -c "cat cmd/*.c image/*.c runtime/*.c runtime/*/*.c cgroups/*.c namespaces/*.c |
		sed 's,/\\*.*,,; /^[[:space:]]*\\*/d' |
		grep -E '\\b(mount|realpath|system|popen|getpwnam|getpwuid|getgrnam|getgrgid|dlopen)\\('"
	ended 1
}
