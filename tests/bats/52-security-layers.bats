#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# Layers that mean no good: SECURITY-CASES E1 to E5 and E8. E6 is in 74-registry.bats, E7 in 72-run-image.bats.

load lib
load image

@test "E1, E2, E3: a hundred hostile layers are refused or stay inside, and the canary lives" {
	mkdir hostile
	run timeout 120 "$BATS_TEST_DIRNAME/../lib/hostile" "$CTR" hostile
	ended 0
	has "cases, 0 bad"
	[ "${output%% cases*}" -ge 90 ]
}

@test "the unpacking sees one directory, no network and none of the host's privileges" {
	needs_root
	needs strace
	base_image
	strace -ff -o trace -e trace=unshare,pivot_root,execve,openat,capset,landlock_restrict_self,connect,socket \
		"$CTR" --store "$STORE" load -q -i layout
	cp "$(grep -l 'execve(.*ctr-unpack' trace.*)" unpack
	grep -q 'unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWNET) *= 0' unpack
	grep -q 'pivot_root(.*) *= 0' unpack
	grep -q 'landlock_restrict_self(.*) *= 0' unpack
	grep -q 'capset(.*) *= 0' unpack
	# After the change of root no path begins at /, but for / itself.
	sed '1,/pivot_root/d' unpack >after
	run grep -E 'openat\([^,]*, "/[^"]' after
	ended 1
	run grep -E 'connect|socket\(' after
	ended 1
}

@test "E3: an index that leads to itself, or too deep, or nowhere ends" {
	base_image
	manifest=$(jq -c '.manifests[0] | del(.annotations)' layout/index.json)
	put() { # TEXT: a blob; prints its descriptor as an index
		local sum
		sum=$(printf %s "$1" | sha256sum | cut -d' ' -f1)
		printf %s "$1" >"layout/blobs/sha256/$sum"
		printf '{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:%s","size":%d}' "$sum" "${#1}"
	}
	one=$(put "{\"schemaVersion\":2,\"manifests\":[$manifest]}")
	two=$(put "{\"schemaVersion\":2,\"manifests\":[$one]}")
	three=$(put "{\"schemaVersion\":2,\"manifests\":[$two]}")
	printf '{"schemaVersion":2,"manifests":[%s]}' "$one" >layout/index.json
	ctr load -q -i layout
	printf '{"schemaVersion":2,"manifests":[%s]}' "$three" >layout/index.json
	run ctr load -q -i layout
	ended 1
	has "an index in an index"
}

@test "E5: documents that are two things at once are refused" {
	base_image
	blob=layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)
	for change in '.manifests = []' '.mediaType = "application/vnd.oci.image.index.v1+json"' \
		'.schemaVersion = 1' 'del(.config)' '.config.mediaType = "application/vnd.cncf.helm.config.v1+json"' \
		'.layers[0].mediaType = "text/html"' '.layers[0].digest = "sha256:../../../etc/passwd"'; do
		jq -c "$change" "$blob" >changed
		sum=$(sha256sum <changed | cut -d' ' -f1)
		cp changed "layout/blobs/sha256/$sum"
		jq -c --arg d "sha256:$sum" --argjson n "$(stat -c %s changed)" \
			'.manifests = [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $n}]' \
			layout/index.json >index
		mkdir -p evil
		cp -r layout/. evil
		cp index evil/index.json
		try ctr load -q -i evil
		ended 1
	done
	store_is_clean
	[ -z "$(ctr images -q)" ]
}

@test "E4: a layout whose blobs are links to the host's files gives nothing away" {
	base_image
	echo secret >secret
	blob=layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)
	rm "$blob"
	ln -s "$PWD/secret" "$blob"
	run ctr load -q -i layout
	ended 1
	[[ $output != *"secret"$'\n'* ]]
	rm "$blob"
	mkfifo "$blob"
	run timeout 10 "$CTR" --store "$STORE" load -q -i layout
	ended 1
	has "not a regular file"
}

@test "E8: nobody but the owner gets below the store" {
	needs_root
	needs setpriv
	loaded
	run setpriv --reuid 65534 --regid 65534 --clear-groups find "$STORE" -mindepth 1
	[[ $output != *blobs* ]]
	[ "$status" != 0 ]
}
