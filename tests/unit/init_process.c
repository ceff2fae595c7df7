/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init's operations on its own process, and the program that it becomes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "tests/lib/test.h"
#include "tests/unit/init_peer.h"

/* The value of a line of /proc/PID/status, a static string. */
static const char *status_of(pid_t pid, const char *key)
{
	static char value[128];
	char path[64];
	auto_(str) struct str text = {0};

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd_read_file(AT_FDCWD, path, 65536, &text);
	const char *at = text.p ? strstr(text.p, key) : NULL;
	if (!at)
		return NULL;
	at += strlen(key) + 1;
	at += strspn(at, " \t");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

static struct peer run_to_sync(struct oplist *l)
{
	oplist_add(l, OP_SYNC);
	struct peer p = peer_start(l, -1);
	if (!CHECK_INT(peer_hear(&p), MSG_SYNC))
		printf("# operation %u: errno %d\n", p.msg.op, (int)p.msg.a);
	return p;
}

TEST(attributes_of_the_process)
{
	struct oplist l;

	oplist_init(&l);
	oplist_add(&l, OP_SETSID);
	oplist_add(&l, OP_SETSID); /* is one already */
	oplist_add(&l, OP_UMASK)->a = 027;
	struct op *op = oplist_add(&l, OP_RLIMIT);
	op->a = RLIMIT_CORE;
	op->b = 4096;
	op->c = 8192;
	op = oplist_add(&l, OP_PRCTL);
	op->a = PR_SET_NO_NEW_PRIVS;
	op->b = 1;
	struct peer p = run_to_sync(&l);
	CHECK_INT(getsid(p.pid), p.pid);
	CHECK_STR(status_of(p.pid, "Umask:"), "0027");
	CHECK_STR(status_of(p.pid, "NoNewPrivs:"), "1");
	struct rlimit limit;
	CHECK(prlimit(p.pid, RLIMIT_CORE, NULL, &limit) == 0 && limit.rlim_cur == 4096 &&
	      limit.rlim_max == 8192);
	peer_end(&p);
}

TEST(namespaces_and_names)
{
	struct oplist l;
	char path[64], name[64] = "";

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	oplist_add(&l, OP_UNSHARE)->a = CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC;
	peer_op(&l, OP_HOSTNAME, SLOT_NONE, "box");
	peer_op(&l, OP_DOMAINNAME, SLOT_NONE, "example.org");
	oplist_add(&l, OP_LOOPBACK);
	struct peer p = run_to_sync(&l);
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)p.pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(setns(fd, CLONE_NEWUTS) == 0);
	close(fd);
	CHECK(gethostname(name, sizeof(name)) == 0);
	CHECK_STR(name, "box");
	CHECK(getdomainname(name, sizeof(name)) == 0);
	CHECK_STR(name, "example.org");
	snprintf(path, sizeof(path), "/proc/%d/net/if_inet6", (int)p.pid);
	CHECK(strstr(peer_read_file(path), "lo\n") != NULL);
	peer_end(&p);
}

TEST(a_new_time_namespace_needs_no_fork)
{
	struct oplist l;

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	int16_t proc = oplist_slots(&l, 2), ns = (int16_t)(proc + 1);
	oplist_add(&l, OP_UNSHARE)->a = CLONE_NEWTIME;
	struct op *op = peer_op(&l, OP_OPEN, SLOT_CWD, "/proc");
	op->a = O_PATH | O_DIRECTORY;
	op->ret = proc;
	op = peer_op(&l, OP_WRITE, proc, "self/timens_offsets");
	peer_data(&l, op, "boottime 86400 0\n", 17);
	op = peer_op(&l, OP_OPEN, proc, "self/ns/time_for_children");
	op->ret = ns;
	op = oplist_add(&l, OP_SETNS);
	op->fd = ns;
	op->a = CLONE_NEWTIME;
	peer_shell(&l, "cut -d. -f1 /proc/uptime >/tmp/uptime", NULL, 0);
	int r = peer_run(&l, NULL);
	if (r == EINVAL)
		SKIP("no time namespaces");
	CHECK_INT(r, 0);
	CHECK(atol(peer_read_file("/tmp/uptime")) - atol(peer_read_file("/proc/uptime")) > 86000);
}

TEST(capabilities)
{
	struct oplist l;
	const uint64_t kill_only = 1U << CAP_KILL, both = kill_only | 1U << CAP_CHOWN;
	const struct op_caps caps = {
		.bounding = both,
		.permitted = both,
		.effective = kill_only,
		.inheritable = kill_only,
		.ambient = kill_only | 1ULL << CAP_SYSLOG, /* that one cannot be */
	};

	if (!peer_enter(false))
		SKIP("no user namespaces");
	oplist_init(&l);
	oplist_add(&l, OP_CAPS)->flags = OPF_KEEPCAPS; /* raises, drops nothing */
	struct op *op = oplist_add(&l, OP_CAPS);
	peer_data(&l, op, &caps, sizeof(caps));
	struct peer p = run_to_sync(&l);
	CHECK_STR(status_of(p.pid, "CapBnd:"), "0000000000000021");
	CHECK_STR(status_of(p.pid, "CapPrm:"), "0000000000000021");
	CHECK_STR(status_of(p.pid, "CapEff:"), "0000000000000020");
	CHECK_STR(status_of(p.pid, "CapInh:"), "0000000000000020");
	CHECK_STR(status_of(p.pid, "CapAmb:"), "0000000000000020");
	peer_end(&p);
}

TEST(identity)
{
	struct oplist l;
	const uint32_t groups[] = {7, 8};

	if (!peer_enter(true))
		SKIP("needs root");
	oplist_init(&l);
	struct op *op = oplist_add(&l, OP_SETIDS);
	op->a = 1000;
	op->b = 1001;
	op->flags = OPF_GROUPS | OPF_KEEPCAPS;
	peer_data(&l, op, groups, sizeof(groups));
	struct peer p = run_to_sync(&l);
	CHECK_STR(status_of(p.pid, "Uid:"), "1000\t1000\t1000\t1000");
	CHECK_STR(status_of(p.pid, "Gid:"), "1001\t1001\t1001\t1001");
	CHECK_STR(status_of(p.pid, "Groups:"), "7 8 ");
	CHECK_STR(status_of(p.pid, "CapEff:"), "0000000000000000");
	CHECK(strtoull(status_of(p.pid, "CapPrm:"), NULL, 16) != 0);
	peer_end(&p);

	oplist_init(&l);
	op = oplist_add(&l, OP_SETIDS);
	op->a = 1000;
	op->b = 1001;
	op->flags = OPF_GROUPS;
	p = run_to_sync(&l);
	CHECK_STR(status_of(p.pid, "Groups:"), "");
	CHECK_STR(status_of(p.pid, "CapPrm:"), "0000000000000000");
	peer_end(&p);
}

TEST(ids_that_would_wrap_are_refused)
{
	static const uint64_t bad[] = {UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX};

	for (size_t i = 0; i < 3; i++) {
		struct oplist l;
		oplist_init(&l);
		oplist_add(&l, OP_SETIDS)->a = bad[i];
		CHECK_INT(peer_run(&l, NULL), EINVAL);
		oplist_init(&l);
		oplist_add(&l, OP_SETIDS)->b = bad[i];
		CHECK_INT(peer_run(&l, NULL), EINVAL);
	}
}

/* Everything but what the executor needs for its last step and a shell for its end is refused. */
TEST(a_strict_filter_lets_the_exec_through)
{
	struct oplist l;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	oplist_init(&l);
	struct op *op = oplist_add(&l, OP_PRCTL);
	op->a = PR_SET_NO_NEW_PRIVS;
	op->b = 1;
	op = oplist_add(&l, OP_SECCOMP);
	peer_data(&l, op, filter, sizeof(filter));
	uint32_t room = oplist_room(&l, 4 * sizeof(char *));
	op = oplist_add(&l, OP_EXEC);
	op->a = 1;
	op->str = room;
	peer_data(&l, op, "/no/such/program", 17);
	uint32_t at = 0;
	CHECK_INT(peer_run(&l, &at), ENOENT);
	CHECK_INT(at, 2);
}

TEST(exec_gives_what_was_asked_for)
{
	struct oplist l;
	const char *const env[] = {"A=1", "HOME=", "B=2"};

	if (!peer_enter(false))
		SKIP("no user namespaces");
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	oplist_init(&l);
	oplist_add(&l, OP_SIGNALS)->a =
		UINT64_MAX & ~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1));
	oplist_add(&l, OP_HOME)->a = 0;
	peer_shell(&l, "echo $A$B $HOME; grep ^Sig...: /proc/$$/status | tr -d '\\t\\n'", env, 3);
	/* Standard output is the test's own. */
	fflush(stdout);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
	    out = open("/tmp/out", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	dup2(out, STDOUT_FILENO);
	int r = peer_run(&l, NULL);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(out);
	CHECK_INT(r, 0);
	const char *text = peer_read_file("/tmp/out");
	CHECK(strstr(text, "12 /root\n") == text);
	CHECK(strstr(text, "SigBlk:0000000000000000SigIgn:0000000000000000") != NULL);
}

/* The HOME that a program gets whose environment says nothing of one. */
static const char *home_of(const char *passwd, uint64_t uid)
{
	struct oplist l;

	unlink("/tmp/etc/passwd");
	if (passwd)
		peer_write_file("/tmp/etc/passwd", passwd);
	unlink("/tmp/home");
	oplist_init(&l);
	oplist_add(&l, OP_UNSHARE)->a = CLONE_NEWNS;
	oplist_add(&l, OP_HOME)->a = uid;
	peer_shell(&l, "echo $HOME >/tmp/home", NULL, 0);
	CHECK_INT(peer_run(&l, NULL), 0);
	return peer_read_file("/tmp/home");
}

TEST(home_is_looked_up)
{
	if (!peer_enter(false))
		SKIP("no user namespaces");
	mkdir("/tmp/etc", 0755);
	CHECK(mount("/tmp/etc", "/etc", NULL, MS_BIND, NULL) == 0);
	CHECK_STR(home_of(NULL, 0), "/\n");
	CHECK_STR(home_of("a:x:5:5::/home/a:/bin/sh\nb:x:6:6:B,,:/home/b:/bin/sh\n", 6),
		  "/home/b\n");
	CHECK_STR(home_of("b:x:6:6:B,,:/home/b", 6), "/home/b\n");
	CHECK_STR(home_of("b:x:6:6:B,,:/home/b\nc:x:6:6::/home/c:\n", 6),
		  "/home/b\n"); /* the first */
	CHECK_STR(home_of("b:x:6:6:B,,:relative:\n", 6), "/\n");
	CHECK_STR(home_of("b:x:6:6\n:/home/b:x\n", 6), "/\n");
	CHECK_STR(home_of("b:x: 6:6:B,,:/home/b:\n", 6), "/\n");
	CHECK_STR(home_of("b:x:4294967302:6:B,,:/home/b:\n", 6), "/\n"); /* 6 in 32 bits */
	CHECK_STR(home_of("b:x::6:B,,:/home/b:\n", 0), "/\n");
}

TEST(hostile_passwd_files_do_not_matter)
{
	if (!peer_enter(false))
		SKIP("no user namespaces");
	mkdir("/tmp/etc", 0755);
	CHECK(mount("/tmp/etc", "/etc", NULL, MS_BIND, NULL) == 0);
	static const char line[] = "root:x:0:0:";
	auto_(str) struct str text = {0};
	str_add(&text, line);
	memset(str_grow(&text, 9000), 'x', 9000);
	str_add(&text, ":/long:/bin/sh\n");
	CHECK_STR(home_of(text.p, 0), "/long\n");
	text.len = strlen(line);
	str_add(&text, ":/");
	memset(str_grow(&text, 9000), 'x', 9000);
	str_add(&text, "\n");
	CHECK_STR(home_of(text.p, 0), "/\n");

	CHECK_STR(home_of(NULL, 0), "/\n");
	CHECK(mkfifo("/tmp/etc/passwd", 0644) == 0);
	struct oplist l;
	oplist_init(&l);
	oplist_add(&l, OP_HOME)->a = 0;
	CHECK_INT(peer_run(&l, NULL), 0); /* returns at all */
	unlink("/tmp/etc/passwd");
	/* As large as a file can be: a hole. */
	int fd = open("/tmp/etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(ftruncate(fd, (off_t)1 << 40) == 0);
	close(fd);
	oplist_init(&l);
	oplist_add(&l, OP_HOME)->a = 0;
	CHECK_INT(peer_run(&l, NULL), 0);
}

static int find(const char *paths, size_t n, uint64_t count)
{
	struct oplist l;

	oplist_init(&l);
	struct op *op = oplist_add(&l, OP_FIND);
	op->a = count;
	peer_data(&l, op, paths, n);
	return peer_run(&l, NULL);
}

TEST(find_knows_what_can_be_executed)
{
	if (!peer_enter(false))
		SKIP("no user namespaces");
	peer_write_file("/tmp/text", "no program");
	CHECK_INT(find("/tmp/no\0/bin/sh", 16, 2), 0);
	CHECK_INT(find("/tmp/no\0/tmp/nor", 17, 2), ENOENT);
	CHECK_INT(find("/tmp/text\0/tmp/no", 18, 2), EACCES);
	CHECK_INT(find("/tmp", 5, 1), EACCES); /* a directory */
	CHECK_INT(find("/bin/sh/x", 10, 1), ENOENT);
	CHECK_INT(find("", 0, 1), ENOENT);
	/* On a mount without execution. */
	peer_write_file("/tmp/script", "#!/bin/sh\n");
	chmod("/tmp/script", 0755);
	CHECK_INT(find("/tmp/script", 12, 1), 0);
	CHECK(mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL) == 0);
	CHECK_INT(find("/tmp/script", 12, 1), EACCES);
}

static int change_dir(const char *path, uint64_t make)
{
	struct oplist l;

	oplist_init(&l);
	peer_op(&l, OP_CHDIR, SLOT_NONE, path)->a = make;
	return peer_run(&l, NULL);
}

TEST(chdir_stays_inside)
{
	if (!peer_enter(false))
		SKIP("no user namespaces");
	CHECK_INT(change_dir("/tmp/a/b", 0), ENOENT);
	CHECK_INT(change_dir("/tmp/a/b", 1), 0);
	CHECK(peer_exists("/tmp/a/b"));
	peer_write_file("/tmp/file", "");
	CHECK_INT(change_dir("/tmp/file", 1), ENOTDIR);
	for (int fd = 0; fd < 20; fd++) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		CHECK(change_dir(path, 1) != 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d/../../..", fd);
		CHECK(change_dir(path, 1) != 0);
	}
	CHECK(symlink("/proc/self/cwd", "/tmp/link") == 0);
	CHECK_INT(change_dir("/tmp/link", 1), ELOOP);
}

TEST(chdir_may_have_to_wait_for_the_user)
{
	struct oplist l;

	if (!peer_enter(true))
		SKIP("needs root");
	mkdir("/tmp/theirs", 0700);
	CHECK(chown("/tmp/theirs", 1000, 1000) == 0);
	for (int allowed = 0; allowed < 2; allowed++) {
		oplist_init(&l);
		/* Without capabilities root is nobody to a directory of someone else's. */
		struct op_caps none = {.permitted = 1U << CAP_SETUID | 1U << CAP_SETGID};
		none.effective = none.permitted;
		none.bounding = UINT64_MAX;
		peer_data(&l, oplist_add(&l, OP_CAPS), &none, sizeof(none));
		peer_op(&l, OP_CHDIR, SLOT_NONE, "/tmp/theirs")->flags = OPF_LATE;
		struct op *op = oplist_add(&l, OP_SETIDS);
		op->a = allowed ? 1000 : 1001;
		op->b = 1000;
		peer_op(&l, OP_CHDIR, SLOT_NONE, "/tmp/theirs")->b = 1;
		uint32_t at = 0;
		CHECK_INT(peer_run(&l, &at), allowed ? 0 : EACCES);
		CHECK_INT(at, allowed ? 0 : 3);
	}
}

/* A devpts at /tmp/dev/pts. */
static bool set_up_pty(void)
{
	if (!peer_enter(false))
		return false;
	mkdir("/tmp/dev", 0755);
	mkdir("/tmp/dev/pts", 0755);
	return mount("devpts", "/tmp/dev/pts", "devpts", 0,
		     "newinstance,ptmxmode=0666,mode=0620") == 0;
}

static struct op *console_op(struct oplist *l, const char *ptmx)
{
	oplist_init(l);
	int16_t root = peer_open(l, "/tmp");
	oplist_add(l, OP_SETSID);
	struct op *op = peer_op(l, OP_CONSOLE, root, ptmx);
	op->a = 24 << 16 | 80;
	peer_data(l, op, "/dev/console", sizeof("/dev/console"));
	return op;
}

TEST(console_is_the_programs_terminal)
{
	struct oplist l;
	struct winsize size = {0};
	char text[256] = "";

	if (!set_up_pty())
		SKIP("no user namespaces, or no devpts in them");
	console_op(&l, "/dev/pts/ptmx");
	peer_shell(&l, "tty -s && stty size && ls -l /tmp/dev/console && exec true </dev/tty", NULL,
		   0);
	struct peer p = peer_start(&l, -1);
	MUST(CHECK_INT(peer_hear(&p), MSG_FD));
	CHECK_INT(p.msg.a, MSG_FD_CONSOLE);
	MUST(p.fds.n == 1);
	int master = steal_fd(&p.fds.fd[0]);
	CHECK(ioctl(master, TIOCGWINSZ, &size) == 0 && size.ws_row == 24 && size.ws_col == 80);
	CHECK_INT(peer_hear(&p), 0);
	CHECK_INT(peer_end(&p), 0);
	for (size_t n = 0; n < sizeof(text) - 1;) {
		struct pollfd poll_fd = {.fd = master, .events = POLLIN};
		ssize_t r = poll(&poll_fd, 1, 1000) > 0
				    ? read(master, text + n, sizeof(text) - 1 - n)
				    : -1;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	close(master);
	CHECK(strstr(text, "24 80") != NULL);
	CHECK(strstr(text, "crw") != NULL); /* /dev/console is the terminal */
}

TEST(false_terminals_are_refused)
{
	struct oplist l;

	if (!set_up_pty())
		SKIP("no user namespaces, or no devpts in them");
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{"/dev/nothing", ENOENT},
		{"/dev/file", EPERM},
		{"/dev/null", EPERM},
		{"/dev/pts", EPERM},
	};
	peer_write_file("/tmp/dev/file", "");
	peer_write_file("/tmp/dev/null", "");
	CHECK(mount("/dev/null", "/tmp/dev/null", NULL, MS_BIND, NULL) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		console_op(&l, cases[i].path);
		CHECK_INT(peer_run(&l, NULL), cases[i].result);
	}
	/* An image's /dev/console that leads elsewhere. */
	peer_write_file("/tmp/canary", "sings");
	CHECK(symlink("../canary", "/tmp/dev/console") == 0);
	console_op(&l, "/dev/pts/ptmx");
	CHECK_INT(peer_run(&l, NULL), ELOOP);
	CHECK_STR(peer_read_file("/tmp/canary"), "sings");
}

TEST(streams_change_their_owner_files_do_not)
{
	struct oplist l;
	struct stat st;
	int pipes[2];

	if (!peer_enter(true))
		SKIP("needs root");
	MUST(pipe2(pipes, O_CLOEXEC) == 0);
	peer_write_file("/tmp/file", "");
	int file = open("/tmp/file", O_WRONLY | O_CLOEXEC), in = fcntl(0, F_DUPFD_CLOEXEC, 3),
	    out = fcntl(1, F_DUPFD_CLOEXEC, 3);
	oplist_init(&l);
	oplist_add(&l, OP_STDIO_OWNER)->a = 1000;
	fflush(stdout);
	dup2(pipes[0], 0);
	dup2(file, 1);
	int r = peer_run(&l, NULL);
	dup2(in, 0);
	dup2(out, 1);
	CHECK_INT(r, 0);
	CHECK(fstat(pipes[0], &st) == 0 && st.st_uid == 1000);
	CHECK(fstat(file, &st) == 0 && st.st_uid == 0);
	int all[] = {pipes[0], pipes[1], file, in, out};
	for (size_t i = 0; i < 5; i++)
		close(all[i]);
}
