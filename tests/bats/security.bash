# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the tests that attack: a host of their own, so that whatever escapes is seen and nobody else
# disturbs the picture. It has its own mounts (all shared, as under systemd) and processes.
#
#   host_start, host_stop   setup_file and teardown_file; the host's state is in $HOST
#   host CMD...             runs a program there; ctr ARG... is ctr with a state directory of its own
#   canary_make, canary_ok  a tree that nobody may touch: $CANARY
#   bundle NAME [JQ]        $BATS_TEST_TMPDIR/NAME: a root with busybox and the test programs, and a
#                           config.json that runs /bin/probe, changed by the jq program; sets $B
#   attack [-b] VICTIM OTHER CHECK CMD...   see there
#   require_root            skips the test

CTR=${CTR:-$PWD/build/ctr}
TOOLS=${BATS_TEST_DIRNAME%/tests/*}/build/tests
bats_require_minimum_version 1.5.0

require_root() {
	[ "$(id -u)" = 0 ] || missing "needs root"
}

# missing WHAT: skips the test, or fails it where everything must run.
missing() {
	[ -z "${CTR_MUST_RUN:-}" ] || { echo "missing: $1"; return 1; }
	skip "$1"
}

# ---- the host -----------------------------------------------------------------------------------

host_start() {
	[ "$(id -u)" = 0 ] || return 0
	HOST=$BATS_FILE_TMPDIR
	# Process 1 reaps whoever is left without a parent. bats waits for its descriptor 3 to close.
	# shellcheck disable=SC2016
	unshare -mpf --mount-proc --kill-child --propagation private bash -c '
		mount --make-rshared /
		echo ready
		while :; do sleep 1000 & wait; done' >"$HOST/ready" 2>&1 3>&- 4>&- </dev/null &
	local unshare=$!
	until [ -s "$HOST/ready" ]; do
		kill -0 "$unshare"
		sleep 0.01
	done
	HOST_INIT=$(pgrep -P "$unshare")
	mkdir -p "$HOST/state"
	export HOST HOST_INIT
}

host_stop() {
	# All its processes end with its first one; unshare itself is deaf to SIGTERM.
	[ -z "${HOST_INIT:-}" ] || kill -KILL "$HOST_INIT"
}

host() {
	nsenter -m -p -t "$HOST_INIT" --wdns=/ -- "$@"
}

ctr() {
	host "$CTR" --root "$HOST/state" "$@"
}

host_mounts() {
	echo "$(<"/proc/$HOST_INIT/mountinfo")"
}

# The processes of the host, its first one and this question apart.
host_processes() {
	host bash -c 'for p in /proc/[0-9]*; do
		[ "$p" = /proc/1 ] || [ "$p" = /proc/$$ ] || cat "$p/cmdline" 2>/dev/null | tr "\0" " "
	done' | grep -v '^sleep 1000 *$' || :
}

# A name that no other test has: of containers, cgroups, files.
unique() {
	echo "sec-$$-$BATS_TEST_NUMBER${1:+-$1}"
}

# ---- the canary ---------------------------------------------------------------------------------

canary_make() {
	CANARY=$BATS_TEST_TMPDIR/canary
	mkdir -p "$CANARY/dir" "$CANARY/pts"
	echo secret >"$CANARY/file"
	echo 1 >"$CANARY/number"
	ln "$CANARY/file" "$CANARY/hardlink"
	ln -s file "$CANARY/link"
	chmod 777 "$CANARY" "$CANARY/dir" "$CANARY/pts"
	chmod 666 "$CANARY/file" "$CANARY/number"
	CANARY_BEFORE=$(canary_digest)
	MOUNTS_BEFORE=$(host_mounts)
}

# Who writes to a file, changes its mode, owner or links, or makes one in a directory, leaves a time.
canary_digest() {
	find "$CANARY" -printf '%P %y %m %U:%G %n %s %i %T@ %C@ %l\n'
}

# Nothing of the canary and none of the host's mounts has changed.
canary_ok() {
	local tree mounts
	tree=$(canary_digest)
	mounts=$(host_mounts)
	[ "$tree" = "$CANARY_BEFORE" ] && [ "$mounts" = "$MOUNTS_BEFORE" ] ||
		{ diff <(echo "$CANARY_BEFORE") <(echo "$tree"); diff <(echo "$MOUNTS_BEFORE") <(echo "$mounts"); return 1; }
}

# ---- bundles ------------------------------------------------------------------------------------

make_root() { # DIR
	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,run,vol}
	cp "$(command -v busybox)" "$TOOLS"/{probe,exewatch,bomb} "$1/bin/"
	ln -s busybox "$1/bin/sh"
	echo 'root:x:0:0::/root:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
}

bundle() { # NAME [JQ]
	B=$BATS_TEST_TMPDIR/$1
	mkdir -p "$B"
	make_root "$B/rootfs"
	"$CTR" spec --bundle "$B"
	configure '.process.terminal = false | .process.args = ["/bin/probe"] | .root.readonly = false
		| .process.env = ["PATH=/bin"]'
	configure "${2:-.}"
}

configure() { # JQ
	jq "$1" "$B/config.json" >"$B/config.new"
	mv "$B/config.new" "$B/config.json"
}

# jq: a user namespace in which the container's root is nobody on the host.
in_userns='.linux.namespaces += [{"type": "user"}]
	| .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
	| .linux.gidMappings = .linux.uidMappings'

# Runs the bundle $B in the foreground; what the program prints is in $output.
run_bundle() { # [ID]
	run --separate-stderr ctr run --bundle "$B" "${1:-$(unique)}"
}

# A container that goes on when ctr has ended must not have what bats reads from.
create() { # ID
	status=0
	output=''
	ctr create --bundle "$B" "$1" </dev/null >"$BATS_TEST_TMPDIR/errors" 2>&1 3>&- || status=$?
	stderr=$(<"$BATS_TEST_TMPDIR/errors")
}

# The run was refused with that text, and nothing was left behind.
refused() { # TEXT
	echo "$status: $output${stderr:+$'\n'$stderr}"
	[ "$status" != 0 ]
	[[ $output$'\n'${stderr:-} == *"$1"* ]]
	[ ! -e "$HOST/state/$(unique)" ]
}


# no CMD...: fails if CMD succeeds; a plain "!" fails no test.
no() {
	if "$@"; then
		return 1
	fi
}

# ---- races --------------------------------------------------------------------------------------

# How many of the calls to look at: all, or on an emulated machine every so many-th.
stride() {
	[ "${CTR_PLACE:-native}" = native ] && echo 1 || echo "${1:-7}"
}

# attack [-b] VICTIM OTHER CHECK CMD...: runs CMD once for each of its path calls, VICTIM and OTHER
# being exchanged at that call (-b: and back at the next). After each run the function CHECK is
# called; $output is what CMD printed, $status its exit code, $attacks how many runs there were.
attack() {
	local options=() victim other check n start
	if [ "$1" = -b ]; then
		options=(-b)
		shift
	fi
	victim=$1 other=$2 check=$3
	shift 3
	attacks=0
	start=$(stat -c %i "$victim")
	for ((n = 1; ; n += $(stride))); do
		local code=0
		output=$(host "$TOOLS/swapper" -w child -x 2 "${options[@]}" -o "$BATS_TEST_TMPDIR/report" \
			"$n" "$victim" "$other" "$@" 2>"$BATS_TEST_TMPDIR/errors" </dev/null) || code=$?
		[ "$code" != 1 ] || break
		[ "$code" = 0 ] || { cat "$BATS_TEST_TMPDIR/errors"; return 1; }
		read -r status call <"$BATS_TEST_TMPDIR/report"
		attacks=$((attacks + 1))
		"$check" || { echo "at path call $n ($call): $status: $output"; cat "$BATS_TEST_TMPDIR/errors"; return 1; }
		[ "$(stat -c %i "$victim")" = "$start" ] || exchange "$victim" "$other"
	done
	echo "# $attacks places" >&3
	[ "$attacks" -gt 5 ]
}

exchange() {
	mv -T "$1" "$1.aside" && mv -T "$2" "$1" && mv -T "$1.aside" "$2"
}
