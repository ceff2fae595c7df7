/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cmd/quadlet.h"
#include "runtime/base/words.h"
#include "tests/lib/test.h"

/* The line of the unit that begins with `key`, or the error. */
static const char *line_of(const char *path, const char *text, const char *key, struct arena *mem)
{
	const struct quadlet q = {.ctr = "/bin/ctr", .path = path, .text = text};
	auto_(str) struct str unit = {0};
	struct words wanted = {0};
	struct err err = {0};

	if (quadlet_unit(&q, mem, &unit, &wanted, &err) < 0)
		return arena_str(mem, err.msg);
	const char *at = strstr(unit.p, arena_printf(mem, "\n%s=", key));
	if (!at)
		return "";
	at += strlen(key) + 2;
	return arena_copy(mem, at, strcspn(at, "\n"));
}

static const char *start_of(const char *text, struct arena *mem)
{
	return line_of("/q/web.container", text, "ExecStart", mem);
}

#define RUN "/bin/ctr run --rm --name systemd-web "

TEST(keys_become_flags)
{
	static const char *const rows[][2] = {
		{"Image=nginx", RUN "nginx"},
		{"Image = nginx \nContainerName=w", "/bin/ctr run --rm --name w nginx"},
		{"Image=a\nExec=sh -c 'echo $$X %n'", RUN "a sh -c 'echo $$X %n'"},
		{"Image=a\nEnvironment=A=1 \"B=x y\" C='q\"'",
		 RUN "--env A=1 --env \"B=x y\" --env \"C=q\\\"\" a"},
		{"Image=a\nEnvironment=A=1 \\\n# remark\n B=2", RUN "--env A=1 --env B=2 a"},
		{"Image=a\nEnvironmentFile=e\nEnvironmentFile=/f",
		 RUN "--env-file /q/e --env-file /f a"},
		{"Image=a\nAnnotation=x=1 y=2\nExposeHostPort=80",
		 RUN "--annotation x=1 --annotation y=2 --expose 80 a"},
		{"Image=a\nHealthCmd=x || exit 1", RUN "--health-cmd \"x || exit 1\" a"},
		{"Image=a\nHostName=x\nHostName=y", RUN "--hostname y a"},
		{"Image=a\nHostName=x\nHostName=", RUN "a"},
		{"Image=a\nDNS=1.1.1.1\nDNS=\nDNS=2.2.2.2\nDNS=3.3.3.3",
		 RUN "--dns 2.2.2.2 --dns 3.3.3.3 a"},
		{"Image=a\nReadOnly=yes\nRunInit=off", RUN "--read-only a"},
		{"Image=a\nSecret=key\nSecret=pass,type=env,target=PASS",
		 RUN "--secret key --secret pass,type=env,target=PASS a"},
		{"Image=a\nNoNewPrivileges=false", RUN "--security-opt=no-new-privileges=false a"},
		{"Image=a\nUser=1000\nGroup=5", RUN "--user 1000:5 a"},
		{"Image=a\nVolume=d.volume:/d:ro\nVolume=./x:/x\nVolume=n:/n",
		 RUN "--volume systemd-d:/d:ro --volume /q/./x:/x --volume n:/n a"},
		{"Image=a\nNetwork=n.network\nNetwork=host",
		 RUN "--network systemd-n --network host a"},
		{"Image=a\nCtrArgs=--memory-swap 1g \"--label=a b\"",
		 RUN "--memory-swap 1g \"--label=a b\" a"},
		{"Image=a\n[Service]\nRestart=always\n[Unit]\nX=y", RUN "a"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		CHECK_STR(start_of(arena_printf(&mem, "[Container]\n%s\n", rows[i][0]), &mem),
			  rows[i][1]);
	}
}

TEST(volumes_and_networks_are_made_first)
{
	auto_(arena) struct arena mem = {0};

	CHECK_STR(line_of("/q/w.container", "[Container]\nImage=a\nVolume=d.volume:/d\n",
			  "Requires", &mem),
		  "d-volume.service");
	CHECK_STR(line_of("/q/d.volume", "[Volume]\nLabel=a=b\n", "ExecStart", &mem),
		  "/bin/ctr volume create --label a=b systemd-d");
	CHECK_STR(line_of("/q/n.network", "[Network]\nNetworkName=x\nDisableIPv6=true\n",
			  "ExecStart", &mem),
		  "/bin/ctr network create --ignore --no-ipv6 x");
	CHECK_STR(line_of("/q/w.container", "[Container]\nImage=a\n", "After", &mem),
		  "network-online.target");
	CHECK_STR(line_of("/q/w.container",
			  "[Container]\nImage=a\n[Quadlet]\nDefaultDependencies=no\n", "After",
			  &mem),
		  "");
	CHECK_STR(quadlet_unit_name("/q/n.network", &mem), "n-network.service");
	CHECK(!quadlet_unit_name("/q/.network", &mem));
	CHECK(!quadlet_unit_name("/q/n.pod", &mem));
}

TEST(what_cannot_be_is_refused_by_its_line)
{
	static const char *const rows[][2] = {
		{"[Container]\nExec=a\n", "has no Image="},
		{"[Container]\nImage=a\nPodmanArgs=--x\n",
		 ":3: ctr has nothing for the key PodmanArgs"},
		{"[Container]\nImage=a\nImagee=b\n", "the key Imagee"},
		{"[Container]\nImage=a.image\n", "a.image"},
		{"[Container]\nImage=a\nReadOnly=maybe\n", ":3: expected true or false, got maybe"},
		{"[Container]\nImage=a\nEnvironment=\"A=b\n", ":3: a quote without an end"},
		{"[Container]\nImage=a\nNetwork=x.container\n", ":3: the network of another"},
		{"[Container]\nImage=a\nGroup=5\n", "without User="},
		{"[Container]\nImage=a\nStopTimeout=soon\n", "no number of seconds"},
		{"[Container]\nImage=a\n[Quadlet]\nX=y\n", ":4: only DefaultDependencies"},
		{"[Container]\nnonsense\n", ":2: expected KEY=VALUE"},
		{"[Containers]\nImage=a\n", ":2: a key of the unknown section Containers"},
		{"[Container]\nImage=a\n[Install]\nAlias=b.service\n", "not Alias"},
		{"[Container]\nImage=a\n[Install]\nWantedBy=../x.target\n", "no name of a unit"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		const char *said = start_of(rows[i][0], &mem);
		if (!CHECK(strstr(said, rows[i][1]) != NULL))
			CHECK_STR(said, rows[i][1]);
	}
}
