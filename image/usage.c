/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/gc.h"
#include "image/usage.h"
#include "runtime/base/fd.h"
#include "runtime/walk.h"

enum { USES_MAX = 1 << 20, SECTOR = 512 };

/* ---- trees ------------------------------------------------------------------------------------*/

/* A file with several names counts once for each of them in part. */
static uint64_t measure(int dir, const char *name, int depth)
{
	struct stat st;
	uint64_t sum;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	sum = (uint64_t)st.st_blocks * SECTOR;
	if (!S_ISDIR(st.st_mode))
		return st.st_nlink > 1 ? sum / st.st_nlink : sum;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 || depth > WALK_DEPTH_MAX ? NULL : fdopendir(fd);
	if (!d) {
		auto_close_fd(&fd);
		return sum;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			sum += measure(fd, e->d_name, depth + 1);
	closedir(d);
	return sum;
}

uint64_t usage_tree(int dir, const char *name)
{
	return measure(dir, name, 0);
}

/* ---- the store --------------------------------------------------------------------------------*/

static bool has(const struct words *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->v[i], text))
			return true;
	return false;
}

/* The parts of images that containers use, by their paths in the store. */
static int mark_active(const struct store *s, struct arena *mem, struct words *parts,
		       struct store_usage *u, struct err *err)
{
	struct oci *index = NULL;
	struct words ids = {0};
	int r = store_index(s, mem, &index, err);

	for (size_t i = 0; r == 0 && index && i < index->n_manifests; i++) {
		struct stored image = {0};
		struct err ignored = {0};
		if (store_image(s, &index->manifests[i], mem, &image, &ignored) < 0 ||
		    has(&ids, image.id))
			continue;
		words_add(&ids, image.id, mem);
		u->n_images++;
		if (!gc_is_used(s, image.manifest_d.digest))
			continue;
		u->n_active++;
		words_add(parts, store_blob_path(image.manifest_d.digest, mem), mem);
		words_add(parts, store_blob_path(image.id, mem), mem);
		for (size_t k = 0; k < image.n_layers; k++) {
			const char *blob = image.manifest->layers[k].digest;
			words_add(parts, store_blob_path(blob, mem), mem);
			words_add(parts,
				  arena_printf(mem, "layers/%s", digest_hex(image.chains[k])), mem);
		}
	}
	return r;
}

static void add_parts(const struct store *s, const char *dir, const struct words *active,
		      struct arena *mem, struct store_usage *u)
{
	auto_fd int fd = openat(s->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct words names = {0};

	if (fd < 0 || walk_names(fd, &names, mem) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		uint64_t bytes = usage_tree(fd, names.v[i]);
		u->images += bytes;
		if (!has(active, arena_printf(mem, "%s/%s", dir, names.v[i])))
			u->idle += bytes;
	}
}

static void add_writable(const struct store *s, struct arena *mem, struct store_usage *u)
{
	auto_fd int fd = openat(s->fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct words names = {0};

	if (fd < 0 || walk_names(fd, &names, mem) < 0)
		return;
	u->writable = arena_zalloc(mem, names.n, sizeof(*u->writable));
	for (size_t i = 0; i < names.n; i++) {
		auto_(str) struct str text = {0};
		const char *uses = arena_printf(mem, "%s/uses", names.v[i]);
		if (fd_read_file(fd, uses, USES_MAX, &text) < 0 || !text.p)
			continue;
		u->writable[u->n_writable++] = (struct store_writable){
			arena_copy(mem, text.p, strcspn(text.p, "\n")),
			usage_tree(fd, names.v[i]),
		};
	}
}

int store_measure(const struct store *s, struct arena *mem, struct store_usage *ret,
		  struct err *err)
{
	static const char *const dirs[] = {"blobs/sha256", "blobs/sha512", "layers"};
	struct store_usage u = {0};
	struct words active = {0};
	int r = mark_active(s, mem, &active, &u, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		add_parts(s, dirs[i], &active, mem, &u);
	add_writable(s, mem, &u);
	*ret = u;
	return 0;
}
