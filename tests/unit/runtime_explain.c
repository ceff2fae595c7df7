/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/explain.h"
#include "tests/lib/test.h"

/* A root file system to look into, gone at the end of the case. */
struct tree {
	char path[40];
	int fd;
};

static void tree_clear(struct tree *t)
{
	auto_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (t->fd >= 0)
		close(t->fd);
	path_remove_tree(tmp, t->path + strlen("/tmp/"));
}

static struct tree tree_new(void)
{
	struct tree t = {.path = "/tmp/ctr-explain-XXXXXX", .fd = -1};

	if (mkdtemp(t.path))
		t.fd = open(t.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	umask(0);
	mkdirat(t.fd, "bin", 0755);
	return t;
}

static void put(const struct tree *t, const char *path, mode_t mode, const void *p, size_t n)
{
	auto_fd int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	CHECK(write(fd, p, n) == (ssize_t)n);
}

static void put_text(const struct tree *t, const char *path, mode_t mode, const char *text)
{
	put(t, path, mode, text, strlen(text));
}

/* A program that is nothing but its headers and the name of a loader. */
struct program {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	char loader[40];
};

static struct program program_with(const char *loader)
{
	struct program p = {
		.head =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB, 1},
				.e_type = ET_DYN,
				.e_machine = EM_X86_64,
				.e_phoff = sizeof(Elf64_Ehdr),
				.e_phnum = 1,
				.e_phentsize = sizeof(Elf64_Phdr),
			},
		.segment = {.p_type = loader ? PT_INTERP : PT_LOAD},
	};

#if defined(__aarch64__)
	p.head.e_machine = EM_AARCH64;
#endif
	if (loader) {
		memcpy(p.loader, loader, strlen(loader) + 1);
		p.segment.p_offset = offsetof(struct program, loader);
		p.segment.p_filesz = strlen(loader) + 1;
	}
	return p;
}

/* Asks why `arg0` did not start and compares the answer. NULL text: whatever it says. */
static void says(const struct tree *t, const char *arg0, int num, const char *code, int status,
		 const char *text)
{
	const char *args[] = {arg0}, *env[] = {"PATH=/nowhere:/bin"};
	struct config_user user = {.uid = 1000, .gid = 1000};
	struct config_process p = {
		.args = args, .n_args = 1, .env = env, .n_env = 1, .cwd = "/", .user = &user};
	auto_(str) struct str want = {0};
	struct err err = {0};
	char buf[600];

	CHECK(explain_exec(t->fd, &p, num, &err) < 0);
	CHECK_STR(err.code, code);
	CHECK_INT(explain_exit(&err), status);
	if (text) {
		str_addf(&want, "unable to start container process: exec: \"%s\": %s", arg0, text);
		CHECK_STR(err_text(&err, buf, sizeof(buf)), want.p);
	}
	/* Callers take these words for 126. */
	if (status == 127) {
		CHECK(!strstr(err.msg, "permission denied"));
		CHECK(!strstr(err.msg, "operation not permitted"));
	}
}

TEST(missing_programs)
{
	auto_(tree) struct tree t = tree_new();

	says(&t, "/x", ENOENT, "exec-not-found", 127, "stat /x: no such file or directory");
	says(&t, "x", ENOENT, "exec-not-in-path", 127, "executable file not found in $PATH");
	says(&t, "bin/x", ENOENT, "exec-not-found", 127, "stat /bin/x: no such file or directory");
	put_text(&t, "file", 0755, "");
	says(&t, "/file/x", ENOTDIR, "exec-parent-not-directory", 127,
	     "stat /file/x: not a directory");
}

TEST(missing_interpreters)
{
	auto_(tree) struct tree t = tree_new();
	struct program p = program_with("/lib/ld-x.so");

	put_text(&t, "bin/script", 0755, "#! /bin/nosuch -e\n");
	says(&t, "script", ENOENT, "exec-interpreter-missing", 127,
	     "no such file or directory: its first line names /bin/nosuch");
	put_text(&t, "bin/dos", 0755, "#!/bin/sh\r\necho\r\n");
	says(&t, "/bin/dos", ENOENT, "exec-crlf", 127,
	     "no such file or directory: its first line ends in CR LF, so that /bin/sh\\x0d is "
	     "looked for");
	put(&t, "bin/program", 0755, &p, sizeof(p));
	says(&t, "program", ENOENT, "exec-loader-missing", 127,
	     "no such file or directory: the program needs the loader /lib/ld-x.so");
	put_text(&t, "bin/outer", 0755, "#!/bin/program\n");
	says(&t, "outer", ENOENT, "exec-loader-missing", 127, NULL);
}

TEST(links)
{
	auto_(tree) struct tree t = tree_new();

	CHECK_INT(symlinkat("/usr/bin/gone", t.fd, "bin/dangling"), 0);
	says(&t, "dangling", ENOENT, "exec-dangling-link", 127,
	     "no such file or directory: it is a symbolic link to /usr/bin/gone");
	CHECK_INT(symlinkat("b", t.fd, "bin/a"), 0);
	CHECK_INT(symlinkat("a", t.fd, "bin/b"), 0);
	says(&t, "/bin/a", ELOOP, "exec-link-loop", 126, NULL);
	/* Out of the root there is no way. */
	CHECK_INT(symlinkat("/../../../../etc/hostname", t.fd, "bin/out"), 0);
	says(&t, "out", ENOENT, "exec-dangling-link", 127, NULL);
}

TEST(files_that_are_no_programs)
{
	auto_(tree) struct tree t = tree_new();
	struct program p = program_with(NULL);

	put_text(&t, "bin/empty", 0755, "");
	says(&t, "empty", ENOEXEC, "exec-empty", 126, "exec format error: /bin/empty is empty");
	put_text(&t, "bin/text", 0755, "echo hello\n");
	says(&t, "text", ENOEXEC, "exec-no-shebang", 126, NULL);
	put(&t, "bin/data", 0755, "\0\0\0\0", 4);
	says(&t, "data", ENOEXEC, "exec-format", 126, NULL);
	put(&t, "bin/cut", 0755, &p, sizeof(p.head));
	says(&t, "cut", ENOEXEC, "exec-corrupt", 126, NULL);
	put(&t, "bin/stub", 0755, &p, 20);
	says(&t, "stub", ENOEXEC, "exec-corrupt", 126, NULL);
	p.segment.p_offset = 1 << 20;
	put(&t, "bin/far", 0755, &p, sizeof(p));
	says(&t, "far", ENOEXEC, "exec-corrupt", 126, NULL);
	p.head.e_machine = EM_RISCV;
	put(&t, "bin/foreign", 0755, &p, sizeof(p));
	says(&t, "foreign", ENOEXEC, "exec-wrong-machine", 126,
	     "exec format error: it was built for riscv64");
}

TEST(what_may_not_be_executed)
{
	auto_(tree) struct tree t = tree_new();
	struct program p = program_with(NULL);

	says(&t, "/bin", EACCES, "exec-is-directory", 126,
	     "permission denied: /bin is a directory");
	put_text(&t, "bin/plain", 0644, "#!/bin/sh\n");
	says(&t, "plain", EACCES, "exec-no-x-bit", 126,
	     "permission denied: /bin/plain has mode 0644, which lets uid 1000 not execute it");
	CHECK_INT(mkfifoat(t.fd, "bin/fifo", 0755), 0);
	says(&t, "/bin/fifo", EACCES, "exec-not-regular", 126, NULL);
	CHECK_INT(mkdirat(t.fd, "closed", 0700), 0);
	put(&t, "closed/x", 0755, &p, sizeof(p));
	says(&t, "/closed/x", EACCES, geteuid() == 1000 ? "exec-refused" : "exec-parent-closed",
	     126, NULL);
	put(&t, "bin/good", 0755, &p, sizeof(p));
	says(&t, "good", EPERM, "exec-refused", 126, "operation not permitted");
	says(&t, "good", ETXTBSY, "exec-failed", 126, "text file busy");
	says(&t, "good", E2BIG, "exec-arguments", 126, "argument list too long");
}

TEST(interpreters_of_interpreters)
{
	auto_(tree) struct tree t = tree_new();

	put_text(&t, "bin/loop", 0755, "#!/bin/loop\n");
	says(&t, "loop", ELOOP, "exec-interpreter-chain", 126, NULL);
	put_text(&t, "bin/closed", 0644, "x");
	put_text(&t, "bin/user", 0755, "#!/bin/closed\n");
	says(&t, "user", EACCES, "exec-no-x-bit", 126,
	     "permission denied: /bin/closed has mode 0644, which lets uid 1000 not execute it");
}

TEST(nothing_of_the_file_reaches_a_terminal)
{
	auto_(tree) struct tree t = tree_new();

	put_text(&t, "bin/evil", 0755, "#!/\033[2J\n");
	says(&t, "evil", ENOENT, "exec-interpreter-missing", 127,
	     "no such file or directory: its first line names /\\x1b[2J");
}

TEST(other_errors_have_no_exit_status_of_their_own)
{
	struct err err = {0};

	err_set(&err, EIO, "x");
	CHECK_INT(explain_exit(&err), 0);
	err_code(&err, "needs-ext");
	CHECK_INT(explain_exit(&err), 0);
}
