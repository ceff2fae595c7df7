#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Native only: packages can only be had natively, and what these programs need of a kernel is old.
# Images of Debian's packages, each in a form of its own, from a registry to work done: nginx, redis,
# postgres, python, busybox, debian.

load lib
load net
load image

LAYOUT=$BATS_TEST_DIRNAME/../../build/debian-images

# ship NAME FLAG...: from the layout to the registry.
ship() {
	local name=$1
	shift
	skopeo copy -q --dest-tls-verify=false "$@" "oci:$LAYOUT:$name" "docker://$AT/$name"
}

# An index over the image of this machine and one of another.
index_of() { # NAME
	local own
	ship "$1" -f oci
	own=$(curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$AT/v2/$1/manifests/latest")
	jq -n --arg digest "sha256:$(printf %s "$own" | sha256sum | cut -d ' ' -f 1)" --argjson size "${#own}" '
		{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ["s390x", "amd64"] | map(
			{mediaType: "application/vnd.oci.image.manifest.v1+json", $digest, $size,
			 platform: {os: "linux", architecture: .}})}' |
		curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @- \
			"http://$AT/v2/$1/manifests/latest"
}

eval "common_$(declare -f setup_file)"
setup_file() {
	local name
	for name in docker-registry skopeo mmdebstrap buildah jq curl; do
		command -v $name >/dev/null || return 0
	done
	[ "$(id -u)" = 0 ] || return 0
	"$BATS_TEST_DIRNAME/../lib/debian-images" "$LAYOUT"
	cd "$BATS_FILE_TMPDIR" || return
	start_registry real
	AT=$(<real.at)
	ship nginx -f oci
	ship redis -f oci --dest-compress-format zstd
	ship postgres -f v2s2
	ship busybox -f v2s2
	ship debian -f oci
	index_of python
}
teardown_file() { stop_registries; }

setup() {
	local name
	needs_root
	for name in docker-registry skopeo mmdebstrap buildah jq curl; do
		needs $name
	done
	net_setup
	STORE=$BATS_FILE_TMPDIR/store AT=$(<"$BATS_FILE_TMPDIR/real.at")
}
teardown() { net_teardown; }

ctr() { on_host "$CTR" --root "$ROOT" --store "$STORE" "$@"; }
# The registry is on the machine's own loopback.
pull() { "$CTR" --store "$STORE" pull -q "$AT/$1" >/dev/null; }
media_types() { ctr image inspect "$1" | jq -r '.[0] | .MediaType, .Layers[].MediaType' | sort -u; }

# shellcheck disable=SC2016
# from_lan PORT TEXT: what a server says to it, first line.
from_lan() {
	on_lan timeout 5 bash -c 'exec 2>/dev/null 3<>/dev/tcp/192.0.2.1/"$1" && printf "$2" >&3 && head -n 1 <&3' sh "$1" "$2" | tr -d '\r'
}

@test "nginx (gzip) serves at a port that -P chose, writes its log, and ends well by its own signal" {
	pull nginx
	[[ "$(media_types nginx)" = *tar+gzip* ]]
	mkdir www
	echo "hello from here" >www/index.html
	ctr run -d --name "$a" -P -v "$PWD/www:/var/www/html:ro" nginx
	run ctr port "$a"
	has '->80/tcp'
	has '->443/tcp'
	port=$(sed -n 's/^\*:\([0-9]*\)->80\/tcp$/\1/p' <<<"$output")
	until_true from_lan "$port" 'HEAD / HTTP/1.0\r\n\r\n'
	[ "$(from_lan "$port" 'HEAD / HTTP/1.0\r\n\r\n')" = "HTTP/1.1 200 OK" ]
	[ "$(on_lan curl -sf "http://192.0.2.1:$port/")" = "hello from here" ]
	ctr exec "$a" grep -q '192.0.2.2.*curl' /var/log/nginx/access.log
	ctr stop "$a"
	[ "$(ctr wait "$a")" = 0 ]
}

@test "redis (zstd) answers, and keeps its data in a volume over a restart and a new container" {
	pull redis
	[[ "$(media_types redis)" = *tar+zstd* ]]
	ctr run -d --name "$a" -p 6379:6379 -v data:/var/lib/redis redis --appendonly yes
	pong() { [ "$(from_lan 6379 'PING\r\n')" = +PONG ]; }
	until_true pong
	[ "$(from_lan 6379 'SET key seven\r\n')" = +OK ]
	ctr restart "$a"
	until_true pong
	[ "$(ctr exec "$a" redis-cli GET key)" = seven ]
	[ "$(ctr exec "$a" id -un)" = redis ]
	ctr rm -f "$a"
	ctr run -d --name "$b" -v data:/var/lib/redis redis --appendonly yes
	until_true ctr exec "$b" redis-cli PING
	[ "$(ctr exec "$b" redis-cli GET key)" = seven ]
	ctr rm -f "$b"
	ctr volume rm data
}

@test "postgres (docker's format) takes 10,000 inserts through a restart: what it acknowledged is there" {
	pull postgres
	[[ "$(media_types postgres)" = *docker* ]]
	sql() { ctr exec -i "$a" psql -qAt -h /tmp "$@"; }
	answers() { [ "$(sql -c 'SELECT 1' 2>/dev/null)" = 1 ]; }
	inserts() { seq "$1" 10000 | sed 's/.*/INSERT INTO t VALUES (&) RETURNING n;/'; }
	acknowledged() { [ "$(wc -l <numbers)" -ge 1000 ]; }
	ctr run --rm -v db:/var/lib/postgresql postgres initdb -D /var/lib/postgresql/data >/dev/null
	ctr run -d --name "$a" -v db:/var/lib/postgresql postgres postgres -D /var/lib/postgresql/data -k /tmp
	until_true answers
	sql -c 'CREATE TABLE t (n int PRIMARY KEY)'
	inserts 1 | sql >numbers 2>/dev/null 3>&- &
	client=$!
	until_true acknowledged
	ctr restart "$a"
	wait "$client" || :
	until_true answers
	last=$(sql -c 'SELECT max(n) FROM t')
	[ "$last" -ge "$(tail -n 1 numbers)" ]
	[ "$last" -lt 10000 ] # or there was no restart in between
	inserts $((last + 1)) | sql >/dev/null
	[ "$(sql -c 'SELECT count(*), sum(n) FROM t')" = "10000|50005000" ]
	ctr stop "$a"
	[ "$(ctr wait "$a")" = 0 ]
	ctr rm "$a"
	ctr volume rm db
}

@test "python (out of an index) computes, keeps a database and makes processes" {
	pull python
	run ctr run --rm python python3 -c 'if 1:
		import hashlib, multiprocessing, sqlite3
		with multiprocessing.Pool(4) as p:
			total = sum(p.map(abs, range(-1000, 0)))
		db = sqlite3.connect("/tmp/db")
		db.execute("create table t (n)")
		db.executemany("insert into t values (?)", [(i,) for i in range(total)])
		print(total, *db.execute("select count(*), max(n) from t").fetchone())
		print(hashlib.sha256(b"text").hexdigest())'
	ended 0
	[ "$output" = "500500 500500 500499
$(printf text | sha256sum | cut -d ' ' -f 1)" ]
}

@test "debian checks its own packages, builds one, and installs it" {
	pull debian
	run ctr run --rm debian bash -ec '
		dpkg --audit
		mkdir -p p/DEBIAN p/opt
		printf "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m>\nDescription: d\n" >p/DEBIAN/control
		echo here >p/opt/here
		dpkg-deb --build p >/dev/null
		dpkg -i p.deb >/dev/null
		cat /opt/here
		dpkg -P p >/dev/null
		[ ! -e /opt/here ]
		perl -e "print 6 * 7"'
	ended 0
	[ "$output" = $'here\n42' ]
}

@test "busybox, of one small layer, packs and unpacks what it is given" {
	pull busybox
	mkdir in
	head -c 300000 /dev/urandom >in/file
	tar c in | ctr run --rm -i busybox sh -c 'cd /tmp && tar x && gzip in/file && tar c in' | tar x
	gunzip -c in/file.gz | cmp - in/file
	[ "$(ctr run --rm busybox sh -c 'ls /bin | wc -l')" -gt 200 ]
}

@test "their base is in the store once, whatever it was packed with, and skopeo finds the store whole" {
	for name in nginx redis python; do
		pull $name
	done
	[ "$(ctr image inspect nginx redis python | jq -r '.[].Layers[0].DiffId' | sort -u | wc -l)" = 1 ]
	[ "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" -le 6 ]
	skopeo copy -q "oci:$STORE:$AT/redis:latest" oci:out:redis
	[ "$(skopeo inspect oci:out:redis | jq -r .Digest)" = "$(ctr image inspect redis | jq -r '.[0].Digest')" ]
	store_is_clean
}
