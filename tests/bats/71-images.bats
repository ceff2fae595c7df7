#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# Images into the store: from layouts and archives, of all kinds of compression.

load lib
load image

@test "an image is loaded from a layout: blobs, layers, its name" {
	base_image
	run ctr load -i layout
	ended 0
	has "Loaded image: localhost/base:1"
	run ctr images
	has "localhost/base"
	[ -n "$(find "$STORE"/layers/*/tree/bin/busybox)" ]
	store_is_clean
}

@test "the store is a layout too: every blob is what its name says" {
	loaded
	(cd "$STORE/blobs/sha256" && sha256sum -- * | awk '$1 != $2 { bad = 1 } END { exit bad }')
	[ "$(jq -r '.manifests | length' "$STORE/index.json")" = 1 ]
	if command -v skopeo >/dev/null; then
		run skopeo inspect --raw "oci:$STORE:localhost/base:1"
		ended 0
	fi
}

@test "gzip, zstd and plain layers of both families give the same tree" {
	local z f
	for z in gzip zstd none; do
		for f in oci docker; do
			"$MKIMAGE" -z $z -f $f layout "$z-$f:1" "$BATS_FILE_TMPDIR/rootfs" >/dev/null
		done
	done
	run ctr load -i layout
	ended 0
	[ "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	[ "$(ctr images -q | sort -u | wc -l)" = 1 ]
}

@test "an archive comes from a file or from standard input, packed or not" {
	base_image
	tar -C layout -cf image.tar .
	gzip -k image.tar
	ctr load -q -i image.tar
	rm -rf "$STORE"
	ctr load -q <image.tar.gz
	[ "$(ctr images -q | wc -l)" = 1 ]
	store_is_clean
}

@test "an archive of docker save keeps the image's id" {
	mkdir -p saved/a
	tar -C "$BATS_FILE_TMPDIR/rootfs" -cf saved/a/layer.tar .
	diff=$(sha256sum <saved/a/layer.tar)
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"${diff%% *}" >saved/config.json
	ln -s ../a/layer.tar saved/b.tar
	printf '[{"Config":"config.json","RepoTags":["web:2"],"Layers":["a/layer.tar"]}]' >saved/manifest.json
	tar -C saved -cf saved.tar .
	run ctr load -i saved.tar
	ended 0
	has "Loaded image: web:2"
	id=$(sha256sum <saved/config.json)
	run ctr images -q --no-trunc
	has "sha256:${id%% *}"
}

@test "a layer that is not what the config says is refused, and nothing stays" {
	"$MKIMAGE" -d layout bad:1 "$BATS_FILE_TMPDIR/rootfs" >/dev/null
	run ctr load -i layout
	ended 1
	has "the image's config says"
	[ -z "$(find "$STORE/layers" -mindepth 1)" ]
	[ -z "$(find "$STORE/blobs" -type f)" ]
	store_is_clean
}

@test "a blob with other bytes, more bytes or fewer is refused" {
	base_image
	blob=$(jq -r '.manifests[0].digest' layout/index.json)
	blob=$(jq -r '.layers[0].digest' "layout/blobs/sha256/${blob#*:}")
	blob=layout/blobs/sha256/${blob#*:}
	cp "$blob" good
	printf x >>"$blob"
	run ctr load -i layout
	ended 1
	has "longer than"
	head -c -10 good >"$blob"
	run ctr load -i layout
	ended 1
	{ head -c 100 good; printf xxxx; tail -c +105 good; } >"$blob"
	run ctr load -i layout
	ended 1
	store_is_clean
	cp good "$blob"
	ctr load -q -i layout
}

@test "nobody else can look into the store" {
	loaded
	[ "$(stat -c %a "$STORE")" = 700 ]
	[ -z "$(find "$STORE" -mindepth 1 -maxdepth 1 -perm /077)" ]
}
