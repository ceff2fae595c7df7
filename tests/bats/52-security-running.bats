#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files, pipes and words are the same everywhere.
# What a container, or what names it, would do to the host's files, memory and tables: SECURITY-CASES F2 to
# F4. F1 is in 93-copy.bats.

load lib
load image

canary() {
	mkdir -p canary
	echo "nobody writes here" >canary/file
	chmod -R a+rwX canary
}
canary_lives() { [ "$(cat canary/file) $(ls canary)" = "nobody writes here file" ]; }

@test "F2: links at the engine's files in an image lead nowhere on the host" {
	canary
	mkdir -p bad/etc bad/run
	for name in hosts resolv.conf hostname; do ln -s "$PWD/canary/file" "bad/etc/$name"; done
	ln -s "$PWD/canary" bad/run/secrets
	ln -s "../../../../../../../../..$PWD/canary/file" bad/etc/far
	image_of links:1 "$BATS_FILE_TMPDIR/rootfs" bad
	ctr load -q -i layout
	run ctr run --network none --hostname evil --add-host evil:10.1.1.1 --name "$ID" links:1 \
		sh -c 'cat /etc/far; echo x >>/etc/hosts; echo x >>/etc/far; true'
	[[ $output != *"nobody writes"* ]]
	canary_lives
	if ctr state "$ID" >/dev/null 2>&1; then
		ctr export "$ID" | tar tv | grep -q "etc/far -> "
		mkdir out
		ctr cp "$ID:/etc/far" out/far
		[ -L out/far ]
		run ctr cp -L "$ID:/etc/far" out/followed
		[ "$status" != 0 ] || ! grep -q nobody out/followed
		ctr rm "$ID"
	fi
	canary_lives
}

@test "F2: a log that is a link is neither read nor written" {
	canary
	loaded
	detached ctr run -d --network none --name "$ID" base:1 sh -c 'echo first; sleep 1000'
	ended 0
	until_true grep -q first <(ctr logs "$ID")
	log=$(find "$ROOT/.lib/logs" -type f)
	[ -n "$log" ]
	mv "$log" "$log.was"
	ln -s "$PWD/canary/file" "$log"
	run ctr logs "$ID"
	[[ $output != *"nobody writes"* ]]
	canary_lives
	rm "$log"
	mv "$log.was" "$log"
	ctr rm -f "$ID"
}

# most_memory PID: of its life, in KiB.
most_memory() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }

@test "F3: output without an end takes no memory of who passes it on" {
	loaded
	detached ctr run -d --network none --name "$ID" base:1 sh -c 'sleep 1; exec yes a long line of output'
	ended 0
	for verb in "exec $ID yes" "attach --no-stdin $ID" "logs -f $ID"; do
		mkfifo pipe
		# shellcheck disable=SC2086 # words
		"$CTR" --root "$ROOT" --store "$STORE" $verb >pipe 2>/dev/null </dev/null 3>&- 4>&- &
		pid=$!
		{
			head -c 100000000 >/dev/null
			sleep 1 # its reader is slow now
			kib=$(most_memory "$pid")
		} <pipe
		kill "$pid" 2>/dev/null || :
		rm pipe
		echo "$verb: $kib KiB"
		[ "$kib" -gt 0 ] && [ "$kib" -lt 16384 ]
	done
	[ "$(most_memory "$(cut -d ' ' -f 1 "$ROOT/$ID/monitor")")" -lt 1024 ]
	ctr rm -f "$ID"
}

@test "F4: no name brings a line of its own into hosts, hostname or resolv.conf" {
	needs_root
	loaded
	unshare -n sleep 1000 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	host=$!
	is_apart() { [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$host/ns/net")" ]; }
	until_true is_apart
	nsenter -n -t "$host" ip link set lo up
	apart() { nsenter -n -t "$host" "$CTR" --root "$ROOT" --store "$STORE" run --rm --network bridge "$@"; }
	files='cat /etc/hosts /etc/resolv.conf'
	# shellcheck disable=SC2086 # words
	n=$(apart --dns 10.9.9.9 --hostname fine --dns-search a.b --dns-option ndots:2 base:1 $files | wc -l)
	evil=$'x\n6.6.6.6 bank.example'
	for flag in --hostname= --add-host= --dns= --dns-search= --dns-option= --network-alias= --name=; do
		for value in "$evil" "$evil:10.1.1.1" $'x:10.1.1.1\n6.6.6.6 bank.example' 'a b' 'a b:10.1.1.1' $'a\tb:10.1.1.1'; do
			# shellcheck disable=SC2086 # words
			run apart "$flag$value" base:1 $files
			ended 125 || { printf 'taken: %q\n%s\n' "$flag$value" "$output"; return 1; }
		done
	done
	# One line for each host that is asked for, and no more.
	# shellcheck disable=SC2086 # words
	[ "$(apart --dns 10.9.9.9 --dns-search a.b --dns-option ndots:2 --add-host a:10.1.1.1 --add-host b:10.1.1.2 base:1 $files | wc -l)" = $((n + 2)) ]
	kill "$host"
}
