/* SPDX-License-Identifier: Apache-2.0 */
/* What a container looks like from inside. Static, so that it runs in an empty root.
 *
 *   probe                  everything about itself, as one JSON object, before it does anything else
 *   probe calls            {"CALL": {"native": ERRNO, "i386": …, "x32": …}, …}: which of the calls
 *                          that a container has no business with answer what
 *   probe cgroup           errno of each way to mount a cgroup hierarchy, and how many files below
 *                          /sys/fs/cgroup can be opened for writing
 *   probe device T MAJ MIN make a device node and open it: {"mknod": ERRNO, "open": ERRNO}
 *   probe write FILE TEXT  open and write; exits with the errno
 *   probe sleep            until it is killed
 *
 * errnos are names; "ok" is success. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "json.h"
#include "probe_calls.h"

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

static const char *word(long r)
{
	return r >= 0 ? "ok" : strerrorname_np(errno);
}

/* ---- about itself --------------------------------------------------------------------------------- */

static void show_caps(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0}};
	uint64_t bounding = 0, ambient = 0;
	const struct {
		const char *name;
		uint64_t set;
	} * row;

	syscall(SYS_capget, &head, d);
	for (int cap = 0; cap < 64; cap++) {
		bounding |= (uint64_t)(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) << cap;
		ambient |= (uint64_t)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			   << cap;
	}
	const __typeof__(*row) rows[] = {
		{"effective", d[0].effective | (uint64_t)d[1].effective << 32},
		{"permitted", d[0].permitted | (uint64_t)d[1].permitted << 32},
		{"inheritable", d[0].inheritable | (uint64_t)d[1].inheritable << 32},
		{"bounding", bounding},
		{"ambient", ambient},
	};
	json_open("caps", '{');
	for (row = rows; row < rows + 5; row++) {
		char hex[20];
		snprintf(hex, sizeof(hex), "%llx", (unsigned long long)row->set);
		json_text(row->name, hex);
	}
	json_close('}');
}

static void show_ids(void)
{
	gid_t groups[256];
	uid_t uid[3];
	gid_t gid[3];
	int n = getgroups(256, groups);

	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	json_open("uids", '[');
	for (int i = 0; i < 3; i++)
		json_number(NULL, uid[i]);
	json_close(']');
	json_open("gids", '[');
	for (int i = 0; i < 3; i++)
		json_number(NULL, gid[i]);
	json_close(']');
	json_open("groups", '[');
	for (int i = 0; i < n; i++)
		json_number(NULL, groups[i]);
	json_close(']');
}

static void show_fds(void)
{
	char path[32], target[4096];

	json_open("fds", '{');
	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		snprintf(path, sizeof(path), "%d", fd);
		json_text(path, target);
	}
	json_close('}');
}

/* The lines of a file, or an empty list. */
static void show_lines(const char *key, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	json_open(key, '[');
	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		json_text(NULL, line);
	}
	json_close(']');
	free(line);
	if (f)
		fclose(f);
}

static void show_first_line(const char *key, const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	json_text(key, text);
	if (fd >= 0)
		close(fd);
}

/* To put characters into the input of a terminal; the address is not one that could be read, so
 * where it is allowed nothing happens and the errno is EFAULT. */
static void show_terminal_tricks(void)
{
	char key[8];

	json_open("tiocsti", '{');
	for (int fd = 0; fd < 3; fd++) {
		snprintf(key, sizeof(key), "%d", fd);
		json_text(key, word(ioctl(fd, TIOCSTI, (void *)1)));
	}
	json_close('}');
	json_open("tioclinux", '{');
	for (int fd = 0; fd < 3; fd++) {
		snprintf(key, sizeof(key), "%d", fd);
		json_text(key, word(ioctl(fd, TIOCLINUX, (void *)1)));
	}
	json_close('}');
	int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	json_text("tty", word(tty));
	if (tty >= 0)
		close(tty);
}

static void show_all(char **env)
{
	char cwd[4096];

	json_open(NULL, '{');
	show_fds(); /* first: what it opens itself must not be there */
	show_caps();
	show_ids();
	json_number("noNewPrivs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	json_number("seccomp", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	json_number("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	json_number("keyring",
		    syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	json_number("pid", getpid());
	json_number("session", getsid(0));
	json_text("cwd", syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0 ? cwd : "");
	show_first_line("label", "/proc/self/attr/current");
	show_terminal_tricks();
	json_open("env", '[');
	for (; *env; env++)
		json_text(NULL, *env);
	json_close(']');
	show_lines("mountinfo", "/proc/self/mountinfo");
	json_close('}');
	putchar('\n');
}

/* ---- cgroups and devices ------------------------------------------------------------------------- */

static int count_writable(const char *path, int depth)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), n = 0;
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	char child[4096];

	for (struct dirent *e; d && depth < 8 && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR) {
			n += count_writable(child, depth + 1);
			continue;
		}
		int fd = open(child, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		n += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
	return n;
}

static void show_mount(const char *key, const char *type, const char *options)
{
	json_text(key, word(mount("none", "/tmp/mnt", type, 0, options)));
	umount2("/tmp/mnt", MNT_DETACH);
}

static int show_cgroup(void)
{
	mkdir("/tmp", 01777);
	mkdir("/tmp/mnt", 0755);
	json_open(NULL, '{');
	show_mount("cgroup2", "cgroup2", NULL);
	show_mount("memory", "cgroup", "memory");
	show_mount("rdma", "cgroup", "rdma");
	show_mount("named", "cgroup", "none,name=probe");
	json_text("remount", word(mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND, NULL)));
	json_text("mkdir", word(mkdir("/sys/fs/cgroup/probe", 0755)));
	json_text("unshare", word(unshare(CLONE_NEWCGROUP)));
	json_number("writable", count_writable("/sys/fs/cgroup", 0));
	json_close('}');
	putchar('\n');
	return 0;
}

static int show_device(char **args)
{
	mode_t type = *args[0] == 'b' ? S_IFBLK : S_IFCHR;
	dev_t dev =
		makedev((unsigned)strtoul(args[1], NULL, 10), (unsigned)strtoul(args[2], NULL, 10));

	unlink("/dev/node");
	json_open(NULL, '{');
	json_text("mknod", word(mknod("/dev/node", type | 0600, dev)));
	json_text("open", word(open("/dev/node", O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
	json_close('}');
	putchar('\n');
	unlink("/dev/node");
	return 0;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int num = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return num;
}

int main(int argc, char **argv, char **env)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "calls"))
		return show_calls();
	if (!strcmp(what, "cgroup"))
		return show_cgroup();
	if (!strcmp(what, "device") && argc == 5)
		return show_device(argv + 2);
	if (!strcmp(what, "write") && argc == 4)
		return write_file(argv[2], argv[3]);
	if (!strcmp(what, "nothing"))
		return 0;
	if (!strcmp(what, "sleep"))
		for (;;)
			pause();
	show_all(env);
	return 0;
}
