#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# ctr run IMAGE: layers shared by all, a writable layer for each.

load lib
load image

# Two layers: the second deletes, replaces, hides and adds.
two_layers() {
	mkdir -p top/etc top/srv top/home
	echo changed >top/etc/group
	touch top/etc/.wh.passwd top/home/.wh..wh..opq
	echo new >top/srv/new
	chmod 1777 top/srv
	mkdir -p base
	cp -a "$BATS_FILE_TMPDIR/rootfs/." base
	echo old >base/home/old
	"$MKIMAGE" -c '{"Entrypoint": ["sh", "-c"], "Cmd": ["echo $A; pwd"], "Env": ["A=env"],
		"WorkingDir": "/srv/deep", "Labels": {"run.oci.systemd": "yes", "x": "y"},
		"Volumes": {"/../../canary": {}}}' layout two:1 base top >/dev/null
	ctr load -q -i layout >/dev/null
}

@test "an image runs with its own command and environment; nothing is left" {
	loaded
	run ctr run --rm base:1
	ended 0
	[ "$output" = "it runs" ]
	run ctr run --rm base:1 sh -c 'echo $FROM'
	[ "$output" = image ]
	store_is_clean
}

@test "layers: what is deleted, replaced, hidden and new is seen so" {
	two_layers
	run ctr run --rm two:1 'cat /etc/group /srv/new; ls /etc /home; stat -c %a /srv'
	ended 0
	[ "$output" = "changed
new
/etc:
group

/home:
1777" ]
}

@test "entry point, working directory and command are the image's unless told otherwise" {
	two_layers
	run ctr run --rm two:1
	[ "$output" = "env
/srv/deep" ]
	run ctr run --rm -w / --entrypoint pwd two:1
	[ "$output" = / ]
}

@test "what one container writes no other sees, and the image stays as it is" {
	loaded
	tree=$(find "$STORE/layers" -printf '%p %s %T@\n' | sha256sum)
	ctr run --name "$ID" base:1 sh -c 'echo x >/etc/mine; rm /etc/group; echo y >>/etc/passwd'
	run ctr run --rm base:1 sh -c 'ls /etc/mine; wc -l </etc/passwd; cat /etc/group >/dev/null'
	ended 0
	has "No such file"
	[ "$(find "$STORE/layers" -printf '%p %s %T@\n' | sha256sum)" = "$tree" ]
	[ -n "$(find "$STORE"/containers/"$ID".*/upper/etc/mine)" ]
	ctr delete "$ID"
	store_is_clean
}

@test "users are looked up in the layers, the upper ones first" {
	two_layers
	run ctr run --rm -u guest two:1 id
	ended 125
	has "there is no user"
	loaded
	run ctr run --rm -u guest base:1 id -u
	[ "$output" = 1000 ]
}

@test "--disk SIZE,memory keeps the writable layer in memory, no larger than that" {
	loaded
	run ctr run --rm --disk 1m,memory base:1 sh -c 'dd if=/dev/zero of=/big bs=64k count=64 2>&1; ls /etc'
	has "No space left"
	has passwd
	store_is_clean
}

@test "E7: a label, a volume or an annotation of an image chooses nothing" {
	two_layers
	run ctr run --name "$ID" two:1 true
	ended 0
	run cat "$ROOT/$ID/config.json"
	[[ $output != *run.oci* && $output != *canary* ]]
	[ "$(find / -maxdepth 1 -name canary)" = "" ]
}

@test "a name that is not there says so, and no container is made" {
	loaded
	run ctr run --rm --pull never nothing:1
	ended 125
	has 'there is no image "nothing:1"'
	run ctr run --rm --pull sometimes base:1
	ended 125
	store_is_clean
}

@test "a run that fails before there is a container leaves nothing" {
	loaded
	run ctr run --name "$ID" --device /dev/nowhere base:1
	ended 125
	store_is_clean
	try ctr run --name "$ID" base:1 /no/such/program
	ended 127
	store_is_clean
}

@test "an id is taken only once, and what was killed half-way does not hold it" {
	loaded
	ctr run --name "$ID" base:1 true
	run ctr run --name "$ID" base:1 true
	ended 125
	has exists
	ctr delete "$ID"
	mkdir -p "$STORE/containers/left.1"
	scratch=$STORE/containers/$ID.$(printf %s "$ROOT" | sha256sum | cut -c 1-8)
	mkdir -p "$scratch/upper"
	echo "$ROOT/$ID" >"$scratch/uses"
	ctr run --rm --name "$ID" base:1 true
	rmdir "$STORE/containers/left.1"
	store_is_clean
}

@test "thirty at once from one image" {
	loaded
	local i pids=()
	for ((i = 0; i < 30; i++)); do
		ctr run --rm base:1 sh -c "echo $i >/x; cat /x" >out.$i 2>&1 </dev/null &
		pids+=($!)
	done
	for ((i = 0; i < 30; i++)); do
		wait "${pids[$i]}"
		[ "$(<out.$i)" = $i ]
	done
	store_is_clean
}

@test "an ordinary user runs an image from a store of his own" {
	needs_root
	needs setpriv
	loaded
	new_user
	run as_user load -q -i user/layout
	ended 0
	run as_user run --rm base:1 sh -c 'id -u; echo x >/etc/x; cat /etc/x'
	ended 0
	[ "$output" = "0
x" ]
	[ -z "$(ls -A user/store/containers)" ]
}

@test "--rm: its layer is not written to disk, and not used again after a crash" {
	loaded
	"$CTR" --root "$ROOT" --store "$STORE" run --rm --network none --name "$ID" base:1 \
		sh -c 'grep -q "^overlay / .*volatile" /proc/mounts && touch /there; sleep 100' >out 2>&1 3>&- 4>&- &
	pid=$!
	is_there() { [ "$(ctr diff "$ID" 2>/dev/null)" = "A /there" ]; }
	until_true is_there
	kill -9 "$pid"
	ctr kill "$ID" KILL || :
	wait_for stopped
	run ctr start "$ID"
	[ "$status" -ne 0 ]
	has "may have lost some of what it wrote"
	run ctr cp "$ID:/there" .
	[ "$status" -ne 0 ]
	has "may have lost some"
	ctr rm "$ID"
	store_is_clean
	# Who stays is written to disk.
	run ctr run --network none --name "$ID" base:1 grep "^overlay / " /proc/mounts
	ended 0
	[[ $output != *volatile* ]]
	ctr rm "$ID"
}
