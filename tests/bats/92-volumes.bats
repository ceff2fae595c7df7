#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# Volumes: named, without a name, filled from the image.

load lib
load engine

in_image() { # [FLAG...] -- COMMAND...
	filled "--rootfs $PWD/image" "$@"
	try ctr run --network none --name "$ID" "${line[@]}"
}

setup() {
	new_test
	cp -a "$BATS_FILE_TMPDIR/rootfs" image
	mkdir -p image/data/sub
	echo from-image >image/data/file
	chown 1000:1000 image/data
	chmod 750 image/data
}

volume() { ctr volume "$@"; }

@test "volumes: made by their name, filled from the image once, kept" {
	in_image --rm -v vol:/data -- sh -c 'cat /data/file; ls -d /data/sub; stat -c "%u %a" /data; echo new >/data/file'
	ended 0
	[ "${lines[0]}" = from-image ] && [ "${lines[2]}" = "1000 750" ]
	in_image --rm -v vol:/data:ro -- sh -c 'cat /data/file; echo x >/data/file || echo read-only'
	[ "${lines[0]}" = new ]
	has read-only
	[ "$(cat image/data/file)" = from-image ]
	[ "$(volume ls -q)" = vol ]
	# nocopy: as it is.
	in_image --rm -v other:/data:nocopy -- ls -A /data
	[ -z "$output" ]
	in_image --rm --mount type=volume,source=vol,target=/mnt -- cat /mnt/file
	[ "$output" = new ]
}

@test "volumes: without a name they go with --rm and with rm -v, and not with rm" {
	in_image --rm -v /data -- cat /data/file
	ended 0
	[ "$output" = from-image ]
	[ -z "$(volume ls -q)" ]
	in_image -v /data -- true
	[ "$(volume ls -q | wc -l)" = 1 ]
	ctr rm -v "$ID"
	[ -z "$(volume ls -q)" ]
	detached ctr run -d --rm --network none -v /data --name "$ID" --rootfs "$PWD/image" true
	gone() { [ -z "$(volume ls -q)" ]; }
	until_true gone
	in_image -v /data -- true
	ctr rm "$ID"
	[ "$(volume ls -q | wc -l)" = 1 ]
	volume prune
	[ -z "$(volume ls -q)" ]
	# What does not come to be leaves none.
	in_image -v /data -- nosuch
	ended 127
	[ -z "$(volume ls -q)" ]
}

@test "volumes: create, inspect, ls, rm, prune" {
	[ "$(volume create -l tier=db db)" = db ]
	[ "$(volume inspect db | jq -r '.[0] | .Name, .Driver, .Labels.tier, .Anonymous')" = "db
local
db
false" ]
	[ -d "$(volume inspect --format '{{.Mountpoint}}' db)" ]
	volume create db # as it is
	[ "$(volume ls --format '{{.Name}}/{{.Labels.tier}}')" = db/db ]
	in_image -v db:/data -- true
	try volume rm db
	ended 1
	has "used by the container $ID"
	[ -z "$(volume prune --all)" ]
	ctr rm "$ID"
	[ -z "$(volume prune)" ]
	[ "$(volume prune --all)" = db ]
	try volume rm db
	ended 1
	volume rm -f db
	for name in ../x a/b '' .x; do
		try volume create "$name"
		ended 1
	done
	try ctr volume nonsense
	ended 1
	in_image --rm -v '../x:/data' -- true
	ended 125
}

@test "volumes: shared by two, and there after a restart" {
	detached ctr run -d --network none -v vol:/data --name "$ID" --rootfs "$PWD/image" \
		sh -c 'echo life >>/data/lives; exec sleep 100'
	ended 0
	ctr restart -t 0 "$ID"
	lives() { [ "$(grep -c life "$ROOT/.lib/volumes/vol/_data/lives")" = 2 ]; }
	until_true lives
	try ctr run --rm --network none --name "$ID-2" -v vol:/data --rootfs "$PWD/image" cat /data/lives
	[ "$(grep -c life <<<"$output")" = 2 ]
}
