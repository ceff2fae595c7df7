/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "net/store.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/words.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"

enum { RECORD_MAX = 1 << 20 };

#define USUAL_ROOT "/run/ctr"
#define USUAL_DEFS "/var/lib/ctr/networks"

/* FNV-1a: tells one root from another in a name of a few letters. */
static uint32_t digest(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619U;
	return h;
}

int nets_open(const char *root, bool lock, struct nets *ret, struct err *err)
{
	auto_free char *dir_path = mem_printf("%s/.net", root);
	bool is_usual = str_eq(root, USUAL_ROOT);
	struct nets n = {.root = root};

	auto_fd int dir = path_make_dir(dir_path, 0700);
	if (dir < 0)
		return err_set(err, dir, "make %s", dir_path);
	while (lock && flock(dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "lock %s", dir_path);
	n.defs = is_usual ? path_make_dir(USUAL_DEFS, 0755) : fcntl(dir, F_DUPFD_CLOEXEC, 3);
	if (n.defs < 0)
		return err_set(err, is_usual ? n.defs : errno, "make %s", USUAL_DEFS);
	if (is_usual)
		snprintf(n.table, sizeof(n.table), "ctr");
	else
		snprintf(n.table, sizeof(n.table), "ctr-%08x", digest(root));
	n.dir = steal_fd(&dir);
	*ret = n;
	return 0;
}

void nets_clear(struct nets *n)
{
	auto_close_fd(&n->dir);
	auto_close_fd(&n->defs);
	*n = (struct nets)NETS_NONE;
}

int network_check_name(const char *name, struct err *err)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t n = strspn(name, chars);

	if (n && !name[n] && n <= NET_NAME_MAX && !strchr("_-.", *name))
		return 0;
	err_say(err, EINVAL, "\"%.80s\" is no name of a network", name);
	err_hint(err,
		 "letters, digits, '_', '-' and '.', at most %d, beginning with a letter or "
		 "digit",
		 NET_NAME_MAX);
	return -EINVAL;
}

static const char *file_of(const char *name, const char *suffix, char buf[NET_NAME_MAX + 16])
{
	snprintf(buf, NET_NAME_MAX + 16, "%s%s", name, suffix);
	return buf;
}

int network_load(const struct nets *n, const char *name, struct arena *mem, struct network **ret,
		 struct err *err)
{
	auto_(str) struct str text = {0};
	char file[NET_NAME_MAX + 16];
	void *record;

	int r = network_check_name(name, err);
	if (r < 0)
		return r;
	r = fd_read_file(n->defs, file_of(name, ".json", file), RECORD_MAX, &text);
	if (r == -ENOENT) {
		err_say(err, ENOENT, "there is no network \"%s\"", name);
		err_hint(err, "ctr network ls lists them, ctr network create %s makes it", name);
		return -ENOENT;
	}
	if (r < 0)
		return err_set(err, r, "read the record of network %s", name);
	r = decode_object(&network_table, text.p ? text.p : "", text.len, mem, &record, err);
	if (r < 0)
		return err_wrap(err, "record of network %s", name);
	*ret = record;
	return 0;
}

static int save(int dir, const char *file, const struct table *table, const void *record,
		struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};

	encode_object(table, record, &out, NULL);
	str_add_char(&text, '\n');
	int r = fd_replace(dir, file, text.p, text.len, 0600);
	return r < 0 ? err_set(err, r, "write %s", file) : 0;
}

int network_save(const struct nets *n, const struct network *w, struct err *err)
{
	char file[NET_NAME_MAX + 16];

	return save(n->defs, file_of(w->name, ".json", file), &network_table, w, err);
}

/* Removes the files whose names begin and end so. */
static int remove_named(int at, const char *begin, const char *end, struct err *err)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir)
		return err_set(err, errno, "read the directory of networks");
	for (struct dirent *d; r == 0 && (d = readdir(dir));)
		if (str_starts(d->d_name, begin) && str_ends(d->d_name, end) &&
		    unlinkat(at, d->d_name, 0) < 0)
			r = err_set(err, errno, "remove %s", d->d_name);
	closedir(dir);
	return r;
}

/* Their hosts files go with their last members; unless somebody was killed just then. */
static int forget_tenants(const struct nets *n, const char *name, struct err *err)
{
	char begin[NET_NAME_MAX + 2];

	snprintf(begin, sizeof(begin), "%s@", name);
	return remove_named(n->dir, begin, ".hosts", err);
}

int nets_sweep(const struct nets *n, struct err *err)
{
	int r = remove_named(n->dir, ".", ".new", err);

	return r < 0 ? r : remove_named(n->defs, ".", ".new", err);
}

int network_forget(const struct nets *n, const char *name, struct err *err)
{
	static const char *const derived[] = {".members", ".hosts"};
	char file[NET_NAME_MAX + 16];
	int r = forget_tenants(n, name, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(derived) / sizeof(*derived); i++)
		if (unlinkat(n->dir, file_of(name, derived[i], file), 0) < 0 && errno != ENOENT)
			return err_set(err, errno, "remove %s", file);
	if (unlinkat(n->defs, file_of(name, ".json", file), 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s", file);
	return 0;
}

int network_names(const struct nets *n, struct arena *mem, const char ***ret, struct err *err)
{
	struct words names = {0};
	struct err ignored;
	int fd = openat(n->defs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return err_set(err, errno, "read the directory of networks");
	for (struct dirent *d; (d = readdir(dir));) {
		size_t len = strlen(d->d_name);
		if (!str_ends(d->d_name, ".json") || len > NET_NAME_MAX + 5)
			continue;
		const char *name = arena_copy(mem, d->d_name, len - 5);
		if (network_check_name(name, &ignored) == 0)
			words_add(&names, name, mem);
	}
	closedir(dir);
	words_sort(&names);
	*ret = names.v;
	return (int)names.n;
}

int wire_load(int dir, struct arena *mem, struct wire **ret, struct err *err)
{
	auto_(str) struct str text = {0};
	void *record;
	int r = fd_read_file(dir, "net.json", RECORD_MAX, &text);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(err, r, "read the container's net.json");
	r = decode_object(&wire_table, text.p ? text.p : "", text.len, mem, &record, err);
	if (r < 0)
		return err_wrap(err, "the container's net.json");
	*ret = record;
	return 0;
}

int wire_save(int dir, const struct wire *w, struct err *err)
{
	return save(dir, "net.json", &wire_table, w, err);
}
