#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container may not do to its neighbours (SECURITY-CASES I1 to I3).

load lib
load net
setup() { net_setup; }
teardown() { net_teardown; }


@test "whoever pretends to be another is not heard: addresses, ARP, neighbours, routers, tags" {
	up "$a"
	up "$b"
	run on_host "$NET_PY" attack "$(pid_of "$a")" "$(pid_of "$b")"
	ended 0
	[ "${#lines[@]}" = 15 ]
	local line
	for line in "${lines[@]}"; do
		case $line in
		honest*passed) ;;
		honest* | *passed) echo "$line"; return 1 ;;
		esac
	done
}

@test "the packet filter is there before the link, and a port that lost its rules is cut off" {
	needs nft
	up "$a"
	up "$b"
	serve "$(pid_of "$b")" 80
	run in_net "$a" "$NET_PY" ask "$(address_of "$b")" 80
	ended 0
	local table link
	table=$(on_host nft list tables bridge | awk '{print $3}')
	link=$(jq -r '.ends[0].link' "$ROOT/$a/net.json")
	on_host nft delete element bridge "$table" ports "{ \"$link\" }"
	on_host nft flush set bridge "$table" quick
	run in_net "$a" "$NET_PY" ask "$(address_of "$b")" 80
	ended 1
	ctr network repair
	run in_net "$a" "$NET_PY" ask "$(address_of "$b")" 80
	ended 0
}

@test "router advertisements change nothing, inside or on the host's bridge" {
	up "$a"
	[ "$(in_net "$a" cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
	[ "$(on_host cat /proc/sys/net/ipv6/conf/ctr0/accept_ra)" = 0 ]
	[ "$(on_host cat /proc/sys/net/ipv4/conf/ctr0/route_localnet)" = 0 ]
}

@test "links of the host that learn their routes go on doing so once it forwards" {
	on_host sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding; echo 1 >/proc/sys/net/ipv6/conf/wan/accept_ra'
	up "$a"
	[ "$(on_host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	[ "$(on_host cat /proc/sys/net/ipv6/conf/wan/accept_ra)" = 2 ]
}

@test "a container on the host's network sees no abstract socket of ctr's" {
	up "$a"
	run ctr run --rm --network host --rootfs "$BATS_FILE_TMPDIR/rootfs" grep -c @ctr /proc/net/unix
	[ "$output" = 0 ]
}

@test "what limits a container's sending it cannot lift" {
	run up "$a" --net-rate 1mbit/1mbit --cap-add NET_ADMIN
	ended 125
	has "can lift what limits its sending"
	up "$a" --net-rate 1mbit/ --cap-add NET_ADMIN
	up "$b" --net-rate 1mbit
	run ctr exec "$b" ip link set eth0 down
	[ "$status" != 0 ]
}
