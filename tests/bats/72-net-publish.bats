#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Published ports: who reaches them, and what the host has to say.

load lib
load net
setup() { net_setup; }
teardown() { net_teardown; }

asks() { run on_lan "$NET_PY" ask "$@"; }

@test "a published port is reached from outside, the host, other networks and itself; its caller's address stays" {
	up "$a" -p 8080:80 -p 5353:53/udp
	ctr network create other
	up "$b" --network other
	serve "$(pid_of "$a")" 80
	serve "$(pid_of "$a")" 53
	asks 192.0.2.1 8080
	has "from 192.0.2.2"
	asks 2001:db8::1 8080
	has "from 2001:db8::2"
	asks 192.0.2.1 5353 udp
	has "from 192.0.2.2"
	run on_host "$NET_PY" ask 192.0.2.1 8080
	ended 0
	run in_net "$b" "$NET_PY" ask 192.0.2.1 8080
	has "from 10.90.16.2"
	run in_net "$a" "$NET_PY" ask 192.0.2.1 8080
	ended 0
	up "$c"
	run in_net "$c" "$NET_PY" ask 192.0.2.1 8080
	ended 0
	# No other door is open by that.
	asks 192.0.2.1 80
	ended 1
	# Through the loopback it is refused, not swallowed.
	run on_host "$NET_PY" ask 127.0.0.1 8080
	ended 1
	has refused
	[ "$(on_host cat /proc/sys/net/ipv4/conf/ctr0/route_localnet)" = 0 ]
}

@test "ranges, one address of the host, ports that the kernel chooses" {
	up "$a" -p 8000-8002:80-82 -p 192.0.2.1:9000:80 -p 80
	serve "$(pid_of "$a")" 81
	serve "$(pid_of "$a")" 80
	asks 192.0.2.1 8001
	ended 0
	asks 192.0.2.1 9000
	ended 0
	asks 2001:db8::1 9000
	ended 1
	run ctr port "$a"
	has "*:8000-8002->80-82/tcp"
	has "192.0.2.1:9000->80/tcp"
	asks 192.0.2.1 "$(sed -n 's/^\*:\([0-9]*\)->80\/tcp$/\1/p' <<<"$output")"
	ended 0
}

@test "ctr port says who has which, and that the host's packet filter decides" {
	needs nft
	up "$a" -p 8080:80
	serve "$(pid_of "$a")" 80
	run ctr port
	has "$a"$'\t'"*:8080->80/tcp"
	has "127.0.0.1"
	[[ $output != *drops* ]]
	on_host nft 'add table inet mine; add chain inet mine fw { type filter hook forward priority 10; policy drop; }'
	run ctr port "$a"
	has "it drops by default (mine fw)"
	asks 192.0.2.1 8080
	ended 1
	on_host nft delete table inet mine
}

@test "a port has one owner" {
	up "$a" -p 8080:80
	run up "$b" -p 8080:80
	ended 125
	has "another container's"
	run up "$b" -p 8081:80 -p 8080:80
	ended 125
	# Those who were refused took nothing away.
	serve "$(pid_of "$a")" 80
	asks 192.0.2.1 8080
	ended 0
	serve "$host_pid" 7070
	run up "$b" -p 7070:80
	ended 125
	has "port 7070/tcp: a program of the host listens there"
	ctr delete --force "$a"
	up "$b" -p 8080:80
	run up x -p 127.0.0.1:80:80
	ended 125
	has route_localnet
	run up x -p 192.0.2.77:80:80
	has "the host has no address 192.0.2.77"
	run up x -P
	has "the image names no ports"
}

# bats test_tags=native
@test "ports are published and taken back while it runs" {
	up "$a"
	serve "$(pid_of "$a")" 80
	asks 192.0.2.1 8080
	ended 1
	ctr update --publish-add 8080:80 "$a"
	asks 192.0.2.1 8080
	has "from 192.0.2.2"
	run ctr update --publish-add 8080:80 "$a"
	ended 1
	ctr update --publish-rm 8080:80 --publish-add 8081:80 "$a"
	asks 192.0.2.1 8080
	ended 1
	asks 192.0.2.1 8081
	ended 0
	run ctr update --publish-rm 9:9 "$a"
	has "does not publish that port"
	[ "$(ctr port "$a" | head -n 1)" = "*:8081->80/tcp" ]
	# So it is at the next start.
	ctr stop -t 0 "$a"
	ctr start "$a"
	[ "$(ctr port "$a" | grep -c '^\*:')" = 1 ]
	[ "$(ctr port "$a" | head -n 1)" = "*:8081->80/tcp" ]
}

@test "after a flush of the host's packet filter everything is as it was, by repair or by the next start" {
	needs nft
	up "$a" -p 8080:80
	up "$b"
	serve "$(pid_of "$a")" 80
	serve "$lan_pid" 7000
	on_host nft list ruleset >before
	on_host nft flush ruleset
	run ctr network repair --check
	ended 1
	has "0 rules of"
	asks 192.0.2.1 8080
	ended 1
	run ctr network repair
	ended 0
	asks 192.0.2.1 8080
	has "from 192.0.2.2"
	run in_net "$b" "$NET_PY" ask 192.0.2.2 7000
	has "from 192.0.2.1"
	same() { sed 's/packets.*//' "$1" | tr -d ' \n' | grep -o . | sort | uniq -c; }
	on_host nft list ruleset >after
	[ "$(same before)" = "$(same after)" ]
	on_host nft flush ruleset
	up "$c"
	asks 192.0.2.1 8080
	has "from 192.0.2.2"
	run ctr network repair --check
	ended 0
}
