#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files and registries are the same everywhere, and unpacking in an emulated machine is slow.
# pull and push, against docker-registry (plain, with a password, with TLS) and against registries that
# are broken or mean no good.

load lib
load image

eval "common_$(declare -f setup_file)"
setup_file() {
	common_setup_file
	command -v docker-registry >/dev/null || return 0
	cd "$BATS_FILE_TMPDIR" || return
	start_registry plain
	htpasswd -Bbn joe secret >htpasswd
	start_registry auth "auth: {htpasswd: {realm: here, path: $PWD/htpasswd}}"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca \
		-keyout ca.key -out ca.crt 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 \
		-keyout tls.key -out tls.csr 2>/dev/null
	openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out tls.crt \
		-extfile <(echo subjectAltName=IP:127.0.0.1) 2>/dev/null
	start_registry tls "  tls: {certificate: $PWD/tls.crt, key: $PWD/tls.key}"
}
teardown_file() { stop_registries; }

setup() {
	new_test_store
	needs docker-registry
	PLAIN=$(<"$BATS_FILE_TMPDIR/plain.at") AUTH=$(<"$BATS_FILE_TMPDIR/auth.at") TLS=$(<"$BATS_FILE_TMPDIR/tls.at")
	export REGISTRY_AUTH_FILE=$PWD/auth.json CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf
	: >registries.conf
}

# bad MODE: starts a bad registry with the image of `layout`; BAD is its address.
bad() {
	[ -e layout ] || base_image
	rm -f port
	"$BATS_TEST_DIRNAME/../lib/badregistry" layout port requests "$1" 3>&- 4>&- &
	BAD_PID=$!
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -e port ] || break
		sleep 0.05
	done
	BAD=127.0.0.1:$(<port)
}
done_with_bad() { kill "$BAD_PID"; }

in_registry() { # NAME: of the image pushed there
	loaded
	ctr push -q base:1 "$PLAIN/$1" >/dev/null
	rm -rf "$STORE"
}

@test "what is pushed comes back the same, and runs" {
	loaded
	run ctr push base:1 "$PLAIN/a/base:1"
	ended 0
	digest=$(jq -r '.manifests[0].digest' layout/index.json)
	has "$digest"
	rm -rf "$STORE"
	run ctr pull "$PLAIN/a/base:1"
	ended 0
	run ctr images --digests
	has "$digest"
	run ctr run --rm "$PLAIN/a/base:1"
	[ "$output" = "it runs" ]
	run ctr pull "$PLAIN/a/base@$digest"
	ended 0
	store_is_clean
}

@test "skopeo reads what ctr pushes, and ctr what skopeo pushes in each format" {
	needs skopeo
	base_image
	for format in oci v2s2; do
		skopeo copy -q -f $format --dest-tls-verify=false "oci:layout:base:1" "docker://$PLAIN/sk:$format"
		run ctr pull "$PLAIN/sk:$format"
		ended 0
		ctr push -q "$PLAIN/sk:$format" "$PLAIN/back:$format"
		[ "$(skopeo inspect --tls-verify=false "docker://$PLAIN/back:$format" | jq -r .Digest)" = \
			"$(skopeo inspect --tls-verify=false "docker://$PLAIN/sk:$format" | jq -r .Digest)" ]
	done
	[ "$(ctr images -q | sort -u | wc -l)" = 1 ]
}

@test "run fetches what is missing" {
	in_registry auto:1
	run ctr run --rm "$PLAIN/auto:1"
	ended 0
	has "it runs"
}

@test "a password is asked for, kept and forgotten" {
	loaded
	run ctr push -q base:1 "$AUTH/p:1"
	ended 1
	has "ctr login"
	run ctr login -u joe -p wrong "$AUTH"
	ended 1
	[ ! -e auth.json ]
	run ctr login -u joe --password-stdin "$AUTH" <<<secret
	ended 0
	[ "$(stat -c %a auth.json)" = 600 ]
	ctr push -q base:1 "$AUTH/p:1"
	rm -rf "$STORE"
	ctr pull "$AUTH/p:1"
	ctr logout "$AUTH"
	run ctr pull "$AUTH/p:1"
	ended 1
	ctr pull --creds joe:secret "$AUTH/p:1"
}

@test "a credential helper is asked" {
	loaded
	mkdir bin
	cat >bin/docker-credential-mine <<-'SH'
		#!/bin/sh
		read -r host
		echo "$host" >>asked
		echo '{"Username":"joe","Secret":"secret"}'
	SH
	chmod +x bin/docker-credential-mine
	echo "{\"credHelpers\":{\"$AUTH\":\"mine\"}}" >auth.json
	PATH=$PWD/bin:$PATH run ctr push -q base:1 "$AUTH/h:1"
	ended 0
	[ "$(sort -u asked)" = "$AUTH" ]
}

@test "a certificate nobody vouches for is refused, one of the test's authority is not" {
	loaded
	run ctr push -q base:1 "$TLS/t:1"
	ended 1
	has certificate
	mkdir certs
	cp "$BATS_FILE_TMPDIR/ca.crt" certs
	ctr push -q --cert-dir certs base:1 "$TLS/t:1"
	rm -rf "$STORE"
	run ctr pull "$TLS/t:1"
	ended 1
	ctr pull --cert-dir certs "$TLS/t:1"
	ctr pull --tls-verify=false "$TLS/t:1"
}

@test "mirrors, aliases and blocked names of registries.conf" {
	in_registry hub/base:1
	cat >registries.conf <<-TOML
		[aliases]
		"short" = "docker.io/hub/base"
		[[registry]]
		prefix = "docker.io"
		[[registry.mirror]]
		location = "127.0.0.1:1"
		[[registry.mirror]]
		location = "$PLAIN"
		[[registry]]
		prefix = "evil.example"
		blocked = true
	TOML
	run ctr pull short:1
	ended 0
	run ctr images
	has "hub/base"
	run ctr pull evil.example/x
	ended 1
	has blocked
	echo 'nonsense' >registries.conf
	run ctr pull short:1
	has "line 1"
}

@test "an index: the machine's own image is chosen, another one by --platform" {
	in_registry multi:amd
	base_image
	"$MKIMAGE" arm arm:1 "$BATS_FILE_TMPDIR/rootfs" >/dev/null
	cp -r arm/blobs layout
	sed -i 's/amd64/arm64/' arm/blobs/sha256/* 2>/dev/null || :
	amd=$(jq -c '.manifests[0] + {platform: {os: "linux", architecture: "amd64"}} | del(.annotations)' layout/index.json)
	other=$(jq -c '.manifests[0] + {platform: {os: "linux", architecture: "s390x"}} | del(.annotations)' arm/index.json)
	ctr load -q -i layout
	ctr push -q base:1 "$PLAIN/multi:x"
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
		-d "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[$amd]}" \
		"http://$PLAIN/v2/multi/manifests/all"
	run ctr pull "$PLAIN/multi:all"
	ended 0
	run ctr pull --platform linux/s390x "$PLAIN/multi:all"
	ended 1
	has "no image for linux/s390x among: linux/amd64"
	[ -n "$other" ]
}

@test "E4: bytes that are not what their digest says are refused, and nothing stays" {
	for mode in bytes swap html; do
		bad $mode
		name=$BAD/x:1
		[ $mode != swap ] || name=$BAD/x@$(jq -r '.manifests[0].digest' layout/index.json)
		run ctr pull "$name"
		done_with_bad
		ended 1
		[ -z "$(find "$STORE/blobs" -type f)$(find "$STORE/layers" -mindepth 1)" ]
		store_is_clean
	done
}

@test "a transfer that breaks off goes on where it was; an endless one ends" {
	bad die
	run ctr pull "$BAD/x:1"
	done_with_bad
	ended 0
	grep -c blobs requests
	bad dead
	run timeout 20 "$CTR" --store "$PWD/dead" pull "$BAD/x:1"
	done_with_bad
	ended 1
	has "sha256:"
	[ -z "$(find dead/blobs dead/layers dead/tmp -mindepth 2)" ]
	bad endless
	run timeout 20 "$CTR" --store "$PWD/other" pull "$BAD/x:1"
	done_with_bad
	ended 1
	has "longer than"
}

@test "a busy server is asked again" {
	bad busy
	run ctr pull "$BAD/x:1"
	done_with_bad
	ended 0
}

@test "E6: credentials go neither along a redirection nor to a foreign realm" {
	bad redirect
	run ctr pull --creds joe:secret "$BAD/x:1"
	done_with_bad
	ended 0
	grep -q '^localhost' requests
	run grep -E '^localhost.* (Basic|Bearer)' requests
	ended 1
	rm requests
	bad realm
	run ctr pull --creds joe:secret "$BAD/x:1"
	done_with_bad
	ended 1
	has "wants its password to be sent to"
	run grep -E 'Basic' requests
	ended 1
	rm -rf "$STORE"
	bad down
	run ctr pull "$BAD/x:1"
	done_with_bad
	ended 1
	has refused
}

@test "what is wrong with a name or a registry is said" {
	run ctr pull "$PLAIN/nothing:1"
	ended 1
	has MANIFEST_UNKNOWN
	run ctr pull 127.0.0.1:1/x
	ended 1
	has "connect"
	run ctr pull UPPER
	ended 1
	has "lower case"
	run ctr pull oci:layout
	ended 1
	run ctr pull --progress fancy x
	ended 1
}

@test "progress as JSON tells each layer to its end" {
	in_registry json:1
	run ctr pull --progress json "$PLAIN/json:1"
	ended 0
	[ "$(head -n -1 <<<"$output" | jq -r 'select(.status == "ready") | .current == .total')" = true ]
}

@test "run -q fetches without progress" {
	in_registry quiet:1
	run ctr run --rm -q "$PLAIN/quiet:1" true
	ended 0
	[ -z "$output" ]
}

@test "archives: podman and skopeo read what ctr saves, digest for digest" {
	needs skopeo
	loaded
	digest=$(jq -r '.manifests[0].digest' layout/index.json)
	ctr save --format oci-archive -o oci.tar base:1
	[ "$(skopeo inspect oci-archive:oci.tar | jq -r .Digest)" = "$digest" ]
	ctr save base:1 | cat >docker.tar
	skopeo inspect --config docker-archive:docker.tar >config
	[ "$(jq -r '.config.Env[0]' config)" = "FROM=image" ]
	ctr save -o again.tar base:1
	cmp docker.tar again.tar
	STORE=$PWD/other
	ctr load -q -i docker.tar
	run ctr images --digests
	has "$digest"
}
