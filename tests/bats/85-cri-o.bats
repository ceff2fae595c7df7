#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What CRI-O does with a runtime, with ctr in place of runc: containers made through conmon with CRI-O's
# arguments, and its own calls. CRI-O itself is no Debian package. callers.bash says how.
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # expanded in the container; the_case is for compare

load callers

prepare() {
	mkdir -p /var/tmp/crio/{rootfs/{bin,proc,sys,dev,tmp,etc},exits,attach}
	install -m 755 "$(command -v busybox)" /var/tmp/crio/rootfs/bin/busybox
	chroot /var/tmp/crio/rootfs /bin/busybox --install /bin
}

# here: the case's places.
here() {
	W=/var/tmp/crio
	ROOT=/run/$RUNTIME
	B=$W/$NAME
	LOG=$W/$NAME.log
}

oci() { "$PROGRAM" --root="$ROOT" "$@"; }

# bundle SCRIPT [JQ-FILTER]: as CRI-O writes it.
bundle() {
	mkdir -p "$B"
	oci spec --bundle "$B"
	jq --arg script "$1" --arg id "$NAME" '.process.args = ["sh", "-c", $script] | .process.terminal = false |
		.root = {path: "/var/tmp/crio/rootfs", readonly: true} | .linux.cgroupsPath = "/kubepods/pod1/crio-" + $id |
		.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.pod.name": "p"} |
		.linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 64} |
		'"${2:-.}" "$B/config.json" >"$B/new"
	mv "$B/new" "$B/config.json"
}

# through_conmon ARGUMENT...: conmon, with what CRI-O always gives it. Its answer on the pipe that CRI-O
# holds is in the file `answer`; the other pipe lets it begin.
through_conmon() {
	_OCI_SYNCPIPE=5 _OCI_STARTPIPE=6 conmon --cid "$NAME" --cuuid "$NAME" --name "k8s_$NAME" \
		--runtime "$PROGRAM" --runtime-arg "--root=$ROOT" --bundle "$B" --persist-dir "$B" \
		--socket-dir-path "$W/attach" --log-level error --no-sync-log "$@" \
		5>"$B/answer" 6< <(echo go)
}

# created [ARGUMENT...]: the container is there, not started.
created() {
	through_conmon --exit-dir "$W/exits" --log-path "$LOG" --container-pidfile "$B/pidfile" \
		--conmon-pidfile "$B/conmon.pid" "$@"
	soon test -s "$B/answer"
	[ "$(jq .pid "$B/answer")" = "$(<"$B/pidfile")" ]
}

# in_it [ARGUMENT...] SCRIPT: ExecSync; what it says on the pipe is in $output.
in_it() {
	jq --arg script "${*: -1}" '.process | .args = ["sh", "-c", $script]' "$B/config.json" >"$B/process"
	rm -f "$B/exec.log"
	through_conmon --exec --exec-process-spec "$B/process" --container-pidfile "$B/exec.pid" \
		--log-path "$B/exec.log" --sync "${@:1:$#-1}" || : # it ends with the command's code
	output=$(<"$B/answer")
}

# logged TEXT: a line of the log, in the format of the kubelet.
logged() { grep -qE "^[0-9T:.-]+(Z|[+-][0-9:]+) std(out|err) F $1\$" "$LOG"; }

status_is() { [ "$(oci state "$NAME" | jq -r .status)" = "$1" ]; }

# gone CODE: it has ended so, and CRI-O takes it away.
gone() {
	soon test -e "$W/exits/$NAME"
	[ "$(<"$W/exits/$NAME")" = "$1" ]
	oci delete --force "$NAME"
	no oci state "$NAME"
}

with_crio() { compare here oci bundle through_conmon created in_it logged status_is gone; }

@test "what the runtime is: version and features, with nothing beside them" {
	the_case() {
		here
		gives 0 "$PROGRAM" --version
		has " version "
		gives 0 "$PROGRAM" features
		jq -e '.ociVersionMax and .linux.cgroup' <<<"$output"
	}
	with_crio
}

@test "create by conmon, state, start, log, exit file, delete" {
	the_case() {
		here
		bundle 'echo out; echo err >&2; exit 3'
		created
		status_is created
		[ "$(oci state "$NAME" | jq -r '.annotations["io.kubernetes.pod.name"]')" = p ]
		no test -e "$W/exits/$NAME"
		oci start "$NAME"
		soon logged out
		soon logged err
		gone 3
	}
	with_crio
}

@test "a program that is not there: conmon hands the reason on" {
	the_case() {
		here
		bundle : '.process.args = ["nosuch"]'
		through_conmon --exit-dir "$W/exits" --log-path "$LOG" --container-pidfile "$B/pidfile" || :
		soon test -s "$B/answer"
		[ "$(jq .pid "$B/answer")" -le 0 ]
		gives 0 jq -r .message "$B/answer"
		has 'executable file not found in $PATH'
		oci delete --force "$NAME" || :
	}
	with_crio
}

@test "ExecSync: output, code, a time-out" {
	the_case() {
		here
		bundle 'exec sleep 100'
		created
		oci start "$NAME"
		in_it 'echo inside; exit 5'
		has '"exit_code": 5'
		grep -q ' stdout F inside$' "$B/exec.log"
		in_it --timeout 1 'exec sleep 101'
		has '"exit_code": -1'
		oci kill "$NAME" KILL
		gone 137
	}
	with_crio
}

@test "exec with a terminal of the caller's" {
	the_case() {
		here
		bundle 'exec sleep 100'
		created
		oci start "$NAME"
		jq '.process | .terminal = true | .args = ["sh", "-c", "tty; until stty size | grep \"33 99\"; do sleep 0.1; done"]' "$B/config.json" >"$B/process"
		gives 0 script -qec "stty rows 33 cols 99; $PROGRAM --root=$ROOT exec --process $B/process $NAME" /dev/null </dev/null
		has /dev/pts/
		has '33 99'
		oci kill "$NAME" KILL
		gone 137
	}
	with_crio
}

@test "a container with a terminal, and standard input through conmon's attach socket" {
	the_case() {
		here
		bundle 'stty -echo; read line; echo "got $line"' '.process.terminal = true'
		created --terminal --stdin
		oci start "$NAME"
		soon test -S "$W/attach/$NAME/attach"
		gives 0 python3 - "$W/attach/$NAME/attach" <<-'END'
			import socket, sys
			s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
			s.connect(sys.argv[1])
			s.send(b"hello\n")
			text = b""
			while b"got hello" not in text:
			    part = s.recv(8193)
			    if not part:
			        sys.exit("closed after: %r" % text)
			    text += part
		END
		gone 0
	}
	with_crio
}

@test "update --resources -, pause, resume" {
	the_case() {
		here
		bundle 'exec sleep 100'
		created
		oci start "$NAME"
		oci update --resources - "$NAME" <<<'{"memory": {"limit": 33554432}, "cpu": {"quota": 50000, "period": 100000}}'
		group=$(find /sys/fs/cgroup -path '*/pod1/crio-'"$NAME/memory.limit_in_bytes" -o -path '*/pod1/crio-'"$NAME/memory.max")
		[ "$(<"$group")" = 33554432 ]
		oci pause "$NAME"
		status_is paused
		oci resume "$NAME"
		status_is running
		oci kill "$NAME" KILL
		gone 137
	}
	with_crio
}

@test "stop: TERM, then kill --all; what is gone is said so" {
	the_case() {
		here
		bundle 'trap "exit 9" TERM; sleep 100 & wait'
		created
		oci start "$NAME"
		soon in_it 'pidof sleep'
		oci kill "$NAME" TERM
		soon test -e "$W/exits/$NAME"
		oci kill --all "$NAME" 9 || :
		gives 1 oci kill "$NAME" 9
		has 'container not running'
		gone 9
		gives 1 oci kill "$NAME" 9
		has 'does not exist'
	}
	with_crio
}

@test "nothing is left behind" {
	all_passed
	the_case() {
		# The pod's groups are the kubelet's to remove.
		find /sys/fs/cgroup -depth -path '*/kubepods*' -type d -exec rmdir {} \; 2>/dev/null || :
		soon nothing_but
	}
	with_crio
}
