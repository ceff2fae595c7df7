#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files of a mount are the same everywhere.
# Secrets: in the container, and nowhere else.

load lib
load engine
load image

VALUE=corr3ct-h0rse-battery

setup() { new_test_store; }

# nowhere DIR...: no file below one of them has the value.
nowhere() {
	local found
	found=$(grep -rlaF -- "$VALUE" "$@" 2>/dev/null) || :
	[ -z "$found" ] || { echo "the secret is in: $found"; return 1; }
}

@test "secrets: a file becomes one below /run/secrets, which nobody changes" {
	printf %s "$VALUE" >key
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" --rm --network none --secret id=key,src=key,mode=0440,gid=7 \
		--secret id=other,source="$PWD/key" -- sh -c 'cat /run/secrets/key; echo; cd /run/secrets
			stat -c "%a %u %g %n" key other .; ! echo x 2>/dev/null >key; ! touch new 2>/dev/null
			grep " /run/secrets " /proc/mounts'
	try ctr run "${line[@]}"
	ended 0
	[ "${lines[0]}" = "$VALUE" ] && [ "${lines[1]}" = "440 0 7 key" ]
	[ "${lines[2]}" = "444 0 0 other" ] && [ "${lines[3]}" = "755 0 0 ." ]
	[[ ${lines[4]} == *" tmpfs ro,nosuid,nodev,noexec,"* ]]
}

@test "secrets: in no image, no record, no export" {
	loaded
	mkdir -m 700 keys
	printf %s "$VALUE" >keys/key
	ctr run --network none --name "$ID" --secret id=key,src=keys/key --secret id=var,src=keys/key,type=env \
		base:1 sh -c '[ ${#var} = 21 ] && [ "$var" = "$(cat /run/secrets/key)" ]'
	ctr commit "$ID" made:1 >/dev/null
	ctr save -o made.tar made:1
	ctr export -o root.tar "$ID"
	ctr inspect "$ID" >inspected
	ctr diff "$ID" >changes
	ctr generate systemd "$ID" >unit || :
	grep -q . inspected
	nowhere "$ROOT" "$STORE" made.tar root.tar inspected changes unit
	run ctr run --rm --network none made:1 ls -A /run/secrets
	[ -z "$output" ]
}

@test "secrets: read anew at each start" {
	echo one >key
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" --network none --name "$ID" --secret id=key,src=key -- \
		cat /run/secrets/key
	ctr create "${line[@]}"
	[ "$(ctr start -a "$ID")" = one ]
	echo two >key
	[ "$(ctr start -a "$ID")" = two ]
	rm key
	run ctr start -a "$ID"
	[ "$status" -ne 0 ]
	has "the secret key: read $PWD/key: no such file or directory"
}

@test "secrets: the store" {
	printf %s "$VALUE" | ctr secret create db -
	MY=$VALUE ctr secret create --env from-env MY
	run ctr secret create db "$BATS_FILE_TMPDIR/rootfs/etc/passwd"
	[ "$status" -ne 0 ]
	has "file exists"
	has "--replace"
	[ "$(ctr secret ls -q)" = "db
from-env" ]
	[ "$(ctr secret inspect --format '{{.Spec.Name}}' db)" = db ]
	[ "$(stat -c %a "$ROOT/.lib/secrets" "$ROOT/.lib/secrets/db")" = "700
600" ]
	box --secret db --secret from-env,type=env,target=PASSWORD -- sleep 100
	[ "$(ctr exec "$ID" cat /run/secrets/db)" = "$VALUE" ]
	[ "$(ctr exec "$ID" sh -c 'echo "$PASSWORD"')" = "$VALUE" ]
	run ctr secret inspect db
	[[ $output != *"$VALUE"* ]]
	run ctr secret rm db
	[ "$status" -ne 0 ]
	has "the secret db is used by the container $ID"
	ctr rm -f "$ID"
	ctr secret rm db from-env
	[ -z "$(ctr secret ls -q)" ]
	run ctr run --rm --network none --secret db --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	[ "$status" = 125 ]
	has "there is no secret \"db\""
}

@test "secrets: at another place, too" {
	echo "$VALUE" >key
	filled "--rootfs $BATS_FILE_TMPDIR/rootfs" --rm --network none \
		--secret id=key,src=key,target=/etc/app/key,mode=0400 --secret id=b,src=key,target=name \
		--secret id=c,src=key,target=/run/secrets/c2 -- \
		sh -c 'cat /etc/app/key; ls /run/secrets; ! echo x 2>/dev/null >/etc/app/key; stat -c %a /etc/app/key'
	try ctr run "${line[@]}"
	ended 0
	[ "$output" = "$VALUE
c2
key
name
400" ]
	# The place is empty without it.
	[ ! -s "$BATS_FILE_TMPDIR/rootfs/etc/app/key" ]
}

@test "secrets: what can't be is said" {
	echo x >key
	head -c 600000 /dev/zero >large
	while IFS='|' read -r text said; do
		run ctr run --rm --network none --secret "$text" --rootfs "$BATS_FILE_TMPDIR/rootfs" true
		[ "$status" = 125 ] && has "$said" || { echo "$text: $output"; false; }
	done <<-END
		id=key,env=HOME|unknown key "env"
		id=key,src=key,uid=x|--secret: uid: expected a number
		id=key,src=key,mode=888|expected an octal number
		id=key,src=large|the secret key is larger than 512000 bytes
		id=key,src=large,type=env|larger
		id=key,src=key,type=fifo|expected mount or env
		id=key,src=key,target=a/b|is no secret's name
		id=key,src=/dev/null/x|not a directory
		type=env|it names none
	END
	run ctr run --rm --secret id=a,src=key --secret id=b,src=key,target=a --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	has "two of them are the file /run/secrets/a"
}

@test "secrets: without root" {
	base_image
	new_user
	as_user load -q -i user/layout >/dev/null
	install -o 4711 -m 600 /dev/null user/key
	echo "$VALUE" >user/key
	run as_user run --rm --network none --secret "id=key,src=$PWD/user/key,mode=0400" base:1 \
		sh -c 'cat /run/secrets/key; stat -c "%a %u" /run/secrets/key'
	[ "$status" = 0 ]
	[ "$output" = "$VALUE
400 0" ]
	run as_user run --rm --network none --secret "id=key,src=$PWD/user/key,uid=5" base:1 true
	has "the secret key is to be of 5:0, which the container does not have"
}
