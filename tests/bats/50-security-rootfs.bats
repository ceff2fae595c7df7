# SPDX-License-Identifier: Apache-2.0
# Native only: ctr is stopped at call after call, which takes an hour in an emulated machine.
# A rootfs, a volume or a config that tries to make ctr touch the host while it sets a container up.
# The CVEs are of other runtimes.
load security

setup_file() { host_start; }
teardown_file() { host_stop; }

setup() {
	require_root
	canary_make
}

# The host's directory /vol of the test, shown to the container, and what is hostile in it.
volume() {
	V=$BATS_TEST_TMPDIR/vol
	mkdir -p "$V/a" "$BATS_TEST_TMPDIR/source"
	echo "of the source" >"$BATS_TEST_TMPDIR/source/mark"
	# As many ".." as lead to the host's root, if anybody follows them there.
	ln -s "../../../../../../../../../../../../..$CANARY/dir" "$V/other"
}

with_volume='.mounts += [{"destination": "/vol", "type": "bind", "source": $vol, "options": ["bind"]}]'

volume_bundle() { # NAME JQ
	volume
	bundle "$1" "\"$V\" as \$vol | \"$BATS_TEST_TMPDIR/source\" as \$src | $with_volume | ${2:-.}"
}

# ---- A1, A8, A9: exchanged components -------------------------------------------------------------

# Whatever was exchanged: the canary is as it was, and a container that runs has its mount, read-only
# from its first instruction, somewhere inside.
check_attack() {
	canary_ok || return 1
	[ "$status" = 0 ] || { refusals=$((refusals + 1)); return 0; }
	[[ $output =~ /source' '/[^' ']+' ro,' ]]
}

race() { # [-b] JQ
	local back=()
	if [ "$1" = -b ]; then
		back=(-b)
		shift
	fi
	volume_bundle race "$1"
	configure '.mounts += [{"destination": "/vol/a/b", "type": "bind",
		"source": "'"$BATS_TEST_TMPDIR/source"'", "options": ["rbind", "ro"]}]'
	refusals=0
	attack "${back[@]}" "$V/a" "$V/other" check_attack \
		"$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)"
	# Some were in time to be seen: the target was gone when it was needed, or the whole path led
	# somewhere else inside.
	[ "$refusals" -gt 0 ] || [ -e "$V/a/b" ] || [ -e "$B/rootfs/$CANARY" ]
}

@test "the harness catches a program that checks first and acts later" {
	volume
	caught=0
	check_naive() {
		canary_ok >/dev/null || caught=$((caught + 1))
		rm -rf "$CANARY/dir/b" "$V/a/b"
		MOUNTS_BEFORE=$(host_mounts) CANARY_BEFORE=$(canary_digest)
	}
	# shellcheck disable=SC2016
	attack "$V/a" "$V/other" check_naive \
		sh -c '(test -L "$1/a" || mkdir -p "$1/a/b"); :' sh "$V"
	[ "$caught" -gt 0 ]
	[ "$caught" -lt "$attacks" ]
}

@test "A1: a mount point's parent is exchanged for a link to the host (CVE-2021-30465)" {
	race .
}

@test "A1: the same, in a user namespace" {
	race "$in_userns"
}

@test "A1: exchanged and back again" {
	race -b .
}

# The paths that are made: working directory, parents of devices, links.
check_made() {
	canary_ok || return 1
	[ "$status" = 0 ] || refusals=$((refusals + 1))
}

@test "A8: working directory and devices below an exchanged component (CVE-2024-45310)" {
	volume_bundle made '.process.cwd = "/vol/a/made/cwd"
		| .linux.devices = [{"path": "/vol/a/dev/fifo", "type": "p"},
			{"path": "/vol/a/dev/zero", "type": "c", "major": 1, "minor": 5}]'
	refusals=0
	attack "$V/a" "$V/other" check_made \
		"$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)"
}

@test "A8: the same in the root itself, exchanged and back" {
	bundle made '.process.cwd = "/x/made/cwd" | .mounts += [{"destination": "/x/y/z", "type": "tmpfs"}]'
	mkdir "$B/rootfs/x"
	ln -s "../../../../../../../../../../../..$CANARY/dir" "$B/rootfs/other"
	attack -b "$B/rootfs/x" "$B/rootfs/other" check_made \
		"$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)"
}

@test "A9: what is to be read-only is so at the first instruction" {
	volume_bundle ro '.root.readonly = true
		| .mounts += [
			{"destination": "/vol/a", "type": "bind", "source": $src, "options": ["rbind", "ro"]},
			{"destination": "/vol/t", "type": "tmpfs", "options": ["ro", "nosuid"]},
			{"destination": "/vol/deep", "type": "bind", "source": "/proc", "options": ["rbind", "rro"]}]'
	# A root that controls what /proc/self/fd seems to be before a procfs is there.
	mkdir -p "$B/rootfs/proc/self"
	ln -s /vol "$B/rootfs/proc/self/fd"
	run_bundle
	[ "$status" = 0 ]
	mounts=$(jq -r '.mountinfo[]' <<<"$output")
	for at in / /vol/a /vol/t /vol/deep /sys; do
		[[ "$(awk -v at="$at" '$5 == at {print "," $6 ","}' <<<"$mounts" | tail -1)" == *,ro,* ]]
	done
	[ "$(awk '$5 == "/vol" {print $6}' <<<"$mounts")" != "${mounts#*ro}" ]
	# Without the words nothing is: the test can tell.
	configure '.root.readonly = false | .mounts[-3].options = ["rbind"]'
	run_bundle
	mounts=$(jq -r '.mountinfo[]' <<<"$output")
	for at in / /vol/a; do
		[[ "$(awk -v at="$at" '$5 == at {print "," $6 ","}' <<<"$mounts" | tail -1)" == *,rw,* ]]
	done
	canary_ok
}

# ---- A2, A3: /proc ---------------------------------------------------------------------------------

@test "A2: /proc is a link: nothing is started (CVE-2019-19921)" {
	bundle proc
	rmdir "$B/rootfs/proc"
	mkdir "$B/rootfs/tmp/x"
	ln -s /tmp/x "$B/rootfs/proc"
	run_bundle
	refused /proc
	rm "$B/rootfs/proc"
	ln -s "../../../../../../../../..$CANARY/dir" "$B/rootfs/proc"
	run_bundle
	refused /proc
	rm "$B/rootfs/proc"
	mkdir "$B/rootfs/proc"
	run_bundle
	[ "$status" = 0 ]
	canary_ok
}

@test "A2: /sys is a link" {
	bundle sys
	rmdir "$B/rootfs/sys"
	ln -s /tmp "$B/rootfs/sys"
	run_bundle
	refused /sys
	canary_ok
}

@test "A2: only a procfs comes on /proc, and only known files into it (CVE-2023-27561)" {
	bundle proc
	cp "$B/config.json" "$B/plain.json"
	for mount in \
		'{"destination": "/proc", "type": "tmpfs"}' \
		'{"destination": "/proc", "type": "bind", "source": "/tmp", "options": ["bind"]}' \
		'{"destination": "/proc/", "type": "tmpfs"}' \
		'{"destination": "/tmp/../proc", "type": "tmpfs"}' \
		'{"destination": "/proc/self/attr", "type": "tmpfs"}' \
		'{"destination": "/proc/self/attr/exec", "type": "bind", "source": "/dev/null", "options": ["bind"]}' \
		'{"destination": "/proc/sys", "type": "tmpfs"}' \
		'{"destination": "/proc/1/../self/attr", "type": "tmpfs"}' \
		'{"destination": "/link", "type": "tmpfs"}' \
		'{"destination": "/link/attr", "type": "tmpfs"}' \
		'{"destination": "/uplink", "type": "tmpfs"}'; do
		cp "$B/plain.json" "$B/config.json"
		ln -sfn /proc/self "$B/rootfs/link"
		ln -sfn ../../../proc/1/attr "$B/rootfs/uplink"
		configure ".mounts += [$mount]"
		echo "$mount"
		run_bundle
		refused "mounts[$(jq '.mounts | length - 1' "$B/config.json")]"
	done
	cp "$B/plain.json" "$B/config.json"
	echo "fake" >"$B/cpuinfo"
	configure '.mounts += [{"destination": "/proc/cpuinfo", "type": "bind", "source": "cpuinfo", "options": ["bind"]}]
		| .process.args = ["/bin/busybox", "cat", "/proc/cpuinfo"]'
	run_bundle
	[ "$status" = 0 ]
	[ "$output" = fake ]
	canary_ok
}

@test "A3: a sysctl goes to the kernel, not to a file of the root (CVE-2025-52881)" {
	bundle sysctl '.linux.sysctl = {"net.core.somaxconn": "123", "kernel.msgmax": "4321"}
		| .process.oomScoreAdj = 500
		| .process.args = ["/bin/sh", "-c", "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/self/oom_score_adj"]'
	mkdir -p "$B/rootfs/proc/sys/net/core" "$B/rootfs/proc/sys/kernel" "$B/rootfs/proc/self"
	ln -s /vol "$B/rootfs/proc/sys/link"
	echo untouched | tee "$B/rootfs/proc/sys/net/core/somaxconn" "$B/rootfs/proc/sys/kernel/msgmax" \
		"$B/rootfs/proc/self/oom_score_adj" >/dev/null
	before=$(host cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax)
	for users in . "$in_userns"; do
		configure "$users"
		run_bundle
		echo "$output $stderr"
		[ "$status" = 0 ]
		[ "$output" = $'123\n4321\n500' ]
		[ "$(host cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax)" = "$before" ]
		[ "$(cat "$B"/rootfs/proc/sys/*/*/* "$B"/rootfs/proc/self/oom_score_adj | sort -u)" = untouched ]
	done
	canary_ok
}

@test "A3: what is no namespace's own is refused" {
	bundle sysctl
	for name in kernel.core_pattern kernel.hostname vm.swappiness kernel/../kernel/core_pattern \
		net.core.somaxconn/../../../kernel/core_pattern net/../kernel/core_pattern \
		../sysrq-trigger fs.mqueue/../file-max; do
		configure ".linux.sysctl = {\"$name\": \"1\"}"
		run_bundle
		refused "${name##*/}"
	done
	canary_ok
}

@test "A3: no file of a container's /proc is opened by its name (strace)" {
	bundle traced "$in_userns"' | .linux.sysctl = {"net.core.somaxconn": "123"} | .process.oomScoreAdj = 500
		| .linux.maskedPaths = ["/proc/kcore", "/sys/firmware"] | .linux.readonlyPaths = ["/proc/sys"]
		| .process.cwd = "/tmp/new"'
	host strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=%file,%desc,execve,execveat \
		"$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)" >/dev/null
	# From the executor's start to the program's.
	executor=$(sed -n '/execveat(.*"ctr-init"/,/execve("\/bin\/probe"/p' "$BATS_TEST_TMPDIR/trace" |
		grep "^$(awk '/execveat\(/ {print $1; exit}' "$BATS_TEST_TMPDIR/trace") ")
	[ "$(wc -l <<<"$executor")" -gt 50 ]
	# The links of /dev say "/proc/self/fd"; paths to be masked are below the root's descriptor.
	run ! grep -E '(AT_FDCWD, |\()"/proc' <<<"$(grep -v ' symlinkat(' <<<"$executor")"
	run ! grep -E ' (mount|realpath|chmod|chown|lchown|mkdir|mknod|symlink|unlink|rename|link)\(' <<<"$executor"
	# What is below a procfs is opened so that no mount and no magic link can lead away.
	[ "$(grep -c '"sys/net\|"self/oom_score_adj' <<<"$executor")" -ge 1 ]
	below_procfs=$(grep '"sys/net\|"self/oom' <<<"$executor")
	run ! grep -v 'RESOLVE_NO_XDEV.*RESOLVE_NO_MAGICLINKS.*RESOLVE_BENEATH' <<<"$below_procfs"
	canary_ok
}

# ---- A4: masks -------------------------------------------------------------------------------------

@test "A4: the image's /dev/null does not mask (CVE-2025-31133)" {
	bundle mask '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .linux.maskedPaths = ["/etc/secret", "/proc/kcore", "/etc/hidden", "/not/there"]
		| .process.args = ["/bin/sh", "-c", "cat /etc/secret /etc/hidden/* ; echo x >/etc/secret; echo y >/etc/hidden/new; rm /etc/secret; umount /etc/secret; ls -lLn /etc/secret; true"]'
	echo hidden | tee "$B/rootfs/etc/secret" >"$B/rootfs/etc/target"
	mkdir "$B/rootfs/etc/hidden" "$B/evil"
	echo hidden >"$B/rootfs/etc/hidden/file"
	ln -s /etc/target "$B/evil/null"
	configure '.mounts = [{"destination": "/dev", "type": "bind", "source": "evil", "options": ["bind"]}] + .mounts'
	for users in . "$in_userns"; do
		configure "$users"
		run_bundle
		echo "$output / $stderr"
		[ "$status" = 0 ]
		[[ $output != *hidden* ]]
		[[ $output == c*"1,"*"3"*/etc/secret* ]]
		[ "$(cat "$B/rootfs/etc/target" "$B/rootfs/etc/secret" "$B/rootfs/etc/hidden/file" | sort -u)" = hidden ]
		[ ! -e "$B/rootfs/etc/hidden/new" ]
	done
	# Without masks it is all there: the test can tell.
	configure '.linux.maskedPaths = []'
	run_bundle
	[[ $output == *hidden* ]]
	canary_ok
}

@test "A4: the image's own /dev/null that is none is refused" {
	bundle null '.mounts |= map(select(.destination | startswith("/dev") | not))'
	ln -s "../../../../../../../../../../..$CANARY/file" "$B/rootfs/dev/null"
	run_bundle
	refused /dev/null
	rm "$B/rootfs/dev/null"
	echo x >"$B/rootfs/dev/null"
	run_bundle
	refused /dev/null
	canary_ok
}

@test "A4: any number of masked directories is one empty file system" {
	bundle many '.linux.maskedPaths = [range(200) | "/etc/many/\(.)"]'
	mkdir -p "$B/rootfs/etc/many/"{0..199}
	run_bundle
	[ "$status" = 0 ]
	masks=$(jq -r '.mountinfo[]' <<<"$output" | grep ' /etc/many/')
	[ "$(wc -l <<<"$masks")" = 200 ]
	[ "$(awk '{print $3}' <<<"$masks" | sort -u | wc -l)" = 1 ]
	[ "$(grep -c ' ro,' <<<"$masks")" = 200 ]
	canary_ok
}

# ---- A5, A6, A7: /dev ------------------------------------------------------------------------------

no_dev='.mounts |= map(select(.destination | startswith("/dev") | not))'

@test "A5: /dev/console and /dev/pts/0 are links to the host (CVE-2025-52565)" {
	bundle console "$no_dev | .process.terminal = true
		| .mounts += [{\"destination\": \"/dev/pts\", \"type\": \"devpts\",
			\"options\": [\"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]}]
		| .process.args = [\"/bin/sh\", \"-c\", \"tty; readlink /proc/self/fd/1; ls -l /dev/console\"]"
	ln -s "../../../../../../../../../../..$CANARY/file" "$B/rootfs/dev/console"
	mkdir "$B/rootfs/dev/pts"
	ln -s "../../../../../../../../../../../..$CANARY/file" "$B/rootfs/dev/pts/0"
	run_bundle
	refused process.terminal
	canary_ok
	rm "$B/rootfs/dev/console"
	run_bundle
	echo "$output $stderr"
	[ "$status" = 0 ]
	[[ $output == /dev/pts/0*/dev/pts/0*/dev/console* ]]
	canary_ok
}

@test "A5: a ptmx that is none is refused" {
	bundle ptmx "$no_dev | .process.terminal = true"
	mkdir "$B/rootfs/dev/pts"
	for target in "../../../../../../../../../../../..$CANARY/file" /dev/zero /bin/busybox; do
		ln -sfn "$target" "$B/rootfs/dev/pts/ptmx"
		run_bundle
		refused "process.terminal"
	done
	rm "$B/rootfs/dev/pts/ptmx"
	# The host's own ptmx, bound: device 5:2, but its terminals are the host's.
	: >"$B/rootfs/dev/pts/ptmx"
	run_bundle
	refused "process.terminal"
	canary_ok
}

@test "A6: /dev, and directories in it, are links to the host (CVE-2026-41579)" {
	up=../../../../../../../../../../../..
	for users in . "$in_userns"; do
		for link in dev dev/pts dev/shm dev/mqueue; do
			for target in "$up$CANARY/dir" "$CANARY/dir"; do
				rm -rf "${BATS_TEST_TMPDIR:?}/dev"
				bundle dev "$users | .mounts |= map(select(.destination != \"/dev\"))"
				rm -rf "${B:?}/rootfs/$link"
				ln -s "$target" "$B/rootfs/$link"
				run_bundle
				echo "$users $link $target: $status $output $stderr"
				[ "$link" != dev ] || [ "$status" != 0 ]
				canary_ok
				[ -z "$(ls -A "$CANARY/dir")" ]
			done
		done
	done
}

@test "A6: a device that is there already, but another one" {
	bundle other "$no_dev"
	mknod "$B/rootfs/dev/zero" c 1 1
	run_bundle
	refused /dev/zero
	rm "$B/rootfs/dev/zero"
	mknod "$B/rootfs/dev/zero" c 1 5
	run_bundle
	[ "$status" = 0 ]
	canary_ok
}

@test "A7: standard streams are neither reopened nor given away (CVE-2026-88265)" {
	bundle stdio "$no_dev | .process.user = {\"uid\": 1000, \"gid\": 1000}
		| .process.args = [\"/bin/sh\", \"-c\", \"ls -Ln /proc/self/fd/0; echo written\"]
		| .mounts = [{\"destination\": \"/dev\", \"type\": \"bind\", \"source\": \"evil\", \"options\": [\"bind\"]}] + .mounts"
	mkdir "$B/evil"
	ln "$CANARY/number" "$B/evil/null"
	CANARY_BEFORE=$(canary_digest)
	# A file of the host's as standard output, nothing as standard input.
	out=$BATS_TEST_TMPDIR/out
	: >"$out"
	chmod 600 "$out"
	before=$(stat -c %u:%g:%a /dev/null "$out")
	host "$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)" <&- >"$out" || [ "$?" = 1 ]
	[ "$(stat -c %u:%g:%a /dev/null "$out")" = "$before" ]
	canary_ok
	# Pipes are the program's.
	run_bundle
	[ "$(stat -c %u:%g:%a /dev/null "$out")" = "$before" ]
	canary_ok
}

# ---- A10, A11, A12 ------------------------------------------------------------------------------------

@test "A10: no mount reaches the host, whatever rootfsPropagation says" {
	volume_bundle prop '.mounts += [{"destination": "/vol/a", "type": "bind", "source": $src, "options": ["rbind"]},
			{"destination": "/tmp", "type": "tmpfs"}]'
	for word in null '"private"' '"rprivate"' '"slave"' '"rslave"' '"shared"' '"rshared"' '"unbindable"' '"runbindable"'; do
		configure ".linux.rootfsPropagation = $word"
		for _ in 1 2 3; do
			run_bundle
			echo "$word: $output $stderr"
			[ "$status" = 0 ]
			canary_ok
		done
	done
}

@test "A10: without a mount namespace nothing of the host's mounts changes" {
	bundle nomnt '.linux.namespaces |= map(select(.type != "mount"))'
	run_bundle
	echo "$status $output $stderr"
	[ "$status" != 0 ]
	canary_ok
}

@test "A10: a chroot in place of pivot_root is not on offer" {
	bundle nopivot
	run --separate-stderr ctr run --no-pivot --bundle "$B" "$(unique)"
	if [ "$status" = 0 ]; then
		# Accepted for the sake of callers: then pivot_root it is all the same.
		[ "$(jq -r '.mountinfo[]' <<<"$output" | awk '$5 == "/"' | wc -l)" = 1 ]
		[[ $output != *"$BATS_FILE_TMPDIR/"* ]]
	fi
	canary_ok
}

@test "A11: copying up, and changing owners, follow no link" {
	bundle copyup '.mounts += [{"destination": "/data", "type": "tmpfs", "options": ["tmpcopyup"]}]
		| .process.args = ["/bin/sh", "-c", "cd /data; cat plain; readlink link; readlink abs; cat link abs; ls -ln fifo; echo new >plain; true"]'
	mkdir "$B/rootfs/data"
	echo plain >"$B/rootfs/data/plain"
	ln "$CANARY/file" "$B/rootfs/data/hard"
	ln -s "../../../../../../../../../..$CANARY/file" "$B/rootfs/data/link"
	ln -s "$CANARY/file" "$B/rootfs/data/abs"
	mkfifo "$B/rootfs/data/fifo"
	CANARY_BEFORE=$(canary_digest)
	run_bundle
	echo "$output $stderr"
	[ "$status" = 0 ]
	[[ $output == plain*"$CANARY/file"*"$CANARY/file"* ]]
	[[ $output != *secret* ]]
	[ "$(cat "$B/rootfs/data/plain")" = plain ]
	canary_ok
}

@test "A11: a directory exchanged while it is copied up" {
	bundle copyup '.mounts += [{"destination": "/data", "type": "tmpfs", "options": ["tmpcopyup"]}]
		| .process.args = ["/bin/sh", "-c", "cat /data/*/*"]'
	mkdir -p "$B/rootfs/data/sub"
	echo plain >"$B/rootfs/data/sub/file"
	ln -s "../../../../../../../../../..$CANARY" "$B/rootfs/other"
	check_copy() {
		canary_ok && [[ $output != *secret* ]]
	}
	attack "$B/rootfs/data/sub" "$B/rootfs/other" check_copy \
		"$CTR" --root "$HOST/state" run --bundle "$B" "$(unique)"
}

@test "A11: a volume's files keep their owners, in a user namespace too" {
	volume_bundle owners "$in_userns | .process.user = {\"uid\": 1000, \"gid\": 1000}"
	ln "$CANARY/file" "$V/a/hard"
	CANARY_BEFORE=$(canary_digest)
	before=$(find "$V" "$B/rootfs/etc" -printf '%P %u %g %m\n' | sort)
	run_bundle
	[ "$status" = 0 ]
	[ "$(find "$V" "$B/rootfs/etc" -printf '%P %u %g %m\n' | sort)" = "$before" ]
	canary_ok
}

@test "A12: ids are names, never paths" {
	bundle id
	mkdir "$HOST/outside"
	echo keep >"$HOST/outside/file"
	long=$(printf 'x%.0s' {1..1025})
	for id in . .. ../outside ../../canary a/b /a a/ '' ' ' 'a b' $'a\nb' 'a*' '~' '$(id)' 'ü' .hidden "$long" -- '-x'; do
		for command in "run --bundle $B" "create --bundle $B" state start kill delete "delete --force" pause exec; do
			# shellcheck disable=SC2086
			run ctr $command "$id"
			[ "$status" != 0 ] || [[ $command == delete\ --force* ]]
		done
		[ "$(cat "$HOST/outside/file")" = keep ]
	done
	[ "$(find "$HOST/state" -mindepth 1 -not -path '*/.*' | wc -l)" = 0 ]
	rm -r "$HOST/outside"
	canary_ok
}

@test "A12: a container's directory that is a link is not followed" {
	mkdir -p "$HOST/state" "$HOST/elsewhere"
	echo keep >"$HOST/elsewhere/state.json"
	ln -s ../elsewhere "$HOST/state/$(unique)"
	for command in state start kill delete "delete --force"; do
		# shellcheck disable=SC2086
		run ctr $command "$(unique)"
		[ "$(cat "$HOST/elsewhere/state.json")" = keep ]
	done
	rm -r "$HOST/elsewhere" "$HOST/state/$(unique)"
	canary_ok
}

@test "A12: what is inside a container's directory is removed without following links" {
	bundle rm '.process.args = ["/bin/probe", "sleep"]'
	create "$(unique)"
	[ "$status" = 0 ]
	mkdir "$HOST/state/$(unique)/sub"
	ln -s "$CANARY" "$HOST/state/$(unique)/sub/link"
	ctr delete --force "$(unique)"
	[ ! -e "$HOST/state/$(unique)" ]
	canary_ok
}

@test "A12: a cgroup path stays below the hierarchy, and is not the hierarchy itself" {
	bundle cg '.process.args = ["/bin/probe", "sleep"]'
	groups_at_the_top() {
		find /sys/fs/cgroup -maxdepth 2 -type d \( -name x -o -name '*b' -o -name "sec-$$-*" \) | sort
	}
	before=$(groups_at_the_top)
	for path in ../../x ../.. / /.. /../../tmp/x ./. "//" $'/a\nb' "$(printf '/%.0sx' {1..3000})"; do
		configure ".linux.cgroupsPath = $(jq -n --arg p "$path" '$p')"
		create "$(unique)"
		if [ "$status" = 0 ]; then
			jq -r '.cgroups[]' "$HOST/state/$(unique)/state.json" >"$BATS_TEST_TMPDIR/groups"
			no grep '/\.\./\|/\.\.$' "$BATS_TEST_TMPDIR/groups"
			ctr delete --force "$(unique)"
		fi
		[ ! -e "$HOST/state/$(unique)" ]
	done
	[ "$(groups_at_the_top)" = "$before" ]
	canary_ok
}
