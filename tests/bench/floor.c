/* SPDX-License-Identifier: Apache-2.0 */
/* floor: the least work that starts an OCI-default container and waits for it. A yardstick, not a
 * container runtime: no JSON, no policy, no recovery of errors, only the system calls that the
 * default config asks of the kernel, in the cheapest form known.
 *
 *     floor [-g v1|v2] [-s FILTER] [-n BRIDGE] ROOTFS COMMAND [ARG...]
 *     floor -x PID [-s FILTER] / COMMAND [ARG...]
 *
 *   -g v1      a group in each v1 hierarchy, with limits on pids, memory and cpu; the child writes
 *              "0" to tasks: a thread that moves only itself waits for no RCU grace period
 *   -g v2      CLONE_INTO_CGROUP and the default device policy
 *   -s FILTER  seccomp filter, an array of struct sock_filter
 *   -n BRIDGE  a veth pair on that bridge, an address of 10.77.0.0/16 and a default route
 *   -x PID     the floor of exec: join the namespaces and the v2 cgroup of PID
 *
 * Always there: mnt, pid, ipc, uts, cgroup and net namespaces, lo up, all mounts, masked and
 * read-only paths of `runc spec`, its capabilities, no_new_privs, a state file. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/base/sys.h"
#include "tests/bench/floor.h"

enum {
	STACK_SIZE = 65536,
	NEW_NS = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
};

void floor_die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(99);
}

/* ---- in the container ------------------------------------------------------------------------ */

static void loopback_up(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (ioctl(s, SIOCSIFFLAGS, &req) < 0)
		floor_die("lo");
	close(s);
}

/* The three capabilities of `runc spec`, in all sets but the ambient one. */
static void drop_privileges(void)
{
	const unsigned keep = 1U << CAP_AUDIT_WRITE | 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2] = {{keep, keep, 0}};

	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap > 31 || !(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap);
	setgroups(0, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		floor_die("no_new_privs");
	if (syscall(SYS_capset, &head, sets) < 0)
		floor_die("capset");
}

static void container(struct floor *f)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {path, NULL};

	if (!f->join) {
		cgroup_enter(f);
		if (unshare(CLONE_NEWCGROUP) < 0)
			floor_die("unshare");
		sethostname("floor", 5);
		loopback_up();
		if (f->bridge)
			net_enter(f);
		rootfs_enter(f);
	}
	setsid();
	drop_privileges();
	if (f->filter.len && sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &f->filter) < 0)
		floor_die("seccomp");
	execve(f->argv[0], f->argv, env);
	floor_die(f->argv[0]);
}

/* ---- outside --------------------------------------------------------------------------------- */

/* clone3 in the manner of vfork: the child shares our memory and runs on the stack that it is
 * given, we sleep until its exec. It must not return into our frame: hence assembly. */
static long start(struct floor *f, struct clone_args *args)
{
	long r;
#ifdef __x86_64__
	args->flags |= CLONE_VM | CLONE_VFORK;
	args->stack = (uintptr_t)mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	args->stack_size = STACK_SIZE;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "hlt\n\t"
			 "1:"
			 : "=a"(r)
			 : "a"(SYS_clone3), "D"(args),
			   "S"(sizeof(*args)), [fn] "r"(container), [arg] "r"(f)
			 : "rcx", "r11", "memory");
	if (r < 0) {
		errno = (int)-r;
		floor_die("clone3");
	}
#else
	r = syscall(SYS_clone3, args, sizeof(*args));
	if (r < 0)
		floor_die("clone3");
	if (r == 0)
		container(f);
#endif
	return r;
}

static void join(pid_t pid)
{
	int pidfd = sys_pidfd_open(pid, 0);

	if (pidfd < 0 || setns(pidfd, NEW_NS | CLONE_NEWCGROUP) < 0)
		floor_die("setns");
	close(pidfd);
}

/* Half a KiB, written beside and renamed, as the state of a runtime is. */
static void state_write(struct floor *f)
{
	char temporary[160], path[160], body[512];

	mkdir("/run/floor", 0700);
	snprintf(f->state, sizeof(f->state), "/run/floor/%s", f->name);
	mkdir(f->state, 0700);
	snprintf(temporary, sizeof(temporary), "%s/.status", f->state);
	snprintf(path, sizeof(path), "%s/status", f->state);
	memset(body, ' ', sizeof(body));
	int fd = open(temporary, O_CREAT | O_WRONLY | O_CLOEXEC | O_TRUNC, 0600);
	if (fd < 0 || write(fd, body, sizeof(body)) < 0 || rename(temporary, path) < 0)
		floor_die(path);
	close(fd);
}

static void state_remove(const struct floor *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/status", f->state);
	unlink(path);
	rmdir(f->state);
}

static int run(struct floor *f)
{
	struct clone_args args = {.flags = NEW_NS, .exit_signal = SIGCHLD};
	int status = 0;

	if (f->join) {
		args.flags = 0;
		cgroup_of(f, f->join);
		join(f->join);
	} else {
		cgroup_make(f);
		state_write(f);
	}
	if (f->cgroup == CGROUP_V2) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)f->group_fd[0];
	}
	long pid = start(f, &args);
	while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!f->join) {
		cgroup_remove(f);
		state_remove(f);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void load_filter(struct floor *f, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		floor_die(path);
	f->filter.filter = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	f->filter.len = (unsigned short)((size_t)st.st_size / sizeof(*f->filter.filter));
	close(fd);
}

int main(int argc, char **argv)
{
	struct floor f = {.cgroup = CGROUP_NONE};
	int option;

	while ((option = getopt(argc, argv, "+g:s:n:x:")) != -1) {
		switch (option) {
		case 'g':
			f.cgroup = strcmp(optarg, "v1") == 0 ? CGROUP_V1 : CGROUP_V2;
			break;
		case 's':
			load_filter(&f, optarg);
			break;
		case 'n':
			net_prepare(&f, optarg);
			break;
		case 'x':
			f.join = (pid_t)strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 2) {
		fprintf(stderr,
			"usage: floor [-g v1|v2] [-s FILTER] [-n BRIDGE] [-x PID] ROOTFS COMMAND [ARG...]\n");
		return 2;
	}
	f.root = argv[optind];
	f.argv = argv + optind + 1;
	snprintf(f.name, sizeof(f.name), "floor-%d", (int)getpid());
	return run(&f);
}
