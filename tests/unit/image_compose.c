/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/image_compose.h"

TEST(compose_defaults_are_safe_ones)
{
	auto_(fixture) struct fixture f = fixture_new();

	MUST(make(&f) == 0);
	const struct config *c = f.cfg;
	CHECK_STR(c->hostname, "web");
	CHECK(c->process->no_new_privileges);
	CHECK_INT((long long)c->process->capabilities->n_bounding, 14);
	CHECK_INT((long long)c->process->capabilities->n_inheritable, 0);
	CHECK_INT((long long)c->process->capabilities->n_ambient, 0);
	CHECK_INT(c->linux_->resources->pids->limit, 512);
	CHECK_INT((long long)c->linux_->resources->n_devices, 1);
	CHECK(!c->linux_->resources->devices[0].allow);
	CHECK(c->linux_->n_masked_paths > 10);
	CHECK(c->linux_->n_readonly_paths > 4);
	CHECK(config_namespace(c, CONFIG_NAMESPACE_TYPE_NETWORK) != NULL);
	CHECK(config_namespace(c, CONFIG_NAMESPACE_TYPE_USER) == NULL);
	CHECK_STR(variable(c, "HOSTNAME"), "web");
	CHECK(variable(c, "PATH") != NULL);
	CHECK(variable(c, "TERM") == NULL);
	CHECK_STR(c->process->cwd, "/");
	CHECK_STR(options_of(&f, "/dev/shm"), "nosuid,noexec,nodev,mode=1777,size=67108864");
	CHECK_STR(options_of(&f, "/sys"), "nosuid,noexec,nodev,ro");
}

/* A tenant's container: no v1 hierarchy can be mounted in its user namespace, and what is bound has its
 * ids. */
TEST(compose_with_the_ids_of_a_tenant)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.ids = (struct id_range){700000, 65536};
	f.facts.network.resolv = "/etc/resolv.conf";
	f.host.layout = CGROUP_V1;
	add(&f, &f.flags.volumes, "/srv:/data:ro");
	MUST(make(&f) == 0);
	const struct config_linux *l = f.cfg->linux_;
	CHECK(config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_USER) != NULL);
	MUST(l->n_uid_mappings == 1 && l->n_gid_mappings == 1);
	CHECK_INT(l->uid_mappings[0].host_id, 700000);
	CHECK_INT(l->gid_mappings[0].size, 65536);
	CHECK_STR(options_of(&f, "/data"), "rbind,rprivate,rro,idmap");
	CHECK_STR(options_of(&f, "/etc/resolv.conf"), "rbind,rprivate,rro");
	CHECK(find_mount(f.cfg, "/sys/fs/cgroup") == NULL);
	CHECK(strstr(options_of(&f, "/dev/pts"), "gid=5"));
	f.facts.ids.count = 0;
	MUST(make(&f) == 0);
	CHECK_STR(options_of(&f, "/data"), "rbind,rprivate,rro");
	CHECK(find_mount(f.cfg, "/sys/fs/cgroup") != NULL);
}

TEST(compose_limits_are_read)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.flags.cpus = "1.5";
	f.flags.memory = "512m";
	f.flags.pids_limit = "-1";
	f.flags.cpuset_cpus = "0-1";
	add(&f, &f.flags.ulimits, "nofile=1024:2048");
	add(&f, &f.flags.ulimits, "nofile=100");
	MUST(make(&f) == 0);
	const struct config_resources *res = f.cfg->linux_->resources;
	CHECK_INT(res->cpu->quota, 150000);
	CHECK_INT((long long)res->cpu->period, 100000);
	CHECK_STR(res->cpu->cpus, "0-1");
	CHECK_INT(res->memory->limit, 512 << 20);
	CHECK_INT(res->memory->swap, 512 << 20);
	CHECK_INT(res->pids->limit, -1);
	CHECK_INT((long long)f.cfg->process->n_rlimits, 1);
	CHECK_INT((long long)f.cfg->process->rlimits[0].soft, 100);
}

TEST(compose_swap_is_limited_where_it_can_be)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.counts_swap = false;
	f.flags.memory = "1g";
	MUST(make(&f) == 0);
	CHECK(!f.cfg->linux_->resources->memory->has_swap);
	f.flags.memory_swap = "-1";
	MUST(make(&f) == 0);
	CHECK_INT(f.cfg->linux_->resources->memory->swap, -1);
}

TEST(compose_refuses_limits_that_are_none)
{
	static const struct {
		size_t offset;
		const char *value;
	} rows[] = {
		{offsetof(struct run_flags, cpus), "0"},
		{offsetof(struct run_flags, cpus), "1,5"},
		{offsetof(struct run_flags, cpus), "-1"},
		{offsetof(struct run_flags, cpus), "inf"},
		{offsetof(struct run_flags, cpus), "99999999999"},
		{offsetof(struct run_flags, cpu_shares), "1"},
		{offsetof(struct run_flags, memory), "0"},
		{offsetof(struct run_flags, memory), "-1"},
		{offsetof(struct run_flags, memory), "much"},
		{offsetof(struct run_flags, memory_swap), "1g"}, /* without memory */
		{offsetof(struct run_flags, pids_limit), "-2"},
		{offsetof(struct run_flags, pids_limit), "1k"},
		{offsetof(struct run_flags, shm_size), "0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(fixture) struct fixture f = fixture_new();
		*(const char **)((char *)&f.flags + rows[i].offset) = rows[i].value;
		if (!CHECK_INT(make(&f), -EINVAL))
			CHECK_STR("accepted", rows[i].value);
	}
}

TEST(compose_args_from_image_and_line)
{
	auto_(fixture) struct fixture f = fixture_new();
	struct words none = {0};

	add(&f, &f.image.entrypoint, "entry");
	add(&f, &f.image.cmd, "cmd");
	MUST(make(&f) == 0);
	CHECK_INT((long long)f.cfg->process->n_args, 2);
	CHECK_STR(f.cfg->process->args[0], "entry");
	CHECK_STR(f.cfg->process->args[1], "true");
	f.flags.args = none;
	MUST(make(&f) == 0);
	CHECK_STR(f.cfg->process->args[1], "cmd");
	f.flags.entrypoint = "mine"; /* then the image's arguments are somebody else's */
	MUST(make(&f) == 0);
	CHECK_INT((long long)f.cfg->process->n_args, 1);
	CHECK_STR(f.cfg->process->args[0], "mine");
	f.flags.entrypoint = "";
	CHECK_INT(make(&f), -EINVAL);
}

TEST(compose_env_has_each_name_once)
{
	auto_(fixture) struct fixture f = fixture_new();

	add(&f, &f.image.env, "PATH=/opt/bin");
	add(&f, &f.image.env, "LANG=C");
	add(&f, &f.flags.env, "LANG=de_DE");
	add(&f, &f.flags.env, "HOSTNAME=other");
	f.flags.tty = true;
	MUST(make(&f) == 0);
	CHECK_STR(variable(f.cfg, "PATH"), "/opt/bin");
	CHECK_STR(variable(f.cfg, "LANG"), "de_DE");
	CHECK_STR(variable(f.cfg, "HOSTNAME"), "other");
	CHECK_STR(variable(f.cfg, "TERM"), "xterm");
	CHECK_INT((long long)f.cfg->process->n_env, 4);
	add(&f, &f.flags.env, "=x");
	CHECK_INT(make(&f), -EINVAL);
}

TEST(compose_volumes)
{
	auto_(fixture) struct fixture f = fixture_new();

	add(&f, &f.flags.volumes, "/data:/srv/data");
	add(&f, &f.flags.volumes, "/etc:/host/etc:ro,rslave");
	add(&f, &f.flags.mounts, "type=bind,source=/a,target=/b,readonly");
	add(&f, &f.flags.mounts, "type=tmpfs,target=/cache,tmpfs-size=1m,tmpfs-mode=0700");
	add(&f, &f.flags.tmpfs, "/t:size=64m,exec");
	f.flags.secrets = true;
	MUST(make(&f) == 0);
	CHECK_STR(options_of(&f, "/srv/data"), "rbind,rprivate");
	CHECK_STR(options_of(&f, "/host/etc"), "rbind,rslave,rro");
	CHECK_STR(options_of(&f, "/b"), "rbind,rprivate,rro");
	CHECK_STR(options_of(&f, "/cache"), "nosuid,nodev,noexec,size=1m,mode=0700");
	CHECK_STR(options_of(&f, "/t"), "nosuid,nodev,noexec,size=64m,exec");
	CHECK_STR(options_of(&f, "/run/secrets"), "nosuid,nodev,noexec,ctr-secrets");
	const struct config_mount *m = find_mount(f.cfg, "/srv/data");
	CHECK_STR(m ? m->source : NULL, "/data");
}

TEST(compose_refuses_volumes_that_are_none)
{
	static const char *const volumes[] = {"name:/data", "/data",  "./x:/y",       "/a:b",
					      "/a:/",       "/a:/..", "/a:/b:rocket", ""};
	static const char *const mounts[] = {"type=bind,target=/b",
					     "target=/b",
					     "type=bind,source=/a",
					     "type=volume,target=/x",
					     "type=bind,source=/a,target=/b,x=1",
					     "type=bind,source=/a,target=/b,bind-propagation=x"};

	for (size_t i = 0; i < sizeof(volumes) / sizeof(*volumes); i++) {
		auto_(fixture) struct fixture f = fixture_new();
		add(&f, &f.flags.volumes, volumes[i]);
		CHECK_INT(make(&f), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		auto_(fixture) struct fixture f = fixture_new();
		add(&f, &f.flags.mounts, mounts[i]);
		CHECK(make(&f) < 0);
	}
}

TEST(compose_user_without_root_has_no_capabilities)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.user.uid = 1000;
	add(&f, &f.flags.cap_add, "NET_ADMIN");
	add(&f, &f.flags.cap_drop, "CHOWN");
	MUST(make(&f) == 0);
	const struct config_capabilities *c = f.cfg->process->capabilities;
	CHECK_INT((long long)c->n_bounding, 14);
	CHECK_INT((long long)c->n_effective, 0);
	CHECK_INT((long long)c->n_permitted, 0);
	CHECK_INT((long long)c->n_ambient, 0);
}

TEST(compose_privileged_gives_and_hides_nothing)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.flags.privileged = true;
	MUST(make(&f) == 0);
	CHECK(f.cfg->process->capabilities->n_bounding > 30);
	CHECK_INT((long long)f.cfg->linux_->n_masked_paths, 0);
	CHECK(f.cfg->linux_->resources->devices[0].allow);
	CHECK(!f.cfg->process->no_new_privileges);
	CHECK_STR(options_of(&f, "/sys"), "nosuid,noexec,nodev,rw");
}

TEST(compose_for_a_user_who_is_not_root)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.host.euid = 1000;
	f.host.egid = 100;
	f.host.layout = CGROUP_HYBRID;
	MUST(make(&f) == 0);
	CHECK(config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_USER) != NULL);
	CHECK_INT(f.cfg->linux_->uid_mappings[0].host_id, 1000);
	CHECK_INT(f.cfg->linux_->gid_mappings[0].host_id, 100);
	CHECK(find_mount(f.cfg, "/sys/fs/cgroup") == NULL);
	CHECK_STR(options_of(&f, "/dev/pts"), "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620");
	CHECK_INT((long long)f.cfg->linux_->resources->n_devices, 0);
}

TEST(compose_network)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.network.kind = RUN_NETWORK_HOST;
	MUST(make(&f) == 0);
	CHECK(config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_NETWORK) == NULL);
	CHECK(find_mount(f.cfg, "/etc/hosts") == NULL);
	f.facts.network = (struct run_network){
		.kind = RUN_NETWORK_JOIN, .path = "/proc/7/ns/net", .hosts = "/run/ctr/a/hosts"};
	MUST(make(&f) == 0);
	const struct config_namespace *ns = config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_NETWORK);
	const struct config_mount *hosts = find_mount(f.cfg, "/etc/hosts");
	MUST(ns && hosts);
	CHECK_STR(ns->path, "/proc/7/ns/net");
	CHECK_STR(hosts->source, "/run/ctr/a/hosts");
}

TEST(compose_long_ids_make_short_host_names)
{
	auto_(fixture) struct fixture f = fixture_new();
	char id[200];

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	f.flags.id = id;
	MUST(make(&f) == 0);
	CHECK_INT((long long)strlen(f.cfg->hostname), 63);
}

TEST(security_words)
{
	auto_(arena) struct arena mem = {0};
	struct words w = {0};
	struct security s;
	struct err err;

	words_add(&w, "seccomp=/p.json", &mem);
	words_add(&w, "apparmor=unconfined", &mem);
	words_add(&w, "no-new-privileges=false", &mem);
	words_add(&w, "systempaths=unconfined", &mem);
	words_add(&w, "label=disable", &mem);
	CHECK_INT(security_parse(&w, &s, &mem, &err), 0);
	CHECK_STR(s.seccomp, "/p.json");
	CHECK_STR(s.apparmor, NULL);
	CHECK(s.gains_privileges && s.shows_system);
	words_add(&w, "no-new-privileges", &mem);
	CHECK_INT(security_parse(&w, &s, &mem, &err), 0);
	CHECK(!s.gains_privileges);
	words_add(&w, "no-new-privileges:maybe", &mem);
	CHECK_INT(security_parse(&w, &s, &mem, &err), -EINVAL);
}

TEST(security_words_that_are_none)
{
	static const char *const texts[] = {"seccomp", "seccomp=", "x=y", "", "systempaths=some"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_(arena) struct arena mem = {0};
		struct words w = {0};
		struct security s;
		struct err err;
		words_add(&w, texts[i], &mem);
		CHECK_INT(security_parse(&w, &s, &mem, &err), -EINVAL);
	}
}

TEST(device_specs)
{
	static const struct {
		const char *text, *host, *path, *access;
	} rows[] = {
		{"/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"},
		{"/dev/sda:/dev/x", "/dev/sda", "/dev/x", "rwm"},
		{"/dev/sda:/dev/x:r", "/dev/sda", "/dev/x", "r"},
		{"/dev/sda:rw", "/dev/sda", "/dev/sda", "rw"},
		{"/dev/sda:/../etc:r", "/dev/sda", "/etc", "r"},
		{"fuse", NULL, NULL, NULL},
		{"/dev/sda:x", NULL, NULL, NULL},
		{"/dev/sda:", NULL, NULL, NULL},
		{"/dev/sda:/dev/x:", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena mem = {0};
		struct device_spec d = {0};
		struct err err;
		int r = device_parse(rows[i].text, &d, &mem, &err);
		CHECK_INT(r, rows[i].host ? 0 : -EINVAL);
		CHECK_STR(d.host, rows[i].host);
		CHECK_STR(d.path, rows[i].path);
		CHECK_STR(d.access, rows[i].access);
	}
}

TEST(compose_devices_are_made_and_allowed)
{
	auto_(fixture) struct fixture f = fixture_new();
	struct run_device d = {
		.node = {.type = CONFIG_DEVICE_TYPE_C,
			 .path = "/dev/fuse",
			 .major = 10,
			 .has_major = true,
			 .minor = 229,
			 .has_minor = true},
		.access = "rw",
	};

	f.facts.devices = &d;
	f.facts.n_devices = 1;
	MUST(make(&f) == 0);
	CHECK_STR(f.cfg->linux_->devices[0].path, "/dev/fuse");
	const struct config_device_rule *rule = &f.cfg->linux_->resources->devices[1];
	CHECK(rule->allow);
	CHECK_STR(rule->type, "c");
	CHECK_INT(rule->minor, 229);
	CHECK_STR(rule->access, "rw");
}

TEST(compose_a_system_of_its_own)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.flags.systemd = true;
	f.flags.args = (struct words){0};
	CHECK_INT(make(&f), -ENOTSUP);
	CHECK(strstr(f.err.msg, "nsdelegate"));
	f.facts.keeps_limits = true;
	MUST(make(&f) == 0);
	CHECK_STR(f.cfg->process->args[0], "/sbin/init");
	bool is_told = false;
	for (size_t i = 0; i < f.cfg->process->n_env; i++)
		is_told |= str_eq(f.cfg->process->env[i], "container=oci");
	CHECK(is_told);
	const struct config_mount *m = find_mount(f.cfg, "/sys/fs/cgroup");
	MUST(m);
	for (size_t i = 0; i < m->n_options; i++)
		CHECK(!str_eq(m->options[i], "ro"));
	m = find_mount(f.cfg, "/run");
	CHECK(m && str_eq(m->type, "tmpfs"));
	f.flags.init = true;
	CHECK_INT(make(&f), -EINVAL);
	f.flags.init = false;
	f.host.layout = CGROUP_HYBRID;
	CHECK_INT(make(&f), -ENOTSUP);
	CHECK(strstr(f.err.msg, "cgroup v2"));
}

TEST(compose_init_is_an_annotation_beside_those_of_the_image)
{
	auto_(fixture) struct fixture f = fixture_new();
	struct config_kv of_image = {"org.opencontainers.image.os", "linux"};

	f.image.annotations = &of_image;
	f.image.n_annotations = 1;
	f.flags.init = true;
	MUST(make(&f) == 0 && f.cfg->n_annotations == 2);
	CHECK_STR(f.cfg->annotations[0].key, of_image.key);
	CHECK_STR(f.cfg->annotations[1].key, "io.ctr.init");
}
