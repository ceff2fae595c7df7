#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of a container, where it gets difficult: many at once, callers of all kinds, what stays
# and what goes. (10-oci-cli.bats has the plain course of things.)

load lib
load oci

# ---- one after another, and at once -------------------------------------------------------------

@test "create: of twenty at once for one id, one wins" {
	local i pids=() won=0
	light b
	for i in {1..20}; do
		ctr create -b b "$ID" >"out$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in {1..20}; do
		if wait "${pids[$((i - 1))]}"; then
			won=$((won + 1))
		else
			grep -q "container with given ID already exists" "out$i"
		fi
	done
	[ "$won" = 1 ]
	[ "$(state_of)" = created ]
	ctr start "$ID"
	[ "$(state_of)" = running ]
}

@test "create: twenty containers at once from one bundle" {
	local i pids=()
	light b
	for i in {1..20}; do
		ctr run -d -b b "$ID-$i" >"out$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	[ "$(ctr list -q | wc -l)" = 20 ]
	[ "$(ctr list -f json | jq '[.[] | select(.status == "running")] | length')" = 20 ]
}

@test "start: of ten at once, one wins" {
	local i pids=() won=0
	light b
	ctr create -b b "$ID" >out 2>&1 </dev/null
	for i in {1..10}; do
		ctr start "$ID" >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do ! wait "$i" || won=$((won + 1)); done
	[ "$won" = 1 ]
	cat out? out10 | grep -v "cannot start an already running container" && return 1
	[ "$(state_of)" = running ]
}

@test "delete: of ten at once, all agree" {
	local i pids=()
	running
	for i in {1..10}; do
		ctr delete --force "$ID" >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	run ctr state "$ID"
	ended 1
}

@test "the same id again and again" {
	light b '.process.args = ["true"]'
	local i
	for i in {1..10}; do
		ctr run -b b "$ID"
	done
	[ -z "$(ctr list -q)" ]
}

# ---- what is kept, and what does not matter -----------------------------------------------------

@test "the config is read once: a later edit, or no bundle at all, changes nothing" {
	light b '.annotations = {a: "old"} | .process.env += ["X=old"]'
	ctr create -b b "$ID" >out 2>&1 </dev/null
	config b '.annotations.a = "new" | .process.env += ["X=new"] | .process.args = ["false"]'
	ctr start "$ID"
	[ "$(ctr state "$ID" | jq -r .annotations.a)" = old ]
	rm b/config.json
	run ctr exec "$ID" sh -c 'echo $X'
	[ "$output" = old ]
	ctr pause "$ID"
	ctr resume "$ID"
	ctr kill "$ID" KILL
	wait_for stopped
	rm -rf b
	ctr delete "$ID"
}

@test "the bundle's version of the specification is echoed" {
	light b '.ociVersion = "1.0.2-dev"'
	ctr create -b b "$ID" >out 2>&1 </dev/null
	[ "$(ctr state "$ID" | jq -r .ociVersion)" = 1.0.2-dev ]
	light b2 '.ociVersion = "2.0.0"'
	run ctr run -b b2 "$ID-2"
	ended 1
	has ociVersion
}

@test "unknown members of a config are no error" {
	holds '.future = {a: [1]} | .linux.future = 1 | .process.future = "x" | .solaris = {} | .windows = {} | .vm = {} | .zos = {}' true
}

@test "a bundle that is none: missing, not JSON, without a process" {
	run ctr run -b nosuch "$ID"
	ended 1
	has "no such file or directory"
	mkdir b
	run ctr run -b b "$ID"
	ended 1
	has config.json
	echo '{"ociVersion": "1.0.0",}' >b/config.json
	run ctr run -b b "$ID"
	ended 1
	has "line 1"
	rm b/config.json
	light b2 'del(.process)'
	run ctr run -b b2 "$ID"
	ended 1
	has process
	[ -z "$(ls -A "$ROOT" 2>/dev/null)" ]
}

@test "a pid that somebody else has by now is not the container's" {
	running
	local pid
	pid=$(pid_of)
	ctr kill "$ID" KILL
	wait_for stopped
	sed -i "s/^[0-9]*/$$/" "$ROOT/$ID/init" # the start time tells them apart
	[ "$(state_of)" = stopped ]
	run ctr kill "$ID" TERM
	ended 1
	has "container not running"
	ctr delete "$ID"
}

@test "what a crash leaves: delete --force, and the id can be had again" {
	light b
	mkdir -p "$ROOT/$ID"
	run ctr state "$ID"
	ended 1
	detached ctr create -b b "$ID"
	ended 1
	run ctr delete --force "$ID"
	ended 0
	mkdir -p "$ROOT/$ID"
	echo '{' >"$ROOT/$ID/state.json"
	run ctr delete "$ID"
	[ "$status" != 0 ]
	run ctr delete --force "$ID"
	ended 0
	ctr run -d -b b "$ID" >out 2>&1 </dev/null
	ctr list >/dev/null
}

@test "list goes on when one container is broken" {
	running
	mkdir "$ROOT/$ID-broken"
	echo '{' >"$ROOT/$ID-broken/state.json"
	run ctr list
	has "$ID"
	ctr delete --force "$ID-broken"
}

# ---- callers ------------------------------------------------------------------------------------

@test "the pid file: complete, without a newline, relative to where ctr was called" {
	light b
	mkdir elsewhere
	(cd elsewhere && "$CTR" --root "$ROOT" create -b ../b --pid-file pid "$ID" >out 2>&1 </dev/null)
	[ "$(cat elsewhere/pid)" = "$(ctr state "$ID" | jq .pid)" ]
	[ "$(tail -c 1 elsewhere/pid | tr -d 0-9 | wc -c)" = 0 ]
	[ "$(ls elsewhere)" = $'out\npid' ]
	detached ctr create -b b --pid-file /nosuch/pid "$ID-2"
	ended 1
	[ ! -e "$ROOT/$ID-2" ]
}

@test "a created container is a child of whoever called, and outlives ctr" {
	needs python3
	light b
	python3 - "$CTR" "$ROOT" "$ID" <<-'END'
		import ctypes, os, signal, subprocess, sys, time
		ctr = [sys.argv[1], "--root", sys.argv[2]]
		ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER, as conmon and the shim do
		def death_signal():
		    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of ctr itself
		subprocess.run(ctr + ["create", "-b", "b", "--pid-file", "pid", sys.argv[3]], check=True,
		               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=death_signal)
		pid = int(open("pid").read())
		assert open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1] == str(os.getpid())
		subprocess.run(ctr + ["start", sys.argv[3]], check=True)
		time.sleep(0.2)
		subprocess.run(ctr + ["kill", sys.argv[3], "9"], check=True)
		assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
	END
}

@test "standard streams are the caller's own" {
	light b '.process.args = ["sh", "-c", "cat; echo err >&2; readlink /proc/self/fd/0"]'
	echo input >in
	ctr create -b b "$ID" <in >out 2>err
	ctr start "$ID"
	wait_for stopped
	[ "$(head -n 1 out)" = input ]
	[ "$(cat err)" = err ]
}

@test "the console socket: a path of any length, one descriptor" {
	needs python3
	local deep
	deep=$(printf 'long-directory-%.0s/' {1..12})
	mkdir -p "$deep"
	light b '.process.terminal = true | .process.args = ["sh", "-c", "tty; read x; echo got $x"]'
	python3 - "$deep/console" "$CTR" "$ROOT" "$ID" <<-'END'
		import array, os, socket, subprocess, sys
		path, ctr = sys.argv[1], [sys.argv[2], "--root", sys.argv[3]]
		s = socket.socket(socket.AF_UNIX)
		here = os.open(os.path.dirname(path), os.O_RDONLY)
		s.bind(f"/proc/self/fd/{here}/console")
		s.listen(1)
		subprocess.run(ctr + ["create", "-b", "b", "--console-socket", path, sys.argv[4]], check=True,
		               stdin=subprocess.DEVNULL)
		c, _ = s.accept()
		data, control, _, _ = c.recvmsg(4096, 256)
		assert len(data) >= 1 and len(control) == 1 and len(control[0][2]) == 4, (data, control)
		master = array.array("i", control[0][2])[0]
		assert c.recv(1) == b""
		subprocess.run(ctr + ["start", sys.argv[4]], check=True)
		os.write(master, b"hello\n")
		out = b""
		while b"got hello" not in out:
		    out += os.read(master, 1000)
		assert b"/dev/pts/0" in out, out
	END
}

@test "the pidfd socket" {
	needs python3
	light b
	python3 - "$CTR" "$ROOT" "$ID" <<-'END'
		import array, select, signal, socket, subprocess, sys
		ctr = [sys.argv[1], "--root", sys.argv[2]]
		s = socket.socket(socket.AF_UNIX)
		s.bind("sock")
		s.listen(1)
		subprocess.run(ctr + ["create", "-b", "b", "--pidfd-socket", "sock", sys.argv[3]], check=True,
		               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
		c, _ = s.accept()
		_, control, _, _ = c.recvmsg(4096, 256)
		pidfd = array.array("i", control[0][2])[0]
		signal.pidfd_send_signal(pidfd, signal.SIGKILL)
		assert select.select([pidfd], [], [], 10)[0]
	END
	wait_for stopped
}

@test "a socket that nobody listens to fails create, and leaves nothing" {
	light b '.process.terminal = true'
	detached ctr create -b b --console-socket "$PWD/nosuch" "$ID"
	ended 1
	has nosuch
	[ ! -e "$ROOT/$ID" ]
}

# ---- the end ------------------------------------------------------------------------------------

@test "run: the status of the program, whatever ends it" {
	local code
	for code in 0 1 42 126 255; do
		inside . "exit $code"
		ended "$code"
	done
	# Process 1 is deaf to signals it does not handle, but not to those from outside.
	light b2
	ctr run -b b2 "$ID" >out 2>&1 </dev/null &
	wait_for running 2>/dev/null || wait_for running
	ctr kill "$ID" KILL
	code=0
	wait $! || code=$?
	[ "$code" = 137 ]
}

@test "a program that leaves children behind: they go with it" {
	holds . 'sleep 100 & sleep 100 &'
	[ -z "$(pgrep -f "sleep 100.*$ID" || :)" ]
}

@test "start: the program is gone between create and start" {
	bundle b '.process.args = ["/bin/own"]'
	printf '#!/bin/sh\ntrue\n' >b/rootfs/bin/own
	chmod +x b/rootfs/bin/own
	ctr create -b b "$ID" >out 2>&1 </dev/null
	rm b/rootfs/bin/own
	run ctr start "$ID"
	ended 1
	has "/bin/own"
	has "no such file or directory"
	wait_for stopped
	run ctr start "$ID"
	has "cannot start a container that has stopped"
	ctr delete "$ID"
}

@test "a container that was created can be killed and deleted without having started" {
	light b
	ctr create -b b "$ID" >out 2>&1 </dev/null
	ctr kill "$ID" KILL
	wait_for stopped
	ctr delete "$ID"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	run ctr exec "$ID" echo early
	[ "$output" = early ]
	ctr delete "$ID"
}

@test "SIGKILL for ctr while it supervises: the container goes on, and can be deleted" {
	light b
	"$CTR" --root "$ROOT" run -b b "$ID" >out 2>&1 </dev/null 3>&- &
	local pid=$!
	wait_for running 2>/dev/null || wait_for running
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	[ "$(state_of)" = running ]
	ctr kill "$ID" KILL
	wait_for stopped
	ctr delete "$ID"
}

# ---- events -------------------------------------------------------------------------------------

@test "events: one JSON object a line, of a known shape" {
	needs_root
	running
	ctr events --stats "$ID" >out
	[ "$(wc -l <out)" = 1 ]
	jq -e '.type == "stats" and (.data | has("cpu") and has("memory") and has("pids") and has("blkio")) and
		(.data.cpu.usage | has("total") and has("kernel") and has("user")) and (.data.cpu.throttling | has("periods")) and
		(.data.memory | has("usage") and has("raw"))' out
}
