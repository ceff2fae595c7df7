#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# Annotations that change what ctr does. (The others: 50-security-enter.bats, B6.)

load lib
load oci

@test "run.oci.keep_original_groups: the caller's groups stay, for exec too" {
	needs_root
	light b '.annotations = {"run.oci.keep_original_groups": "1"} | .process.args = ["sleep", "60"]'
	setpriv --groups 4321,4322 "$CTR" --root "$ROOT" run -d -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	grep -q "^Groups:	4321 4322 $" "/proc/$(cat pid)/status"
	run setpriv --groups 4321 "$CTR" --root "$ROOT" exec "$ID" grep Groups /proc/self/status
	[ "$(xargs <<<"$output")" = "Groups: 4321" ]
	# Without it they go.
	light b2
	setpriv --groups 4321 "$CTR" --root "$ROOT" run -d -b b2 --pid-file pid2 "$ID-2" >out 2>&1 </dev/null
	grep -q "^Groups:	 *$" "/proc/$(cat pid2)/status"
}

@test "run.oci.seccomp_fail_unknown_syscall" {
	local profile='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
	inside "$profile" true
	ended 0
	refuses "$profile | .annotations = {\"run.oci.seccomp_fail_unknown_syscall\": \"1\"}" 'names[1]: unknown system call "no_such_call"'
}

@test "run.oci.pidfd_receiver, and --pidfd-socket" {
	needs python3
	local how
	cat >take.py <<-'E'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.bind(sys.argv[1])
		s.listen(1)
		print("listening", flush=True)
		c, _ = s.accept()
		_, fds, _, _ = socket.recv_fds(c, 64, 4)
		pid = [l for l in open(f"/proc/self/fdinfo/{fds[0]}") if l.startswith("Pid:")][0].split()[1]
		print(len(fds), pid)
	E
	for how in annotation flag; do
		python3 take.py "$PWD/$how.sock" >"$how.out" 3>&- &
		up() { grep -q listening "$how.out"; }
		until_true up
		if [ $how = annotation ]; then
			light b ".annotations = {\"run.oci.pidfd_receiver\": \"$PWD/$how.sock\"}"
			ctr run -d -b b --pid-file "$how.pid" "$ID-$how" >out 2>&1 </dev/null
		else
			light b
			ctr run -d -b b --pid-file "$how.pid" --pidfd-socket "$PWD/$how.sock" "$ID-$how" >out 2>&1 </dev/null
		fi
		got() { [ "$(tail -1 "$how.out")" = "1 $(cat "$how.pid")" ]; }
		until_true got
	done
}
