#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks: when each is run, where, with what, and what comes of its failure. (runtime-spec: config.md
# "POSIX-platform Hooks", runtime.md "Lifecycle".)

load lib
load oci

setup() {
	new_test
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	# Of the host's, for hooks that are run in the container's namespaces but before the pivot.
	cat >note <<-'E'
		#!/bin/sh
		# note FILE [WORD]: what a hook can see of itself.
		cat >"$1.state"
		/usr/bin/env >"$1.env"
		pwd >"$1.cwd"
		ls -l /proc/self/fd | awk 'NF > 8 { print $9 }' >"$1.fds"
		for ns in mnt net pid uts user; do readlink "/proc/self/ns/$ns"; done >"$1.ns"
		echo "${2:-$1}" >>"$(dirname "$1")/order"
	E
	chmod 755 note
}

# hook NAME [ARGUMENT-TO-NOTE]: a jq filter.
hook() {
	printf '.hooks.%s += [{path: "%s/note", args: ["note", "%s/%s"%s], env: ["A=1", "B=two words"]}]' \
		"$1" "$PWD" "$PWD" "$1" "${2:+, \"$2\"}"
}

# shell NAME SCRIPT: a jq filter.
shell() { printf '.hooks.%s += [{path: "/bin/sh", args: ["sh", "-c", "%s"]}]' "$1" "$2"; }

host_hooks='prestart createRuntime createContainer poststart poststop'

all_hooks() {
	local name
	for name in $host_hooks; do
		printf '%s | ' "$(hook "$name")"
	done
	# The container has no such program, and its own /tmp.
	printf '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c",
		"cat >/tmp/start.state; readlink /proc/self/ns/mnt >/tmp/start.ns; pwd >/tmp/start.cwd; cat /proc/self/environ >/tmp/start.env"],
		env: ["A=1"]}]'
}

@test "all six, in their order, each at its time" {
	bundle b "$(all_hooks)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	[ "$(xargs -n1 basename <order | xargs)" = "prestart createRuntime createContainer" ]
	[ ! -e b/rootfs/tmp/start.state ]
	ctr start "$ID"
	[ "$(xargs -n1 basename <order | xargs)" = "prestart createRuntime createContainer poststart" ]
	[ -s b/rootfs/tmp/start.state ]
	ctr kill "$ID" KILL
	wait_for stopped
	[ ! -e poststop.state ]
	ctr delete "$ID"
	[ "$(xargs -n1 basename <order | xargs)" = "prestart createRuntime createContainer poststart poststop" ]
}

@test "several of a kind run in the listed order" {
	light b "$(hook createRuntime one) | $(hook createRuntime two) | $(hook prestart zero)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	[ "$(xargs <order)" = "zero one two" ]
}

@test "the state on standard input: version, id, status, pid, bundle, annotations" {
	local name
	bundle b "$(all_hooks) | .annotations = {\"a.b\": \"x \\\"y\\\"\"}"
	ctr create -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	ctr start "$ID"
	for name in prestart createRuntime; do
		jq -e --arg id "$ID" --arg b "$PWD/b" --argjson pid "$(cat pid)" '. == {ociVersion: .ociVersion, id: $id,
			status: "creating", pid: $pid, bundle: $b, annotations: {"a.b": "x \"y\""}}' "$name.state"
	done
	jq -e '.status == "creating" and .pid == 1' createContainer.state
	jq -e '.status == "created" and .pid == 1 and .annotations["a.b"] == "x \"y\""' b/rootfs/tmp/start.state
	jq -e --argjson pid "$(cat pid)" '.status == "running" and .pid == $pid' poststart.state
	ctr delete --force "$ID"
	jq -e --arg b "$PWD/b" '.status == "stopped" and (has("pid") | not) and .bundle == $b and
		.annotations["a.b"] == "x \"y\""' poststop.state
}

@test "a state larger than a pipe is read whole, or not at all" {
	light b "$(hook createRuntime) | $(shell poststop true) | .annotations.long = (\"x\" * 200000)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	[ "$(jq '.annotations.long | length' createRuntime.state)" = 200000 ]
	ctr delete --force "$ID"
}

@test "which namespaces: the runtime's own, or the container's; and whose path" {
	bundle b "$(all_hooks)"
	ctr create -b b --pid-file pid "$ID" >out 2>&1 </dev/null
	ctr start "$ID"
	local name pid host ours
	pid=$(cat pid)
	host=$(for ns in mnt net pid uts user; do readlink "/proc/self/ns/$ns"; done)
	ours=$(for ns in mnt net pid uts user; do readlink "/proc/$pid/ns/$ns"; done)
	for name in prestart createRuntime poststart; do
		diff <(echo "$host") "$name.ns"
	done
	diff <(echo "$ours") createContainer.ns
	[ "$(cat b/rootfs/tmp/start.ns)" = "$(readlink "/proc/$pid/ns/mnt")" ]
	ctr delete --force "$ID"
	diff <(echo "$host") poststop.ns
}

@test "nothing but what the hook names: environment, /, three descriptors (B6)" {
	local name
	bundle b "$(all_hooks) | .process.env += [\"LD_PRELOAD=/evil.so\", \"SECRET=1\"] | .process.cwd = \"/tmp\""
	export SECRET_OF_CALLER=1
	(
		exec 7</dev/null 9>&2
		ctr create -b b "$ID"
	) >out 2>&1 </dev/null
	ctr start "$ID" 8</dev/null
	ctr delete --force "$ID"
	for name in $host_hooks; do
		# sh adds these.
		[ "$(sort "$name.env" | grep -v '^\(PWD\|OLDPWD\|_\|SHLVL\)=')" = $'A=1\nB=two words' ]
		[ "$(cat "$name.cwd")" = / ]
		[ "$(sort "$name.fds" | xargs)" = "0 1 2 3" ] # 3 is the directory that ls reads
	done
	[ "$(tr '\0' '\n' <b/rootfs/tmp/start.env | grep -v '^\(PWD=/$\|SHLVL=\|PATH=/sbin:/usr/sbin:/bin:/usr/bin$\)')" = A=1 ]
	[ "$(cat b/rootfs/tmp/start.cwd)" = / ]
}

@test "without arguments the program's path is the only one" {
	cp note alone
	cat >alone <<-E
		#!/bin/sh
		echo "\$0 \$#" >$PWD/alone.out
	E
	light b ".hooks.createRuntime = [{path: \"$PWD/alone\"}]"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	[ "$(cat alone.out)" = "$PWD/alone 0" ]
}

@test "createRuntime finds the root where the bundle says, in the container's mount namespace" {
	cat >look <<-E
		#!/bin/sh
		pid=\$(sed 's/.*"pid":\([0-9]*\).*/\1/')
		nsenter -m -t "\$pid" sh -c 'mountpoint $PWD/b/rootfs/proc && echo by-hook >$PWD/b/rootfs/tmp/mark &&
			mount -t tmpfs none $PWD/b/rootfs/home && echo yes >$PWD/b/rootfs/home/mounted' >$PWD/look.out 2>&1
	E
	chmod 755 look
	local propagation
	for propagation in null '"rslave"' '"rprivate"' '"shared"' '"rshared"'; do
		bundle b ".hooks.createRuntime = [{path: \"$PWD/look\"}] | .process.args = [\"cat\", \"/tmp/mark\", \"/home/mounted\"] |
			.linux.rootfsPropagation = $propagation | if $propagation == null then del(.linux.rootfsPropagation) else . end"
		run ctr run -b b "$ID"
		cat look.out
		ended 0
		[ "${lines[0]} ${lines[1]}" = "by-hook yes" ]
		rm -rf b look.out
		[ "$(mounts)" = "$mounts_before" ]
	done
}

@test "createRuntime reaches the container's network by the pid, and the program finds it so" {
	cat >net <<-E
		#!/bin/sh
		pid=\$(sed 's/.*"pid":\([0-9]*\).*/\1/')
		nsenter -n -t "\$pid" ip link add veth-t type veth peer name veth-u
	E
	chmod 755 net
	light b ".hooks.prestart = [{path: \"$PWD/net\"}] | .process.args = [\"ifconfig\", \"-a\"]"
	run ctr run -b b "$ID"
	ended 0
	has veth-t
}

@test "createContainer may still mount, and the program sees it" {
	bundle b "$(shell createContainer "mount -t tmpfs none $PWD/b/rootfs/home && echo in >$PWD/b/rootfs/home/x") |
		.process.args = [\"cat\", \"/home/x\"] | .root.readonly = true"
	run ctr run -b b "$ID"
	ended 0
	[ "$output" = in ]
	[ ! -e b/rootfs/home/x ]
}

# ---- failure --------------------------------------------------------------------------------------

@test "a failing prestart, createRuntime or createContainer: no container, and poststop is run" {
	local name
	for name in prestart createRuntime createContainer; do
		rm -f order
		light b "$(shell $name 'echo no luck >&2; exit 3') | $(hook poststop) | $(hook startContainer)"
		run ctr create -b b "$ID"
		ended 1
		has "error running $name hook #0: exit status 3: no luck"
		[ "$(xargs -n1 basename <order)" = poststop ]
		run ctr state "$ID"
		ended 1
	done
}

@test "the first failure is the last one that is run" {
	light b "$(hook createRuntime one) | $(shell createRuntime 'exit 1') | $(hook createRuntime three) | $(hook createContainer four)"
	run ctr create -b b "$ID"
	ended 1
	has "createRuntime hook #1"
	[ "$(cat order)" = one ]
}

@test "a failing startContainer: start fails, the program is not run, the container has stopped" {
	bundle b "$(shell startContainer 'echo why; exit 9') | $(hook poststart) | .process.args = [\"touch\", \"/tmp/ran\"]"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	run ctr start "$ID"
	ended 1
	has "error running startContainer hook #0: exit status 9: why"
	wait_for stopped
	[ ! -e b/rootfs/tmp/ran ]
	[ ! -e poststart.state ]
	ctr delete "$ID"
	run ctr run -b b "$ID"
	ended 1
	has "error running startContainer hook #0"
	[ ! -e b/rootfs/tmp/ran ]
}

@test "a failing poststart: an error, and the container is gone with its poststop run" {
	light b "$(shell poststart 'exit 4') | $(hook poststop)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	run ctr start "$ID"
	ended 1
	has "error running poststart hook #0: exit status 4"
	run ctr state "$ID"
	has "container does not exist"
	[ -s poststop.state ]
	rm poststop.state
	run ctr run -b b "$ID"
	ended 1
	[ -s poststop.state ]
}

@test "a failing poststop: a warning, and the others are run" {
	light b "$(shell poststop 'exit 5') | $(hook poststop)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	run ctr --log log --log-format json --log-level warning delete --force "$ID"
	ended 0
	[ "$(jq -r .level log)" = warning ]
	jq -r .msg log | grep "error running poststop hook #0: exit status 5"
	[ -s poststop.state ]
}

@test "a missing program, and one that may not be executed" {
	local name
	touch plain
	for name in prestart createContainer; do
		light b ".hooks.$name = [{path: \"/nosuch/hook\"}]"
		run ctr create -b b "$ID"
		ended 1
		has "error running $name hook #0: no such file or directory"
		light b ".hooks.$name = [{path: \"$PWD/plain\"}]"
		run ctr create -b b "$ID"
		ended 1
		has "error running $name hook #0: permission denied"
	done
	light b '.hooks.startContainer = [{path: "/nosuch/hook"}]'
	run ctr run -b b "$ID"
	ended 1
	has "error running startContainer hook #0: no such file or directory"
}

@test "the time-out ends the hook and what it started" {
	local name
	for name in createRuntime createContainer poststart; do
		light b ".hooks.$name = [{path: \"/bin/sh\", timeout: 1, args: [\"sh\", \"-c\", \"sleep 47.$$ & echo \$! >$PWD/pid-$name; sleep 47.$$\"]}]"
		SECONDS=0
		run timeout 20 "$CTR" --root "$ROOT" run -b b "$ID"
		ended 1
		has "error running $name hook #0: it ran past its timeout"
		[ "$SECONDS" -lt 10 ]
		until_true no pgrep -f "sleep 47.$$"
	done
	light b '.hooks.startContainer = [{path: "/bin/sleep", args: ["sleep", "50"], timeout: 1}]'
	run timeout 20 "$CTR" --root "$ROOT" run -b b "$ID"
	ended 1
	has "it ran past its timeout"
}

@test "a path that is not absolute is refused" {
	refuses '.hooks.poststop = [{path: "bin/true"}]' 'hooks.poststop[0].path'
}

# ---- who may do what ------------------------------------------------------------------------------

@test "startContainer has the program's privileges, no more" {
	bundle b '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = true |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]} |
		.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "grep -E \"^(Cap|NoNew|Uid|Gid|Seccomp:)\" /proc/self/status; mkdir /tmp/d; exit 1"]}] |
		.process.args = ["grep", "-E", "^(Cap|NoNew|Uid|Gid|Seccomp:)", "/proc/self/status"]'
	run ctr run -b b "$ID"
	ended 1
	local hook=${output//[[:blank:]]/} cap nnp
	for nnp in true false; do
		config b "del(.hooks) | .process.noNewPrivileges = $nnp"
		run ctr run -b b "$ID"
		ended 0
		for cap in CapPrm CapEff CapBnd CapAmb Uid Seccomp; do
			[[ $hook == *"$(grep "^$cap:" <<<"$output" | tr -d '\t')"* ]]
		done
	done
	[[ $hook == *"Operationnotsupported"* ]]
}

@test "in a user namespace: createContainer inside, createRuntime outside" {
	owned b 100000 100000 "$(hook createRuntime) | $(hook createContainer) |
		.linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .process.args = [\"true\"]"
	touch order
	chmod 777 . order
	ctr run -b b "$ID"
	[ "$(tail -1 createRuntime.ns)" = "$(readlink /proc/self/ns/user)" ]
	[ "$(tail -1 createContainer.ns)" != "$(readlink /proc/self/ns/user)" ]
	[ "$(stat -c %u createContainer.state)" = 100000 ]
}

# ---- looking, and crashing ------------------------------------------------------------------------

@test "while a hook runs, state says creating, created, running" {
	local name
	for name in createRuntime poststart; do
		light b "$(shell $name "$CTR --root $ROOT state $ID >$PWD/$name.seen") | $(shell poststop "$CTR --root $ROOT state $ID >$PWD/poststop.seen")"
		ctr create -b b "$ID" >out 2>&1 </dev/null
		ctr start "$ID"
		ctr delete --force "$ID"
	done
	[ "$(jq -r .status createRuntime.seen)" = creating ]
	[ "$(jq -r .status poststart.seen)" = running ]
	[ "$(jq -r .status poststop.seen)" = stopped ]
}

@test "poststop is run from the record: no bundle, no config, create killed half-way" {
	light b "$(hook poststop)"
	ctr create -b b "$ID" >out 2>&1 </dev/null
	rm -rf b "$ROOT/$ID/config.json"
	ctr delete --force "$ID"
	[ -s poststop.state ]
	rm poststop.state
	light b "$(shell createRuntime "echo \$\$ >$PWD/hook.pid; kill -9 \$PPID; exec sleep 60") | $(hook poststop)"
	run ctr create -b b "$ID"
	kill "$(<hook.pid)" || :
	ended 137
	ctr delete --force "$ID"
	[ -s poststop.state ]
}
