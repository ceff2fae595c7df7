#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files are the same everywhere, and an emulated machine has nothing to add.
# system df, prune, check --repair, info.

load lib
load engine
load image

bats_require_minimum_version 1.5.0

# The store and the records are sound.
sound() { run -0 ctr system check; [ -z "$output" ]; }

@test "system check: a sound store, and each fault by its name" {
	loaded base:1
	mkdir more
	echo x >more/x
	"$MKIMAGE" layout two:1 "$BATS_FILE_TMPDIR/rootfs" more >/dev/null
	ctr load -q -i layout >/dev/null
	ctr create --network none --name "$ID" base:1 true
	sound
	# Left by commands that were killed.
	mkdir -p "$STORE/tmp/1-2/x" "$STORE/containers/gone.00000000/upper/y" "$STORE/layers/abc/half"
	echo "$ROOT/gone" >"$STORE/containers/gone.00000000/uses"
	run -1 ctr system check
	has "tmp/1-2: left by a command that was killed"
	has "containers/gone.00000000: the writable layer of no container"
	has "layers/abc: no layer is in it"
	run -0 ctr system check --repair
	[ "$(grep -c ': mended$' <<<"$output")" = 3 ]
	sound
	# One who works at it keeps what is his.
	mkdir "$STORE/tmp/3-4"
	flock "$STORE/tmp/3-4" sleep 3 3>&- 4>&- &
	sleep 0.2
	sound
	[ -d "$STORE/tmp/3-4" ]
	kill $!
	until_true flock -n "$STORE/tmp/3-4" true
	ctr system check --repair
	[ ! -e "$STORE/tmp/3-4" ]
	# A damaged layer: the image can be run, and comes back whole.
	layer=$(ctr image inspect two:1 | jq -r '.[0].Layers[1].Digest[7:]')
	printf X | dd of="$STORE/blobs/sha256/$layer" bs=1 seek=20 conv=notrunc status=none
	run -1 ctr system check
	has "blobs/sha256/$layer: its bytes are sha256:"
	run -1 ctr system check --repair
	has "mended"
	has "image localhost/two:1: 1 of 2 layers are missing, though it can be run (ctr pull localhost/two:1)"
	ctr run --rm --network none two:1 true
	ctr load -q -i layout >/dev/null
	sound
	# A damaged config: the image goes, the other stays.
	config=$(ctr images --no-trunc -q | tail -n 1)
	name=$(ctr images --format json | jq -r --arg id "$config" '.[] | select(.Id == $id) | .Name')
	printf X | dd of="$STORE/blobs/sha256/${config#sha256:}" bs=1 seek=20 conv=notrunc status=none
	run -1 ctr system check
	has "image $name: "
	run -0 ctr system check --repair
	sound
	[ "$(ctr images -q | wc -l)" = 1 ]
	ctr load -q -i layout >/dev/null
	ctr prune
	sound
}

@test "system check: records of containers, and logs" {
	loaded base:1
	mkdir -p "$ROOT/half"
	detached ctr run -d --rm --network none --name "$ID" base:1 sleep 100
	ended 0
	run -1 ctr system check
	has "container half: its making was cut short"
	kill -KILL "$(monitor_of)"
	until_true is_gone "$(monitor_of)"
	run -1 ctr system check
	has "container $ID: it runs without its monitor"
	ctr kill "$ID" KILL
	wait_for stopped
	run -1 ctr system check
	has "container $ID: it has ended, and should have been removed"
	run -0 ctr system check --repair
	[ ! -e "$ROOT/half" ] && [ ! -e "$ROOT/$ID" ]
	sound
	store_is_clean
}

@test "system df and prune: what is used, and what goes" {
	loaded base:1
	mkdir more
	head -c 2000000 /dev/urandom >more/big
	"$MKIMAGE" layout two:1 "$BATS_FILE_TMPDIR/rootfs" more >/dev/null
	ctr load -q -i layout >/dev/null
	detached ctr run -d --network none --name "$ID" -v kept:/v base:1 sh -c 'head -c 1000000 /dev/urandom >/big; touch /ready; sleep 100'
	until_true ctr exec "$ID" test -e /ready
	ctr run --network none --name "$ID-2" -v /anonymous base:1 sh -c 'head -c 3000000 /dev/urandom >/big'
	df=$(ctr system df --format json)
	jq -e '.[0].TotalCount == 2 and .[0].Active == 1 and .[0].Reclaimable > 4000000 and .[0].Reclaimable < .[0].Size and
		.[1].TotalCount == 2 and .[1].Active == 1 and .[1].Size > 4000000 and .[1].Reclaimable > 3000000 and
		.[1].Reclaimable < 3900000 and .[2].TotalCount == 2 and .[2].Active == 2' <<<"$df"
	ctr system df | grep -q '^Images  *2  *1 '
	ctr system df -v | grep -q "^kept .* $ID\$"
	run -1 ctr system prune </dev/null
	has "--force"
	run -0 ctr system prune -f --volumes
	has "$ID-2"
	[[ $output != *kept* ]]
	[ "$(ctr volume ls -q)" = kept ]
	[ "$(ctr list -q)" = "$ID" ]
	[ "$(ctr images -q | wc -l)" = 2 ]
	ctr system prune -af
	[ "$(ctr images -q | wc -l)" = 1 ]
	sound
	[ "$(ctr system df --format json | jq '.[0].Reclaimable')" -lt 100000 ]
	ctr rm -f "$ID"
	ctr volume rm kept
	ctr system prune -af
	[ -z "$(find "$STORE/blobs" -type f)$(find "$STORE/layers" -mindepth 1)" ]
}

@test "system prune: who is about to be started again stays, and who is not the engine's" {
	loaded base:1
	detached ctr run -d --network none --restart always --name "$ID" base:1 sh -c 'sleep 0.3; false'
	ended 0
	running "$ID-oci"
	ctr kill "$ID-oci" KILL
	wait_for stopped "$ID-oci"
	for _ in 1 2 3 4 5 6; do
		ctr system prune -f
		sleep 0.1
	done
	[ "$(ctr list -q | sort | tr '\n' ' ')" = "$ID $ID-oci " ]
}

@test "system info: what this machine is" {
	run -0 ctr system info
	jq -e '.KernelVersion != "" and .NCPU > 0 and .Containers == 0 and .Images == 0' <<<"$output"
	[ "$(ctr system info --format '{{.KernelVersion}}')" = "$(uname -r)" ]
	run -1 ctr system nothing
	has "expected df"
}

@test "docker's longer names: container and image with a verb" {
	loaded base:1
	ctr container create --network none --name "$ID" base:1 true
	ctr container ls -a --format '{{.Names}}' | grep -qx "$ID"
	ctr image tag base:1 other:2
	[ "$(ctr image ls -q | wc -l)" = 2 ]
	ctr image rm other:2
	ctr image inspect base:1 | jq -e '.[0].Layers | length == 1'
	ctr image save base:1 | ctr image load -q
	run -1 ctr container prune </dev/null
	has "--force"
	run -0 ctr container prune -f
	[ "$output" = "$ID" ]
	[ -z "$(ctr list -q)" ]
	run -1 ctr container nothing
	has "expected prune"
	# An OCI runtime knows no such words.
	run -1 ctr --oci container ls
}
