#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: plugins are the same everywhere.
# Networks that others describe: plugins of CNI, those of Debian and some that misbehave.

load lib
load net

setup() {
	net_setup
	T=$BATS_TEST_TMPDIR
	[ -x /usr/lib/cni/bridge ] || missing "no package containernetworking-plugins"
	export NETCONFPATH=$T/net.d CNI_PATH=$T/plugins:/usr/lib/cni LOG=$T/log
	mkdir "$NETCONFPATH" "$T/plugins" "$T/leases"
	: >"$LOG"
}

teardown() {
	local id
	if [ -n "${host_pid:-}" ]; then
		for id in $(ctr list -q 2>/dev/null); do
			ctr delete --force "$id" || :
		done
		# Not ctr's: what plugins share between networks.
		on_host nft flush ruleset || :
		on_host ip link delete cni-t 2>/dev/null || :
	fi
	net_teardown
}

# conflist NAME PLUGIN...
conflist() {
	local name=$1 IFS=,
	shift
	echo "{\"cniVersion\": \"1.0.0\", \"name\": \"$name\", \"plugins\": [$*]}" >"$NETCONFPATH/50-$name.conflist"
}

bridge() {
	echo '{"type": "bridge", "bridge": "cni-t", "isGateway": true, "ipMasq": true,
		"capabilities": {"ips": true, "mac": true},
		"ipam": {"type": "host-local", "dataDir": "'"$T"'/leases",
		"ranges": [[{"subnet": "10.77.0.0/24"}], [{"subnet": "fd77::/64"}]], "routes": [{"dst": "0.0.0.0/0"}]}}'
}

# plugin NAME LINE...: a shell script; it notes what it is told, and answers with what came before.
plugin() {
	local name=$1
	shift
	{
		echo '#!/bin/bash'
		echo 'told=$(cat)'
		echo "echo \"\$CNI_COMMAND $name \$CNI_IFNAME \${CNI_NETNS:+netns} \$(jq -c .prevResult.ips[0].address <<<\"\$told\")\" >>$LOG"
		printf '%s\n' "$@"
		echo '[ "$CNI_COMMAND" != ADD ] || jq -c "{cniVersion} + (.prevResult // {ips: [{address: \"10.9.0.2/24\"}]})" <<<"$told"'
	} >"$T/plugins/$name"
	chmod +x "$T/plugins/$name"
}

leases() { find "$T/leases" -name '10.*' -o -name 'fd*' | wc -l; }
masq() { on_host iptables -t nat -S 2>/dev/null | grep -c -- '-A CNI' || :; }
pinned() { grep -c " $ROOT/.*/netns " /proc/self/mountinfo || :; }
hasnt() { [[ "$output" != *"$1"* ]]; }
nothing_held() { [ "$(leases) $(masq) $(pinned)" = "0 0 0" ]; }

@test "bridge, portmap, firewall and tuning: reachable, published, named; all of it goes" {
	on_host iptables -t nat -S >/dev/null 2>&1 || missing "iptables does not work here"
	conflist mine "$(bridge)" '{"type": "portmap", "capabilities": {"portMappings": true}}' \
		'{"type": "firewall", "backend": "iptables"}' '{"type": "tuning", "sysctl": {"net.ipv4.ip_default_ttl": "77"}}'
	up "$a" --network cni:mine -p 8080:80 --ip 10.77.0.9 --mac-address 02:00:00:00:00:07
	[ "$(address_of "$a")" = 10.77.0.9 ]
	[[ "$(address_of "$a" 6)" == fd77::* ]]
	run ctr exec "$a" cat /proc/sys/net/ipv4/ip_default_ttl /etc/hosts
	[ "${lines[0]}" = 77 ]
	has "10.77.0.9"$'\t'"$a"
	run in_net "$a" ip link show eth0
	has 02:00:00:00:00:07
	serve "$(pid_of "$a")" 80
	run timeout 10 nsenter -t "$lan_pid" -n -- bash -c 'exec 3<>/dev/tcp/192.0.2.1/8080 && echo in'
	has in
	run ctr port "$a"
	has "*:8080->80/tcp"
	hasnt "127.0.0.1"
	run ctr inspect -f '{{json .NetworkSettings.Networks}}' "$a"
	has '"cni:mine"'
	has '"IPAddress":"10.77.0.9"'
	has '"Gateway":"10.77.0.1"'
	[ "$(leases)" = 2 ]
	[ "$(pinned)" = 1 ]
	[ "$(masq)" -gt 3 ]
	ctr delete --force "$a"
	[ "$(on_host iptables -t nat -S | grep -c "$a")" = 0 ]
	[ "$(leases) $(pinned)" = "0 0" ]
	# One that ends by itself.
	run ctr run --rm --name "$a" --network cni:mine --rootfs "$BATS_FILE_TMPDIR/rootfs" ping -c 1 -W 2 192.0.2.1
	ended 0
	[ "$(on_host iptables -t nat -S | grep -c "$a")" = 0 ]
	[ "$(leases) $(pinned)" = "0 0" ]
}

@test "ADD in order and DEL in reverse, with what came before; once, and again with start" {
	plugin one
	plugin two
	plugin three
	conflist chain '{"type": "one"}' '{"type": "two"}' '{"type": "three"}'
	ctr run --rm --name "$a" --network cni:chain --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	local want='ADD one eth0 netns null
ADD two eth0 netns "10.9.0.2/24"
ADD three eth0 netns "10.9.0.2/24"
DEL three eth0 netns "10.9.0.2/24"
DEL two eth0 netns "10.9.0.2/24"
DEL one eth0 netns "10.9.0.2/24"'
	diff "$LOG" - <<<"$want"
	: >"$LOG"
	up "$a" --network cni:chain
	ctr stop -t 0 "$a"
	ctr start "$a"
	ctr delete --force "$a"
	# One that was interrupted is told once more.
	diff <(uniq "$LOG") - <<<"$want"$'\n'"$want"
}

@test "resolv.conf is the plugins', unless flags say otherwise" {
	plugin named '[ "$CNI_COMMAND" = DEL ] || { echo "{\"cniVersion\": \"1.0.0\", \"dns\": {\"nameservers\": [\"9.9.9.9\"], \"search\": [\"example.org\"]}}"; exit; }'
	conflist dns '{"type": "named"}'
	run ctr run --rm --network cni:dns --rootfs "$BATS_FILE_TMPDIR/rootfs" cat /etc/resolv.conf
	has "nameserver 9.9.9.9"
	has "search example.org"
	run ctr run --rm --network cni:dns --dns 8.8.8.8 --rootfs "$BATS_FILE_TMPDIR/rootfs" cat /etc/resolv.conf
	has "nameserver 8.8.8.8"
	hasnt 9.9.9.9
}

@test "a plugin that fails is quoted, and what others did is undone" {
	plugin broken '[ "$CNI_COMMAND" = DEL ] || { echo "{\"code\": 11, \"msg\": \"no luck\", \"details\": \"today\"}"; exit 1; }'
	plugin after
	conflist bad "$(bridge)" '{"type": "broken"}' '{"type": "after"}'
	run up "$a" --network cni:bad
	ended 125
	has "plugin broken: ADD: no luck: today (code 11)"
	has "50-bad.conflist describes the network"
	until_true nothing_held
	run cat "$LOG"
	has "DEL broken"
	hasnt after
	run ctr list -q
	[ -z "$output" ]
	# Neither an answer that is none, ...
	plugin broken '[ "$CNI_COMMAND" = DEL ] || { echo "{"; exit; }'
	run up "$a" --network cni:bad
	ended 125
	has "plugin broken: ADD: what it answered"
	# ... nor one without end.
	plugin broken '[ "$CNI_COMMAND" = DEL ] || { yes; }'
	run up "$a" --network cni:bad
	ended 125
	has "it answered more than"
	until_true nothing_held
}

@test "a plugin that hangs is killed; one that can't undo keeps the record until it can" {
	plugin slow '[ "$CNI_COMMAND" = DEL ] || { sleep 60; }'
	conflist hang '{"type": "slow"}'
	SECONDS=0
	run up "$a" --network cni:hang
	ended 125
	has "it did not end within 10 s and was killed"
	[ "$SECONDS" -lt 20 ]
	plugin stuck "[ \$CNI_COMMAND = ADD ] || [ -e $T/mended ] || { echo not now >&2; exit 3; }"
	conflist keeps "$(bridge)" '{"type": "stuck"}'
	up "$a" --network cni:keeps
	run ctr delete --force "$a"
	ended 1
	has "plugin stuck: DEL: not now"
	[ "$(leases)" = 2 ]
	: >"$T/mended"
	ctr delete --force "$a"
	until_true nothing_held
}

@test "killed at any moment: the next delete undoes it" {
	plugin wait "[ \$CNI_COMMAND = DEL ] || { : >$T/there; exec sleep 30; }"
	conflist dies "$(bridge)" '{"type": "wait"}'
	local file=$BATS_FILE_TMPDIR/rootfs
	nsenter -t "$host_pid" -n -- "$CTR" --root "$ROOT" run --name "$a" --network cni:dies --rootfs "$file" true \
		</dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	disown
	until_true [ -e "$T/there" ]
	kill -KILL "$pid"
	[ "$(leases)" = 2 ]
	ctr delete --force "$a"
	until_true nothing_held
	grep -q "DEL wait" "$LOG"
	# One that runs, and all of ctr with it.
	conflist runs "$(bridge)"
	up "$a" --network cni:runs
	kill -KILL "$(pid_of "$a")"
	ctr delete --force "$a"
	until_true nothing_held
}

@test "what is not there, or can't be, is refused by name" {
	plugin one
	conflist mine '{"type": "one"}'
	local flag
	run up "$a" --network cni:nosuch
	ended 125
	has 'describes a network "nosuch"'
	has "those that are there: mine"
	run up "$a" --network cni:../x
	has "is no name of a network"
	conflist lacks '{"type": "no-such-plugin"}'
	run up "$a" --network cni:lacks
	has "there is no plugin no-such-plugin in"
	has "containernetworking-plugins"
	conflist path '{"type": "../one"}'
	run up "$a" --network cni:path
	has "is no name of a program"
	run up "$a" --network cni:mine -p 80:80
	has "none of its plugins has the capability portMappings"
	run up "$a" --network cni:mine --ip 10.9.0.7
	has "capability ips"
	for flag in --net-rate=1m/1m --net-prio=bulk --network-alias=x --network=bridge; do
		run up "$a" --network cni:mine "$flag"
		ended 125
	done
	NETCONFPATH=$T/nowhere run up "$a" --network cni:mine
	has "open $T/nowhere"
	has NETCONFPATH
	ctr tenant create "$ID-t" >/dev/null
	run up "$a" --tenant "$ID-t" --network cni:mine
	ended 125
	has "not for a container of tenant"
	ctr tenant rm "$ID-t"
	[ ! -s "$LOG" ]
}

@test "network ls and inspect show them, rm and connect refuse them by name" {
	plugin one
	conflist mine '{"type": "one"}'
	conflist other '{"type": "one"}'
	cp "$NETCONFPATH/50-mine.conflist" "$NETCONFPATH/90-again.conflist"
	echo '{' >"$NETCONFPATH/10-torn.conf"
	up "$a" --network cni:mine
	run ctr network ls
	[[ $output =~ cni:mine\ +cni\ +-\ +-\ +-\ +1 ]]
	[[ $output =~ cni:other\ +cni\ +-\ +-\ +-\ +0 ]]
	run ctr network ls -q
	[ "$output" = $'cni:mine\ncni:other' ]
	ctr network ls --json | jq -e --arg file "$NETCONFPATH/50-mine.conflist" \
		'length == 2 and .[0] == {name: "cni:mine", driver: "cni", source: $file}'
	ctr network inspect cni:mine | jq -e --arg id "$a" '.[0] | .network.driver == "cni" and
		.network.config.plugins[0].type == "one" and .members == [{id: $id, address: "10.9.0.2/24"}]'
	run ctr network inspect cni:nosuch
	ended 1
	has 'describes a network "nosuch"'
	run ctr network rm cni:other
	ended 1
	has "network cni:other is not ctr's to remove: $NETCONFPATH/50-other.conflist describes it"
	run ctr network connect cni:other "$a"
	ended 1
	has "is not ctr's to connect to"
	run ctr network disconnect cni:mine "$a"
	ended 1
	run ctr network prune
	[ -z "$output" ]
	NETCONFPATH=$T/nowhere run ctr network ls -q
	ended 0
	[ -z "$output" ]
}

# A container and the ctr that watches it, killed.
kill_both() {
	local pid
	pid=$(pid_of "$1")
	kill -KILL "$(cut -d' ' -f1 "$ROOT/$1/monitor")"
	kill -KILL "$pid"
	wait_for stopped "$1"
}

@test "killed, and ctr with it: network repair tells the plugins, with what was recorded" {
	plugin one
	conflist runs "$(bridge)" '{"type": "one"}'
	up "$a" --network cni:runs
	up "$b" --network cni:runs
	run ctr network repair --check
	ended 0
	kill_both "$a"
	rm "$NETCONFPATH/50-runs.conflist"
	run ctr network repair --check
	ended 1
	[ "$output" = "network cni:runs: container $a has ended, its plugins were not told so" ]
	[ "$(leases)" = 4 ]
	run ctr network repair
	ended 0
	has "container $a has ended"
	[ "$(leases) $(pinned)" = "2 1" ]
	[ "$(on_host iptables -t nat -S | grep -c "$a")" = 0 ]
	[ "$(grep -c "^DEL one eth0 netns" "$LOG")" = 1 ]
	run ctr network repair --check
	ended 0
	# Whoever lives keeps what it has.
	run in_net "$b" ip -o address show dev eth0
	has 10.77.0.3
	ctr delete --force "$b"
	until_true nothing_held
	[ ! -e "$ROOT/.net/cni" ]
}

@test "a record that is gone, as after a reboot: system check --repair tells the plugins" {
	plugin one
	conflist runs "$(bridge)" '{"type": "one"}'
	up "$a" --network cni:runs
	kill_both "$a"
	umount -l "$ROOT/$a/netns"
	rm "$ROOT/$a"/{netns,net.json,net.cni}
	run ctr system check
	ended 1
	has "network cni:runs: container $a is gone, its plugins were not told so"
	[ "$(leases)" = 2 ]
	run ctr system check --repair
	has "container $a is gone"
	# What is in the kernel goes with a reboot, and the bridge plugin leaves it alone.
	[ "$(leases) $(pinned)" = "0 0" ]
	grep -q '^DEL one eth0  "10.77.0.2/24"' "$LOG"
	[ ! -e "$ROOT/.net/cni" ]
	run ctr network repair --check
	ended 0
}

@test "killed while a plugin works; and one plugin that fails: the others are told all the same" {
	plugin wait "[ \$CNI_COMMAND = DEL ] || { : >$T/there; exec sleep 30; }"
	plugin stuck "[ \$CNI_COMMAND = ADD ] || [ -e $T/mended ] || { echo not now >&2; exit 3; }"
	conflist keeps '{"type": "stuck"}'
	conflist dies "$(bridge)" '{"type": "wait"}'
	up "$b" --network cni:keeps
	kill_both "$b"
	nsenter -t "$host_pid" -n -- "$CTR" --root "$ROOT" run --name "$c" --network cni:dies \
		--rootfs "$BATS_FILE_TMPDIR/rootfs" true </dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	disown
	until_true [ -e "$T/there" ]
	# It is at work: nobody's to repair.
	run ctr network repair --check
	[ "$output" = "network cni:keeps: container $b has ended, its plugins were not told so" ]
	kill -KILL "$pid"
	[ "$(leases)" = 2 ]
	run ctr network repair
	ended 1
	has "plugin stuck: DEL: not now"
	[ "$(leases)" = 0 ]
	grep -q "DEL wait" "$LOG"
	: >"$T/mended"
	ctr network repair
	until_true nothing_held
}
