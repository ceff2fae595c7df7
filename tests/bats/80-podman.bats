#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman with ctr in place of runc: what the one can, the other must. callers.bash says how.
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.
# shellcheck disable=SC2016,SC2034,SC2317 # expanded in the container; the_case is for compare

load callers

prepare() {
	# This machine's root cannot raise limits above its own; podman's defaults would.
	cat >/etc/containers/containers.conf <<-END
		[containers]
		default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	podman load --quiet --input "$IMAGES"
	for user in caller lonely; do
		as "$user" podman load --quiet --input "$IMAGES"
	done
}

pod() { podman --runtime "$RUNTIME" "$@"; }

# up [OPTION...]: a container that sleeps, of the case's name.
up() { pod run --detach --name "$NAME" "$@" busybox sleep 100 >/dev/null; }

# in_it COMMAND...: what it says there.
in_it() { pod exec "$NAME" "$@"; }

status_is() { [ "$(pod inspect --format '{{.State.Status}}' "$NAME")" = "$1" ]; }

with_podman() { compare pod up in_it status_is; }

@test "run: output and exit code" {
	the_case() {
		says hello pod run --rm busybox echo hello
		gives 7 pod run --rm busybox sh -c 'exit 7'
		gives 143 pod run --rm --init=false --pid host busybox sh -c 'kill -TERM $$'
	}
	with_podman
}

@test "run: 127 for a program that is not there, 126 for what is none" {
	the_case() {
		gives 127 pod run --rm busybox nosuch
		has 'executable file not found in $PATH'
		gives 127 pod run --rm busybox /bin/nosuch
		has 'no such file or directory'
		gives 126 pod run --rm busybox /etc
		has 'ermission denied'
		gives 126 pod run --rm busybox /etc/passwd
	}
	with_podman
}

@test "run: standard input, a terminal, both" {
	the_case() {
		says abc pod run --rm -i busybox cat <<<abc
		gives 0 pod run --rm -t busybox tty
		has /dev/pts/0
		gives 0 pod run --rm -it busybox sh -c 'test -t 0; read x; echo "<$x>"' <<<abc
		has '<abc>'
	}
	with_podman
}

@test "run: user, groups, directory, variables, name of the host" {
	the_case() {
		says '1000 1000 7' pod run --rm --user guest --group-add 7 busybox sh -c 'echo $(id -u) $(id -G)'
		says /var/www pod run --rm -w /var/www busybox pwd
		says '1 box' pod run --rm -e A=1 --hostname box busybox sh -c 'echo $A $(hostname)'
	}
	with_podman
}

@test "run: capabilities, privileges, seccomp, hidden paths" {
	the_case() {
		local mask='grep CapEff /proc/self/status'
		gives 0 pod run --rm --cap-drop all --cap-add net_raw busybox $mask
		has 0000000000002000
		gives 1 pod run --rm busybox mount -t tmpfs none /tmp
		gives 0 pod run --rm --security-opt no-new-privileges busybox grep 'NoNewPrivs.*1' /proc/self/status
		gives 0 pod run --rm --security-opt seccomp=unconfined busybox grep 'Seccomp:.*0' /proc/self/status
		gives 0 pod run --rm busybox grep 'Seccomp:.*2' /proc/self/status
		says 0 pod run --rm --security-opt mask=/etc busybox sh -c 'ls /etc | wc -l'
	}
	with_podman
}

@test "run: read-only, tmpfs, volumes, binds, devices" {
	the_case() {
		mkdir -p "/run/tmp/$NAME"
		echo mine >"/run/tmp/$NAME/file"
		gives 1 pod run --rm --read-only busybox touch /home/x
		gives 0 pod run --rm --read-only busybox touch /tmp/x
		gives 0 pod run --rm --tmpfs /mnt:size=1m,mode=700 busybox grep ' /mnt tmpfs.*size=1024k,mode=700' /proc/mounts
		says mine pod run --rm -v "/run/tmp/$NAME:/mnt:ro" busybox cat /mnt/file
		gives 1 pod run --rm -v "/run/tmp/$NAME:/mnt:ro" busybox touch /mnt/x
		gives 0 pod run --rm -v "$NAME:/mnt" busybox touch /mnt/x
		says x pod run --rm -v "$NAME:/mnt" busybox ls /mnt
		gives 0 pod run --rm --mount type=bind,src="/run/tmp/$NAME",dst=/a/b,bind-propagation=rslave busybox ls /a/b/file
		gives 0 pod run --rm --device /dev/fuse:/dev/x:r busybox sh -c 'test -c /dev/x; if (: >/dev/x); then exit 1; fi'
		pod volume rm "$NAME"
	}
	with_podman
}

@test "run: sysctls, limits, shared memory, oom score, annotations" {
	the_case() {
		says 77 pod run --rm --sysctl net.core.somaxconn=77 busybox cat /proc/sys/net/core/somaxconn
		says 99 pod run --rm --ulimit nofile=99:99 --ulimit nproc=99:99 busybox sh -c 'ulimit -n'
		gives 0 pod run --rm --shm-size 3m busybox grep '/dev/shm tmpfs.*size=3072k' /proc/mounts
		says 500 pod run --rm --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
		gives 0 pod run --rm --annotation a=b busybox true
		says 0027 pod run --rm --umask 0027 busybox sh -c umask
	}
	with_podman
}

@test "run: namespaces of the host, of another, without network" {
	the_case() {
		up
		says "$(readlink /proc/self/ns/pid)" pod run --rm --pid host busybox readlink /proc/self/ns/pid
		says "$(readlink /proc/self/ns/ipc)" pod run --rm --ipc host busybox readlink /proc/self/ns/ipc
		says "$(readlink /proc/self/ns/net)" pod run --rm --net host busybox readlink /proc/self/ns/net
		says "$(readlink /proc/self/ns/uts)" pod run --rm --uts host busybox readlink /proc/self/ns/uts
		says "$(in_it readlink /proc/self/ns/net)" pod run --rm --net "container:$NAME" busybox \
			readlink /proc/self/ns/net
		says "$(in_it readlink /proc/self/ns/pid)" pod run --rm --pid "container:$NAME" busybox \
			readlink /proc/self/ns/pid
		says lo pod run --rm --net none busybox ls /sys/class/net
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "run: user namespaces" {
	the_case() {
		gives 0 pod run --rm --uidmap 0:200000:1000 busybox grep '0  *200000  *1000' /proc/self/uid_map
		says root pod run --rm --uidmap 0:200000:2000 busybox stat -c %U /etc/passwd
		gives 0 pod run --rm --uidmap 0:200000:2000 --user guest -i busybox sh -c 'touch /tmp/x; id -u'
		has 1000
	}
	with_podman
}

@test "run: memory, cpu, pids, block weight, cpu set" {
	the_case() {
		holds_limits up in_it
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "run: more memory than allowed ends with 137" {
	the_case() {
		gives 137 pod run --name "$NAME" --memory 16m --memory-swap 16m busybox \
			sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; exit $?'
		pod rm "$NAME"
	}
	with_podman
}

@test "run: a bridge, an address, a published port" {
	the_case() {
		publishes pod run
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "run: init, cgroup parent, host's control groups, preserved descriptors" {
	the_case() {
		says kept pod run --rm --preserve-fds 1 busybox sh -c 'cat <&3' 3<<<kept
		gives 0 pod run --rm --cgroupns host busybox grep libpod /proc/self/cgroup
		[ "$RUNTIME" = runc ] || says / pod run --rm --cgroups=disabled busybox \
			sh -c 'grep memory /proc/self/cgroup | cut -d : -f 3'
		pod run --detach --name "$NAME" --cgroup-parent "/parent-$NAME" busybox sleep 100
		ls -d "/sys/fs/cgroup/memory/parent-$NAME"/libpod*
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "logs" {
	the_case() {
		pod run --name "$NAME" busybox sh -c 'echo out; echo err >&2' >/dev/null 2>&1
		says $'out\nerr' pod logs "$NAME"
		pod rm "$NAME"
		pod run --name "$NAME" --detach --log-driver json-file busybox sh -c 'echo 1; sleep 0.3; echo 2' >/dev/null
		says $'1\n2' pod logs -f "$NAME"
		pod rm "$NAME"
	}
	with_podman
}

@test "exec: output, exit code, user, directory, variables, terminal" {
	the_case() {
		up
		says hi in_it echo hi
		gives 9 in_it sh -c 'exit 9'
		says 1000 pod exec --user guest "$NAME" id -u
		says /home pod exec -w /home "$NAME" pwd
		says 2 pod exec -e B=2 "$NAME" sh -c 'echo $B'
		says abc pod exec -i "$NAME" cat <<<abc
		gives 0 pod exec -t "$NAME" tty
		has /dev/pts/0
		gives 127 in_it nosuch
		gives 126 in_it /etc
		pod exec -d "$NAME" touch /tmp/later
		soon in_it test -e /tmp/later
		gives 0 pod exec --privileged --user guest "$NAME" true
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "stop: by the signal, by force; start again" {
	the_case() {
		pod run --detach --name "$NAME" busybox sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null
		soon sh -c "podman logs $NAME | grep ready"
		pod stop "$NAME"
		says 5 pod inspect --format '{{.State.ExitCode}}' "$NAME"
		pod start "$NAME"
		status_is running
		pod rm -f -t 0 "$NAME"
		up
		pod stop -t 1 "$NAME"
		says 137 pod inspect --format '{{.State.ExitCode}}' "$NAME"
		pod restart -t 0 "$NAME"
		status_is running
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "pause: nothing runs until unpause; no exec meanwhile" {
	the_case() {
		up
		pod pause "$NAME"
		status_is paused
		no in_it true
		pod unpause "$NAME"
		says hi in_it echo hi
		pod pause "$NAME"
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "kill: signals by name and number" {
	the_case() {
		pod run --detach --name "$NAME" busybox sh -c 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null
		soon sh -c "podman logs $NAME | grep ready"
		pod kill --signal USR1 "$NAME"
		soon sh -c "podman logs $NAME | grep usr1"
		pod kill --signal 9 "$NAME"
		soon status_is exited
		says 137 pod inspect --format '{{.State.ExitCode}}' "$NAME"
		no pod kill "$NAME"
		pod rm "$NAME"
	}
	with_podman
}

@test "top, stats, ps, inspect" {
	the_case() {
		up --memory 64m
		gives 0 pod top "$NAME" pid comm
		has sleep
		gives 0 pod top "$NAME" -ef
		has 'sleep 100'
		gives 0 pod stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$NAME"
		has '67.11MB'
		gives 0 pod ps --format '{{.Names}} {{.Status}}'
		has "$NAME Up"
		says "$RUNTIME" pod inspect --format '{{.OCIRuntime}}' "$NAME"
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "update: memory, cpu, cpu set of what runs" {
	the_case() {
		up --memory 64m
		pod update --memory 32m --memory-swap 32m --cpus 0.2 --cpuset-cpus 0 "$NAME"
		says 33554432 in_it cat /sys/fs/cgroup/memory/memory.limit_in_bytes
		says 20000 in_it cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
		says 0 in_it cat /sys/fs/cgroup/cpuset/cpuset.cpus
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "create, init, start, wait, attach, rm" {
	the_case() {
		pod create --name "$NAME" busybox sh -c 'sleep 0.3; exit 3' >/dev/null
		status_is created
		pod init "$NAME"
		status_is initialized
		pod start "$NAME"
		says 3 pod wait "$NAME"
		says 3 pod inspect --format '{{.State.ExitCode}}' "$NAME"
		pod rm "$NAME"
		pod create --name "$NAME" busybox echo attached >/dev/null
		says attached pod start --attach "$NAME"
		pod rm "$NAME"
		pod create --name "$NAME" busybox true >/dev/null
		pod init "$NAME"
		pod rm -f "$NAME"
	}
	with_podman
}

@test "cp, diff, commit, export, mount" {
	the_case() {
		up
		echo text >"/run/tmp/$NAME.txt"
		pod cp "/run/tmp/$NAME.txt" "$NAME:/home/text"
		says text in_it cat /home/text
		pod cp "$NAME:/home/text" "/run/tmp/$NAME.back"
		gives 0 pod diff "$NAME"
		has 'A /home/text'
		pod commit --quiet "$NAME" "made-$NAME" >/dev/null
		says text pod run --rm "made-$NAME" cat /home/text
		gives 0 sh -c "podman export $NAME | tar -t"
		has home/text
		pod rm -f -t 0 "$NAME"
		pod rmi "made-$NAME"
	}
	with_podman
}

@test "a restart policy, an exit that is seen" {
	the_case() {
		pod run --detach --name "$NAME" --restart on-failure:2 busybox sh -c 'echo once; exit 1' >/dev/null
		soon sh -c "[ \$(podman logs $NAME | grep -c once) = 3 ]"
		soon status_is exited
		pod rm "$NAME"
	}
	with_podman
}

@test "a health check" {
	the_case() {
		up --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1
		gives 1 pod healthcheck run "$NAME"
		in_it touch /tmp/well
		gives 0 pod healthcheck run "$NAME"
		says healthy pod inspect --format '{{.State.Health.Status}}' "$NAME" ||
			says healthy pod inspect --format '{{.State.Healthcheck.Status}}' "$NAME"
		pod rm -f -t 0 "$NAME"
	}
	with_podman
}

# A pod's first container is of an image that podman builds around its own catatonit; any other does.
@test "a pod: its containers share networks and names" {
	the_case() {
		pod pod create --name "$NAME" --infra-image busybox --infra-command 'sleep 100' --hostname shared >/dev/null
		pod run --detach --pod "$NAME" --name "$NAME-a" busybox sh -c 'echo pod | nc -l -p 99; sleep 100' >/dev/null
		says shared pod exec "$NAME-a" hostname
		soon pod run --rm --pod "$NAME" busybox sh -c 'nc 127.0.0.1 99 </dev/null | grep pod'
		pod pod stop -t 0 "$NAME"
		pod pod start "$NAME"
		pod pod rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "play kube: two containers of a pod, limits, a user, a volume" {
	the_case() {
		cat >"/run/tmp/$NAME.yaml" <<-END
			apiVersion: v1
			kind: Pod
			metadata:
			  name: $NAME
			spec:
			  terminationGracePeriodSeconds: 0
			  containers:
			  - name: side
			    image: localhost/busybox:latest
			    command: ["sh", "-c", "echo prepared >/shared/file; exec sleep 100"]
			    volumeMounts: [{name: $NAME, mountPath: /shared}]
			  - name: main
			    image: localhost/busybox:latest
			    command: ["sleep", "100"]
			    resources: {limits: {memory: 64Mi, cpu: 500m}}
			    securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
			    volumeMounts: [{name: $NAME, mountPath: /shared}]
			  volumes: [{name: $NAME, emptyDir: {}}]
		END
		pod play kube "/run/tmp/$NAME.yaml"
		soon pod exec "$NAME-main" grep prepared /shared/file
		says 1000 pod exec "$NAME-main" id -u
		says 67108864 pod exec "$NAME-main" cat /sys/fs/cgroup/memory/memory.limit_in_bytes
		pod play kube --down "/run/tmp/$NAME.yaml"
	}
	with_podman
}

@test "build: RUN as root and as another; a failing step" {
	the_case() {
		mkdir "/run/tmp/$NAME"
		cat >"/run/tmp/$NAME/Containerfile" <<-'END'
			FROM localhost/busybox
			RUN echo built >/file && test -c /dev/null
			USER guest
			WORKDIR /home
			RUN [ "$(id -u)" = 1000 ] && [ "$PWD" = /home ]
			CMD cat /file
		END
		gives 0 podman build --runtime "$PROGRAM" --quiet --tag "$NAME" "/run/tmp/$NAME"
		says built pod run --rm "$NAME"
		printf 'FROM localhost/busybox\nRUN exit 4\n' >"/run/tmp/$NAME/Containerfile"
		gives 4 podman build --runtime "$PROGRAM" "/run/tmp/$NAME" || gives 125 podman build --runtime "$PROGRAM" "/run/tmp/$NAME"
		podman rmi "$NAME"
	}
	with_podman
}

# Of containers; pods, networks and images are podman's own.
@test "nothing is left behind" {
	all_passed
	the_case() {
		pod ps -aq | grep . && return 1
		soon nothing_but 'parent|conmon'
	}
	with_podman
}

@test "rootless: run, exec, stop, networks, ids" {
	the_case() {
		local mine="as caller podman --runtime $RUNTIME"
		says 'hi 0' $mine run --rm busybox sh -c 'echo hi $(id -u)'
		gives 7 $mine run --rm busybox sh -c 'exit 7'
		gives 127 $mine run --rm busybox nosuch
		$mine run --detach --name "$NAME" busybox sleep 100 >/dev/null
		says 1000 $mine exec --user guest "$NAME" id -u
		gives 0 $mine exec "$NAME" ls /sys/class/net
		has tap0
		gives 0 $mine top "$NAME"
		says 4801 $mine run --rm --userns keep-id busybox id -u
		$mine kill "$NAME"
		$mine rm -f -t 0 "$NAME"
	}
	with_podman
}

@test "rootless, without ranges of ids" {
	the_case() {
		local mine="as lonely podman --runtime $RUNTIME"
		says 'hi 0' $mine run --rm --net none busybox sh -c 'echo hi $(id -u)'
		$mine run --detach --name "$NAME" --net host busybox sleep 100 >/dev/null
		says there $mine exec "$NAME" echo there
		$mine rm -f -t 0 "$NAME"
	}
	with_podman
}
