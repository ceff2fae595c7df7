/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "net/cni_exec.h"
#include "net/cni_list.h"
#include "net/cni_run.h"
#include "runtime/base/fd.h"

#define PLUGIN_PATH "/opt/cni/bin:/usr/lib/cni"
/* In the container's directory: what holds its network namespace. */
#define PIN_FILE "netns"

static const char *setting(const char *name, const char *usual)
{
	const char *value = getenv(name);

	return value && *value ? value : usual;
}

/* ---- which network ------------------------------------------------------------------------------*/

static int find_plugin(const char *path, const char *type, struct arena *mem, const char **ret,
		       struct err *err)
{
	for (const char *at = path; *at; at += *at == ':') {
		size_t n = strcspn(at, ":");
		const char *file = arena_printf(mem, "%.*s/%s", (int)n, at, type);
		if (*at == '/' && access(file, X_OK) == 0) {
			*ret = file;
			return 0;
		}
		at += n;
	}
	err_say(err, ENOENT, "there is no plugin %s in %s", type, path);
	err_hint(err,
		 "the usual ones are in the package containernetworking-plugins; CNI_PATH says "
		 "where they are");
	return -ENOENT;
}

static int record_plugins(const struct cni_conf *conf, const struct wire_want *want,
			  struct arena *mem, struct wire_cni *c, struct err *err)
{
	size_t all = 0;

	c->plugins = arena_zalloc(mem, conf->n_plugins, sizeof(*c->plugins));
	for (size_t i = 0; i < conf->n_plugins; i++) {
		struct wire_plugin *p = &c->plugins[c->n_plugins++];
		p->type = conf->plugins[i].type;
		p->config = cni_tell(conf, i, want, mem);
		all += strlen(p->config);
		if (all > CNI_TOLD_MAX)
			return err_say(err, E2BIG,
				       "what its plugins are to be told is over %d bytes",
				       CNI_TOLD_MAX);
		if (find_plugin(c->path, p->type, mem, &p->file, err) < 0)
			return -err->num;
	}
	return 0;
}

int cni_find(const char *root, const char *id, const struct wire_want *want, struct arena *mem,
	     struct wire *wire, struct err *err)
{
	const char *name = want->helper + strlen(CNI_PREFIX);
	struct cni_listed found;
	struct wire_cni *c = arena_zalloc(mem, 1, sizeof(*c));
	struct cni_conf conf;

	/* An id may hold a plus, which plugins refuse. */
	if (strchr(id, '+')) {
		err_say(err, EINVAL, "plugins don't take the id \"%.60s\"", id);
		err_hint(err, "--name with letters, digits, '_', '-' and '.'");
		return -EINVAL;
	}
	int r = cni_look(name, mem, &found, err);
	if (r < 0)
		return r;
	if (cni_read(found.text, mem, &conf, err) < 0 || cni_check(&conf, want, err) < 0)
		return err_wrap(err, "%s", found.file);
	*c = (struct wire_cni){
		.source = found.file,
		.version = conf.version,
		.id = id,
		.netns = arena_printf(mem, "%s/%s/" PIN_FILE, root, id),
		.path = setting("CNI_PATH", PLUGIN_PATH),
		.has_begun = true,
	};
	r = record_plugins(&conf, want, mem, c, err);
	if (r == 0)
		wire->cni = c;
	return r;
}

/* ---- the namespace ------------------------------------------------------------------------------*/

static int pin(int dir, pid_t pid, const struct wire_cni *c, struct err *err)
{
	auto_fd int file = openat(dir, PIN_FILE, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	char from[32];

	snprintf(from, sizeof(from), "/proc/%d/ns/net", (int)pid);
	if (file < 0 || mount(from, c->netns, NULL, MS_BIND, NULL) < 0)
		return err_set(err, errno, "hold the network namespace at %s", c->netns);
	return 0;
}

static bool is_pinned(const struct wire_cni *c)
{
	struct statfs fs;

	return statfs(c->netns, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

static int unpin(int dir, const struct wire_cni *c, struct err *err)
{
	if (umount2(c->netns, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		return err_set(err, errno, "let go of the network namespace at %s", c->netns);
	if (unlinkat(dir, PIN_FILE, 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s", c->netns);
	return 0;
}

/* ---- up and down --------------------------------------------------------------------------------*/

/* Nobody may go on adding to a container that is being taken away after a crash; what is half undone
 * is better undone to the end, for some look at what is left. */
static int call(const struct wire_cni *c, bool adds, const char *before, int lock, struct str *ret,
		struct err *err)
{
	auto_(str) struct str told = {0};
	size_t plugin = c->begun - 1;
	const struct cni_call one = {
		.command = adds ? "ADD" : "DEL",
		.ends_with_us = adds,
		.lock = lock,
		.cni = c,
		.plugin = &c->plugins[plugin],
		.netns = is_pinned(c) ? c->netns : "",
		.told = (cni_tell_before(c->plugins[plugin].config, before, &told), told.p),
	};

	return cni_exec(&one, ret, err);
}

/* One more that must be told DEL is on disk before it is told ADD; what it answers is for the next. */
static int add(int dir, struct wire *wire, const char *before, int lock, struct str *ret,
	       struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct wire_cni *c = wire->cni;
	struct cni_answer ignored;

	c->begun++;
	int r = wire_save(dir, wire, err);
	if (r == 0)
		r = call(c, true, before, lock, ret, err);
	if (r < 0)
		return r;
	if (cni_answer(ret->p, &mem, &ignored, err) < 0)
		return err_wrap(err, "plugin %s: ADD: what it answered",
				c->plugins[c->begun - 1].type);
	r = fd_replace(dir, CNI_ANSWER_FILE, ret->p, ret->len, 0600);
	return r < 0 ? err_set(err, r, "write " CNI_ANSWER_FILE) : 0;
}

int cni_up(int dir, pid_t pid, struct wire *wire, struct arena *mem, struct cni_answer *ret,
	   struct err *err)
{
	struct wire_cni *c = wire->cni;
	struct wire_end *e = &wire->ends[0];
	const char *before = NULL;
	struct cni_answer a = {0};
	auto_fd int lock = cni_lock(dir, err);
	int r = lock < 0 ? lock : pin(dir, pid, c, err);

	while (r == 0 && c->begun < c->n_plugins) {
		auto_(str) struct str answer = {0};
		r = add(dir, wire, before, lock, &answer, err);
		if (r == 0)
			before = arena_str(mem, answer.p);
	}
	if (r < 0 || (r = cni_answer(before, mem, &a, err)) < 0)
		return r;
	e->address = a.address;
	e->gateway = a.gateway;
	e->address6 = a.address6;
	e->gateway6 = a.gateway6;
	e->mac = a.mac;
	*ret = a;
	return wire_save(dir, wire, err);
}

int cni_down(int dir, struct wire *wire, struct err *err)
{
	struct wire_cni *c = wire->cni;
	auto_(str) struct str last = {0};
	int r = fd_read_file(dir, CNI_ANSWER_FILE, CNI_ANSWER_MAX, &last);
	/* Before 0.4.0 a plugin is not told it. */
	const char *before = r == 0 && !str_eq(c->version, "0.3.1") ? last.p : NULL;

	if (r < 0 && r != -ENOENT)
		return err_set(err, r, "read " CNI_ANSWER_FILE);
	auto_fd int lock = cni_lock(dir, err);
	if (lock < 0)
		return lock;
	while (c->begun) {
		auto_(str) struct str ignored = {0};
		/* Not the next one after one that has failed: an address would be free to which a port
		 * still leads. */
		if (call(c, false, before, lock, &ignored, err) < 0)
			return err_wrap(err, "--network %s", wire->helper);
		c->begun--;
		if ((r = wire_save(dir, wire, err)) < 0)
			return r;
	}
	if ((r = unpin(dir, c, err)) < 0)
		return r;
	if (unlinkat(dir, CNI_ANSWER_FILE, 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove " CNI_ANSWER_FILE);
	cni_unlock(dir);
	return 0;
}
