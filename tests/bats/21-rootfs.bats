#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ctr run --rootfs: a directory that another tool made.

load lib

# Where packages can be had, a Debian made by mmdebstrap; it is kept for the next run.
debian_root() {
	DEBIAN_ROOT=${CTR_DEBIAN_ROOT:-/var/tmp/ctr-test-debian}
	[ ! -x "$DEBIAN_ROOT/usr/bin/dpkg" ] || return 0
	needs_root && needs mmdebstrap
	[ "${CTR_PLACE:-native}" = native ] || missing "packages can only be had natively"
	mmdebstrap --quiet --variant=essential bookworm "$DEBIAN_ROOT.$$"
	mv -T "$DEBIAN_ROOT.$$" "$DEBIAN_ROOT"
}

@test "a Debian made by mmdebstrap runs, with its own programs and libraries" {
	debian_root
	run ctr run --rm --rootfs "$DEBIAN_ROOT" bash -c 'dpkg -l bash | tail -n 1; id -un; cat /proc/1/comm'
	ended 0
	has "ii  bash"
	has root
}

@test "its package tools work under the default profile and limits" {
	debian_root
	run ctr run --rm --read-only --tmpfs /tmp --rootfs "$DEBIAN_ROOT" \
		bash -c 'perl -e "print qq(perl \$^V\n)" && dpkg --verify bash && echo verified'
	ended 0
	has verified
}

@test "a user of its passwd file is looked up there" {
	debian_root
	run ctr run --rm --user www-data --rootfs "$DEBIAN_ROOT" id
	ended 0
	has "uid=33(www-data) gid=33(www-data)"
}

@test "it is read-only where that is asked for, and untouched after a run that failed" {
	debian_root
	run ctr run --rm --read-only --rootfs "$DEBIAN_ROOT" touch /written
	ended 1
	[ ! -e "$DEBIAN_ROOT/written" ]
}

@test "a directory that is not there is an error by name" {
	needs_root
	run ctr run --rm --rootfs /nowhere true
	ended 125
	has /nowhere
}
