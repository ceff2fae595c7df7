#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# User namespaces: as root, and as an ordinary user with and without granted ranges.

load lib
load oci

maps='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
	.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'

# mapped [JQ-FILTER]: a bundle b whose root belongs to the mapped ids.
mapped() {
	local filter=${1:-.}
	shift || :
	owned b 100000 200000 "$maps | $filter" "$@"
}

# inside_mapped JQ-FILTER SCRIPT: as holds.
inside_mapped() {
	mapped "$1 | .process.args = [\"sh\", \"-c\", \$script]" --arg script "set -e; $NO $2"
	run ctr run -b b "$ID"
	ended 0
}

# ---- root ---------------------------------------------------------------------------------------

@test "the maps, and who the program is on the host" {
	needs_root
	mapped '.process.user = {uid: 1000, gid: 7, additionalGids: [5]}'
	started "$ID" b
	local pid
	pid=$(pid_of)
	[ "$(tr -s ' ' <"/proc/$pid/uid_map")" = " 0 100000 65536" ]
	[ "$(tr -s ' ' <"/proc/$pid/gid_map")" = " 0 200000 65536" ]
	grep -q "^Uid:	101000	101000	101000	101000" "/proc/$pid/status"
	grep -q "^Gid:	200007	200007	200007	200007" "/proc/$pid/status"
	grep -q "^Groups:	200005 " "/proc/$pid/status"
	run ctr exec "$ID" id
	has "uid=1000(guest) gid=7"
	run ctr exec -u 0 "$ID" sh -c 'id -u; touch /made; stat -c %u:%g /made'
	[ "$output" = $'0\n0:0' ]
	[ "$(stat -c %u:%g b/rootfs/made)" = 100000:200000 ]
}

@test "several ranges" {
	needs_root
	inside_mapped '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 10, hostID: 300000, size: 5},
		{containerID: 1000, hostID: 400000, size: 1}]' '
		[ "$(tr -s " " </proc/self/uid_map | tr "\n" ";")" = " 0 100000 10; 10 300000 5; 1000 400000 1;" ]'
}

@test "three hundred and forty lines, and no more" {
	needs_root
	inside_mapped '.linux.uidMappings = [range(340) | {containerID: (. * 2), hostID: (1000 + . * 2), size: 1}]' \
		'[ "$(wc -l </proc/self/uid_map)" = 340 ]'
	refuses "$maps"' | .linux.uidMappings = [range(341) | {containerID: (. * 2), hostID: (100000 + . * 2), size: 1}]' uidMappings
}

@test "devices, mounts and limits work in a user namespace" {
	needs_root
	echo shared >shared
	inside_mapped '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 50, hard: 60}] | .process.oomScoreAdj = 99 |
		.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4000"} |
		.mounts += [{destination: "/tmp/t", type: "tmpfs"}, {destination: "/shared", type: "bind", source: "'"$PWD/shared"'", options: ["bind", "ro"]}] |
		.linux.devices = [{path: "/dev/fuse-like", type: "p"}]' '
		echo x >/dev/null; [ "$(head -c 3 /dev/zero | wc -c)" = 3 ]; [ -c /dev/tty ]; [ -p /dev/fuse-like ]
		[ "$(ulimit -n) $(cat /proc/self/oom_score_adj) $(cat /shared)" = "50 99 shared" ]
		no sh -c "echo x >>/shared"; touch /tmp/t/x
		[ "$(cat /proc/sys/net/ipv4/ip_forward) $(cat /proc/sys/kernel/msgmax)" = "1 4000" ]
		[ -z "$(cat /proc/keys 2>/dev/null)" ]
		[ -e /sys/class/net/lo ]'
}

@test "capabilities count inside only" {
	needs_root
	inside_mapped '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_MKNOD", "CAP_SYS_TIME"])' '
		mount -t tmpfs x /tmp; hostname inner; ip link set lo down 2>/dev/null || ifconfig lo down
		no mknod /root/null c 1 3; date -s 2000-01-01 >/dev/null 2>&1 || :; [ "$(date +%Y)" != 2000 ]'
}

@test "sysfs of the host's network namespace is bound, read-only all the way" {
	needs_root
	inside_mapped '.linux.namespaces |= map(select(.type != "network")) |
			.mounts |= map(select(.type != "cgroup"))' '
		[ -d /sys/class/net ]; no touch /sys/fs/cgroup/x
		while read -r _ _ _ _ p o _; do
			case $p:$o in /sys*:ro,*) ;; /sys*) echo "$p $o"; exit 1 ;; esac; done </proc/self/mountinfo'
}

@test "ids without a map are refused" {
	needs_root
	mapped '.process.user.uid = 70000'
	run ctr run -b b "$ID"
	ended 1
	has "cannot setuid to unmapped uid 70000 in user namespace"
	config b '.process.user = {uid: 0, gid: 70000}'
	run ctr run -b b "$ID"
	ended 1
	has "cannot setgid to unmapped gid 70000 in user namespace"
}

@test "maps that make no sense are refused" {
	refuses '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}]' uidMappings
	refuses "$maps | .linux.uidMappings = []" uidMappings
	refuses "$maps | .linux.uidMappings[0].size = 0" uidMappings
	refuses "$maps | .linux.uidMappings += [{containerID: 5, hostID: 900000, size: 1}]" uidMappings
	refuses "$maps | .linux.gidMappings[0].hostID = 4294967000" gidMappings
}

@test "a user namespace that is joined" {
	needs_root
	mapped
	started "$ID" b
	local pid
	pid=$(pid_of)
	cp -a b b2
	config b2 '.linux.namespaces |= map(if .type == "user" then {type: "user", path: "/proc/'"$pid"'/ns/user"} else . end) |
		del(.linux.uidMappings, .linux.gidMappings) | .process.args = ["sh", "-c", "id -u; readlink /proc/self/ns/user; touch /made2"]'
	run ctr run -b b2 "$ID-2"
	ended 0
	[ "$output" = "0"$'\n'"$(ns_of "$pid" user)" ]
	[ "$(stat -c %u b2/rootfs/made2)" = 100000 ]
}

@test "a terminal in a user namespace belongs to its user" {
	needs_root
	mapped '.process.terminal = true | .process.user.uid = 1000 | .process.args = ["sh", "-c", "tty; stat -c %u /dev/pts/0 /dev/console"]'
	run script -qec "$CTR --root $ROOT run -b b $ID" /dev/null
	ended 0
	[[ $output == */dev/pts/0*1000*1000* ]]
}

# ---- an ordinary user ---------------------------------------------------------------------------

# as_user COMMAND...: as nobody, in the test's directory, which is then theirs. With GRANTED=yes the
# ranges from 300000 on are theirs, too.
as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR "$@"
}
granted() {
	echo nobody:300000:65536 >sub
	unshare -m --propagation private bash -c '
		touch /etc/subuid /etc/subgid
		mount --bind sub /etc/subuid && mount --bind sub /etc/subgid && exec setpriv --reuid 65534 --regid 65534 \
			--clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR "$@"' bash "$@"
}

# rootless [JQ-FILTER]: a bundle b of theirs, as `ctr spec --rootless` has it.
rootless() {
	needs_root # to become somebody else
	as_user unshare -U true || missing "user namespaces for ordinary users"
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	mkdir -p b
	cp -a "$BATS_FILE_TMPDIR/rootfs" b/rootfs
	chown -R 65534:65534 .
	as_user "$CTR" spec --rootless --bundle b
	jq ".process.terminal = false | .root.readonly = false | .process.args = [\"sleep\", \"100\"] | ${1:-.}" b/config.json >new
	cat new >b/config.json
}

@test "rootless: the whole life of a container" {
	rootless
	detached as_user "$CTR" --root "$PWD/mine" create -b b "$ID"
	ended 0
	run as_user "$CTR" --root "$PWD/mine" start "$ID"
	ended 0
	local pid
	pid=$(as_user "$CTR" --root "$PWD/mine" state "$ID" | jq .pid)
	[ "$(stat -c %u "/proc/$pid")" = 65534 ]
	[ "$(tr -s ' ' <"/proc/$pid/uid_map")" = " 0 65534 1" ]
	[ "$(cat "/proc/$pid/setgroups")" = deny ]
	run as_user "$CTR" --root "$PWD/mine" exec "$ID" sh -c 'id -u; touch /made'
	ended 0
	[ "$output" = 0 ]
	[ "$(stat -c %u:%g b/rootfs/made)" = 65534:65534 ]
	run as_user "$CTR" --root "$PWD/mine" list -q
	[ "$output" = "$ID" ]
	as_user "$CTR" --root "$PWD/mine" kill "$ID" KILL
	run as_user "$CTR" --root "$PWD/mine" delete --force "$ID"
	ended 0
	[ -z "$(ls "$PWD/mine")" ]
}

@test "rootless: a user namespace that is joined, with the groups that cannot be given up" {
	rootless
	detached as_user "$CTR" --root "$PWD/mine" run -d -b b --pid-file pid "$ID"
	ended 0
	cp -r b b2
	jq '.linux.namespaces |= map(if .type == "user" then .path = "/proc/'"$(cat pid)"'/ns/user" else . end) |
		del(.linux.uidMappings, .linux.gidMappings) | .process.args = ["readlink", "/proc/self/ns/user"]' b/config.json >b2/config.json
	run as_user "$CTR" --root "$PWD/mine" run -b b2 "$ID-2"
	local expected
	expected=$(ns_of "$(cat pid)" user)
	as_user "$CTR" --root "$PWD/mine" delete --force "$ID"
	ended 0
	[ "$output" = "$expected" ]
}

@test "rootless: exit codes, devices, limits" {
	rootless '.process.args = ["sh", "-c", "echo x >/dev/null; ls -l /dev/null | cut -c1; cat /proc/self/oom_score_adj; ulimit -n; exit 7"] |
		.process.oomScoreAdj = 100 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 30}]'
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 7
	[ "$output" = $'c\n100\n20' ]
}

@test "rootless: the default place for state, also for root of one's own user namespace" {
	rootless
	mkdir -m 700 xdg
	chown 65534 xdg
	detached as_user XDG_RUNTIME_DIR="$PWD/xdg" "$CTR" run -d -b b "$ID"
	[ -d "xdg/ctr/$ID" ]
	as_user XDG_RUNTIME_DIR="$PWD/xdg" "$CTR" delete --force "$ID"
	# As podman calls it.
	run as_user XDG_RUNTIME_DIR="$PWD/xdg" USER=nobody unshare -Ur "$CTR" list -q
	ended 0
	[ "$(as_user XDG_RUNTIME_DIR="$PWD/xdg" USER=nobody unshare -Ur "$CTR" state nosuch 2>&1)" = "ctr: state nosuch: container does not exist" ]
	run as_user "$CTR" run -b b "$ID"
	ended 1
	has "/run/user/65534/ctr"
}

@test "rootless: groups that cannot be had are refused" {
	rootless '.process.user.additionalGids = [0]'
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 1
	has additionalGids
	[ -z "$(ls mine 2>/dev/null)" ]
}

@test "rootless: a limit that cannot be enforced is an error, not forgotten" {
	rootless '.linux.resources.pids.limit = 5'
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	[ "$status" = 1 ]
	[ -z "$(ls mine 2>/dev/null)" ]
}

@test "rootless: ranges through newuidmap" {
	needs newuidmap
	rootless '.linux.uidMappings = [{containerID: 0, hostID: 65534, size: 1}, {containerID: 1, hostID: 300000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .process.user = {uid: 1000, gid: 7, additionalGids: [5]} |
		.process.args = ["sh", "-c", "id; tr -s \" \" </proc/self/uid_map"]'
	run granted "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 0
	has "uid=1000(guest) gid=7 groups=5"
	has " 1 300000 65536"
}

@test "rootless: ranges that are not granted are refused" {
	needs newuidmap
	rootless '.linux.uidMappings = [{containerID: 0, hostID: 65534, size: 1}, {containerID: 1, hostID: 100, size: 10}] |
		.linux.gidMappings = .linux.uidMappings'
	run granted "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 1
	has refused
	has /etc/subuid
	[ -z "$(ls mine)" ]
}

@test "rootless: without a user namespace there is no container" {
	rootless 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 1
	has "user namespace"
}

@test "rootless: hooks, and a listener for the filter" {
	rootless
	cat >note <<-E
		#!/bin/sh
		echo "\$1 \$(id -u) \$(readlink /proc/self/ns/user)" >>$PWD/notes
	E
	chmod 755 note
	jq --arg n "$PWD/note" '.hooks = ([["prestart", "createRuntime", "createContainer", "poststart", "poststop"][] |
		{(.): [{path: $n, args: ["note", .]}]}] | add) | .process.args = ["mkdir", "/tmp/d"] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		listenerPath: "'"$PWD"'/agent.sock", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}' b/config.json >new
	cat new >b/config.json
	as_user "${BATS_TEST_DIRNAME%/tests/*}/build/tests/agent" "$PWD/agent.sock" "$PWD/agent.out" 3>&- &
	local agent=$!
	until_true test -S agent.sock
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	kill "$agent"
	has "Disk quota exceeded"
	[ "$(cut -d' ' -f1 notes | xargs)" = "prestart createRuntime createContainer poststart poststop" ]
	# Inside, the container's root; outside, the user.
	grep -q "^createContainer 0 " notes
	grep -qF "createRuntime 65534 $(ns_of self user)" notes
	[ "$(grep -cF "$(ns_of self user)" notes)" = 4 ]
}

@test "rootless: inside a user namespace that is there already, with and without one more" {
	rootless
	# As podman calls a runtime: root of a user namespace of the user's, which the container stays in.
	config b '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings) |
		.process.args = ["sh", "-c", "id -u; readlink /proc/self/ns/user; tr -s \" \" </proc/self/uid_map"]'
	chown 65534 b/config.json
	run as_user unshare -Urm sh -c "readlink /proc/self/ns/user; exec $CTR --root $PWD/mine run -b b $ID"
	ended 0
	[ "${lines[1]}" = 0 ]
	[ "${lines[0]}" = "${lines[2]}" ]
	# And one inside that.
	config b '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	chown 65534 b/config.json
	run as_user unshare -Urm sh -c "readlink /proc/self/ns/user; exec $CTR --root $PWD/mine run -b b $ID"
	ended 0
	[ "${lines[1]}" = 0 ]
	[ "${lines[0]}" != "${lines[2]}" ]
}

@test "rootless: what takes root is refused by name" {
	rootless '.mounts += [{destination: "/m", source: "/tmp", options: ["bind", "idmap"]}]'
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 1
	has "only root can map the ids of a mount"
	config b 'del(.mounts[-1]) | .linux.netDevices = {eth0: {}} | .linux.namespaces += [{type: "network"}]'
	chown 65534 b/config.json
	run as_user "$CTR" --root "$PWD/mine" run -b b "$ID"
	ended 1
	has "linux.netDevices: only root can move network devices"
	[ -z "$(ls mine 2>/dev/null)" ]
}
