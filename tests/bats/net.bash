# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of networks: `load lib`, `load net`. Each test has a "host" of its own, a network namespace
# in which ctr runs, and a "lan" behind the link `wan` of that host: 192.0.2.1 and 2001:db8::1 are the
# host, .2 and ::2 somebody outside. Nothing touches the network of the machine.

NET_PY=$BATS_TEST_DIRNAME/helpers/net.py

net_setup() {
	needs_root && needs nsenter && needs ip
	new_test
	a=$ID-a b=$ID-b c=$ID-c # names of containers
	unshare -n sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	host_pid=$!
	disown
	unshare -n sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	lan_pid=$!
	disown
	until_apart "$host_pid"
	until_apart "$lan_pid"
	local space
	for space in on_host on_lan; do # addresses are there at once
		$space sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad'
	done
	on_host ip link set lo up
	on_lan ip link set lo up
	on_host ip link add wan type veth peer name wan netns "$lan_pid"
	on_host ip address add 192.0.2.1/24 dev wan
	on_host ip -6 address add 2001:db8::1/64 dev wan nodad
	on_lan ip address add 192.0.2.2/24 dev wan
	on_lan ip -6 address add 2001:db8::2/64 dev wan nodad
	on_host ip link set wan up
	on_lan ip link set wan up
	unset CTR_NETWORK
	export NETCONFPATH=$ROOT.net.d # nowhere: what this machine has is none of the tests'
}

# A process that is in a namespace of its own already.
until_apart() {
	while [ "$(readlink "/proc/$1/ns/net")" = "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.01
	done
}

net_teardown() {
	local bad=0 pid id name
	cd / || return
	if [ -n "${host_pid:-}" ]; then
		[ ! -d "$ROOT" ] || for id in $(ctr list -q 2>/dev/null); do
			ctr delete --force "$id" || bad=1
		done
		[ ! -d "$ROOT" ] || for name in $(ctr tenant ls --json 2>/dev/null | jq -r '.[].name' | sort -r); do
			ctr tenant rm "$name" || bad=1
		done
		ctr network prune >/dev/null || bad=1
		no_traces || bad=1
	fi
	for pid in ${servers:-} ${host_pid:-} ${lan_pid:-}; do
		kill -KILL "$pid" 2>/dev/null
	done
	host_pid=''
	nothing_left || bad=1
	return "$bad"
}

# Of ctr's networks nothing is left on the host: no link, rule, lease.
no_traces() {
	local left i
	for ((i = 0; i < 100; i++)); do # links go with their namespaces, in the kernel's own time
		left=$(on_host ip -br link | grep -Ev '^(lo|wan)')
		[ -n "$left" ] || break
		sleep 0.05
	done
	left+=$(on_host nft list tables 2>/dev/null)
	left+=$(find "$ROOT/.net" -type f 2>/dev/null)
	[ -z "$left" ] || {
		echo "left of networks: $left"
		return 1
	}
}

on_host() { nsenter -t "$host_pid" -n -- "$@"; }
on_lan() { nsenter -t "$lan_pid" -n -- "$@"; }
ctr() { on_host "$CTR" --root "$ROOT" "$@"; }

pid_of() { ctr state "$1" | jq .pid; }
# in_net ID COMMAND...: with the host's programs, in the container's network.
in_net() {
	local id=$1
	shift
	nsenter -t "$(pid_of "$id")" -n -- "$@"
}
# address_of ID [4|6]
address_of() { in_net "$1" ip -"${2:-4}" -o address show dev eth0 scope global | awk '{print $4}' | cut -d/ -f1; }

# up ID FLAG...: a container that sleeps.
up() {
	local id=$1
	shift
	ctr run -d --name "$id" "$@" --rootfs "$BATS_FILE_TMPDIR/rootfs" sleep 1000 >/dev/null
}

# A server in the network namespace of a process: serve PID PORT, drain PID PORT.
background() {
	local pid=$1 i
	shift
	nsenter -t "$pid" -n -- "$NET_PY" "$@" </dev/null >/dev/null 2>&1 3>&- &
	servers="${servers:-} $!"
	disown
	for ((i = 0; i < 200; i++)); do
		nsenter -t "$pid" -n -- grep -qi ":$(printf %04X "$2") .* 0A " /proc/net/tcp6 && return
		sleep 0.05
	done
	echo "no server on port $2"
	return 1
}
serve() { background "$1" serve "$2"; }

# Whether the kernel can sort what a tenant's rate holds back.
has_queues() {
	on_host ip link add probe type ifb
	on_host tc qdisc add dev probe root handle 2: prio 2>/dev/null &&
		on_host tc qdisc add dev probe parent 2:1 fq_codel 2>/dev/null &&
		on_host tc qdisc add dev probe clsact 2>/dev/null &&
		on_host tc filter add dev probe ingress u32 match u32 0 0 action skbedit priority 1 2>/dev/null
	local r=$?
	on_host ip link delete probe
	return "$r"
}
