#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers on bridges: who reaches whom, by which name.

load lib
load net
setup() { net_setup; }
teardown() { net_teardown; }

@test "two containers reach each other by name, over IPv4 and IPv6, and the host" {
	up "$a" --network-alias www --hostname shop
	up "$b"
	run ctr exec "$b" sh -c "ping -c 1 -W 2 $a && ping -c 1 -W 2 www && ping -c 1 -W 2 shop"
	ended 0
	has 10.90.0.2
	serve "$(pid_of "$a")" 80
	run in_net "$b" "$NET_PY" ask "$(address_of "$a" 6)" 80
	has "from $(address_of "$b" 6)"
	run in_net "$b" "$NET_PY" ask "$(address_of "$a")" 80
	has "from $(address_of "$b")"
	run on_host "$NET_PY" ask "$(address_of "$a")" 80
	has "from 10.90.0.1"
	run ctr exec "$a" cat /etc/hosts
	has "localhost"
	has "$(address_of "$b")"$'\t'"$b"
	has "$(address_of "$b" 6)"$'\t'"$b"
}

@test "a name goes with its container" {
	up "$a"
	up "$b"
	ctr delete --force "$b"
	run ctr exec "$a" cat /etc/hosts
	has "$a"
	[[ $output != *"$b"* ]]
}

@test "what leaves is masqueraded, over both families; what is outside does not get in" {
	serve "$lan_pid" 7000
	up "$a"
	run in_net "$a" "$NET_PY" ask 192.0.2.2 7000
	has "from 192.0.2.1"
	run in_net "$a" "$NET_PY" ask 192.0.2.2 7000 udp
	has "from 192.0.2.1"
	run in_net "$a" "$NET_PY" ask 2001:db8::2 7000
	has "from 2001:db8::1"
	serve "$(pid_of "$a")" 80
	on_lan ip route add 10.90.0.0/20 via 192.0.2.1
	on_lan ip -6 route add fd00::/8 via 2001:db8::1
	run on_lan "$NET_PY" ask "$(address_of "$a")" 80
	ended 1
	run on_lan "$NET_PY" ask "$(address_of "$a" 6)" 80
	ended 1
}

@test "networks do not reach one another; the container of one does not have the other's names" {
	ctr network create one
	ctr network create two
	up "$a" --network one
	up "$b" --network two
	serve "$(pid_of "$a")" 80
	run in_net "$b" "$NET_PY" ask "$(address_of "$a")" 80
	ended 1
	run in_net "$b" "$NET_PY" ask "$(address_of "$a" 6)" 80
	ended 1
	run ctr exec "$b" cat /etc/hosts
	[[ $output != *"$a"* ]]
	# That the server would have answered:
	run on_host "$NET_PY" ask "$(address_of "$a")" 80
	ended 0
}

@test "an internal network has neither a way out nor the host, whatever routes are set" {
	ctr network create --internal dark
	up "$a" --network dark
	up "$b" --network dark
	serve "$(pid_of "$a")" 80
	serve "$lan_pid" 7000
	serve "$host_pid" 7000
	run in_net "$b" "$NET_PY" ask "$(address_of "$a")" 80
	ended 0
	run ctr exec "$a" sh -c 'ip route; cat /etc/resolv.conf'
	[[ $output != *default* ]]
	[[ $output != *nameserver* ]]
	# The host answers no question for an address here; whoever knows the bridge's anyway gets nowhere.
	local mac
	mac=$(on_host ip -o link show ctr1 | sed 's/.*ether \([^ ]*\).*/\1/')
	in_net "$a" ip route add default dev eth0
	in_net "$a" ip neigh replace 192.0.2.2 lladdr "$mac" dev eth0
	in_net "$a" ip neigh replace 192.0.2.1 lladdr "$mac" dev eth0
	run in_net "$a" "$NET_PY" ask 192.0.2.2 7000 udp
	ended 1
	run in_net "$a" "$NET_PY" ask 192.0.2.1 7000 udp
	ended 1
}

@test "members of an isolated network reach what is outside, not one another" {
	ctr network create --isolated apart
	up "$a" --network apart
	up "$b" --network apart
	serve "$(pid_of "$a")" 80
	serve "$lan_pid" 7000
	run in_net "$b" "$NET_PY" ask "$(address_of "$a")" 80
	ended 1
	run in_net "$b" "$NET_PY" ask 192.0.2.2 7000
	ended 0
}
