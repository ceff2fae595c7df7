# SPDX-License-Identifier: Apache-2.0
# Native only: ctr is stopped at call after call, which takes an hour in an emulated machine.
# A container that tries to get at the processes that enter it, or at what they bring along.
load security

setup_file() { host_start; }
teardown_file() { host_stop; }

setup() {
	require_root
	canary_make
	ID=$(unique)
}

teardown() {
	[ -z "${HOST_INIT:-}" ] || ctr delete --force "$ID"
}

# ---- B1: the executable --------------------------------------------------------------------------

# What the watcher of $ID saw while others entered: it prints when it is done.
watched() {
	wait "$watcher"
	tail -1 "$BATS_TEST_TMPDIR/watch.log"
}

# Enters the container $ID, by a copy of ctr that nobody would miss, until the watcher ends.
enter_while_watched() {
	cp -L "$CTR" "$BATS_TEST_TMPDIR/ctr"
	sum=$(sha256sum <"$BATS_TEST_TMPDIR/ctr")
	CTR=$BATS_TEST_TMPDIR/ctr
	ctr run --bundle "$B" "$ID" >"$BATS_TEST_TMPDIR/watch.log" 3>&- &
	watcher=$!
	for _ in {1..200}; do
		no grep -q watching "$BATS_TEST_TMPDIR/watch.log" || break
		sleep 0.05
	done
	while ! grep -q seen "$BATS_TEST_TMPDIR/watch.log"; do
		for program in /bin/busybox /proc/self/exe /proc/1/exe /etc/script /etc/loaded; do
			ctr exec "$ID" "$program" true >/dev/null 2>&1 3>&- || :
		done
		ctr state "$ID" >/dev/null 2>&1 || :
	done
}

self_exe_bundle() { # JQ
	bundle watched ".root.readonly = true | .process.args = [\"/bin/exewatch\", \"3\"] | $1"
	printf '#!/proc/self/exe\n' >"$B/rootfs/etc/script"
	# A program whose interpreter is what the process executed before.
	sed 's|/lib64/ld-linux-x86-64.so.2|/proc/self/exe\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00|' \
		/bin/true >"$B/rootfs/etc/loaded"
	chmod +x "$B/rootfs/etc/"{script,loaded}
}

@test "B1: no process that enters can be written to (CVE-2019-5736)" {
	# Every capability that the host has: only the seals are left.
	self_exe_bundle '.process.capabilities |= map_values(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE",
		"CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN", "CAP_KILL"]) | .process.noNewPrivileges = false'
	enter_while_watched
	run watched
	echo "$output"
	[ "$(jq .seen <<<"$output")" -gt 0 ]
	[ "$(jq .opened <<<"$output")" -gt 0 ]
	[ "$(jq .written <<<"$output")" = 0 ]
	[ "$(sha256sum <"$BATS_TEST_TMPDIR/ctr")" = "$sum" ]
}

@test "B1: with ordinary capabilities there is not even anything to open" {
	self_exe_bundle '.process.noNewPrivileges = false'
	enter_while_watched
	run watched
	echo "$output"
	[ "$(jq .written <<<"$output")" = 0 ]
	[ "$(sha256sum <"$BATS_TEST_TMPDIR/ctr")" = "$sum" ]
}

@test "B1: the watcher would see a program that can be written to" {
	bundle naive '.process.args = ["/bin/sh", "-c", "cp /bin/busybox /tmp/sleep; /tmp/sleep 1 & exec /bin/exewatch 5"]'
	run_bundle
	[ "$(tail -1 <<<"$output" | jq .written)" -gt 0 ]
}

@test "B1: a program that is the executor itself, or is loaded by it" {
	bundle self
	for program in /proc/self/exe /proc/1/exe /proc/thread-self/exe /etc/script /etc/loaded; do
		self_exe_bundle ".process.args = [\"$program\"]"
		run_bundle
		echo "$program: $status $output $stderr"
		[ "$status" != 0 ]
		rm -rf "$B"
	done
	canary_ok
}

# ---- B2: descriptors and working directories -------------------------------------------------------

@test "B2: the program has the standard descriptors, and those it was promised" {
	bundle fds
	exec 7<"$CANARY" 8<"$CANARY/file" 9>>"$BATS_TEST_TMPDIR/log"
	run_bundle
	exec 7<&- 8<&- 9>&-
	[ "$(jq -c '.fds | keys' <<<"$output")" = '["0","1","2"]' ]
	# shellcheck disable=SC2016
	run --separate-stderr host bash -c 'exec "$@" 3<&0 4<&0 5<&0 6<&0' bash \
		"$CTR" --root "$HOST/state" run --preserve-fds 2 --bundle "$B" "$ID"
	[ "$(jq -c '.fds | keys' <<<"$output")" = '["0","1","2","3","4"]' ]
}

@test "B2: the same for exec, and its directory and the root are the container's" {
	bundle fds '.process.args = ["/bin/probe", "sleep"]'
	create "$ID"
	ctr start "$ID"
	exec 7<"$CANARY" 8<"$CANARY/file"
	run --separate-stderr ctr exec --cwd /tmp "$ID" /bin/probe
	exec 7<&- 8<&-
	[ "$(jq -c '.fds | keys' <<<"$output")" = '["0","1","2"]' ]
	[ "$(jq -r .cwd <<<"$output")" = /tmp ]
	ctr exec -d "$ID" /bin/probe sleep >/dev/null 2>&1 3>&-
	# Neither ctr nor the executor left anything open in the container.
	run ctr exec "$ID" /bin/sh -c 'for p in /proc/[0-9]*; do for f in $p/fd/*; do readlink $f; done; done'
	no grep -vE '^(/dev/null|pipe:.*|socket:.*|/dev/pts/[0-9]+|/proc/[0-9]+/fd|.*/errors|/|.*bats.*)$' <<<"$output"
}

@test "B2: no working directory by a descriptor (CVE-2024-21626)" {
	bundle cwd '.process.args = ["/bin/probe", "sleep"]'
	create "$ID"
	ctr start "$ID"
	cp "$B/config.json" "$B/plain.json"
	exec 7<"$CANARY"
	for n in {3..24} 64; do
		for cwd in "/proc/self/fd/$n" "/proc/1/fd/$n" "/proc/self/fd/$n/.." "/proc/thread-self/fd/$n/../.." /link; do
			ln -sfn "/proc/self/fd/$n" "$B/rootfs/link"
			run --separate-stderr ctr exec --cwd "$cwd" "$ID" /bin/probe
			[ "$status" != 0 ] || { echo "exec $cwd: $output"; false; }
			[ $((n % 4)) = 3 ] || continue
			cp "$B/plain.json" "$B/config.json"
			configure ".process.cwd = \"$cwd\" | .process.args = [\"/bin/probe\"]"
			run --separate-stderr ctr run --bundle "$B" "$(unique cwd)"
			[ "$status" != 0 ] || { echo "run $cwd: $output"; false; }
		done
	done
	exec 7<&-
	canary_ok
}

@test "B2: no program by a descriptor" {
	bundle program '.process.args = ["/bin/probe", "sleep"]'
	create "$ID"
	ctr start "$ID"
	up=../../../../../../../../../..
	exec 7</ 8</bin
	for n in {3..24} 64; do
		for program in "/proc/self/fd/$n" "/proc/self/fd/$n/bin/true" "/proc/self/fd/$n/$up/bin/true" "/proc/1/fd/$n/bin/true" "/proc/self/fd/$n/true"; do
			# The container has no "true" of that name: it would be the host's.
			run --separate-stderr ctr exec "$ID" "$program"
			[ "$status" != 0 ] || { echo "exec $program: $output"; false; }
			[ $((n % 4)) = 3 ] || continue
			configure ".process.args = [\"$program\"]"
			run --separate-stderr ctr run --bundle "$B" "$(unique program)"
			[ "$status" != 0 ] || { echo "run $program: $output"; false; }
		done
	done
	exec 7<&- 8<&-
	canary_ok
}

# ---- B3, B4: users -----------------------------------------------------------------------------------

@test "B3: a user is what it says, or an error: never root by mistake (CVE-2026-30892)" {
	make_root "$BATS_TEST_TMPDIR/root"
	root=$BATS_TEST_TMPDIR/root
	printf 'app:x:1234:55::/:/bin/sh\nbad:x:huge:1::/:\nwrap:x:4294967296:0::/:\nnone:x::0::/:\n' >>"$root/etc/passwd"
	printf 'staff:x:50:\n' >>"$root/etc/group"
	ids() {
		run --separate-stderr ctr run --rm --rootfs "$root" --user "$1" /bin/probe
		[ "$status" = 0 ] && jq -c '[.uids[0], .gids[0]]' <<<"$output" || echo refused
	}
	for row in '1000 [1000,0]' '1000:50 [1000,50]' 'app [1234,55]' 'app:staff [1234,50]' '1000:staff [1000,50]' \
		'2147483648:1 [2147483648,1]' '4294967294:1 [4294967294,1]' '0 [0,0]' 'root [0,0]' \
		'1000: refused' ':5 refused' '1_0 refused' '0x0 refused' '+1 refused' '-1 refused' '1e3 refused' \
		'4294967295 refused' '4294967296 refused' '18446744073709551616 refused' '1:4294967295 refused' \
		'nobody-there refused' 'app:nobody-there refused' 'bad refused' 'wrap refused' 'none refused'; do
		echo "${row% *}: $(ids "${row% *}")"
		[ "$(ids "${row% *}")" = "${row#* }" ]
	done
	[ "$(ids ' 0')" = refused ]
	[ "$(ids '1 0')" = refused ]
	[ "$(ids $'1\n0')" = refused ]
	: >"$root/etc/passwd"
	[ "$(ids app)" = refused ]
	[ "$(ids root)" = refused ] || [ "$(ids root)" = '[0,0]' ]
	rm "$root/etc/passwd" "$root/etc/group"
	[ "$(ids app)" = refused ]
	[ "$(ids 1000)" = '[1000,0]' ]
}

@test "B3: the same for exec" {
	bundle user '.process.args = ["/bin/probe", "sleep"] | .process.user = {"uid": 7, "gid": 8}'
	create "$ID"
	ctr start "$ID"
	for user in 1000: :5 '1 0' 0x0 +1 4294967295 4294967296 nobody-there ' '; do
		run --separate-stderr ctr exec --user "$user" "$ID" /bin/probe
		echo "'$user': $status $output"
		[ "$status" != 0 ]
	done
	# As if nothing was said.
	run --separate-stderr ctr exec --user '' "$ID" /bin/probe
	[ "$(jq -c '[.uids, .gids, .groups]' <<<"$output")" = '[[7,7,7],[8,8,8],[]]' ]
	run --separate-stderr ctr exec --user 1000:50 "$ID" /bin/probe
	[ "$(jq -c '[.uids, .gids, .groups]' <<<"$output")" = '[[1000,1000,1000],[50,50,50],[50]]' ]
}

@test "B3: ids of a config are checked, not cut off" {
	bundle ids
	for uid in 4294967295 4294967296 -1 1.5 '"0"'; do
		configure ".process.user.uid = $uid"
		run_bundle
		refused uid
	done
}

@test "B4: /etc/passwd and /etc/group that are no honest files (CVE-2024-9676)" {
	root=$BATS_TEST_TMPDIR/root
	make_root "$root"
	honest() { # USER
		start=${EPOCHREALTIME/./}
		run --separate-stderr timeout 20 nsenter -m -p -t "$HOST_INIT" --wdns=/ -- "$CTR" \
			--root "$HOST/state" run --rm --rootfs "$root" --user "$1" /bin/probe
		echo "$status $(((${EPOCHREALTIME/./} - start) / 1000)) ms $output $stderr"
		[ "$status" != 124 ]
		[ "$status" != 0 ] || [ "$(jq '.uids[0]' <<<"$output")" != 0 ]
	}
	for file in passwd group; do
		cp "$root/etc/$file" "$root/saved"
		for kind in fifo canary device directory loop endless; do
			rm -rf "${root:?}/etc/$file"
			case $kind in
			fifo) mkfifo "$root/etc/$file" ;;
			canary)
				echo 'spy:x:0:0::/:/bin/sh' >"$BATS_TEST_TMPDIR/spies"
				ln -s "../../../../../../../../../..$BATS_TEST_TMPDIR/spies" "$root/etc/$file" ;;
			device) mknod "$root/etc/$file" c 1 5 ;;
			directory) mkdir "$root/etc/$file" ;;
			loop) ln -s "$file" "$root/etc/$file" ;;
			endless) truncate -s 4G "$root/etc/$file" ;;
			esac
			echo "$file is a $kind"
			honest spy
			[ "$status" != 0 ]
			honest 1000
			honest 1000:nobody-there
			[ "$status" != 0 ]
		done
		rm -rf "${root:?}/etc/$file"
		mv "$root/saved" "$root/etc/$file"
	done
	canary_ok
}

@test "B4: reading a huge passwd file takes no memory" {
	bundle huge '.process.user = {"uid": 7, "gid": 7}'
	truncate -s 2G "$B/rootfs/etc/passwd"
	echo 'end:x:7:7::/wrong:' >>"$B/rootfs/etc/passwd"
	# Half of the file's size would not be there.
	ulimit -v 400000
	run_bundle
	[ "$status" = 0 ]
	[ "$(jq -r '.env[] | select(startswith("HOME="))' <<<"$output")" = HOME=/ ]
}

# ---- B5, B6, B7, B8, B9 -------------------------------------------------------------------------------

@test "B5: nothing of the image runs with the privileges of ctr (CVE-2019-14271)" {
	bundle poison '.process.args = ["/bin/probe", "sleep"]
		| .process.env += ["LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/lib", "GCONV_PATH=/lib", "LD_AUDIT=/evil.so"]'
	# A program that leaves a mark, in the place of all that could be loaded or called.
	cat >"$BATS_TEST_TMPDIR/evil.c" <<-'C'
		#include <fcntl.h>
		#include <unistd.h>
		__attribute__((constructor)) static void mark(void) { close(open("/tmp/mark", O_CREAT, 0600)); }
		int main(void) { return 0; }
	C
	gcc -shared -fPIC -o "$B/rootfs/evil.so" "$BATS_TEST_TMPDIR/evil.c"
	gcc -static -o "$BATS_TEST_TMPDIR/evil" "$BATS_TEST_TMPDIR/evil.c"
	mkdir -p "$B/rootfs/"{lib,lib64,usr,sbin} "$B/rootfs/lib/x86_64-linux-gnu"
	ln -s .. "$B/rootfs/usr/local"
	for lib in libc.so.6 libnss_files.so.2 libnss_compat.so.2 libnss_dns.so.2 libseccomp.so.2 libcap.so.2; do
		cp "$B/rootfs/evil.so" "$B/rootfs/lib/x86_64-linux-gnu/$lib"
		cp "$B/rootfs/evil.so" "$B/rootfs/lib/$lib"
	done
	echo /evil.so >"$B/rootfs/etc/ld.so.preload"
	echo 'passwd: files evil' >"$B/rootfs/etc/nsswitch.conf"
	for program in ps xz unpigz gzip newuidmap newgidmap modprobe nsenter ctr ctr-init; do
		cp "$BATS_TEST_TMPDIR/evil" "$B/rootfs/bin/$program"
		ln "$B/rootfs/bin/$program" "$B/rootfs/sbin/$program"
	done
	create "$ID"
	ctr start "$ID"
	ctr exec -d "$ID" /bin/probe sleep 3>&- >/dev/null 2>&1
	ctr ps "$ID"
	ctr state "$ID"
	ctr events --stats "$ID"
	ctr update --pids-limit 50 "$ID"
	ctr pause "$ID"
	ctr resume "$ID"
	run ctr exec "$ID" not-there
	run ctr exec --user nobody-there "$ID" /bin/probe
	ctr kill "$ID" KILL
	ctr delete --force "$ID"
	[ ! -e "$B/rootfs/tmp/mark" ]
	# Called by name it does leave its mark: the test can tell.
	configure '.process.args = ["/bin/ps"]'
	run_bundle
	[ -e "$B/rootfs/tmp/mark" ]
	canary_ok
}

@test "B6: a hook has nothing of the container's environment, of ctr's descriptors or directory" {
	bundle hooks
	for hook in prestart createRuntime createContainer poststart poststop; do
		configure ".process.env = [\"LD_PRELOAD=/evil.so\", \"LD_LIBRARY_PATH=/evil\", \"PATH=/evil\"] |
			.process.cwd = \"/tmp\" | .hooks = {\"$hook\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
				\"exec >$BATS_TEST_TMPDIR/seen; env; pwd; ls -l /proc/self/fd\"]}]}"
		run_bundle
		[ "$status" = 0 ]
		grep -qx / "$BATS_TEST_TMPDIR/seen"
		! grep -q evil "$BATS_TEST_TMPDIR/seen"
		# 0 to 2, and the directory that is being read.
		[ "$(grep -c ' -> ' "$BATS_TEST_TMPDIR/seen")" = 4 ]
		rm "$BATS_TEST_TMPDIR/seen"
	done
	canary_ok
	# An annotation is no hook, and selects nothing.
	configure 'del(.hooks) | .annotations = {"run.oci.hooks.stdout": "'"$CANARY"'/dir/out",
		"run.oci.handler": "krun", "org.criu.config": "/etc/passwd", "module.wasm.image/variant": "compat",
		"run.oci.delegate-cgroup": "../../x", "run.oci.seccomp_bpf_data": "AAAA"}'
	run_bundle
	[ "$status" = 0 ]
	canary_ok
}

@test "B7: texts of 64 KiB and more are taken whole, or refused (CVE-2021-43784)" {
	bundle long '.process.args = ["/bin/busybox", "wc", "-c", "/proc/self/environ"]'
	for n in 65526 65527 65528 65535 65536 65537 70000 131000; do
		configure ".process.env = [\"X=\" + (\"a\" * $n)]"
		run_bundle
		echo "$n: $status $output $stderr"
		[ "$status" = 0 ]
		# Behind it comes HOME, which ctr adds.
		[ "${output%% *}" -ge $((n + 3)) ]
		[ "${output%% *}" -lt $((n + 60)) ]
	done
}

@test "B7: hundred thousand mappings, mounts and paths are refused, and harm nobody" {
	bundle lists
	cp "$B/config.json" "$B/plain.json"
	for jq in '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [range(100000) | {"containerID": ., "hostID": (. + 100000), "size": 1}] | .linux.gidMappings = .linux.uidMappings' \
		'.mounts = [range(100000) | {"destination": "/tmp", "type": "tmpfs"}]' \
		'.linux.maskedPaths = [range(100000) | "/x/\(.)"]' \
		'.linux.devices = [range(100000) | {"path": "/dev/x\(.)", "type": "c", "major": 1, "minor": 3}]' \
		'.process.args = [range(3000000) | "aaaaaaaa"]'; do
		cp "$B/plain.json" "$B/config.json"
		configure "$jq"
		run_bundle
		echo "${jq:0:40}: $status ${stderr:0:300}"
		refused ''
		[ "$status" = 1 ]
	done
	canary_ok
}

@test "B8: a session keyring of its own, and no variable of the caller's (CVE-2020-14370)" {
	bundle env
	export EVIL=from-the-caller LD_PRELOAD_X=y
	own=$(host "$TOOLS/probe" | jq .keyring)
	run_bundle
	[ "$(jq -c .env <<<"$output")" = '["PATH=/bin","HOME=/root"]' ]
	[ "$(jq .keyring <<<"$output")" != "$own" ]
	first=$(jq .keyring <<<"$output")
	run_bundle
	[ "$(jq .keyring <<<"$output")" != "$first" ]
	run --separate-stderr ctr run --no-new-keyring --bundle "$B" "$(unique)"
	[ "$(jq .keyring <<<"$output")" = "$own" ]
	configure '.process.args = ["/bin/probe", "sleep"]'
	create "$ID"
	ctr start "$ID"
	run --separate-stderr ctr exec "$ID" /bin/probe
	[ "$(jq .keyring <<<"$output")" != "$own" ]
	[[ $(jq -c .env <<<"$output") != *EVIL* ]]
	run --separate-stderr ctr run --rm -v "$TOOLS:/t:ro" host /t/probe
	[[ $(jq -c .env <<<"$output") != *EVIL* ]]
}

# A terminal of the operator's, as script(1) makes it.
at_terminal() {
	# What stands before the program's own words is the echo of an end of file.
	host script -qec "$*" /dev/null </dev/null | tr -d '\r' | sed 's/^[^{]*{/{/'
}

@test "B9: characters cannot be put into the operator's terminal" {
	bundle tty
	# As it is without a container: there is a terminal, and who may put characters into it gets as far
	# as the bad address (newer kernels refuse all of them).
	run at_terminal "$TOOLS/probe"
	[ "$(jq -r '.tty' <<<"$output")" = ok ]
	[[ $(jq -r '.tiocsti["0"]' <<<"$output") =~ EFAULT|EIO ]]
	# A session of its own, without a controlling terminal.
	run at_terminal "$CTR" --root "$HOST/state" run --bundle "$B" "$ID"
	echo "$output"
	[ "$(jq -r .tty <<<"$output")" = ENXIO ]
	[ "$(jq -r .session <<<"$output")" = 1 ]
	[[ $(jq -r '[.tiocsti[]] | unique | join(",")' <<<"$output") =~ ^(EPERM|EIO|ENOTTY|,)+$ ]]
	# With -t a terminal of its own, and the filter on top.
	run at_terminal "$CTR" --root "$HOST/state" run --rm -it -v "$TOOLS:/t:ro" host /t/probe
	echo "$output"
	[ "$(jq -r .tty <<<"$output")" = ok ]
	[[ $(jq -r '.fds["0"]' <<<"$output") == /dev/pts/* ]]
	[ "$(jq -r '[.tiocsti[], .tioclinux[]] | unique | join(",")' <<<"$output")" = EPERM ]
	# Without -t, but at a terminal.
	run at_terminal "$CTR" --root "$HOST/state" run --rm -i -v "$TOOLS:/t:ro" host /t/probe
	[ "$(jq -r .tty <<<"$output")" = ENXIO ]
	[ "$(jq -r '[.tiocsti[], .tioclinux[]] | unique | join(",")' <<<"$output")" = EPERM ]
}
