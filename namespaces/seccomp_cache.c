/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "namespaces/seccomp_cache.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"

#define MAGIC 0x706d6f6363657363U

enum { NAME_SIZE = 17, FILE_MAX = 8 << 20 };

/* The file: this, the key, the instructions. */
struct header {
	uint64_t magic;
	uint64_t sum; /* hash of all that follows this member */
	uint32_t key_size, n, flags, zero;
};

#define SUM_FROM offsetof(struct header, key_size)

/* Eight bytes at a time, none of which can change without the result changing. Chance is all that it
 * must withstand. */
static uint64_t hash(const void *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325 ^ n;

	for (const char *at = p; n > 0;) {
		uint64_t word = 0;
		size_t step = n < sizeof(word) ? n : sizeof(word);
		memcpy(&word, at, step);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
		at += step;
		n -= step;
	}
	return h;
}

/* ---- the key ---------------------------------------------------------------------------------- */

static void put_number(struct str *key, uint64_t value)
{
	str_add_mem(key, &value, sizeof(value));
}

/* Absent is not the same as empty. */
static void put_text(struct str *key, const char *text)
{
	str_add_mem(key, text ? text : "\377", text ? strlen(text) + 1 : 2);
}

static void put_texts(struct str *key, const char *const *texts, size_t n)
{
	put_number(key, texts ? n : UINT64_MAX);
	for (size_t i = 0; texts && i < n; i++)
		put_text(key, texts[i]);
}

static void put_rule(struct str *key, const struct config_syscall *s)
{
	put_texts(key, s->names, s->n_names);
	put_text(key, s->action);
	put_number(key, s->has_errno_ret ? s->errno_ret : UINT64_MAX);
	put_number(key, s->n_args);
	for (size_t i = 0; i < s->n_args; i++) {
		put_number(key, (uint64_t)s->args[i].op << 32 | s->args[i].index);
		put_number(key, s->args[i].value);
		put_number(key, s->args[i].value_two);
	}
}

/* All of the profile that its filter depends on, and what else that is. */
static void make_key(const struct config_seccomp *p, const struct host *host, struct str *ret)
{
	const struct scmp_version *v = seccomp_version();

	str_addf(ret, "ctr %s libseccomp %u.%u.%u arch %x linux %x", CTR_VERSION, v->major,
		 v->minor, v->micro, seccomp_arch_native(), host->kernel);
	put_text(ret, p->default_action);
	put_number(ret, p->has_default_errno_ret ? p->default_errno_ret : UINT64_MAX);
	put_texts(ret, p->architectures, p->n_architectures);
	put_texts(ret, p->flags, p->n_flags);
	put_number(ret, p->n_syscalls);
	for (size_t i = 0; i < p->n_syscalls; i++)
		put_rule(ret, &p->syscalls[i]);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static bool read_own(int dirfd, const char *name, struct str *ret)
{
	struct stat st;
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0 && fd_read_all(fd, FILE_MAX, ret) == 0;
}

/* Whether it is a whole file, and of that key. */
static bool is_entry(const struct str *file, const struct str *key, struct header *ret)
{
	struct header h;

	if (file->len < sizeof(h))
		return false;
	memcpy(&h, file->p, sizeof(h));
	if (h.magic != MAGIC || h.zero != 0 || h.key_size != key->len || h.n > BPF_MAXINSNS ||
	    file->len != sizeof(h) + key->len + h.n * sizeof(struct sock_filter))
		return false;
	*ret = h;
	return memcmp(file->p + sizeof(h), key->p, key->len) == 0 &&
	       h.sum == hash(file->p + SUM_FROM, file->len - SUM_FROM);
}

static bool load(int dirfd, const char *name, const struct str *key, struct seccomp_filter *ret)
{
	auto_(str) struct str file = {0};
	struct header h;

	if (!read_own(dirfd, name, &file) || !is_entry(&file, key, &h))
		return false;
	struct sock_filter *code = mem_zalloc(h.n, sizeof(*code));
	memcpy(code, file.p + sizeof(h) + h.key_size, h.n * sizeof(*code));
	if (!seccomp_filter_ok(code, h.n)) {
		free(code);
		return false;
	}
	*ret = (struct seccomp_filter){.code = code, .n = h.n, .flags = h.flags};
	return true;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* "0123456789abcdef", or what fd_replace leaves of it when it is killed. */
static bool is_ours(const char *name)
{
	bool is_hidden = *name == '.';

	name += is_hidden;
	return strspn(name, "0123456789abcdef") == NAME_SIZE - 1 &&
	       str_eq(name + NAME_SIZE - 1, is_hidden ? ".new" : "");
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* Removes the oldest file if the directory is full. */
static void make_room(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct stat st, oldest = {0};
	char victim[NAME_MAX + 1] = "";
	unsigned n = 0;

	if (!dir)
		return;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (!is_ours(e->d_name) || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (n++ == 0 || is_older(&st, &oldest)) {
			oldest = st;
			snprintf(victim, sizeof(victim), "%s", e->d_name);
		}
	}
	if (n >= SECCOMP_CACHE_FILES_MAX)
		unlinkat(fd, victim, 0);
	closedir(dir);
}

static void store(int dirfd, const char *name, const struct str *key,
		  const struct seccomp_filter *f)
{
	auto_(str) struct str file = {0};
	struct header h = {.magic = MAGIC,
			   .key_size = (uint32_t)key->len,
			   .n = (uint32_t)f->n,
			   .flags = f->flags};

	str_add_mem(&file, &h, sizeof(h));
	str_add_mem(&file, key->p, key->len);
	str_add_mem(&file, f->code, f->n * sizeof(*f->code));
	h.sum = hash(file.p + SUM_FROM, file.len - SUM_FROM);
	memcpy(file.p, &h, sizeof(h));
	make_room(dirfd);
	(void)fd_replace(dirfd, name, file.p, file.len, 0600);
}

int seccomp_cached(int dirfd, const struct config_seccomp *profile, const struct host *host,
		   struct seccomp_filter *ret, struct err *err)
{
	auto_(str) struct str key = {0};
	char name[NAME_SIZE];

	if (dirfd < 0)
		return seccomp_compile(profile, host, ret, err);
	make_key(profile, host, &key);
	snprintf(name, sizeof(name), "%016" PRIx64, hash(key.p, key.len));
	if (load(dirfd, name, &key, ret))
		return 0;
	int r = seccomp_compile(profile, host, ret, err);
	if (r == 0 && key.len < FILE_MAX / 2)
		store(dirfd, name, &key, ret);
	return r;
}
