# SPDX-License-Identifier: Apache-2.0
# Native only: ctr is stopped at call after call, which takes an hour in an emulated machine.
# What a program in a container may do: capabilities, groups, labels, system calls, control groups,
# devices.
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

# The test programs in the image `host`.
probe_in_image() { # FLAG... -- ARG...
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	run --separate-stderr ctr run --rm -v "$TOOLS:/t:ro" "${flags[@]}" host /t/probe "$@"
}

running() { # JQ
	bundle running ".process.args = [\"/bin/probe\", \"sleep\"] | ${1:-.}"
	create "$ID"
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
	ctr start "$ID"
}

# ---- C1, C2: capabilities and groups ------------------------------------------------------------------

@test "C1: inheritable and ambient sets are empty (CVE-2022-24769)" {
	for flags in '' '--user 1000' '--cap-add NET_ADMIN' '--user 1000 --cap-add NET_ADMIN' '--cap-add ALL' '--privileged' '--cap-drop ALL'; do
		# shellcheck disable=SC2086
		probe_in_image $flags --
		echo "$flags: $(jq -c .caps <<<"$output") $stderr"
		[ "$(jq -r '.caps | .inheritable + .ambient' <<<"$output")" = 00 ]
		[[ $flags != *--user* ]] || [ "$(jq -r '.caps | .effective + .permitted' <<<"$output")" = 00 ]
	done
	[ "$(jq -r '.caps.bounding' <<<"$output")" = 0 ]
}

@test "C1: in a container, and by exec, as root and as another" {
	running
	for user in 0 1000; do
		configure '.process.args = ["/bin/probe"] | .process.user = {"uid": '$user', "gid": 1}'
		run_bundle "$(unique run)"
		[ "$(jq -r '.caps | .inheritable + .ambient' <<<"$output")" = 00 ]
		[ "$(jq -r .caps.bounding <<<"$output")" = 20000420 ]
		for flags in '' '--cap CAP_NET_ADMIN --cap CAP_SYS_CHROOT'; do
			# shellcheck disable=SC2086
			run --separate-stderr ctr exec --user "$user" $flags "$ID" /bin/probe
			echo "$user $flags: $(jq -c .caps <<<"$output") $stderr"
			[ "$(jq -r .caps.inheritable <<<"$output")" = 0 ]
			[ -n "$flags" ] || [ "$(jq -r .caps.ambient <<<"$output")" = 0 ]
			[ -n "$flags" ] || [ "$(jq -r .caps.bounding <<<"$output")" = 20000420 ]
		done
	done
	# They are there when they are asked for: the probe can tell.
	configure '.process.capabilities.inheritable = ["CAP_KILL"] | .process.capabilities.ambient = ["CAP_KILL"]'
	run_bundle "$(unique run)"
	[ "$(jq -r '.caps | .inheritable + " " + .ambient' <<<"$output")" = "20 20" ]
}

@test "C1: no_new_privs is on, a setuid program gains nothing" {
	probe_in_image --
	[ "$(jq .noNewPrivs <<<"$output")" = 1 ]
	bundle setuid '.process.user = {"uid": 1000, "gid": 1000} | .process.args = ["/bin/setuid"]'
	cp "$TOOLS/probe" "$B/rootfs/bin/setuid"
	chmod 4755 "$B/rootfs/bin/setuid"
	run_bundle
	[ "$(jq -c .uids <<<"$output")" = '[1000,1000,1000]' ]
	configure '.process.noNewPrivileges = false'
	run_bundle
	[ "$(jq -c .uids <<<"$output")" = '[1000,0,0]' ]
}

@test "C2: supplementary groups are those of the config, not the caller's (CVE-2022-2989)" {
	ctr_with_groups() {
		run --separate-stderr host setpriv --groups 4,20,27 "$CTR" --root "$HOST/state" "$@"
	}
	bundle groups '.process.user = {"uid": 1000, "gid": 5}'
	ctr_with_groups run --bundle "$B" "$ID"
	[ "$(jq -c '[.gids, .groups]' <<<"$output")" = '[[5,5,5],[]]' ]
	configure '.process.user.additionalGids = [7, 4294967294, 9]'
	ctr_with_groups run --bundle "$B" "$ID"
	[ "$(jq -c '[.gids, .groups]' <<<"$output")" = '[[5,5,5],[7,9,4294967294]]' ]
	configure "$in_userns | .process.user.additionalGids = [7]"
	ctr_with_groups run --bundle "$B" "$ID"
	[ "$(jq -c '[.gids, .groups]' <<<"$output")" = '[[5,5,5],[7]]' ]
	ctr_with_groups run --rm -v "$TOOLS:/t:ro" host /t/probe
	echo "$output"
	[[ $(jq -c .groups <<<"$output") != *20* ]]
	running
	ctr_with_groups exec "$ID" /bin/probe
	[[ $(jq -c .groups <<<"$output") != *20* ]]
	# The first group is among them: a setgid program cannot shake it off (CVE-2022-36109).
	ctr_with_groups exec --user 1000:5 --additional-gids 7 "$ID" /bin/probe
	[ "$(jq -c '[.gids, .groups]' <<<"$output")" = '[[5,5,5],[5,7]]' ]
}

@test "C2: a file that a group is kept from stays closed (CVE-2022-36109)" {
	bundle negative '.process.user = {"uid": 1000, "gid": 5, "additionalGids": [50]}
		| .process.args = ["/bin/busybox", "cat", "/tmp/not-for-50"]'
	echo open >"$B/rootfs/tmp/not-for-50"
	chown 0:50 "$B/rootfs/tmp/not-for-50"
	chmod 604 "$B/rootfs/tmp/not-for-50"
	run_bundle
	[ "$status" != 0 ]
	configure 'del(.process.user.additionalGids)'
	run_bundle
	[ "$output" = open ]
}

# ---- C3: labels ------------------------------------------------------------------------------------------

@test "C3: a label that cannot be applied keeps the container from starting" {
	bundle label
	configure '.process.apparmorProfile = "ctr-no-such-profile"'
	run_bundle
	refused pparmor
	run --separate-stderr ctr run --rm --security-opt apparmor=ctr-no-such-profile host true
	[ "$status" != 0 ]
	configure '.process.apparmorProfile = "" | .process.selinuxLabel = "system_u:system_r:no_t:s0"'
	run_bundle
	refused elinux
	configure '.process.selinuxLabel = "" | .linux.mountLabel = "system_u:object_r:no_t:s0"'
	run_bundle
	refused mountLabel
	configure '.process.apparmorProfile = "unconfined" | .linux.mountLabel = ""'
	run_bundle
	[ "$status" = 0 ]
}

@test "C3: an AppArmor profile is the one of the program" {
	[ -d /sys/kernel/security/apparmor ] || skip "no AppArmor in this kernel"
	command -v apparmor_parser >/dev/null || skip "no apparmor_parser"
	echo 'profile ctr-test-profile flags=(attach_disconnected) { file, capability, }' | apparmor_parser -r
	bundle label '.process.apparmorProfile = "ctr-test-profile"'
	run_bundle
	[[ $(jq -r .label <<<"$output") == "ctr-test-profile (enforce)" ]]
}

# ---- C4, C5: system calls -----------------------------------------------------------------------------------

# Refused by the filter; io_uring and what is newer than the profile is as on an older kernel.
refusals='["EPERM", "ENOSYS", "EAFNOSUPPORT"]'
# What a program may call, as root of a container at least.
may='["getpid", "getuid", "chroot", "ustat", "name_to_handle_at"]'

@test "C4: calls that a container has no business with are refused, by any door" {
	probe_in_image -- calls
	[ "$status" = 0 ]
	bad=$(jq -c "to_entries[] | select(.key as \$k | $may | index(\$k) | not)
		| select((.value.native // \"EPERM\" | IN(${refusals}[]) | not)
			or ([.value.i386, .value.x32] | map(. // \"SYS\") | any(IN(\"SYS\", \"ENOSYS\", \"EPERM\") | not)))" <<<"$output")
	[ -z "$bad" ] || { echo "$bad"; false; }
	[ "$(jq -r '.getpid.native' <<<"$output")" = ok ]
	for call in clone3 io_uring_setup 'never heard of'; do
		[ "$(jq -r ".\"$call\".native" <<<"$output")" = ENOSYS ]
	done
	probe_in_image --
	[ "$(jq .seccomp <<<"$output")" = 2 ]
}

@test "C4: without the filter they answer: the table can tell" {
	probe_in_image --security-opt seccomp=unconfined --cap-add ALL -- calls
	answered=$(jq "[to_entries[] | select(.value.native // \"EPERM\" | IN(${refusals}[]) | not)] | length" <<<"$output")
	[ "$answered" -gt 35 ]
	[ "$(jq -r '."socket(AF_VSOCK)".native, .unshare.native, .keyctl.native, .bpf.native' <<<"$output" | grep -c 'EPERM\|ENOSYS')" = 0 ]
	probe_in_image --security-opt seccomp=unconfined --
	[ "$(jq .seccomp <<<"$output")" = 0 ]
}

@test "C4: a capability opens its own calls and no others" {
	probe_in_image -- calls
	base=$output
	for row in 'SYS_MODULE finit_module' 'SYS_TIME settimeofday' 'SYS_BOOT reboot' 'SYS_PACCT acct' \
		'SYSLOG syslog' 'DAC_READ_SEARCH open_by_handle_at' 'SYS_ADMIN unshare'; do
		probe_in_image --cap-add "${row% *}" -- calls
		opened=$(jq -n --argjson a "$base" --argjson b "$output" '[$a | keys[] | select($a[.] != $b[.])]')
		echo "${row% *}: $(jq -c . <<<"$opened")"
		case ${row% *} in
		SYS_MODULE) [[ $(jq -r .finit_module.native <<<"$output") != EPERM ]] ;; # what kernels without modules say
		*) [ "$(jq "index(\"${row#* }\")" <<<"$opened")" != null ] ;;
		esac
		closed=(userfaultfd 'socket(AF_VSOCK)' perf_event_open kexec_load)
		case ${row% *} in
		SYS_BOOT) unset 'closed[3]' ;;
		SYS_ADMIN) closed=(userfaultfd 'socket(AF_VSOCK)' kexec_load) ;; # the kernel's own second root
		*) closed+=(keyctl bpf io_uring_setup 'ioctl(TIOCSTI)' unshare) ;;
		esac
		for call in "${closed[@]}"; do
			[ "$(jq "index(\"$call\")" <<<"$opened")" = null ]
		done
	done
}

@test "C4: exec'd programs are under the container's filter" {
	ctr run -d --name "$ID" -v "$TOOLS:/t:ro" host /t/probe sleep >/dev/null 2>&1 3>&-
	run --separate-stderr ctr exec "$ID" /t/probe
	[ "$(jq '[.seccomp, .noNewPrivs]' -c <<<"$output")" = '[2,1]' ]
	run --separate-stderr ctr exec "$ID" /t/probe calls
	[ "$(jq -r .unshare.native <<<"$output")" = EPERM ]
}

@test "C4: a rule that an earlier one cancels, or that cannot be kept, is refused" {
	bundle rules '.process.args = ["/bin/probe", "calls"]'
	configure '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
		"syscalls": [{"names": ["unshare", "keyctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}]}'
	run_bundle
	[ "$(jq -r .unshare.native <<<"$output")" = ENOMSG ]
	# An architecture that is not named is closed.
	[[ $(jq -r .getpid.i386 <<<"$output") =~ SYS|ENOSYS ]]
	configure '.linux.seccomp.defaultAction = "SCMP_ACT_NONSENSE"'
	run_bundle
	refused seccomp
	configure '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"'
	run_bundle
	refused seccomp
	configure '.linux.seccomp.defaultAction = "SCMP_ACT_ALLOW" | .linux.seccomp.flags = ["NO_SUCH_FLAG"]'
	run_bundle
	refused seccomp
}

@test "C5: no user namespace inside, unless the caller wants it" {
	probe_in_image -- calls
	for call in unshare 'clone(NEWUSER)' 'clone(NEWNS)' setns; do
		[ "$(jq -r ".\"$call\".native" <<<"$output")" = EPERM ]
	done
	[ "$(jq -r .clone3.native <<<"$output")" = ENOSYS ]
	# As an ordinary user, too.
	probe_in_image --user 1000 -- calls
	[ "$(jq -r '."clone(NEWUSER)".native' <<<"$output")" = EPERM ]
	probe_in_image --cap-add SYS_ADMIN -- calls
	[ "$(jq -r '."clone(NEWUSER)".native' <<<"$output")" = ok ]
}

# ---- D-1, D-2: control groups -----------------------------------------------------------------------------------

@test "D-1: no hierarchy can be mounted, no file of one written (CVE-2022-0492)" {
	for flags in '' '--security-opt seccomp=unconfined' '--user 1000' '--security-opt seccomp=unconfined --user 1000'; do
		# shellcheck disable=SC2086
		probe_in_image $flags -- cgroup
		echo "$flags: $output"
		[ "$(jq -r '[.cgroup2, .memory, .rdma, .named, .unshare] | unique | join(",")' <<<"$output")" = EPERM ]
		[ "$(jq .writable <<<"$output")" = 0 ]
		[[ $(jq -r .remount <<<"$output") == EPERM ]]
		[[ $(jq -r .mkdir <<<"$output") =~ EROFS|EPERM|EACCES ]]
	done
	bundle cgroup '.process.args = ["/bin/probe", "cgroup"]'
	run_bundle
	[ "$(jq .writable <<<"$output")" = 0 ]
	[ "$(jq -r '[.cgroup2, .memory, .rdma] | unique | join(",")' <<<"$output")" = EPERM ]
}

@test "D-1: even a caller who asks for it gets no writable v1 hierarchy" {
	bundle cgroup '.process.args = ["/bin/probe", "cgroup"]
		| .mounts |= map(if .type == "cgroup" then .options |= map(select(. != "ro")) else . end)'
	run_bundle
	echo "$output $stderr"
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		# v2: it is the container's own group, and has no release_agent.
		[ "$status" = 0 ]
		[ "$(jq .writable <<<"$output")" -gt 0 ]
	else
		[ "$status" != 0 ] || [ "$(jq .writable <<<"$output")" = 0 ]
	fi
	[ -z "$(find /sys/fs/cgroup -name release_agent -exec cat {} + | grep -v '^$')" ]
}

@test "D-1: with every capability but the kernel's own refusals the probe does find a door" {
	probe_in_image --security-opt seccomp=unconfined --cap-add ALL --security-opt systempaths=unconfined -- cgroup
	echo "$output"
	[ "$(jq -r .cgroup2 <<<"$output")" != EPERM ] || [ "$(jq -r .remount <<<"$output")" != EPERM ]
}

@test "D-2: the host's cgroup tree is read-only below a bound /sys (CVE-2023-25809)" {
	# In a user namespace without a network of its own, /sys can only be bound.
	bundle sys "$in_userns"' | .linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))
		| .process.args = ["/bin/probe", "cgroup"]
		| .mounts |= map(select(.destination != "/sys/fs/cgroup"))'
	run_bundle
	echo "$output $stderr"
	[ "$status" = 0 ]
	[ "$(jq .writable <<<"$output")" = 0 ]
	configure '.process.args = ["/bin/probe"]'
	run_bundle
	mounts=$(jq -r '.mountinfo[]' <<<"$output" | awk '$5 ~ /^\/sys/ {print $5, $6}')
	[ -n "$mounts" ]
	no grep -v ' ro,' <<<"$mounts"
	# Bound by the config, recursively read-only.
	configure '.process.args = ["/bin/probe", "cgroup"] | .mounts |= map(select(.type != "sysfs"))
		| .mounts += [{"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "rro"]}]'
	run_bundle
	[ "$(jq .writable <<<"$output")" = 0 ]
}

@test "D-2: an ordinary user's container cannot write to a group of the host's" {
	bundle rootless 'del(.linux.resources) | .process.args = ["/bin/probe", "cgroup"]
		| .linux.namespaces = [{"type": "user"}, {"type": "mount"}, {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}]
		| .linux.uidMappings = [{"containerID": 0, "hostID": 65534, "size": 1}]
		| .linux.gidMappings = [{"containerID": 0, "hostID": 65534, "size": 1}]
		| .mounts |= map(select(.type != "mqueue")) | del(.hostname)
		| .mounts |= map(if .options then .options |= map(select(startswith("gid=") | not)) else . end)'
	# Where others may go.
	local dir
	dir=$(mktemp -d /tmp/ctr-sec.XXXXXX)
	chmod 755 "$dir"
	mkdir -m 777 "$dir/state"
	cp -L "$CTR" "$dir/ctr"
	mv "$B" "$dir/bundle"
	chmod -R a+rX "$dir/bundle"
	run --separate-stderr host setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$dir/ctr" --root "$dir/state" run --bundle "$dir/bundle" "$ID"
	rm -rf "$dir"
	echo "$output $stderr"
	[[ $stderr != *"user namespaces"* && $stderr != *max_user_namespaces* ]] || skip "no user namespaces for ordinary users"
	[ "$status" = 0 ]
	[ "$(jq .writable <<<"$output")" = 0 ]
}

# ---- D-3: devices ------------------------------------------------------------------------------------------------

@test "D-3: only listed devices can be opened, before and after an update (GHSA-g54h-m393-cpwq)" {
	# Capabilities to make any node; the device controller alone is in the way.
	running '.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYS_RAWIO", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"])
		| .linux.resources.devices = [{"allow": false, "access": "rwm"}]'
	closed() {
		for device in 'b 8 0' 'b 253 0' 'b 259 0' 'c 1 1' 'c 1 2' 'c 1 4' 'c 4 64' 'c 1 11'; do
			# shellcheck disable=SC2086
			run --separate-stderr ctr exec "$ID" /bin/probe device $device
			echo "$device: $output"
			[[ $(jq -r .open <<<"$output") =~ EPERM|ENOENT ]]
		done
		run --separate-stderr ctr exec "$ID" /bin/probe device c 1 5
		[ "$(jq -r .open <<<"$output")" = ok ]
	}
	closed
	ctr update --pids-limit 100 "$ID"
	closed
	ctr pause "$ID"
	ctr resume "$ID"
	ctr update --memory 100m "$ID"
	closed
}

@test "D-3: rules count in their order, and the filter is the only one" {
	rules() { # JSON DEVICE
		bundle "rules-$RANDOM" ".process.args = [\"/bin/probe\", \"device\", $2]
			| .process.capabilities |= map_values(. + [\"CAP_MKNOD\", \"CAP_SYS_RAWIO\"])
			| .linux.resources.devices = $1"
		run_bundle
		jq -r .open <<<"$output"
	}
	# 1:11 (kmsg) opens, or says that it may not be read; the rules say EPERM.
	deny='{"allow": false, "access": "rwm"}'
	[ "$(rules "[$deny]" '"c","1","7"')" = ok ]
	[ "$(rules "[$deny]" '"c","1","4"')" = EPERM ]
	[ "$(rules "[$deny, {\"allow\": true, \"type\": \"c\", \"major\": 1, \"minor\": 4, \"access\": \"w\"}]" '"c","1","4"')" = EPERM ]
	[ "$(rules "[{\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 200, \"access\": \"rwm\"}, $deny]" '"c","10","229"')" = EPERM ]
	[ "$(rules "[$deny, {\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 183, \"access\": \"rwm\"}]" '"c","10","183"')" != EPERM ]
	[ "$(rules "[$deny]" '"c","10","183"')" = EPERM ]
	canary_ok
}

@test "D-3: without a list of devices the image host has a closed one all the same" {
	for device in 'b 8 0' 'c 1 1' 'c 10 183'; do
		# shellcheck disable=SC2086
		probe_in_image -- device $device
		echo "$device: $output"
		[ "$(jq -r .open <<<"$output")" != ok ]
		# shellcheck disable=SC2086
		probe_in_image --cap-add ALL --security-opt seccomp=unconfined -- device $device
		[[ $(jq -r .open <<<"$output") =~ EPERM|ENOENT ]]
	done
}
