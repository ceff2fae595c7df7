#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd with ctr in place of runc, asked by its own client, which is called ctr too: by path, then.
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.
# shellcheck disable=SC2016,SC2034,SC2317 # expanded in the container; the_case is for compare

load callers

prepare() {
	mkdir -p /etc/containerd
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
	setsid containerd >/run/containerd.log 2>&1 </dev/null &
	soon /usr/bin/ctr version
	/usr/bin/ctr images import "$IMAGES"
}

client() { /usr/bin/ctr "$@"; }
task() { client task "$@"; }

# new [OPTION...] -- [COMMAND...]: runs a container of the case's name.
new() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	client run --runc-binary "$PROGRAM" "${options[@]}" docker.io/library/busybox:latest "$NAME" "${@:2}"
}

# up [OPTION...]: one that sleeps.
up() { new --detach "$@" -- sleep 100; }

# in_it COMMAND...
in_it() { task exec --exec-id "x$RANDOM" "$NAME" "$@"; }

# Not through a pipe: grep ends early, and whoever still writes then has failed.
status_is() { grep -q "^$NAME .*$1" <<<"$(task ls)"; }

# gone: the container and its task.
gone() {
	task rm --force "$NAME" >/dev/null 2>&1 || :
	client container rm "$NAME"
}

with_containerd() { compare client task new up in_it status_is gone; }

@test "run: output and exit code" {
	the_case() {
		says hello new --rm -- echo hello
		gives 7 new --rm -- sh -c 'exit 7'
		gives 143 new --rm --with-ns pid:/proc/1/ns/pid -- sh -c 'kill -TERM $$'
	}
	with_containerd
}

@test "run: a program that is not there, one that is none" {
	the_case() {
		no new --rm -- nosuch
		gives 1 new --rm -- nosuch
		has 'exec: "nosuch": executable file not found in $PATH'
		gives 1 new --rm -- /etc
		has 'permission denied'
		no client container info "$NAME"
	}
	with_containerd
}

@test "run: directory, variables, host name, read-only, mounts" {
	the_case() {
		mkdir -p "/run/tmp/$NAME"
		echo mine >"/run/tmp/$NAME/file"
		says '0 /var/www 1 mine' new --rm --cwd /var/www --env A=1 \
			--mount "type=bind,src=/run/tmp/$NAME,dst=/mnt,options=rbind:ro" -- \
			sh -c 'echo $(id -u) $PWD $A $(cat /mnt/file)'
		gives 1 new --rm --read-only -- touch /x
		says "$(hostname)" new --rm --net-host -- hostname
		gives 1 new --rm --mount "type=bind,src=/run/tmp/$NAME,dst=/mnt,options=rbind:ro" -- touch /mnt/x
	}
	with_containerd
}

@test "run: limits, capabilities, seccomp, devices, annotations" {
	the_case() {
		says 33554432 new --rm --memory-limit 33554432 --mount \
			type=cgroup,src=cgroup,dst=/cg,options=ro -- cat /cg/memory/memory.limit_in_bytes
		says 50000 new --rm --cpu-quota 50000 --cpu-period 100000 --mount \
			type=cgroup,src=cgroup,dst=/cg,options=ro -- cat /cg/cpu/cpu.cfs_quota_us
		gives 0 new --rm --seccomp -- grep 'Seccomp:.*2' /proc/self/status
		gives 0 new --rm --cap-drop CAP_CHOWN -- grep 'CapBnd:.*00a80425fa' /proc/self/status
		gives 0 new --rm --device /dev/fuse -- test -c /dev/fuse
		gives 0 new --rm --annotation a=b --cgroup "/grp-$NAME/x" -- true
		gives 0 new --rm --no-pivot -- true
	}
	with_containerd
}

@test "run: a user namespace" {
	the_case() {
		local first=300000 # the snapshots of the two must not be the same
		[ "$RUNTIME" = runc ] || first=400000
		gives 0 new --rm --uidmap "0:$first:65536" --gidmap "0:$first:65536" -- \
			grep "0  *$first  *65536" /proc/self/uid_map
	}
	with_containerd
}

@test "run: from a config of one's own, with hooks" {
	the_case() {
		local root=/run/tmp/$NAME
		mkdir -p "$root/rootfs"
		gives 0 client oci spec
		jq --arg root "$root" --arg name "$NAME" '.root = {path: ($root + "/rootfs")} | .process.terminal = false |
			.process.args = ["/bin/true"] | .linux.cgroupsPath = "/default/" + $name | del(.linux.seccomp) |
			.hooks = {prestart: [{path: "/bin/touch", args: ["touch", $root + "/before"]}],
			poststop: [{path: "/bin/touch", args: ["touch", $root + "/after"]}]}' \
			<<<"$output" >"$root/config.json"
		tar -xOf "$IMAGES" layer.tar | tar -C "$root/rootfs" -x
		client run --runc-binary "$PROGRAM" --rm --config "$root/config.json" "$NAME"
		[ -e "$root/before" ]
		[ -e "$root/after" ]
	}
	with_containerd
}

@test "task ls, ps, info" {
	the_case() {
		up
		status_is RUNNING
		gives 0 task ps "$NAME"
		has PID
		gives 0 client container info "$NAME"
		has io.containerd.runc.v2
		gone
	}
	with_containerd
}

@test "exec: output, exit code, user, directory, detached, missing" {
	the_case() {
		up
		says hi in_it echo hi
		gives 9 in_it sh -c 'exit 9'
		says /home task exec --exec-id c --cwd /home "$NAME" pwd
		gives 1 in_it nosuch
		has 'executable file not found in $PATH'
		task exec --exec-id d --detach "$NAME" touch /tmp/later
		soon in_it test -e /tmp/later
		# The client mounts the overlay a second time for this: nothing can be written afterwards.
		says 1000 task exec --exec-id u --user 1000 "$NAME" id -u
		gone
	}
	with_containerd
}

@test "a terminal: run and exec" {
	the_case() {
		gives 0 script -qec "/usr/bin/ctr run --runc-binary $PROGRAM --rm --tty docker.io/library/busybox:latest $NAME sh -c 'tty; stty size'" /dev/null
		has /dev/pts/0
		up
		gives 0 script -qec "/usr/bin/ctr task exec --tty --exec-id t $NAME tty" /dev/null
		has /dev/pts/0
		gone
	}
	with_containerd
}

@test "kill: signals, all of them, one that ended already" {
	the_case() {
		new --detach -- sh -c 'trap "exit 5" USR1; while :; do sleep 0.05; done'
		sleep 0.3
		task kill --signal SIGUSR1 "$NAME"
		soon status_is STOPPED
		no task kill "$NAME"
		gives 0 task rm "$NAME"
		has 'exit code 5'
		client container rm "$NAME"
		up
		task kill --signal SIGKILL "$NAME"
		soon status_is STOPPED
		gone
		new --detach --with-ns pid:/proc/1/ns/pid -- sh -c 'sleep 101 & sleep 102'
		task kill --all --signal SIGKILL "$NAME"
		soon status_is STOPPED
		gone
	}
	with_containerd
}

@test "pause and resume" {
	the_case() {
		up
		task pause "$NAME"
		status_is PAUSED
		no in_it true
		task resume "$NAME"
		status_is RUNNING
		says hi in_it echo hi
		task pause "$NAME"
		gone
	}
	with_containerd
}

@test "metrics" {
	the_case() {
		up --memory-limit 33554432
		gives 0 task metrics --format json "$NAME"
		[ "$(jq '.memory.usage.limit' <<<"$output")" = 33554432 ]
		[ "$(jq '.pids.current' <<<"$output")" = 1 ]
		gone
	}
	with_containerd
}

@test "attach, delete" {
	the_case() {
		new --detach -- sh -c 'sleep 0.5; exit 4'
		gives 4 task attach "$NAME"
		client container rm "$NAME"
		up
		no task rm "$NAME"
		task rm --force "$NAME"
		client container rm "$NAME"
	}
	with_containerd
}

@test "more memory than allowed: an event, and exit code 137" {
	the_case() {
		/usr/bin/ctr events >"/run/tmp/$NAME.events" &
		local events=$!
		sleep 0.3
		gives 137 new --memory-limit 16777216 -- sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; code=$?; sleep 1; exit $code'
		soon grep -q "/tasks/oom.*$NAME" "/run/tmp/$NAME.events"
		kill "$events"
		gone
	}
	with_containerd
}

@test "output to a file, the pid to another" {
	the_case() {
		new --detach --log-uri "file:///run/tmp/$NAME.log" --pid-file "/run/tmp/$NAME.pid" -- \
			sh -c 'echo logged; exec sleep 100'
		soon grep -q logged "/run/tmp/$NAME.log"
		kill -0 "$(<"/run/tmp/$NAME.pid")"
		gone
	}
	with_containerd
}

@test "nothing is left behind" {
	all_passed
	the_case() {
		gives 0 client task ls -q
		[ -z "$output" ]
		soon nothing_but 'grp-|/default$'
		gives 0 ls /run/containerd/runc/default
		[ -z "$output" ] || { echo "state: $output"; return 1; }
	}
	with_containerd
}
