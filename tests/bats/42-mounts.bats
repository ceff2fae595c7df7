#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts[], the root file system, masked and read-only paths, propagation.

load lib
load oci

# mounts_of JQ-FILTER: reads what such a container has mounted.
mounts_of() {
	inside "$1" 'cat /proc/self/mountinfo'
	ended 0
	read_mounts
}
read_mounts() {
	local path options rest
	declare -gA OPTIONS=() PROPAGATION=()
	while read -r _ _ _ _ path options rest; do
		PROPAGATION[$path]=${rest%%- *}
		rest=${rest#*- }
		OPTIONS[$path]="$options - ${rest%% *} ${rest##* }"
	done <<<"$output"
}

# is PATH PATTERN: of the options, and behind a dash the file system's type and options.
is() {
	# shellcheck disable=SC2053 # a pattern
	[[ ${OPTIONS[$1]:-none} == $2 ]] || {
		echo "$1 is ${OPTIONS[$1]:-none}, not $2"
		return 1
	}
}

# propagates PATH PATTERN
propagates() {
	# shellcheck disable=SC2053
	[[ ${PROPAGATION[$1]-none} == $2 ]] || {
		echo "$1 is ${PROPAGATION[$1]-none}, not $2"
		return 1
	}
}

# mount DEST TYPE SOURCE [OPTION...]: as JSON.
mount_json() {
	local head options
	printf -v head '"destination":"%s","type":"%s","source":"%s"' "$1" "$2" "$3"
	shift 3
	printf -v options '"%s",' "$@"
	[ $# = 0 ] && options=
	echo "{$head,\"options\":[${options%,}]}"
}

# add MOUNT...: a filter that adds them.
add() {
	local IFS=,
	echo ".mounts += [$*]"
}

# ---- new file systems ---------------------------------------------------------------------------

@test "what every container has" {
	mounts_of .
	is /proc "rw,relatime - proc *"
	is /dev "rw,nosuid - tmpfs *size=65536k,mode=755*"
	is /dev/pts "rw,nosuid,noexec,relatime - devpts *gid=5,mode=620,ptmxmode=666*"
	is /dev/shm "rw,nosuid,nodev,noexec,relatime - tmpfs *size=65536k*"
	is /dev/mqueue "rw,nosuid,nodev,noexec,relatime - mqueue *"
	is /sys "ro,nosuid,nodev,noexec,relatime - sysfs *"
}

@test "flags of a new mount" {
	local flag
	mounts_of '.mounts += ("ro rw nosuid suid nodev dev noexec exec noatime atime nodiratime diratime relatime norelatime
		strictatime nostrictatime nosymfollow symfollow sync async dirsync lazytime nolazytime defaults
		silent loud mand nomand iversion noiversion" | [splits("[ \n\t]+")] |
		map({destination: "/m/\(.)", type: "tmpfs", source: "tmpfs", options: [.]}))'
	is /m/ro "ro,relatime - *"
	is /m/nosuid "rw,nosuid,relatime - *"
	is /m/nodev "rw,nodev,relatime - *"
	is /m/noexec "rw,noexec,relatime - *"
	is /m/noatime "rw,noatime - *"
	is /m/nodiratime "rw,nodiratime,relatime - *"
	is /m/strictatime "rw - *"
	is /m/nosymfollow "rw,relatime,nosymfollow - *"
	is /m/sync "rw,relatime - tmpfs rw,sync*"
	is /m/dirsync "*- tmpfs rw,dirsync*"
	is /m/lazytime "*- tmpfs rw,lazytime*"
	for flag in rw suid dev exec atime diratime relatime norelatime nostrictatime symfollow async nolazytime \
		defaults silent loud mand nomand iversion noiversion; do
		is "/m/$flag" "rw,relatime - tmpfs rw*"
	done
}

@test "nosymfollow: links are there, and lead nowhere" {
	holds "$(add "$(mount_json /m tmpfs tmpfs nosymfollow)")" 'ln -s / /m/link; no ls /m/link/'
}

@test "the last of two contrary options wins; others are the file system's" {
	mounts_of "$(add "$(mount_json /m tmpfs tmpfs ro noexec rw exec nosuid size=12k mode=1750 nr_inodes=20)")"
	is /m "rw,nosuid,relatime - tmpfs rw,size=12k,nr_inodes=20,mode=1750*"
	refuses "$(add "$(mount_json /m tmpfs tmpfs nosuch=1)")" "mounts[7] /m"
	refuses "$(add "$(mount_json /m nosuch none)")" "no such device"
}

@test "destinations: made when missing, cleaned, never outside the root" {
	ln -s /../../../../tmp "$ROOTFS/link"
	mounts_of "$(add "$(mount_json /a/b/../c//d tmpfs none)" "$(mount_json ../../../e tmpfs none)" "$(mount_json /link/x tmpfs none)")"
	is /a/c/d "rw,* - tmpfs *"
	is /e "rw,* - tmpfs *"
	[ ! -e "$ROOTFS/a/b" ]
	is /tmp/x "rw,* - tmpfs *"
	[ ! -e /tmp/x ]
}

@test "tmpcopyup: content, owners, modes and links" {
	light b "$(add "$(mount_json /data tmpfs none tmpcopyup mode=711)")"
	mkdir -p "$ROOTFS"/data/sub
	echo hello >"$ROOTFS"/data/sub/file
	chown 1000:7 "$ROOTFS"/data/sub/file
	chmod 4755 "$ROOTFS"/data/sub/file
	ln -s sub/file "$ROOTFS"/data/link
	config b '.process.args = ["sh", "-c", "stat -c \"%a %u %g\" /data/sub/file; cat /data/link; rm -r /data/sub; stat -fc %T /data"]'
	run ctr run -b b "$ID"
	ended 0
	has "4755 1000 7"
	has hello
	has tmpfs
	[ -e "$ROOTFS"/data/sub/file ]
}

@test "an overlay with directories of the operator's" {
	mkdir lower upper work
	echo below >lower/file
	local here=$BATS_TEST_TMPDIR
	stat -fc %T . | grep -qv overlay || skip "an overlay cannot be the upper layer of another one"
	holds "$(add "$(mount_json /o overlay overlay "lowerdir=$here/lower" "upperdir=$here/upper" "workdir=$here/work")")" '
		[ "$(cat /o/file)" = below ]; echo above >/o/file'
	[ "$(cat upper/file)" = above ]
}

# ---- binds --------------------------------------------------------------------------------------

@test "binds: directories, files, relative sources, symbolic links" {
	mkdir -p src/sub
	echo inside >src/file
	ln -s src link
	local here=$BATS_TEST_TMPDIR
	light b "$(add "$(mount_json /dir bind "$here/src" bind)" "$(mount_json /etc/new bind "$here/src/file" bind ro)" \
		"$(mount_json /rel none ../src rbind)" "$(mount_json /linked bind "$here/link" bind)")"
	config b --arg s "$NO"'set -e
		cat /dir/file /etc/new /rel/file /linked/file; echo changed >/dir/file; no sh -c "echo x >/etc/new"
		[ -f /etc/new ]; [ -d /rel/sub ]' '.process.args = ["sh", "-c", $s]'
	run ctr run -b b "$ID"
	ended 0
	[ "$(grep -c inside <<<"$output")" = 4 ]
	[ "$(cat src/file)" = changed ]
}

@test "binds: flags change the new mount only" {
	mkdir src
	local here=$BATS_TEST_TMPDIR
	mounts_of "$(add "$(mount_json /m bind "$here/src" ro nosuid nodev noexec noatime nosymfollow)")"
	is /m "ro,nosuid,nodev,noexec,noatime,nosymfollow - *"
	touch src/file
}

@test "binds: what is below comes with rbind, and gets the recursive flags" {
	needs_root
	mkdir -p tree/sub
	local here=$BATS_TEST_TMPDIR
	light b "$(add "$(mount_json /one bind "$here/tree" bind)" "$(mount_json /all bind "$here/tree" rbind ro)" \
		"$(mount_json /rro bind "$here/tree" rbind rro rnosuid rnodev rnoexec rnoatime rnosymfollow)" \
		"$(mount_json /back bind "$here/tree" rbind rro ro rrw)")"
	config b '.process.args = ["cat", "/proc/self/mountinfo"]'
	run unshare -m bash -c 'mount -t tmpfs below tree/sub && exec "$0" --root "$1" run -b b "$2"' "$CTR" "$ROOT" "$ID"
	ended 0
	read_mounts
	is /one "*"
	is /one/sub none
	is /all "ro,*"
	is /all/sub "rw,* - tmpfs *"
	is /rro "ro,nosuid,nodev,noexec,noatime,nosymfollow - *"
	is /rro/sub "ro,nosuid,nodev,noexec,noatime,nosymfollow - tmpfs *"
	is /back/sub "rw,* - tmpfs *"
}

@test "binds: what is refused" {
	refuses "$(add "$(mount_json /m bind /nosuch bind)")" "no such file or directory"
	refuses "$(add "$(mount_json /m bind /etc bind size=1)")" \
		"bind mounts cannot have any filesystem-specific options applied"
	refuses "$(add '{"destination":"/m","type":"bind"}')" source
	refuses "$(add "$(mount_json /m bind /etc idmap)")" "idmap needs mappings or a user namespace"
	# moby gives the hint about files and directories at these words.
	refuses "$(add "$(mount_json /etc/passwd bind /etc bind)")" "not a directory"
	refuses "$(add "$(mount_json /etc bind /etc/passwd bind)")" "not a directory"
}

@test "in the listed order: a later mount covers an earlier one" {
	mkdir src
	touch src/from-bind
	holds "$(add "$(mount_json /m tmpfs none)" "$(mount_json /m/x bind "$BATS_TEST_TMPDIR/src")" "$(mount_json /m tmpfs none)")" \
		'[ ! -e /m/x ]'
	holds "$(add "$(mount_json /m tmpfs none)" "$(mount_json /m/x bind "$BATS_TEST_TMPDIR/src")")" '[ -e /m/x/from-bind ]'
}

@test "remount: flags of what is there" {
	mounts_of "$(add "$(mount_json /m tmpfs none)" "$(mount_json /m none none remount ro nosuid)")"
	is /m "ro,nosuid,relatime - tmpfs *"
}

@test "two hundred mounts" {
	holds '.mounts += [range(200) | {destination: "/m/\(.)", type: "tmpfs"}]' '
		[ "$(grep -c " /m/" /proc/self/mountinfo)" = 200 ]'
}

# ---- /proc, /sys, cgroups -----------------------------------------------------------------------

@test "/proc: its files may be covered one by one, nothing else" {
	echo 12.34 56.78 >uptime
	holds "$(add "$(mount_json /proc/uptime bind "$BATS_TEST_TMPDIR/uptime" ro)")" '[ "$(cat /proc/uptime)" = "12.34 56.78" ]'
	refuses "$(add "$(mount_json /proc/self tmpfs none)")" "is inside /proc"
	refuses "$(add "$(mount_json /proc tmpfs none)")" "only a procfs may be mounted there"
}

@test "cgroups: seen read-only, as a container's own" {
	needs_controller pids
	holds . 'touch /tmp/x
		[ -e /sys/fs/cgroup/cgroup.procs ] || [ -e /sys/fs/cgroup/pids/cgroup.procs ]
		procs=$(ls /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null || :)
		grep -qx 1 $procs
		no mkdir /sys/fs/cgroup/new
		no mkdir /sys/fs/cgroup/pids/new'
	is_v2 || holds '.linux.namespaces += [{type: "cgroup"}]' 'grep -qx 1 /sys/fs/cgroup/pids/cgroup.procs
		grep -q ":pids:/$" /proc/self/cgroup'
}

@test "cgroups: without a cgroup mount there is none" {
	holds '.mounts |= map(select(.type != "cgroup"))' '[ -z "$(ls /sys/fs/cgroup)" ]'
}

# ---- masked and read-only -----------------------------------------------------------------------

@test "masked paths: files are empty, directories empty and closed; what is not there is no error" {
	light b '.linux.maskedPaths = ["/etc/secret", "/secret.d", "/nosuch", "/etc/secret", "/proc/version"]'
	echo secret >"$ROOTFS"/etc/secret
	mkdir "$ROOTFS"/secret.d
	touch "$ROOTFS"/secret.d/file
	config b '.process.args = ["sh", "-c", "set -e; [ -z \"$(cat /etc/secret)\" ]; [ -z \"$(ls /secret.d)\" ];
		! touch /secret.d/x 2>/dev/null; [ ! -e /nosuch ]; stat -c %t:%T /etc/secret /proc/version"]'
	run ctr run -b b "$ID"
	ended 0
	[ "$output" = $'1:3\n1:3' ]
	[ "$(cat "$ROOTFS/etc/secret")" = secret ]
}

@test "read-only paths" {
	holds '.linux.readonlyPaths = ["/etc", "/proc/sys", "/nosuch"]' '
		no touch /etc/x; touch /tmp/x; no sh -c "echo x >/proc/sys/kernel/hostname"'
}

@test "a read-only root, with writable mounts in it" {
	holds '.root.readonly = true' '
		no touch /x; touch /dev/shm/x'
	holds "$(add "$(mount_json /new/dir tmpfs none)") | .root.readonly = true" 'touch /new/dir/x'
}

# ---- propagation --------------------------------------------------------------------------------

@test "propagation of a mount" {
	mkdir src
	local here=$BATS_TEST_TMPDIR word rows=()
	for word in private rprivate shared rshared slave rslave unbindable runbindable; do
		rows+=("$(mount_json "/m/$word" bind "$here/src" rbind "$word")")
	done
	rows+=("$(mount_json /m/both tmpfs none private shared)")
	mounts_of "$(add "${rows[@]}")"
	for word in private rprivate; do propagates "/m/$word" ""; done
	for word in shared rshared both; do propagates "/m/$word" "*shared:*"; done
	for word in slave rslave; do no propagates "/m/$word" "*shared:*"; done
	for word in unbindable runbindable; do propagates "/m/$word" "*unbindable*"; done
}

@test "propagation of the root" {
	local word
	for word in private rslave; do
		mounts_of ".linux.rootfsPropagation = \"$word\""
		no propagates / "*shared:*"
	done
	mounts_of '.linux.rootfsPropagation = "rshared"'
	propagates / "*shared:*"
	mounts_of '.linux.rootfsPropagation = "unbindable"'
	propagates / "*unbindable*"
	refuses '.linux.rootfsPropagation = "sideways"' rootfsPropagation
}

# A host of its own, whose mounts are shared as systemd makes them.
propagation_script='
	mount --make-rshared /
	mkdir vol
	mount --bind vol vol
	"$0" --root "$1" run -d -b b "$2" >/dev/null 2>&1 </dev/null || exit 1
	mkdir vol/in vol/out
	mount -t tmpfs from-host vol/in
	"$0" --root "$1" exec "$2" grep -c from-host /proc/self/mountinfo
	"$0" --root "$1" exec "$2" mount -t tmpfs from-container /vol/out || exit 2
	grep -q from-container /proc/self/mountinfo && echo reached || echo kept'

@test "a mount of the host's reaches a slave, one of the container's does not reach the host" {
	needs_root
	light b "$(add "$(mount_json /vol bind "$BATS_TEST_TMPDIR/vol" rbind rslave)") | .process.capabilities |=
		map_values(. + [\"CAP_SYS_ADMIN\"])"
	run unshare -m bash -c "$propagation_script" "$CTR" "$ROOT" "$ID"
	ended 0
	[ "$output" = $'1\nkept' ]
}

# both_reach [BEFORE]: with what has to be done first.
both_reach() {
	needs_root
	light b "$(add "$(mount_json /vol bind "$BATS_TEST_TMPDIR/vol" rbind rshared)") | .linux.rootfsPropagation = \"shared\" |
		.process.capabilities |= map_values(. + [\"CAP_SYS_ADMIN\"])"
	run unshare -m bash -c "${1:-}$propagation_script" "$CTR" "$ROOT" "$ID"
	ended 0
	[ "$output" = $'1\nreached' ]
}

@test "with a shared mount both reach each other" { both_reach; }
@test "the same, where the root lies on a shared mount itself" {
	export ROOTFS
	both_reach 'mount --make-rshared /; mount --bind "$ROOTFS" "$ROOTFS"; '
}

# ---- the root ------------------------------------------------------------------------------------

@test "root.path: relative, absolute, above the bundle; what is no directory is refused" {
	bundle b
	mv b/rootfs other
	config b '.process.args = ["true"]'
	config b '.root.path = "../other"'
	run ctr run -b b "$ID"
	ended 0
	config b --arg p "$BATS_TEST_TMPDIR/other" '.root.path = $p'
	run ctr run -b b "$ID"
	ended 0
	config b '.root.path = "nosuch"'
	run ctr run -b b "$ID"
	ended 1
	has "no such file or directory"
	touch b/file
	config b '.root.path = "file"'
	run ctr run -b b "$ID"
	ended 1
	has "not a directory"
}

@test "the host's mounts are gone, and its root with them" {
	holds . '[ "$(cut -d" " -f5 /proc/self/mountinfo | grep -vE "^/(|proc.*|dev.*|sys.*)$" | wc -l)" = 0 ]
		[ "$(cd /../../..; pwd)" = / ]; [ ! -e /etc/os-release ]'
}
