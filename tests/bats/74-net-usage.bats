#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How much, and how fast.

load lib
load net
setup() { net_setup; }
teardown() { net_teardown; }


# fills FROM-PID ADDRESS PORT BYTES MILLISECONDS: so long, 5 % more or less. On a busy machine it may
# take longer now and then, and an emulated one keeps no time, but never less.
fills() {
	local took attempt
	for attempt in 1 2 3 4; do
		took=$(nsenter -t "$1" -n -- "$NET_PY" fill "$2" "$3" "$4" | tr -d .)
		took=$((10#$took))
		echo "$attempt: $4 bytes in $took ms, expected $5"
		[ "$took" -ge $(($5 * 95 / 100)) ] || return 1
		[ "${CTR_PLACE:-native}" = native ] || return 0
		[ "$took" -gt $(($5 * 105 / 100)) ] || return 0
	done
	return 1
}

@test "--net-rate holds, in each direction" {
	up "$a" --net-rate 40mbit/20mbit
	background "$(pid_of "$a")" drain 80
	background "$host_pid" drain 7000
	# With headers 1514 bytes carry 1448; the bucket lets 10 ms through at once.
	fills "$host_pid" "$(address_of "$a")" 80 6000000 1245
	fills "$(pid_of "$a")" 192.0.2.1 7000 3000000 1245
}

# bats test_tags=native
@test "--net-rate: nonsense is refused" {
	local rate
	for rate in x 0 1 10mbits / -5m 1e6 10mbit/x; do
		run up "$a" --net-rate "$rate"
		ended 125
		has --net-rate
	done
}

@test "what was sent and received is counted, what crossed the host apart, and kept after the end" {
	background "$lan_pid" drain 7000
	up "$a"
	up "$b"
	background "$(pid_of "$b")" drain 80
	in_net "$a" "$NET_PY" fill 192.0.2.2 7000 1000000
	in_net "$a" "$NET_PY" fill "$(address_of "$b")" 80 500000
	# Without --rm the end is what takes the network down; it is asked for with the container.
	ctr run --name "$c" --rootfs "$BATS_FILE_TMPDIR/rootfs" sh -c 'ping -c 3 -i 0.1 10.90.0.1'
	awk '{v[$1] = $2} END {exit !(v["out_packets"] >= 3 && v["in_packets"] >= 3 && v["outside_out_packets"] == 0)}' \
		"$ROOT/$c/net.usage"
	[ ! -e "$ROOT/$c/net.json" ]
	ctr usage --containers --json | jq -e --arg id "$c" '.rows[] | select(.id == $id) | .netReceivedBytes > 250'
	ctr network disconnect ctr0 "$a"
	local out in outside
	out=$(awk '$1 == "out_bytes" {print $2}' "$ROOT/$a/net.usage")
	in=$(awk '$1 == "in_bytes" {print $2}' "$ROOT/$a/net.usage")
	outside=$(awk '$1 == "outside_out_bytes" {print $2}' "$ROOT/$a/net.usage")
	echo "out $out in $in outside $outside"
	[ "$out" -gt 1500000 ] && [ "$out" -lt 1700000 ]
	[ "$outside" -gt 1000000 ] && [ "$outside" -lt 1100000 ]
	[ "$in" -gt 1000 ] && [ "$in" -lt 200000 ]
}
