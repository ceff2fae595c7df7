#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The network of an ordinary user: pasta or slirp4netns carry the packets.

load lib
load net

setup() {
	net_setup
	on_host unshare -m true || missing "a mount namespace"
	on_host ip route add default via 192.0.2.2
	on_host ip -6 route add default via 2001:db8::2
	mknod tun c 10 200 && chmod 666 tun
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	[ -e /dev/net/tun ] || missing "/dev/net/tun"
	as_user unshare -U true || missing "user namespaces for ordinary users"
	mkdir -p "$ROOT"
	cp -a "$BATS_FILE_TMPDIR/rootfs" mine # in which mount points can be made
	chown -R 65534:65534 "$ROOT" mine
}
teardown() {
	local id pid bad=0
	for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id" || bad=1
	done
	until_true no_helpers || bad=1
	for pid in ${servers:-} ${host_pid:-} ${lan_pid:-}; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf tun
	nothing_left || bad=1
	return "$bad"
}

# With PATH_ONLY=DIR, of the helpers only what is there is found.
as_user() {
	on_host unshare -m --propagation private sh -c 'mount --bind "$1" /dev/net/tun && shift && exec "$@"' - "$PWD/${TUN:-tun}" \
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR PATH="${PATH_ONLY:-$PATH}" "$@"
}
up() {
	local id=$1
	shift
	detached ctr run -d --name "$id" "$@" --rootfs mine sleep 1000
	[ "$status" = 0 ] || { echo "$output"; return "$status"; }
}
ctr() { as_user "$CTR" --root "$ROOT" "$@"; }
# processes NAME...: of the user, in the host's network or a container's of this test. What is mounted is
# named from the root of its file system on, which is not always the machine's.
processes() {
	local name pid here=${BATS_TEST_TMPDIR#"${BATS_RUN_TMPDIR%/*}"}
	for name; do
		for pid in $(pgrep -u 65534 "$name"); do
			! grep -qs "$here" "/proc/$pid/mountinfo" || echo "$pid"
		done
	done
}
no_helpers() { [ -z "$(processes pasta slirp4netns ctr-keeper)" ]; }

# answers COMMAND...: as run, up to three times: a helper does not repeat the packet that it lost.
answers() {
	local i
	for i in 1 2 3; do
		run "$@"
		[ "$status" != 0 ] || return 0
	done
	ended 0
}

# both HELPER: what either of them has to do.
both() {
	needs "$1"
	serve "$lan_pid" 7000
	trap '' PIPE # what the caller ignores is not the helper's
	up "$a" --network "$1" -p 8080:80 -p 192.0.2.1:9000:81 --hostname shop --add-host db:10.0.0.7
	trap - PIPE
	answers in_net "$a" "$NET_PY" ask 192.0.2.2 7000
	has "from 192.0.2.1"
	answers in_net "$a" "$NET_PY" ask 192.0.2.2 7000 udp
	has "from 192.0.2.1"
	run ctr exec "$a" sh -c 'cat /etc/hosts; ip -o link'
	has "127.0.1.1"$'\t'"shop $a"
	has "10.0.0.7"$'\t'"db"
	has eth0
	run on_lan "$NET_PY" ask 192.0.2.1 8080 # the helper listens, nobody is behind it
	[[ $output != from* ]]
	serve "$(pid_of "$a")" 80
	serve "$(pid_of "$a")" 81
	answers on_lan "$NET_PY" ask 192.0.2.1 8080
	answers on_lan "$NET_PY" ask 192.0.2.1 9000
	answers on_host "$NET_PY" ask 127.0.0.1 8080
	run on_host "$NET_PY" ask 127.0.0.1 9000
	ended 1
	# What listens on the host's loopback is not for containers.
	serve "$host_pid" 7001
	for address in 127.0.0.1 10.0.2.2 192.0.2.2; do
		run in_net "$a" "$NET_PY" ask "$address" 7001
		[[ $output != from* ]]
	done
	[ "$(ctr port "$a")" = $'*:8080->80/tcp\n192.0.2.1:9000->81/tcp' ]
	# It is free again with the container's end.
	ctr delete --force "$a"
	no_helpers
	up "$a" --network "$1" -p 8080:80
	run up "$b" --network "$1" -p 8080:80
	ended 125
	has 8080
	run ctr update --publish-add 80:80 "$a"
	ended 1
	run ctr network disconnect "$1" "$a"
	ended 1
}

@test "pasta: out, in, names, ports that are free again" {
	both pasta
	serve "$(pid_of "$a")" 80
	answers on_lan "$NET_PY" ask 192.0.2.1 8080
	has "from 192.0.2.2"
	answers in_net "$a" "$NET_PY" ask 2001:db8::2 7000
	has "from 2001:db8::1"
	answers on_lan "$NET_PY" ask 2001:db8::1 8080
}

# bats test_tags=native
@test "slirp4netns: the same" {
	both slirp4netns
	run ctr exec "$a" cat /etc/resolv.conf
	has "nameserver 10.0.2.3"
	run up "$b" --network slirp4netns -p '[::1]:9090:90'
	ended 125
	has IPv4
}

@test "without --network it is pasta; slirp4netns on a host without a way out; a loopback and a warning without either" {
	needs pasta && needs slirp4netns
	unset CTR_NETWORK
	up "$a"
	[ "$(jq -r .helper "$ROOT/$a/net.json")" = pasta ]
	on_host ip route delete default
	on_host ip -6 route delete default
	up "$b"
	[ "$(jq -r .helper "$ROOT/$b/net.json")" = slirp4netns ]
	run up "$c" --network pasta
	ended 125
	has "--network pasta"
	mkdir empty
	PATH_ONLY=$PWD/empty run_true
	ended 0
	has "no network but a loopback"
	has "neither pasta nor slirp4netns is installed"
	touch shut && chmod 600 shut
	TUN=shut run_true
	ended 0
	has "/dev/net/tun: permission denied"
	TUN=shut run up "$c" -p 80
	ended 125
}
run_true() { run ctr run --rm --rootfs mine /bin/true; }

@test "the helper ends with the container, when all that is ctr's was killed as well" {
	needs pasta
	as_user "$CTR" --root "$ROOT" run --name "$a" --network pasta --rootfs mine sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	is_there() { [ -d "$ROOT/$a" ] && [ "$(ctr state "$a" | jq -r .status)" = running ]; }
	until_true is_there
	local init
	init=$(pid_of "$a")
	run no_helpers
	ended 1
	# shellcheck disable=SC2046 # words
	kill -KILL $(processes ctr) "$init"
	until_true no_helpers
	ctr delete --force "$a"
	run ctr state "$a"
	ended 1
	up "$a" --network pasta --restart always
	pid=$(pid_of "$a")
	kill -KILL "$pid"
	is_again() { is_there && [ "$(pid_of "$a")" != "$pid" ]; }
	until_true is_again
	run in_net "$a" ip -o link
	has eth0
}

# bats test_tags=native
@test "what a helper has no use for is refused by name" {
	needs pasta
	local flag
	for flag in --ip=10.0.0.2 --ip6=fd00::2 --mac-address=02:00:00:00:00:01 --net-rate=1mbit --net-prio=bulk --network-alias=x; do
		run up "$a" --network pasta "$flag"
		ended 125
		has "${flag%%=*} is not possible with the network pasta"
	done
	run up "$a" --network pasta --network slirp4netns
	ended 125
	run up "$a" --network pasta:-4
	ended 125
	run up "$a" --network bridge
	ended 125
	has "only root makes bridges"
	run up "$a" --network pasta -p 80:80
	ended 125
	has ip_unprivileged_port_start
	run on_host "$CTR" --root "$ROOT/root" run --rm --network pasta --rootfs mine true
	ended 125
	has "--network bridge"
}
