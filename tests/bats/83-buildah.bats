#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah's RUN with ctr in place of runc: callers.bash says how.
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.
# shellcheck disable=SC2016,SC2034,SC2317 # expanded in the container; the_case is for compare

load callers

prepare() {
	# This machine's root cannot raise limits above its own; buildah's defaults would.
	printf '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n' \
		>/etc/containers/containers.conf
	buildah pull --quiet "docker-archive:$IMAGES"
	as caller buildah pull --quiet "docker-archive:$IMAGES"
}

# from: a working container of the case's name.
from() { buildah from --name "$NAME" localhost/busybox >/dev/null; }

# step [OPTION...] -- COMMAND...: RUN of that command.
step() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	buildah run --runtime "$PROGRAM" "${options[@]}" "$NAME" -- "${@:2}"
}

with_buildah() { compare from step; }

@test "run: output and exit code" {
	the_case() {
		from
		says hello step -- echo hello
		gives 7 step -- sh -c 'exit 7'
		gives 1 step -- nosuch
		has 'executable file not found in $PATH'
		buildah rm "$NAME"
	}
	with_buildah
}

@test "run: user, directory, variables, host name" {
	the_case() {
		from
		buildah config --user guest --workingdir /home --env A=1 "$NAME"
		says '1000 /home 1' step -- sh -c 'echo $(id -u) $PWD $A'
		says box step --hostname box -- hostname
		buildah rm "$NAME"
	}
	with_buildah
}

@test "run: what it writes is in the image" {
	the_case() {
		from
		step -- sh -c 'echo text >/file'
		buildah commit --quiet "$NAME" "made-$NAME"
		buildah rm "$NAME"
		buildah from --name "$NAME" "localhost/made-$NAME"
		says text step -- cat /file
		buildah rm "$NAME"
		buildah rmi "made-$NAME"
	}
	with_buildah
}

@test "run: volumes, tmpfs, capabilities, a terminal" {
	the_case() {
		mkdir "/run/tmp/$NAME"
		echo mine >"/run/tmp/$NAME/file"
		from
		says mine step -v "/run/tmp/$NAME:/mnt:ro" -- cat /mnt/file
		gives 1 step -v "/run/tmp/$NAME:/mnt:ro" -- touch /mnt/x
		gives 0 step --mount type=tmpfs,dst=/t -- grep ' /t tmpfs' /proc/mounts
		gives 0 step --cap-drop CAP_CHOWN -- sh -c '[ $((0x$(grep CapBnd /proc/self/status | cut -f 2) & 1)) = 0 ]'
		gives 0 step --terminal -- tty
		has /dev/pts/0
		buildah rm "$NAME"
	}
	with_buildah
}

@test "run: networks" {
	the_case() {
		from
		says lo step --network none -- ls /sys/class/net
		says "$(readlink /proc/self/ns/net)" step --network host -- readlink /proc/self/ns/net
		gives 0 step -- ip route
		has default
		buildah rm "$NAME"
	}
	with_buildah
}

@test "build: of a file with several steps, a failing one" {
	the_case() {
		mkdir "/run/tmp/$NAME"
		cat >"/run/tmp/$NAME/Containerfile" <<-'END'
			FROM localhost/busybox
			ARG WORD=none
			RUN echo $WORD >/word && mkdir /made && chown guest /made
			USER guest
			WORKDIR /made
			RUN --mount=type=cache,target=/cache touch file && [ "$(id -u)" = 1000 ]
		END
		gives 0 buildah build --runtime "$PROGRAM" --quiet --build-arg WORD=given --tag "$NAME" "/run/tmp/$NAME"
		buildah from --name "$NAME" "localhost/$NAME"
		says given step -- cat /word
		says file step -- ls /made
		buildah rm "$NAME"
		buildah rmi "$NAME"
		printf 'FROM localhost/busybox\nRUN exit 4\n' >"/run/tmp/$NAME/Containerfile"
		no buildah build --runtime "$PROGRAM" "/run/tmp/$NAME"
	}
	with_buildah
}

@test "build: limits of memory and cpu" {
	the_case() {
		mkdir "/run/tmp/$NAME"
		cat >"/run/tmp/$NAME/Containerfile" <<-'END'
			FROM localhost/busybox
			RUN [ "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" = 67108864 ]
			RUN [ "$(cat /sys/fs/cgroup/cpu/cpu.shares)" = 512 ]
		END
		gives 0 buildah build --runtime "$PROGRAM" --memory 64m --cpu-shares 512 "/run/tmp/$NAME"
	}
	with_buildah
}

@test "rootless: run" {
	the_case() {
		as caller buildah from --name "$NAME" localhost/busybox
		says 0 as caller buildah run --runtime "$PROGRAM" "$NAME" -- id -u
		gives 7 as caller buildah run --runtime "$PROGRAM" "$NAME" -- sh -c 'exit 7'
		as caller buildah rm "$NAME"
	}
	with_buildah
}

@test "nothing is left behind" {
	all_passed
	the_case() {
		soon nothing_but
	}
	with_buildah
}
