#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: what ctr says does not depend on the machine.
# A program that cannot be executed: one line with cause and cure, a code for programs, the exit
# status that shells would give.

load lib

# Makes the root in which the broken programs are put.
root() {
	mkdir -p root/bin root/lib
	cp -al "$BATS_FILE_TMPDIR/rootfs/." root/
}

# explained CODE STATUS TEXT COMMAND...
explained() {
	local code=$1 want=$2 text=$3
	shift 3
	rm -f log
	try ctr run --rm --name "$ID" --rootfs root "${flags[@]}" "$@"
	ended "$want"
	[ "${#lines[@]}" = 1 ]
	has "$text"
	[[ $output == *"("*")" ]] # the cure
	if [ "$want" = 127 ]; then # callers take these words for 126
		[[ $output != *"permission denied"* && $output != *"operation not permitted"* ]]
	fi
	try ctr --log log --log-format json run --rm --name "$ID" --rootfs root "${flags[@]}" "$@"
	jq -e --arg code "$code" '.code == $code and .level == "error" and (.hint | length > 9)' log ||
		{ cat log; return 1; }
}

setup() {
	new_test
	flags=()
	root
}

# patch FILE OFFSET BYTES
patch() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

@test "missing file" {
	explained exec-not-found 127 'exec: "/x": stat /x: no such file or directory' /x
	explained exec-not-found 127 'no such file or directory' bin/x
}

@test "missing in \$PATH" {
	explained exec-not-in-path 127 'exec: "x": executable file not found in $PATH' x
	explained exec-not-in-path 127 'executable file not found in $PATH' ""
}

@test "missing loader of an ELF program" {
	cp "$(type -P true)" root/bin/dynamic
	explained exec-loader-missing 127 "no such file or directory: the program needs the loader /lib" dynamic
}

@test "missing interpreter of a script" {
	printf '#!/usr/bin/python9 -u\nprint()\n' >root/bin/script
	chmod +x root/bin/script
	explained exec-interpreter-missing 127 "its first line names /usr/bin/python9" script
}

@test "a script with the line ends of another system" {
	printf '#!/bin/sh\r\necho hello\r\n' >root/bin/script
	chmod +x root/bin/script
	explained exec-crlf 127 "its first line ends in CR LF" script
}

@test "another machine's program" {
	cp "$(command -v busybox)" root/bin/foreign
	patch root/bin/foreign 18 '\0363\0000' # e_machine: RISC-V
	explained exec-wrong-machine 126 "exec format error: it was built for riscv64" foreign
}

@test "text without #!" {
	echo 'echo hello' >root/bin/script
	chmod +x root/bin/script
	explained exec-no-shebang 126 "exec format error: /bin/script is text without a #! line" script
}

@test "neither program nor script" {
	printf '\000\001\002' >root/bin/data
	chmod +x root/bin/data
	explained exec-format 126 "exec format error" data
}

@test "an empty file" {
	: >root/bin/empty
	chmod +x root/bin/empty
	explained exec-empty 126 "/bin/empty is empty" empty
}

@test "a truncated program" {
	head -c 30 "$(command -v busybox)" >root/bin/stub
	chmod +x root/bin/stub
	explained exec-corrupt 126 "damaged or truncated" stub
}

@test "no x bit" {
	printf '#!/bin/sh\n' >root/bin/script
	explained exec-no-x-bit 126 'exec: "/bin/script": permission denied' /bin/script
	explained exec-no-x-bit 126 "has mode 0644" script
	chmod 700 root/bin/script
	needs_root
	flags=(-u 1000)
	explained exec-no-x-bit 126 "lets uid 1000 not execute it" script
}

@test "a directory" {
	explained exec-is-directory 126 'exec: "/bin": permission denied: /bin is a directory' /bin
}

@test "something else than a file" {
	mkfifo root/bin/fifo
	chmod +x root/bin/fifo
	explained exec-not-regular 126 "permission denied" /bin/fifo
}

@test "a file system that is mounted noexec" {
	mkdir data
	cp "$(command -v busybox)" data/program
	flags=(--tmpfs /data) # noexec unless said otherwise
	bundle bundle '.mounts += [{"destination": "/data", "type": "bind", "source": "'"$PWD/data"'",
		"options": ["rbind", "noexec"]}] | .process.args = ["/data/program", "true"]'
	try ctr --log log --log-format json run -b bundle "$ID"
	ended 1
	has 'exec: "/data/program": permission denied'
	jq -e '.code == "exec-noexec"' log
}

@test "links that lead nowhere or in circles" {
	ln -s /opt/gone root/bin/dangling
	explained exec-dangling-link 127 "it is a symbolic link to /opt/gone" dangling
	ln -s a root/bin/b
	ln -s b root/bin/a
	explained exec-link-loop 126 "too many levels of symbolic links" /bin/a
	ln -s ../../../../../../bin/true root/bin/out # not out of the root
	rm -f root/bin/true
	explained exec-link-loop 126 "too many levels of symbolic links" /bin/out || \
		explained exec-dangling-link 127 "no such file" /bin/out
}

@test "a directory above that is closed to the user" {
	needs_root
	mkdir -m 700 root/closed
	cp "$(command -v busybox)" root/closed/program
	flags=(-u 1000)
	explained exec-parent-closed 126 "/closed has mode 0700" /closed/program
}

@test "interpreters of interpreters" {
	printf '#!/bin/loop\n' >root/bin/loop
	chmod +x root/bin/loop
	explained exec-interpreter-chain 126 "interpreters of interpreters" loop
}

@test "too many arguments" {
	local long
	long=$(head -c 131072 /dev/zero | tr '\0' x) # one may have 128 KiB, its end included
	bundle bundle
	printf '%s' "$long" >long
	config bundle --rawfile long long '.process.args = ["true", $long]'
	try ctr --log log --log-format json run -b bundle "$ID"
	ended 1
	has "argument list too long"
	jq -e '.code == "exec-arguments"' log
}

@test "a seccomp profile that refuses it" {
	cat >profile <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve", "execveat"],
		 "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
	END
	flags=(--security-opt seccomp=profile)
	explained exec-refused 126 "operation not permitted" true
}

@test "the same at exec and at start" {
	bundle bundle
	detached ctr create --bundle bundle "$ID"
	ctr start "$ID"
	printf '#!/bin/nosuch\n' >bundle/rootfs/bin/script
	chmod +x bundle/rootfs/bin/script
	try ctr --log log --log-format json exec "$ID" script
	ended 255
	has "its first line names /bin/nosuch"
	jq -e '.code == "exec-interpreter-missing"' log
	ctr delete --force "$ID"

	config bundle '.process.args = ["/bin/script"]'
	detached ctr create --bundle bundle "$ID" # the file may be executed: create can't know
	ended 0
	try ctr start "$ID"
	ended 1
	has 'exec: "/bin/script": no such file or directory: its first line names /bin/nosuch'
	[ "$(state_of)" = stopped ]
}

@test "a hostile file is read in bounded time and speaks to no terminal" {
	truncate -s 1T root/bin/huge
	chmod +x root/bin/huge
	explained exec-format 126 "exec format error" huge
	printf '#!/\033]0;evil\007\n' >root/bin/evil
	chmod +x root/bin/evil
	explained exec-interpreter-missing 127 'first line names /\x1b]0;evil\x07' evil
}
