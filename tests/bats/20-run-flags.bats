#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `ctr run IMAGE`: docker's flags, the image `host`, --rootfs.

load lib

# in_rootfs FLAG... -- COMMAND...: a container that is gone afterwards, in the root with busybox.
in_rootfs() {
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" "$@"
	try ctr run --rm --name "$ID" "${line[@]}"
}

# on_host FLAG... -- COMMAND...: the same in the image `host`.
on_host() {
	filled host "$@"
	try ctr run --rm --name "$ID" "${line[@]}"
}

# ---- the image host -----------------------------------------------------------------------------

@test "host: runs the host's programs, sees nothing of its processes, writes to itself" {
	on_host -- sh -c 'echo $$; ls /proc | grep -c "^[0-9]"; echo x >/usr/new && cat /usr/new; hostname'
	ended 0
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" -le 5 ]
	[ "${lines[2]}" = x ]
	[ "${lines[3]}" = "$ID" ]
	[ ! -e /usr/new ]
}

@test "host: its secrets are not there" {
	needs_root
	local path
	on_host -- sh -c 'for p in /etc/shadow /etc/gshadow /etc/shadow- /etc/ssh /etc/ssl/private /etc/sudoers \
		/etc/machine-id /boot /srv /mnt /media /var/backups /var/lib/docker /var/lib/containers \
		/var/lib/ctr; do [ ! -e "$p" ] || echo "there: $p"; done; ls -A /root /home /run /tmp /var/log | grep -v :$'
	[[ $output != *there:* ]]
	for path in /root/* /home/*; do
		[[ $output != *"${path##*/}"* ]] || [ ! -e "$path" ]
	done
	# A deleted name is free for a new file, as passwd(1) and its like need it.
	on_host -- sh -c 'echo new >/etc/shadow && mkdir -p /srv/www && cat /etc/shadow'
	ended 0
	has new
}

@test "host: what a volume shows is there, in hidden places too" {
	mkdir data
	echo hello >data/file
	on_host -v "$PWD/data:/srv/data" -v "$PWD/data:/root/data:ro" -- \
		sh -c 'cat /srv/data/file /root/data/file; echo x >/srv/data/new; echo y >/root/data/new2'
	[ "$status" != 0 ]
	[ "${lines[0]}${lines[1]}" = hellohello ]
	[ -e data/new ]
	[ ! -e data/new2 ]
}

@test "host: the writable layer has an end" {
	on_host --disk 5m -- sh -c 'head -c 20000000 /dev/zero >/usr/big'
	[ "$status" != 0 ]
	on_host --disk none -- true
	ended 125
}

@test "other images are named as missing" {
	run ctr run --pull never debian true
	ended 125
	has 'there is no image "debian"'
	run ctr run
	ended 125
}

# ---- what stays ---------------------------------------------------------------------------------

@test "without --rm the stopped container stays, with it nothing does" {
	run ctr run --name "$ID" host true
	ended 0
	[ "$(state_of)" = stopped ]
	run ctr run --name "$ID" host true
	ended 125
	has "already exists"
	ctr delete "$ID"
	run ctr run --rm --name "$ID" host true
	ended 0
	run ctr state "$ID"
	ended 1
}

@test "-d prints the id and returns; exec and kill reach it" {
	run ctr run -d --name "$ID" host sleep 100
	ended 0
	[ "$output" = "$ID" ]
	[ "$(state_of)" = running ]
	run ctr exec "$ID" sh -c 'echo in; exit 4'
	ended 4
	has in
	try ctr exec "$ID" nosuch
	ended 127
	run ctr exec "$ID" /etc
	ended 126
	ctr kill "$ID" KILL
	wait_for stopped
}

@test "a name is made up: 12 digits" {
	run ctr run -d host sleep 100
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	ctr delete --force "$output"
}

@test "exit codes are docker's" {
	in_rootfs -- sh -c 'exit 42'
	ended 42
	"$CTR" --root "$ROOT" run --rm --name "$ID" host sleep 100 &
	local pid=$!
	wait_for running
	ctr kill "$ID" KILL
	wait "$pid" || [ $? = 137 ]
	in_rootfs -- nosuch
	ended 127
	in_rootfs -- /etc
	ended 126
	in_rootfs --nosuch -- true
	ended 125
	in_rootfs -v relative -- true
	ended 125
}

@test "what is not there is refused by name" {
	local flag
	for flag in --userns=host --gpus=all --link=web --runtime=runc --kernel-memory=1m; do
		in_rootfs "$flag" -- true
		ended 125
		has "${flag%%=*} is not supported"
	done
	in_rootfs --restart always -- true
	ended 125
	in_rootfs --publish 80:80 -- true
	ended 125
	has "--publish is not possible with the network none"
}

# ---- process ------------------------------------------------------------------------------------

@test "-e, --env-file, -w, --hostname, --entrypoint" {
	printf '# comment\nA=file\nB=file\n\nPASSED\n' >variables
	PASSED=on in_rootfs --env-file variables -e A=flag -e NOT_THERE -- env
	has A=flag
	has B=file
	has PASSED=on
	has "HOSTNAME=$ID"
	has HOME=/root
	[[ $output != *NOT_THERE* ]]
	in_rootfs -w /tmp --hostname other -- sh -c 'pwd; hostname'
	[ "$output" = "/tmp"$'\n'"other" ]
	in_rootfs --entrypoint echo -- a b
	[ "$output" = "a b" ]
	in_rootfs -w relative -- true
	ended 125
}

@test "-u: names and numbers of the image, never root by mistake" {
	in_rootfs -u guest -- id
	has "uid=1000(guest) gid=1000(guest)"
	in_rootfs -u guest --group-add 5 -- id -G
	has 5
	in_rootfs -u 7:8 -- id
	has "uid=7 gid=8"
	local user
	for user in nosuch 1000: :5 "1 0" 0x0 +1 4294967295 -1 1000:nosuch; do
		in_rootfs -u "$user" -- id
		ended 125
	done
	in_rootfs -u 2147483648 -- id -u
	[ "$output" = 2147483648 ]
}

@test "-u: files of the image that are no files" {
	mkdir -p root/etc
	cp -al "$BATS_FILE_TMPDIR/rootfs/bin" root/bin
	mkfifo root/etc/passwd
	run timeout 5 "$CTR" --root "$ROOT" run --rm -u guest --rootfs root id
	ended 125
	has "not a regular file"
	rm root/etc/passwd
	ln -s /../../../../../etc/passwd root/etc/passwd
	run ctr run --rm -u daemon --rootfs root id
	ended 125
}

@test "standard input: with -i the caller's, else empty" {
	run sh -c 'echo hello | "$0" --root "$1" run --rm -i host cat' "$CTR" "$ROOT"
	[ "$output" = hello ]
	run sh -c 'echo hello | "$0" --root "$1" run --rm host cat' "$CTR" "$ROOT"
	[ "$output" = "" ]
}

@test "-it: a terminal of its own" {
	run python3 - "$CTR" "$ROOT" <<-'END'
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], ["ctr", "--root", sys.argv[2], "run", "--rm", "-it", "host", "sh", "-c",
		        "tty; stty size; read x; echo got $x; exit 3"])
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
		out = b""
		try:
		    while chunk := os.read(fd, 1000):
		        out += chunk
		        if b"33 99" in out and b"got" not in out:
		            os.write(fd, b"hello\r")
		        elif b"\n" in out.split(b"/dev/pts/", 1)[-1] and b"got" not in out:
		            os.write(fd, b"hello\r")
		except OSError:
		    pass
		print(out.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	ended 3
	has /dev/pts/0
	has "got hello"
}

# ---- limits -------------------------------------------------------------------------------------

@test "--pids-limit, 512 unless said otherwise" {
	needs_root
	ctr run -d --name "$ID" host sleep 100
	ctr events --stats "$ID" | jq -e '.data.pids.limit == 512'
	ctr delete --force "$ID"
	ctr run -d --name "$ID" --pids-limit 33 host sleep 100
	ctr events --stats "$ID" | jq -e '.data.pids.limit == 33'
	ctr delete --force "$ID"
	in_rootfs --pids-limit 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	has "can't fork"
}

@test "-m, --memory-swap: what takes more is killed" {
	needs_root
	in_rootfs -m 20m -- sh -c 'head -c 60000000 /dev/zero | tail -c 60000000 >/dev/null; echo $?'
	[ "$status" = 137 ] || has 137 # whom the kernel takes is its choice
	ctr run -d --name "$ID" -m 64m host sleep 100
	ctr events --stats "$ID" | jq -e '.data.memory.usage.limit == 67108864'
}

@test "--cpus, --cpuset-cpus" {
	needs_root
	in_rootfs --cpuset-cpus 0 -- grep Cpus_allowed_list /proc/self/status
	[[ $output =~ :[[:space:]]*0$ ]]
	local begin end
	begin=$(date +%s%N)
	in_rootfs --cpus 0.2 -- sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'
	ended 0
	end=$(date +%s%N)
	echo "took $(((end - begin) / 1000000)) ms"
	ctr run -d --name "$ID" --cpus 0.2 host sh -c 'while :; do :; done'
	sleep 1
	ctr events --stats "$ID" | jq -e '.data.cpu.throttling.throttledPeriods > 2'
}

@test "--ulimit, --shm-size, --sysctl" {
	in_rootfs --ulimit nofile=100:200 --ulimit core=0 -- sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	[ "$output" = $'100\n200\n0' ]
	in_rootfs --shm-size 1m -- df -k /dev/shm
	has 1024
	in_rootfs --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=5000 -- \
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
	[ "$output" = $'1\n5000' ]
	in_rootfs --sysctl vm.swappiness=1 -- true
	ended 125
	in_rootfs --ulimit nosuch=1 -- true
	ended 125
}

# ---- files --------------------------------------------------------------------------------------

@test "-v, --mount, --tmpfs, --read-only" {
	mkdir data
	echo hello >data/file
	in_rootfs -v "$PWD/data:/data:ro" --mount "type=bind,src=$PWD/data,dst=/rw" --tmpfs /t:size=1m -- \
		sh -c 'cat /data/file; echo x >/rw/new; echo x >/t/x; ! echo x >/data/y; df -k /t | tail -1'
	ended 0
	has hello
	has 1024
	[ "$(cat data/new)" = x ]
	in_rootfs --read-only --tmpfs /tmp -- sh -c 'echo x >/tmp/x && ! echo x >/x'
	ended 0
	in_rootfs -v "$PWD/nosuch:/data" -- true
	ended 125
	has "no such file or directory"
}

@test "--device: only what is named" {
	needs_root
	in_rootfs -- sh -c 'ls /dev/kmsg 2>/dev/null; mknod /tmp/k c 1 11 && cat /tmp/k'
	[[ $output == *"peration not permitted"* ]]
	[ -c /dev/loop-control ] || skip "no /dev/loop-control here"
	in_rootfs --device /dev/loop-control:/dev/x:r -- stat -c %t:%T /dev/x
	[ "$output" = a:ed ]
	in_rootfs --device /etc/passwd -- true
	ended 125
	has "not a device"
}

# ---- privileges ---------------------------------------------------------------------------------

caps() { sed -n "s/^$1:[[:space:]]*//p" <<<"$output"; }

@test "capabilities: docker's, and what is added or dropped; nothing inheritable" {
	in_rootfs -- cat /proc/self/status
	[ "$(caps CapEff)" = 00000000a80425fb ] || [ "$(id -u)" != 0 ]
	[ "$(caps CapInh)" = 0000000000000000 ]
	[ "$(caps CapAmb)" = 0000000000000000 ]
	has "NoNewPrivs:	1"
	has "Seccomp:	2"
	in_rootfs --cap-drop ALL --cap-add KILL -- cat /proc/self/status
	[ "$(caps CapEff)" = 0000000000000020 ]
	[ "$(caps CapBnd)" = 0000000000000020 ]
	in_rootfs -u 1000 --cap-add SYS_ADMIN -- cat /proc/self/status
	[ "$(caps CapEff)" = 0000000000000000 ]
	[ "$(caps CapPrm)" = 0000000000000000 ]
	[ "$(caps CapInh)" = 0000000000000000 ]
	in_rootfs --cap-add NOSUCH -- true
	ended 125
}

@test "--security-opt and --privileged" {
	in_rootfs --security-opt no-new-privileges=false --security-opt seccomp=unconfined -- cat /proc/self/status
	has "NoNewPrivs:	0"
	has "Seccomp:	0"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 77}]}' >profile
	in_rootfs --security-opt seccomp=profile -- mkdir /tmp/x
	[ "$status" != 0 ]
	has "File descriptor in bad state"
	in_rootfs --security-opt seccomp=nosuch -- true
	ended 125
	in_rootfs --security-opt nosuch=1 -- true
	ended 125
	in_rootfs --security-opt label=type:x -- true
	ended 125
	needs_root
	in_rootfs --privileged -- sh -c 'grep Seccomp: /proc/self/status; echo 1 >/proc/sys/kernel/msgmax && mount -t tmpfs x /tmp && echo mounted'
	has mounted
}

@test "what a container must not do" {
	in_rootfs -- sh -c 'mount -t tmpfs x /tmp; echo x >/proc/sys/kernel/core_pattern; cat /proc/kcore | wc -c; unshare -U true; echo c >/proc/sysrq-trigger; mkdir /sys/fs/cgroup/x; true'
	ended 0
	[[ $output != *mounted* ]]
	has "0"
	in_rootfs -- sh -c 'mount -t cgroup x /tmp || mount -t cgroup2 x /tmp'
	[ "$status" != 0 ]
	in_rootfs -- sh -c 'find /sys/fs/cgroup -type f 2>/dev/null | while read -r f; do : 2>/dev/null >>"$f" && echo "writable: $f"; done; true'
	[[ $output != *writable:* ]]
}

@test "the network: a loopback only, or the host's" {
	in_rootfs -- sh -c 'ls /sys/class/net; ping -c 1 127.0.0.1 >/dev/null && echo up'
	[ "${lines[*]}" = "lo up" ]
	in_rootfs --network host -- readlink /proc/self/ns/net
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "flags that are nonsense leave nothing" {
	local flag
	for flag in --cpus=x --cpus=-1 -m=x --memory-swap=5 --pids-limit=x --shm-size=0 --tmpfs=x --mount=x \
		--device=x --ulimit=x --sysctl=x -e=x= --volume=:: --cap-drop=x --cpuset-cpus=999999 --name=../x; do
		in_rootfs "$flag" -- true
		[ "$status" = 125 ] || [ "$flag" = -e=x= ] || { echo "$flag: $status"; return 1; }
	done
}
