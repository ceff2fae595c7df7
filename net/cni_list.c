/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "net/cni_list.h"
#include "runtime/base/fd.h"

#define CONF_DIR "/etc/cni/net.d"

static const char *directory(void)
{
	const char *value = getenv("NETCONFPATH");

	return value && *value ? value : CONF_DIR;
}

static int list_files(const char *path, struct arena *mem, struct words *ret, struct err *err)
{
	DIR *dir = opendir(path);

	if (!dir) {
		err_set(err, errno, "open %s, where networks of CNI are described", path);
		err_hint(err, "NETCONFPATH names another directory");
		return -err->num;
	}
	for (struct dirent *d; (d = readdir(dir));)
		if (str_ends(d->d_name, ".conflist") || str_ends(d->d_name, ".conf") ||
		    str_ends(d->d_name, ".json"))
			words_add(ret, arena_str(mem, d->d_name), mem);
	closedir(dir);
	words_sort(ret);
	return 0;
}

int cni_list(struct arena *mem, struct cni_listed **ret, struct err *err)
{
	const char *dir = directory();
	struct words files = {0};
	int r = list_files(dir, mem, &files, err);

	if (r < 0)
		return r;
	struct cni_listed *list = arena_zalloc(mem, files.n + 1, sizeof(*list));
	for (size_t i = 0; i < files.n; i++) {
		auto_(str) struct str text = {0};
		list[i].file = arena_printf(mem, "%s/%s", dir, files.v[i]);
		if (fd_read_file(AT_FDCWD, list[i].file, CNI_CONF_MAX, &text) < 0 || !text.p)
			continue;
		list[i].text = arena_str(mem, text.p);
		list[i].name = cni_name(text.p, mem);
	}
	*ret = list;
	return (int)files.n;
}

int cni_networks(struct arena *mem, struct cni_listed **ret, struct err *err)
{
	struct err ignored;
	int n = cni_list(mem, ret, err), left = 0;

	if (n < 0) {
		*ret = NULL;
		return n == -ENOENT ? 0 : n;
	}
	for (int i = 0; i < n; i++) {
		const struct cni_listed one = (*ret)[i];
		bool is_new = one.name && network_check_name(one.name, &ignored) == 0;
		for (int k = 0; is_new && k < left; k++)
			is_new = !str_eq((*ret)[k].name, one.name);
		if (is_new)
			(*ret)[left++] = one;
	}
	return left;
}

static int no_network(const char *name, const struct str *there, struct err *err)
{
	err_say(err, ENOENT, "no file in %s describes a network \"%s\"", directory(), name);
	if (there->len)
		err_hint(err, "those that are there: %.150s", there->p);
	else
		err_hint(err, "files NAME.conflist, each with a \"name\"; NETCONFPATH names "
			      "another directory");
	return -ENOENT;
}

int cni_look(const char *name, struct arena *mem, struct cni_listed *ret, struct err *err)
{
	auto_(str) struct str there = {0};
	struct cni_listed *list;
	int n = cni_list(mem, &list, err);

	for (int i = 0; i < n; i++) {
		const char *file = strrchr(list[i].file, '/') + 1;
		if (list[i].name && str_eq(list[i].name, name)) {
			*ret = list[i];
			return 0;
		}
		str_addf(&there, "%s%s%s", there.len ? ", " : "",
			 list[i].name ? list[i].name : file,
			 list[i].name ? "" : " (can't be read)");
	}
	return n < 0 ? n : no_network(name, &there, err);
}
