/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/base/words.h"
#include "runtime/plan.h"
#include "runtime/process.h"
#include "tests/unit/plan_text.h"

#define PROCESS_LINUX(members, linux_members)                                                      \
	TOP(",'process':{'args':['prog'],'cwd':'/'" members "},"                                   \
	    "'linux':{'namespaces':[{'type':'mount'}]" linux_members "}")

static const struct host host = {.caps = ~0ULL, .has_sys_resource = true};
static const struct host with_apparmor = {.caps = ~0ULL, .has_apparmor = true};

/* One process's part of a plan. */
struct made {
	struct arena mem;
	struct plan plan;
	struct err err;
	struct warnings warnings;
	int r;
};

static void made_clear(struct made *m)
{
	plan_clear(&m->plan);
	arena_clear(&m->mem);
}

enum part { BEFORE, INSIDE };

/* `like` has everything but the process. */
static struct made make(enum part part, const char *text, const struct process_want *like,
			const struct host *on)
{
	struct made m = {.r = 0};
	struct config *cfg = config_of(text, &m.mem);
	struct process_want want = *like;

	oplist_init(&m.plan.ops);
	want.process = cfg->process;
	want.linux_ = cfg->linux_;
	m.warnings = (struct warnings){.arena = &m.mem};
	m.r = part == BEFORE ? process_plan_before(&want, on, &m.plan.ops, &m.err)
			     : process_plan_inside(&want, on, &m.plan.ops, &m.warnings, &m.err);
	CHECK_INT(m.r, -m.err.num);
	return m;
}

static const char *text_of(struct made *m)
{
	return m->r < 0 ? m->err.msg : ops_text(&m->plan.ops, &m->mem);
}

static const struct process_want init = {
	.id = "web", .is_init = true, .root = SLOT_CWD, .start = SLOT_NONE};
static const struct process_want other = {.id = "web", .root = SLOT_CWD, .start = SLOT_NONE};
static const struct process_want in_userns = {
	.id = "web", .is_init = true, .in_userns = true, .root = SLOT_CWD, .start = SLOT_NONE};

#define SESSION "setsid\nkeyring    _ses.web\n"

static const struct {
	const char *config, *text;
	const struct process_want *want;
} before_rows[] = {
	{PROCESS_LINUX("", ""), SESSION, &init},
	{PROCESS_LINUX(",'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615}]",
		       ""),
	 SESSION, &init},
	{PROCESS_LINUX(",'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':1}],'oomScoreAdj':7", ""),
	 SESSION, &in_userns},
	{PROCESS_LINUX(",'oomScoreAdj':-7", ""),
	 SESSION "fsmount    proc -> s2\n"
		 "write      s2 self/oom_score_adj content=-7\n"
		 "close      s2\n",
	 &init},
	{PROCESS_LINUX(",'terminal':true,'consoleSize':{'height':25,'width':80},"
		       "'user':{'uid':5,'gid':6}",
		       ""),
	 SESSION "console    cwd /dev/pts/ptmx size=25x80 uid=5 -> /dev/console\n", &init},
	{PROCESS_LINUX(",'terminal':true", ""), SESSION "console    cwd /dev/pts/ptmx uid=0\n",
	 &other},
	{PROCESS_LINUX(",'terminal':false,'consoleSize':{'height':25,'width':80}", ""), SESSION,
	 &init},
	{PROCESS_LINUX(
		 ",'scheduler':{'policy':'SCHED_IDLE'},"
		 "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':4}",
		 ",'personality':{'domain':'LINUX32'},'memoryPolicy':{'mode':'MPOL_DEFAULT'}"),
	 SESSION "sched      idle flags=0x0 nice=0 priority=0 runtime=0 deadline=0 period=0\n"
		 "ioprio     best-effort,4\n"
		 "personality 0x8\n"
		 "mempolicy  0x0 bits=0\n",
	 &init},
};

TEST(before_the_pivot)
{
	for (size_t i = 0; i < sizeof(before_rows) / sizeof(*before_rows); i++) {
		auto_(made) struct made m =
			make(BEFORE, before_rows[i].config, before_rows[i].want, &host);
		CHECK_STR(text_of(&m), before_rows[i].text);
	}
}

TEST(the_session_keyring_can_be_left_alone)
{
	static const struct process_want want = {.id = "web", .no_new_keyring = true};
	auto_(made) struct made m = make(BEFORE, PROCESS_LINUX("", ""), &want, &host);

	CHECK_STR(text_of(&m), "setsid\n");
}

TEST(labels)
{
	auto_(made) struct made label =
		make(BEFORE, PROCESS_LINUX(",'apparmorProfile':'web'", ""), &init, &with_apparmor);
	auto_(made) struct made missing =
		make(BEFORE, PROCESS_LINUX(",'apparmorProfile':'web'", ""), &init, &host);

	CHECK_STR(text_of(&label),
		  SESSION "fsmount    proc -> s2\n"
			  "write      s2 self/attr/apparmor/exec content=\"exec web\"\n"
			  "close      s2\n");
	CHECK_INT(missing.r, -ENOTSUP);
}

TEST(memory_nodes)
{
	static const struct {
		const char *nodes, *mask; /* NULL: refused */
	} rows[] = {
		{"0", "1"},
		{"0-3,5", "2f"},
		{"63", "8000000000000000"},
		{"1023", "8"},
		{"1024", NULL},
		{"3-1", NULL},
		{"a", NULL},
		{",", NULL},
		{"1-", NULL},
		{"-1", NULL},
		{"1,,2", NULL},
		{" 1", NULL},
		{"18446744073709551616", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena a = {0};
		auto_(made) struct made m =
			make(BEFORE,
			     arena_printf(&a,
					  PROCESS_LINUX("", ",'memoryPolicy':{'mode':'MPOL_BIND',"
							    "'nodes':'%s'}"),
					  rows[i].nodes),
			     &init, &host);
		CHECK_INT(m.r, rows[i].mask ? 0 : -EINVAL);
		if (rows[i].mask)
			CHECK(strstr(text_of(&m), rows[i].mask));
	}
}

#define IDENTITY                                                                                   \
	"setids     uid=0 gid=0 groups=none\n"                                                     \
	"umask      0022\n"
#define NO_CAPS "caps       bounding=0 effective=0 permitted=0 inheritable=0 ambient=0\n"

TEST(inside)
{
	auto_(made) struct made m =
		make(INSIDE, PROCESS_LINUX(",'env':['PATH=/bin','HOME=/h']", ""), &init, &host);

	CHECK_STR(text_of(&m),
		  IDENTITY "find       /bin/prog\n"
			   "ready\n"
			   "start\n" NO_CAPS "exec       prog env=PATH=/bin HOME=/h\n");
}

/* The set-up does not have to get by with them. */
TEST(limits_come_last)
{
	auto_(made) struct made m = make(
		INSIDE,
		PROCESS_LINUX(
			",'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615}]",
			""),
		&init, &host);
	auto_(made) struct made outside = make(
		INSIDE,
		PROCESS_LINUX(
			",'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615}]",
			""),
		&in_userns, &host);

	CHECK(str_starts(text_of(&m), "rlimit     core soft=0 hard=unlimited\n" IDENTITY));
	CHECK(!strstr(text_of(&outside), "rlimit"));
}

TEST(an_ordinary_user)
{
	auto_(made) struct made m =
		make(INSIDE,
		     PROCESS_LINUX(",'env':['PATH=/bin','HOME='],'user':{'uid':7,'gid':8,'umask':0,"
				   "'additionalGids':[9,8]}",
				   ""),
		     &init, &host);

	CHECK(str_starts(text_of(&m), "stdio-owner uid=7\n"
				      "setids     uid=7 gid=8 groups=9,8 [keepcaps]\n"
				      "umask      0000\n"
				      "home       uid=7\n"
				      "find       /bin/prog\n"));
}

/* Where setgroups is denied the groups stay as they are; to ask for others is an error. */
TEST(denied_setgroups)
{
	static const struct process_want want = {
		.id = "web", .keeps_groups = true, .in_userns = true};
	auto_(made) struct made plain = make(INSIDE, PROCESS_LINUX("", ""), &want, &host);
	auto_(made) struct made asked =
		make(INSIDE, PROCESS_LINUX(",'user':{'uid':0,'gid':0,'additionalGids':[1]}", ""),
		     &want, &host);

	CHECK(strstr(text_of(&plain), "setids     uid=0 gid=0 [keepcaps]\n"));
	CHECK_INT(asked.r, -EPERM);
	CHECK_STR(text_of(&asked), "process.user.additionalGids: the user namespace of an ordinary "
				   "user with one group denies setgroups");
}

/* The line that begins with that operation. */
static const char *line(struct made *m, const char *op)
{
	const char *text = text_of(m);
	const char *at = strstr(text, arena_printf(&m->mem, "\n%s ", op));

	return at ? arena_copy(&m->mem, at + 12, strcspn(at + 1, "\n") - 11) : "";
}

TEST(where_the_program_is_looked_for)
{
	static const struct {
		const char *args, *env, *found;
	} rows[] = {
		{"'sh'", "'PATH=/a:/b'", "/a/sh /b/sh"},
		{"'sh'", "'PATH=/a','X=1','PATH=/b'", "/b/sh"},
		{"'sh'", "'PATH=:/a::b:'", "/a/sh b/sh"},
		{"'sh'", "'PATH=:'", ""},
		{"'sh'", "'XPATH=/a','PATHX=/b'",
		 "/usr/local/sbin/sh /usr/local/bin/sh /usr/sbin/sh /usr/bin/sh /sbin/sh /bin/sh"},
		{"'sh'", "'PATH='",
		 "/usr/local/sbin/sh /usr/local/bin/sh /usr/sbin/sh /usr/bin/sh /sbin/sh /bin/sh"},
		{"'./sh','-c'", "'PATH=/a'", "./sh"},
		{"'/x y'", "'PATH=/a'", "\"/x y\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		auto_(arena) struct arena a = {0};
		auto_(made) struct made m = make(
			INSIDE,
			arena_printf(
				&a, TOP(",'process':{'args':[%s],'cwd':'/','env':[%s]},'linux':{}"),
				rows[i].args, rows[i].env),
			&init, &host);
		CHECK_STR(line(&m, "find"), rows[i].found);
	}
}

/* The last value of a name counts. */
TEST(the_environment)
{
	auto_(made) struct made m =
		make(INSIDE,
		     PROCESS_LINUX(",'env':['A=1','AB=2','A=3','HOME=/h','A=','B==x','AB=4']", ""),
		     &init, &host);

	CHECK_STR(line(&m, "exec"), "prog env=HOME=/h A= B==x AB=4");
}

TEST(no_program)
{
	auto_(made) struct made m =
		make(INSIDE, TOP(",'process':{'args':[],'cwd':'/'},'linux':{}"), &init, &host);

	CHECK_STR(text_of(&m), "process.args must not be empty");
}

/* Before the filter, whose operation closes what is not preserved. */
TEST(preserved_descriptors)
{
	static struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW};
	static const struct seccomp_filter filter = {.code = &allow, .n = 1};
	static const struct process_want want = {.id = "web",
						 .root = SLOT_CWD,
						 .start = SLOT_NONE,
						 .filter = &filter,
						 .preserve_fds = 3};
	auto_(made) struct made m = make(INSIDE, PROCESS_LINUX("", ""), &want, &host);

	CHECK(strstr(text_of(&m), "preserve   fds=3\ncaps       [keepcaps]\nseccomp    "));
}

/* With no_new_privs the filter comes last of all, and need not allow what the executor calls. Without
 * it the kernel wants a privilege for it that is given away right behind. */
TEST(privileges_in_order)
{
	static struct sock_filter allow = {.code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW};
	static const struct seccomp_filter filter = {.code = &allow, .n = 1};
	static const struct process_want want = {
		.id = "web", .root = SLOT_CWD, .start = SLOT_NONE, .filter = &filter};
	auto_(made) struct made nnp =
		make(INSIDE, PROCESS_LINUX(",'noNewPrivileges':true", ""), &want, &host);
	auto_(made) struct made none = make(INSIDE, PROCESS_LINUX("", ""), &want, &host);
	const char *behind_start = strstr(text_of(&nnp), "start\n");

	MUST(behind_start);
	CHECK(str_starts(behind_start, "start\n"
				       "prctl      no-new-privs 1\n" NO_CAPS "seccomp    "));
	CHECK(strstr(text_of(&none), "start\ncaps       [keepcaps]\nseccomp    "));
	CHECK(strstr(text_of(&none), "\n" NO_CAPS "exec       prog\n"));
}

TEST(capabilities)
{
	static const struct host poor = {.caps = 1 << 5};
	const char *text = PROCESS_LINUX(",'capabilities':{'bounding':['CAP_CHOWN','CAP_KILL'],"
					 "'permitted':['CAP_KILL'],'effective':['CAP_KILL']}",
					 "");
	auto_(made) struct made rich = make(INSIDE, text, &init, &host);
	auto_(made) struct made less = make(INSIDE, text, &init, &poor);
	/* In a user namespace of its own a process has them all, whatever the host grants. */
	auto_(made) struct made own = make(INSIDE, text, &in_userns, &poor);

	CHECK_STR(line(&rich, "caps"),
		  "bounding=21 effective=20 permitted=20 inheritable=0 ambient=0");
	CHECK_INT(rich.warnings.n, 0);
	CHECK_STR(line(&less, "caps"),
		  "bounding=20 effective=20 permitted=20 inheritable=0 ambient=0");
	MUST(less.warnings.n == 1);
	CHECK_STR(less.warnings.texts[0],
		  "process.capabilities.bounding: CAP_CHOWN left out: this host does not grant it");
	CHECK_STR(line(&own, "caps"), line(&rich, "caps"));
}

/* A directory that only the user may enter is tried again with the user's identity. */
TEST(the_working_directory)
{
	const char *text =
		TOP(",'process':{'args':['/p'],'cwd':'/w','env':['HOME=/h'],'user':{'uid':7,"
		    "'gid':8}},'linux':{'namespaces':[{'type':'mount'}]}");
	auto_(made) struct made m = make(INSIDE, text, &init, &host);

	CHECK(str_starts(text_of(&m), "chdir      /w make=1 [late]\n"
				      "stdio-owner uid=7\n"
				      "setids     uid=7 gid=8 groups=none [keepcaps]\n"
				      "umask      0022\n"
				      "chdir      /w make=0"));
}
