#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# Killed at any moment, several at once: the store is what it was or what it should become, and the next
# one cleans up.

load lib
load image

# The moments are random: a hundred and sixty in one run of this file; CTR_KILLS=200 CTR_KILLERS=8 makes more
# of those in which all verbs of the engine are killed. They take half a minute, and ten where others want the
# processors, too: each is a race of some processes for them.
[ -z "${CTR_KILLS:-}" ] || export BATS_TEST_TIMEOUT=1800
# Every blob is what its name says, every image is complete, every layer has its tree.
store_verifies() {
	local digest blob
	(cd "$STORE/blobs/sha256" && sha256sum -- * 2>/dev/null | awk '$1 != $2 { print "not itself: " $2; bad = 1 }
		END { exit bad }') || return 1
	[ ! -e "$STORE/index.json" ] || jq -e . "$STORE/index.json" >/dev/null || return 1
	for digest in $(jq -r '.manifests[].digest[7:]' "$STORE/index.json" 2>/dev/null); do
		for blob in "$digest" $(jq -r '.config.digest[7:], .layers[].digest[7:]' \
			"$STORE/blobs/sha256/$digest"); do
			[ -e "$STORE/blobs/sha256/$blob" ] || { echo "missing: $blob"; return 1; }
		done
	done
	for blob in "$STORE"/layers/*; do
		[ ! -e "$blob" ] || [ "$(find "$blob"/*/bin/busybox "$blob"/*/big 2>/dev/null)" ] ||
			{ echo "half a layer: $blob"; return 1; }
	done
}

# killed SECONDS COMMAND...: ends it with SIGKILL after that long, children and all it left included.
killed() {
	timeout -s KILL "$@" >/dev/null 2>&1 3>&- 4>&- || :
}

after() { printf '0.%03d' $((RANDOM % $1 + 1)); }

images() {
	base_image base:1
	mkdir -p more
	head -c 3000000 /dev/urandom >more/big
	for i in {1..300}; do echo "$i" >"more/f$i"; done
	"$MKIMAGE" layout two:1 "$BATS_FILE_TMPDIR/rootfs" more >/dev/null
}

@test "killed while loading, at sixty moments: the store verifies and a retry works" {
	images
	for ((i = 0; i < 60; i++)); do
		killed "$(after 160)" "$CTR" --store "$STORE" load -q -i layout
		[ $((i % 10)) != 9 ] || store_verifies
		[ $((i % 20)) != 19 ] || rm -rf "$STORE"
	done
	ctr load -q -i layout
	store_verifies
	ctr prune
	store_is_clean
	ctr run --rm base:1 true
}

@test "killed while running, removing, pruning and loading, eight at once" {
	images
	ctr load -q -i layout
	worker() {
		local i
		for ((i = 0; i < 9; i++)); do
			case $((RANDOM % 4)) in
			0) killed "$(after 120)" "$CTR" --store "$STORE" load -q -i layout ;;
			1) killed "$(after 60)" "$CTR" --root "$ROOT" --store "$STORE" run --rm --pull never \
				--name "$ID-$1-$i" base:1 true ;;
			2) killed "$(after 60)" "$CTR" --store "$STORE" rmi -f two:1 ;;
			3) killed "$(after 60)" "$CTR" --store "$STORE" prune ;;
			esac
		done
	}
	local w pids=()
	for w in {1..8}; do
		worker "$w" 3>&- 4>&- &
		pids+=($!)
	done
	for w in "${pids[@]}"; do wait "$w"; done
	for id in $(ctr list -q); do ctr delete --force "$id"; done
	store_verifies
	ctr load -q -i layout
	ctr prune
	store_verifies
	store_is_clean
	ctr run --rm base:1 true
	ctr run --rm two:1 true
	ctr rmi -f base:1 two:1
	ctr prune
	[ -z "$(find "$STORE/blobs" -type f)$(find "$STORE/layers" -mindepth 1)" ]
}

# What each of them is doing when it is killed: w is the worker, i the round.
kill_one() {
	local w=$1 i=$2
	case $((RANDOM % 8)) in
	0 | 1) killed "$(after 200)" "$CTR" --store "$STORE" pull --progress none "127.0.0.1:$(<port)/two:1" ;;
	2) killed "$(after 120)" "$CTR" --root "$ROOT" --store "$STORE" commit "$ID" "made:$w-$i" ;;
	3) (cd more && echo "$w $i" >"only-$w" && tar c "only-$w" f1 big) |
		killed "$(after 150)" "$CTR" --store "$STORE" import - "made:$w-$i" ;;
	4)
		"$CTR" --root "$ROOT" --store "$STORE" create --network none --name "$ID-$w-$i" base:1 true \
			>/dev/null 2>&1 || :
		killed "$(after 30)" "$CTR" --root "$ROOT" --store "$STORE" rm -f "$ID-$w-$i"
		;;
	5) killed "$(after 60)" "$CTR" --root "$ROOT" --store "$STORE" run --rm --network none \
		--name "$ID-$w-$i" --pull never base:1 true ;;
	6) killed "$(after 60)" "$CTR" --store "$STORE" rmi -f "127.0.0.1:$(<port)/two:1" ;;
	7) killed "$(after 60)" "$CTR" --root "$ROOT" --store "$STORE" system prune -f ;;
	esac
}

@test "killed while pulling, importing, committing, removing and pruning, several at once" {
	images
	ctr load -q -i layout
	# The registry has the first image of a layout alone.
	"$MKIMAGE" remote two:1 "$BATS_FILE_TMPDIR/rootfs" more >/dev/null
	"$BATS_TEST_DIRNAME/../lib/badregistry" remote port log good 3>&- 4>&- &
	local registry=$!
	until_true test -s port
	try "$CTR" --root "$ROOT" --store "$STORE" run -d --network none --name "$ID" base:1 \
		sh -c 'head -c 1000000 /dev/urandom >/big; sleep 1000' </dev/null >/dev/null 3>&- 4>&-
	local w i n=${CTR_KILLERS:-4} pids=()
	for ((w = 0; w < n; w++)); do
		for ((i = 0; i < ${CTR_KILLS:-24} / n; i++)); do kill_one "$w" "$i"; done 3>&- 4>&- &
		pids+=($!)
	done
	for w in "${pids[@]}"; do wait "$w"; done
	# What is left is what --repair takes away; no byte is wrong, and no image lacks a part.
	run ctr system check
	[[ $output != *"its bytes"* && $output != *missing* && $output != *"image "* ]]
	ctr resume "$ID" 2>/dev/null || :
	ctr system check --repair
	run ctr system check
	ended 0
	[ -z "$output" ]
	store_verifies
	[ "$(state_of)" = running ]
	# Each of them works again.
	ctr pull --progress none "127.0.0.1:$(<port)/two:1"
	ctr run --rm --network none "127.0.0.1:$(<port)/two:1" test -s /big
	ctr commit "$ID" again:1
	[ "$(ctr run --rm --network none again:1 stat -c %s /big)" = 1000000 ]
	kill "$registry"
	ctr rm -f "$ID"
	ctr system prune -af
	[ -z "$(ctr list -q)" ]
	[ -z "$(find "$STORE/blobs" -type f)$(find "$STORE/layers" -mindepth 1)" ]
	store_is_clean
}

@test "a full disk is said, and leaves the store as it was" {
	needs_root
	images
	mkdir small
	unshare -m sh -c "
		mount -t tmpfs -o size=4m none small &&
		$CTR --store $PWD/small/store load -q -i layout 2>err
		echo \$? >code
		ls -A small/store/tmp >left
		ls -A small/store/layers >layers"
	[ "$(<code)" = 1 ]
	grep -q "no space left" err
	[ ! -s left ]
	[ "$(wc -l <layers)" -le 1 ]
}

@test "a full disk is said by commit and import, too" {
	needs_root
	base_image base:1
	head -c 6000000 /dev/urandom >big
	tar cf big.tar big
	mkdir small
	unshare -m sh -c "
		mount -t tmpfs -o size=14m none small
		ctr='$CTR --root $ROOT --store $PWD/small/store'
		\$ctr load -q -i layout &&
		\$ctr run --network none --name $ID base:1 sh -c 'head -c 5000000 /dev/urandom >/big' || exit 1
		\$ctr commit $ID x:1 2>err-commit; echo \$? >code-commit
		\$ctr import big.tar y:1 2>err-import; echo \$? >code-import
		echo more >more; dd if=/dev/zero of=small/fill bs=64k 2>/dev/null
		\$ctr cp big $ID:/tmp 2>err-cp; echo \$? >code-cp
		rm small/fill
		find small/store/tmp -mindepth 1 >left; find small/store/containers -name '.ctr-*' >>left
		\$ctr system check >check 2>&1; \$ctr images -q >images
		\$ctr rm $ID"
	for verb in commit import cp; do
		[ "$(<code-$verb)" = 1 ]
		grep -q "no space left" "err-$verb"
	done
	[ ! -s left ]
	[ ! -s check ]
	[ "$(wc -l <images)" = 1 ]
}
