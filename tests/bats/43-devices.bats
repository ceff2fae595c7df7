#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Device nodes, the links of /dev, and which devices may be used.

load lib
load oci

# For scripts: `node PATH` prints type, numbers, permissions and owner; `opens PATH` tries to read.
NODE='node() { stat -c "%F %t:%T %a %u:%g" "$1"; }; is() { [ "$(node $1)" = "$2" ] || { echo "$1: $(node $1)"; return 1; }; };
	opens() { head -c 1 "$1" >/dev/null 2>&1; };'

@test "the six devices and the links that every container has" {
	holds . "$NODE"'
		is /dev/null "character special file 1:3 666 0:0"; is /dev/zero "character special file 1:5 666 0:0"
		is /dev/full "character special file 1:7 666 0:0"; is /dev/random "character special file 1:8 666 0:0"
		is /dev/urandom "character special file 1:9 666 0:0"; is /dev/tty "character special file 5:0 666 0:0"
		cd /dev
		[ "$(readlink fd) $(readlink stdin) $(readlink stdout) $(readlink stderr)" = \
			"/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2" ]
		[ "$(readlink ptmx)" = pts/ptmx ]
		[ "$(head -c 4 zero | od -An -tx1)" = " 00 00 00 00" ]
		echo x >null; opens urandom; no sh -c "echo x >full"
		[ "$(ls | grep -vE "^(null|zero|full|random|urandom|tty|fd|stdin|stdout|stderr|core|ptmx|pts|shm|mqueue|console)$")" = "" ]'
}

@test "devices of the config: kinds, modes, owners, places" {
	holds '.linux.devices = [
		{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 432, uid: 5, gid: 6},
		{path: "/dev/deep/er/block", type: "b", major: 7, minor: 99, fileMode: 384},
		{path: "/run/queue", type: "p", fileMode: 420}, {path: "/dev/u", type: "u", major: 1, minor: 5},
		{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438, gid: 7}]' "$NODE"'
		is /dev/fuse "character special file a:e5 660 5:6"
		is /dev/deep/er/block "block special file 7:63 600 0:0"
		is /run/queue "fifo 0:0 644 0:0"
		is /dev/u "character special file 1:5 666 0:0"
		is /dev/null "character special file 1:3 666 0:7"'
}

@test "the file mode is decimal, and no umask changes it" {
	umask 077
	holds '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 8630}]' \
		"$NODE"'is /dev/x "character special file 1:3 666 0:0"'
}

@test "what is there already must be the same device" {
	bundle b '.mounts |= map(select(.destination != "/dev" and (.destination | startswith("/dev/") | not))) |
		.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}] | .process.args = ["true"]'
	rm -rf b/rootfs/dev
	mkdir b/rootfs/dev
	mknod b/rootfs/dev/x c 1 5 || skip "no mknod here"
	run ctr run -b b "$ID"
	ended 1
	has "linux.devices[0] /dev/x"
	has "file exists"
	rm b/rootfs/dev/x
	mknod b/rootfs/dev/x c 1 3
	ln -s /etc/passwd b/rootfs/dev/stdin # a stale link is replaced
	run ctr run -b b "$ID"
	ended 0
	[ "$(readlink b/rootfs/dev/stdin)" = /proc/self/fd/0 ]
}

@test "devices that make no sense are refused" {
	refuses '.linux.devices = [{path: "/dev/x", type: "q", major: 1, minor: 3}]' linux.devices
	refuses '.linux.devices = [{path: "relative", type: "c", major: 1, minor: 3}]' linux.devices
	refuses '.linux.devices = [{path: "/dev", type: "c", major: 1, minor: 3}]' linux.devices
	refuses '.linux.devices = [{path: "/dev/x", type: "c"}]' linux.devices
}

@test "a bound /dev is the operator's own" {
	mkdir dev
	touch dev/mine
	holds '.mounts |= (map(select(.destination | startswith("/dev") | not)) +
		[{destination: "/dev", type: "bind", source: "'"$BATS_TEST_TMPDIR/dev"'", options: ["bind"]}])' \
		'[ "$(ls /dev)" = mine ]'
	[ "$(ls dev)" = mine ]
}

# ---- what may be used ---------------------------------------------------------------------------

needs_device_rules() {
	needs_root
	is_v2 || needs_controller devices
}

@test "by default only the usual devices can be used, though others can be made" {
	needs_device_rules
	holds '.linux.resources.devices = [{allow: false, access: "rwm"}] |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])' "$NODE"'
		opens /dev/zero; opens /dev/urandom; : >/dev/null
		mknod /dev/my-kmsg c 1 11; mknod /dev/my-loop b 7 0; mknod /dev/my-zero c 1 5
		opens /dev/my-zero; no opens /dev/my-kmsg; no opens /dev/my-loop; no sh -c ": >/dev/my-kmsg"'
}

@test "rules in order: wider and narrower ones, single rights" {
	needs_device_rules
	local mknod='.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
	holds "$mknod"' | .linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, minor: 11, access: "r"}]' '
		mknod /dev/my-kmsg c 1 11
		: </dev/my-kmsg
		no sh -c ": >>/dev/my-kmsg"'
	local except="$mknod"' | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, access: "rw"},
			{allow: false, type: "c", major: 1, minor: 11, access: "w"}]'
	if is_v2; then
		holds "$except" 'mknod /dev/my-x c 1 11; : </dev/my-x; no sh -c ": >>/dev/my-x"'
	else # the old controller has no exceptions within a range
		refuses "$except" "cgroup v1 cannot take"
	fi
}

@test "everything but one" {
	needs_device_rules
	local filter='.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"]) | .linux.resources.devices = [
		{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 11, access: "rwm"}]'
	inside "$filter" 'mknod /dev/my-ptp c 1 11 && (: </dev/my-ptp)'
	[ "$status" != 0 ]
}

@test "exec is under the same rules" {
	needs_device_rules
	running "$ID" '.linux.resources.devices = [{allow: false, access: "rwm"}] |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
	run ctr exec "$ID" sh -c 'mknod /dev/my-kmsg c 1 11; : </dev/my-kmsg'
	has "ermitted"
}

@test "rules that make no sense are refused" {
	refuses '.linux.resources.devices = [{allow: true, type: "x", access: "r"}]' linux.resources.devices
	refuses '.linux.resources.devices = [{allow: true, type: "c", access: "q"}]' linux.resources.devices
	refuses '.linux.resources.devices = [{allow: true, type: "c", access: ""}]' linux.resources.devices
}

# ---- terminals ----------------------------------------------------------------------------------

@test "/dev/console is the terminal, and there is none without one" {
	light b '.process.terminal = true | .process.args = ["sh", "-c", "stat -c %t:%T /dev/console; tty; stat -c %u /dev/pts/0; ls /dev/pts"] |
		.process.user = {uid: 1000, gid: 1000}'
	run script -qec "$CTR --root $ROOT run -b b $ID" /dev/null
	ended 0
	[[ $output == *88:0*/dev/pts/0*1000* ]] # script itself may add to it
	holds . '[ ! -e /dev/console ]; [ "$(ls /dev/pts)" = ptmx ]'
}
