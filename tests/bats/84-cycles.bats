#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many containers in parallel, under each caller and bare: no error, and nothing stays behind: no mount,
# control group, process, state, descriptor. CYCLES=200 is the full count (default: 16).
#
# Native only: what callers ask of ctr does not depend on the kernel, and their daemons are slow to emulate.

load callers

prepare() {
	cat >/etc/containers/containers.conf <<-END
		[containers]
		default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	mkdir -p /etc/docker /etc/containerd
	cp /usr/local/share/ctr/daemon.json /etc/docker/daemon.json
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
	setsid containerd >/run/containerd.log 2>&1 </dev/null &
	soon /usr/bin/ctr version
	setsid dockerd --containerd /run/containerd/containerd.sock --exec-opt native.cgroupdriver=cgroupfs \
		--default-ulimit nofile=4096:4096 >/run/dockerd.log 2>&1 </dev/null &
	podman load --quiet --input "$IMAGES"
	/usr/bin/ctr images import "$IMAGES"
	soon /usr/bin/docker version
	/usr/bin/docker load --quiet --input "$IMAGES"
}

cycles() {
	local count=${CYCLES:-16}
	in_sandbox IMAGES="$BATS_FILE_TMPDIR/busybox.tar" timeout $((60 + count * 3)) \
		"$HERE/cycles" "$1" "$count" 16 3>&- >cycles.out 2>&1 || {
		cat cycles.out
		return 1
	}
	sed 's/^/# /' cycles.out >&3
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "cycles: bare" { cycles bare; }
@test "cycles: podman" { cycles podman; }
@test "cycles: containerd" { cycles containerd; }
@test "cycles: docker" { cycles docker; }
@test "cycles: buildah" { cycles buildah; }
