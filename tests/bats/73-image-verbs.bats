#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# tag, rmi, prune, history, image inspect: what the store forgets, and when.

load lib
load image

trees() { find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l; }
blobs() { find "$STORE/blobs" -type f | wc -l; }

@test "the last name that goes takes the image with it" {
	loaded
	ctr tag base:1 example.com/other:2
	run ctr rmi base:1
	ended 0
	[ "$output" = "Untagged: localhost/base:1" ]
	[ "$(trees)" = 1 ]
	run ctr run --rm example.com/other:2
	ended 0
	run ctr rmi example.com/other:2
	has "Deleted: sha256:"
	[ "$(trees) $(blobs)" = "0 0" ]
	store_is_clean
}

@test "an id with several names wants --force" {
	loaded
	ctr tag base:1 other:2
	id=$(ctr images -q | head -n 1)
	run ctr rmi "$id"
	ended 1
	has "2 names"
	ctr rmi -f "$id"
	[ "$(ctr images -q)" = "" ]
}

@test "what an image shares with another stays" {
	mkdir top && echo x >top/x
	base_image
	image_of both:1 "$BATS_FILE_TMPDIR/rootfs" top
	ctr load -q -i layout
	[ "$(trees)" = 2 ]
	ctr rmi both:1
	[ "$(trees)" = 1 ]
	ctr run --rm base:1 true
}

@test "a container keeps its image, or at least its layers" {
	loaded
	ctr run --name "$ID" base:1 true
	run ctr rmi base:1
	ended 1
	has "a container uses"
	ctr rmi -f base:1
	[ "$(trees) $(blobs)" = "1 0" ]
	ctr delete "$ID"
	ctr prune
	[ "$(trees)" = 0 ]
}

@test "an image whose name another one takes is pruned unless it is used" {
	loaded
	rm -r layout
	mkdir other && echo y >other/y
	"$MKIMAGE" layout base:1 other >/dev/null
	ctr load -q -i layout
	[ "$(ctr images -q | wc -l)" = 2 ]
	run ctr prune
	ended 0
	[ "$(ctr images -q | wc -l)" = 1 ]
	[ "$(trees)" = 1 ]
	ctr prune --all
	[ "$(ctr images -q)" = "" ]
	[ "$(trees) $(blobs)" = "0 0" ]
}

@test "prune takes what a killed ctr left, and nothing else" {
	loaded
	mkdir -p "$STORE/containers/gone.12345678/upper" "$STORE/tmp/1-dead" "$STORE/layers/00ff/tree"
	echo /run/ctr/nobody-has-this >"$STORE/containers/gone.12345678/uses"
	touch "$STORE/blobs/sha256/0000"
	run ctr prune
	ended 0
	[ "$(trees)" = 1 ]
	store_is_clean
	[ ! -e "$STORE/blobs/sha256/0000" ]
	ctr run --rm base:1
}

@test "history and inspect tell what the documents say, safely" {
	base_image
	ctr load -q -i layout
	run ctr history base:1
	ended 0
	has "ADD layer 0"
	run ctr image inspect base:1
	ended 0
	[ "$(jq -r '.[0].Config.Env[0]' <<<"$output")" = "FROM=image" ]
	[ "$(jq -r '.[0].Layers[0].Unpacked' <<<"$output")" = true ]
	[ "$(jq -r '.[0].Digest' <<<"$output")" = "$(jq -r '.manifests[0].digest' layout/index.json)" ]
	run ctr history nothing
	ended 1
	has 'there is no image "nothing"'
}

@test "an image that skopeo puts into the store is unpacked when it is run" {
	needs skopeo
	loaded
	skopeo copy -q "oci:layout:base:1" "oci:$STORE:localhost/copied:1"
	rm -rf "$STORE"/layers/*
	run ctr run --rm copied:1
	ended 0
	has "it runs"
	[ "$(trees)" = 1 ]
}
