/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/wire_plan.h"
#include "runtime/tenant.h"
#include "tests/lib/test.h"

/* ---- names ------------------------------------------------------------------------------------ */

TEST(tenant_names)
{
	static const char *const good[] = {"a", "acme", "acme/web", "a-1_b/0", "1/2/3/4/5/6/7/8"};
	static const char *const bad[] = {
		"",       "/a", "a/", "a//b", "A",   "a.b", ".",
		"a/../b", "-a", "_a", "a/-b", "a b", "a\n", "1/2/3/4/5/6/7/8/9"};
	auto_(arena) struct arena mem = {0};
	struct err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_INT(tenant_check_name(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(tenant_check_name(bad[i], &err), -EINVAL);
	CHECK_STR(tenant_parent("a/b/c", &mem), "a/b");
	CHECK_STR(tenant_parent("a", &mem), NULL);
	CHECK_STR(tenant_group("a/b", &mem), "/ctr/a/b");
}

/* All that is below a tenant shares its rate. */
TEST(tenant_in_networks)
{
	struct tenant acme = {.name = "acme", .id_first = 0x70010000, .net_rate_in = 5000};
	struct tenant web = {.name = "acme/web", .id_first = 0x70020000};
	struct tenant *list[] = {&acme, &web};
	const struct tenants all = {.v = list, .n = 2};

	CHECK_INT(tenant_as_wire(&all, &acme).number, 0x70017001);
	CHECK_INT(tenant_as_wire(&all, &web).number, 0x70017002);
	CHECK_INT((long long)tenant_as_wire(&all, &web).rate_in, 5000);
	CHECK_INT((long long)tenant_as_wire(&all, &web).rate_out, 0);
}

/* ---- admission -------------------------------------------------------------------------------- */

enum { GIB = 1 << 30 };
static const struct tenant_machine machine = {.memory = 8ULL * GIB, .cpus = 4000};

struct made {
	struct tenant t;
	struct tenant_shares s;
};

static struct tenant *make(struct made *m, const char *name, uint32_t weight, uint64_t cpu_min,
			   int64_t gib_min)
{
	m->s = (struct tenant_shares){.cpu_weight = weight,
				      .has_cpu_weight = weight != 0,
				      .cpu_min_milli = cpu_min,
				      .memory_min = gib_min * GIB,
				      .has_memory_min = gib_min != 0};
	m->t = (struct tenant){.name = name, .shares = &m->s};
	return &m->t;
}

TEST(tenant_memory_is_not_promised_twice)
{
	struct made a, b, c;
	struct tenant *all[] = {make(&a, "a", 0, 0, 4), make(&b, "b", 0, 0, 3)};
	struct err err = {0};

	CHECK_INT(tenant_admit(all, 2, make(&c, "c", 0, 0, 1), &machine, &err), 0);
	CHECK_INT(tenant_admit(all, 2, make(&c, "c", 0, 0, 2), &machine, &err), -ENOSPC);
	CHECK_STR(err.msg,
		  "--memory-min: 2.00 GiB cannot be guaranteed: of the 8.00 that this machine "
		  "can give away, 1.00 are left: a has 4.00, b has 3.00");
	CHECK_STR(err.code, "oversold");
	/* A change counts instead of what it replaces. */
	CHECK_INT(tenant_admit(all, 2, make(&c, "a", 0, 0, 5), &machine, &err), 0);
	CHECK_INT(tenant_admit(all, 2, make(&c, "a", 0, 0, 6), &machine, &err), -ENOSPC);
}

TEST(tenant_of_a_tenant_has_a_part_of_its_part)
{
	struct made a, b, c;
	struct tenant *all[] = {make(&a, "a", 0, 0, 4), make(&b, "a/x", 0, 0, 3)};
	struct err err = {0};

	CHECK_INT(tenant_admit(all, 2, make(&c, "a/y", 0, 0, 1), &machine, &err), 0);
	CHECK_INT(tenant_admit(all, 2, make(&c, "a/y", 0, 0, 2), &machine, &err), -ENOSPC);
	CHECK(strstr(err.msg, "that tenant a can give away"));
	CHECK_INT(tenant_admit(all, 2, make(&c, "a/x/z", 0, 0, 3), &machine, &err), 0);
	CHECK_INT(tenant_admit(all, 2, make(&c, "b/y", 0, 0, 0), &machine, &err), -ENOENT);
	/* What was promised below cannot be taken away above. */
	CHECK_INT(tenant_admit(all, 2, make(&c, "a", 0, 0, 2), &machine, &err), -ENOSPC);
	CHECK(strstr(err.msg, "has promised 3.00 GiB"));
}

TEST(tenant_cpu_guarantees_hold_by_weight)
{
	struct made a, b, c;
	struct tenant *all[] = {make(&a, "a", 200, 2000, 0), make(&b, "b", 100, 0, 0)};
	struct err err = {0};

	/* a has 200 of 400: 2 of 4 CPUs. */
	CHECK_INT(tenant_admit(all, 2, make(&c, "c", 100, 0, 0), &machine, &err), 0);
	CHECK_INT(tenant_admit(all, 2, make(&c, "c", 101, 0, 0), &machine, &err), -ENOSPC);
	CHECK(strstr(err.msg, "tenant a would be left with 2.00 CPUs") ||
	      strstr(err.msg, "tenant a would be left with 1.99 CPUs"));
	CHECK(strstr(err.hint, "--cpu-weight"));
	CHECK_INT(tenant_admit(all, 2, make(&c, "c", 400, 2500, 0), &machine, &err), -ENOSPC);
	CHECK(strstr(err.msg, "2.00 are left: a has 2.00"));
}

/* ---- policy ----------------------------------------------------------------------------------- */

static struct config_namespace all_namespaces[] = {
	{.type = CONFIG_NAMESPACE_TYPE_PID},   {.type = CONFIG_NAMESPACE_TYPE_NETWORK},
	{.type = CONFIG_NAMESPACE_TYPE_MOUNT}, {.type = CONFIG_NAMESPACE_TYPE_IPC},
	{.type = CONFIG_NAMESPACE_TYPE_UTS},   {.type = CONFIG_NAMESPACE_TYPE_CGROUP},
};
static const char *paths[] = {"/proc/kcore"};

/* A config that asks for nothing, in parts that a case may change. */
struct asked {
	struct config cfg;
	struct config_linux lx;
	struct config_process p;
	struct config_capabilities caps;
	struct config_seccomp seccomp;
	struct config_resources res;
	struct config_namespace ns[6];
};

static void harmless(struct asked *a)
{
	*a = (struct asked){0};
	memcpy(a->ns, all_namespaces, sizeof(a->ns));
	a->lx.namespaces = a->ns;
	a->lx.n_namespaces = 6;
	a->lx.masked_paths = a->lx.readonly_paths = paths;
	a->lx.n_masked_paths = a->lx.n_readonly_paths = 1;
	a->lx.seccomp = &a->seccomp;
	a->lx.resources = &a->res;
	a->p.no_new_privileges = true;
	a->p.capabilities = &a->caps;
	a->cfg.linux_ = &a->lx;
	a->cfg.process = &a->p;
}

static int verdict(const struct asked *a, const char *allow, struct err *err)
{
	const char *words[] = {allow};
	const struct tenant t = {.name = "acme", .allow = words, .n_allow = allow != NULL};

	*err = (struct err){0};
	return tenant_allows(&t, &a->cfg, "/run/ctr", "web", err);
}

/* Refused by that word, and allowed with it alone. */
static void check_word(const struct asked *a, const char *word)
{
	struct err err;
	char want[80];

	snprintf(want, sizeof(want), "tenant acme may not ask for %s: ", word);
	CHECK_INT(verdict(a, NULL, &err), -EPERM);
	CHECK(strncmp(err.msg, want, strlen(want)) == 0);
	CHECK_STR(err.code, "tenant-policy");
	CHECK(strstr(err.hint, word));
	CHECK_INT(verdict(a, word, &err), 0);
	CHECK_INT(verdict(a, "all", &err), 0);
	CHECK_INT(verdict(a, "some-other-word", &err), -EPERM);
}

TEST(tenant_policy_lets_the_harmless_pass)
{
	static const char *caps[] = {"CAP_CHOWN", "CAP_NET_BIND_SERVICE"};
	struct asked a;
	struct err err;

	harmless(&a);
	a.caps.bounding = caps;
	a.caps.n_bounding = 2;
	CHECK_INT(verdict(&a, NULL, &err), 0);
}

TEST(tenant_policy_of_priorities)
{
	const char *words[] = {"net-prio"};
	struct tenant t = {.name = "acme", .allow = words};
	struct err err = {0};

	CHECK_INT(tenant_allows_priority(&t, 2, &err), 0);
	CHECK_INT(tenant_allows_priority(&t, 0, &err), 0);
	CHECK_INT(tenant_allows_priority(&t, 6, &err), -EPERM);
	CHECK_STR(err.msg, "tenant acme may not ask for net-prio: to send before others "
			   "(--net-prio 6)");
	CHECK_STR(err.code, "tenant-policy");
	t.n_allow = 1;
	CHECK_INT(tenant_allows_priority(&t, 6, &err), 0);
}

TEST(tenant_policy_of_namespaces)
{
	struct asked a;

	for (int i = 0; i < 6; i++) {
		harmless(&a);
		a.ns[i].path = "/proc/1/ns/x";
		check_word(&a, a.ns[i].type == CONFIG_NAMESPACE_TYPE_NETWORK ? "host-network"
									     : "host-namespaces");
	}
}

TEST(tenant_policy_of_privileges)
{
	static const char *caps[] = {"CAP_CHOWN", "CAP_SYS_ADMIN"};
	struct config_device_rule rule = {.allow = true};
	struct config_device device = {.path = "/dev/sda"};
	struct config_scheduler fifo = {.policy = CONFIG_SCHEDULER_POLICY_FIFO};
	struct config_kv sysctl = {"net.core.somaxconn", "1"};
	struct asked a;

	harmless(&a);
	a.caps.ambient = caps;
	a.caps.n_ambient = 2;
	check_word(&a, "caps");
	harmless(&a);
	a.p.no_new_privileges = false;
	check_word(&a, "new-privileges");
	harmless(&a);
	a.lx.seccomp = NULL;
	check_word(&a, "unconfined");
	harmless(&a);
	a.lx.n_masked_paths = 0;
	check_word(&a, "unconfined");
	harmless(&a);
	a.res.devices = &rule;
	a.res.n_devices = 1;
	check_word(&a, "devices");
	harmless(&a);
	a.lx.devices = &device;
	a.lx.n_devices = 1;
	check_word(&a, "devices");
	harmless(&a);
	a.p.scheduler = &fifo;
	check_word(&a, "realtime");
	harmless(&a);
	a.p.has_oom_score_adj = true;
	a.p.oom_score_adj = -1;
	check_word(&a, "realtime");
	harmless(&a);
	a.lx.sysctl = &sysctl;
	a.lx.n_sysctl = 1;
	check_word(&a, "sysctl");
}

TEST(tenant_policy_of_mounts)
{
	static const char *options[] = {"rbind", "ro"};
	struct config_mount m = {.source = "/srv/acme/data", .options = options, .n_options = 2};
	struct asked a;
	struct err err;

	harmless(&a);
	a.cfg.mounts = &m;
	a.cfg.n_mounts = 1;
	m.destination = "/data";
	CHECK_INT(verdict(&a, NULL, &err), -EPERM);
	CHECK_INT(verdict(&a, "mounts=/srv/acme", &err), 0);
	CHECK_INT(verdict(&a, "mounts=/srv/acme/data", &err), 0);
	CHECK_INT(verdict(&a, "mounts=/srv/ac", &err), -EPERM);
	m.source = "/srv/acme/../other";
	CHECK_INT(verdict(&a, "mounts=/srv/acme", &err), -EPERM);
	m.source = "/run/ctr/web/hosts";
	CHECK_INT(verdict(&a, NULL, &err), -EPERM);
	m.destination = "/etc/hosts";
	CHECK_INT(verdict(&a, NULL, &err), 0);
	m.source = "/run/ctr/db/hosts";
	CHECK_INT(verdict(&a, NULL, &err), -EPERM);
	m.source = "/etc/shadow";
	CHECK_INT(verdict(&a, NULL, &err), -EPERM);
	m.source = "/etc/hosts";
	CHECK_INT(verdict(&a, NULL, &err), 0);
	m.options = NULL;
	m.n_options = 0;
	m.type = "tmpfs";
	CHECK_INT(verdict(&a, NULL, &err), 0);
}

TEST(tenant_allow_words)
{
	struct err err;

	CHECK_INT(tenant_check_allow("caps", &err), 0);
	CHECK_INT(tenant_check_allow("mounts=/srv", &err), 0);
	CHECK_INT(tenant_check_allow("all", &err), 0);
	CHECK_INT(tenant_check_allow("mounts=", &err), -EINVAL);
	CHECK_INT(tenant_check_allow("mounts=srv", &err), -EINVAL);
	CHECK_INT(tenant_check_allow("everything", &err), -EINVAL);
	CHECK(strstr(err.hint, "host-network"));
}
