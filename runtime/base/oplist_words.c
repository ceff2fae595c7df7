/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/base/json.h"
#include "runtime/base/oplist_words.h"
#include "runtime/base/sys.h"

/* ---- words for numbers ------------------------------------------------------------------------- */

struct word {
	uint64_t mask, value;
	const char *word;
};

#define BIT(bit, word_)                                                                            \
	{                                                                                          \
		(bit), (bit), word_                                                                \
	}
#define VALUE(value, word_)                                                                        \
	{                                                                                          \
		UINT64_MAX, (value), word_                                                         \
	}

/* "ro,nosuid,0x8000"; nothing for a 0 without a word. */
static void add_words(struct str *out, const struct word *words, uint64_t v)
{
	const char *comma = "";
	uint64_t rest = v;

	for (const struct word *w = words; w->word; w++) {
		if ((v & w->mask) != w->value || (w->value && !(rest & w->value)))
			continue;
		str_addf(out, "%s%s", comma, w->word);
		rest &= ~w->value;
		comma = ",";
	}
	if (rest)
		str_addf(out, "%s0x%llx", comma, (unsigned long long)rest);
}

void as_namespaces(const struct op_value *v)
{
	static const struct word words[] = {
		BIT(CLONE_NEWUSER, "user"),
		BIT(CLONE_NEWNS, "mount"),
		BIT(CLONE_NEWPID, "pid"),
		BIT(CLONE_NEWNET, "network"),
		BIT(CLONE_NEWIPC, "ipc"),
		BIT(CLONE_NEWUTS, "uts"),
		BIT(CLONE_NEWCGROUP, "cgroup"),
		BIT(CLONE_NEWTIME, "time"),
		{0},
	};
	add_words(v->out, words, v->v);
}

void as_open(const struct op_value *v)
{
	static const struct word words[] = {
		BIT(O_PATH, "path"),           {O_ACCMODE | O_PATH, O_RDONLY, "ro"},
		{O_ACCMODE, O_WRONLY, "wo"},   {O_ACCMODE, O_RDWR, "rw"},
		BIT(O_DIRECTORY, "directory"), BIT(O_NOFOLLOW, "nofollow"),
		BIT(O_CREAT, "create"),        BIT(O_EXCL, "exclusive"),
		BIT(O_TRUNC, "truncate"),      BIT(O_APPEND, "append"),
		BIT(O_NONBLOCK, "nonblock"),   BIT(O_NOCTTY, "noctty"),
		BIT(O_CLOEXEC, "cloexec"),     {0},
	};
	add_words(v->out, words, v->v);
}

void as_resolve(const struct op_value *v)
{
	static const struct word words[] = {
		BIT(RESOLVE_IN_ROOT, "in-root"),
		BIT(RESOLVE_BENEATH, "beneath"),
		BIT(RESOLVE_NO_SYMLINKS, "no-symlinks"),
		BIT(RESOLVE_NO_MAGICLINKS, "no-magiclinks"),
		BIT(RESOLVE_NO_XDEV, "no-xdev"),
		{0},
	};
	add_words(v->out, words, v->v);
}

void as_tree(const struct op_value *v)
{
	static const struct word words[] = {
		BIT(OPEN_TREE_CLONE, "clone"),
		BIT(AT_RECURSIVE, "recursive"),
		BIT(AT_SYMLINK_NOFOLLOW, "nofollow"),
		BIT(AT_EMPTY_PATH, "empty-path"),
		BIT(AT_NO_AUTOMOUNT, "no-automount"),
		BIT(OPEN_TREE_CLOEXEC, "cloexec"),
		{0},
	};
	add_words(v->out, words, v->v);
}

static const struct word mount_attrs[] = {
	BIT(MOUNT_ATTR_RDONLY, "ro"),
	BIT(MOUNT_ATTR_NOSUID, "nosuid"),
	BIT(MOUNT_ATTR_NODEV, "nodev"),
	BIT(MOUNT_ATTR_NOEXEC, "noexec"),
	BIT(MOUNT_ATTR__ATIME, "atime"), /* all of them: that there is another one in its place */
	{MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME, "noatime"},
	{MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME, "strictatime"},
	BIT(MOUNT_ATTR_NODIRATIME, "nodiratime"),
	BIT(MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"),
	BIT(MOUNT_ATTR_IDMAP, "idmap"),
	{0},
};

void as_mount(const struct op_value *v)
{
	add_words(v->out, mount_attrs, v->v);
}

void as_filter_flags(const struct op_value *v)
{
	static const struct word words[] = {
		BIT(SECCOMP_FILTER_FLAG_TSYNC, "tsync"),
		BIT(SECCOMP_FILTER_FLAG_LOG, "log"),
		BIT(SECCOMP_FILTER_FLAG_SPEC_ALLOW, "spec-allow"),
		BIT(SECCOMP_FILTER_FLAG_NEW_LISTENER, "listener"),
		BIT(SECCOMP_FILTER_FLAG_TSYNC_ESRCH, "tsync-esrch"),
		BIT((uint64_t)1 << 5, "wait-killable"), /* ..._WAIT_KILLABLE_RECV, Linux 5.19 */
		{0},
	};
	add_words(v->out, words, v->v);
}

void as_sync(const struct op_value *v)
{
	static const struct word words[] = {
		VALUE(SYNC_IDS, "ids"),       VALUE(SYNC_CGROUP, "cgroup"),
		VALUE(SYNC_MOUNTS, "mounts"), VALUE(SYNC_RUNTIME, "runtime"),
		VALUE(SYNC_HOOKS, "hooks"),   VALUE(SYNC_LISTENER, "listener"),
		VALUE(SYNC_LIMITS, "limits"), {0},
	};
	add_words(v->out, words, v->v);
}

void as_prctl(const struct op_value *v)
{
	static const struct word words[] = {
		VALUE(PR_SET_DUMPABLE, "dumpable"),
		VALUE(PR_SET_NO_NEW_PRIVS, "no-new-privs"),
		VALUE(PR_SET_KEEPCAPS, "keepcaps"),
		VALUE(PR_SET_PDEATHSIG, "pdeathsig"),
		VALUE(PR_SET_CHILD_SUBREAPER, "child-subreaper"),
		VALUE(PR_SCHED_CORE, "sched-core"),
		VALUE(SYS_PR_SET_MEMORY_MERGE, "memory-merge"),
		{0},
	};
	add_words(v->out, words, v->v);
}

void as_resource(const struct op_value *v)
{
	static const struct word words[] = {
		VALUE(RLIMIT_AS, "as"),
		VALUE(RLIMIT_CORE, "core"),
		VALUE(RLIMIT_CPU, "cpu"),
		VALUE(RLIMIT_DATA, "data"),
		VALUE(RLIMIT_FSIZE, "fsize"),
		VALUE(RLIMIT_LOCKS, "locks"),
		VALUE(RLIMIT_MEMLOCK, "memlock"),
		VALUE(RLIMIT_MSGQUEUE, "msgqueue"),
		VALUE(RLIMIT_NICE, "nice"),
		VALUE(RLIMIT_NOFILE, "nofile"),
		VALUE(RLIMIT_NPROC, "nproc"),
		VALUE(RLIMIT_RSS, "rss"),
		VALUE(RLIMIT_RTPRIO, "rtprio"),
		VALUE(RLIMIT_RTTIME, "rttime"),
		VALUE(RLIMIT_SIGPENDING, "sigpending"),
		VALUE(RLIMIT_STACK, "stack"),
		{0},
	};
	add_words(v->out, words, v->v);
}

void add_op_flags(struct str *out, unsigned flags)
{
	static const struct word words[] = {
		BIT(OPF_OPTIONAL, "optional"),   BIT(OPF_KEEPCAPS, "keepcaps"),
		BIT(OPF_NOPROC, "noproc"),       BIT(OPF_REALDIR, "realdir"),
		BIT(OPF_LATE, "late"),           BIT(OPF_MISSING_OK, "missing-ok"),
		BIT(OPF_DENIED_OK, "denied-ok"), {0},
	};
	add_words(out, words, flags & ~(unsigned)OPF_GROUPS); /* as_groups shows that one */
}

/* ---- slots and numbers -------------------------------------------------------------------------- */

void as_slot(const struct op_value *v)
{
	if ((int64_t)v->v == SLOT_CWD)
		str_add(v->out, "cwd");
	else if ((int64_t)v->v != SLOT_NONE)
		str_addf(v->out, "s%lld", (long long)v->v);
}

void as_sync_slots(const struct op_value *v)
{
	if (!v->op->b)
		return;
	as_slot(v);
	if (v->op->b > 1)
		str_addf(v->out, "+%llu", (unsigned long long)v->op->b - 1);
}

void as_number(const struct op_value *v)
{
	str_addf(v->out, "%llu", (unsigned long long)v->v);
}

void as_count(const struct op_value *v)
{
	if (v->v)
		as_number(v);
}

void as_limit(const struct op_value *v)
{
	if (v->v == (uint64_t)RLIM_INFINITY)
		str_add(v->out, "unlimited");
	else
		as_number(v);
}

void as_hex(const struct op_value *v)
{
	str_addf(v->out, "0x%llx", (unsigned long long)v->v);
}

void as_signals(const struct op_value *v)
{
	const char *comma = "";

	for (int n = 1; n <= 64; n++) {
		if (!(v->v >> (n - 1) & 1))
			continue;
		str_addf(v->out, "%s%d", comma, n);
		comma = ",";
	}
}

void as_permissions(const struct op_value *v)
{
	str_addf(v->out, "%04llo", (unsigned long long)v->v);
}

void as_mode(const struct op_value *v)
{
	static const struct word types[] = {
		{S_IFMT, S_IFREG, "file"}, {S_IFMT, S_IFDIR, "directory"},
		{S_IFMT, S_IFCHR, "char"}, {S_IFMT, S_IFBLK, "block"},
		{S_IFMT, S_IFIFO, "fifo"}, {S_IFMT, S_IFSOCK, "socket"},
		{S_IFMT, S_IFLNK, "link"}, {0},
	};
	uint64_t type = v->v & S_IFMT, permissions = v->v & ~(uint64_t)S_IFMT;

	if (!v->v)
		return;
	add_words(v->out, types, type);
	str_addf(v->out, "%s%04llo", type ? "," : "", (unsigned long long)permissions);
}

void as_device(const struct op_value *v)
{
	uint64_t type = v->op->a & S_IFMT;

	if (type == S_IFCHR || type == S_IFBLK)
		str_addf(v->out, "%u:%u", major(v->v), minor(v->v));
}

void as_owner(const struct op_value *v)
{
	if (v->v)
		str_addf(v->out, "%u:%u", (unsigned)(v->v >> 32), (unsigned)v->v);
}

void as_winsize(const struct op_value *v)
{
	if (v->v)
		str_addf(v->out, "%ux%u", (unsigned)(v->v >> 16), (unsigned)(v->v & 0xffff));
}

void as_ioprio(const struct op_value *v)
{
	static const char *const classes[] = {"none", "realtime", "best-effort", "idle"};

	if (v->v >> 13 < 4)
		str_addf(v->out, "%s,%u", classes[v->v >> 13], (unsigned)(v->v & 0x1fff));
	else
		as_hex(v);
}

/* ---- texts --------------------------------------------------------------------------------------- */

void add_quoted(struct str *out, const char *text)
{
	bool plain = *text != 0;

	for (const char *c = text; *c; c++)
		plain = plain && *c > ' ' && *c < 127 && !strchr("\"\\#", *c);
	if (plain) {
		str_add(out, text);
	} else {
		struct json_out o = {.s = out};
		json_text(&o, NULL, text);
	}
}

static const char *at(const struct op_source *src, uint64_t offset)
{
	if (!offset || offset < src->first || offset - src->first >= src->len)
		return NULL;
	return src->p + (offset - src->first);
}

/* The operation's blob, or NULL if it has none of at least that size. */
static const char *blob(const struct op_value *v, size_t least)
{
	const char *p = v->op->size >= least ? at(v->src, v->op->data) : NULL;

	return p && v->op->size <= v->src->len - (size_t)(p - v->src->p) ? p : NULL;
}

void as_text(const struct op_value *v)
{
	const char *text = at(v->src, v->v);

	if (text)
		str_add(v->out, text);
}

/* A blob that is a text: what is written into a file. */
void as_content(const struct op_value *v)
{
	const char *p = blob(v, 1);

	if (p)
		str_add_mem(v->out, p, strnlen(p, v->op->size));
}

/* n strings, NUL after NUL, behind `skip` others. */
static void add_strings(const struct op_value *v, uint64_t skip, uint64_t n)
{
	const char *p = blob(v, 1), *end = p ? p + v->op->size : NULL, *space = "";

	for (uint64_t i = 0; p && p < end && i < skip + n; i++, p += strlen(p) + 1) {
		if (i < skip)
			continue;
		str_add(v->out, space);
		add_quoted(v->out, p);
		space = " ";
	}
}

void as_strings(const struct op_value *v)
{
	add_strings(v, 0, v->v);
}

void as_environment(const struct op_value *v)
{
	add_strings(v, v->op->a, v->v);
}

/* What a hook's blob holds behind its arguments and environment. */
void as_program(const struct op_value *v)
{
	add_strings(v, v->op->a + v->op->b, 1);
}

void as_input(const struct op_value *v)
{
	add_strings(v, v->op->a + v->op->b + 1, 1);
}

/* ---- blobs --------------------------------------------------------------------------------------- */

/* "key\0value\0" … as key=value, "key\0\0" as key. */
void as_options(const struct op_value *v)
{
	const char *p = blob(v, 1), *end = p ? p + v->op->size : NULL, *space = "";
	auto_(str) struct str option = {0};

	while (p && p < end) {
		const char *value = p + strlen(p) + 1;
		option.len = 0;
		str_add(&option, p);
		if (value < end && *value)
			str_addf(&option, "=%s", value);
		str_add(v->out, space);
		add_quoted(v->out, option.p);
		p = value < end ? value + strlen(value) + 1 : end;
		space = " ";
	}
}

void as_groups(const struct op_value *v)
{
	const char *p = blob(v, sizeof(uint32_t));
	uint32_t id;

	if (!p && (v->op->flags & OPF_GROUPS))
		str_add(v->out, "none");
	for (size_t i = 0; p && i < v->op->size / sizeof(id); i++) {
		memcpy(&id, p + i * sizeof(id), sizeof(id));
		str_addf(v->out, "%s%u", i ? "," : "", id);
	}
}

void as_caps(const struct op_value *v)
{
	const char *p = blob(v, sizeof(struct op_caps));
	struct op_caps c;

	if (!p)
		return;
	memcpy(&c, p, sizeof(c));
	str_addf(v->out,
		 "bounding=%llx effective=%llx permitted=%llx inheritable=%llx ambient=%llx",
		 (unsigned long long)c.bounding, (unsigned long long)c.effective,
		 (unsigned long long)c.permitted, (unsigned long long)c.inheritable,
		 (unsigned long long)c.ambient);
}

/* Adds a set of bits, behind a space unless it is the first part. */
static void add_part(struct str *out, const char *sign, const struct word *words, uint64_t v)
{
	if (!v)
		return;
	str_addf(out, "%s%s", out->len ? " " : "", sign);
	add_words(out, words, v);
}

void as_attributes(const struct op_value *v)
{
	static const struct word types[] = {
		BIT(MS_PRIVATE, "private"),
		BIT(MS_SLAVE, "slave"),
		BIT(MS_SHARED, "shared"),
		BIT(MS_UNBINDABLE, "unbindable"),
		{0},
	};
	const char *p = blob(v, sizeof(struct op_attr));
	struct op_attr a;

	if (!p)
		return;
	memcpy(&a, p, sizeof(a));
	add_part(v->out, "", types, a.propagation);
	add_part(v->out, "+", mount_attrs, a.set);
	add_part(v->out, "-", mount_attrs, a.clr);
	if (a.userns >= 0)
		str_addf(v->out, " userns=s%d", a.userns);
	if (a.recursive)
		str_add(v->out, " recursive");
}

/* FNV-1a: tells apart what is too long to read. */
static uint64_t hash(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3U;
	return h;
}

void as_filter(const struct op_value *v)
{
	const char *p = blob(v, 1);

	if (p)
		str_addf(v->out, "instructions=%zu hash=%016llx",
			 v->op->size / sizeof(struct sock_filter),
			 (unsigned long long)hash(p, v->op->size));
}

void as_sched(const struct op_value *v)
{
	static const char *const policies[] = {"other", "fifo", "rr",      "batch",
					       "iso",   "idle", "deadline"};
	/* struct sched_attr, sched_setattr(2): glibc has it not, and its <sched.h> clashes with the
	 * kernel's header. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a;
	const char *p = blob(v, sizeof(a));

	if (!p)
		return;
	memcpy(&a, p, sizeof(a));
	str_add(v->out, a.policy < sizeof(policies) / sizeof(*policies) ? policies[a.policy] : "?");
	str_addf(v->out, " flags=0x%llx nice=%d priority=%u runtime=%llu deadline=%llu period=%llu",
		 (unsigned long long)a.flags, a.nice, a.priority, (unsigned long long)a.runtime,
		 (unsigned long long)a.deadline, (unsigned long long)a.period);
}

/* As the config has them: "0-3,7". */
void as_cpus(const struct op_value *v)
{
	const unsigned char *p = (const unsigned char *)blob(v, 1);
	size_t n = p ? v->op->size * (size_t)8 : 0;
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		size_t last = i;
		if (!(p[i / 8] >> i % 8 & 1))
			continue;
		while (last + 1 < n && p[(last + 1) / 8] >> (last + 1) % 8 & 1)
			last++;
		str_addf(v->out, last > i ? "%s%zu-%zu" : "%s%zu", comma, i, last);
		comma = ",";
		i = last;
	}
}

void as_node_mask(const struct op_value *v)
{
	const char *p = blob(v, 1);

	if (p)
		str_add(v->out, "0x");
	for (size_t i = p ? v->op->size : 0; i > 0;
	     i--) /* little-endian: the last byte is the highest */
		str_addf(v->out, "%02x", (unsigned char)p[i - 1]);
}
