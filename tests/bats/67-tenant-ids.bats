#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: a machine's root is an overlay, of which the kernel maps no ids.
# The containers of a tenant have ids of their own: root in there is nobody on the host, nor in a
# container of another tenant.

load lib
load image

setup() {
	new_test_store
	needs_root
	T=i$$-$BATS_TEST_NUMBER
	[ "$(stat -f -c %T /)" != overlayfs ] || missing "the ids of an overlay cannot be mapped"
	ctr tenant create "$T" --pids 100
	first=$(ctr tenant show "$T" | jq .idFirst)
}

teardown() {
	local id name bad=0
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do ctr delete --force "$id" || bad=1; done
	for name in $(ctr tenant ls --json | jq -r '.[].name'); do ctr tenant rm "$name" || bad=1; done
	nothing_left || bad=1
	return "$bad"
}

pid_of() { ctr state "$1" | jq .pid; }
id_outside() { stat -c %u "/proc/$(pid_of "$1")"; }
has_exited() { [ "$(ctr inspect "$ID" | jq -r '.[0].State.Status')" = exited ]; }
allow_here() { ctr tenant set "$T" --allow "mounts=$PWD"; }

@test "root in a tenant's container is an id of its tenant's outside" {
	ctr tenant create "$T-2"
	ctr run -d --name "$ID-1" --tenant "$T" host sleep 100 >out 2>&1
	ctr run -d --name "$ID-2" --tenant "$T-2" host sleep 100 >out 2>&1
	ctr run -d --name "$ID-3" --tenant "$T-2" --user 7:8 host sleep 100 >out 2>&1
	ctr run -d --name "$ID-4" host sleep 100 >out 2>&1
	other=$(ctr tenant show "$T-2" | jq .idFirst)
	[ "$other" -ge $((first + 65536)) ]
	[ "$(id_outside "$ID-1")" = "$first" ]
	[ "$(id_outside "$ID-2")" = "$other" ]
	[ "$(id_outside "$ID-3")" = $((other + 7)) ]
	[ "$(id_outside "$ID-4")" = 0 ]
	# Whoever comes later is one of them.
	run ctr exec "$ID-1" cat /proc/self/uid_map
	ended 0
	[ "$(awk '{print $1, $2, $3}' <<<"$output")" = "0 $first 65536" ]
}

@test "the image host: its files are root's in there, and can be changed there alone" {
	run ctr run --rm --tenant "$T" host sh -ec '
		[ "$(stat -c %u:%g /etc /usr/bin/env /etc/passwd | sort -u)" = 0:0 ]
		echo x >/etc/new; rm /etc/passwd; mv /etc/group /etc/g; chown 5:6 /etc/g
		mkdir /etc/g2 && rmdir /etc/g2; rm -r /etc/default; mkdir /etc/default
		[ "$(ls -A /etc/default)" = "" ]
		stat -c %u:%g /etc/new /etc/g
		[ ! -e /etc/shadow ]; : >/etc/shadow; ls -l /dev/null; cat /dev/null'
	ended 0
	has 0:0
	has 5:6
	[ ! -e /etc/new ] && [ -e /etc/passwd ]
}

@test "the image of a store: its layers are shared, and what is written is the container's" {
	loaded
	run ctr run --name "$ID" --tenant "$T" base:1 sh -c 'touch /mine; chown 5:5 /mine
		stat -c "%u %n" /etc /mine; rm /etc/passwd'
	ended 0
	has "0 /etc"
	has "5 /mine"
	# On the disk they are plain ids, so the same when the tenant is another one.
	[ "$(stat -c %u "$STORE"/containers/*/upper/mine)" = 5 ]
	run ctr run --rm base:1 sh -c 'stat -c "%u %n" /etc/passwd; ls /'
	has "0 /etc/passwd"
	[[ $output != *mine* ]]
	# Once more, from its record.
	ctr start "$ID"
	until_true has_exited
	ctr delete "$ID"
	for disk in 8m 8m,memory; do
		run ctr run --rm --disk "$disk" --tenant "$T" base:1 sh -c 'touch /mine; stat -c "%u %n" /mine'
		ended 0
		has "0 /mine"
	done
	store_is_clean
}

@test "a directory of the host and a volume: root in there writes as root" {
	mkdir dir
	echo secret >dir/private
	chmod 600 dir/private
	chmod 711 .
	run ctr run --rm --tenant "$T" -v "$PWD/dir:/data" host cat /data/private
	ended 125
	has "may not ask for mounts"
	allow_here
	run ctr run --rm --tenant "$T" -v "$PWD/dir:/data" host sh -c 'cat /data/private; touch /data/new; stat -c %u /data'
	ended 0
	[ "$output" = "secret
0" ]
	[ "$(stat -c %u dir/new)" = 0 ]
	run ctr run --rm --tenant "$T" -v "$PWD/dir:/data:ro" host touch /data/x
	[ "$status" != 0 ]
	has "Read-only"
	mkdir root
	cp -a "$BATS_FILE_TMPDIR/rootfs/." root
	run ctr run --rm --tenant "$T" --rootfs "$PWD/root" sh -c 'touch /mine; stat -c %u /mine'
	ended 0
	[ "$output" = 0 ]
	[ "$(stat -c %u root/mine)" = 0 ]
}

@test "cp, export, commit: the ids are those of the container" {
	loaded
	ctr run -d --name "$ID" --tenant "$T" base:1 sh -c 'touch /mine; chown 3:4 /mine; exec sleep 100' >out 2>&1
	echo hello >file
	chown 5:6 file
	ctr cp file "$ID:/file"
	ctr cp -a file "$ID:/kept"
	tar c file | ctr cp - "$ID:/etc"
	run ctr exec "$ID" stat -c "%u:%g" /etc/file
	has 5:6
	run ctr exec "$ID" sh -c 'stat -c "%u:%g %n" /file /kept /mine; cat /file'
	ended 0
	has "0:0 /file"
	has "5:6 /kept"
	has "3:4 /mine"
	has hello
	ctr cp -a "$ID:/mine" got
	[ "$(stat -c %u:%g got)" = 3:4 ]
	ctr export "$ID" -o all.tar
	[ "$(tar tvf all.tar --numeric-owner | grep -E ' (mine|kept)$' | awk '{print $2}' | sort | xargs)" = "3/4 5/6" ]
	ctr commit "$ID" localhost/new:1
	run ctr run --rm --tenant "$T" --pull never localhost/new:1 stat -c "%u:%g %n" /mine /kept /etc
	ended 0
	has "3:4 /mine"
	has "5:6 /kept"
	has "0:0 /etc"
	# The same of one that has stopped.
	ctr kill "$ID" KILL
	until_true has_exited
	ctr cp -a file "$ID:/later"
	ctr cp -a "$ID:/kept" again
	[ "$(stat -c %u:%g again)" = 5:6 ]
	[ "$(stat -c %u:%g "$STORE"/containers/"$ID".*/upper/later)" = 5:6 ]
}

@test "what privilege in there is not: the host's files, kernel and limits" {
	run ctr run --rm --tenant "$T" host sh -c '
		echo 1 >/proc/sys/kernel/panic || echo one
		mount -o remount,rw /sys || echo two
		mknod /x b 8 0 || echo three
		cat /proc/1/environ >/dev/null && echo done'
	ended 0
	[ "$(grep -xE "one|two|three|done" <<<"$output" | xargs)" = "one two three done" ]
}

@test "host-ids: a tenant whose containers have the host's" {
	ctr tenant set "$T" --allow host-ids
	ctr run -d --name "$ID" --tenant "$T" host sleep 100 >out 2>&1
	[ "$(id_outside "$ID")" = 0 ]
	ctr tenant set "$T" --deny host-ids
	ctr run -d --name "$ID-2" --tenant "$T" host sleep 100 >out 2>&1
	[ "$(id_outside "$ID-2")" = "$first" ]
}

@test "a file system whose ids cannot be mapped is refused by name" {
	local fs=$PWD/fs
	mkdir "$fs" lower upper work
	mount -t overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/work" ctr-test "$fs"
	cp -a "$BATS_FILE_TMPDIR/rootfs/." "$fs"
	chmod 711 .
	run ctr run --rm --tenant "$T" --rootfs "$fs" true
	umount "$fs"
	ended 125
	has "the root file system: map the ids of $fs"
	has "--allow host-ids"
}
