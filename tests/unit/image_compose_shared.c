/* SPDX-License-Identifier: Apache-2.0 */
/* What is shared with others, and docker's other words. */
#include "tests/unit/image_compose.h"

TEST(compose_shares_what_the_flags_say)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.host_name = "box";
	f.facts.pid_path = "/proc/7/ns/pid";
	f.flags.namespaces = (struct namespace_flags){"container:a", "host", "host", "private"};
	MUST(make(&f) == 0);
	const struct config_namespace *pid = config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_PID);
	CHECK(pid && str_eq(pid->path, "/proc/7/ns/pid"));
	CHECK(!config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_IPC));
	CHECK(!config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_UTS));
	CHECK(config_namespace(f.cfg, CONFIG_NAMESPACE_TYPE_CGROUP) != NULL);
	CHECK(f.cfg->hostname == NULL);
	CHECK_STR(variable(f.cfg, "HOSTNAME"), "box");
	const struct config_mount *shm = find_mount(f.cfg, "/dev/shm");
	CHECK(shm && str_eq(shm->source, "/dev/shm"));
}

TEST(compose_in_a_user_namespace_binds_what_it_cannot_mount)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.facts.ids = (struct id_range){100000, 65536};
	f.flags.namespaces = (struct namespace_flags){"host", "host", NULL, NULL};
	MUST(make(&f) == 0);
	const struct config_mount *proc = find_mount(f.cfg, "/proc");
	CHECK(proc && str_eq(proc->source, "/proc"));
	CHECK(!find_mount(f.cfg, "/dev/mqueue"));
	f.flags.namespaces.pid = "container:a";
	f.facts.pid_path = "/proc/7/ns/pid";
	CHECK_INT(make(&f), -EINVAL);
}

TEST(compose_refuses_shares_that_are_none)
{
	static const struct {
		struct run_flags flags;
		const char *says;
	} rows[] = {
		{{.namespaces.pid = "shareable"}, "--pid"},
		{{.namespaces.pid = "container:a"}, "--pid"}, /* not found */
		{{.namespaces.ipc = "container:a"}, "--ipc"},
		{{.namespaces.uts = "container:a"}, "--uts"},
		{{.namespaces.cgroup = ""}, "--cgroupns"},
		{{.namespaces.uts = "host", .hostname = "a"}, "--hostname"},
		{{.namespaces.uts = "host", .domainname = "a"}, "--domainname"},
		{{.namespaces.ipc = "host", .shm_size = "1m"}, "--shm-size"},
		{{.namespaces.pid = "host", .init = true}, "--init"},
		{{.cpu_period = "1000"}, "--cpu-quota"},
		{{.cpu_period = "999", .cpu_quota = "5000"}, "--cpu-period"},
		{{.cpu_quota = "999"}, "--cpu-quota"},
		{{.cpu_quota = "5000", .cpus = "1"}, "--cpus"},
		{{.memory_swappiness = "101"}, "--memory-swappiness"},
		{{.oom_score_adj = "-1001"}, "--oom-score-adj"},
		{{.domainname = "a b"}, "--domainname"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(fixture) struct fixture f = fixture_new();
		struct words args = f.flags.args;
		f.flags = rows[i].flags;
		f.flags.id = "web";
		f.flags.args = args;
		CHECK_INT(make(&f), -EINVAL);
		if (!CHECK(strstr(f.err.msg, rows[i].says)))
			CHECK_STR(f.err.msg, rows[i].says);
	}
}

TEST(compose_limits_in_the_kernels_words)
{
	auto_(fixture) struct fixture f = fixture_new();

	f.flags.cpu_quota = "25000";
	f.flags.oom_score_adj = "-5";
	f.flags.memory_swappiness = "0";
	MUST(make(&f) == 0);
	CHECK_INT((int)f.cfg->linux_->resources->cpu->quota, 25000);
	CHECK_INT((int)f.cfg->linux_->resources->cpu->period, 100000);
	CHECK_INT(f.cfg->process->oom_score_adj, -5);
	CHECK(f.cfg->linux_->resources->memory->has_swappiness);
}

TEST(compose_device_rules)
{
	static const char *const wrong[] = {
		"",         "c",      "c 1:2",  "c 1 rwm", "x 1:2 r", "c 1:2 ",          "c 1:2 rx",
		"c -1:2 r", "c :2 r", "c 1: r", "c1:2 r",  "c 1:2r",  "c 4294967296:1 r"};
	auto_(fixture) struct fixture f = fixture_new();

	add(&f, &f.flags.device_rules, "c 188:* rw");
	add(&f, &f.flags.device_rules, "a 1:3 m");
	MUST(make(&f) == 0);
	const struct config_resources *r = f.cfg->linux_->resources;
	MUST(r->n_devices == 3);
	CHECK_STR(r->devices[1].type, "c");
	CHECK_INT((int)r->devices[1].major, 188);
	CHECK(!r->devices[1].has_minor && r->devices[2].has_minor);
	CHECK_STR(r->devices[1].access, "rw");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		f.flags.device_rules.n = 0;
		add(&f, &f.flags.device_rules, wrong[i]);
		CHECK_INT(make(&f), -EINVAL);
	}
}

TEST(compose_annotations_of_the_line_before_those_of_the_image)
{
	auto_(fixture) struct fixture f = fixture_new();
	struct config_kv of_image = {"a", "image"};

	f.image.annotations = &of_image;
	f.image.n_annotations = 1;
	add(&f, &f.flags.annotations, "a=line=2");
	add(&f, &f.flags.annotations, "b=");
	MUST(make(&f) == 0 && f.cfg->n_annotations == 2);
	CHECK_STR(f.cfg->annotations[0].value, "line=2");
	CHECK_STR(f.cfg->annotations[1].value, "");
	add(&f, &f.flags.annotations, "c");
	CHECK_INT(make(&f), -EINVAL);
}
