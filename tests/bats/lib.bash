# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all .bats files share: `load lib`. Each test gets a runtime root and ids of its own, and
# fails in teardown when anything of it is left: containers, mounts, control groups.

CTR=${CTR:-$BATS_TEST_DIRNAME/../../build/ctr}
export LC_ALL=C
# The network of the machine is nobody's to change; tests of networks have one of their own (net.bash).
export CTR_NETWORK=none

# All of busybox's would be four hundred links to copy for each bundle.
APPLETS='[ ash awk basename cat chgrp chmod chown chroot chrt cp cut date dd df dirname echo env expr
	false find free grep groups head hostname id ifconfig ionice ip ipcs kill ln ls mkdir mkfifo
	mknod mktemp mount mountpoint mv nc nice nproc nsenter od pidof ping printf ps pwd readlink
	realpath rm rmdir route sed seq setpriv setsid sh sleep sort stat stty su sync sysctl tail
	taskset tee test timeout top touch tr true truncate tty umount uname uniq unshare uptime usleep
	wc which whoami xargs yes'

# A root file system with a static busybox, once for each file of tests.
setup_file() {
	local rootfs=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$rootfs"/{bin,dev,etc,proc,sys,tmp,root,home}
	cp "$(command -v busybox)" "$rootfs/bin/busybox"
	# shellcheck disable=SC2086 # words
	(cd "$rootfs/bin" && perl -e 'symlink "busybox", $_ for @ARGV' $APPLETS)
	printf 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/home:/bin/sh\n' >"$rootfs/etc/passwd"
	printf 'root:x:0:\nguest:x:1000:\nextra:x:2000:guest\n' >"$rootfs/etc/group"
}

# For a setup of one's own.
new_test() {
	ROOT=$BATS_TEST_TMPDIR/run
	ID=bats-$$-$BATS_TEST_NUMBER
	mounts_before=$(mounts)
	cd "$BATS_TEST_TMPDIR" || return
}
setup() { new_test; }

teardown() {
	local id bad=0
	cd / || return
	[ ! -d "$ROOT" ] || for id in $(ctr list -q 2>/dev/null); do
		ctr delete --force "$id" || bad=1
	done
	nothing_left || bad=1
	return "$bad"
}

# ---- running ------------------------------------------------------------------------------------

ctr() { "$CTR" --root "$ROOT" "$@"; }

# As OCI runtimes are called: strictly their command line.
oci() { "$CTR" --oci --root "$ROOT" "$@"; }

# filled WORDS FLAG... -- ARGUMENT...: $line is the flags, those words (the image, say) and the arguments.
filled() {
	local words
	read -ra words <<<"$1"
	shift
	line=()
	while [ "$1" != -- ]; do
		line+=("$1")
		shift
	done
	line+=("${words[@]}" "${@:2}")
}

# try COMMAND...: as bats' run, which takes exit code 127 for a mistake in the test.
# shellcheck disable=SC2034 # for the test
try() {
	status=0
	output=$("$@" 2>&1) || status=$?
	mapfile -t lines <<<"$output"
}

# detached COMMAND...: as bats' run, for commands that leave a process behind: it keeps the standard
# descriptors that it was given, and run would wait for their end.
# shellcheck disable=SC2034 # for the test
detached() {
	status=0
	"$@" >detached.out 2>&1 </dev/null || status=$?
	output=$(<detached.out)
}

# bundle [DIR [JQ-FILTER]]: makes a bundle with a root file system of its own, whose program is
# `sleep 100` without a terminal.
bundle() {
	local dir=${1:-bundle}
	mkdir -p "$dir"
	cp -al "$BATS_FILE_TMPDIR/rootfs" "$dir/rootfs"
	rm -f "$dir/config.json"
	"$CTR" spec --bundle "$dir"
	config "$dir" '.process.terminal = false | .process.args = ["sleep", "100"] |
		.root.readonly = false'
	[ $# -lt 2 ] || config "$dir" "$2"
}

# config DIR JQ-ARGUMENT...: edits a bundle's config.
config() {
	local dir=$1
	shift
	jq "$@" "$dir/config.json" >"$dir/config.json.new"
	mv "$dir/config.json.new" "$dir/config.json"
}

# running [ID [JQ-FILTER]]: a container that runs `sleep 100`.
running() {
	local id=${1:-$ID}
	bundle "b-$id" "${2:-.}"
	ctr create --bundle "b-$id" "$id" >out 2>&1 </dev/null
	ctr start "$id"
}

state_of() { ctr state "${1:-$ID}" | jq -r .status; }

# wait_for STATUS [ID]: at most 5 seconds.
wait_for() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ "$(state_of "${2:-$ID}")" != "$1" ] || return 0
		sleep 0.05
	done
	echo "still $(state_of "${2:-$ID}"), not $1"
	return 1
}

# ---- checking -----------------------------------------------------------------------------------

# has TEXT: what `run` printed contains it.
has() {
	[[ $output == *"$1"* ]] || {
		printf 'not found: %s\nin: %s\n' "$1" "$output"
		return 1
	}
}

# ended STATUS: how the command of `run` ended.
# shellcheck disable=SC2154 # set by run
ended() {
	[ "$status" = "$1" ] || {
		printf 'ended with %s, not %s: %s\n' "$status" "$1" "$output"
		return 1
	}
}

# The host's mounts, without what other tests do at the same time.
mounts() { grep -F "${BATS_TEST_TMPDIR:-/nowhere}" /proc/self/mountinfo || :; }

nothing_left() {
	local bad=0 left
	left=$(mounts)
	[ "$left" = "$mounts_before" ] || { echo "mounts left: $left"; bad=1; }
	left=$(find /sys/fs/cgroup -type d -name "*$ID*" 2>/dev/null)
	[ -z "$left" ] || { echo "control groups left: $left"; bad=1; }
	left=$(find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null || :)
	[ -z "$left" ] || { echo "containers left: $left"; bad=1; }
	return "$bad"
}

# ---- what may be missing ------------------------------------------------------------------------

# needs what: skips the test, or fails it where everything must run.
missing() {
	[ -z "${CTR_MUST_RUN:-}" ] || { echo "missing: $1"; return 1; }
	skip "$1"
}

# For a tenant, where the root is a file system whose ids the kernel cannot map.
HOST_IDS=()
[ "$(stat -f -c %T /)" != overlayfs ] || HOST_IDS=(--allow host-ids)

needs_root() { [ "$(id -u)" = 0 ] || missing "needs root"; }
needs() { command -v "$1" >/dev/null || missing "needs $1"; }

# on_disk DIR [NAME]: $disk is a new directory below DIR; where that is in memory, on the disk of the machine,
# with that name.
# shellcheck disable=SC2034 # for the test
on_disk() {
	disk=$1/disk
	case $(stat -f -c %T "$1") in
	tmpfs | overlayfs) disk=/scratch/${2:-$ID} ;;
	esac
	[ "${disk#/scratch/}" = "$disk" ] || [ -d /scratch ] || missing "no disk with a file system: $1 is in memory"
	mkdir -p "$disk"
}

# until_true COMMAND...: at most 10 seconds.
until_true() {
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	echo "in vain: $*"
	return 1
}

# on_terminal ARG...: ctr on a terminal of 33 lines of 77, where somebody types "hello".
on_terminal() {
	python3 - "$CTR" --root "$ROOT" "$@" <<-'END'
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
		    os.execv(sys.argv[1], ["ctr"] + sys.argv[2:])
		os.write(fd, b"hello\r")
		out = b""
		try:
		    while chunk := os.read(fd, 1000):
		        out += chunk
		except OSError:
		    pass
		print(out.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
