#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: 71-net-bridge shows that the older kernel does it; emulated, these take minutes.
# Tenants that share a network: strangers to one another.

load lib
load net
setup() {
	net_setup
	T=t$$-$BATS_TEST_NUMBER
}

teardown() {
	local id name bad=0
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do ctr delete --force "$id" || bad=1; done
	for name in $(ctr tenant ls --json 2>/dev/null | jq -r '.[].name' | sort -r); do
		ctr tenant rm "$name" || bad=1
	done
	net_teardown || bad=1
	return "$bad"
}

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
	# Nor do they after the filter was made anew.
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
