#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: what ctr says does not depend on the machine.
# ctr plan: what it says is what is done.

load lib
load oci

@test "the plan of a run, and the calls of its executor" {
	needs strace
	needs_root
	light b '.process.args = ["true"] | .linux.maskedPaths = ["/proc/timer_list", "/sys/firmware"]'
	"$CTR" plan --bundle b "$ID" >plan
	strace -qq -f -o trace -e trace=fsmount,move_mount,pivot_root,sethostname,setresuid,mknodat,symlinkat \
		"$CTR" --root "$ROOT" run -b b "$ID"
	[ "$(grep -c ' fsmount(' trace)" = "$(grep -c ^fsmount plan)" ]
	[ "$(grep -c ' pivot_root(' trace)" = 1 ]
	[ "$(grep -c ' sethostname("ctr"' trace)" = "$(grep -c '^hostname *ctr' plan)" ]
	[ "$(grep -c ' mknodat(.*S_IFCHR' trace)" = "$(grep -c ^mknod plan)" ]
	[ "$(grep -c ' setresuid(0, 0, 0)' trace)" = "$(grep -c ^setids plan)" ]
	# Each planned mount is attached, and each masked path that is there.
	[ "$(grep -c ' move_mount(.* = 0' trace)" -ge "$(grep -c ^move-mount plan)" ]
}

@test "the plan names the groups that are made" {
	needs_root
	running
	local name
	ctr plan --bundle "b-$ID" "$ID" | sed -n 's/^cgroup name \([^:=]*\):/\1 /p' >names
	[ -s names ]
	while read -r name; do
		[ -d "${name#* }" ]
	done <names
}

@test "the plan of a failure: the message names what the plan calls the operation" {
	light b '.mounts += [{destination: "/m", type: "tmpfs", options: ["nosuch=1"]}] | .process.args = ["true"]'
	run ctr run -b b "$ID"
	ended 1
	has "mounts[7] /m (fsmount): invalid argument"
	ctr plan -b b | grep -q 'fsmount .*nosuch=1.*# mounts\[7\] /m'
}

@test "it is the same each time, as text and for programs" {
	light b
	ctr plan -b b "$ID" >one
	ctr plan -b b "$ID" >two
	cmp one two
	ctr plan -b b --json "$ID" >json
	jq -e '.newNamespaces and (.operations | length) > 50 and (.operations | all(has("op") and has("for") and has("args")))' json
	[ "$(jq '.operations | length' json)" = "$(sed '1,/^# inside/d; /^#/d' one | wc -l)" ]
}

@test "it needs no privilege, and makes nothing" {
	needs_root
	light b
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	ls -lR b >before
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CTR" plan --bundle b --host "$BATS_TEST_DIRNAME/../golden/hosts/v2" >plan
	grep -q ^pivot plan
	diff before <(ls -lR b)
}

@test "for another machine, and what is no description of one" {
	light b
	run ctr plan -b b --host "$BATS_TEST_DIRNAME/../golden/hosts/v1"
	ended 0
	has "cgroup manager fs v1"
	echo euid=x >host
	run ctr plan -b b --host host
	ended 1
	has 'line 1: "euid=x" is no fact about a host'
	run ctr plan -b b --host nosuch
	ended 1
}
