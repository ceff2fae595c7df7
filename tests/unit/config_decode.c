/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"
#include "tests/lib/test.h"
#include "tests/unit/config_text.h"

static struct config *decode(const char *text, struct arena *a, struct err *err)
{
	auto_free char *json = unquote(text);
	struct config *c = NULL;

	config_decode(json, strlen(json), a, &c, err);
	return c;
}

#define MEMORY(members) LINUX("'resources':{'memory':{" members "}}")

TEST(every_kind_of_member)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	struct config *c = decode(
		PROCESS(",'terminal':true,'oomScoreAdj':-5,'env':['A=1','B=\\u00e9'],"
			"'user':{'uid':4294967294,'additionalGids':[1,2,3,4,5]},"
			"'rlimits':[{'type':'RLIMIT_AS','soft':18446744073709551615,'hard':18446744073709551615}]"),
		&a, &err);

	MUST(c);
	CHECK_STR(c->oci_version, "1.0.2");
	CHECK_STR(c->root->path, "r");
	CHECK(!c->root->has_readonly && !c->linux_ && !c->hostname);
	CHECK(c->process->terminal && c->process->has_terminal);
	CHECK(!c->process->has_no_new_privileges);
	CHECK_INT(c->process->oom_score_adj, -5);
	CHECK_INT(c->process->n_env, 2);
	CHECK_STR(c->process->env[1], "B=\xc3\xa9");
	CHECK_INT(c->process->user->uid, 4294967294);
	CHECK(!c->process->user->has_gid);
	CHECK_INT(c->process->user->n_additional_gids, 5);
	CHECK_INT(c->process->user->additional_gids[4], 5);
	CHECK(c->process->rlimits[0].hard == UINT64_MAX);
}

TEST(maps_keep_their_order)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	struct config *c = decode(LINUX("'sysctl':{'z':'1','a':'2'},'namespaces':[{'type':'time'}],"
					"'timeOffsets':{'boottime':{'secs':-7},'monotonic':{}}"),
				  &a, &err);

	MUST(c);
	CHECK_INT(c->linux_->n_sysctl, 2);
	CHECK_STR(c->linux_->sysctl[0].key, "z");
	CHECK_STR(c->linux_->sysctl[0].value, "1");
	CHECK_STR(c->linux_->sysctl[1].key, "a");
	CHECK_INT(c->linux_->namespaces[0].type, CONFIG_NAMESPACE_TYPE_TIME);
	CHECK_STR(c->linux_->time_offsets[0].key, "boottime");
	CHECK_INT(c->linux_->time_offsets[0].secs, -7);
	CHECK_STR(c->linux_->time_offsets[1].key, "monotonic");
	CHECK(!c->linux_->time_offsets[1].has_secs);
}

TEST(empty_is_not_absent)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	struct config *c = decode(LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','flags':[]},"
					"'sysctl':{},'maskedPaths':null"),
				  &a, &err);

	MUST(c);
	CHECK(c->linux_->seccomp->flags && c->linux_->seccomp->n_flags == 0);
	CHECK(!c->linux_->seccomp->architectures);
	CHECK(c->linux_->sysctl && c->linux_->n_sysctl == 0);
	CHECK(!c->linux_->masked_paths);
}

TEST(null_is_absent_and_unknown_is_skipped)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	struct config *c =
		decode(TOP(",'hostname':null,'windows':{'a':[{'b':1}],'c':'\\u0000'},'x':[[]],"
			   "'annotations':{'a':null,'b':''},'vm':1.5"),
		       &a, &err);

	MUST(c);
	CHECK(!c->hostname);
	CHECK_INT(c->n_annotations, 1);
	CHECK_STR(c->annotations[0].key, "b");
	CHECK_STR(config_annotation(c, "b"), "");
	CHECK_STR(config_annotation(c, "a"), NULL);
}

static const struct {
	const char *json, *message;
} error_rows[] = {
	{"[]", "expected an object, found an array"},
	{"null", "expected an object, found null"},
	{"{}", "ociVersion: required, but missing"},
	{"{'ociVersion':'1.0.2'}", "root: required, but missing"},
	{"{'ociVersion':null,'root':{'path':'r'}}", "ociVersion: required, but missing"},
	{"{'ociVersion':1}", "ociVersion: expected a string, found 1"},
	{TOP(",'root':{'path':'r'}"), "root: expected once, found twice"},
	{TOP(",'hostname':null,'hostname':'a'"), "hostname: expected once, found twice"},
	{TOP(",'hostname':'a\\u0000b'"), "hostname: expected a string without NUL characters"},
	{TOP(",'annotations':{'a\\u0000b':''}"),
	 "annotations: expected a string without NUL characters"},
	{TOP(",'annotations':{'a.b':1}"), "annotations[\"a.b\"]: expected a string, found 1"},
	{TOP(",'annotations':{'b':'','a':'','b':''}"),
	 "annotations[\"b\"]: expected once, found twice"},
	{TOP(",'annotations':[]"), "annotations: expected an object, found an array"},
	{TOP(",'mounts':{}"), "mounts: expected an array, found an object"},
	{TOP(",'mounts':[{'destination':'/'},{'type':'x'}]"),
	 "mounts[1].destination: required, but missing"},
	{TOP(",'mounts':['/']"), "mounts[0]: expected an object, found \"/\""},
	{TOP(",'mounts':[null]"), "mounts[0]: expected an object, found null"},
	{PROCESS(",'terminal':1"), "process.terminal: expected true or false, found 1"},
	{PROCESS(",'env':['a=b',null]"), "process.env[1]: expected a string, found null"},
	{PROCESS(",'user':{'uid':-1}"),
	 "process.user.uid: expected an integer from 0 to 4294967294, found -1"},
	{PROCESS(",'user':{'uid':4294967295}"),
	 "process.user.uid: expected an integer from 0 to 4294967294, found 4294967295"},
	{PROCESS(",'user':{'uid':'0'}"),
	 "process.user.uid: expected an integer from 0 to 4294967294, found \"0\""},
	{PROCESS(",'user':{'additionalGids':[1,2.5]}"),
	 "process.user.additionalGids[1]: expected an integer from 0 to 4294967294, found 2.5"},
	{PROCESS(",'oomScoreAdj':1001"),
	 "process.oomScoreAdj: expected an integer from -1000 to 1000, found 1001"},
	{PROCESS(",'oomScoreAdj':-1001"),
	 "process.oomScoreAdj: expected an integer from -1000 to 1000, found -1001"},
	{PROCESS(",'consoleSize':{'height':1}"),
	 "process.consoleSize.width: required, but missing"},
	{PROCESS(",'consoleSize':{'height':65536,'width':1}"),
	 "process.consoleSize.height: expected an integer from 0 to 65535, found 65536"},
	{PROCESS(",'ioPriority':{'class':'RT'}"),
	 "process.ioPriority.class: expected one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE, found \"RT\""},
	{LINUX("'namespaces':[{'type':'pid'},{'type':'pidns'}]"),
	 "linux.namespaces[1].type: expected one of pid, network, mount, ipc, uts, user, cgroup, time, found \"pidns\""},
	{LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
	 "linux.timeOffsets[\"boottime\"].nanosecs: expected an integer from 0 to 999999999, found 1000000000"},
	{LINUX("'uidMappings':[{'containerID':0,'hostID':0,'size':0}]"),
	 "linux.uidMappings[0].size: expected an integer from 1 to 4294967295, found 0"},
	{MEMORY("'limit':9223372036854775808"),
	 "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found 9223372036854775808"},
	{MEMORY("'limit':99999999999999999999"),
	 "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found 99999999999999999999"},
	{MEMORY("'limit':-2"),
	 "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found -2"},
	{MEMORY("'limit':1e3"),
	 "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found 1e3"},
	{MEMORY("'limit':1.0"),
	 "linux.resources.memory.limit: expected an integer from -1 to 9223372036854775807, found 1.0"},
	{LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'b','args':[{'index':6}]}]}"),
	 "linux.seccomp.syscalls[0].args[0].index: expected an integer from 0 to 5, found 6"},
};

TEST(errors_name_path_expected_and_found)
{
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(*error_rows); i++) {
		auto_(arena) struct arena a = {0};
		struct err err = {0};
		CHECK(!decode(error_rows[i].json, &a, &err));
		CHECK_INT(err.num, EINVAL);
		CHECK_STR(err.msg, error_rows[i].message);
	}
}

TEST(what_was_found_is_cut_and_printable)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};

	CHECK(!decode(
		PROCESS(",'terminal':'a\\n01234567890123456789012345678901234567890123456789012345678'"),
		&a, &err));
	CHECK_STR(err.msg, "process.terminal: expected true or false, found "
			   "\"a?0123456789012345678901234567890123456789012345678901234...\"");
}

TEST(integer_edges)
{
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	struct config *c = decode(
		LINUX("'resources':{'memory':{'limit':9223372036854775807,'swap':-1,'reservation':-0},"
		      "'cpu':{'quota':-9223372036854775808,'shares':18446744073709551615}}"),
		&a, &err);

	MUST(c);
	CHECK(c->linux_->resources->memory->limit == INT64_MAX);
	CHECK_INT(c->linux_->resources->memory->swap, -1);
	CHECK(c->linux_->resources->memory->has_reservation);
	CHECK(c->linux_->resources->cpu->quota == INT64_MIN);
	CHECK(c->linux_->resources->cpu->shares == UINT64_MAX);
}

TEST(elements_are_bounded)
{
	auto_(arena) struct arena a = {0};
	auto_(str) struct str s = {0};
	struct config *c = NULL;
	struct err err = {0};

	str_add(&s, "{\"process\":{\"args\":[\"\"");
	for (int i = 0; i < DECODE_ELEMENTS_MAX; i++)
		str_add(&s, ",\"\"");
	str_add(&s, "]}}");
	CHECK_INT(config_decode(s.p, s.len, &a, &c, &err), -EFBIG);
	CHECK_STR(err.msg, "more than 262144 list elements");
}

TEST(a_part_by_itself)
{
	static const char text[] = "{\"pids\":{\"limit\":7}}";
	auto_(arena) struct arena a = {0};
	struct err err = {0};
	void *ret = NULL;

	CHECK_INT(decode_object(&config_resources_table, text, strlen(text), &a, &ret, &err), 0);
	MUST(ret);
	CHECK_INT(((struct config_resources *)ret)->pids->limit, 7);
}

/* Members in the schema's order, so that the text comes back as it went in. */
TEST(encode_is_the_inverse)
{
	static const char *const texts[] = {
		TOP(""),
		TOP(",'hostname':'h','mounts':[{'destination':'/p','options':[]}],"
		    "'hooks':{'poststop':[{'path':'/x','args':['x','y'],'timeout':5}]},"
		    "'annotations':{'z':'1','a':'\\n\\u0001'}"),
		LINUX("'namespaces':[{'type':'pid'},{'type':'user','path':'/u'}],"
		      "'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
		      "'timeOffsets':{'monotonic':{'secs':-1,'nanosecs':2}},"
		      "'devices':[{'type':'c','path':'/dev/x','major':1,'minor':2,'fileMode':438}],"
		      "'resources':{'devices':[{'allow':false,'access':'rwm'}],"
		      "'memory':{'limit':-1,'swappiness':0,'disableOOMKiller':false},"
		      "'blockIO':{'weight':10},'rdma':{'mlx':{'hcaHandles':3}},'unified':{'a.b':'c'}},"
		      "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES']},"
		      "'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'flags':[],"
		      "'syscalls':[{'names':['a','b'],'action':'SCMP_ACT_ALLOW',"
		      "'args':[{'index':5,'value':18446744073709551615,'op':'SCMP_CMP_MASKED_EQ'}]}]}"),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_(arena) struct arena a = {0};
		auto_(str) struct str s = {0};
		auto_free char *json = unquote(texts[i]);
		struct err err = {0};
		struct config *c = decode(texts[i], &a, &err);
		CHECK_STR(err.msg, "");
		MUST(c);
		config_encode(c, NULL, &s);
		CHECK_STR(s.p, json);
	}
}
