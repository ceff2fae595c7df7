# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # run's
# The cases of networks, for tests/fault/run: neither a link nor a rule, route, address, lease, hosts file
# or helper may stay behind.

# ---- what a network leaves -----------------------------------------------------------------------

# All there is on this host, without what counts and what the kernel adds and removes by itself; ip says
# so when that happens while it looks.
network_state() {
	ip -br link | awk '{sub("@.*", "", $1); print "link", $1}'
	ip -o address | awk '$4 !~ /^fe80/ {print "address", $2, $4}'
	ip -4 route show table all | sed 's/ linkdown//; s/ *$//; s/^/route /'
	ip -6 route | sed '/^fe80/d; s/ linkdown//; s/ *$//; s/^/route /'
	ip rule | sed 's/^/rule /'
	nft -s list ruleset
	find "$state/.net" "$work/leases" -type f ! -name "last_reserved_ip.*" ! -name lock ! -name ".*.new" | sed "s,^$work/,file ,"
	grep -v '^last' "$state"/.net/*.members
} 2>/dev/null

# What it shall be like again: without the links of namespaces that are still going.
networks_begin() {
	local i
	for ((i = 0; i < 400; i++)); do
		networks_before=$(network_state)
		grep -qE '^link (veth|[0-9a-f]{8}-)' <<<"$networks_before" || return 0
		read -rt 0.05 <>"$work/never"
	done
}

# Links go with their namespaces, and rules with a helper, in their own time.
network_leftovers() {
	local i now
	for ((i = 0; i < 100; i++)); do
		now=$(network_state)
		[ "$now" != "$networks_before" ] || return 0
		read -rt 0.01 <>"$work/never"
	done
	diff <(echo "$networks_before") <(echo "$now") | head -n 20
}
must() { "$@" || { echo "$*: $?"; cat "$work/out"; }; }
# may WORDS COMMAND...: it may fail, saying that.
may() { "${@:2}" || grep -q "$1" "$work/out" || { echo "${*:2}: $?"; cat "$work/out"; }; }
repaired() {
	must ctr network repair
	must ctr network repair --check
	! compgen -G "$state/.net/.*.new"
}

# ---- how it is before, and after ----------------------------------------------------------------------

wired=(--network bridge -p 8080:80 --rootfs "$work/plain/rootfs" /bin/probe)
is_wired() { ctr run -d --name "$id" "${wired[@]}" sleep; }
has_network() { ctr network create other; }
is_beside_network() { has_network && is_wired; }
is_in_two() { is_beside_network && ctr network connect other "$id"; }
is_stopped_wired() { is_wired && ctr stop -t 0 "$id"; }
is_tenants() { ctr run -d --name "$id" --tenant "$tenant" --network bridge --rootfs "$work/plain/rootfs" /bin/probe sleep; }
is_flushed() { is_wired && nft flush ruleset; }

after_wired_kill() {
	after_kill
	network_leftovers
}
after_wired_failure() {
	after_failure
	network_leftovers
}
# Whatever came of it: repair and rm leave nothing.
after_network_kill() {
	repaired
	may 'there is no network' ctr network rm other
	network_leftovers
}
# The container goes on; what was asked for can be asked for again.
after_connect_kill() {
	repaired
	may 'is in network other already' ctr network connect other "$id"
	[ "$(nsenter -t "$("$ctr" --root "$state" inspect -f '{{.State.Pid}}' "$id")" -n ip -o -4 address | wc -l)" = 3 ] ||
		echo "it is not in both networks"
	must ctr network disconnect other "$id"
	after_disconnect_kill
}
after_disconnect_kill() {
	may 'is not in network other' ctr network disconnect other "$id"
	must ctr network connect other "$id"
	must ctr network disconnect other "$id"
	after_kill
	after_network_kill
}
after_publish_kill() {
	repaired
	may 'publishes that port' ctr update --publish-add 9090:90 "$id"
	must ctr update --publish-rm 9090:90 "$id"
	after_wired_kill
}
after_repair_kill() {
	repaired
	after_wired_kill
}
after_tenant_kill() {
	must ctr tenant set "$tenant" --net-rate 1gbit/1gbit
	after_wired_kill
	! ls "$state/.net/"*@* 2>/dev/null
}
# Not deleted, but repaired: its tenant's next one has the rate.
after_rate_kill() {
	must is_tenants_next
	[ "$(tc qdisc show | grep -c 'tbf .* rate 1Gbit')" = 2 ] || echo "the tenant's rate does not hold: $(tc qdisc show)"
	must ctr delete --force next
	after_wired_kill
}
is_tenants_next() { ctr run -d --name next --tenant "$tenant" --network bridge --rootfs "$work/plain/rootfs" /bin/probe sleep; }

# ---- bridges -------------------------------------------------------------------------------------

bridge_cases() {
	ctr run --rm --name "$id" "${wired[@]}" nothing || cat "$work/out" # a first member makes files
	networks_begin
	fault "run on a network is killed" nothing after_wired_kill -- run --rm --name "$id" "${wired[@]}"
	fault "run -d on a network is killed while its init works" nothing after_wired_kill -w child -- \
		run -d --name "$id" "${wired[@]}" sleep
	fault "delete of one on a network is killed" is_wired after_wired_kill -- delete --force "$id"
	fault "stop of one on a network is killed" is_wired after_wired_kill -- stop -t 0 "$id"
	fault "start of one on a network is killed" is_stopped_wired after_wired_kill -- start "$id"
	fault "publish-add is killed" is_wired after_publish_kill -- update --publish-add 9090:90 "$id"
	fault "publish-rm is killed" is_wired after_wired_kill -- update --publish-rm 8080:80 "$id"
	fault "network create is killed" nothing after_network_kill -- network create other
	fault "network rm is killed" has_network after_network_kill -- network rm other
	fault "network connect is killed" is_beside_network after_connect_kill -- network connect other "$id"
	fault "network disconnect is killed" is_in_two after_disconnect_kill -- network disconnect other "$id"
	fault "network repair is killed" is_flushed after_repair_kill -- network repair
	local stride=$(((stride + 3) / 4)) # few calls count
	local calls=socket,sendto,recvfrom,setns,openat,unlinkat,renameat,write,flock
	fault "network connect: a call fails (EIO)" is_beside_network after_connect_kill -e 5 -s "$calls" -- \
		network connect other "$id"
	fault "network disconnect: a call fails (EIO)" is_in_two after_disconnect_kill -e 5 -s "$calls" -- \
		network disconnect other "$id"
	fault "network rm: a call fails (EIO)" has_network after_network_kill -e 5 -s "$calls" -- network rm other
	fault "publish-add: a call fails (EIO)" is_wired after_publish_kill -e 5 -s "$calls" -- \
		update --publish-add 9090:90 "$id"
	creates=true
	fault "run on a network: a call fails (EIO)" nothing after_wired_failure -e 5 -s "$calls" -- \
		run --rm --name "$id" "${wired[@]}"
	creates=false
}

tenant_cases() {
	tenant=fault-${work##*.}
	tenant=${tenant,,}
	ctr tenant create "$tenant" --allow host-ids --net-rate 1gbit/1gbit || cat "$work/out"
	networks_begin
	fault "run of a tenant's on a network is killed" nothing after_rate_kill -- \
		run --rm --name "$id" --tenant "$tenant" --network bridge --rootfs "$work/plain/rootfs" /bin/probe
	fault "delete of a tenant's on a network is killed" is_tenants after_tenant_kill -- delete --force "$id"
	fault "another rate for a tenant is killed" is_tenants after_tenant_kill -- tenant set "$tenant" --net-rate 5mbit/
	ctr tenant rm "$tenant" || cat "$work/out"
}

# The first network makes the tables, the last one takes them along.
only_cases() {
	networks_begin
	fault "create of the only network is killed" nothing after_network_kill -- network create other
	fault "rm of the only network is killed" has_network after_network_kill -- network rm other
	fault "network prune is killed" has_network after_network_kill -- network prune
	ip link add probe link wan type macvlan 2>/dev/null || { echo "# this kernel is built without macvlan"; return; }
	ip link delete probe
	ctr network create -d macvlan --parent wan --subnet 192.0.2.0/24 shared || cat "$work/out"
	ctr run --rm --name "$id" --network shared --rootfs "$work/plain/rootfs" /bin/probe nothing || cat "$work/out"
	networks_begin
	fault "run on a link of the host is killed" nothing after_repair_kill -- \
		run --rm --name "$id" --network shared --rootfs "$work/plain/rootfs" /bin/probe
	ctr network rm shared || cat "$work/out"
}

# ---- networks of others ----------------------------------------------------------------------------

plugged=(--network cni:fault --rootfs "$work/plain/rootfs" /bin/probe)
is_plugged() { ctr run -d --name "$id" "${plugged[@]}" sleep; }

cni_cases() {
	export NETCONFPATH=$work/net.d CNI_PATH=/usr/lib/cni
	mkdir -p "$NETCONFPATH" "$work/leases"
	echo '{"cniVersion": "1.0.0", "name": "fault", "plugins": [{"type": "bridge", "bridge": "cni-t", "isGateway": true,
		"ipam": {"type": "host-local", "dataDir": "'"$work"'/leases", "ranges": [[{"subnet": "10.77.0.0/24"}]]}},
		{"type": "tuning", "sysctl": {"net.ipv4.ip_default_ttl": "77"}}]}' >"$NETCONFPATH/50-fault.conflist"
	ctr run --rm --name "$id" "${plugged[@]}" nothing || cat "$work/out" # what the plugins share stays
	networks_begin
	fault "run with plugins of CNI is killed" nothing after_wired_kill -- run --rm --name "$id" "${plugged[@]}"
	fault "delete of one with plugins of CNI is killed" is_plugged after_wired_kill -- delete --force "$id"
	ip link delete cni-t
}

# helper_cases PROGRAM: of an ordinary user.
helper_cases() {
	local root_state=$state
	state=$work/user
	mkdir -p "$state"
	cp -a "$work/plain/rootfs" "$work/mine"
	chown -R 65534:65534 "$state" "$work/mine"
	touch "$work/report"
	chmod 666 "$work/report"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR)
	helped=(--network "$1" -p 8080:80 --rootfs "$work/mine" /bin/probe)
	again=is_helped_again
	if is_helped_again; then
		networks_begin
		fault "run with $1 is killed" nothing after_helped_kill -- run --name "$id" "${helped[@]}"
		fault "run -d with $1 is killed" nothing after_helped_kill -- run -d --name "$id" "${helped[@]}" sleep
		fault "run -d with $1 is killed in its child" nothing after_helped_kill -w child -- \
			run -d --name "$id" "${helped[@]}" sleep
		fault "delete of one with $1 is killed" is_helped after_helped_kill -- delete --force "$id"
		creates=true
		fault "run with $1: a call fails (EIO)" nothing after_wired_failure -e 5 \
			-s socket,openat,write,read,flock,pidfd_open,connect -- run --rm --name "$id" "${helped[@]}"
		creates=false
	else
		echo "# $1: $(<"$work/out")"
	fi
	rm -rf "$work/mine" "$state"
	state=$root_state as=() again=is_run
}
is_helped() { ctr run -d --name "$id" "${helped[@]}" sleep; }
is_helped_again() { ctr run --rm --name "$id" "${helped[@]}" nothing; }
# Its port is free again at once.
after_helped_kill() {
	after_wired_kill
	[ -z "$(ss -Hltn)" ] || ss -Hltn
}

# ---- all of them -----------------------------------------------------------------------------------

has_nft() { command -v nft >/dev/null && ctr network create ctr0; }

if [ "${CTR_PLACE:-native}" = native ] && has_nft; then
	creates=false
	whole=$stride
	[ -n "${FAULT_STRIDE:-}" ] || stride=$network_stride
	chmod 755 "$work"
	ip link set lo up
	ip link add wan type veth peer name far
	ip address add 192.0.2.1/24 dev wan
	ip link set wan up && ip link set far up
	ip route add default via 192.0.2.2
	mknod -m 666 "$work/tun" c 10 200 # the host's may be root's alone
	[ ! -e /dev/net/tun ] || mount --bind "$work/tun" /dev/net/tun
	mounts_before=$(</proc/self/mountinfo)
	bridge_cases
	tenant_cases
	ctr network rm ctr0 || cat "$work/out"
	only_cases
	[ ! -x /usr/lib/cni/bridge ] || cni_cases
	for helper in pasta slirp4netns; do
		! command -v "$helper" >/dev/null || helper_cases "$helper"
	done
	ip link delete wan
	umount /dev/net/tun
	mounts_before=$(</proc/self/mountinfo)
	stride=$whole
else
	echo "# networks: natively, with nft and nftables in the kernel"
fi
