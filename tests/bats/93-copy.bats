#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files are the same everywhere, and an emulated machine has nothing to add.
# cp: into and out of containers that run and that do not; what a hostile container can make of it.

load lib
load engine
load image

# kept [ROOTFS]: a container of the image, that has run and ended; live: one that runs.
kept() {
	loaded
	ctr run --network none --name "$ID" base:1 sh -c 'mkdir -p /data/sub; echo inside >/data/file; ln -s file /data/link
		echo deep >/data/sub/deep; ln /data/file /data/again; chown 1000:1000 /data/file; chmod 4755 /data/file'
}
live() {
	loaded
	detached ctr run -d --network none --name "$ID" base:1 sh -c "${1:-:}; touch /ready; sleep 100"
	ended 0
	until_true ctr exec "$ID" test -e /ready
}

tree_of() { (cd "$1" && find . -printf '%P:%y:%l\n' | sort); }

@test "cp: a file and a directory out of a container that has ended, and into it" {
	kept
	ctr cp "$ID:/data/file" here
	[ "$(cat here)" = inside ]
	[ "$(stat -c '%u %a' here)" = "$(id -u) 755" ]
	ctr cp "$ID:/data" out
	diff <(tree_of out) - <<-END
		:d:
		again:f:
		file:f:
		link:l:file
		sub/deep:f:
		sub:d:
	END
	[ "$(stat -c %i out/file)" = "$(stat -c %i out/again)" ]
	ctr cp "$ID:/data" out
	[ -f out/data/sub/deep ]
	ctr cp "$ID:/data/." more
	[ -f more/sub/deep ]
	echo new >new
	chmod 640 new
	ctr cp new "$ID:/data/file"
	ctr cp new "$ID:/data/sub"
	ctr cp out "$ID:/data/./tree"
	[ "$(ctr cp "$ID:/data/file" - | tar xO)" = new ]
	[ "$(ctr cp "$ID:/data/sub/new" - | tar tv | cut -d ' ' -f 1,2)" = "-rw-r----- 0/0" ]
	ctr cp "$ID:/data/tree/sub/deep" - | tar t | grep -qx deep
	# The next start sees it.
	ctr start -a "$ID"
}

@test "cp: into and out of a container that runs, volumes included" {
	mkdir vol
	loaded
	detached ctr run -d --network none --name "$ID" -v "$PWD/vol:/vol" base:1 sleep 100
	ended 0
	echo hello >f
	ctr cp f "$ID:/vol/"
	[ "$(cat vol/f)" = hello ]
	ctr cp f "$ID:tmp/g"
	[ "$(ctr exec "$ID" cat /tmp/g)" = hello ]
	ctr cp "$ID:/tmp/g" "$ID:/tmp/h"
	[ "$(ctr exec "$ID" cat /tmp/h)" = hello ]
	ctr exec "$ID" sh -c 'mkdir /tmp/d; ln -s /tmp/d /tmp/l'
	ctr cp f "$ID:/tmp/l"
	[ "$(ctr exec "$ID" cat /tmp/d/f)" = hello ]
	ctr stop -t 0 "$ID"
	run ctr cp f "$ID:/vol/"
	[ "$status" != 0 ]
	has "/vol is a mount of its own"
	[ "$(ctr cp "$ID:/tmp/d/f" - | tar xO)" = hello ]
}

@test "cp: a root directory, a tar both ways, owners with -a" {
	mkdir -p site/a
	echo x >site/a/x
	chown -R 1234:1234 site
	cp -a "$BATS_FILE_TMPDIR/rootfs" root
	ctr create --network none --name "$ID" --rootfs "$PWD/root" true
	tar c site | ctr cp - "$ID:/home"
	[ "$(stat -c %u root/home/site/a/x)" = 1234 ]
	ctr cp site "$ID:/srv"
	[ "$(stat -c %u root/srv/a/x)" = 0 ]
	ctr cp -a site/. "$ID:/srv"
	[ "$(stat -c %u root/srv/a/x)" = 1234 ]
	ctr cp "$ID:/home/site" - | tar t >list
	diff list - <<-END
		site/
		site/a/
		site/a/x
	END
	# A whiteout is a file like others here.
	touch site/.wh.x
	tar c site | ctr cp - "$ID:/home"
	[ -e root/home/site/.wh.x ] && [ -e root/home/site/a/x ]
	ctr cp -L "$ID:/bin/sh" shell
	cmp shell root/bin/busybox
	ctr cp "$ID:/bin/sh" shell
	[ "$(readlink shell)" = busybox ]
}

@test "cp: what cannot be is said" {
	cp -a "$BATS_FILE_TMPDIR/rootfs" root
	ctr create --network none --name "$ID" --rootfs "$PWD/root" true
	echo x >f
	mkdir d
	refused() { # TEXT ARG...
		local text=$1
		shift
		run ctr cp "$@" </dev/null
		[ "$status" != 0 ]
		has "$text"
	}
	refused "ID:PATH" f d
	refused "no such file" "$ID:/nothing" .
	refused "no such file" f "$ID:/nowhere/f"
	refused "no such file" f "$ID:/nowhere/"
	refused "a directory can't replace" d "$ID:/etc/passwd"
	echo x >etc
	refused "a directory is there" etc "$ID:/../.."
	refused "into a directory of a container" - "$ID:/etc/passwd"
	refused "into itself" "$ID:/etc" "$ID:/etc/x"
	refused "does not exist" "nobody-$$:/etc" .
	refused "not a directory" f "$ID:/etc/passwd/"
	printf 'no tar at all, but long enough to be seen as what it is not: %0600d' 0 >junk
	run ctr cp - "$ID:/etc" <junk
	[ "$status" != 0 ]
	has "no valid tar"
}

# ---- hostile containers -------------------------------------------------------------------------

canary() {
	mkdir -p canary/sub
	echo untouched >canary/file
	before=$(find canary -printf '%p %y %s %C@\n' | sort; cat canary/file)
}
canary_ok() {
	[ "$before" = "$(find canary -printf '%p %y %s %C@\n' | sort; cat canary/file)" ]
}

@test "cp: links of a container lead nowhere but into the container" {
	canary
	live "ln -s $PWD/canary /abs; ln -s ../../../../../../../../..$PWD/canary /rel
		ln -s $PWD/canary/file /tofile; ln -s /proc/1/root /magic; mkdir -p /dir; ln -s $PWD/canary /dir/sub"
	echo evil >f
	mkdir -p tree/sub
	echo evil >tree/sub/x
	for to in /abs /abs/file /rel /rel/file /dir/sub/x; do
		run ctr cp f "$ID:$to"
		[ "$status" != 0 ] || [ "$to" = /abs ] || [ "$to" = /rel ]
		canary_ok
	done
	# The directory `sub` of the tree meets a link: it is not followed.
	run ctr cp tree/. "$ID:/dir"
	[ "$status" != 0 ]
	has "no directory"
	run ctr cp f "$ID:/tofile"
	run ctr cp -L "$ID:/tofile" got
	[ ! -e got ] || ! grep -q untouched got
	run ctr cp "$ID:/abs/file" got
	[ "$status" != 0 ]
	run ctr cp "$ID:/magic/etc/passwd" got
	[ "$status" != 0 ]
	canary_ok
}

@test "cp: kernel files and devices of a container are not written to, nor opened" {
	live "ln -s /proc/sys/kernel/core_pattern /evil; ln -s /proc/sysrq-trigger /evil2; ln -s /dev/null /evil3; mkfifo /dev/pipe /tmp/pipe"
	pattern=$(cat /proc/sys/kernel/core_pattern)
	echo c >f
	for to in /evil /evil2 /dev/pipe; do
		run timeout 5 "$CTR" --root "$ROOT" --store "$STORE" cp f "$ID:$to"
		[ "$status" != 124 ]
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$pattern" ]
	timeout 5 "$CTR" --root "$ROOT" --store "$STORE" cp "$ID:/tmp/pipe" pipe
	[ -p pipe ]
	run ctr cp "$ID:/dev/zero" zero
	has "a device is not copied"
	[ ! -e zero ]
	timeout 5 "$CTR" --root "$ROOT" --store "$STORE" cp "$ID:/dev/zero" - | tar tv | grep -q ^c
}

@test "cp, commit: a container with ids of its own" {
	needs_root
	[ "$(stat -f -c %T /)" != overlayfs ] || missing "the ids of an overlay cannot be mapped"
	loaded
	ctr tenant create "t-$ID"
	detached ctr run -d --tenant "t-$ID" --network none --name "$ID" base:1 sh -c 'echo x >/tmp/out; chown 7:8 /tmp/out; touch /ready; sleep 100'
	ended 0
	until_true ctr exec "$ID" test -e /ready
	ctr exec "$ID" cat /proc/self/uid_map >map
	read -r _ first _ <map
	[ "$first" != 0 ]
	mkdir -p tree/sub
	echo hello >tree/sub/f
	chown 5:6 tree/sub/f
	ctr cp tree "$ID:/tmp"
	ctr cp -a tree "$ID:/tmp/with-owners"
	tar c tree | ctr cp - "$ID:/home"
	owners='stat -c "%u %g" /tmp/tree/sub /tmp/tree/sub/f /tmp/with-owners/sub/f /home/tree/sub/f'
	[ "$(ctr exec "$ID" sh -c "$owners" | tr '\n' ,)" = "0 0,0 0,5 6,5 6," ]
	ctr cp -a "$ID:/tmp/out" out
	[ "$(stat -c '%u %g' out)" = "7 8" ]
	ctr commit "$ID" new:1
	ctr stop -t 0 "$ID"
	ctr cp tree "$ID:/tmp/later"
	ctr cp -a "$ID:/tmp/out" out
	[ "$(stat -c '%u %g' out)" = "7 8" ]
	[ "$(ctr export "$ID" | tar tvn tmp/out | cut -d ' ' -f 2)" = 7/8 ]
	ctr rm "$ID"
	ctr run --rm --network none new:1 sh -c "$owners; stat -c '%u %g' /tmp/out" >got
	[ "$(tr '\n' , <got)" = "0 0,0 0,5 6,5 6,7 8," ]
	ctr tenant rm "t-$ID"
}

@test "cp: set-id bits stay behind, unless -a" {
	kept
	ctr cp "$ID:/data/sub" x
	run ctr run --rm --network none base:1 true
	ctr cp "$ID:/data/file" plain
	ctr cp -a "$ID:/data/file" kept
	[ "$(stat -c '%a %u' plain)" = "755 $(id -u)" ]
	[ "$(stat -c '%a %u' kept)" = "4755 1000" ]
}

@test "F1: cp: a container that exchanges directories and links all the time leads it nowhere" {
	canary
	cp -a "$BATS_FILE_TMPDIR/rootfs" root
	mkdir -p root/race/d root/race/l tree/d/e
	ln -s "$PWD/canary" root/race/link
	echo evil >tree/d/file
	echo evil >tree/d/e/file
	detached ctr run -d --network none --name "$ID" --rootfs "$PWD/root" sh -c '
		cd /race; while :; do mv d e; mv link d; mv d link; mv e d; done'
	ended 0
	local i
	for ((i = 0; i < 15; i++)); do
		ctr cp tree/. "$ID:/race" >/dev/null 2>&1 || :
		rm -rf out
		ctr cp "$ID:/race" out >/dev/null 2>&1 || :
		! grep -rq untouched out 2>/dev/null
	done
	canary_ok
	# At each call that has to do with paths: what is a directory becomes a link to the host.
	ctr rm -f "$ID"
	ctr create --network none --name "$ID" --rootfs "$PWD/root" true
	rm -rf root/race
	local swapper=${BATS_TEST_DIRNAME%/tests/*}/build/tests/swapper n
	[ -x "$swapper" ] || skip "needs build/tests/swapper"
	for ((n = 20; n < 400; n += 2)); do
		rm -rf root/race root/bait
		mkdir -p root/race/d root/race/d/e
		ln -s "$PWD/canary" root/bait
		i=0
		"$swapper" "$n" "$PWD/root/race/d" "$PWD/root/bait" "$CTR" --root "$ROOT" --store "$STORE" \
			cp tree/. "$ID:/race" >/dev/null 2>&1 || i=$?
		canary_ok
		[ "$i" != 1 ] || break
	done
	[ "$n" -gt 25 ]
}
