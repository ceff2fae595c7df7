#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# Killed at any moment, several at once: the store is what it was or what it should become, and the next
# one cleans up.

load lib
load image

# The moments are random: a hundred and thirty in one run of this file.
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
