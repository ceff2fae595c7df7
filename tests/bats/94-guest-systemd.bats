#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: and in the machine with systemd, which mounts cgroup v2 with nsdelegate.
# run --systemd: Debian's own systemd as process 1 of a container. Where there is no cgroup v2 alone, the
# refusal.

load lib
load engine

# guest [FLAG...]: the host's system, booted as far as a service of the test's.
guest() {
	[ -x /lib/systemd/systemd ] || missing "needs systemd"
	[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || skip "needs cgroup v2 alone"
	cat >probe.service <<-UNIT
		[Unit]
		DefaultDependencies=no
		Conflicts=shutdown.target
		Before=shutdown.target
		[Service]
		ExecStart=/bin/sh -c 'echo up >/tmp/up; exec sleep 1000'
		ExecStop=/bin/sh -c 'echo down >/shared/down'
		MemoryMax=64M
	UNIT
	mkdir -p shared
	detached ctr run -d --systemd --network none --name "$ID" "$@" -v "$PWD/shared:/shared" \
		-v "$PWD/probe.service:/etc/systemd/system/probe.service:ro" host /sbin/init --unit=probe.service
	ended 0
	local i
	for ((i = 0; i < 600; i++)); do
		! ctr exec "$ID" test -e /tmp/up 2>/dev/null || return 0
		sleep 0.1
	done
	ctr logs "$ID"
	return 1
}

@test "systemd is refused by name without cgroup v2, and beside --init" {
	run ctr run --rm --systemd --init host
	ended 125
	has "--init with --systemd"
	[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || skip "this host has cgroup v2 alone"
	run ctr run --rm --systemd host
	ended 125
	has "--systemd: systemd needs cgroup v2"
	has "unified_cgroup_hierarchy"
}

@test "systemd boots as process 1, with groups of its own for services, and is shut down in its own way" {
	needs_root
	guest -m 256m
	[ "$(ctr exec "$ID" cat /proc/1/comm)" = systemd ]
	run ctr exec "$ID" systemctl is-active probe.service
	[ "$output" = active ]
	run ctr exec "$ID" systemctl show -p ControlGroup --value probe.service
	[ "$output" = /system.slice/probe.service ]
	[ "$(ctr exec "$ID" cat /sys/fs/cgroup/system.slice/probe.service/memory.max)" = $((64 << 20)) ]
	# Its own limit is not its own to lift.
	run ctr exec "$ID" sh -c 'echo max >/sys/fs/cgroup/memory.max'
	[ "$status" != 0 ]
	ctr stop -t 60 "$ID"
	[ "$(cat shared/down)" = down ]
	[ "$(ctr wait "$ID")" != 137 ]
	ctr rm "$ID"
	nothing_left
}
