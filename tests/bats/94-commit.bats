#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: files are the same everywhere, and an emulated machine has nothing to add.
# diff, commit, export, import: what a container has changed, and images of it.

load lib
load image

bats_require_minimum_version 1.5.0

# An image with things to change, of two layers.
changeable() {
	mkdir -p one/etc one/opt/old/sub one/usr/share one/gone two/opt/new
	echo 1 >one/etc/keep
	echo 1 >one/etc/change
	echo 1 >one/etc/drop
	echo 1 >one/opt/old/a
	echo 1 >one/opt/old/sub/b
	echo 1 >one/gone/x
	echo 2 >two/opt/new/c
	"$MKIMAGE" -c '{"Cmd": ["cat", "/etc/change"], "Env": ["A=1"], "Labels": {"l": "1"}, "Volumes": {"/v": {}},
		"ExposedPorts": {"80/tcp": {}}, "Healthcheck": {"Test": ["CMD", "true"], "Retries": 2}}' \
		layout base:1 "$BATS_FILE_TMPDIR/rootfs" one two >/dev/null
	ctr load -q -i layout >/dev/null
}
changed() {
	changeable
	ctr run --network none --name "$ID" base:1 sh -ec '
		echo 2 >/etc/change; rm /etc/drop; echo new >/etc/new; rm -r /gone
		rm -r /opt/old; mkdir /opt/old; echo again >/opt/old/a; ln /etc/new /etc/new2; ln -s new /etc/sym
		mkfifo /etc/pipe; touch /etc/.hidden; chown 1000:2000 /etc/new; chmod 4750 /etc/new
		touch -d "2001-02-03 04:05:06" /etc/new
		name=$(printf "%0200d" 0); mkdir /opt/$name; echo long >/opt/$name/$name'
}

@test "diff: what was added, changed and deleted, opaque directories included" {
	changed
	ctr diff "$ID" | sed -E 's/0{200}/LONG/g' >got
	diff got - <<-END
		C /etc
		A /etc/.hidden
		C /etc/change
		D /etc/drop
		A /etc/new
		A /etc/new2
		A /etc/pipe
		A /etc/sym
		D /gone
		C /opt
		A /opt/LONG
		A /opt/LONG/LONG
		C /opt/old
		C /opt/old/a
		D /opt/old/sub
	END
	ctr diff --format json "$ID" | jq -e '.[] | select(.Path == "/etc/drop") | .Kind == 2'
	# Of one that runs, too; and of one that nobody has changed.
	ctr rm "$ID"
	try "$CTR" --root "$ROOT" --store "$STORE" run -d --network none --name "$ID" base:1 sh -c 'echo x >/x; sleep 100' \
		</dev/null >/dev/null 3>&- 4>&-
	written() { [ "$(ctr diff "$ID")" = "A /x" ]; }
	until_true written
	ctr create --network none --name "$ID-2" base:1 true
	[ -z "$(ctr diff "$ID-2")" ]
}

@test "commit: the image is what the container was, digest for digest" {
	changed
	export SOURCE_DATE_EPOCH=1700000000
	id=$(ctr commit -m why -a me -c 'CMD ["cat", "/etc/new"]' -c 'ENV B="2 3"' -c 'LABEL l=2 m=3' "$ID" new:1)
	ctr images --no-trunc -q | grep -qx "$id"
	# Made again it is the same, to the byte.
	[ "$(ctr commit -m why -a me -c 'CMD ["cat", "/etc/new"]' -c 'ENV B="2 3"' -c 'LABEL l=2 m=3' "$ID")" = "$id" ]
	run ctr run --rm --network none new:1
	ended 0
	[ "$output" = new ]
	tree='cd / && find etc opt gone usr 2>/dev/null | grep -v -e etc/hosts -e etc/resolv -e etc/hostname | sort |
		while read -r f; do stat -c "%n %f %u %g %s" "$f"; done'
	ctr run --rm --network none new:1 sh -c "$tree" >of-image
	ctr start -a "$ID" >/dev/null || :
	ctr export "$ID" >files.tar
	mkdir files
	tar xpf files.tar -C files
	(cd files && sh -c "${tree#cd / && }") >of-container
	grep -q 'opt/old/a' of-image
	run ! grep -q -e gone -e opt/old/sub -e etc/drop of-image
	# A directory has another size in each file system.
	diff <(grep -v ' 41ed ' of-image) <(grep -v ' 41ed ' of-container)
	[ "$(ctr run --rm --network none new:1 stat -c '%h %a %Y' /etc/new)" = "2 4750 $(stat -c %Y files/etc/new)" ]
	# The config: what was, and what was asked for.
	ctr image inspect new:1 | jq -e '.[0].Config | .Cmd == ["cat", "/etc/new"] and .Env == ["A=1", "B=2 3"] and
		.Labels == {l: "2", m: "3"} and .Volumes == {"/v": {}} and .ExposedPorts == {"80/tcp": {}} and
		.Healthcheck == {Test: ["CMD", "true"], Retries: 2}'
	ctr history --format json new:1 | jq -e 'length == 4 and .[0].comment == "why" and .[0].author == "me" and
		.[0].created == "2023-11-14T22:13:20Z"'
	ctr rm "$ID"
	ctr prune
	ctr run --rm --network none new:1 true
	store_is_clean
}

@test "commit: others read it: tar, skopeo, and the diff ids are right" {
	needs skopeo
	changed
	ctr commit "$ID" new:1
	skopeo copy -q "oci:$STORE:localhost/new:1" dir:out
	layer=$(jq -r '.layers[-1].digest[7:]' out/manifest.json)
	config=$(jq -r '.config.digest[7:]' out/manifest.json)
	[ "$(gzip -dc "out/$layer" | sha256sum | cut -d ' ' -f 1)" = "$(jq -r '.rootfs.diff_ids[-1][7:]' "out/$config")" ]
	gzip -dc "out/$layer" | tar t | sed -E 's/0{200}/LONG/g' | sort >names
	diff names - <<-END
		.wh.gone
		etc/
		etc/.hidden
		etc/.wh.drop
		etc/change
		etc/new
		etc/new2
		etc/pipe
		etc/sym
		opt/
		opt/LONG/
		opt/LONG/LONG
		opt/old/
		opt/old/.wh..wh..opq
		opt/old/a
	END
	python3 - "out/$layer" <<-END
		import sys, tarfile
		t = tarfile.open(sys.argv[1])
		m = {i.name: i for i in t.getmembers()}
		assert m["etc/new2"].islnk() and m["etc/new2"].linkname == "etc/new"
		assert m["etc/new"].mode == 0o4750 and (m["etc/new"].uid, m["etc/new"].gid) == (1000, 2000)
		assert m["etc/sym"].linkname == "new" and m["etc/new"].mtime == 981173106
		assert m["etc/pipe"].isfifo()
	END
}

@test "commit: a container that runs stands still meanwhile, and goes on" {
	changeable
	try "$CTR" --root "$ROOT" --store "$STORE" run -d --network none --name "$ID" base:1 \
		sh -c 'while :; do echo >>/a; echo >>/b; done' </dev/null >/dev/null 3>&- 4>&-
	until_true ctr exec "$ID" test -e /b
	for i in 1 2 3; do
		ctr commit "$ID" "run:$i"
		[ "$(state_of)" = running ]
		run ctr run --rm --network none "run:$i" sh -c 'echo $(($(cat /a | wc -l) - $(cat /b | wc -l)))'
		[ "$output" = 0 ] || [ "$output" = 1 ]
	done
	ctr commit --pause=false "$ID" run:4
	ctr pause "$ID"
	ctr commit "$ID" run:5
	[ "$(state_of)" = paused ]
	ctr resume "$ID"
}

@test "commit, export, diff: what cannot be is said" {
	changeable
	ctr create --network none --name "$ID" --rootfs "$BATS_FILE_TMPDIR/rootfs" true
	run ctr commit "$ID" x:1
	[ "$status" != 0 ]
	has "no writable layer"
	has "ctr export"
	ctr create --network none --name "$ID-2" base:1 true
	run ctr commit -c 'RUN x' "$ID-2" x:1
	[ "$status" != 0 ]
	has "no instruction"
	run ctr commit "$ID-2" 'Bad Name'
	[ "$status" != 0 ]
	run ctr import http://example.com/x
	has "does not fetch"
	printf junk >junk
	run ctr import junk
	[ "$status" != 0 ]
	run ctr import - </dev/null
	has "nothing to import"
	xz -c junk >junk.xz
	run ctr import junk.xz
	has "xz"
	store_tmp=$(find "$STORE/tmp" -mindepth 1)
	[ -z "$store_tmp" ]
}

@test "export and import: a container becomes an image of one layer" {
	changed
	ctr export -o all.tar "$ID"
	[ "$(stat -c %a all.tar)" = 600 ]
	ctr import -c 'CMD ["cat", "/etc/new"]' -m flat all.tar flat:1
	run ctr run --rm --network none flat:1
	[ "$output" = new ]
	[ "$(ctr image inspect flat:1 | jq '.[0].Layers | length')" = 1 ]
	gzip -c all.tar | ctr import - flat:2
	zstd -q -c all.tar | ctr import - flat:3
	[ "$(ctr image inspect flat:1 flat:2 flat:3 | jq -r '.[].Layers[0].DiffId' | uniq | wc -l)" = 1 ]
	ctr run --rm --network none flat:3 test ! -e /gone
	# Of one that runs: without what is mounted in it.
	try "$CTR" --root "$ROOT" --store "$STORE" run -d --network none --name "$ID-2" -v "$PWD/one:/v" base:1 sleep 100 \
		</dev/null >/dev/null 3>&- 4>&-
	ctr export "$ID-2" | tar t >names
	grep -qx etc/change names
	grep -qx proc/ names
	run ! grep -q -e '^proc/.' -e '^v/.' -e '^dev/.' names
}

# owners_of NAME: whose the files of the last layer of a user's image are.
owners_of() {
	as_user save -o user/saved.tar "$1"
	tar xOf user/saved.tar "$(tar xOf user/saved.tar manifest.json | jq -r '.[0].Layers[-1]')" | tar tv --numeric-owner -z |
		awk '{ print $2 }' | sort -u
}

@test "an ordinary user copies, compares, exports and commits a container, running or not" {
	needs_root
	needs setpriv
	changeable
	new_user
	as_user load -q -i user/layout
	try as_user run -d --network none --name "$ID" base:1 sh -c 'echo hi >/f; touch /ready; sleep 100' \
		</dev/null >/dev/null 3>&- 4>&-
	until_true as_user exec "$ID" test -e /ready
	echo new | tee user/new >/dev/null
	as_user cp user/new "$ID:/etc/new"
	as_user cp "$ID:/f" user/got
	[ "$(cat user/got) $(stat -c %u user/got)" = "hi 4711" ]
	as_user export "$ID" | tar t | grep -qx etc/new
	as_user commit --pause=false "$ID" new:1
	[ "$(as_user run --rm --network none new:1 cat /etc/new)" = new ]
	[ "$(owners_of new:1)" = 0/0 ]
	as_user exec "$ID" sh -c 'mkdir -m 700 /closed; echo in >/closed/x; chmod 0 /closed; rm /bin/yes'
	as_user stop -t 0 "$ID"
	as_user cp "$ID:/f" user/later
	[ "$(cat user/later) $(stat -c %u user/later)" = "hi 4711" ]
	as_user cp "$ID:/closed/x" - | tar xO | grep -qx in
	as_user cp -a "$ID:/etc" user/copied
	tar -C user -c new | as_user cp - "$ID:/etc/"
	echo newer >user/new
	as_user cp user/new "$ID:/closed/y"
	as_user diff "$ID" >changes
	grep -qx "D /bin/yes" changes
	grep -qx "A /closed/y" changes
	as_user export "$ID" | tar tv --numeric-owner >files
	grep -q ' 0/0 .* closed/y$' files
	run ! grep -qv ' 0/0 ' files
	as_user commit "$ID" newer:1
	[ "$(owners_of newer:1)" = 0/0 ]
	[ "$(as_user run --rm --network none newer:1 sh -c 'cat /closed/y; stat -c %a /closed; test -e /bin/yes || echo gone' | xargs)" = \
		"newer 0 gone" ]
	as_user start "$ID"
	[ "$(as_user exec "$ID" cat /closed/y)" = newer ]
	as_user stop -t 0 "$ID"
	# Of an image of several layers the image alone is an overlay, too.
	try as_user run -d --network none --name "$ID-2" newer:1 sleep 100 </dev/null >/dev/null 3>&- 4>&-
	as_user exec "$ID-2" touch /home/x
	as_user diff "$ID-2" | grep -qx "A /home/x"
	as_user rm -f "$ID-2"
	as_user rm "$ID"
	as_user system check
	as_user system prune -af
	[ -z "$(find user/store/containers user/store/layers -mindepth 1)" ]
}
