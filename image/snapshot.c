/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/snapshot.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/disk.h"

enum {
	ROOT_DIGITS = 8,
	KERNEL_LISTS = 6 << 16 | 8 << 8,
	KERNEL_VOLATILE = 5 << 16 | 10 << 8,
	NAME_BASE = 36
};

const char *snapshot_path(const char *root, const char *id, struct arena *mem)
{
	char digest[DIGEST_TEXT_MAX];

	digest_of(root, strlen(root), digest);
	return arena_printf(mem, "containers/%s.%.*s", id, ROOT_DIGITS, digest_hex(digest));
}

/* ---- layers -----------------------------------------------------------------------------------*/

/* Their trees from the top down, from the store's directory; one that hides all below it is the
 * last. */
static int list_layers(const struct store *s, const struct stored *image, struct words *ret,
		       struct arena *mem, struct err *err)
{
	bool hides = false;

	for (size_t i = image->n_layers; i-- > 0;) {
		enum layer_state state = store_layer(s, image->chains[i]);
		if (state == LAYER_MISSING) {
			err_say(err, ENOENT, "layer %zu of the image is not unpacked", i + 1);
			err_code(err, "not-unpacked");
			return -ENOENT;
		}
		if (!hides)
			words_add(ret, store_layer_path(image->chains[i], state, mem), mem);
		hides |= state == LAYER_OPAQUE;
	}
	return 0;
}

/* Before 6.8 overlay takes all layers in one option of 255 bytes: so they get the shortest of names,
 * links beside the writable layer. */
static int link_layers(int dir, const struct words *layers, struct words *ret, struct arena *mem,
		       struct err *err)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	size_t length = 0;

	for (size_t i = 0; i < layers->n; i++) {
		const char *name = i < NAME_BASE ? arena_printf(mem, "%c", digits[i])
						 : arena_printf(mem, "%c%c", digits[i / NAME_BASE],
								digits[i % NAME_BASE]);
		length += strlen(name) + 1;
		if (i / NAME_BASE >= NAME_BASE || length > ROOTFS_OPTION_MAX)
			return err_say(err, E2BIG,
				       "the image has %zu layers: that many need Linux 6.8",
				       layers->n);
		if (symlinkat(arena_printf(mem, "../../%s", layers->v[i]), dir, name) < 0)
			return err_set(err, errno, "link to a layer");
		words_add(ret, name, mem);
	}
	return 0;
}

/* ---- the writable layer -----------------------------------------------------------------------*/

/* Whose it is, and what must stay as long as it does: the image's manifest and its layers, a line
 * each. */
static int write_uses(int dir, const struct stored *image, const struct snapshot_want *want,
		      struct err *err)
{
	auto_(str) struct str text = {0};

	str_addf(&text, "%s/%s\n%s\n", want->root, want->id, image->manifest_d.digest);
	for (size_t i = 0; i < image->n_layers; i++)
		str_addf(&text, "%s\n", digest_hex(image->chains[i]));
	int r = fd_replace(dir, "uses", text.p, text.len, 0600);
	return r < 0 ? err_set(err, r, "write down what the container uses") : 0;
}

/* The maker holds the lock from before the first line is written until the record is there. */
bool snapshot_is_left(int dir)
{
	enum { USES_MAX = 1 << 20 };
	auto_(str) struct str text = {0};

	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (fd_read_file(dir, "uses", USES_MAX, &text) < 0 || !text.p)
		return true;
	text.p[strcspn(text.p, "\n")] = 0;
	return access(text.p, F_OK) < 0 && errno == ENOENT;
}

/* Opens the directory, which nobody else has; what is left of an earlier one goes away. */
static int claim(const struct store *s, const char *path, struct err *err)
{
	for (int i = 0; i < 3; i++) {
		if (mkdirat(s->fd, path, 0700) < 0 && errno != EEXIST)
			return err_set(err, errno, "make %s/%s", s->dir, path);
		auto_fd int dir =
			openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			continue;
		if (!snapshot_is_left(dir))
			break;
		struct stat st;
		if (faccessat(dir, "uses", F_OK, 0) < 0 && fstat(dir, &st) == 0 && st.st_nlink)
			return steal_fd(&dir);
		path_remove_tree(s->fd, path);
	}
	return err_say(err, EEXIST, "container with given ID already exists");
}

static int make_writable(const struct store *s, const char *path, const struct stored *image,
			 const struct snapshot_want *want, struct err *err)
{
	static const char *const dirs[] = {"upper", "work", "rootfs"};

	auto_fd int dir = claim(s, path, err);

	if (dir < 0)
		return dir;
	for (size_t i = want->disk ? 2 : 0; i < (want->disk ? 3 : 2); i++)
		if (mkdirat(dir, dirs[i], 0755) < 0 && errno != EEXIST)
			return err_set(err, errno, "make %s/%s/%s", s->dir, path, dirs[i]);
	int r = write_uses(dir, image, want, err);
	if (r == 0 && want->disk && !want->in_memory)
		r = disk_make(dir, "disk", want->disk, err);
	return r < 0 ? r : steal_fd(&dir);
}

/* Where it is, from the directory that the overlay's names begin in: `here` leads to its own. */
static void place_writable(const struct snapshot_want *want, const char *here, struct arena *mem,
			   struct rootfs_overlay *o)
{
	bool has_disk = want->disk && !want->in_memory;

	if (!want->disk)
		o->upper = here;
	o->is_volatile = want->is_fleeting && !want->disk && want->kernel >= KERNEL_VOLATILE;
	if (has_disk)
		o->upper = arena_printf(mem, "%s/rootfs", here);
	if (has_disk)
		o->disk = arena_printf(mem, "%s/disk", here);
	o->upper_bytes = want->disk;
}

/* ---- the image --------------------------------------------------------------------------------*/

static struct words words_of(const char **list, size_t n)
{
	return (struct words){list, n};
}

static void annotate(const struct stored *image, struct arena *mem, struct image *ret)
{
	const struct oci_process *p = image->config->config;
	const struct {
		const char *key, *value;
	} rows[] = {
		{"org.opencontainers.image.os", image->config->os},
		{"org.opencontainers.image.architecture", image->config->architecture},
		{"org.opencontainers.image.author", image->config->author},
		{"org.opencontainers.image.created", image->config->created},
		{"org.opencontainers.image.stopSignal", p ? p->stop_signal : NULL},
	};
	size_t n = sizeof(rows) / sizeof(*rows);

	ret->annotations = arena_zalloc(mem, n, sizeof(*ret->annotations));
	for (size_t i = 0; i < n; i++)
		if (rows[i].value && *rows[i].value)
			ret->annotations[ret->n_annotations++] =
				(struct config_kv){rows[i].key, rows[i].value};
}

/* Labels and the like are data: none of them chooses anything (SECURITY-CASES D11). */
static void take_config(const struct stored *image, struct arena *mem, struct image *ret)
{
	const struct oci_process *p = image->config->config;

	annotate(image, mem, ret);
	if (!p)
		return;
	ret->env = words_of(p->env, p->n_env);
	ret->entrypoint = words_of(p->entrypoint, p->n_entrypoint);
	ret->cmd = words_of(p->cmd, p->n_cmd);
	ret->workdir = p->working_dir && *p->working_dir ? p->working_dir : NULL;
	ret->user = p->user && *p->user ? p->user : NULL;
	for (size_t i = 0; i < p->n_exposed_ports; i++)
		words_add(&ret->exposed, p->exposed_ports[i].key, mem);
}

int snapshot_make(const struct store *s, const struct stored *image,
		  const struct snapshot_want *want, struct arena *mem, struct snapshot *ret,
		  struct err *err)
{
	const char *path = snapshot_path(want->root, want->id, mem);
	struct words layers = {0}, names = {0};
	bool is_joined = want->kernel < KERNEL_LISTS;
	int r = list_layers(s, image, &layers, mem, err);

	if (r < 0)
		return r;
	if (!layers.n)
		return err_say(err, ENOTSUP, "the image has no layers");
	auto_fd int dir = make_writable(s, path, image, want, err);
	if (dir < 0)
		return dir;
	if (is_joined && (r = link_layers(dir, &layers, &names, mem, err)) < 0) {
		snapshot_drop(s, want->root, want->id);
		return r;
	}
	const char *scratch = arena_printf(mem, "%s/%s", s->dir, path);
	ret->image = (struct image){
		.name = image->name ? image->name : image->id,
		.root = arena_printf(mem, "%s/rootfs", scratch),
		.scratch = scratch,
		.overlay = {.layers = is_joined ? names.v : layers.v,
			    .n_layers = layers.n,
			    .dir = is_joined ? scratch : s->dir,
			    .is_joined = is_joined},
	};
	place_writable(want, is_joined ? "." : path, mem, &ret->image.overlay);
	for (size_t i = 0; i < layers.n; i++)
		words_add(&ret->image.lookup, arena_printf(mem, "%s/%s", s->dir, layers.v[i]), mem);
	take_config(image, mem, &ret->image);
	ret->fd = steal_fd(&dir);
	return 0;
}

void snapshot_drop(const struct store *s, const char *root, const char *id)
{
	auto_(arena) struct arena mem = {0};

	path_remove_tree(s->fd, snapshot_path(root, id, &mem));
}

void snapshot_clear(struct snapshot *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
