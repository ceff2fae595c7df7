#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a process is: identity, limits, privileges, environment, terminal.

load lib
load oci

# ---- identity -----------------------------------------------------------------------------------

@test "user: ids, groups, umask, exactly as given" {
	holds '.process.user = {uid: 1000, gid: 7, additionalGids: [5, 2000], umask: 63}' '
		[ "$(id -u) $(id -g) $(id -G)" = "1000 7 7 5 2000" ]
		grep -q "^Uid:	1000	1000	1000	1000$" /proc/self/status
		grep -q "^Gid:	7	7	7	7$" /proc/self/status
		grep -q "^Groups:	5 2000 $" /proc/self/status
		[ "$(umask)" = 0077 ]'
	holds . '
		[ "$(id -u)" = 0 ]
		grep -q "^Groups:	 *$" /proc/self/status
		[ "$(umask)" = 0022 ]'
	holds '.process.user.umask = 0' '[ "$(umask)" = 0000 ]'
}

@test "HOME: from the container's passwd file when it is missing or empty" {
	holds '.process.user.uid = 1000' '[ "$HOME" = /home ]'
	holds '.process.env += ["HOME="]' '[ "$HOME" = /root ]'
	holds '.process.env += ["HOME=/x"]' '[ "$HOME" = /x ]'
	holds '.process.user.uid = 4242' '[ "$HOME" = / ]'
}

@test "environment: passed through, the last of a name wins, nothing is added" {
	holds '.process.env = ["PATH=/bin", "A=1", "B=a b\nc", "A=2", "HOME=/"]' '
		[ "$(tr "\0" "\n" </proc/self/environ | sort | tr "\n" " ")" = "A=2 B=a HOME=/ PATH=/bin c " ] ||
		[ "$(env | grep -c =)" -le 6 ]
		[ "$A" = 2 ]'
	refuses '.process.env += ["NOEQUALS"]' process.env
	refuses '.process.env += ["=x"]' process.env
}

@test "cwd: made when missing, entered as root when the user may not, never outside" {
	holds '.process.cwd = "/new/dir"' '[ "$PWD" = /new/dir ] && [ "$(stat -c %a /new/dir)" = 755 ]'
	light b '.process.cwd = "/secret" | .process.user = {uid: 1000, gid: 1000} | .process.args = ["pwd"]'
	mkdir -m 700 "$ROOTFS"/secret
	run ctr run -b b "$ID"
	ended 0
	[ "$output" = /secret ]
	refuses '.process.cwd = "relative"' process.cwd
	refuses '.process.cwd = ""' process.cwd
	refuses '.process.cwd = "/bin/sh"' "not a directory"
}

@test "cwd: a directory of the host's through a descriptor is refused (CVE-2024-21626)" {
	local i
	for i in 3 7 9; do
		refuses ".process.cwd = \"/proc/self/fd/$i\"" process.cwd
	done 3</ 7</ 9</
}

@test "the program starts with a clean slate: descriptors, signals, session" {
	light b '.process.args = ["sh", "-c", "grep -E \"^Sig(Blk|Ign|Cgt)|^ShdPnd\" /proc/self/status;
		ls /proc/self/fd; grep -v . /dev/null; cut -d\" \" -f5,6 /proc/self/stat"]'
	trap '' PIPE HUP CHLD # what is ignored would be inherited
	run ctr run -b b "$ID" 5</etc/passwd 8</ <<<''
	trap - PIPE HUP CHLD
	ended 0
	has $'SigBlk:\t0000000000000000'
	has $'SigIgn:\t0000000000000000'
	[ "$(grep -cxE '[0-9]+' <<<"$output")" = 4 ] # 0, 1, 2 and ls's own
	has "1 1" # a session of its own, led by the first process
}

# ---- limits -------------------------------------------------------------------------------------

@test "rlimits: every kind, soft and hard" {
	holds '.process.rlimits = [
		{type: "RLIMIT_NOFILE", soft: 123, hard: 456}, {type: "RLIMIT_CORE", soft: 0, hard: 4096},
		{type: "RLIMIT_STACK", soft: 1048576, hard: 2097152}, {type: "RLIMIT_NPROC", soft: 999, hard: 1000},
		{type: "RLIMIT_MSGQUEUE", soft: 1, hard: 2}, {type: "RLIMIT_NICE", soft: 0, hard: 0},
		{type: "RLIMIT_RTPRIO", soft: 0, hard: 0}, {type: "RLIMIT_RTTIME", soft: 700000, hard: 800000},
		{type: "RLIMIT_SIGPENDING", soft: 9, hard: 10}, {type: "RLIMIT_MEMLOCK", soft: 11, hard: 12},
		{type: "RLIMIT_LOCKS", soft: 13, hard: 14}, {type: "RLIMIT_FSIZE", soft: 15, hard: 16},
		{type: "RLIMIT_CPU", soft: 17, hard: 18}, {type: "RLIMIT_DATA", soft: 190000000, hard: 200000000},
		{type: "RLIMIT_RSS", soft: 21, hard: 22}, {type: "RLIMIT_AS", soft: 2300000000, hard: 2400000000}]' '
		is() { grep -qE "^Max $1 +$2 +$3( |$)" /proc/self/limits || { echo "$1"; cat /proc/self/limits; return 1; }; }
		is "open files" 123 456; is "core file size" 0 4096; is "stack size" 1048576 2097152
		is processes 999 1000; is "msgqueue size" 1 2; is "nice priority" 0 0
		is "realtime priority" 0 0; is "realtime timeout" 700000 800000; is "pending signals" 9 10
		is "locked memory" 11 12; is "file locks" 13 14; is "file size" 15 16; is "cpu time" 17 18
		is "data size" 190000000 200000000; is "resident set" 21 22; is "address space" 2300000000 2400000000'
	light b2 '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 77}] | .process.args = ["cat", "/proc/self/limits"]'
	sed -i 's/: 77/: 18446744073709551615/' b2/config.json # too much for jq
	run ctr run -b b2 "$ID"
	[[ $output =~ "Max core file size"\ +0\ +unlimited ]]
	refuses '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]' process.rlimits
	refuses '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]' \
		process.rlimits
	refuses '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]' process.rlimits
}

@test "oomScoreAdj: written when given, left alone when not" {
	holds '.process.oomScoreAdj = 321' '[ "$(cat /proc/self/oom_score_adj)" = 321 ]'
	holds '.process.oomScoreAdj = 0' '[ "$(cat /proc/self/oom_score_adj)" = 0 ]'
	light b2 '.process.args = ["cat", "/proc/self/oom_score_adj"]'
	run bash -c 'echo 55 >/proc/self/oom_score_adj; exec "$0" --root "$1" run -b b2 "$2"' "$CTR" "$ROOT" "$ID"
	[ "$output" = 55 ]
	refuses '.process.oomScoreAdj = 1001' process.oomScoreAdj
}

# ---- privileges ---------------------------------------------------------------------------------

caps() { # NAME: the set of the current process, in the script
	echo "sed -n 's/^Cap$1:	//p' /proc/self/status"
}

@test "capabilities: the five sets" {
	holds '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user.uid = 1000 |
		.process.noNewPrivileges = false' "
		[ \$($(caps Bnd)) = 0000000000002021 ]
		[ \$($(caps Inh)) = 0000000000000020 ]
		[ \$($(caps Amb)) = 0000000000000020 ]
		[ \$($(caps Prm)) = 0000000000000020 ]
		[ \$($(caps Eff)) = 0000000000000020 ]"
	holds 'del(.process.capabilities)' "
		[ \$($(caps Bnd))\$($(caps Prm))\$($(caps Eff)) = $(printf '0%.0s' {1..48}) ]"
}

@test "capabilities: root gets what is bounding, another user nothing that is not ambient" {
	holds '.process.capabilities = ({bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]})' "
		[ \$($(caps Eff)) = 0000000000000001 ]
		chown 5 /tmp"
	holds '.process.capabilities = ({bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]}) |
		.process.user.uid = 1000' "[ \$($(caps Eff)) = 0000000000000000 ]"
}

@test "capabilities: what is unknown is left out with a warning" {
	inside '.process.capabilities.bounding += ["CAP_NO_SUCH"]' true
	ended 0
	has CAP_NO_SUCH
}

@test "noNewPrivileges" {
	holds '.process.noNewPrivileges = true' 'grep -q "^NoNewPrivs:	1" /proc/self/status'
	holds '.process.noNewPrivileges = false' 'grep -q "^NoNewPrivs:	0" /proc/self/status'
}

@test "seccomp: with and without noNewPrivileges, and for exec" {
	local filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	local nnp
	for nnp in true false; do
		holds "$filter | .process.noNewPrivileges = $nnp" '
			grep -q "^Seccomp:	2" /proc/self/status
			no mkdir /tmp/x 2>err
			grep -q "not implemented" err'
	done
	running "$ID" "$filter"
	run ctr exec "$ID" mkdir /tmp/x
	has "not implemented"
	refuses '.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"}' seccomp
}

@test "seccomp: a filter that forbids nearly all still lets the program start" {
	inside '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL_PROCESS",
		syscalls: [{names: ["execve", "exit_group"], action: "SCMP_ACT_ALLOW"}]} | .process.noNewPrivileges = true' true
	ended 159 # SIGSYS, from the program's own first call
}

# ---- scheduling ---------------------------------------------------------------------------------

# The fields of /proc/self/stat behind the name: 19 is nice, 40 rt_priority, 41 policy.
stat_field() { echo "sed 's/.*) //' /proc/self/stat | cut -d' ' -f$(($1 - 2))"; }

@test "scheduler: policy, nice, priority" {
	holds '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}' "
		[ \$($(stat_field 41)) = 3 ] && [ \$($(stat_field 19)) = 5 ]"
	holds '.process.scheduler = {policy: "SCHED_IDLE"}' "[ \$($(stat_field 41)) = 5 ]"
	refuses '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}' process.scheduler
	refuses '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}' process.scheduler
	refuses '.process.scheduler = {policy: "SCHED_FIFO", runtime: 1}' process.scheduler
}

@test "scheduler: real time, where the group has any" {
	inside '.process.scheduler = {policy: "SCHED_FIFO", priority: 7}' "
		[ \$($(stat_field 41)) = 1 ] && [ \$($(stat_field 40)) = 7 ]"
	[ "$status" = 0 ] || {
		ended 1
		has process.scheduler
		has "operation not permitted"
		skip "this host's groups have no real-time budget"
	}
}

@test "ioPriority" {
	light b '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	started "$ID" b
	[ "$(ionice -p "$(pid_of)")" = "best-effort: prio 6" ]
	refuses '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' process.ioPriority
}

@test "personality" {
	[ "$(uname -m)" = x86_64 ] || skip "only known for x86-64"
	holds '.linux.personality = {domain: "LINUX32"}' '[ "$(uname -m)" = i686 ]'
	holds '.linux.personality = {domain: "LINUX"}' '[ "$(uname -m)" = x86_64 ]'
}

@test "memoryPolicy" {
	[ -e /proc/self/numa_maps ] || missing "no NUMA in this kernel"
	holds '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}' 'grep -q " bind:0 " /proc/self/numa_maps'
	refuses '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}' memoryPolicy
	refuses '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}' memoryPolicy
}

# ---- names, kernel parameters, keys -------------------------------------------------------------

@test "hostname and domainname, and only in a namespace of their own" {
	local before
	before=$(hostname)
	holds '.hostname = "inner" | .domainname = "example.org"' '
		[ "$(hostname)" = inner ]
		[ "$(cat /proc/sys/kernel/domainname)" = example.org ]'
	[ "$(hostname)" = "$before" ]
	refuses '.linux.namespaces |= map(select(.type != "uts"))' "hostname"
}

@test "sysctl: those of the container's namespaces" {
	local port msg
	port=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
	msg=$(cat /proc/sys/kernel/msgmax)
	holds '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "net/ipv4/ip_forward": "1",
		"kernel.msgmax": "65535", "fs.mqueue.msg_max": "21"}' '
		cd /proc/sys
		[ "$(cat net/ipv4/ip_unprivileged_port_start) $(cat net/ipv4/ip_forward) $(cat kernel/msgmax)" = "77 1 65535" ]
		[ "$(cat fs/mqueue/msg_max)" = 21 ]'
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) $(cat /proc/sys/kernel/msgmax)" = "$port $msg" ]
	refuses '.linux.sysctl = {"kernel.panic": "1"}' "is not in a separate kernel namespace"
	refuses '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}' sysctl
	refuses '.linux.sysctl = {"net.ipv4.nosuch": "1"}' "no such file or directory"
}

@test "session keyring: one of its own, unless it is not wanted" {
	[ -e /proc/keys ] || missing "no keys in this kernel"
	light b '.process.args = ["cat", "/proc/keys"] | .linux.maskedPaths = []'
	run ctr run -b b "$ID"
	has "_ses.$ID"
	run ctr run -b b --no-new-keyring "$ID-2"
	[[ $output != *"_ses.$ID-2"* ]]
}

# ---- the program --------------------------------------------------------------------------------

@test "args: looked up by the container's PATH, and the name stays as it was given" {
	light b '.process.args = ["hello", "a b", ""] | .process.env = ["PATH=/nosuch:/opt/x:/bin"]'
	mkdir -p "$ROOTFS"/opt/x
	printf '#!/bin/sh\nfor i; do echo "[$i]"; done\n' >"$ROOTFS"/opt/x/hello
	chmod +x "$ROOTFS"/opt/x/hello
	run ctr run -b b "$ID"
	[ "$output" = $'[a b]\n[]' ]
	light b2 '.process.args = []'
	run ctr run -b b2 "$ID"
	ended 1
	has "args must not be empty"
}

@test "what cannot be executed fails create, by the texts that callers match" {
	light b
	mkdir -p "$ROOTFS"/opt
	echo x >"$ROOTFS"/opt/plain
	ln -s loop "$ROOTFS"/opt/loop
	while read -r program text; do
		config b --arg p "$program" '.process.args = [$p]'
		detached ctr create -b b "$ID"
		ended 1
		has "$text"
	done <<-'END'
		/opt/none exec: "/opt/none": stat /opt/none: no such file or directory
		/opt/plain exec: "/opt/plain": permission denied
		/opt exec: "/opt": permission denied
		none exec: "none": executable file not found in $PATH
	END
	[ ! -e "$ROOT/$ID" ]
}

@test "an argument list and an environment of the size that the kernel takes" {
	local long='.process.args = (["sh", "-c", "echo $# ${#BIG}", "x"] + [range(500) | "y" * 1000]) |
		.process.env += ["BIG=" + "z" * 100000]'
	light b "$long"
	run ctr run -b b "$ID"
	[ "$output" = "500 100000" ]
	light b "$long"' | .process.env += ["HUGE=" + "z" * 200000]'
	run ctr run -b b "$ID"
	ended 1
	has "argument list too long"
}
