/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/explain.h"

/* HEAD_SIZE is what the kernel itself looks at (BINPRM_BUF_SIZE); the depth is its limit too. */
enum { HEAD_SIZE = 256, SEGMENTS_MAX = 256, CHAIN_MAX = 5, SUBJECT_MAX = 160 };

enum kind {
	KIND_NOT_FOUND,
	KIND_NOT_IN_PATH,
	KIND_DANGLING,
	KIND_LOADER,
	KIND_INTERPRETER,
	KIND_CRLF,
	KIND_NOT_A_DIRECTORY,
	KIND_LINK_LOOP,
	KIND_IS_DIRECTORY,
	KIND_NOT_REGULAR,
	KIND_NO_X_BIT,
	KIND_PARENT,
	KIND_NOEXEC,
	KIND_EMPTY,
	KIND_TEXT,
	KIND_FORMAT,
	KIND_MACHINE,
	KIND_CORRUPT,
	KIND_CHAIN,
	KIND_ARGUMENTS,
	KIND_REFUSED,
	KIND_OTHER,
};

/* {} is the subject of the finding, see below. The texts of 127 never speak of permissions, for
 * callers take any such word as 126 (OCI-CONTRACT 2.9). */
static const struct row {
	const char *code;
	int exit, num;
	const char *text, *cure;
} rows[] = {
	[KIND_NOT_FOUND] = {"exec-not-found", 127, ENOENT, "stat {}: no such file or directory",
			    "look for it in the image; paths are the container's, not the host's"},
	[KIND_NOT_IN_PATH] = {"exec-not-in-path", 127, ENOENT, "executable file not found in $PATH",
			      "install it in the image or give its full path; PATH is {}"},
	[KIND_DANGLING] = {"exec-dangling-link", 127, ENOENT,
			   "no such file or directory: it is a symbolic link to {}",
			   "make the link point to a file of the container"},
	[KIND_LOADER] = {"exec-loader-missing", 127, ENOENT,
			 "no such file or directory: the program needs the loader {}",
			 "add the C library that it was linked with, or link it statically"},
	[KIND_INTERPRETER] = {"exec-interpreter-missing", 127, ENOENT,
			      "no such file or directory: its first line names {}",
			      "install that interpreter in the image, or correct the line"},
	[KIND_CRLF] = {"exec-crlf", 127, ENOENT,
		       "no such file or directory: its first line ends in CR LF, so that {} is "
		       "looked for",
		       "save the script with Unix line ends: sed -i 's/\\r$//' FILE"},
	[KIND_NOT_A_DIRECTORY] = {"exec-parent-not-directory", 127, ENOTDIR,
				  "stat {}: not a directory",
				  "a file stands where a directory should"},
	[KIND_LINK_LOOP] = {"exec-link-loop", 126, ELOOP, "too many levels of symbolic links: {}",
			    "the links lead to one another: make one of them lead to a file"},
	[KIND_IS_DIRECTORY] = {"exec-is-directory", 126, EACCES,
			       "permission denied: {} is a directory",
			       "name the program inside it"},
	[KIND_NOT_REGULAR] = {"exec-not-regular", 126, EACCES,
			      "permission denied: {} is not a regular file", "name a program"},
	[KIND_NO_X_BIT] = {"exec-no-x-bit", 126, EACCES, "permission denied: {}",
			   "chmod +x it in the image"},
	[KIND_PARENT] = {"exec-parent-closed", 126, EACCES, "permission denied: {}",
			 "chmod +x the directory in the image, or run as another user"},
	[KIND_NOEXEC] = {"exec-noexec", 126, EACCES,
			 "permission denied: {} is on a file system that is mounted noexec",
			 "mount it without noexec, or keep the program elsewhere"},
	[KIND_EMPTY] = {"exec-empty", 126, ENOEXEC, "exec format error: {} is empty",
			"copy the program again: it is 0 bytes long"},
	[KIND_TEXT] = {"exec-no-shebang", 126, ENOEXEC,
		       "exec format error: {} is text without a #! line",
		       "begin the script with a line such as #!/bin/sh"},
	[KIND_FORMAT] = {"exec-format", 126, ENOEXEC, "exec format error: {} is not a program",
			 "name a program for Linux, or a script that begins with #!"},
	[KIND_MACHINE] = {"exec-wrong-machine", 126, ENOEXEC,
			  "exec format error: it was built for {}",
			  "take the image for this machine's architecture"},
	[KIND_CORRUPT] = {"exec-corrupt", 126, ENOEXEC,
			  "exec format error: {} is a damaged or truncated ELF file",
			  "copy or build the program again"},
	[KIND_CHAIN] = {"exec-interpreter-chain", 126, ELOOP,
			"too many levels of symbolic links: interpreters of interpreters, up to {}",
			"let the #! line name a program, not a script"},
	[KIND_ARGUMENTS] = {"exec-arguments", 126, E2BIG, "argument list too long",
			    "arguments and environment may have a quarter of the stack's limit, "
			    "128 KiB each: pass them in a file"},
	[KIND_REFUSED] = {"exec-refused", 126, EPERM, "{}",
			  "nothing is wrong with the file: look at the seccomp profile and at "
			  "AppArmor's or SELinux' log"},
	[KIND_OTHER] = {"exec-failed", 126, 0, "{}", ""},
};

/* What was found, and the one thing about it that the text is to name. */
struct finding {
	enum kind kind;
	char subject[SUBJECT_MAX];
};

/* What is asked about. */
struct look {
	int root;
	const struct config_process *process;
	int num;
	struct arena mem;
};

/* Subjects come from the container: none of their bytes may speak to a terminal. */
static void add_plain(char *to, size_t size, const char *text)
{
	size_t n = strlen(to);

	for (; *text && n + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < ' ' || c == 0x7f)
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", c);
		else
			to[n++] = (char)c;
	}
	to[n] = 0;
}

static struct finding found(enum kind kind, const char *subject)
{
	struct finding f = {.kind = kind};

	add_plain(f.subject, sizeof(f.subject), subject);
	return f;
}

static struct finding other(int num)
{
	char words[80];

	return found(KIND_OTHER, err_words(num, words, sizeof(words)));
}

/* ---- contents ---------------------------------------------------------------------------------*/

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
		{EM_X86_64, "amd64"}, {EM_386, "386"},           {EM_AARCH64, "arm64"},
		{EM_ARM, "arm"},      {EM_RISCV, "riscv64"},     {EM_PPC64, "ppc64le"},
		{EM_S390, "s390x"},   {EM_LOONGARCH, "loong64"}, {EM_MIPS, "mips"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

/* Whether this machine's kernel may run it; what its settings leave out is not our guess. */
static bool machine_fits(unsigned machine)
{
#if defined(__x86_64__)
	return machine == EM_X86_64 || machine == EM_386;
#elif defined(__aarch64__)
	return machine == EM_AARCH64 || machine == EM_ARM;
#elif defined(__riscv)
	return machine == EM_RISCV;
#elif defined(__s390x__)
	return machine == EM_S390;
#elif defined(__powerpc64__)
	return machine == EM_PPC64;
#elif defined(__loongarch__)
	return machine == EM_LOONGARCH;
#else
	return machine_name(machine) == NULL;
#endif
}

static struct finding wrong_machine(unsigned machine)
{
	char number[40];
	const char *name = machine_name(machine);

	snprintf(number, sizeof(number), "another machine (ELF number %u)", machine);
	return found(KIND_MACHINE, name ? name : number);
}

struct segment {
	uint32_t type;
	uint64_t offset, size;
};

static bool read_segment(int fd, bool wide, uint64_t at, struct segment *ret)
{
	Elf64_Phdr p64;
	Elf32_Phdr p32;

	if (wide) {
		if (pread(fd, &p64, sizeof(p64), (off_t)at) != sizeof(p64))
			return false;
		*ret = (struct segment){p64.p_type, p64.p_offset, p64.p_filesz};
	} else {
		if (pread(fd, &p32, sizeof(p32), (off_t)at) != sizeof(p32))
			return false;
		*ret = (struct segment){p32.p_type, p32.p_offset, p32.p_filesz};
	}
	return true;
}

/* The loader's path into loader, "" when the program has none. false: the file is damaged. */
static bool read_loader(int fd, const char *head, uint64_t file_size, char loader[PATH_MAX])
{
	Elf64_Ehdr e64;
	Elf32_Ehdr e32;
	bool wide = head[EI_CLASS] == ELFCLASS64;

	memcpy(&e64, head, sizeof(e64));
	memcpy(&e32, head, sizeof(e32));
	uint64_t table = wide ? e64.e_phoff : e32.e_phoff;
	unsigned n = wide ? e64.e_phnum : e32.e_phnum;
	unsigned size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned type = wide ? e64.e_type : e32.e_type;

	*loader = 0;
	if ((type != ET_EXEC && type != ET_DYN) || !n || n > SEGMENTS_MAX || table > file_size)
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct segment s;
		if (!read_segment(fd, wide, table + (uint64_t)i * size, &s) ||
		    s.offset > file_size || s.size > file_size - s.offset)
			return false;
		if (s.type != PT_INTERP)
			continue;
		if (s.size < 2 || s.size > PATH_MAX ||
		    pread(fd, loader, s.size, (off_t)s.offset) != (ssize_t)s.size)
			return false;
		loader[s.size - 1] = 0;
	}
	return true;
}

static bool is_text(const char *head, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!head[i] || ((unsigned char)head[i] < ' ' && !strchr("\t\n\r\f\033", head[i])))
			return false;
	return n > 0;
}

/* ---- one file ---------------------------------------------------------------------------------*/

static struct finding look_at(struct look *l, const char *path, int depth);

/* What `needed`, an interpreter or loader, turns out to be is what is wrong with the file. */
static struct finding look_behind(struct look *l, const char *needed, enum kind if_missing,
				  int depth)
{
	if (depth >= CHAIN_MAX)
		return found(KIND_CHAIN, needed);
	struct finding f = look_at(l, needed, depth + 1);
	if (f.kind == KIND_NOT_FOUND || f.kind == KIND_DANGLING || f.kind == KIND_NOT_A_DIRECTORY)
		return found(if_missing, needed);
	return f;
}

/* The first word behind "#!" (execve(2)). */
static struct finding look_at_script(struct look *l, char *head, int depth)
{
	char *line = head + 2 + strspn(head + 2, " \t");

	line[strcspn(line, "\n")] = 0;
	line[strcspn(line, " \t")] = 0;
	if (!*line)
		return found(KIND_FORMAT, "a script whose #! line is blank");
	return look_behind(l, line, str_ends(line, "\r") ? KIND_CRLF : KIND_INTERPRETER, depth);
}

static struct finding look_at_elf(struct look *l, const char *path, int fd, const char *head,
				  int depth)
{
	char loader[PATH_MAX];
	Elf64_Half machine; /* at the same place in both classes */
	struct stat st;

	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
	if (head[EI_DATA] == ELFDATA2MSB && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		machine = __builtin_bswap16(machine);
	if (!machine_fits(machine))
		return wrong_machine(machine);
	if (fstat(fd, &st) < 0 || !read_loader(fd, head, (uint64_t)st.st_size, loader))
		return found(KIND_CORRUPT, path);
	if (*loader)
		return look_behind(l, loader, KIND_LOADER, depth);
	return other(l->num);
}

/* `seen` proved the file to be a regular one; opening it anew must give the same. */
static struct finding look_inside(struct look *l, const char *path, const struct stat *seen,
				  int depth)
{
	char head[HEAD_SIZE + 1] = {0};
	struct stat st;

	auto_fd int fd = path_open_in(l->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != seen->st_ino || st.st_dev != seen->st_dev)
		return other(l->num);
	ssize_t n = pread(fd, head, HEAD_SIZE, 0);
	if (n < 0)
		return other(l->num);
	if (n == 0)
		return found(KIND_EMPTY, path);
	if (n >= 2 && memcmp(head, "#!", 2) == 0)
		return look_at_script(l, head, depth);
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		if ((size_t)n < sizeof(Elf64_Ehdr))
			return found(KIND_CORRUPT, path);
		return look_at_elf(l, path, fd, head, depth);
	}
	return found(is_text(head, (size_t)n) ? KIND_TEXT : KIND_FORMAT, path);
}

/* The x bit that counts for the process's user (path_resolution(7)). Who is root in the container
 * may execute what anybody may, and search every directory. */
static bool has_x(const struct look *l, const struct stat *st)
{
	const struct config_user *u = l->process->user;
	uint32_t uid = u ? u->uid : 0, gid = u ? u->gid : 0;

	if (uid == 0)
		return S_ISDIR(st->st_mode) || (st->st_mode & 0111);
	if (uid == st->st_uid)
		return st->st_mode & 0100;
	bool member = gid == st->st_gid;
	for (size_t i = 0; u && i < u->n_additional_gids; i++)
		member |= u->additional_gids[i] == st->st_gid;
	return st->st_mode & (member ? 0010 : 0001);
}

static struct finding no_x(const struct look *l, enum kind kind, const char *path,
			   const struct stat *st)
{
	char text[SUBJECT_MAX];

	snprintf(text, sizeof(text), "%.100s has mode %04o, which lets uid %u not %s it", path,
		 (unsigned)st->st_mode & 07777, l->process->user ? l->process->user->uid : 0,
		 kind == KIND_PARENT ? "search" : "execute");
	return found(kind, text);
}

/* The first directory on the way that the user may not search. */
static bool find_closed_parent(struct look *l, const char *path, struct finding *ret)
{
	char *copy = path_clean(&l->mem, path);
	struct stat st;

	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = 0;
		auto_fd int fd = path_open_in(l->root, copy, O_PATH);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && !has_x(l, &st)) {
			*ret = no_x(l, KIND_PARENT, copy, &st);
			return true;
		}
		*at = '/';
	}
	return false;
}

static struct finding cannot_open(struct look *l, const char *path, int num)
{
	char target[SUBJECT_MAX] = "";

	if (num == ELOOP)
		return found(KIND_LINK_LOOP, path);
	if (num == ENOTDIR)
		return found(KIND_NOT_A_DIRECTORY, path);
	if (num == EACCES) {
		snprintf(target, sizeof(target), "a directory above %.100s may not be searched",
			 path);
		return found(KIND_PARENT, target);
	}
	if (num != ENOENT)
		return other(num);
	auto_fd int link = path_open_in(l->root, path, O_PATH | O_NOFOLLOW);
	if (link >= 0 && readlinkat(link, "", target, sizeof(target) - 1) > 0)
		return found(KIND_DANGLING, target);
	return found(KIND_NOT_FOUND, path);
}

static struct finding look_at(struct look *l, const char *path, int depth)
{
	struct finding closed;
	struct statvfs fs;
	struct stat st;

	auto_fd int fd = path_open_in(l->root, path, O_PATH);
	if (fd < 0)
		return cannot_open(l, path, -fd);
	if (fstat(fd, &st) < 0)
		return other(errno);
	if (S_ISDIR(st.st_mode))
		return found(KIND_IS_DIRECTORY, path);
	if (!S_ISREG(st.st_mode))
		return found(KIND_NOT_REGULAR, path);
	if (find_closed_parent(l, path, &closed))
		return closed;
	if (!has_x(l, &st))
		return no_x(l, KIND_NO_X_BIT, path, &st);
	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC))
		return found(KIND_NOEXEC, path);
	return look_inside(l, path, &st, depth);
}

/* ---- the program ------------------------------------------------------------------------------*/

static const char *search_path(const struct config_process *p)
{
	const char *path = "";

	for (size_t i = 0; i < p->n_env; i++)
		if (str_starts(p->env[i], "PATH="))
			path = p->env[i] + 5; /* the last one counts */
	return path;
}

static const char *in_cwd(struct look *l, const char *path)
{
	const char *cwd = l->process->cwd ? l->process->cwd : "/";

	if (*path == '/')
		return path;
	return arena_printf(&l->mem, "%s/%s", str_eq(cwd, "/") ? "" : cwd, path);
}

static bool is_missing(enum kind kind)
{
	return kind == KIND_NOT_FOUND || kind == KIND_NOT_A_DIRECTORY;
}

/* As execvp(3) looks: in each directory of $PATH. A name that is nowhere but as something that
 * can't be executed is explained by the first of these. */
static struct finding search(struct look *l, const char *name)
{
	const char *dirs = search_path(l->process);

	for (const char *at = dirs; *at;) {
		size_t n = strcspn(at, ":");
		const char *dir = n ? arena_copy(&l->mem, at, n) : ".";
		struct finding f =
			look_at(l, in_cwd(l, arena_printf(&l->mem, "%s/%s", dir, name)), 0);
		if (!is_missing(f.kind) && f.kind != KIND_IS_DIRECTORY)
			return f;
		at += n + (at[n] == ':');
	}
	return found(KIND_NOT_IN_PATH, *dirs ? dirs : "empty");
}

/* Nothing wrong was seen with the file: then it was somebody's decision. */
static struct finding conclude(const struct look *l, struct finding f)
{
	if (f.kind == KIND_OTHER && (l->num == EPERM || l->num == EACCES))
		f.kind = KIND_REFUSED;
	return f;
}

static void add_filled(struct str *s, const char *text, const char *subject)
{
	const char *gap = strstr(text, "{}");

	if (!gap) {
		str_add(s, text);
		return;
	}
	str_add_mem(s, text, (size_t)(gap - text));
	str_add(s, subject);
	str_add(s, gap + 2);
}

static int say(const struct look *l, const char *name, const struct finding *f, struct err *err)
{
	const struct row *row = &rows[f->kind];
	auto_(str) struct str text = {0};
	auto_(str) struct str cure = {0};
	char plain[SUBJECT_MAX] = "";

	add_plain(plain, sizeof(plain), name);
	add_filled(&text, row->text, f->subject);
	add_filled(&cure, row->cure, f->subject);
	err_say(err, row->num ? row->num : l->num, "exec: \"%s\": %s", plain, text.p);
	if (cure.p)
		err_hint(err, "%s", cure.p);
	err_code(err, row->code);
	return err_wrap(err, "unable to start container process");
}

int explain_exec(int root, const struct config_process *process, int num, struct err *err)
{
	struct look l = {.root = root, .process = process, .num = num < 0 ? -num : num};
	const char *name = process->n_args ? process->args[0] : "";
	struct finding f;

	if (l.num == E2BIG)
		f = found(KIND_ARGUMENTS, "");
	else if (!*name)
		f = found(KIND_NOT_IN_PATH, search_path(process));
	else if (strchr(name, '/'))
		f = look_at(&l, in_cwd(&l, name), 0);
	else
		f = search(&l, name);
	f = conclude(&l, f);
	int r = say(&l, name, &f, err);
	arena_clear(&l.mem);
	return r;
}

int explain_exit(const struct err *err)
{
	for (size_t i = 0; err->code && i < sizeof(rows) / sizeof(*rows); i++)
		if (str_eq(rows[i].code, err->code))
			return rows[i].exit;
	return 0;
}
