/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/process.h"

const char **compose_list(const char *const *words, size_t *ret_n, struct arena *mem)
{
	size_t n = 0;

	while (words[n])
		n++;
	const char **list = arena_zalloc(mem, n, sizeof(*list));
	memcpy(list, words, n * sizeof(*list));
	*ret_n = n;
	return list;
}

/* ---- process ----------------------------------------------------------------------------------*/

static bool has_variable(const struct words *env, const char *variable)
{
	size_t n = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], variable, n) == 0)
			return true;
	return false;
}

/* Sets "NAME=VALUE" in place of an older value, so that no name is there twice. */
static void set_variable(struct words *env, const char *variable, struct arena *mem)
{
	size_t n = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], variable, n) == 0) {
			env->v[i] = variable;
			return;
		}
	words_add(env, variable, mem);
}

static int compose_env(const struct compose *in, const char *hostname, struct config_process *p,
		       struct err *err)
{
	static const char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const struct run_flags *f = in->flags;
	struct words env = {0};

	for (size_t i = 0; i < in->image->env.n; i++)
		set_variable(&env, in->image->env.v[i], in->mem);
	if (!has_variable(&env, path))
		words_add(&env, path, in->mem);
	set_variable(&env, arena_printf(in->mem, "HOSTNAME=%s", hostname), in->mem);
	if (f->systemd) /* what systemd looks at to find out where it is */
		set_variable(&env, "container=oci", in->mem);
	if (f->tty && !has_variable(&env, "TERM="))
		words_add(&env, "TERM=xterm", in->mem);
	for (size_t i = 0; i < f->env.n; i++) {
		const char *equals = strchr(f->env.v[i], '=');
		if (!equals || equals == f->env.v[i])
			return err_say(err, EINVAL, "--env: expected NAME=VALUE, got \"%.60s\"",
				       f->env.v[i]);
		set_variable(&env, f->env.v[i], in->mem);
	}
	p->env = env.v;
	p->n_env = env.n;
	return 0;
}

/* The entry point, and behind it what the command line says or else what the image does. */
static int compose_args(const struct compose *in, struct config_process *p, struct err *err)
{
	const struct run_flags *f = in->flags;
	struct words args = {0};

	if (f->entrypoint) {
		if (*f->entrypoint)
			words_add(&args, f->entrypoint, in->mem);
	} else {
		for (size_t i = 0; i < in->image->entrypoint.n; i++)
			words_add(&args, in->image->entrypoint.v[i], in->mem);
	}
	const struct words *rest = f->args.n || f->entrypoint ? &f->args : &in->image->cmd;
	for (size_t i = 0; i < rest->n; i++)
		words_add(&args, rest->v[i], in->mem);
	if (!args.n && f->systemd)
		words_add(&args, "/sbin/init", in->mem);
	if (!args.n)
		return err_say(err, EINVAL,
			       "no command: neither the image nor the command line names one");
	p->args = args.v;
	p->n_args = args.n;
	return 0;
}

static int compose_process(const struct compose *in, const char *hostname, struct config *cfg,
			   struct err *err)
{
	const struct run_flags *f = in->flags;
	struct config_process *p = arena_zalloc(in->mem, 1, sizeof(*p));

	cfg->process = p;
	p->terminal = f->tty;
	p->has_terminal = true;
	p->user = arena_zalloc(in->mem, 1, sizeof(*p->user));
	*p->user = in->facts->user;
	p->cwd = f->workdir ? f->workdir : in->image->workdir ? in->image->workdir : "/";
	if (*p->cwd != '/')
		return err_say(err, EINVAL, "--workdir: expected an absolute path, got \"%.60s\"",
			       p->cwd);
	int r = compose_env(in, hostname, p, err);
	return r < 0 ? r : compose_args(in, p, err);
}

/* ---- the rest ---------------------------------------------------------------------------------*/

static int compose_sysctls(const struct compose *in, struct config_linux *l, struct err *err)
{
	const struct words *w = &in->flags->sysctls;

	l->sysctl = arena_zalloc(in->mem, w->n, sizeof(*l->sysctl));
	for (size_t i = 0; i < w->n; i++) {
		const char *equals = strchr(w->v[i], '=');
		if (!equals || equals == w->v[i])
			return err_say(err, EINVAL, "--sysctl: expected NAME=VALUE, got \"%.60s\"",
				       w->v[i]);
		l->sysctl[l->n_sysctl++] = (struct config_kv){
			arena_copy(in->mem, w->v[i], (size_t)(equals - w->v[i])), equals + 1};
	}
	return 0;
}

/* In place of what the image says under the same name. */
static void annotate(struct config *cfg, const char *key, const char *value)
{
	size_t at = 0;

	while (at < cfg->n_annotations && !str_eq(cfg->annotations[at].key, key))
		at++;
	cfg->n_annotations += at == cfg->n_annotations;
	cfg->annotations[at] = (struct config_kv){key, value};
}

static int compose_annotations(const struct compose *in, struct config *cfg, struct err *err)
{
	const struct image *image = in->image;
	const struct words *w = &in->flags->annotations;

	cfg->annotations =
		arena_zalloc(in->mem, image->n_annotations + w->n + 1, sizeof(*cfg->annotations));
	for (size_t i = 0; i < image->n_annotations; i++)
		cfg->annotations[cfg->n_annotations++] = image->annotations[i];
	for (size_t i = 0; i < w->n; i++) {
		const char *equals = strchr(w->v[i], '=');
		if (!equals || equals == w->v[i])
			return err_say(err, EINVAL,
				       "--annotation: expected NAME=VALUE, got \"%.60s\"", w->v[i]);
		annotate(cfg, arena_copy(in->mem, w->v[i], (size_t)(equals - w->v[i])), equals + 1);
	}
	if (in->flags->init)
		annotate(cfg, PROCESS_INIT, "true");
	return 0;
}

/* A system's own init makes groups for its services: below a group of its own, in which it can do
 * nothing about its limits. */
static int check_systemd(const struct compose *in, struct err *err)
{
	if (!in->flags->systemd)
		return 0;
	if (in->flags->init)
		return err_say(err, EINVAL,
			       "--init with --systemd is not possible: systemd is one");
	if (in->host->layout != CGROUP_V2) {
		err_say(err, ENOTSUP,
			"--systemd: systemd needs cgroup v2, which this host does not "
			"have, or not alone");
		err_hint(err, "boot the host with systemd.unified_cgroup_hierarchy=1 "
			      "cgroup_no_v1=all");
		return -ENOTSUP;
	}
	if (in->facts->keeps_limits)
		return 0;
	err_say(err, ENOTSUP,
		"--systemd: cgroup v2 is mounted without nsdelegate, so the container "
		"could lift its own limits");
	err_hint(err, "mount -o remount,nsdelegate /sys/fs/cgroup");
	return -ENOTSUP;
}

/* It stands in the environment and in files of lines. */
static int check_name(const char *flag, const char *name, struct err *err)
{
	for (const char *p = name; p && *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_say(err, EINVAL, "--%s: \"%.60s\" is no host name", flag, name);
	return 0;
}

/* The kernel's host names are shorter than an id may be. */
static const char *own_name(const struct compose *in)
{
	const struct run_flags *f = in->flags;

	return f->hostname ? f->hostname
			   : arena_copy(in->mem, f->id, strnlen(f->id, HOST_NAME_MAX - 1));
}

static int compose_names(const struct compose *in, struct config *cfg, const char **ret,
			 struct err *err)
{
	const struct run_flags *f = in->flags;

	if (check_name("hostname", f->hostname, err) < 0 ||
	    check_name("domainname", f->domainname, err) < 0)
		return -EINVAL;
	if (compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_UTS)) {
		*ret = in->facts->host_name;
		return 0;
	}
	*ret = cfg->hostname = own_name(in);
	cfg->domainname = f->domainname;
	return 0;
}

int compose(const struct compose *in, struct config **ret, struct err *err)
{
	struct config *cfg = arena_zalloc(in->mem, 1, sizeof(*cfg));
	const char *hostname;

	cfg->oci_version = CONFIG_OCI_VERSION;
	cfg->root = arena_zalloc(in->mem, 1, sizeof(*cfg->root));
	cfg->root->path = in->image->root;
	cfg->root->readonly = in->flags->read_only || in->image->is_readonly;
	cfg->root->has_readonly = true;
	cfg->linux_ = arena_zalloc(in->mem, 1, sizeof(*cfg->linux_));
	int r = check_systemd(in, err);
	if (r < 0 || (r = compose_annotations(in, cfg, err)) < 0 ||
	    (r = compose_namespaces(in, cfg->linux_, err)) < 0 ||
	    (r = compose_names(in, cfg, &hostname, err)) < 0 ||
	    (r = compose_process(in, hostname, cfg, err)) < 0 ||
	    (r = compose_sysctls(in, cfg->linux_, err)) < 0 ||
	    (r = compose_mounts(in, cfg, err)) < 0 || (r = compose_limits(in, cfg, err)) < 0 ||
	    (r = compose_privileges(in, cfg, err)) < 0)
		return r;
	*ret = cfg;
	return 0;
}
