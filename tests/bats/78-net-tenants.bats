#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tenants that share a network: strangers to one another.

load lib
load net
setup() {
	net_setup
	T=t$$-$BATS_TEST_NUMBER
}

teardown() { net_teardown; }

# The root's owner must be somebody whom the tenant's ids are mapped for: that of the host will do.
tenants() {
	local name
	for name; do ctr tenant create "$name" --allow host-ids; done
}

reaches() { # FROM TO
	local family
	for family in 4 6; do
		run in_net "$1" "$NET_PY" ask "$(address_of "$2" $family)" 80
		[ "$status" = 0 ] || return 1
	done
}
reaches_not() {
	local family
	for family in 4 6; do
		run in_net "$1" "$NET_PY" ask "$(address_of "$2" $family)" 80
		[ "$status" = 1 ] || return 1
	done
}

@test "containers of one tenant reach each other by name, those of another and nobody's do not" {
	tenants "$T-x" "$T-y"
	up "$a" --tenant "$T-x"
	up "$b" --tenant "$T-x" -p 8080:80
	up "$c" --tenant "$T-y"
	up "$ID-d"
	serve "$(pid_of "$b")" 80
	serve "$lan_pid" 7000
	reaches "$a" "$b"
	reaches_not "$c" "$b"
	reaches_not "$ID-d" "$b"
	# The host does; and what is outside is everybody's.
	run on_host "$NET_PY" ask "$(address_of "$b")" 80
	ended 0
	run in_net "$c" "$NET_PY" ask 192.0.2.2 7000
	ended 0
	# A published port is for everybody, over both families.
	run in_net "$c" "$NET_PY" ask 192.0.2.1 8080
	ended 0
	run in_net "$c" "$NET_PY" ask 2001:db8::1 8080
	ended 0
	run ctr exec "$a" cat /etc/hosts
	has "$b"
	[[ $output != *"$c"* ]]
	[[ $output != *"$ID-d"* ]]
	run ctr exec "$c" cat /etc/hosts
	has "$c"
	[[ $output != *"$a"* ]]
	run ctr exec "$ID-d" cat /etc/hosts
	[[ $output != *"$a"* ]]
	# The host's own program can print it all; and it is the same after the filter was made anew.
	on_host nft list ruleset >rules
	grep -q "priority set iifname map @tenant" rules
	on_host nft flush ruleset
	ctr network repair
	reaches "$a" "$b"
	reaches_not "$c" "$b"
}

@test "a host that is asked to carry packets between tenants, or members that are isolated, does not" {
	tenants "$T-x" "$T-y"
	ctr network create --isolated apart
	up "$a" --tenant "$T-x"
	up "$b" --tenant "$T-y"
	serve "$(pid_of "$b")" 80
	up "$c" --network apart
	up "$ID-d" --network apart
	serve "$(pid_of "$ID-d")" 80
	by_the_host "$a" "$b"
	by_the_host "$c" "$ID-d"
}

# Both of them send to each other through the gateway, as programs that may set routes would.
by_the_host() {
	local family gateway pair from to
	for family in 4 6; do
		for pair in "$1 $2" "$2 $1"; do
			read -r from to <<<"$pair"
			gateway=$(in_net "$from" ip -$family route show default | awk '{print $3}')
			in_net "$from" ip -$family route add "$(address_of "$to" $family)" via "$gateway"
		done
	done
	reaches_not "$1" "$2"
}

# bats test_tags=native
@test "names of own lines and of a network joined later are the own tenant's too" {
	tenants "$T-x" "$T-y"
	ctr network create other
	up "$a" --tenant "$T-x" --add-host db:10.0.0.7
	up "$b" --tenant "$T-x"
	up "$c" --tenant "$T-y" --network other
	ctr network connect ctr0 "$c"
	run ctr exec "$a" cat /etc/hosts
	has db
	has "$b"
	[[ $output != *"$c"* ]]
	serve "$(pid_of "$a")" 80
	reaches_not "$c" "$a"
	reaches "$b" "$a"
	ctr stop -t 0 "$b"
	ctr start "$b"
	reaches "$b" "$a"
	reaches_not "$c" "$a"
}

# ifbs: of the tenants, those that are there.
rate_links() { on_host ip -br link | awk '$1 ~ /-[io]7[0-9a-f]+$/' | wc -l; }

@test "a tenant's rate is of all its containers together, changes while they run, goes with the last" {
	ctr tenant create "$T-x" --allow host-ids --net-rate 40mbit/20mbit
	up "$a" --tenant "$T-x"
	up "$b" --tenant "$T-x"
	[ "$(rate_links)" = 2 ]
	background "$(pid_of "$a")" drain 80
	background "$(pid_of "$b")" drain 80
	background "$host_pid" drain 7000
	# With headers 1514 bytes carry 1448; the bucket lets 10 ms through at once.
	together 3000000 1245 "$host_pid,$(address_of "$a"),80" "$host_pid,$(address_of "$b"),80"
	together 1500000 1245 "$(pid_of "$a"),192.0.2.1,7000" "$(pid_of "$b"),192.0.2.1,7000"
	ctr tenant set "$T-x" --net-rate 80mbit/
	[ "$(rate_links)" = 1 ]
	together 6000000 1245 "$host_pid,$(address_of "$a"),80" "$host_pid,$(address_of "$b"),80"
	up "$c" --tenant "$T-x"
	ctr rm -f "$a" "$b" >/dev/null
	[ "$(rate_links)" = 1 ]
	ctr tenant set "$T-x" --net-rate -1
	[ "$(rate_links)" = 0 ]
	[ -z "$(on_host tc filter show dev "$(jq -r '.ends[0].link' "$ROOT/$c/net.json")" ingress)" ]
	ctr tenant set "$T-x" --net-rate 8mbit/8mbit
	[ "$(rate_links)" = 2 ]
	in_net "$c" "$NET_PY" fill 192.0.2.1 7000 100000
	ctr rm -f "$c" >/dev/null
	[ "$(rate_links)" = 0 ]
}

# together BYTES MILLISECONDS PID,ADDRESS,PORT...: all at once take so long, 5 % more or less; on a busy
# machine longer now and then, and in an emulated one ever so long, but never less.
together() {
	local took attempt bytes=$1 expected=$2
	shift 2
	for attempt in 1 2 3 4; do
		took=$("$NET_PY" together "$bytes" "$@" | tr -d .)
		took=$((10#$took))
		echo "$attempt: $# times $bytes bytes in $took ms, expected $expected"
		[ "$took" -ge $((expected * 95 / 100)) ] || return 1
		[ "${CTR_PLACE:-native}" = native ] || return 0
		[ "$took" -gt $((expected * 105 / 100)) ] || return 0
	done
	return 1
}

@test "what a tenant's rate cannot hold is refused; links that nobody has any more are found" {
	ctr tenant create "$T-x" --allow host-ids --allow host-network --net-rate 40mbit/20mbit
	run ctr tenant create "$T-x/web" --net-rate 1mbit
	ended 1
	has "shares the rate of $T-x"
	run ctr run --rm --tenant "$T-x" --network host --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	ended 125
	has "holds on networks of ctr's only"
	ctr network create -d macvlan --parent wan --subnet 192.0.2.0/24 lan
	run up "$a" --tenant "$T-x" --network lan --ip 192.0.2.9
	ended 125
	has "the tenant's --net-rate: network lan is no bridge"
	ctr network rm lan
	run ctr tenant set "$T-x" --net-rate 3
	ended 1
	has "expected IN/OUT"
	ctr tenant create "$T-x/web" --allow host-ids
	up "$a" --tenant "$T-x/web"
	[ "$(rate_links)" = 2 ]
	local link
	link=$(on_host ip -br link | awk '$1 ~ /-i7/ {print $1}')
	on_host ip link add "${link%7*}7fff" type ifb
	run ctr network repair --check
	ended 1
	has "7fff is nobody's"
	ctr network repair
	[ "$(rate_links)" = 2 ]
	# One that has no queue, as whoever was killed leaves it, gets one with the next container.
	on_host tc qdisc delete dev "$link" root
	on_host ip link set "$link" down
	up "$b" --tenant "$T-x/web"
	run on_host tc qdisc show dev "$link"
	has "tbf"
	has "rate 40Mbit"
}

# bats test_tags=native
@test "a tenant's traffic is in its bill, with what crossed the host apart" {
	ctr tenant create "$T-x" --allow host-ids
	background "$lan_pid" drain 7000
	up "$a" --tenant "$T-x"
	up "$b" --tenant "$T-x"
	background "$(pid_of "$b")" drain 80
	in_net "$a" "$NET_PY" fill 192.0.2.2 7000 1000000
	in_net "$a" "$NET_PY" fill "$(address_of "$b")" 80 500000
	ctr rm -f "$a" >/dev/null
	ctr usage --tenant "$T-x" --json >bill.json
	jq '.rows[0]' bill.json
	jq -e '.rows[0] | .netSentBytes > 1500000 and .netSentBytes < 1800000
		and .netOutsideSentBytes > 1000000 and .netOutsideSentBytes < 1100000
		and .netReceivedBytes > 500000 and .netOutsideReceivedBytes < 100000
		and .netSentPackets > 20 and .netReceivedPackets > 20 and .netOutsideSentPackets > 10' bill.json
	run ctr usage --tenant "$T-x"
	has "outside)"
}
