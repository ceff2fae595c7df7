# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests with images: `load lib`, `load image`. Each has a store of its own; the images are made by
# mkimage, a writer that shares nothing with ctr.

MKIMAGE=$BATS_TEST_DIRNAME/../lib/mkimage

ctr() { "$CTR" --root "$ROOT" --store "$STORE" "$@"; }

new_test_store() {
	new_test
	STORE=$BATS_TEST_TMPDIR/store
}
setup() { new_test_store; }

# base_image [NAME]: a busybox and a user, in an OCI layout called `layout`.
base_image() {
	"$MKIMAGE" -c '{"Cmd": ["sh", "-c", "echo it runs"], "Env": ["FROM=image"]}' \
		layout "${1:-base:1}" "$BATS_FILE_TMPDIR/rootfs" >/dev/null
}

# loaded: the same, in the store.
loaded() {
	base_image "$@"
	ctr load -q -i layout >/dev/null
}

# layer DIR ENTRY...: a tar that `tar` makes of DIR; image_of NAME TAR...: an image of such.
image_of() {
	local name=$1
	shift
	"$MKIMAGE" layout "$name" "$@" >/dev/null
}

# The store has nothing that no image needs, and nothing half-made.
store_is_clean() {
	local left
	left=$(find "$STORE/tmp" "$STORE/containers" -mindepth 1 2>/dev/null)
	[ -z "$left" ] || { echo "left in the store: $left"; return 1; }
}
