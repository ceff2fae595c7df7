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

# new_user: an ordinary user with the layout; as_user ARGUMENT...: his ctr, all of whose places are in `user`.
new_user() {
	mkdir -p user/run
	cp -r layout user/layout
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	chown -R 4711:4711 user
}
as_user() {
	setpriv --reuid 4711 --regid 4711 --clear-groups env HOME="$PWD/user" XDG_RUNTIME_DIR="$PWD/user/run" \
		"$CTR" --root "$PWD/user/run/ctr" --store "$PWD/user/store" "$@"
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

# start_registry NAME [YAML]: docker-registry on a free port of the loopback; its address is in NAME.at.
start_registry() {
	local name=$1 port=$((20000 + RANDOM % 20000)) i
	cat >"$name.yml" <<-YAML
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $PWD/$name.data}}
		http:
		  addr: 127.0.0.1:$port
		$2
	YAML
	docker-registry serve "$name.yml" >"$name.log" 2>&1 3>&- 4>&- &
	echo $! >"$name.pid"
	for ((i = 0; i < 100; i++)); do
		if (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then
			echo "127.0.0.1:$port" >"$name.at"
			return 0
		fi
		sleep 0.05
	done
	cat "$name.log"
	return 1
}

# All that a file of tests started in its directory.
stop_registries() {
	local pid
	for pid in "$BATS_FILE_TMPDIR"/*.pid; do
		[ ! -e "$pid" ] || kill "$(<"$pid")" || :
	done
}
