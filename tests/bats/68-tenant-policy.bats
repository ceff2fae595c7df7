#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The policy of a tenant: each verb that makes, starts, enters or changes a container x each thing that
# reaches out of it, asked for by root for the tenant and by the tenant's own user.

load lib
load oci

setup() {
	new_test
	needs_root
	T=p$$-$BATS_TEST_NUMBER
	AS=() IN=(--tenant "$T")
	ctr tenant create "$T" "${HOST_IDS[@]}"
}

teardown() {
	local id name bad=0
	cd / || return
	for id in $(ctr list -q 2>/dev/null); do ctr delete --force "$id" || bad=1; done
	[ -z "${session:-}" ] || rmdir "$session"
	for name in $(ctr tenant ls --json | jq -r '.[].name' | sort -r); do ctr tenant rm "$name" || bad=1; done
	nothing_left || bad=1
	return "$bad"
}

# The tenant's user: what he does goes to the tenant without a flag.
as_its_user() {
	needs setpriv
	ctr tenant set "$T" --user nobody
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	chmod 777 "$ROOT"
	install -d -o nobody "$ROOT/.lib/volumes" "$ROOT/.lib/logs"
	AS=(setpriv --reuid nobody --regid nogroup --clear-groups) IN=()
	is_v2 || return 0
	# Where systemd does not, somebody has to put his session into a group that is his.
	session=$(ctr tenant show "$T" | jq -r '.groups[] | select(startswith(":")) | .[1:]')/session
	mkdir "$session"
	# shellcheck disable=SC2016 # of the inner shell
	AS=(sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$session" "${AS[@]}")
}
theirs() { "${AS[@]}" "$CTR" --root "$ROOT" "$@"; }

# refused WORD ARGUMENT...: and nothing came to be, or was changed.
refused() {
	local word=$1
	shift
	run theirs "$@"
	[ "$status" != 0 ]
	has "tenant $T may not ask for $word:"
	has "--allow $word"
}

# ---- images: by flags ---------------------------------------------------------------------------

of_flags=(
	"host-network --network host"
	"caps --cap-add SYS_ADMIN"
	"caps --cap-add ALL"
	"new-privileges --security-opt no-new-privileges=false"
	"unconfined --security-opt seccomp=unconfined"
	"mounts -v /etc:/x"
	"mounts -v /:/x:ro"
	"mounts --mount type=bind,source=/var,target=/x"
	"mounts -v named:/x"
	"sysctl --sysctl net.ipv4.ip_forward=1"
)
of_root=("devices --device /dev/null:/dev/x" "devices --privileged")

by_flags() {
	local row words
	for row; do
		read -ra words <<<"$row"
		[ "${CTR_PLACE:-native}" != native ] ||
			refused "${words[0]}" run --rm --name "$ID-p" "${IN[@]}" "${words[@]:1}" host true
		refused "${words[0]}" run -d --name "$ID-p" "${IN[@]}" "${words[@]:1}" host true
	done
	[ -z "$(theirs list -q)" ]
}

@test "run: each flag" {
	by_flags "${of_flags[@]}" "${of_root[@]}"
	if grep -qs merge_any /proc/self/ksm_stat; then by_flags "page-sharing --page-sharing"; fi
	run ctr run --rm --tenant nobody host true
	ended 125
	has "no tenant nobody"
}

@test "run: each flag, as the tenant's user" {
	as_its_user
	by_flags "${of_flags[@]}"
	ctr tenant create "$T-2"
	run theirs run --rm --tenant "$T-2" host true
	ended 125
	has "you may not make containers of tenant $T-2"
	has "yours is $T"
	for verb in create set rm; do
		run theirs tenant "$verb" "$T"
		ended 1
	done
}

# ---- bundles: by what is in their config --------------------------------------------------------

of_config=(
	'host-network .linux.namespaces |= map(select(.type != "network"))'
	'host-network (.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"'
	'host-namespaces .linux.namespaces |= map(select(.type != "pid"))'
	'host-namespaces (.linux.namespaces[] | select(.type == "ipc")).path = "/proc/1/ns/ipc"'
	'host-namespaces del(.hostname) | .linux.namespaces |= map(select(.type != "uts"))'
	'devices .linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}]'
	'devices .linux.resources.devices = [{allow: true, access: "rwm"}]'
	'caps .process.capabilities.bounding += ["CAP_SYS_ADMIN"]'
	'caps .process.capabilities.ambient += ["CAP_SYS_PTRACE"]'
	'new-privileges .process.noNewPrivileges = false'
	'unconfined del(.linux.seccomp)'
	'unconfined .linux.maskedPaths = []'
	'unconfined .linux.readonlyPaths = []'
	'mounts .mounts += [{destination: "/x", type: "none", source: "/etc", options: ["rbind"]}]'
	'sysctl .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	'realtime .process.oomScoreAdj = -500'
	'realtime .process.scheduler = {policy: "SCHED_FIFO", priority: 1}'
	'realtime .process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 1}'
	'realtime .linux.resources.cpu.realtimeRuntime = 1000'
	'hooks .hooks.poststop = [{path: "/bin/true"}]'
	'hooks .hooks.startContainer = [{path: "/bin/true"}]'
)
! grep -qs merge_any /proc/self/ksm_stat ||
	of_config+=('page-sharing .annotations["io.ctr.page-sharing"] = "true"')

of_verbs=("create" "run" "--oci create")

# Each property x each verb; in an emulated machine, where a call is a second, the verbs take turns.
by_properties() {
	local row word verb i=0 verbs=("${of_verbs[@]}")
	for row in "${of_config[@]}"; do
		word=${row%% *}
		light b ".annotations = {\"io.ctr.tenant\": \"$T\"} | .linux.resources = {} |
			.linux.namespaces |= map(select(.type != \"cgroup\")) + [{type: \"cgroup\"}] |
			.linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\"} | ${row#* }"
		chmod -R a+rX b
		[ "${CTR_PLACE:-native}" = native ] || verbs=("${of_verbs[i++ % ${#of_verbs[@]}]}")
		for verb in "${verbs[@]}"; do
			# shellcheck disable=SC2086 # a flag and a verb
			refused "$word" $verb --bundle "$PWD/b" "$ID-p"
		done
	done
	[ -z "$(theirs list -q)" ]
}

@test "create, run of a bundle: each property" {
	by_properties
}

@test "create, run of a bundle: each property, as the tenant's user" {
	as_its_user
	by_properties
	ctr tenant create "$T-2"
	light b ".annotations = {\"io.ctr.tenant\": \"$T-2\"}"
	chmod -R a+rX b
	run theirs create --bundle "$PWD/b" "$ID-o"
	ended 1
	has "you may not make containers of tenant $T-2"
}

# ---- what there is already ----------------------------------------------------------------------

# exec's flags, and the processes that its callers bring along.
by_exec() {
	local row
	refused caps exec --cap SYS_ADMIN "$ID" true
	refused unconfined exec --apparmor unconfined "$ID" true
	for row in 'caps .capabilities.bounding = ["CAP_SYS_MODULE"]' 'new-privileges .noNewPrivileges = false' \
		'new-privileges del(.noNewPrivileges)' 'unconfined .apparmorProfile = "unconfined"' \
		'realtime .oomScoreAdj = -1' 'realtime .scheduler = {policy: "SCHED_RR", priority: 1}' \
		'realtime .ioPriority = {class: "IOPRIO_CLASS_RT", priority: 1}'; do
		jq -n '{args: ["true"], cwd: "/", user: {uid: 0, gid: 0}, noNewPrivileges: true} | '"${row#* }" >p.json
		chmod a+r p.json
		refused "${row%% *}" exec --process "$PWD/p.json" "$ID"
		refused "${row%% *}" --oci exec --process "$PWD/p.json" "$ID"
	done
	run theirs exec "$ID" true
	ended 0
}

by_update() {
	local row
	for row in 'realtime {cpu: {realtimeRuntime: 1000}}' 'devices {devices: [{allow: true, access: "rwm"}]}'; do
		jq -n "${row#* }" >r.json
		chmod a+r r.json
		refused "${row%% *}" update --resources "$PWD/r.json" "$ID"
	done
	refused realtime update --cpu-rt-runtime 1000 "$ID"
}

@test "exec, update: each flag and property" {
	ctr run -d --name "$ID" --tenant "$T" host sleep 100 >out 2>&1
	by_exec
	by_update
	if is_v2; then
		jq -n '{unified: {"memory.min": "1048576"}}' >r.json
		run ctr update --resources "$PWD/r.json" "$ID"
		ended 1
		has "cannot be guaranteed"
	fi
}

@test "exec, update: each flag and property, as the tenant's user" {
	as_its_user
	detached theirs run -d --name "$ID" host sleep 100
	[ "$status" = 0 ] || { echo "$output"; false; }
	# In the tenant's group, whose limits hold it.
	if is_v2; then grep -q "/ctr/$T/$ID$" "/proc/$(ctr state "$ID" | jq .pid)/cgroup"; fi
	by_exec
	by_update
}

@test "start, restart: the policy of now, not of then" {
	ctr tenant set "$T" --allow caps
	ctr run -d --name "$ID" --tenant "$T" --own-size --cap-add SYS_TIME host sleep 100 >out 2>&1
	detached ctr restart -t 0 "$ID"
	[ "$status" = 0 ] || { echo "$output"; false; }
	ctr tenant set "$T" --deny caps
	refused caps restart -t 0 "$ID"
	refused caps start "$ID"
	ctr tenant set "$T" --allow caps
	detached ctr start "$ID"
	[ "$status" = 0 ] || { echo "$output"; false; }
}
