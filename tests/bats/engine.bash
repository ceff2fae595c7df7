# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the tests of the engine's commands: `load lib`, `load engine`.

# box [FLAG...] -- COMMAND...: a detached container named $ID in the root with busybox.
box() {
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" "$@"
	detached ctr run -d --network none --name "$ID" "${line[@]}"
	ended 0
}

# monitor_of [ID]: its pid.
monitor_of() { cut -d ' ' -f 1 "$ROOT/${1:-$ID}/monitor"; }

is_gone() { [ ! -e "/proc/$1" ]; }
