#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: a file system in a file is the same everywhere.
# --disk: a writable layer that ends where it was said to end.

load lib
load engine
load image

setup() {
	[ -w /dev/loop-control ] || missing "needs loop devices"
	PATH=$PATH:/usr/sbin:/sbin
	needs mke2fs
	new_test_store
	loaded
}

# loops: the devices that are behind files of this test.
loops() { grep -lsF "$BATS_TEST_TMPDIR" /sys/block/loop*/loop/backing_file || :; }
no_loops() { [ -z "$(loops)" ]; }
stopped() { [ "$(state_of)" = stopped ]; }

@test "disk: it is full at its end, and kept" {
	run ctr run --network none --name "$ID" --disk 16m base:1 sh -c 'echo kept >/file; rm /etc/group
		dd if=/dev/zero of=/big bs=64k count=1000 2>&1; rm /big; dd if=/dev/zero of=/more bs=64k count=64 2>&1'
	ended 0
	has "No space left"
	has "64+0 records out"
	until_true no_loops
	# As any other one that does not run.
	[ "$(ctr diff "$ID")" = "C /etc
D /etc/group
A /file
A /more" ] || { ctr diff "$ID"; false; }
	[ "$(ctr cp "$ID:/file" - | tar -xO)" = kept ]
	echo in >in && ctr cp in "$ID:/in"
	ctr export "$ID" | tar -t >names
	grep -qx file names && grep -qx in names && ! grep -qx etc/group names
	ctr commit "$ID" made:1
	[ "$(ctr run --rm --network none made:1 cat /file /in)" = "kept
in" ]
	[ "$(ctr inspect -f '{{.HostConfig.StorageOpt.size}}' "$ID")" = 16777216 ]
	ctr system df -v | grep -q "$ID"
	until_true no_loops
	# And it starts again with what it had.
	ctr start "$ID"
	until_true stopped
	ctr rm "$ID"
	until_true no_loops
	store_is_clean
}

@test "disk: of a running container, and of one whose ctr was killed" {
	box_args=(--network none --name "$ID" --disk 16m base:1)
	"$CTR" --root "$ROOT" --store "$STORE" run "${box_args[@]}" sh -c 'echo x >/file; sync; sleep 100' \
		>out 2>&1 3>&- 4>&- &
	pid=$!
	has_file() { [ "$(ctr diff "$ID" 2>/dev/null)" = "A /file" ]; }
	until_true has_file
	[ "$(loops | wc -l)" = 1 ] # the same device, not another one
	kill -9 "$pid"
	ctr kill "$ID" KILL || :
	until_true no_loops
	[ "$(ctr cp "$ID:/file" - | tar -xO)" = x ]
	ctr rm -f "$ID"
	store_is_clean
}

@test "disk: each has its own, and none the neighbour's" {
	for i in 1 2; do
		ctr create --network none --name "$ID-$i" --disk 8m base:1 \
			sh -c "echo $i >/file; dd if=/dev/zero of=/big bs=64k 2>/dev/null; cat /file; df -P / | tail -1" >/dev/null
	done
	ctr start -a "$ID-1" >one &
	ctr start -a "$ID-2" >two
	until_true grep -q overlay one
	[ "$(head -1 one)" = 1 ] && [ "$(head -1 two)" = 2 ]
	grep -q '100% /$' one && grep -q '100% /$' two
	ctr rm -f "$ID-1" "$ID-2"
	until_true no_loops
	store_is_clean
}

@test "disk: what can't be is said" {
	run ctr run --rm --network none --disk 1m base:1 true
	ended 125
	has "a file system needs 8m or more"
	run ctr run --rm --network none --disk 16m,nothing base:1 true
	has "expected a size such as 256m, or 256m,memory"
	run ctr run --rm --network none --disk 1m,memory base:1 sh -c 'df -P / | tail -1'
	ended 0
	has "1024"
	new_user
	as_user load -q -i user/layout >/dev/null
	run as_user run --rm --network none --disk 16m base:1 true
	[ "$status" = 125 ]
	has "only root can mount a file system of that size"
	has "--disk 16m,memory"
	run as_user run --rm --network none --disk 1m,memory base:1 sh -c 'df -P / | tail -1'
	[ "$status" = 0 ]
	has "1024"
	store_is_clean
}

@test "disk: a tenant's containers share what it has" {
	T=t$$-$BATS_TEST_NUMBER
	ctr tenant create "$T" --disk 40m "${HOST_IDS[@]}"
	ctr tenant create "$T/web" "${HOST_IDS[@]}"
	run ctr run --rm --network none --tenant "$T/web" base:1 true
	ended 125
	has "this one says none"
	has "--disk SIZE is its part"
	for way in "--read-only" "--disk 8m,memory" "--disk 40m"; do
		# shellcheck disable=SC2086
		run ctr run --rm --network none --tenant "$T/web" $way base:1 true
		ended 0
	done
	ctr create --network none --name "$ID" --tenant "$T" --disk 24m base:1 true
	run ctr run --rm --network none --tenant "$T/web" --disk 24m base:1 true
	ended 125
	has "of the 40.00 that tenant $T may write, 16.00 are left"
	run ctr tenant set "$T" --disk 20m
	[ "$status" -ne 0 ]
	has "have 24.0 MiB of it already"
	ctr tenant set "$T" --disk 24m
	ctr start -a "$ID" # its own part is not counted twice
	# At once: one is given what is left, the other is not.
	ctr tenant set "$T" --disk 40m
	for i in 1 2 3; do
		ctr create --network none --name "$ID-$i" --tenant "$T" --disk 16m base:1 true >"$i.out" 2>&1 &
		pids[i]=$!
	done
	made=0
	for i in 1 2 3; do ! wait "${pids[i]}" || made=$((made + 1)); done
	[ "$made" = 1 ] || { cat ./*.out; false; }
	for left in $(ctr ps -aq); do ctr rm -f "$left"; done
	ctr tenant set "$T" --disk -1
	run ctr run --rm --network none --tenant "$T" base:1 true
	ended 0
	ctr tenant rm "$T/web"
	ctr tenant rm "$T"
	store_is_clean
}
