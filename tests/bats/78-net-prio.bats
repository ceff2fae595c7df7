#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: 78-net-prio-queues is for what needs Debian's kernel; the rest takes minutes emulated.
# --net-prio: who goes first where packets wait.

load lib
load net
setup() {
	net_setup
	T=t$$-$BATS_TEST_NUMBER
	on_host ip route add default via 192.0.2.2
	on_host ip -6 route add default via 2001:db8::2
}

teardown() {
	uncounted 2>/dev/null
	net_teardown
}

# The wire is slow, and its queue has three bands.
slow_wan() {
	on_host tc qdisc replace dev wan root handle 1: tbf rate 8mbit burst 16k limit 1m
	on_host tc qdisc replace dev wan parent 1:1 handle 2: pfifo_fast
}

# What leaves the host, by the number that its queue sorts by: NUMBER PACKETS, one a line.
count_priorities() {
	local n
	{
		echo 'table inet wire {'
		for n in 0 1 2 3 4 5 6 7; do echo "counter p$n { }"; done
		echo 'chain leaves { type filter hook postrouting priority 300;'
		for n in 0 1 2 3 4 5 6 7; do
			echo "oifname wan meta l4proto { tcp, udp } meta priority 0:$n counter name p$n"
		done
		echo '}'
		echo '}'
	} | on_host nft -f -
}
counted() { on_host nft -j list counter inet wire "p$1" | jq '.nftables[1].counter.packets'; }
uncounted() { on_host nft delete table inet wire; }

sends() { # ID: two datagrams
	in_net "$1" "$NET_PY" ask 192.0.2.2 7000 udp
	in_net "$1" "$NET_PY" ask 2001:db8::2 7000 udp
}

@test "what a container sends has its priority where it leaves the host, over both families" {
	slow_wan
	count_priorities
	serve "$lan_pid" 7000
	run up "$a" --net-prio interactive
	ended 0
	[ -z "$output" ] # no warning: the queue has bands
	up "$b" --net-prio bulk
	up "$c"
	sends "$a"
	[ "$(counted 6)" = 2 ]
	sends "$b"
	[ "$(counted 2)" = 2 ]
	sends "$c"
	[ "$(counted 0)" = 2 ]
	ctr inspect "$a" | jq -e '.[0].NetworkSettings.Networks.ctr0.Priority == 6'
	ctr network inspect ctr0 | jq -e '.[0].members | map(.priority) | sort == [null, 2, 6]'
	# Another one while it runs; a filter that was flushed; a start of its own.
	ctr update --net-prio 4 "$a"
	sends "$a"
	[ "$(counted 4)" = 2 ]
	uncounted
	on_host nft flush ruleset
	ctr network repair
	count_priorities
	sends "$a"
	[ "$(counted 4)" = 2 ]
	ctr update --net-prio 7 "$a"
	ctr stop -t 0 "$a"
	run ctr update --net-prio 3 "$a"
	has "container not running"
	ctr start "$a"
	sends "$a"
	[ "$(counted 7)" = 2 ]
	[ "$(counted 6)" = 0 ]
	# A network that is joined later has it too.
	ctr network create other
	ctr network connect other "$a"
	jq -e '.ends | map(.priority) == [7, 7]' "$ROOT/$a/net.json"
}

ping_time() { # ID: milliseconds, on average
	ctr exec "$1" ping -q -c 15 -i 0.1 -w 20 192.0.2.2 | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p'
}

@test "on a full uplink the interactive one does not wait behind the others" {
	slow_wan
	background "$lan_pid" drain 7000
	up "$a"
	up "$b" --net-prio bulk
	ctr update --net-prio bulk "$a"
	local to before after
	to=$(pid_of "$b"),192.0.2.2,7000
	"$NET_PY" together 4000000 "$to" "$to" </dev/null >/dev/null 2>&1 3>&- &
	servers="$servers $!"
	sleep 2
	before=$(ping_time "$a")
	ctr update --net-prio interactive "$a"
	after=$(ping_time "$a")
	echo "with the others' priority $before ms, before them $after ms"
	[ "$after" -lt 20 ]
	[ "$before" -gt $((after * 5)) ]
}

@test "a kernel that cannot sort what a tenant's rate holds back: --net-prio is refused, the rate holds" {
	! has_queues || skip "this one can"
	ctr tenant create "$T-x" --allow host-ids --net-rate 40mbit/20mbit
	up "$a" --tenant "$T-x"
	run up "$b" --tenant "$T-x" --net-prio bulk
	ended 125
	has "--net-prio: what the tenant's rate holds back is not sorted"
	has "prio, fq_codel and skbedit"
}

@test "what a tenant's container sends goes first only where that is allowed, whatever it writes itself" {
	slow_wan
	count_priorities
	serve "$lan_pid" 7000
	ctr tenant create "$T-x" --allow host-ids
	run up "$a" --tenant "$T-x" --net-prio interactive
	ended 125
	has "tenant $T-x may not ask for net-prio"
	has "ctr tenant set $T-x --allow net-prio"
	up "$a" --tenant "$T-x" --net-prio bulk
	up "$b" --tenant "$T-x"
	run ctr update --net-prio 7 "$b"
	ended 1
	has "may not ask for net-prio"
	# "Low delay", as ssh has it: nobody's container is taken at its word by the kernel, a tenant's is not.
	up "$c"
	for id in "$b" "$c"; do
		in_net "$id" python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x10)
s.sendto(b"x", ("192.0.2.2", 7000))'
	done
	[ "$(counted 6)" = 1 ]
	[ "$(counted 0)" = 1 ]
	ctr tenant set "$T-x" --allow net-prio
	ctr update --net-prio 7 "$b"
	sends "$b"
	[ "$(counted 7)" = 2 ]
	ctr tenant set "$T-x" --deny net-prio
	ctr stop -t 0 "$b"
	run ctr start "$b"
	ended 125
	has "may not ask for net-prio"
}

@test "an uplink whose queue sorts nothing is named, with what to do" {
	on_host tc qdisc replace dev wan root pfifo
	run up "$a" --net-prio 3
	ended 0
	has "warning"
	has "--net-prio does nothing on wan: its queue, pfifo, does not sort by priority"
	has "tc qdisc replace dev wan root pfifo_fast"
	on_host tc qdisc del dev wan root
	run ctr update --net-prio bulk "$a"
	ended 0
	has "its queue, noqueue, does not"
	on_host ip route delete default
	run up "$b" --net-prio 3
	ended 0
	has "the host has no default route"
	# Those that have no queue hand on to a link below, which has one.
	on_host tc qdisc replace dev wan root pfifo
	on_host ip link add up0 type bridge
	on_host ip link set wan master up0
	on_host ip link set up0 up
	on_host ip route add default dev up0
	run own_sys "$CTR" --root "$ROOT" update --net-prio normal "$a"
	ended 0
	has "--net-prio does nothing on wan: its queue, pfifo, does not"
	on_host tc qdisc replace dev wan root pfifo_fast
	run own_sys "$CTR" --root "$ROOT" update --net-prio normal "$a"
	[ -z "$output" ]
	on_host ip link delete up0
}

# /sys tells of the links of whoever mounted it.
own_sys() {
	mkdir -p sys
	on_host unshare -m sh -c 'mount -t sysfs none sys && mount --bind sys/class/net /sys/class/net &&
		mount --bind sys/devices/virtual/net /sys/devices/virtual/net && exec "$@"' - "$@"
}

@test "--net-prio: what it cannot be, or cannot hold for, is refused by name" {
	local word network
	for word in x 8 -1 high 0x3 ''; do
		run up "$a" --net-prio "$word"
		ended 125
		has "--net-prio: expected bulk, normal, interactive or a number from 0 to 7, got \"$word\""
	done
	for network in none host container:"$a" ns:/proc/self/ns/net cni:x; do
		run up "$a" --net-prio bulk --network "$network"
		ended 125
		has "--net-prio is not possible with the network"
	done
	ctr network create --internal dark
	run up "$a" --net-prio bulk --network dark
	ended 125
	has "--net-prio: network dark is internal"
	ctr network create -d macvlan --parent wan --subnet 192.0.2.0/24 lan
	run up "$a" --net-prio bulk --network lan
	ended 125
	has "--net-prio: network lan is no bridge"
	up "$a" --network none
	run ctr update --net-prio bulk "$a"
	ended 1
	has "has no network of ctr's"
}
