#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docker with ctr in place of runc: callers.bash says how. The daemon reads the piece that make install lays
# down.
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.
# shellcheck disable=SC2016,SC2034,SC2317 # expanded in the container; the_case is for compare

load callers

prepare() {
	mkdir -p /etc/docker
	cp /usr/local/share/ctr/daemon.json /etc/docker/daemon.json
	setsid dockerd --exec-opt native.cgroupdriver=cgroupfs --default-ulimit nofile=4096:4096 \
		>/run/dockerd.log 2>&1 </dev/null &
	soon /usr/bin/docker version
	/usr/bin/docker load --quiet --input "$IMAGES"
}

docker() { /usr/bin/docker "$@"; }
run() { docker run --runtime "$RUNTIME" "$@"; }

# up [OPTION...]: a container that sleeps, of the case's name.
up() { run --detach --name "$NAME" "$@" busybox sleep 100 >/dev/null; }
in_it() { docker exec "$NAME" "$@"; }
about() { docker inspect --format "{{.$1}}" "$NAME"; }
status_is() { [ "$(about State.Status)" = "$1" ]; }

with_docker() { compare docker run up in_it about status_is; }

@test "run: output and exit code" {
	the_case() {
		says hello run --rm busybox echo hello
		gives 7 run --rm busybox sh -c 'exit 7'
		gives 143 run --rm --pid host busybox sh -c 'kill -TERM $$'
		says abc run --rm -i busybox cat <<<abc
	}
	with_docker
}

@test "run: 127 for a program that is not there, 126 for what is none" {
	the_case() {
		gives 127 run --rm busybox nosuch
		has 'executable file not found in $PATH'
		gives 127 run --rm busybox /bin/nosuch
		gives 126 run --rm busybox /etc
		has 'permission denied'
	}
	with_docker
}

@test "run: a terminal, an init" {
	the_case() {
		gives 0 script -qec "/usr/bin/docker run --runtime $RUNTIME --rm -it busybox sh -c 'tty; stty size'" /dev/null
		has /dev/pts/0
		gives 0 run --rm -t busybox tty
		has /dev/pts/0
	}
	with_docker
}

@test "run: user, groups, directory, variables, host name, capabilities" {
	the_case() {
		says '1000 1000 7' run --rm --user guest --group-add 7 busybox sh -c 'echo $(id -u) $(id -G)'
		says '/var/www 1 box' run --rm -w /var/www -e A=1 --hostname box busybox sh -c 'echo $PWD $A $(hostname)'
		gives 0 run --rm --cap-drop all --cap-add net_raw busybox grep 'CapEff.*0000000000002000' /proc/self/status
		gives 0 run --rm --security-opt no-new-privileges busybox grep 'NoNewPrivs.*1' /proc/self/status
		gives 0 run --rm busybox grep 'Seccomp:.*2' /proc/self/status
		gives 0 run --rm --security-opt seccomp=unconfined busybox grep 'Seccomp:.*0' /proc/self/status
	}
	with_docker
}

@test "run: read-only, tmpfs, volumes, binds, devices, sysctls, limits" {
	the_case() {
		mkdir "/run/tmp/$NAME"
		echo mine >"/run/tmp/$NAME/file"
		gives 1 run --rm --read-only busybox touch /x
		gives 0 run --rm --tmpfs /mnt:size=1m busybox grep ' /mnt tmpfs.*size=1024k' /proc/mounts
		says mine run --rm -v "/run/tmp/$NAME:/mnt:ro" busybox cat /mnt/file
		gives 1 run --rm -v "/run/tmp/$NAME:/mnt:ro" busybox touch /mnt/x
		gives 0 run --rm -v "$NAME:/mnt" busybox touch /mnt/x
		says x run --rm -v "$NAME:/mnt" busybox ls /mnt
		gives 0 run --rm --device /dev/fuse busybox test -c /dev/fuse
		says 77 run --rm --sysctl net.core.somaxconn=77 busybox cat /proc/sys/net/core/somaxconn
		says 99 run --rm --ulimit nofile=99:99 busybox sh -c 'ulimit -n'
		docker volume rm "$NAME"
	}
	with_docker
}

@test "run: namespaces of the host, of another; no network" {
	the_case() {
		up
		says "$(readlink /proc/self/ns/pid)" run --rm --pid host busybox readlink /proc/self/ns/pid
		says "$(readlink /proc/self/ns/net)" run --rm --net host busybox readlink /proc/self/ns/net
		says "$(in_it readlink /proc/self/ns/net)" run --rm --net "container:$NAME" busybox readlink /proc/self/ns/net
		says lo run --rm --net none busybox ls /sys/class/net
		docker rm -f "$NAME"
	}
	with_docker
}

@test "run: a bridge and a published port" {
	the_case() {
		publishes run
		docker rm -f "$NAME"
	}
	with_docker
}

@test "run: limits of memory, cpu, pids; the cpu set" {
	the_case() {
		holds_limits up in_it
		docker rm -f "$NAME"
	}
	with_docker
}

# docker hears of it beside the exit: of one that follows at once it may not know the cause, with any runtime.
@test "more memory than allowed: 137, and docker says why" {
	the_case() {
		gives 137 run --name "$NAME" --memory 16m --memory-swap 16m busybox \
			sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; code=$?; sleep 1; exit $code'
		says true about State.OOMKilled
		docker rm "$NAME"
	}
	with_docker
}

@test "logs, also of what still runs" {
	the_case() {
		run --name "$NAME" --detach busybox sh -c 'echo 1; sleep 0.3; echo 2 >&2' >/dev/null
		says $'1\n2' docker logs -f "$NAME"
		docker rm -f "$NAME"
	}
	with_docker
}

@test "exec: output, exit code, user, directory, variables, terminal, missing" {
	the_case() {
		up
		says hi in_it echo hi
		gives 9 in_it sh -c 'exit 9'
		says '1000 /home 2' docker exec --user guest -w /home -e B=2 "$NAME" sh -c 'echo $(id -u) $PWD $B'
		says abc docker exec -i "$NAME" cat <<<abc
		gives 0 script -qec "/usr/bin/docker exec -it $NAME tty" /dev/null
		has /dev/pts/0
		gives 126 in_it nosuch
		has 'executable file not found in $PATH'
		docker exec -d "$NAME" touch /tmp/later
		soon in_it test -e /tmp/later
		docker rm -f "$NAME"
	}
	with_docker
}

@test "top, stats, ps, inspect" {
	the_case() {
		up --memory 64m
		gives 0 docker top "$NAME"
		has 'sleep 100'
		gives 0 docker top "$NAME" -o pid,comm
		has sleep
		gives 0 docker stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$NAME"
		has '1 '
		has '64MiB'
		says "$RUNTIME" about HostConfig.Runtime
		docker rm -f "$NAME"
	}
	with_docker
}

@test "update: memory, cpu, pids, cpu set of what runs" {
	the_case() {
		up --memory 64m
		docker update --memory 32m --memory-swap 32m --cpus 0.2 --pids-limit 20 --cpuset-cpus 0 "$NAME"
		says 33554432 in_it cat /sys/fs/cgroup/memory/memory.limit_in_bytes
		says 20000 in_it cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
		says 20 in_it cat /sys/fs/cgroup/pids/pids.max
		says 0 in_it cat /sys/fs/cgroup/cpuset/cpuset.cpus
		docker rm -f "$NAME"
	}
	with_docker
}

@test "stop: by the signal, by force; start, restart" {
	the_case() {
		run --detach --name "$NAME" busybox sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null
		soon sh -c "/usr/bin/docker logs $NAME | grep ready"
		docker stop "$NAME"
		says 5 about State.ExitCode
		docker start "$NAME"
		status_is running
		docker restart -t 0 "$NAME"
		status_is running
		docker rm -f "$NAME"
		up
		docker stop -t 1 "$NAME"
		says 137 about State.ExitCode
		docker rm "$NAME"
	}
	with_docker
}

@test "pause, unpause, kill, wait" {
	the_case() {
		up
		docker pause "$NAME"
		status_is paused
		no in_it true
		docker unpause "$NAME"
		says hi in_it echo hi
		docker kill "$NAME"
		says 137 docker wait "$NAME"
		docker rm "$NAME"
	}
	with_docker
}

@test "cp, diff, commit, a restart policy, a health check" {
	the_case() {
		up --health-cmd 'test -e /home/text' --health-interval 1s
		echo text >"/run/tmp/$NAME.txt"
		docker cp "/run/tmp/$NAME.txt" "$NAME:/home/text"
		says text in_it cat /home/text
		gives 0 docker diff "$NAME"
		has 'A /home/text'
		docker commit "$NAME" "made-$NAME" >/dev/null
		says text run --rm "made-$NAME" cat /home/text
		soon sh -c "/usr/bin/docker inspect $NAME --format '{{.State.Health.Status}}' | grep -x healthy"
		docker rm -f "$NAME"
		docker rmi "made-$NAME" >/dev/null
		run --detach --name "$NAME" --restart on-failure:2 busybox sh -c 'echo once; exit 1' >/dev/null
		soon sh -c "[ \$(/usr/bin/docker logs $NAME | grep -c once) = 3 ]"
		docker rm -f "$NAME"
	}
	with_docker
}

@test "nothing is left behind" {
	all_passed
	the_case() {
		docker ps -aq | grep . && return 1
		soon nothing_but '/docker$|/system.slice|docker/netns|/var/lib/docker$'
		gives 0 ls /run/docker/runtime-runc/moby
		[ -z "$output" ] || { echo "state: $output"; return 1; }
	}
	with_docker
}
