#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: neither control groups nor the kernel's age make a difference.
# linux.netDevices: links of the host's that become the container's. The host here is a network
# namespace of the test's own.

load lib
load oci

setup() {
	new_test
	needs_root
	needs ip
	unshare -n sleep 200 3>&- 4>&- &
	HOST=$!
	ours() { [ "$(readlink "/proc/$HOST/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
	until_true ours
	host ip link add dev0 type veth peer name peer0
	host ip link set peer0 up
	host ip addr add 10.99.0.2/24 dev dev0
	host ip addr add fd00:99::2/64 dev dev0 nodad
}

teardown() {
	local id
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id"
	done
	kill "$HOST"
	nothing_left
}

host() { nsenter -n -t "$HOST" "$@"; }

# moved FILTER SCRIPT
moved() {
	light b "$1 | .process.args = [\"sh\", \"-c\", \$script]" --arg script "$2"
	run host "$CTR" --root "$ROOT" run -b b "$ID"
}

@test "a device goes in with its name and addresses, and is up" {
	moved '.linux.netDevices = {dev0: {}}' 'ip -o addr show dev dev0; ip link show dev0; cat /sys/class/net/dev0/operstate'
	ended 0
	has "10.99.0.2/24"
	has "fd00:99::2/64"
	has "LOWER_UP"
	# It has left the host, and a veth pair ends with either of its ends.
	! host ip link show dev0
}

@test "it gets the name that was asked for, also one by a template" {
	moved '.linux.netDevices = {dev0: {name: "eth7"}}' 'ip -o addr show dev eth7'
	ended 0
	has "10.99.0.2/24"
	# A network namespace ends a while after its last process, and the pair with it.
	gone() { ! host ip link show peer0 2>/dev/null; }
	until_true gone
	host ip link add dev0 type veth peer name peer0
	host ip addr add 10.99.0.3/24 dev dev0
	moved '.linux.netDevices = {dev0: {name: "net%d"}}' 'ip -o addr show dev net0'
	ended 0
	has "10.99.0.3/24"
}

@test "several, and the other end of the wire answers" {
	host ip link add dev1 type veth peer name peer1
	host ip addr add 10.99.0.1/24 dev peer0
	moved '.linux.netDevices = {dev0: {name: "a"}, dev1: {name: "b"}} |
		.process.capabilities[] += ["CAP_NET_RAW"]' 'ip -o link; ping -c 1 -W 5 10.99.0.1'
	ended 0
	has ": a@"
	has ": b@"
}

@test "in a network namespace that is joined, and before createRuntime hooks look" {
	nsenter -n -t "$HOST" unshare -n sleep 100 3>&- 4>&- &
	local other=$!
	other() { [ "$(readlink "/proc/$other/ns/net")" != "$(readlink "/proc/$HOST/ns/net")" ] && [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
	until_true other
	cat >hook <<-E
		#!/bin/sh
		nsenter -n -t $other ip -o link >$PWD/seen
	E
	chmod 755 hook
	moved "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$other/ns/net\" |
		.linux.netDevices = {dev0: {}} | .hooks.createRuntime = [{path: \"$PWD/hook\"}]" 'ip -o addr show dev dev0'
	kill "$other"
	ended 0
	has 10.99.0.2
	grep -q dev0 seen
}

@test "what cannot be: no such device, a name that is taken, no namespace of its own" {
	moved '.linux.netDevices = {nosuch: {}}' true
	ended 1
	has 'linux.netDevices["nosuch"]'
	moved '.linux.netDevices = {dev0: {name: "lo"}}' true
	ended 1
	has 'linux.netDevices["dev0"]'
	has "file exists"
	# What failed has changed nothing.
	host ip -o addr show dev dev0 | grep -q 10.99.0.2
	light b '.linux.netDevices = {dev0: {}} | .linux.namespaces |= map(select(.type != "network"))'
	run host "$CTR" --root "$ROOT" run -b b "$ID"
	ended 1
	has "linux.netDevices: set without a network namespace"
}
