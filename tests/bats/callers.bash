# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the suites of callers: `load callers`. A suite has a sandbox of its own (tests/callers/sandbox), in
# which ctr is installed; its function `prepare` runs there once. Each test defines `the_case` and calls
# `compare`, which runs it there twice at the same time, with runc and with ctr.

HERE=$BATS_TEST_DIRNAME/../callers
SANDBOX=$BATS_FILE_TMPDIR/sandbox
export LC_ALL=C

setup_file() {
	local name
	[ "$(id -u)" = 0 ] || skip "needs root"
	for name in podman buildah containerd dockerd runc; do
		command -v "$name" >/dev/null || skip "needs $name (tests/lib/deps callers)"
	done
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	"$HERE/sandbox" start "$SANDBOX"
	"$HERE/image" "$BATS_FILE_TMPDIR/busybox.tar"
	in_sandbox make -s -C "$BATS_TEST_DIRNAME/../.." install
	script prepare >"$BATS_FILE_TMPDIR/prepare"
	in_sandbox timeout 60 bash "$BATS_FILE_TMPDIR/prepare"
}

# How each case went with each runtime stands in $BATS_FILE_TMPDIR/results.
teardown_file() {
	local results=$BATS_FILE_TMPDIR/results
	"$HERE/sandbox" stop "$SANDBOX"
	[ ! -e "$results" ] || printf '# passed: runc %d, ctr %d, of %d cases\n' \
		"$(grep -c ' runc 0$' "$results")" "$(grep -c ' ctr 0$' "$results")" \
		"$(cut -d ' ' -f 1 "$results" | sort -u | wc -l)" >&3
}

in_sandbox() { "$HERE/sandbox" enter "$SANDBOX" "$@"; }

# script FUNCTION...: a script that runs the first of them; the others are for it.
script() {
	# shellcheck disable=SC2016
	printf 'set -Eeuo pipefail\ntrap "echo failed: \$BASH_COMMAND" ERR\n. %q\nIMAGES=%q REPOSITORY=%q\n' "$HERE/inside.bash" \
		"$BATS_FILE_TMPDIR/busybox.tar" "$(realpath "$BATS_TEST_DIRNAME/../..")"
	declare -f "$@"
	echo "$1"
}

# case_with RUNTIME: runs the_case; its result is in the files RUNTIME.code and RUNTIME.out.
case_with() {
	local code=0 program=/usr/bin/runc
	[ "$1" = runc ] || program=/usr/local/bin/ctr-runc
	in_sandbox RUNTIME="$1" PROGRAM="$program" NAME="$1-$BATS_TEST_NUMBER" timeout 120 \
		bash "$BATS_TEST_TMPDIR/case" >"$1.out" 2>&1 </dev/null 3>&- || code=$?
	echo "$code" >"$1.code"
	echo "$BATS_TEST_NUMBER $1 $code" >>"$BATS_FILE_TMPDIR/results"
}

# For the last test of a suite: a case that failed half-way has left what it had, with either runtime.
all_passed() {
	! grep -qv ' 0$' "$BATS_FILE_TMPDIR/results" || skip "a case before this one failed"
}

# compare [FUNCTION...]: the_case, which may use those functions. What runc can, ctr must.
compare() {
	local first second
	cd "$BATS_TEST_TMPDIR" || return
	script the_case "$@" >case
	case_with runc &
	first=$!
	case_with ctr &
	second=$!
	wait "$first" "$second"
	if [ "$(<ctr.code)" = 0 ]; then
		[ "$(<runc.code)" = 0 ] || sed 's/^/# with runc: /' runc.out >&3
		return
	fi
	sed 's/^/ctr:  /' ctr.out
	[ "$(<runc.code)" = 0 ] || sed 's/^/runc: /' runc.out
	return 1
}
