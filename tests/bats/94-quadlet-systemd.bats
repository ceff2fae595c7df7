#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: and in the machine with systemd, where the units run.
# Units of .container, .volume and .network files: what systemd thinks of them, and what they do.

load lib

quadlets() {
	mkdir -p files units
	cat >files/web.container <<-'UNIT'
		[Unit]
		Description=The web
		[Container]
		Image=host
		Network=none
		Exec=sh -c 'echo "$$GREETING from $$(hostname)"; exec sleep 1000'
		Environment="GREETING=good morning"
		HostName=web
		Volume=data.volume:/mnt
		RunInit=yes
		[Service]
		Restart=on-failure
		RestartSec=100ms
		[Install]
		WantedBy=multi-user.target
	UNIT
	printf '[Volume]\n' >files/data.volume
	printf '[Network]\nInternal=true\n' >files/lan.network
}

@test "systemd finds nothing wrong with the units" {
	needs systemd-analyze
	quadlets
	run "$CTR" quadlet --output units files
	ended 0
	[ "$(readlink units/multi-user.target.wants/web.service)" = ../web.service ]
	[ "$(ls units)" = "$(printf '%s\n' data-volume.service lan-network.service multi-user.target.wants web.service)" ]
	run systemd-analyze verify --man=no "$PWD"/units/web.service "$PWD"/units/lan-network.service
	ended 0
	[ -z "$output" ]
	# That it would see something: a word in the wrong place.
	sed -i 's/^Type=exec/Type=wrong/' units/web.service
	run systemd-analyze verify --man=no "$PWD/units/web.service"
	has "service type"
}

@test "as a generator it reads the directories; a bad file does not keep the others from it" {
	quadlets
	printf '[Container]\nImage=x\nAutoUpdate=registry\n' >files/bad.container
	touch files/group.pod
	ln -s "$(readlink -f "$CTR")" ctr-system-generator
	mkdir early late
	QUADLET_UNIT_DIRS=$PWD/nowhere:$PWD/files run ./ctr-system-generator units early late
	ended 1
	has "bad.container:3: ctr has nothing for the key AutoUpdate"
	has "group.pod: ctr makes units of"
	[ -e units/web.service ]
	[ ! -e units/bad.service ]
	grep -qx "ExecStartPre=-$(readlink -f "$CTR") rm --force systemd-web" units/web.service
	[ -z "$(find early late -mindepth 1)" ]
}

@test "a user has files of his own, and the first of a name counts" {
	mkdir -p config/ctr/systemd other units
	printf '[Container]\nImage=a\n' >config/ctr/systemd/one.container
	export XDG_CONFIG_HOME=$PWD/config
	run "$CTR" quadlet --user
	ended 0
	has "---one.service---"
	[[ $output != *network-online* ]]
	printf '[Container]\nImage=b\n' >other/one.container
	QUADLET_UNIT_DIRS=$PWD/other:$PWD/config/ctr/systemd run "$CTR" quadlet
	ended 0
	has "systemd-one b"
	[[ $output != *"systemd-one a"* ]]
	mkdir other/one.container.d
	run "$CTR" quadlet other
	ended 1
	has "one.container.d: pieces of such a file are not read"
}

@test "systemd starts what a file describes, starts it again, and stops it" {
	[ "${CTR_PLACE:-}" = systemd ] || skip "systemd is not process 1 here"
	quadlets
	mkdir -p /etc/ctr/systemd /run/systemd/system-generators
	# The machine of the test has no more than its bus: neither a network to wait for nor sysinit.target.
	for file in web.container data.volume; do
		{
			cat "files/$file"
			printf '[Unit]\nDefaultDependencies=no\n[Quadlet]\nDefaultDependencies=false\n'
		} >"/etc/ctr/systemd/$file"
	done
	ln -sf "$(readlink -f "$CTR")" /run/systemd/system-generators/ctr-system-generator
	systemctl daemon-reload
	[ "$(systemctl show web.service -p SourcePath --value)" = /etc/ctr/systemd/web.container ]
	[[ $(systemctl show multi-user.target -p Wants --value) == *web.service* ]]
	timeout 60 systemctl start web.service || { systemctl list-jobs; systemctl status web.service data-volume.service; false; }
	"$CTR" volume inspect systemd-data
	running() { [ "$("$CTR" ps -q | grep -c .)" = 1 ] && [ "$("$CTR" exec systemd-web hostname)" = web ]; }
	until_true running
	first=$("$CTR" state systemd-web | jq .pid)
	"$CTR" exec systemd-web touch /mnt/kept
	"$CTR" kill systemd-web KILL
	again() { running && [ "$("$CTR" state systemd-web | jq .pid)" != "$first" ]; }
	until_true again
	"$CTR" exec systemd-web test -e /mnt/kept
	systemctl stop web.service
	[ -z "$("$CTR" list -q)" ]
	[ "$(systemctl show web.service -p Result --value)" = success ]
	"$CTR" volume rm systemd-data
	rm -r /etc/ctr /run/systemd/system-generators/ctr-system-generator
}
