# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the tests of what a container is given: `load lib`, `load oci`. Their containers share one root
# file system, unless `bundle` makes one of its own for a test that changes it: a copy for each would
# be most of the time in an emulated machine.

# shellcheck disable=SC2034 # for the tests
ROOTFS=$BATS_FILE_TMPDIR/rootfs

# light DIR [JQ-FILTER [JQ-ARGUMENT...]]: as bundle, without a root of its own.
light() {
	local dir=$1 filter=${2:-.} base=$BATS_FILE_TMPDIR/base.json
	shift
	[ $# = 0 ] || shift
	[ -e "$base" ] || {
		"$CTR" spec --file "$base.spec"
		jq --arg root "$ROOTFS" '.process.terminal = false | .process.args = ["sleep", "100"] |
			.root = {path: $root}' "$base.spec" >"$base"
	}
	mkdir -p "$dir"
	jq "$@" "$filter" "$base" >"$dir/config.json"
}

# owned DIR UID GID [JQ-FILTER [JQ-ARGUMENT...]]: as light, with a root of its own that belongs to those
# ids, who may also get there.
owned() {
	local dir=$1 uid=$2 gid=$3 filter=${4:-.}
	shift 3
	[ $# = 0 ] || shift
	light "$dir" "$filter | .root.path = \"rootfs\"" "$@"
	chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR"
	[ -e "$dir/rootfs" ] || {
		cp -a "$ROOTFS" "$dir/rootfs"
		chown -R "$uid:$gid" "$dir/rootfs"
	}
}

# running [ID [JQ-FILTER]]: a container that runs `sleep 100`.
running() {
	local id=${1:-$ID}
	light "b-$id" "${2:-.}"
	started "$id" "b-$id"
}

# started ID BUNDLE: it runs.
started() {
	ctr run --detach --pid-file "$PWD/$1.pid" --bundle "$2" "$1" >out 2>&1 </dev/null || {
		cat out
		return 1
	}
}

# inside JQ-FILTER SCRIPT [ID]: runs `sh -c SCRIPT` in a container whose config the filter has changed;
# as bats' run.
inside() {
	light inside "$1 | .process.args = [\"sh\", \"-c\", \$script]" --arg script "$2"
	run "$CTR" --root "$ROOT" run --bundle inside "${3:-$ID}"
}

# holds JQ-FILTER SCRIPT: the same; the script's commands must all succeed. What must fail is said with
# `no` ("! command" never ends a script).
NO='no() { if "$@"; then echo "should have failed: $*"; return 1; fi; };'
holds() {
	inside "$1" "set -e; $NO $2"
	ended 0
}

# refuses JQ-FILTER TEXT: no container is made of such a config, for the reason TEXT.
refuses() {
	inside "$1" true "$ID-r"
	ended 1
	has "$2"
	[ ! -e "$ROOT/$ID-r" ]
}

# pid_of [ID]: of the first process, on the host.
pid_of() { cat "${1:-$ID}.pid"; }

# ns_of PID TYPE: which namespace the process is in.
ns_of() { readlink "/proc/$1/ns/$2"; }

eval "$NO"

# pids_are N: so many processes has the container.
pids_are() { [ "$(ctr ps -f json "$ID" | jq length)" = "$1" ]; }

# ---- control groups -----------------------------------------------------------------------------

is_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# The directory of the controller's hierarchy.
hierarchy() {
	if is_v2; then
		echo /sys/fs/cgroup
	else
		awk -v c="$1" '$(NF - 2) == "cgroup" { n = split($NF, o, ",")
			for (i = 1; i <= n; i++) if (o[i] == c) { print $5; exit } }' /proc/self/mountinfo
	fi
}

# needs_controller NAME...
needs_controller() {
	local name
	for name; do
		if is_v2; then
			grep -qw "$name" /sys/fs/cgroup/cgroup.controllers || missing "no $name controller"
		else
			[ -n "$(hierarchy "$name")" ] || missing "no $name controller"
		fi
	done
}

# group_of CONTROLLER [ID]: the container's directory.
group_of() {
	local line
	while read -r line; do
		case ,${line#*:}: in
		,:*) ! is_v2 || { echo "/sys/fs/cgroup${line#0::}"; return; } ;;
		*,"$1",* | *,"$1":*) echo "$(hierarchy "$1")${line#*:*:}"; return ;;
		esac
	done <"/proc/$(pid_of "${2:-$ID}")/cgroup"
	return 1
}

# value CONTROLLER V2-FILE V1-FILE: what stands there; a "-" in place of a file: this layout has none.
value() {
	local file=$2
	is_v2 || file=$3
	[ "$file" != - ] || return 0
	cat "$(group_of "$1")/$file"
}
