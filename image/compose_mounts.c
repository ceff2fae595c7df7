/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>

#include "image/compose.h"
#include "image/compose_parts.h"
#include "namespaces/secrets.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"

/* mounts[] while it grows. */
struct mount_list {
	const struct compose *in;
	struct config_mount *v;
	size_t n, cap;
};

static struct config_mount *add(struct mount_list *l, const char *destination, const char *type,
				const char *source)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct config_mount *v = arena_zalloc(l->in->mem, cap, sizeof(*v));
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	struct config_mount *m = &l->v[l->n++];
	*m = (struct config_mount){.destination = destination, .type = type, .source = source};
	return m;
}

static void set_options(struct config_mount *m, const char *const *words, struct arena *mem)
{
	m->options = compose_list(words, &m->n_options, mem);
}

/* ---- what every container has -----------------------------------------------------------------*/

struct standard {
	const char *destination, *type, *source;
	const char *options[7];
};

/* As Docker has them (OCI-CONTRACT 5). */
static const struct standard standards[] = {
	{"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts",
	 "devpts",
	 "devpts",
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

/* In a user namespace no v1 hierarchy can be mounted, a sysfs only with a network namespace of the
 * container's own, /proc and the message queues only with its own; an ordinary user has no group 5 to give to
 * terminals either. */
static const struct standard host_sys = {
	"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};
static const struct standard host_proc = {
	"/proc", "none", "/proc", {"rbind", "nosuid", "noexec", "nodev"}};
static const struct standard host_shm = {
	"/dev/shm", "none", "/dev/shm", {"bind", "nosuid", "noexec", "nodev"}};

/* What shows a namespace that is the host's; NULL: it can't be shown. */
static const struct standard *of_host(const struct compose *in, const struct standard *s)
{
	if (!compose_maps_ids(in))
		return s;
	if (str_eq(s->type, "cgroup") && in->host->layout != CGROUP_V2)
		return NULL;
	if (str_eq(s->type, "mqueue") && compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_IPC))
		return NULL;
	if (str_eq(s->type, "sysfs") && compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_NETWORK))
		return &host_sys;
	if (str_eq(s->type, "proc") && compose_is_hosts(in, CONFIG_NAMESPACE_TYPE_PID))
		return &host_proc;
	return s;
}

static void add_standard(struct mount_list *l, const struct standard *s)
{
	const struct run_flags *f = l->in->flags;
	bool is_writable = (f->privileged && str_starts(s->destination, "/sys")) ||
			   (f->systemd && str_eq(s->type, "cgroup"));
	bool rootless = l->in->host->euid != 0;

	s = of_host(l->in, s);
	if (!s)
		return;
	struct config_mount *m = add(l, s->destination, s->type, s->source);
	set_options(m, s->options, l->in->mem);
	for (size_t i = 0; i < m->n_options; i++) {
		if (rootless && str_starts(m->options[i], "gid="))
			m->options[i] = m->options[--m->n_options];
		else if (is_writable && str_eq(m->options[i], "ro"))
			m->options[i] = "rw";
	}
}

static int add_shm(struct mount_list *l, struct err *err)
{
	static const char *const options[] = {"nosuid", "noexec", "nodev", "mode=1777", "", NULL};
	const char *text = l->in->flags->shm_size;
	int64_t size = 64 << 20;

	if (compose_is_hosts(l->in, CONFIG_NAMESPACE_TYPE_IPC)) {
		add_standard(l, &host_shm);
		return 0;
	}
	if (text && (num_size(text, &size) < 0 || size <= 0))
		return err_say(err, EINVAL,
			       "--shm-size: expected a size such as 64m, got \"%.40s\"", text);
	struct config_mount *m = add(l, "/dev/shm", "tmpfs", "shm");
	set_options(m, options, l->in->mem);
	m->options[m->n_options - 1] = arena_printf(l->in->mem, "size=%lld", (long long)size);
	return 0;
}

/* ---- --tmpfs, --volume, --mount ---------------------------------------------------------------*/

static int check_destination(const char *flag, const char *path, struct arena *mem,
			     const char **ret, struct err *err)
{
	if (*path != '/' || str_eq(path_clean(mem, path), "/"))
		return err_say(
			err, EINVAL,
			"--%s: expected an absolute path other than / in the container, got \"%.60s\"",
			flag, path);
	*ret = path_clean(mem, path);
	return 0;
}

/* Splits at commas; empty words are left out. */
static struct words split(const char *text, struct arena *mem)
{
	struct words w = {0};

	while (*text) {
		size_t n = strcspn(text, ",");
		if (n)
			words_add(&w, arena_copy(mem, text, n), mem);
		text += n + (text[n] == ',');
	}
	return w;
}

/* PATH[:options of tmpfs(5) and of mounts]. */
static int add_tmpfs(struct mount_list *l, const char *text, struct err *err)
{
	static const char *const safe[] = {"nosuid", "nodev", "noexec"};
	struct arena *mem = l->in->mem;
	const char *colon = strchrnul(text, ':'), *path = NULL;
	struct words options = {0};

	int r = check_destination("tmpfs", arena_copy(mem, text, (size_t)(colon - text)), mem,
				  &path, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 3; i++)
		words_add(&options, safe[i], mem);
	struct words own = split(*colon ? colon + 1 : "", mem);
	for (size_t i = 0; i < own.n; i++)
		words_add(&options, own.v[i], mem);
	struct config_mount *m = add(l, path, "tmpfs", "tmpfs");
	m->options = options.v;
	m->n_options = options.n;
	return 0;
}

static bool is_propagation(const char *word)
{
	static const char *const words[] = {"private", "rprivate", "shared",
					    "rshared", "slave",    "rslave"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(word, words[i]))
			return true;
	return false;
}

struct bind {
	const char *source, *destination, *propagation;
	bool readonly;
	bool seeds;   /* when it is empty it gets what the image has there */
	bool is_ours; /* for reading; whose it seems to be in there is no matter */
};

/* Read-only is so for all that is mounted below, too. Root in the container is root on what is its. */
static void add_bind(struct mount_list *l, const struct bind *b)
{
	struct config_mount *m = add(l, b->destination, "bind", b->source);
	struct words options = {0};

	words_add(&options, "rbind", l->in->mem);
	words_add(&options, b->propagation ? b->propagation : "rprivate", l->in->mem);
	if (b->readonly || b->seeds)
		words_add(&options, b->readonly ? "rro" : "ctr-seed", l->in->mem);
	if (l->in->facts->ids.count && !b->is_ours)
		words_add(&options, "idmap", l->in->mem);
	m->options = options.v;
	m->n_options = options.n;
}

static int volume_option(const struct mount_list *l, const char *word, struct bind *b,
			 struct err *err)
{
	if (str_eq(word, "ro")) {
		b->readonly = true;
	} else if (str_eq(word, "copy") || str_eq(word, "nocopy")) {
		b->seeds = *word == 'c';
	} else if (is_propagation(word)) {
		b->propagation = word;
	} else if (str_eq(word, "z") || str_eq(word, "Z")) {
		/* Relabelling asks for SELinux; without it there is nothing to be done. */
		if (l->in->host->has_selinux)
			return err_say(err, ENOTSUP, "--volume: relabelling (%s) is not supported",
				       word);
	} else if (!str_eq(word, "rw")) {
		return err_say(err, EINVAL, "--volume: unknown option \"%.40s\"", word);
	}
	return 0;
}

/* HOST:CONTAINER[:OPTIONS]. */
static int add_volume(struct mount_list *l, const char *text, struct err *err)
{
	struct arena *mem = l->in->mem;
	const char *first = strchr(text, ':');

	if (*text != '/' || !first) {
		err_say(err, EINVAL, "--volume: expected /HOST/PATH:/PATH[:ro], got \"%.80s\"",
			text);
		err_hint(err, "a volume has a name of letters, digits, '_', '.' and '-'");
		return -EINVAL;
	}
	const char *second = strchrnul(first + 1, ':');
	struct bind b = {.source = arena_copy(mem, text, (size_t)(first - text))};
	int r = check_destination("volume",
				  arena_copy(mem, first + 1, (size_t)(second - first - 1)), mem,
				  &b.destination, err);
	struct words options = split(*second ? second + 1 : "", mem);
	for (size_t i = 0; r == 0 && i < options.n; i++)
		r = volume_option(l, options.v[i], &b, err);
	if (r == 0)
		add_bind(l, &b);
	return r;
}

/* --mount, key by key. */
struct mount_flag {
	const char *type, *size, *mode;
	struct bind bind;
};

static int mount_key(struct mount_flag *m, const char *word, struct arena *mem, struct err *err)
{
	const char *equals = strchrnul(word, '=');
	const char *key = arena_copy(mem, word, (size_t)(equals - word));
	const char *value = *equals ? equals + 1 : "";
	const struct {
		const char *key;
		const char **at;
	} texts[] = {
		{"type", &m->type},
		{"source", &m->bind.source},
		{"src", &m->bind.source},
		{"target", &m->bind.destination},
		{"destination", &m->bind.destination},
		{"dst", &m->bind.destination},
		{"bind-propagation", &m->bind.propagation},
		{"tmpfs-size", &m->size},
		{"tmpfs-mode", &m->mode},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (str_eq(key, texts[i].key)) {
			*texts[i].at = value;
			return 0;
		}
	if (!str_eq(key, "readonly") && !str_eq(key, "ro"))
		return err_say(err, EINVAL, "--mount: unknown key \"%.40s\"", key);
	m->bind.readonly = !str_eq(value, "false") && !str_eq(value, "0");
	return 0;
}

static int add_mount(struct mount_list *l, const char *text, struct err *err)
{
	struct arena *mem = l->in->mem;
	struct mount_flag m = {.type = "volume"};
	struct words keys = split(text, mem);

	for (size_t i = 0; i < keys.n; i++)
		if (mount_key(&m, keys.v[i], mem, err) < 0)
			return -err->num;
	if (!m.bind.destination)
		return err_say(err, EINVAL, "--mount: no target in \"%.80s\"", text);
	int r = check_destination("mount", m.bind.destination, mem, &m.bind.destination, err);
	if (r < 0)
		return r;
	if (str_eq(m.type, "tmpfs")) {
		const char *spec = arena_printf(mem, "%s:%s%s,%s%s,%s", m.bind.destination,
						m.size ? "size=" : "", m.size ? m.size : "",
						m.mode ? "mode=" : "", m.mode ? m.mode : "",
						m.bind.readonly ? "ro" : "");
		return add_tmpfs(l, spec, err);
	}
	if (!str_eq(m.type, "bind"))
		return err_say(err, ENOTSUP, "--mount: type=%.40s: expected bind or tmpfs", m.type);
	if (!m.bind.source || *m.bind.source != '/')
		return err_say(err, EINVAL, "--mount: no absolute source in \"%.80s\"", text);
	if (m.bind.propagation && !is_propagation(m.bind.propagation))
		return err_say(err, EINVAL, "--mount: unknown propagation \"%.40s\"",
			       m.bind.propagation);
	add_bind(l, &m.bind);
	return 0;
}

static int add_all(struct mount_list *l, const struct words *texts,
		   int (*add_one)(struct mount_list *, const char *, struct err *), struct err *err)
{
	for (size_t i = 0; i < texts->n; i++)
		if (add_one(l, texts->v[i], err) < 0)
			return -err->num;
	return 0;
}

/* Who is in a network asks its name servers, and knows its neighbours. In the image host the files
 * are often links into /run, which is empty. */
static void add_resolver(struct mount_list *l)
{
	const struct run_network *n = &l->in->facts->network;
	const struct bind resolv = {
		.source = n->resolv,
		.destination = "/etc/resolv.conf",
		.readonly = true,
		.is_ours = true,
	};
	const struct bind hosts = {
		.source = n->hosts,
		.destination = "/etc/hosts",
		.readonly = true,
		.is_ours = true,
	};

	if (n->resolv)
		add_bind(l, &resolv);
	if (n->hosts)
		add_bind(l, &hosts);
}

/* What systemd expects to be empty at each start, and makes for itself where it may mount. */
static int add_system(struct mount_list *l, struct err *err)
{
	static const char *const list[] = {"/run:mode=755,exec", "/run/lock:mode=1777",
					   "/tmp:mode=1777,exec"};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (add_tmpfs(l, list[i], err) < 0)
			return -err->num;
	return 0;
}

/* Empty in every other respect than its plan's (namespaces/secrets.h). */
static void add_secrets(struct mount_list *l)
{
	static const char *const options[] = {"nosuid", "nodev", "noexec", SECRETS_OPTION, NULL};

	set_options(add(l, SECRETS_DIR, "tmpfs", "secrets"), options, l->in->mem);
}

int compose_mounts(const struct compose *in, struct config *cfg, struct err *err)
{
	struct mount_list l = {.in = in};
	const struct run_flags *f = in->flags;

	for (size_t i = 0; i < sizeof(standards) / sizeof(*standards); i++)
		add_standard(&l, &standards[i]);
	int r = add_shm(&l, err);
	if (r == 0)
		r = add_all(&l, &in->image->tmpfs, add_tmpfs, err);
	if (r < 0)
		return r;
	if (f->systemd && (r = add_system(&l, err)) < 0)
		return r;
	add_resolver(&l);
	if ((r = add_all(&l, &f->tmpfs, add_tmpfs, err)) < 0 ||
	    (r = add_all(&l, &f->mounts, add_mount, err)) < 0 ||
	    (r = add_all(&l, &f->volumes, add_volume, err)) < 0)
		return r;
	if (f->secrets)
		add_secrets(&l);
	cfg->mounts = l.v;
	cfg->n_mounts = l.n;
	return 0;
}
