#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: the machine's file systems are overlay and tmpfs, which its kernel cannot mount with mapped ids.
# Id-mapped mounts: whose the files are, seen from inside and from outside.

load lib
load oci

setup() {
	new_test
	needs_root
	# The kernel cannot map the ids of every file system: an overlay's, for one.
	mkdir -p src/sub
	mount -t tmpfs ctr-test src
	mkdir src/sub
	mount -t tmpfs ctr-sub src/sub
	local dir
	for dir in src src/sub; do
		touch "$dir/zero" "$dir/one" "$dir/thousand"
		chown 1:1 "$dir/one"
		chown 1000:1000 "$dir/thousand"
	done
	chmod 777 src src/sub
	HERE=$PWD
}

teardown_mounts() { umount src/sub src; }
teardown() {
	local id bad=0
	cd "$HERE" || return
	for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id" || bad=1
	done
	teardown_mounts
	cd /
	nothing_left || bad=1
	return "$bad"
}

# A user namespace of the container's own.
USERNS='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
	.linux.gidMappings = .linux.uidMappings'
MAPS='uidMappings: [{containerID: 0, hostID: 5000, size: 2000}], gidMappings: [{containerID: 0, hostID: 6000, size: 2000}]'

# mounted OPTIONS [MORE]
mounted() { printf '.mounts += [{destination: "/m", type: "bind", source: "%s/src", options: [%s]%s}]' "$HERE" "$1" "${2:+, $2}"; }

SHOW='cd /m; stat -c %u:%g zero one thousand; stat -c %u:%g sub/zero'

@test "idmap: the container's own maps, for one mount or for all below it" {
	owned b 100000 100000 "$USERNS | $(mounted '"rbind", "idmap"') | .process.args = [\"sh\", \"-c\", \"$SHOW; touch new\"]"
	run ctr run -b b "$ID"
	ended 0
	[ "$(xargs <<<"$output")" = "0:0 1:1 1000:1000 65534:65534" ]
	[ "$(stat -c %u:%g src/new)" = 0:0 ]
	config b "(.mounts[] | select(.destination == \"/m\")).options = [\"rbind\", \"ridmap\"]"
	run ctr run -b b "$ID"
	ended 0
	[ "$(xargs <<<"$output")" = "0:0 1:1 1000:1000 0:0" ]
}

@test "mappings of the mount's own, with the option and without" {
	local options
	for options in '"bind", "idmap"' '"bind"'; do
		inside "$(mounted "$options" "$MAPS")" "cd /m; stat -c %u:%g zero one thousand; touch mine"
		ended 1 # root of the host is not one of those that are mapped
		[ "$(head -3 <<<"$output" | xargs)" = "5000:6000 5001:6001 6000:7000" ]
	done
	[ ! -e src/mine ]
}

@test "mappings win over the container's; both in a user namespace" {
	owned b 100000 100000 "$USERNS | $(mounted '"rbind", "ridmap"' 'uidMappings: [{containerID: 0, hostID: 101000, size: 1000}],
		gidMappings: [{containerID: 0, hostID: 102000, size: 1000}]') | .process.args = [\"sh\", \"-c\", \"$SHOW\"]"
	run ctr run -b b "$ID"
	ended 0
	[ "$(xargs <<<"$output")" = "1000:2000 1001:2001 65534:65534 1000:2000" ]
}

@test "idmap=uids=…;gids=…, as podman 4 writes it" {
	owned b 100000 100000 "$USERNS | $(mounted '"bind", "idmap=uids=0-100005-10;gids=@0-6-10"') | .process.args = [\"sh\", \"-c\", \"stat -c %u:%g /m/zero\"]"
	run ctr run -b b "$ID"
	ended 0
	[ "$output" = 5:6 ]
}

@test "with other options: ro, nosuid, propagation, a file, a relative source" {
	light b "$(mounted '"bind", "ro", "nosuid", "noexec", "private"' "$MAPS") |
		.mounts += [{destination: \"/f\", type: \"bind\", source: \"../src/one\", options: [\"bind\"], $MAPS}] |
		.process.args = [\"sh\", \"-c\", \"grep -w /m /proc/self/mountinfo; stat -c %u /f; touch /m/x\"]"
	run ctr run -b b "$ID"
	ended 1
	has "ro,nosuid,noexec"
	has 5001
	has "Read-only file system"
	# Of the host's mount nothing has changed.
	touch src/y
	[ "$(stat -c %u src/one)" = 1 ]
}

@test "several, and exec sees them" {
	owned b 100000 100000 "$USERNS | $(mounted '"bind", "idmap"') | .mounts += [range(5) |
		{destination: \"/n\\(.)\", type: \"bind\", source: \"$HERE/src\", options: [\"bind\"],
		uidMappings: [{containerID: 0, hostID: (100000 + . * 10), size: 5}], gidMappings: [{containerID: 0, hostID: 100000, size: 5}]}]"
	ctr run -d -b b "$ID" >out 2>&1 </dev/null
	run ctr exec "$ID" stat -c %u /m/one /n0/one /n1/one /n4/one
	[ "$(xargs <<<"$output")" = "1 1 11 41" ]
}

@test "in a user namespace that is joined" {
	unshare -U sleep 100 3>&- &
	local pid=$!
	has_left() { [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ]; }
	until_true has_left
	echo 0 200000 65536 >/proc/$pid/uid_map
	echo 0 200000 65536 >/proc/$pid/gid_map
	owned b 200000 200000 "$(mounted '"bind", "idmap"') | .linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}] |
		.process.args = [\"stat\", \"-c\", \"%u\", \"/m/thousand\"]"
	run ctr run -b b "$ID"
	kill "$pid"
	ended 0
	has 1000
}

@test "what cannot be: another file system type, half a map, overlay" {
	refuses ".mounts += [{destination: \"/m\", type: \"tmpfs\", $MAPS}]" "id maps on anything but a bind mount"
	refuses "$(mounted '"bind"' 'uidMappings: [{containerID: 0, hostID: 1, size: 1}]')" "need one another"
	mkdir o o/l o/u o/w o/m
	mount -t tmpfs none o
	mkdir o/l o/u o/w o/m
	mount -t overlay -o lowerdir=o/l,upperdir=o/u,workdir=o/w none o/m
	light b ".mounts += [{destination: \"/m\", type: \"bind\", source: \"$HERE/o/m\", options: [\"bind\"], $MAPS}]"
	run ctr run -b b "$ID"
	umount o/m o
	ended 1
	has "mounts[7]: map the ids of"
	has "its file system"
}
