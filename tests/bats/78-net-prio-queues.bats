#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --net-prio where the kernel has the queues that it is best with: prio, fq_codel.

load lib
load net
setup() {
	net_setup
	T=t$$-$BATS_TEST_NUMBER
	on_host ip route add default via 192.0.2.2
	on_host ip -6 route add default via 2001:db8::2
}

teardown() { net_teardown; }

sends() { # ID: two datagrams
	in_net "$1" "$NET_PY" ask 192.0.2.2 7000 udp
	in_net "$1" "$NET_PY" ask 2001:db8::2 7000 udp
}

@test "a queue with bands on the uplink sorts: each band counts its own" {
	on_host tc qdisc replace dev wan root handle 1: prio 2>/dev/null || skip "this kernel has no prio"
	serve "$lan_pid" 7000
	up "$a" --net-prio interactive
	up "$b" --net-prio bulk
	sends "$a" # and the host knows its neighbours
	local before=(- "$(band 1)" "$(band 2)" "$(band 3)")
	sends "$a"
	sends "$b"
	sends "$b"
	echo "before ${before[*]}; now $(band 1) $(band 2) $(band 3)"
	[ "$(($(band 1) - before[1]))" -ge 2 ] # the kernel's own control messages go there as well
	[ "$(($(band 3) - before[3]))" = 4 ]
}
# Packets of one of the queue's classes.
band() { on_host tc -s class show dev wan classid "1:$1" | awk '$1 == "Sent" {print $4}'; }

# filled FROM-PID ADDRESS: how many milliseconds 100 kB take.
filled() { nsenter -t "$1" -n -- "$NET_PY" fill "$2" 7000 100000 | tr -d . | sed 's/^0*//'; }

@test "in a tenant's rate the interactive one goes first, in both directions" {
	has_queues || skip "this kernel has no prio, fq_codel or skbedit"
	ctr tenant create "$T-x" --allow host-ids --allow net-prio --net-rate 4mbit/4mbit
	up "$a" --tenant "$T-x" --net-prio normal
	up "$b" --tenant "$T-x"
	background "$lan_pid" drain 7000
	background "$(pid_of "$a")" drain 7000
	background "$(pid_of "$b")" drain 7000
	goes_first out "$(pid_of "$a")" 192.0.2.2 "$(pid_of "$b"),192.0.2.2,7000"
	ctr update --net-prio normal "$a"
	goes_first in "$host_pid" "$(address_of "$a")" "$host_pid,$(address_of "$b"),7000"
	# Another rate keeps the order.
	ctr tenant set "$T-x" --net-rate 5mbit/5mbit
	local link
	for link in $(on_host ip -br link | awk '$1 ~ /-[io]7/ {print $1}'); do
		[ "$(on_host tc qdisc show dev "$link" | grep -c 'prio\|fq_codel')" = 4 ]
	done
}

# goes_first WHAT PID ADDRESS BULK: alone among eight others it has a ninth of the rate, as first all of it.
goes_first() {
	local before after others=()
	while [ ${#others[@]} -lt 8 ]; do others+=("$4"); done
	"$NET_PY" together 2000000 "${others[@]}" </dev/null >/dev/null 2>&1 3>&- &
	local load=$!
	sleep 2
	before=$(filled "$2" "$3")
	ctr update --net-prio interactive "$a"
	after=$(filled "$2" "$3")
	kill -0 "$load"
	kill "$load"
	echo "$1: beside the others $before ms, before them $after ms"
	[ "$before" -gt $((after * 2)) ]
}
