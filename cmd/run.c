/* SPDX-License-Identifier: Apache-2.0 */
/* run: a bundle, as OCI runtimes do it, or an image. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/attach.h"
#include "cmd/oci.h"
#include "cmd/out.h"
#include "cmd/run_request.h"
#include "cmd/volume.h"
#include "runtime/detach.h"

/* clang-format off */
#define DETACH {"detach", 'd', ARG_FLAG, offsetof(struct io_opts, detach), NULL, "don't wait for its end"}
#define KEEP {"keep", 0, ARG_FLAG, offsetof(struct oci_opts, keep), NULL, "don't delete it at its end"}
static const struct arg oci_args[] = {OCI_ARGS, DETACH, KEEP, ARGS_END};

#define OPT(member) offsetof(struct run_opts, member)
#define TEXT(member) ARG_TEXT, OPT(flags.member)
#define LIST(member) ARG_LIST, OPT(flags.member)
static const struct arg run_args[] = {
	{"rm", 0, ARG_FLAG, OPT(remove), NULL, "delete the container at its end"},
	{"interactive", 'i', ARG_FLAG, OPT(interactive), NULL, "pass standard input on"},
	{"tty", 't', ARG_FLAG, OPT(flags.tty), NULL, "give it a terminal"},
	DETACH,
	{"name", 0, ARG_TEXT, OPT(name), "NAME", "its id (12 random digits)"},
	{"env", 'e', LIST(env), "NAME[=VALUE]", "set an environment variable, or pass one on"},
	{"env-file", 0, ARG_LIST, OPT(env_files), "FILE", "the same, a line each"},
	{"workdir", 'w', TEXT(workdir), "DIR", "working directory"},
	{"user", 'u', TEXT(user), "USER[:GROUP]", "names of the image, or numbers"},
	{"group-add", 0, LIST(groups), "GROUP", "add a supplementary group"},
	{"hostname", 'h', TEXT(hostname), "NAME", "host name (the id)"},
	{"domainname", 0, TEXT(domainname), "NAME", "NIS domain name"},
	{"entrypoint", 0, TEXT(entrypoint), "PROGRAM", "instead of the image's"},
	{"cpus", 0, TEXT(cpus), "N", "most CPU time, as in 1.5"},
	{"cpu-period", 0, TEXT(cpu_period), "US", NULL},
	{"cpu-quota", 0, TEXT(cpu_quota), "US", NULL},
	{"cpu-shares", 'c', TEXT(cpu_shares), "N", "CPU time beside others (1024)"},
	{"cpuset-cpus", 0, TEXT(cpuset_cpus), "LIST", "CPUs, as in 0-2,7"},
	{"memory", 'm', TEXT(memory), "SIZE", "most memory, as in 512m"},
	{"memory-swap", 0, TEXT(memory_swap), "SIZE", "most memory and swap together (no swap); -1: all"},
	{"memory-reservation", 0, TEXT(memory_reservation), "SIZE", "memory that is not taken back easily"},
	{"memory-swappiness", 0, TEXT(memory_swappiness), "N", NULL},
	{"oom-score-adj", 0, TEXT(oom_score_adj), "N", "how soon it is killed when the machine's memory ends, -1000 to 1000"},
	RUN_SHARE_ARGS(OPT(shares)),
	{"cgroup-parent", 0, ARG_TEXT, OPT(cgroup_parent), "GROUP", "the control group to be in (ctr); of systemd's: a slice"},
	{"pids-limit", 0, TEXT(pids_limit), "N", "most processes and threads (512); -1: no limit"},
	{"shm-size", 0, TEXT(shm_size), "SIZE", "of /dev/shm (64m)"},
	{"disk", 0, ARG_TEXT, OPT(disk), "SIZE[,memory]", "most that it may write (no limit): on a disk of its own, with ,memory in memory (image host: always; 256m)"},
	{"pull", 0, ARG_TEXT, OPT(pull), "WHEN", "fetch the image: missing, always or never (missing)"},
	{"quiet", 'q', ARG_FLAG, OPT(quiet), NULL, "no progress of that"},
	{"init", 0, ARG_FLAG, OPT(flags.init), NULL, "a process 1 that passes signals on and collects orphans"},
	{"systemd", 0, ARG_FLAG, OPT(flags.systemd), NULL, "boot the image's own init (/sbin/init): a whole system"},
	{"ulimit", 0, LIST(ulimits), "NAME=SOFT[:HARD]", "a limit of each process"},
	{"volume", 'v', LIST(volumes), "[HOST|NAME:]PATH[:ro]", "show a directory of the host, or a volume"},
	{"volumes-from", 0, ARG_LIST, OPT(volumes_from), "ID[:ro]", "what another container has by -v and --mount"},
	{"mount", 0, LIST(mounts), "KEYS", "type=bind|volume,source=,target=[,readonly] or type=tmpfs,target="},
	{"tmpfs", 0, LIST(tmpfs), "PATH[:OPTIONS]", "an empty directory in memory"},
	{"secret", 0, ARG_LIST, OPT(secrets), "NAME[,KEYS]", "as /run/secrets/NAME: id=NAME,src=FILE or one of ctr secret; type=mount|env, target=, uid=, gid=, mode="},
	{"read-only", 0, ARG_FLAG, OPT(flags.read_only), NULL, "nothing in the root can be written"},
	{"device", 0, LIST(devices), "HOST[:PATH][:rwm]", "allow and make a device"},
	{"device-cgroup-rule", 0, LIST(device_rules), "RULE", "allow devices that are not there yet, as in \"c 188:* rw\""},
	{"cap-add", 0, LIST(cap_add), "NAME", "add a capability; ALL"},
	{"cap-drop", 0, LIST(cap_drop), "NAME", "take one away; ALL"},
	{"security-opt", 0, LIST(security), "NAME=VALUE", "seccomp=FILE|unconfined, apparmor=NAME, no-new-privileges=false"},
	{"privileged", 0, ARG_FLAG, OPT(flags.privileged), NULL, "all capabilities and devices, nothing masked"},
	{"sysctl", 0, LIST(sysctls), "NAME=VALUE", "a kernel parameter of its namespaces"},
	{"pid", 0, TEXT(namespaces.pid), "MODE", "whose processes it sees: private, host or container:ID (private)"},
	{"ipc", 0, TEXT(namespaces.ipc), "MODE", "whose shared memory: private or host (private)"},
	{"uts", 0, TEXT(namespaces.uts), "MODE", "whose host name: private or host (private)"},
	{"cgroupns", 0, TEXT(namespaces.cgroup), "MODE", "whose control groups it sees: private or host (private)"},
	{"annotation", 0, LIST(annotations), "NAME=VALUE", "of the OCI config: what hooks and others read"},
	{"network", 0, LIST(network.networks), "NAME", "bridge, another of ctr network ls, pasta, slirp4netns, none, host, container:ID, ns:PATH, cni:NAME (root: bridge, else pasta)"},
	{"net", 0, LIST(network.networks), "NAME", NULL},
	{"publish", 'p', LIST(network.publish), "[[IP:]PORT:]PORT", "let others reach a port through the host; PORT-PORT, /udp"},
	{"publish-all", 'P', ARG_FLAG, OPT(flags.network.publish_all), NULL, "publish what the image names, at free ports"},
	{"expose", 0, ARG_LIST, OPT(expose), "PORT[/udp]", "one more port that -P publishes"},
	{"ip", 0, TEXT(network.ip), "ADDRESS", "its address in the (first) network"},
	{"ip6", 0, TEXT(network.ip6), "ADDRESS", "the same of IPv6"},
	{"mac-address", 0, TEXT(network.mac), "MAC", "its hardware address"},
	{"network-alias", 0, LIST(network.aliases), "NAME", "one more name by which the network knows it"},
	{"add-host", 0, LIST(network.extra_hosts), "NAME:ADDRESS", "a line of its /etc/hosts"},
	{"dns", 0, LIST(network.dns), "ADDRESS", "a name server (those of the host)"},
	{"dns-search", 0, LIST(network.dns_search), "DOMAIN", "where names without dots are looked up; . for nowhere"},
	{"dns-option", 0, LIST(network.dns_options), "WORD", "an option of resolv.conf(5)"},
	{"net-rate", 0, TEXT(network.rate), "IN/OUT", "most that it receives and sends, as in 100mbit/10mbit"},
	{"net-prio", 0, TEXT(network.prio), "WORD", "which of its packets go first where they wait with others: bulk, normal, interactive, or the kernel's number, 0 to 7"},
	{"rootfs", 0, ARG_TEXT, OPT(rootfs), "DIR", "run in this directory; all words are the command"},
	{"sig-proxy", 0, ARG_TEXT, OPT(sig_proxy), "true|false", "pass signals on to it (true)"},
	{"attach", 'a', ARG_LIST, OPT(attach), "STREAM", "stdin, stdout or stderr: what of it is passed on"},
	ENGINE_ARGS(run_opts),
	{"userns", 0, ARG_REFUSED, 0, "MODE", "the containers of a tenant (--tenant) have ids of their own, others the host's; or --bundle with linux.uidMappings"},
	{"gpus", 0, ARG_REFUSED, 0, "LIST", "name the devices with --device"},
	{"link", 0, ARG_REFUSED, 0, "ID", "members of a network know each other by name: --network, --network-alias"},
	{"runtime", 0, ARG_REFUSED, 0, "NAME", "ctr is the runtime"},
	{"storage-opt", 0, ARG_REFUSED, 0, "size=SIZE", "--disk SIZE"},
	{"oom-kill-disable", 0, ARG_REFUSED, 0, NULL, "processes that wait for memory for ever cannot be stopped in an orderly way: --memory-high slows them down; or --bundle, with cgroup v1"},
	{"kernel-memory", 0, ARG_REFUSED, 0, "SIZE", "the kernel's memory is counted in --memory"},
	OCI_ARGS,
	KEEP,
	ARGS_END};
/* clang-format on */

/* ---- a bundle ---------------------------------------------------------------------------------*/

static int run_bundle(struct call *call, const struct oci_opts *o, struct err *err)
{
	struct create_opts want;
	struct bundle b;
	int status;

	call->is_engine = false;
	int r = oci_opts_read(o, call, &b, &want, err);
	if (r < 0)
		return r;
	want.auto_remove = !o->keep && !o->io.detach;
	want.proxy_terminal = !o->io.detach;
	r = ctr_run(&want, b.config, &b.host, &status, err);
	return r < 0 ? r : status;
}

/* In the OCI form only OCI's flags count: another one would be forgotten silently. */
static int run_bundle_strictly(struct call *call, struct err *err)
{
	static const struct arg_set set = {oci_args, true};
	struct oci_opts o = {0};
	int n = args_parse(&set, call->argv, &o, &call->words, call->mem, err);

	call->is_engine = false;
	if (n < 0)
		return err_wrap(err, "with --bundle");
	call->n_words = (size_t)n;
	if (n != 1)
		return err_say(err, EINVAL, "with --bundle: expected the container's id alone");
	call->id = call->words[0];
	return run_bundle(call, &o, err);
}

/* ---- an image ---------------------------------------------------------------------------------*/

/* Without -i a program does not read what its caller types. */
static int null_input(struct err *err)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return err_set(err, errno, "open /dev/null");
	return 0;
}

/* One who may leave it alone, or have it started again, needs somebody else who stays with it. */
static bool needs_monitor(const struct run_opts *o, const struct run_request *q)
{
	return q->want.io.detach || o->engine.detach_keys || o->engine.health_cmd || o->attach.n ||
	       o->sig_proxy || !str_eq(q->options.restart, "no");
}

static int run_monitored(const struct run_opts *o, struct run_request *q, struct err *err)
{
	const struct attach_flags flags = {
		.keys = o->engine.detach_keys,
		.sig_proxy = o->sig_proxy,
		.streams = &o->attach,
		.has_input = o->interactive,
	};
	struct attach_opts attach;
	char keys[ATTACH_KEYS_MAX];
	int status = 0, sock = -1;

	q->options.interactive = q->options.has_interactive = o->interactive;
	q->options.input_once = q->options.has_input_once = !q->want.io.detach;
	if (q->want.io.detach) {
		int r = ctr_detach(&q->want, q->config, &q->host, NULL, err);
		return r < 0 ? r : out_line(q->want.id, err);
	}
	int r = attach_flags_read(&flags, q->config->process->terminal, keys, &attach, err);
	if (r < 0 || (r = ctr_detach(&q->want, q->config, &q->host, &sock, err)) < 0)
		return r;
	auto_fd int owned = sock;
	run_request_unlock(q);
	r = attach_container(q->want.root, q->want.id, owned, &attach, &status, err);
	return r < 0 ? r : status;
}

static int run_foreground(const struct run_opts *o, struct run_request *q, struct err *err)
{
	int status = 0;
	int r = o->interactive ? 0 : null_input(err);

	q->options.log = "none";
	q->options.log_dir = NULL;
	q->options.has_log_size = q->options.has_log_files = false;
	if (r < 0 || (r = ctr_run(&q->want, q->config, &q->host, &status, err)) < 0)
		return r;
	return status;
}

static int run_image(struct call *call, const struct run_opts *o, struct err *err)
{
	auto_(run_request) struct run_request q = RUN_REQUEST_NONE;
	int r = run_request_read(call, o, &q, err);

	if (r == 0)
		r = needs_monitor(o, &q) ? run_monitored(o, &q, err) : run_foreground(o, &q, err);
	if (r >= 0 && o->remove && !q.want.io.detach)
		volumes_remove(call->g->root, &q.options);
	if (r < 0)
		run_request_undo(call, o, &q);
	return r;
}

/* ---- create -----------------------------------------------------------------------------------*/

static int create_image(struct call *call, const struct run_opts *o, struct err *err)
{
	auto_(run_request) struct run_request q = RUN_REQUEST_NONE;

	call->is_engine = true;
	int r = run_request_read(call, o, &q, err);
	q.options.interactive = q.options.has_interactive = o->interactive;
	q.options.input_once = q.options.has_input_once = true;
	if (r == 0)
		r = ctr_keep(&q.want, q.config, &q.host, err);
	if (r < 0)
		run_request_undo(call, o, &q);
	return r < 0 ? r : out_line(q.want.id, err);
}

static const struct arg create_args[] = {OCI_ARGS, ARGS_END};

static int create_bundle(struct call *call, const struct oci_opts *o, struct err *err)
{
	struct create_opts want;
	struct bundle b;

	call->is_engine = false;
	call->id = call->words[0];
	int r = oci_opts_read(o, call, &b, &want, err);
	if (r < 0)
		return r;
	want.wait_for_start = true;
	return ctr_create(&want, b.config, &b.host, err);
}

static int create_bundle_strictly(struct call *call, struct err *err)
{
	static const struct arg_set set = {create_args, false};
	struct oci_opts o = {0};
	int n = args_parse(&set, call->argv, &o, &call->words, call->mem, err);

	call->is_engine = false;
	if (n < 0)
		return err_wrap(err, "with --bundle");
	if (n != 1)
		return err_say(err, EINVAL, "with --bundle: expected the container's id alone");
	return create_bundle(call, &o, err);
}

/* OCI callers may write the flags behind the id. */
static bool names_bundle(const struct run_opts *o, const struct call *call)
{
	const char *second = call->n_words > 1 ? call->words[1] : "";

	return o->oci.bundle || str_eq(second, "-b") || str_eq(second, "-bundle") ||
	       str_eq(second, "--bundle") || str_starts(second, "--bundle=");
}

/* Which of the two creates it is: --bundle makes it OCI's. */
static int do_create(struct call *call, struct err *err)
{
	const struct run_opts *o = call->opts;

	if (call->g->is_strict)
		return create_bundle(call, call->opts, err);
	return names_bundle(o, call) ? create_bundle_strictly(call, err)
				     : create_image(call, o, err);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "[flags] IMAGE [COMMAND...] | --rootfs DIR COMMAND... | --bundle DIR ID",
	.about = "make a container, to be started later",
	.examples = "ctr create --name job host make test\n"
		    "ctr create --bundle /srv/web web\n",
	.args = {run_args, true},
	.strict_args = {create_args, false},
	.opts_size = sizeof(struct run_opts),
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_create,
};

/* ---- run --------------------------------------------------------------------------------------*/

static int do_run(struct call *call, struct err *err)
{
	const struct run_opts *o = call->opts;

	if (call->g->is_strict) {
		if (call->n_words != 1)
			return err_say(err, EINVAL, "expected the container's id alone");
		call->id = call->words[0];
		return run_bundle(call, call->opts, err);
	}
	return o->oci.bundle ? run_bundle_strictly(call, err) : run_image(call, o, err);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[flags] IMAGE [COMMAND...] | --rootfs DIR [COMMAND...] | --bundle DIR ID",
	.about = "make a container, run it and wait for its end",
	.examples =
		"ctr run --rm -it host bash\n"
		"ctr run --rm --cpus 0.5 -m 256m --pids-limit 64 host make test\n"
		"ctr run --rm --rootfs /srv/debian -v /data:/data:ro ls /data\n"
		"ctr run -d --name web -p 8080:80 --network-alias www --rootfs /srv/web httpd -f\n"
		"ctr run -d --systemd --name guest --rootfs /srv/debian\n"
		"ctr run --bundle /srv/web web\n",
	.args = {run_args, true},
	.strict_args = {oci_args, true},
	.opts_size = sizeof(struct run_opts),
	.flags = CMD_IMAGE,
	.max_words = ANY_WORDS,
	.run = do_run,
};
