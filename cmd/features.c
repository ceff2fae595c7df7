/* SPDX-License-Identifier: Apache-2.0 */
/* What this version of ctr can do, in the runtime specification's features format. It names what is
 * built and nothing else: callers choose their ways by it. Asks nothing of the host. */
#include <seccomp.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "namespaces/caps.h"
#include "namespaces/mount_words.h"
#include "runtime/base/json.h"
#include "runtime/base/words.h"
#include "runtime/config/config.h"
#include "runtime/shares.h"
#include "runtime/tenant.h"

enum { WORDS_MAX = 256 };

static const char *const actions[] = {
	"SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
	"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_TRACE",        "SCMP_ACT_TRAP",        NULL,
};
static const char *const operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",        "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL,
};
static const char *const archs[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X32",
	"SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64",
	"SCMP_ARCH_ARM",
#endif
	NULL,
};
static const char *const filter_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC",
	NULL,
};

/* In alphabetical order, as other runtimes have it. */
static void put_words(struct json_out *o, const char *key, const char *const *words, size_t n)
{
	const char *sorted[WORDS_MAX] = {NULL};
	struct words all = {sorted, n};

	for (size_t i = 0; i < n; i++)
		sorted[i] = words[i];
	words_sort(&all);
	json_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		json_text(o, NULL, sorted[i]);
	json_close(o, ']');
}

static void put_list(struct json_out *o, const char *key, const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	put_words(o, key, words, n);
}

/* Links copied as links are understood, and refused; ctr's own words are nobody else's. */
static bool is_mount_word_built(const char *word)
{
	return !str_eq(word, "copy-symlink") && !str_starts(word, "ctr-");
}

static void put_mount_options(struct json_out *o)
{
	const char *words[WORDS_MAX];
	size_t n = 0;

	for (size_t i = 0; mount_word(i) && n < WORDS_MAX; i++)
		if (is_mount_word_built(mount_word(i)))
			words[n++] = mount_word(i);
	put_words(o, "mountOptions", words, n);
}

static void put_enabled(struct json_out *o, const char *key, bool enabled)
{
	json_open(o, key, '{');
	json_bool(o, "enabled", enabled);
	json_close(o, '}');
}

static void put_cgroup(struct json_out *o)
{
	json_open(o, "cgroup", '{');
	json_bool(o, "v1", true);
	json_bool(o, "v2", true);
	json_bool(o, "systemd", true);
	json_bool(o, "systemdUser", true);
	json_bool(o, "rdma", true);
	json_close(o, '}');
}

static void put_seccomp(struct json_out *o)
{
	json_open(o, "seccomp", '{');
	json_bool(o, "enabled", true);
	put_list(o, "actions", actions);
	put_list(o, "operators", operators);
	put_list(o, "archs", archs);
	put_list(o, "knownFlags", filter_flags);
	put_list(o, "supportedFlags", filter_flags);
	json_close(o, '}');
}

static void put_linux(struct json_out *o, struct arena *mem)
{
	size_t n;
	const char **caps = caps_names(caps_all(), mem, &n);

	json_open(o, "linux", '{');
	put_words(o, "namespaces", config_namespace_type_words + 1,
		  sizeof(config_namespace_type_words) / sizeof(char *) - 1);
	put_words(o, "capabilities", caps, n);
	put_cgroup(o);
	put_seccomp(o);
	put_enabled(o, "apparmor", true);
	put_enabled(o, "selinux", true);
	json_open(o, "intelRdt", '{');
	json_bool(o, "enabled", true);
	json_bool(o, "schemata", true);
	json_bool(o, "monitoring", true);
	json_close(o, '}');
	json_open(o, "memoryPolicy", '{');
	put_words(o, "modes", config_memory_policy_mode_words + 1,
		  sizeof(config_memory_policy_mode_words) / sizeof(char *) - 1);
	put_words(o, "flags", config_memory_policy_flags_words + 1,
		  sizeof(config_memory_policy_flags_words) / sizeof(char *) - 1);
	json_close(o, '}');
	json_open(o, "mountExtensions", '{');
	put_enabled(o, "idmap", true);
	json_close(o, '}');
	put_enabled(o, "netDevices", true);
	json_close(o, '}');
}

static int do_features(struct call *call, struct err *err)
{
	static const char *const hooks[] = {"prestart",
					    "createRuntime",
					    "createContainer",
					    "startContainer",
					    "poststart",
					    "poststop",
					    NULL};
	static const char *const unsafe[] = {"org.systemd.property.",
					     "run.oci.keep_original_groups",
					     "run.oci.pidfd_receiver",
					     "run.oci.seccomp.receiver",
					     "run.oci.seccomp_fail_unknown_syscall",
					     TENANT_ANNOTATION,
					     SHARES_CORE_SCHED,
					     SHARES_PAGES,
					     SHARES_OWN_SIZE,
					     NULL};
	const struct scmp_version *v = seccomp_version();
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text, .indent = "    "};

	json_open(&o, NULL, '{');
	json_text(&o, "ociVersionMin", "1.0.0");
	json_text(&o, "ociVersionMax", CONFIG_OCI_VERSION);
	put_list(&o, "hooks", hooks);
	put_mount_options(&o);
	put_linux(&o, call->mem);
	json_open(&o, "annotations", '{');
	if (v)
		json_text(&o, "io.github.seccomp.libseccomp.version",
			  arena_printf(call->mem, "%u.%u.%u", v->major, v->minor, v->micro));
	json_text(&o, "org.opencontainers.runc.checkpoint.enabled", "false");
	json_close(&o, '}');
	put_list(&o, "potentiallyUnsafeConfigAnnotations", unsafe);
	json_close(&o, '}');
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

const struct command cmd_features = {
	.name = "features",
	.usage = "",
	.about = "print what this version can do as JSON",
	.examples = "ctr features\n",
	.args = {cmd_no_args, false},
	.run = do_features,
};
