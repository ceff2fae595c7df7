#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: what ctr says does not depend on the machine.
# `ctr features`: each claim against what ctr does, and what it does not claim against what it refuses.

load lib
load oci

HOSTS=${BATS_TEST_DIRNAME%/bats}/golden/hosts

setup() {
	new_test
	ctr features >features.json
}

f() { jq -r "$1" features.json; }

# planned FILTER [HOST]: ctr makes a plan of such a config, on a made-up host.
planned() {
	light p "$1" || return
	ctr plan --bundle p --host "$HOSTS/${2:-v2}" >plan.out 2>plan.err || { echo "$1"; cat plan.err; return 1; }
}
# each LIST FILTER [HOST]: for each word of a list of the features a plan can be made; the filter has it as WORD.
each() {
	local word n=0
	for word in $(f "$1"); do
		planned "${2//WORD/$word}" "${3:-v2}" || return
		n=$((n + 1))
	done
	[ "$n" -gt 0 ]
}

@test "the shape, by the specification's names" {
	f . | jq -e '.ociVersionMin == "1.0.0" and (.ociVersionMax | startswith("1.3")) and (.hooks | length == 6) and
		(.linux | has("namespaces") and has("capabilities") and has("cgroup") and has("seccomp") and has("apparmor") and
		has("selinux") and has("intelRdt") and has("memoryPolicy") and has("mountExtensions") and has("netDevices"))'
}

@test "versions: both ends are accepted, what lies beyond is not" {
	planned ".ociVersion = \"$(f .ociVersionMin)\""
	planned ".ociVersion = \"$(f .ociVersionMax)\""
	no planned '.ociVersion = "0.9.0"'
	no planned '.ociVersion = "2.0.0"'
}

@test "hooks: each of them is run" {
	local hook
	for hook in $(f '.hooks[]'); do
		[ "$hook" != startContainer ] || continue
		light b ".hooks.$hook = [{path: \"/bin/touch\", args: [\"touch\", \"$PWD/$hook.ran\"]}] | .process.args = [\"true\"]"
		ctr run -b b "$ID"
		[ -e "$hook.ran" ]
	done
	light b '.hooks.startContainer = [{path: "/bin/false"}] | .process.args = ["true"]'
	run ctr run -b b "$ID"
	ended 1
}

@test "mount options: each makes a plan; docs/spec-properties.md shows what of it" {
	[ "$(f '.mountOptions | length')" -gt 60 ]
	planned ".mounts += ($(f '.mountOptions | tojson') | map(select(test(\"idmap|copyup|remount\") | not) |
		{destination: \"/m\", source: \"/srv\", options: [\"bind\", .]}))"
	[ "$(f '.mountOptions | index("copy-symlink")')" = null ]
	no planned '.mounts += [{destination: "/m", source: "/srv", options: ["bind", "copy-symlink"]}]'
}

@test "namespaces: each can be had" {
	local type file ours
	for type in $(f '.linux.namespaces[]'); do
		case $type in
		user) continue ;; # below: it takes maps
		network) file=net ;;
		mount) file=mnt ;;
		*) file=$type ;;
		esac
		[ -e "/proc/self/ns/$file" ] || continue
		ours=$(readlink "/proc/self/ns/$file")
		inside ".linux.namespaces |= (map(select(.type != \"$type\")) + [{type: \"$type\"}])" "readlink /proc/self/ns/$file"
		ended 0
		[ "$output" != "$ours" ]
	done
	planned '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}] | .linux.gidMappings = .linux.uidMappings'
	no planned '.linux.namespaces += [{type: "padded"}]'
}

@test "capabilities: each is granted, one that is not in the list is left out with a warning" {
	local all
	all=$(f '.linux.capabilities')
	planned ".process.capabilities = {bounding: $all}"
	no grep -q "left out\|unknown" plan.out plan.err
	planned '.process.capabilities = {bounding: ["CAP_NO_SUCH"]}'
	grep -q CAP_NO_SUCH plan.out plan.err
}

@test "seccomp: actions, operators, architectures, flags" {
	each '.linux.seccomp.actions[] | select(. != "SCMP_ACT_NOTIFY")' '.linux.seccomp = {defaultAction: "WORD"}'
	planned '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/x", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
	planned ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: ($(f '.linux.seccomp.operators | tojson') | map({names: [\"mkdir\"],
		action: \"SCMP_ACT_ERRNO\", args: [{index: 0, value: 1, valueTwo: 1, op: .}]}))}"
	planned ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(f '.linux.seccomp.archs | tojson')}"
	each '.linux.seccomp.knownFlags[] | select(test("WAIT_KILLABLE") | not)' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["WORD"]}'
	[ "$(f '.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags')" = "[]" ]
	no planned '.linux.seccomp = {defaultAction: "SCMP_ACT_NO_SUCH"}'
	no planned '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["NO_SUCH"]}'
}

@test "control groups: v1, v2, systemd, its user instance, rdma" {
	[ "$(f '.linux.cgroup | [.v1, .v2, .systemd, .systemdUser, .rdma] | all')" = true ]
	planned '.linux.resources.pids.limit = 5' v1
	grep -q "pids.max = 5" plan.out
	planned '.linux.resources.pids.limit = 5' v2
	grep -q "pids.max = 5" plan.out
	planned '.linux.resources.rdma = {mlx5_0: {hcaHandles: 3}}' v2
	grep -q rdma.max plan.out
	light p '.linux.cgroupsPath = "a.slice:b:c"'
	ctr --systemd-cgroup plan --bundle p --host "$HOSTS/v2" | grep -q b-c.scope
	ctr --systemd-cgroup plan --bundle p --host "$HOSTS/v2-user" 2>&1 | grep -q "scope\|user namespace"
}

@test "security modules: where they are enabled a label is applied, where not it is refused" {
	[ "$(f '[.linux.apparmor.enabled, .linux.selinux.enabled] | all')" = true ]
	planned '.process.apparmorProfile = "p"' v2-apparmor
	grep -q "exec p" plan.out
	no planned '.process.apparmorProfile = "p"' v2
	planned '.process.selinuxLabel = "u:r:t:s0" | .linux.mountLabel = "u:r:f:s0"' v2-selinux
	grep -q "content=u:r:t:s0" plan.out
	grep -q "context=u:r:f:s0" plan.out
	no planned '.linux.mountLabel = "u:r:f:s0"' v2
}

@test "resctrl: schemata and monitoring" {
	[ "$(f '.linux.intelRdt | [.enabled, .schemata, .monitoring] | all')" = true ]
	planned '.linux.intelRdt = {schemata: ["L3:0=f"], enableMonitoring: true}' v2-resctrl
	grep -q "resctrl schemata L3:0=f" plan.out
	grep -q "resctrl enter .*mon_groups" plan.out
	no planned '.linux.intelRdt = {}' v2
}

@test "memory policies: modes and flags" {
	each '.linux.memoryPolicy.modes[] | select(test("DEFAULT|LOCAL") | not)' '.linux.memoryPolicy = {mode: "WORD", nodes: "0"}'
	each '.linux.memoryPolicy.modes[] | select(test("DEFAULT|LOCAL"))' '.linux.memoryPolicy = {mode: "WORD"}'
	each '.linux.memoryPolicy.flags[]' '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["WORD"]}'
	no planned '.linux.memoryPolicy = {mode: "MPOL_NO_SUCH"}'
}

@test "id-mapped mounts, network devices" {
	[ "$(f '[.linux.mountExtensions.idmap.enabled, .linux.netDevices.enabled] | all')" = true ]
	planned '.mounts += [{destination: "/m", source: "/srv", options: ["bind"], uidMappings: [{containerID: 0, hostID: 1, size: 1}],
		gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]'
	grep -q "id-mapped mounts" plan.out
	planned '.linux.netDevices = {eth0: {}}'
	grep -q "sync *runtime" plan.out
}

@test "annotations: those with an effect are the ones that the page lists" {
	local key
	for key in $(f '.potentiallyUnsafeConfigAnnotations[]'); do
		grep -qF "${key%.}" "${BATS_TEST_DIRNAME%/tests/*}/docs/spec-properties.md"
	done
	[ "$(f '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" = "$(ctr checkpoint --help >/dev/null 2>&1 && echo true || echo false)" ]
}
