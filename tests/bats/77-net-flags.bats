#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Networks and the flags about them.

load lib
load net
setup() { net_setup; }
teardown() { net_teardown; }

mac_of() { in_net "$1" ip -o link show "$2" | grep -o 'ether [^ ]*'; }

@test "without --network it is the bridge; CTR_NETWORK changes that; host and none stay" {
	run ctr run --rm --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'ip -o link | wc -l; ip route'
	has "default via 10.90.0.1"
	run ctr run --rm --network none --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'ip -o link | wc -l; ip route'
	[ "$output" = 1 ]
	CTR_NETWORK=none run ctr run --rm --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'ip -o link | wc -l; ip route'
	[ "$output" = 1 ]
	run ctr run --rm --network host --rootfs "$BATS_FILE_TMPDIR/rootfs" ip -o address
	has 192.0.2.1
}

@test "addresses that are asked for: given, refused by name, free again" {
	ctr network create --subnet 10.5.0.0/24 --subnet6 fd05::/64 mine
	up "$a" --network mine --ip 10.5.0.77 --ip6 fd05::abc --mac-address 02:00:00:00:00:07
	[ "$(address_of "$a")" = 10.5.0.77 ]
	[ "$(address_of "$a" 6)" = fd05::abc ]
	run ctr exec "$a" ip link show eth0
	has 02:00:00:00:00:07
	run up "$b" --network mine --ip 10.5.0.77
	ended 125
	has "container $a has it"
	run up "$b" --network mine --ip 10.6.0.1
	has "not in the subnet"
	run up "$b" --network mine --ip 10.5.0.1
	has "reserved"
	run up "$b" --network mine --mac-address 01:00:00:00:00:07
	has "--mac-address"
	run up "$b" --network nosuch
	has 'there is no network "nosuch"'
	ctr delete --force "$a"
	up "$b" --network mine --ip 10.5.0.77
}

# bats test_tags=native
@test "--add-host, --dns, --dns-search, --dns-option" {
	run ctr run --rm --name "$a" --add-host db:10.0.0.7 --add-host gw:host-gateway --dns 9.9.9.9 --dns-search example.org \
		--dns-option ndots:3 --rootfs "$BATS_FILE_TMPDIR/rootfs" cat /etc/hosts /etc/resolv.conf
	ended 0
	has "10.0.0.7"$'\t'"db"
	has "10.90.0.1"$'\t'"gw"
	has "$a"
	has "nameserver 9.9.9.9"
	has "search example.org"
	has "options ndots:3"
	local flag
	for flag in --add-host=db --add-host=:1.2.3.4 "--add-host=a b:1.2.3.4" --dns=x --network-alias=a,b; do
		run up "$a" "$flag"
		ended 125
	done
}

@test "several networks: the first leads out; connect and disconnect while it runs" {
	ctr network create one
	ctr network create two
	up "$a" --network one --network two
	up "$b" --network two
	run ctr exec "$a" sh -c "ip -o link | wc -l; ip route; ping -c 1 -W 2 $b"
	ended 0
	[ "${lines[0]}" = 3 ]
	ctr network connect --alias late one "$b"
	run ctr exec "$a" ping -c 1 -W 2 late
	ended 0
	run ctr exec "$b" sh -c "ip -o link | wc -l; ip route | grep -c default; ping -c 1 -W 2 $a"
	ended 0
	[ "${lines[0]}" = 3 ]
	[ "${lines[1]}" = 1 ]
	run ctr network connect one "$b"
	has "is in network one already"
	# What somebody left half who was killed is made anew.
	in_net "$b" ip link set eth1 down
	ctr network connect one "$b"
	run in_net "$b" ip -o -4 address show dev eth1
	has "inet 10."
	[ "$(jq '.ends | length' "$ROOT/$b/net.json")" = 2 ]
	ctr network disconnect one "$b"
	run ctr exec "$b" ip -o link
	[[ $output != *eth1* ]]
	run ctr network disconnect one "$b"
	has "is not in network one"
	run ctr exec "$a" cat /etc/hosts
	[[ $output != *late* ]]
}

@test "container:ID shares the other's network and names, ns:PATH any namespace" {
	up "$a"
	up "$b" --network "container:$a"
	[ "$(readlink "/proc/$(pid_of "$a")/ns/net")" = "$(readlink "/proc/$(pid_of "$b")/ns/net")" ]
	run ctr exec "$b" cat /etc/hosts
	has "$a"
	run ctr run --rm --network "ns:/proc/$lan_pid/ns/net" --rootfs "$BATS_FILE_TMPDIR/rootfs" ip -o address
	has 192.0.2.2
	run up x --network container:nosuch
	ended 125
	run up x --network ns:relative
	ended 125
	run up x --network none --network host
	ended 125
	run up x --network host -p 80:80
	ended 125
	has "--publish is not possible with the network host"
}

# bats test_tags=native
@test "networks are made, shown, refused, removed" {
	run ctr network create --subnet 192.0.2.0/25 x
	ended 1
	has "the host has a route to 192.0.2.0/24"
	ctr network create --subnet 10.7.0.0/24 --mtu 1400 seven
	run ctr network create --subnet 10.7.0.128/25 eight
	ended 1
	run ctr network create seven
	has "exists already"
	local wrong
	for wrong in "--subnet x a" "--subnet 10.0.0.0/31 a" "--mtu 5 a" "-d vxlan a" "-d macvlan a" ../a .a "a/b" \
		"--gateway 1.2.3.4 --subnet 10.9.0.0/24 a" "--parent wan a"; do
		# shellcheck disable=SC2086 # words
		run ctr network create $wrong
		[ "$status" = 1 ] || { echo "$wrong: $output"; return 1; }
	done
	run ctr network ls
	has "seven   bridge   ctr1   10.7.0.0/24"
	[ "${#lines[@]}" = 2 ]
	up "$a" --network seven
	run ctr exec "$a" ip link show eth0
	has "mtu 1400"
	ctr network inspect seven | jq -e --arg id "$a" '.[0].members[0].id == $id and .[0].network.mtu == 1400'
	run ctr network rm seven
	has "in use by container $a"
	ctr delete --force "$a"
	ctr network rm seven
	run on_host ip link show ctr1
	ended 1
}

@test "macvlan on a link of the host" {
	ctr network create -d macvlan --parent wan --subnet 192.0.2.0/24 --gateway 192.0.2.2 shared
	up "$a" --network shared --ip 192.0.2.50
	run ctr exec "$a" ping -c 1 -W 2 192.0.2.2
	ended 0
	serve "$lan_pid" 7000
	run in_net "$a" "$NET_PY" ask 192.0.2.2 7000
	has "from 192.0.2.50"
	run up "$b" --network shared -p 80:80
	has "no bridge"
	# It has no use for a packet filter; one that is there nevertheless is found, and removed.
	run ctr network repair --check
	ended 0
	ctr network create other
	local table
	table=$(on_host nft list tables inet | awk '{print $3}')
	ctr network rm other
	on_host nft "add table inet $table; add chain inet $table c; add rule inet $table c accept"
	: >"$ROOT/.net/.shared.json.new"
	run ctr network repair --check
	ended 1
	has "packet filter: 1 rules of 0 are there"
	ctr network repair
	[ -z "$(on_host nft list tables)" ]
	[ ! -e "$ROOT/.net/.shared.json.new" ]
}

@test "ipvlan on a link of the host: its hardware address is the link's" {
	on_host ip link add probe link wan type ipvlan 2>/dev/null || skip "this kernel has no ipvlan"
	on_host ip link delete probe
	ctr network create -d ipvlan --mode l2 --parent wan --subnet 192.0.2.0/24 --gateway 192.0.2.2 --subnet6 2001:db8::/64 \
		--gateway6 2001:db8::2 shared
	up "$a" --network shared --ip 192.0.2.60 --ip6 2001:db8::60
	serve "$lan_pid" 7000
	run in_net "$a" "$NET_PY" ask 192.0.2.2 7000
	has "from 192.0.2.60"
	run in_net "$a" "$NET_PY" ask 2001:db8::2 7000
	has "from 2001:db8::60"
	[ "$(mac_of "$a" eth0)" = "$(on_host ip -o link show wan | grep -o 'ether [^ ]*')" ]
	run up "$b" --network shared --net-rate 10mbit
	ended 125
	has "no bridge"
}

# bats test_tags=native
@test "what is asked for of a network, or of one more: gateways, no IPv6, addresses" {
	ctr network create --subnet 10.6.0.0/24 --gateway 10.6.0.254 --subnet6 fd06::/64 --gateway6 fd06::fe six
	ctr network create --no-ipv6 four
	up "$a" --network four
	[ -z "$(address_of "$a" 6)" ]
	ctr network connect --ip 10.6.0.9 --ip6 fd06::9 --mac-address 02:00:00:00:00:09 six "$a"
	run in_net "$a" ip -o address show dev eth1
	has 10.6.0.9/24
	has fd06::9/64
	[ "$(mac_of "$a" eth1)" = "ether 02:00:00:00:00:09" ]
	run ctr exec "$a" sh -c 'ping -c 1 -W 2 10.6.0.254 && ping -c 1 -W 2 fd06::fe'
	ended 0
	run ctr network connect --ip 10.6.0.9 six "$a"
	ended 1
	run ctr network ls -q
	[ "$output" = $'four\nsix' ]
	ctr network ls --json | jq -e 'map(.name) == ["four", "six"] and .[1].gateway == "10.6.0.254" and .[0].subnet6 == null'
	# Networks that are in use stay.
	ctr network disconnect six "$a"
	run ctr network prune
	[ "$output" = six ]
	run ctr network ls -q
	[ "$output" = four ]
}

# bats test_tags=native
@test "forty at once have forty addresses, and give them all back" {
	local i pids=()
	ctr network create many
	for ((i = 0; i < 40; i++)); do
		up "$ID-$i" --network many &
		pids+=($!)
	done
	wait "${pids[@]}"
	ctr network inspect many | jq -e '.[0].members | length == 40 and (map(.address) | unique | length == 40)'
	for ((i = 0; i < 40; i++)); do
		ctr delete --force "$ID-$i"
	done
	ctr network inspect many | jq -e '.[0].members == []'
	until_true ctr network repair --check # the last links go with their namespaces, in the kernel's own time
}

# bats test_tags=native
@test "where no network can be made, a container that asked for none says so and runs" {
	on_host sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	readonly_sysctl() {
		on_host unshare -m sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"' - \
			"$CTR" --root "$ROOT" run --rm "$@" --rootfs "$BATS_FILE_TMPDIR/rootfs" echo runs
	}
	run readonly_sysctl
	ended 0
	has runs
	has "no network but a loopback"
	has "read-only file system"
	run readonly_sysctl --network bridge
	ended 125
	run readonly_sysctl -p 80:80
	ended 125
}
