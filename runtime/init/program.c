/* SPDX-License-Identifier: Apache-2.0 */
/* The program: where it runs, what it is, and the last step. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/init/exec.h"

enum { PASSWD_MAX = 1 << 20 };

/* ---- the working directory ----------------------------------------------------------------------- */

/* A working directory outside the root has no path from /, and the kernel says so. */
static int check_inside(void)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return -errno;
	return *path == '/' ? 0 : -EPERM;
}

/* By no magic link: /proc/self/fd/7 could be a directory of the host's (CVE-2024-21626). */
static int change_dir(const char *path, bool make)
{
	int fd = walk_open(AT_FDCWD, path, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT && make)
		fd = walk_make(AT_FDCWD, path, S_IFDIR, 0755, WALK_FOLLOW);
	if (fd < 0)
		return fd;
	int r = fchdir(fd) < 0 ? -errno : check_inside();
	close(fd);
	return r;
}

int op_chdir(struct exec *x, const struct op *op)
{
	if (!op->str)
		return fchdir(exec_fd(x, op->fd)) < 0 ? -errno : 0;
	if (op->b && !x->chdir_failed) /* the first attempt was good enough */
		return 0;
	int r = change_dir(exec_str(x, op), op->a);
	x->chdir_failed = r == -EACCES && (op->flags & OPF_LATE);
	return x->chdir_failed ? 0 : r;
}

/* ---- HOME ------------------------------------------------------------------------------------------ */

/* Reads passwd(5) character by character: name:password:uid:gid:comment:home:shell. */
struct passwd_reader {
	int field;
	uint64_t uid; /* UINT64_MAX: not a number */
	size_t len;   /* of what `home` has of the line's sixth field; too long: not counted on */
	char home[PATH_MAX];
};

static void next_line(struct passwd_reader *p)
{
	p->field = 0;
	p->uid = UINT64_MAX;
	p->len = 0;
}

static void take_digit(struct passwd_reader *p, char c)
{
	uint64_t so_far = p->uid == UINT64_MAX ? 0 : p->uid;

	if (c < '0' || c > '9' || so_far > UINT32_MAX)
		p->field = -1; /* this line is nobody's */
	else
		p->uid = so_far * 10 + (uint64_t)(c - '0');
}

static void take_char(struct passwd_reader *p, char c)
{
	if (p->field < 0)
		return;
	if (c == ':')
		p->field++;
	else if (p->field == 2)
		take_digit(p, c);
	else if (p->field == 5 && p->len < sizeof(p->home))
		p->home[p->len++] = c;
}

static bool is_found(const struct passwd_reader *p, uint64_t uid)
{
	return p->field >= 5 && p->uid == uid && p->len && p->len < sizeof(p->home) &&
	       *p->home == '/';
}

static bool search(struct passwd_reader *p, int fd, uint64_t uid)
{
	char buf[4096];
	size_t total = 0;
	ssize_t n;

	next_line(p);
	while (total < PASSWD_MAX && (n = read(fd, buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				take_char(p, buf[i]);
				continue;
			}
			if (is_found(p, uid))
				return true;
			next_line(p);
		}
	}
	return is_found(p, uid);
}

int op_home(struct exec *x, const struct op *op)
{
	struct passwd_reader p = {.len = 0};
	struct stat st;
	/* It may be a fifo, a device, endless: it must be none of these. */
	int fd = walk_open(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !search(&p, fd, op->a)) {
		*p.home = '/';
		p.len = 1;
	}
	if (fd >= 0)
		close(fd);
	memcpy(x->home, "HOME=", 5);
	memcpy(x->home + 5, p.home, p.len);
	x->home[5 + p.len] = 0;
	return 0;
}

/* ---- the executable ---------------------------------------------------------------------------- */

/* 0, or why it cannot be executed, as far as one can tell by looking. */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int op_find(struct exec *x, const struct op *op)
{
	const char *at = exec_data(x, op), *end = at ? at + op->size : NULL;
	int worst = -ENOENT;

	for (uint64_t i = 0; i < op->a && at < end; i++, at += strlen(at) + 1) {
		int r = check_executable(at);
		if (r == 0) {
			x->program = at;
			return 0;
		}
		if (r == -EACCES)
			worst = r;
	}
	return worst;
}

int op_preserve(struct exec *x, const struct op *op)
{
	if (op->a > x->image->first_fd - 3)
		return -EINVAL;
	x->preserve = (unsigned)op->a;
	return 0;
}

void exec_seal(struct exec *x)
{
	const uint64_t none = 0;

	if (x->is_sealed)
		return;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	/* All are close-on-exec from birth; this is for the day when one is not. */
	sys_close_range(3 + x->preserve, ~0U, SYS_CLOSE_RANGE_CLOEXEC);
	x->is_sealed = true;
}

/* The next of the strings that end before `end`, or NULL. */
static char *next_string(char **at, const char *end)
{
	char *s = *at;

	if (!s || s >= end || !memchr(s, 0, (size_t)(end - s)))
		return NULL;
	*at = s + strlen(s) + 1;
	return s;
}

int exec_vectors(const struct exec *x, const struct op *op, char *home, char **argv,
		 char **ret_rest)
{
	char *strings = exec_data(x, op), *end = strings + op->size;
	char **env = argv + op->a + 1;
	uint64_t n = 0;

	for (uint64_t i = 0; i < op->a; i++)
		if (!(argv[i] = next_string(&strings, end)))
			return -EINVAL;
	argv[op->a] = NULL;
	for (; n < op->b; n++) {
		if (!(env[n] = next_string(&strings, end)))
			return -EINVAL;
		if (home && strncmp(env[n], "HOME=", 5) == 0) {
			env[n] = env[n][5] ? env[n] : home;
			home = NULL;
		}
	}
	env[n] = home;
	env[n + (home != NULL)] = NULL;
	*ret_rest = strings;
	return op->a ? 0 : -EINVAL;
}

int op_exec(struct exec *x, const struct op *op)
{
	char **argv = (char **)(void *)op_str(x->image, op->str), *rest;
	int r = exec_vectors(x, op, *x->home ? x->home : NULL, argv, &rest);

	if (r < 0)
		return r;
	if (op->c)
		return reap_exec(x, argv, argv + op->a + 1);
	exec_seal(x);
	execve(x->program ? x->program : argv[0], argv, argv + op->a + 1);
	return -errno;
}
