#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere.
# containers-policy.json(5): what may come into the store.

load lib
load image

setup() {
	new_test_store
	export HOME=$PWD/home
	mkdir -p "$HOME/.config/containers"
}

# policy DEFAULT [TRANSPORTS]: this user's.
policy() {
	jq -n --arg type "$1" --argjson transports "${2:-{\}}" '{default: [{type: $type}], transports: $transports}' \
		>"$HOME/.config/containers/policy.json"
}
ACCEPT='[{"type": "insecureAcceptAnything"}]'

empty_store() { [ -z "$(ctr images -q 2>/dev/null)" ]; }

@test "without a rule against it, an image is loaded" {
	base_image
	policy insecureAcceptAnything
	ctr load -q -i layout
	ctr run --rm base:1
}

@test "load: a directory, an archive and docker's are told apart" {
	base_image
	tar -C layout -cf layout.tar .
	policy reject "{\"oci\": {\"$PWD/layout\": $ACCEPT}}"
	ctr load -q -i layout
	ctr save -o docker.tar base:1
	jq -e . <(tar xOf docker.tar manifest.json) >/dev/null
	rm -rf "$STORE"
	run ctr load -q -i layout.tar
	ended 1
	has "$PWD/layout.tar is rejected by $HOME/.config/containers/policy.json (default)"
	run ctr load -q <layout.tar
	ended 1
	has "standard input is rejected"
	policy reject "{\"oci-archive\": {\"\": [{\"type\": \"reject\"}], \"$PWD\": $ACCEPT}}"
	ctr load -q -i layout.tar
	rm -rf "$STORE"
	run ctr load -q <layout.tar
	ended 1
	has "(oci-archive)"
	empty_store
	store_is_clean
}

@test "a link to a file is judged by where the file is" {
	base_image
	policy insecureAcceptAnything "{\"oci\": {\"$PWD/layout\": [{\"type\": \"reject\"}]}}"
	ln -s layout innocent
	run ctr load -q -i innocent
	ended 1
	has "(oci:$PWD/layout)"
}

@test "import: a file system's tar is a tarball" {
	tar -C "$BATS_FILE_TMPDIR/rootfs" -cf root.tar .
	policy reject "{\"docker-archive\": {\"\": $ACCEPT}}"
	run ctr import root.tar mine:1
	ended 1
	has "$PWD/root.tar is rejected"
	policy reject "{\"tarball\": {\"\": $ACCEPT}}"
	ctr import root.tar mine:1
}

@test "what wants a signature is refused by name, never accepted" {
	base_image
	for type in signedBy sigstoreSigned; do
		jq -n --arg type $type '{default: [{type: "insecureAcceptAnything"}],
			transports: {oci: {"": [{type: $type, keyType: "GPGKeys", keyPath: "/etc/key"}]}}}' >policy.json
		run ctr load -q -i layout --signature-policy policy.json
		ended 1
		has "wants a signature of $PWD/layout ($type, by oci)"
		has skopeo
	done
	empty_store
}

@test "a policy that is not understood forbids all" {
	base_image
	for text in '{}' '{"default": []}' '{"default": [{"type": "acceptAll"}]}' 'default = accept'; do
		echo "$text" >"$HOME/.config/containers/policy.json"
		run ctr load -q -i layout
		ended 1
		has "policy.json"
	done
	run ctr load -q -i layout --signature-policy nowhere.json
	ended 1
	has "read nowhere.json: no such file"
	empty_store
}

@test "pull and run ask before the registry is asked" {
	needs docker-registry
	cd "$BATS_FILE_TMPDIR"
	start_registry plain
	at=$(<plain.at)
	cd "$BATS_TEST_TMPDIR"
	base_image
	policy insecureAcceptAnything
	ctr load -q -i layout
	ctr push -q base:1 "$at/team/base:1"
	ctr push -q base:1 "$at/other/base:1"
	ctr rmi -f base:1
	policy reject "{\"docker\": {\"$at/team\": $ACCEPT, \"$at/team/base:bad\": [{\"type\": \"reject\"}]}}"
	run ctr pull -q "$at/other/base:1"
	ended 1
	has "$at/other/base:1 is rejected"
	run ctr run --rm "$at/other/base:1"
	ended 125
	has "is rejected by"
	run ctr run --rm "$at/team/base:1"
	ended 0
	run ctr pull -q "$at/team/base:bad"
	ended 1
	has "(docker:$at/team/base:bad)"
	run ctr pull -q nowhere.invalid/x
	ended 1
	has "rejected"
	# What is in the store is not asked about again.
	policy reject
	ctr run --rm "$at/team/base:1"
	ctr rmi -f "$at/team/base:1"
}
teardown_file() { stop_registries; }
