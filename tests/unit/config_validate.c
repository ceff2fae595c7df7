/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/config/decode.h"
#include "runtime/config/validate.h"
#include "tests/lib/test.h"
#include "tests/unit/config_text.h"

#define NS(type, members) "'namespaces':[{'type':'" type "'}]" members
#define USER_NS(members)                                                                           \
	NS("user", ",'uidMappings':[{'containerID':0,'hostID':1000,'size':10}]"                    \
		   ",'gidMappings':[{'containerID':0,'hostID':1000,'size':10}]" members)
#define SECCOMP(members) LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ERRNO'" members "}")
#define SCHEDULER(policy, members) PROCESS(",'scheduler':{'policy':'SCHED_" policy "'" members "}")
#define MAP(container, host, size) "{'containerID':" container ",'hostID':" host ",'size':" size "}"

struct row {
	const char *json, *message; /* NULL: valid */
};

static void validate(const struct row *row, const struct host *host, struct warnings *w)
{
	auto_(arena) struct arena a = {0};
	auto_free char *json = unquote(row->json);
	struct config *c = NULL;
	struct err err = {0};

	int r = config_decode(json, strlen(json), &a, &c, &err);
	if (r == 0)
		r = config_validate(c, host, w, &err);
	CHECK_INT(r, row->message ? -EINVAL : 0);
	CHECK_STR(err.msg, row->message ? row->message : "");
}

static void validate_all(const struct row *rows, size_t n)
{
	static const struct host host;

	for (size_t i = 0; i < n; i++)
		validate(&rows[i], &host, NULL);
}

#define VALIDATE(rows) validate_all(rows, sizeof(rows) / sizeof(*(rows)))

static const struct row version_rows[] = {
	{"{'ociVersion':'1.3.0+dev','root':{'path':'r'}}", NULL},
	{"{'ociVersion':'1.0.0-rc.5-x+y.z','root':{'path':'r'}}", NULL},
	{"{'ociVersion':'2.0.0','root':{'path':'r'}}",
	 "ociVersion: expected a version 1.x.y, found \"2.0.0\""},
	{"{'ociVersion':'1.02.0','root':{'path':'r'}}",
	 "ociVersion: expected a version 1.x.y, found \"1.02.0\""},
	{"{'ociVersion':'1.0','root':{'path':'r'}}",
	 "ociVersion: expected a version 1.x.y, found \"1.0\""},
	{"{'ociVersion':'1.0.0-','root':{'path':'r'}}",
	 "ociVersion: expected a version 1.x.y, found \"1.0.0-\""},
	{"{'ociVersion':'','root':{'path':'r'}}",
	 "ociVersion: expected a version 1.x.y, found \"\""},
};

TEST(version)
{
	VALIDATE(version_rows);
}

static const struct row common_rows[] = {
	{"{'ociVersion':'1.0.2','root':{'path':''}}", "root.path: must not be empty"},
	{TOP(",'hostname':'h'"), "hostname: set without a uts namespace"},
	{TOP(",'domainname':'h'"), "domainname: set without a uts namespace"},
	{TOP(",'hostname':''"), NULL},
	{TOP(",'hostname':'h','domainname':'d','linux':{" NS("uts", "") "}"), NULL},
	{TOP(",'hostname':'01234567890123456789012345678901234567890123456789012345678901234',"
	     "'linux':{" NS("uts", "") "}"),
	 "hostname: more than 64 bytes"},
	{TOP(",'annotations':{'':'x'}"), "annotations: a key must not be empty"},
	{TOP(",'hooks':{'prestart':[{'path':'/a'}],'poststop':[{'path':'/a'},{'path':'b'}]}"),
	 "hooks.poststop[1].path: must be absolute, found \"b\""},
	{TOP(",'hooks':{'poststart':[{'path':'/a','timeout':0}]}"),
	 "hooks.poststart[0].timeout: expected an integer from 1 to 9223372036854775807, found 0"},
};

TEST(common_members)
{
	VALIDATE(common_rows);
}

static const struct row process_rows[] = {
	{PROCESS(""), NULL},
	{TOP(",'process':{'cwd':'/'}"), "process.args: required, but missing"},
	{TOP(",'process':{'cwd':'/','args':[]}"), "process.args must not be empty"},
	{TOP(",'process':{'cwd':'','args':['a']}"), "process.cwd: must be absolute, found \"\""},
	{TOP(",'process':{'cwd':'a/b','args':['a']}"),
	 "process.cwd: must be absolute, found \"a/b\""},
	{PROCESS(",'env':['A=','B=c=d']"), NULL},
	{PROCESS(",'env':['A=','B']"), "process.env[1]: expected NAME=value, found \"B\""},
	{PROCESS(",'env':['=x']"), "process.env[0]: expected NAME=value, found \"=x\""},
	{PROCESS(",'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':1},"
		 "{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615}]"),
	 NULL},
	{PROCESS(",'rlimits':[{'type':'NOFILE','soft':1,'hard':1}]"),
	 "process.rlimits[0].type: unknown limit \"NOFILE\""},
	{PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':1,'hard':1},"
		 "{'type':'RLIMIT_AS','soft':1,'hard':1}]"),
	 "process.rlimits[1].type: RLIMIT_AS is there twice"},
	{PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':2,'hard':1}]"),
	 "process.rlimits[0].soft: above the hard limit"},
	{PROCESS(",'execCPUAffinity':{'initial':'0-3,7','final':''}"), NULL},
	{PROCESS(",'execCPUAffinity':{'initial':'3-1'}"),
	 "process.execCPUAffinity.initial: not a list of CPUs: \"3-1\""},
	{PROCESS(",'execCPUAffinity':{'final':'1,'}"),
	 "process.execCPUAffinity.final: not a list of CPUs: \"1,\""},
	{PROCESS(",'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"),
	 "process.ioPriority.priority: expected an integer from 0 to 7, found 8"},
};

TEST(process)
{
	VALIDATE(process_rows);
}

static const struct row scheduler_rows[] = {
	{SCHEDULER("OTHER", ",'nice':-20"), NULL},
	{SCHEDULER("BATCH", ",'nice':20"), "process.scheduler.nice: expected -20 to 19, found 20"},
	{SCHEDULER("OTHER", ",'priority':1"),
	 "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one"},
	{SCHEDULER("FIFO", ",'priority':99"), NULL},
	{SCHEDULER("RR", ""), "process.scheduler.priority: expected 1 to 99, found 0"},
	{SCHEDULER("RR", ",'priority':1,'runtime':1"),
	 "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE only"},
	{SCHEDULER("DEADLINE", ",'runtime':5,'deadline':6,'period':7"), NULL},
	{SCHEDULER("DEADLINE", ",'runtime':5,'deadline':6"), NULL},
	{SCHEDULER("DEADLINE", ",'runtime':5,'deadline':4"),
	 "process.scheduler: expected 0 < runtime <= deadline <= period"},
	{PROCESS(",'scheduler':{'nice':1}"), "process.scheduler.policy: required, but missing"},
};

TEST(scheduler)
{
	VALIDATE(scheduler_rows);
}

static const struct row mount_rows[] = {
	{TOP(",'mounts':[{'destination':''}]"), "mounts[0].destination: must not be empty"},
	{TOP(",'mounts':[{'destination':'/a','options':['idmap']}]"),
	 "mounts[0]: idmap needs mappings or a user namespace"},
	{TOP(",'mounts':[{'destination':'/a','options':['rbind','ridmap']}]"),
	 "mounts[0]: idmap needs mappings or a user namespace"},
	{TOP(",'mounts':[{'destination':'/a','options':['idmap=uids=0-1-2']}]"), NULL},
	{TOP(",'mounts':[{'destination':'/a','options':['idmap'],'uidMappings':[" MAP(
		 "0", "1", "1") "],'gidMappings':[" MAP("0", "1", "1") "]}]"),
	 NULL},
	{TOP(",'mounts':[{'destination':'/a','options':['idmap']}],'linux':{" USER_NS("") "}"),
	 NULL},
	{TOP(",'mounts':[{'destination':'/a','uidMappings':[" MAP("0", "1", "1") "]}]"),
	 "mounts[0]: uidMappings and gidMappings need one another"},
	{TOP(",'mounts':[{'destination':'/a','uidMappings':[" MAP(
		 "0", "1", "5") "],'gidMappings':[" MAP("0", "1", "5") "," MAP("4", "9",
									       "1") "]}]"),
	 "mounts[0].gidMappings[1]: overlaps mounts[0].gidMappings[0]"},
};

TEST(mounts)
{
	VALIDATE(mount_rows);
}

static const struct row namespace_rows[] = {
	{LINUX("'namespaces':[{'type':'pid','path':'/x'},{'type':'uts','path':''}]"), NULL},
	{LINUX("'namespaces':[{'type':'pid'},{'type':'pid','path':'/x'}]"),
	 "linux.namespaces[1].type: pid is there twice"},
	{LINUX("'namespaces':[{'type':'pid','path':'x'}]"),
	 "linux.namespaces[0].path: must be absolute, found \"x\""},
	{LINUX(NS("time", ",'timeOffsets':{'monotonic':{'secs':1}}")), NULL},
	{LINUX("'timeOffsets':{'monotonic':{'secs':1}}"),
	 "linux.timeOffsets: set without a time namespace"},
	{LINUX("'namespaces':[{'type':'time','path':'/t'}],'timeOffsets':{'monotonic':{'secs':1}}"),
	 "linux.timeOffsets: set for a time namespace that is only joined"},
	{LINUX(NS("time", ",'timeOffsets':{'realtime':{'secs':1}}")),
	 "linux.timeOffsets: expected monotonic or boottime, found \"realtime\""},
};

TEST(namespaces)
{
	VALIDATE(namespace_rows);
}

static const struct row id_rows[] = {
	{LINUX(USER_NS("")), NULL},
	{LINUX("'namespaces':[{'type':'user','path':'/u'}]"), NULL},
	{LINUX(NS("user", "")), "linux.uidMappings: required for a new user namespace"},
	{LINUX("'uidMappings':[" MAP("0", "0", "1") "]"),
	 "linux.uidMappings: set without a user namespace"},
	{LINUX("'gidMappings':[" MAP("0", "0", "1") "]"),
	 "linux.gidMappings: set without a user namespace"},
	{LINUX(NS("user", ",'gidMappings':[" MAP("0", "0", "1") "]")),
	 "linux: uidMappings and gidMappings need one another"},
	{LINUX(NS("user", ",'uidMappings':[" MAP("4294967294", "0",
						 "2") "],'gidMappings':[" MAP("0", "0", "1") "]")),
	 "linux.uidMappings[0]: ends above the highest id"},
	{LINUX(NS("user", ",'uidMappings':[" MAP("0", "0", "4294967295") "],'gidMappings':[" MAP(
				  "0", "0", "4294967295") "]")),
	 NULL},
	{LINUX(NS("user", ",'uidMappings':[" MAP("0", "0", "2") "," MAP(
				  "5", "1", "1") "],'gidMappings':[" MAP("0", "0", "1") "]")),
	 "linux.uidMappings[1]: overlaps linux.uidMappings[0]"},
	{PROCESS(",'user':{'uid':10,'gid':0}},'linux':{" USER_NS("")),
	 "process.user.uid: cannot setuid to unmapped uid 10 in user namespace"},
	{PROCESS(",'user':{'uid':9,'gid':11}},'linux':{" USER_NS("")),
	 "process.user.gid: cannot setgid to unmapped gid 11 in user namespace"},
	{PROCESS(",'user':{'additionalGids':[3,44]}},'linux':{" USER_NS("")),
	 "process.user.additionalGids[1]: cannot setgid to unmapped gid 44 in user namespace"},
	{PROCESS("},'linux':{" USER_NS("")), NULL},
};

TEST(id_maps)
{
	VALIDATE(id_rows);
}

static const struct row sysctl_rows[] = {
	{LINUX(NS("ipc", ",'sysctl':{'kernel.shmmax':'1','fs/mqueue/msg_max':'1'}")), NULL},
	{LINUX(NS("network", ",'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/eth0.1/x':'1'}")),
	 NULL},
	{LINUX(NS("uts", ",'sysctl':{'kernel.domainname':'x'}")), NULL},
	{LINUX(USER_NS(",'sysctl':{'user.max_user_namespaces':'1'}")), NULL},
	{LINUX("'sysctl':{'kernel.sem':'1'}"),
	 "linux.sysctl: sysctl \"kernel.sem\" is not allowed in the hosts ipc namespace"},
	{LINUX("'sysctl':{'net.core.somaxconn':'1'}"),
	 "linux.sysctl: sysctl \"net.core.somaxconn\" is not allowed in the hosts network namespace"},
	{LINUX(NS("uts", ",'sysctl':{'kernel.hostname':'x'}")),
	 "linux.sysctl: sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI "
	 "\"hostname\" field"},
	{LINUX("'sysctl':{'kernel.domainname':'x'}"),
	 "linux.sysctl: sysctl \"kernel.domainname\" is not in a separate kernel namespace"},
	{LINUX(NS("network", ",'sysctl':{'vm.overcommit_memory':'1'}")),
	 "linux.sysctl: sysctl \"vm.overcommit_memory\" is not in a separate kernel namespace"},
	{LINUX(NS("network", ",'sysctl':{'net/../kernel/core_pattern':'1'}")),
	 "linux.sysctl: sysctl \"net/../kernel/core_pattern\" is not a name"},
	{LINUX(NS("network", ",'sysctl':{'net.//.kernel.core_pattern':'1'}")),
	 "linux.sysctl: sysctl \"net.//.kernel.core_pattern\" is not a name"},
	{LINUX(NS("network", ",'sysctl':{'net..x':'1'}")),
	 "linux.sysctl: sysctl \"net..x\" is not a name"},
	{LINUX(NS("network", ",'sysctl':{'/net/x':'1'}")),
	 "linux.sysctl: sysctl \"/net/x\" is not a name"},
	{LINUX(NS("network", ",'sysctl':{'net':'1'}")),
	 "linux.sysctl: sysctl \"net\" is not a name"},
};

TEST(sysctls)
{
	VALIDATE(sysctl_rows);
}

static const struct row net_device_rows[] = {
	{LINUX(NS("network", ",'netDevices':{'eth0':{},'eth1':{'name':'e%d'}}")), NULL},
	{LINUX("'netDevices':{'eth0':{}}"), "linux.netDevices: set without a network namespace"},
	{LINUX(NS("network", ",'netDevices':{'a/b':{}}")),
	 "linux.netDevices: \"a/b\" is not a device name"},
	{LINUX(NS("network", ",'netDevices':{'a':{'name':'0123456789abcdef'}}")),
	 "linux.netDevices[\"a\"].name: \"0123456789abcdef\" is not a device name"},
	{LINUX(NS("network", ",'netDevices':{'a':{'name':'e%s'}}")),
	 "linux.netDevices[\"a\"].name: \"e%s\" is not a device name"},
	{LINUX(NS("network", ",'netDevices':{'a':{'name':'x'},'b':{'name':'x'}}")),
	 "linux.netDevices[\"b\"].name: \"x\" is taken twice"},
};

TEST(net_devices)
{
	static const struct host user = {.euid = 1000};
	const struct row row = {net_device_rows[0].json,
				"linux.netDevices: only root can move network devices"};

	VALIDATE(net_device_rows);
	validate(&row, &user, NULL);
}

static const struct row linux_rows[] = {
	{LINUX(NS("mount", ",'maskedPaths':['/a'],'readonlyPaths':['/b']")), NULL},
	{LINUX("'maskedPaths':['/a']"), "linux.maskedPaths: set without a mount namespace"},
	{LINUX("'readonlyPaths':['/a']"), "linux.readonlyPaths: set without a mount namespace"},
	{LINUX("'maskedPaths':[]"), NULL},
	{LINUX(NS("mount", ",'readonlyPaths':['/a','b']")),
	 "linux.readonlyPaths[1]: must be absolute, found \"b\""},
	{LINUX("'rootfsPropagation':'rslave'"), NULL},
	{LINUX("'rootfsPropagation':'slaves'"), "linux.rootfsPropagation: unknown word \"slaves\""},
	{LINUX("'devices':[{'type':'p','path':'/dev/f'}]"), NULL},
	{LINUX("'devices':[{'type':'c','path':'dev/f','major':1,'minor':1}]"),
	 "linux.devices[0].path: must be absolute, found \"dev/f\""},
	{LINUX("'devices':[{'type':'b','path':'/dev/f','major':1}]"),
	 "linux.devices[0]: a device of type b needs major and minor"},
	{LINUX("'memoryPolicy':{'mode':'MPOL_PREFERRED','nodes':''}"), NULL},
	{LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0,2-3'}"), NULL},
	{LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':''}"),
	 "linux.memoryPolicy.nodes: MPOL_BIND needs a node"},
	{LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}"),
	 "linux.memoryPolicy.nodes: MPOL_LOCAL takes no nodes"},
	{LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'x'}"),
	 "linux.memoryPolicy.nodes: not a list of nodes: \"x\""},
	{LINUX("'intelRdt':{'closID':'/','schemata':['L3:0=f']}"), NULL},
	{LINUX("'intelRdt':{'closID':'..'}"), "linux.intelRdt.closID: not a name: \"..\""},
	{LINUX("'intelRdt':{'closID':'a/b'}"), "linux.intelRdt.closID: not a name: \"a/b\""},
	{LINUX("'intelRdt':{'memBwSchema':'a\\nb'}"),
	 "linux.intelRdt.memBwSchema: must be one line"},
	{LINUX("'intelRdt':{'schemata':['a','b\\n']}"),
	 "linux.intelRdt.schemata[1]: must be one line"},
	{LINUX("'personality':{'domain':'LINUX64'}"),
	 "linux.personality.domain: expected one of LINUX, LINUX32, found \"LINUX64\""},
};

TEST(linux_members)
{
	VALIDATE(linux_rows);
}

static const struct row resource_rows[] = {
	{RESOURCES("'devices':[{'allow':true,'type':'','major':-1,'access':'m'}]"), NULL},
	{RESOURCES("'devices':[{'allow':true,'type':'p','access':'m'}]"),
	 "linux.resources.devices[0].type: expected a, b or c, found \"p\""},
	{RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
	 "linux.resources.devices[0].access: expected letters of rwm, found \"rx\""},
	{RESOURCES("'devices':[{'allow':true,'access':''}]"),
	 "linux.resources.devices[0].access: expected letters of rwm, found \"\""},
	{RESOURCES("'devices':[{'allow':true}]"),
	 "linux.resources.devices[0].access: required, but missing"},
	{RESOURCES("'memory':{'limit':5,'swap':5,'reservation':7}"), NULL},
	{RESOURCES("'memory':{'limit':5,'swap':-1}"), NULL},
	{RESOURCES("'memory':{'swap':0}"), NULL},
	{RESOURCES("'memory':{'swap':5}"),
	 "linux.resources.memory.swap: unable to set swap limit without memory limit"},
	{RESOURCES("'memory':{'limit':-1,'swap':5}"),
	 "linux.resources.memory.swap: unable to set swap limit without memory limit"},
	{RESOURCES("'memory':{'limit':5,'swap':4}"),
	 "linux.resources.memory.swap: memory+swap limit should be >= memory limit"},
	{RESOURCES("'memory':{'swappiness':101}"),
	 "linux.resources.memory.swappiness: expected an integer from 0 to 100, found 101"},
	{RESOURCES("'cpu':{'quota':-1,'period':100000,'burst':5,'cpus':'0-1','mems':'','idle':1}"),
	 NULL},
	{RESOURCES("'cpu':{'period':999}"),
	 "linux.resources.cpu.period: expected 1000 to 1000000, found 999"},
	{RESOURCES("'cpu':{'quota':10}"),
	 "linux.resources.cpu.quota: expected at least 1000, found 10"},
	{RESOURCES("'cpu':{'quota':1000,'burst':1001}"),
	 "linux.resources.cpu.burst: above the quota"},
	{RESOURCES("'cpu':{'cpus':'a'}"), "linux.resources.cpu.cpus: not a list of CPUs: \"a\""},
	{RESOURCES("'cpu':{'mems':'0 1'}"),
	 "linux.resources.cpu.mems: not a list of nodes: \"0 1\""},
	{RESOURCES("'blockIO':{'weight':0,'leafWeight':9}"),
	 "linux.resources.blockIO.leafWeight: expected 10 to 1000"},
	{RESOURCES("'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':5}]}"),
	 "linux.resources.blockIO.weightDevice[0].weight: expected 10 to 1000"},
	{RESOURCES("'hugepageLimits':[{'pageSize':'2MB','limit':0}]"), NULL},
	{RESOURCES("'hugepageLimits':[{'pageSize':'2M','limit':0}]"),
	 "linux.resources.hugepageLimits[0].pageSize: expected a size such as 2MB, found \"2M\""},
	{RESOURCES("'network':{'priorities':[{'name':'','priority':1}]}"),
	 "linux.resources.network.priorities[0].name: must not be empty"},
	{RESOURCES("'rdma':{'m':{'hcaObjects':1}}"), NULL},
	{RESOURCES("'rdma':{'m':{}}"),
	 "linux.resources.rdma[\"m\"]: needs hcaHandles or hcaObjects"},
	{RESOURCES("'unified':{'memory.high':'1'}"), NULL},
	{RESOURCES("'unified':{'../memory.high':'1'}"),
	 "linux.resources.unified: unified resource \"../memory.high\" must be a file name (no slashes)"},
	{RESOURCES("'unified':{'memory':'1'}"),
	 "linux.resources.unified: unified resource \"memory\" must be in the form CONTROLLER.PARAMETER"},
	{RESOURCES("'unified':{'..':'1'}"),
	 "linux.resources.unified: unified resource \"..\" must be in the form CONTROLLER.PARAMETER"},
};

TEST(resources)
{
	VALIDATE(resource_rows);
}

static const struct row seccomp_rows[] = {
	{SECCOMP(",'defaultErrnoRet':38,'architectures':['SCMP_ARCH_X86_64'],"
		 "'flags':['SECCOMP_FILTER_FLAG_LOG'],'listenerPath':'/s','listenerMetadata':'m',"
		 "'syscalls':[{'names':['read'],'action':'SCMP_ACT_NOTIFY'}]"),
	 NULL},
	{LINUX("'seccomp':{'defaultAction':'ALLOW'}"),
	 "linux.seccomp.defaultAction: unknown action \"ALLOW\""},
	{LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}"),
	 "linux.seccomp.defaultAction: SCMP_ACT_ALLOW cannot carry an errno"},
	{LINUX("'seccomp':{'defaultAction':'SCMP_ACT_NOTIFY'}"),
	 "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default"},
	{SECCOMP(",'architectures':['X86']"),
	 "linux.seccomp.architectures[0]: unknown architecture \"X86\""},
	{SECCOMP(",'flags':['LOG']"), "linux.seccomp.flags[0]: unknown flag \"LOG\""},
	{SECCOMP(",'listenerMetadata':'m'"),
	 "linux.seccomp.listenerMetadata: set without a listenerPath"},
	{SECCOMP(",'syscalls':[{'names':['a'],'action':'SCMP_ACT_KILL','errnoRet':1}]"),
	 "linux.seccomp.syscalls[0].action: SCMP_ACT_KILL cannot carry an errno"},
	{SECCOMP(",'syscalls':[{'names':[],'action':'SCMP_ACT_ALLOW'}]"),
	 "linux.seccomp.syscalls[0].names: must not be empty"},
	{SECCOMP(",'syscalls':[{'names':['a',''],'action':'SCMP_ACT_ALLOW'}]"),
	 "linux.seccomp.syscalls[0].names[1]: must not be empty"},
	{SECCOMP(",'syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'}]"),
	 "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY needs a listenerPath"},
	{TOP(",'annotations':{'run.oci.seccomp.receiver':'/s'},'linux':{'seccomp':{'defaultAction':"
	     "'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'}]}}"),
	 NULL},
	{SECCOMP(",'listenerPath':'/s','syscalls':[{'names':['a','write'],'action':'SCMP_ACT_NOTIFY'}]"),
	 "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall"},
};

TEST(seccomp)
{
	VALIDATE(seccomp_rows);
}

TEST(warnings)
{
	static const struct host host;
	static const struct row row = {
		PROCESS(",'capabilities':{'bounding':['CAP_KILL','CAP_FLY'],'ambient':['CAP_KILL']}},"
			"'mounts':[{'destination':'a'}],'linux':{'personality':{'domain':'LINUX','flags':['x']},"
			"'resources':{'memory':{'kernelTCP':5}}"),
		NULL};
	auto_(arena) struct arena a = {0};
	struct warnings w = {.arena = &a};

	validate(&row, &host, &w);
	MUST(CHECK_INT(w.n, 4));
	CHECK_STR(w.texts[0],
		  "process.capabilities.bounding[1]: unknown capability \"CAP_FLY\" left out");
	CHECK_STR(w.texts[1], "mounts[0].destination: \"a\" is relative, taken as below /");
	CHECK_STR(w.texts[2], "linux.personality.flags: none is defined; ignored");
	CHECK_STR(w.texts[3],
		  "linux.resources.memory.kernelTCP: no kernel has this limit any more; ignored");
}

TEST(parts_by_themselves)
{
	const char *args[] = {"a"};
	struct config_process process = {.args = args, .n_args = 1, .cwd = "x"};
	struct config_memory memory = {.swap = 1};
	struct config_resources resources = {.memory = &memory};
	struct err err = {0};

	CHECK_INT(config_validate_process(&process, NULL, &err), -EINVAL);
	CHECK_STR(err.msg, "process.cwd: must be absolute, found \"x\"");
	CHECK_INT(config_validate_resources(&resources, NULL, &err), -EINVAL);
	CHECK_STR(err.msg,
		  "linux.resources.memory.swap: unable to set swap limit without memory limit");
}
