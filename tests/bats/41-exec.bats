#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: one more process in a container, with all that the first one has, or what is asked for.

load lib
load oci

@test "it is in all of the container's namespaces, its groups and its root" {
	running "$ID" '.linux.namespaces += [{type: "cgroup"}] | .linux.namespaces |= unique'
	local pid type
	pid=$(pid_of)
	detached ctr exec -d --pid-file exec.pid "$ID" sleep 50
	ended 0
	for type in mnt pid net ipc uts cgroup user; do
		[ "$(ns_of "$(cat exec.pid)" "$type")" = "$(ns_of "$pid" "$type")" ]
	done
	diff "/proc/$pid/cgroup" "/proc/$(cat exec.pid)/cgroup"
	[ "$(stat -Lc %d:%i "/proc/$pid/root")" = "$(stat -Lc %d:%i "/proc/$(cat exec.pid)/root")" ]
}

@test "it takes over the process of the config: environment, directory, user, limits, capabilities" {
	running "$ID" '.process.env += ["X=from-config"] | .process.cwd = "/tmp" | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 33, hard: 44}] |
		.process.user = {uid: 1000, gid: 7, umask: 23} | .process.oomScoreAdj = 77 | .process.noNewPrivileges = true'
	run ctr exec "$ID" sh -c 'echo $X $PWD $(ulimit -n) $(id -u) $(id -g) $(umask) $(cat /proc/self/oom_score_adj);
		grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status'
	ended 0
	has "from-config /tmp 33 1000 7 0027 77"
	has $'NoNewPrivs:\t1'
	has $'CapBnd:\t0000000020000420'
}

@test "a whole process: nothing of the config's is added" {
	running "$ID" '.process.env += ["X=from-config"]'
	cat >process.json <<-'END'
		{"args": ["sh", "-c", "echo [$X] $PWD $(id -u):$(id -G) $(ulimit -c); grep CapBnd /proc/self/status"], "cwd": "/etc",
		 "env": ["PATH=/bin"], "user": {"uid": 5, "gid": 6, "additionalGids": [7]}, "noNewPrivileges": false,
		 "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}], "capabilities": {"bounding": ["CAP_KILL"]}}
	END
	run ctr exec --process process.json "$ID"
	ended 0
	has "[] /etc 5:6 7 0"
	has $'CapBnd:\t0000000000000020'
}

@test "a whole process: what is wrong in it is said by its place" {
	running
	while IFS='|' read -r json text; do
		echo "$json" >process.json
		run ctr exec --process process.json "$ID"
		ended 255
		has "$text"
	done <<-'END'
		{"args": ["true"]}|cwd
		{"args": ["true"], "cwd": "relative"}|cwd
		{"args": ["true"], "cwd": "/", "env": ["x"]}|env
		{"args": "true", "cwd": "/"}|args
		{"args": ["true"], "cwd": "/", "user": {"uid": -1, "gid": 0}}|user.uid
		{|process.json
	END
	run ctr exec --process /nosuch.json "$ID"
	ended 255
	has "no such file or directory"
}

@test "exit codes: the program's, 128 and the signal, 255 when there is none" {
	running
	local code
	for code in 0 1 126 254; do
		run ctr exec "$ID" sh -c "exit $code"
		ended "$code"
	done
	for code in TERM KILL; do
		run ctr exec "$ID" sh -c "kill -$code \$\$"
		ended $((128 + $(kill -l "$code")))
	done
	run ctr exec "$ID" /nosuch
	ended 255
	run ctr exec --cwd /bin/sh "$ID" true
	ended 255
	has "not a directory"
	run ctr exec "$ID"
	[ "$status" != 0 ]
	has "args cannot be empty" || has "expected at least"
}

@test "standard streams: pipes in both directions, and their ends" {
	running
	[ "$(head -c 1m /dev/zero | ctr exec "$ID" sh -c 'wc -c; echo to-err >&2' 2>err)" = 1048576 ]
	[ "$(cat err)" = to-err ]
	ctr exec "$ID" sh -c 'yes' | head -n 1 >/dev/null # ends with its reader
	run ctr exec "$ID" cat </dev/null
	ended 0
}

@test "-d: returns when the program runs, or says why it does not" {
	running
	detached ctr exec -d --pid-file pid "$ID" sh -c 'echo hello >/here; sleep 50; true'
	ended 0
	[ "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" = "sh -c echo hello >/here; sleep 50; true " ]
	[ "$(tail -c 1 pid | tr -d 0-9 | wc -c)" = 0 ]
	detached ctr exec -d --pid-file none "$ID" nosuch
	ended 255
	has 'exec: "nosuch": executable file not found in $PATH'
	[ ! -e none ]
}

@test "twenty at once" {
	running
	local i pids=()
	for i in {1..20}; do
		ctr exec "$ID" sh -c "echo $i; exit $i" >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in {1..20}; do
		local code=0
		wait "${pids[$((i - 1))]}" || code=$?
		[ "$code" = "$i" ]
		[ "$(cat "out$i")" = "$i" ]
	done
	[ "$(ctr ps -f json "$ID" | jq length)" = 1 ]
}

@test "a terminal of its own, with the size of ours" {
	needs python3
	running
	run on_terminal exec -t "$ID" sh -c 'tty; sleep 0.2; stty size; read x; echo got $x; exit 9'
	ended 9
	has /dev/pts/0
	has "33 77"
	has "got hello"
}

@test "a terminal over the console socket" {
	needs python3
	running
	python3 - "$CTR" "$ROOT" "$ID" <<-'END'
		import array, os, socket, subprocess, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind("sock")
		s.listen(1)
		subprocess.run([sys.argv[1], "--root", sys.argv[2], "exec", "-d", "-t", "--console-socket", "sock",
		                "--pid-file", "pid", sys.argv[3], "sh", "-c", "tty; sleep 50"], check=True)
		c, _ = s.accept()
		_, control, _, _ = c.recvmsg(4096, 256)
		master = array.array("i", control[0][2])[0]
		out = b""
		while b"\n" not in out:
		    out += os.read(master, 1000)
		assert out.startswith(b"/dev/pts/0"), out
		assert open(f"/proc/{open('pid').read()}/stat").read().rsplit(")", 1)[1].split()[4] != "0"
	END
	run ctr exec -d -t "$ID" true
	ended 255
	has "cannot allocate tty if runc will detach without setting console socket"
	run ctr exec --console-socket sock "$ID" true
	ended 255
	has "cannot use console socket if runc will not detach or allocate tty"
}

@test "in a user namespace: ids, groups, limits, capabilities" {
	needs_root
	owned b 100000 100000 '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	started "$ID" b
	cat >process.json <<-'END'
		{"args": ["sh", "-c", "id; ulimit -n; cat /proc/self/oom_score_adj; touch /tmp/made"], "cwd": "/", "env": ["PATH=/bin"],
		 "user": {"uid": 1000, "gid": 7, "additionalGids": [5]}, "oomScoreAdj": 88,
		 "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 21, "hard": 22}]}
	END
	chmod 777 b/rootfs/tmp
	run ctr exec --process process.json "$ID"
	ended 0
	has "uid=1000(guest) gid=7 groups=5"
	has $'21\n88'
	[ "$(stat -c %u b/rootfs/tmp/made)" = 101000 ]
	run ctr exec -t "$ID" true </dev/null
	ended 0
	run ctr exec -c SYS_ADMIN "$ID" mount -t tmpfs x /tmp
	ended 0
}

@test "descriptors: none but the program's own" {
	running
	run ctr exec "$ID" ls /proc/self/fd 7</etc/passwd 8</
	[ "$output" = $'0\n1\n2\n3' ]
	echo hello >file
	run ctr exec --preserve-fds 2 "$ID" sh -c 'cat <&3; cat <&4' 3<file 4<file
	[ "$output" = $'hello\nhello' ]
}

@test "what the container did to itself is no way out: /proc and /dev replaced" {
	needs_root
	running "$ID" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	ctr exec "$ID" sh -c 'mount -t tmpfs x /proc && mkdir -p /proc/self && ln -s /etc/passwd /proc/self/oom_score_adj'
	echo '{"args": ["true"], "cwd": "/", "env": ["PATH=/bin"], "oomScoreAdj": 5}' >process.json
	run ctr exec --process process.json "$ID"
	ended 0
	[ "$(head -c 4 "$ROOTFS/etc/passwd")" = root ]
}

@test "a container that ends takes its execs along" {
	running
	ctr exec "$ID" sleep 50 >out 2>&1 3>&- &
	local pid=$! code=0
	for _ in {1..100}; do [ "$(ctr ps -f json "$ID" | jq length)" = 2 ] && break; sleep 0.05; done
	ctr kill "$ID" KILL
	wait "$pid" || code=$?
	[ "$code" = 137 ]
}

@test "signals of the caller's go to the program" {
	running
	"$CTR" --root "$ROOT" exec "$ID" sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done' >out 2>&1 3>&- &
	local pid=$! code=0
	for _ in {1..100}; do grep -q ready out && break; sleep 0.05; done
	kill -TERM "$pid"
	wait "$pid" || code=$?
	[ "$code" = 5 ]
}
