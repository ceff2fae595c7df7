/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>

#include "image/seccomp_default.h"

#define BIT(n) ((uint64_t)1 << (n))
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* 64-bit names, and behind them those that 32-bit ABIs have beside or instead of them. */
static const char ordinary[] =
	/* files */
	"read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 "
	"creat close close_range lseek sendfile splice tee vmsplice copy_file_range readahead "
	"fadvise64 fallocate truncate ftruncate fsync fdatasync sync syncfs sync_file_range dup dup2 "
	"dup3 fcntl flock ioctl pipe pipe2 io_setup io_submit io_getevents io_pgetevents io_cancel "
	"io_destroy cachestat "
	"_llseek sendfile64 fadvise64_64 arm_fadvise64_64 sync_file_range2 arm_sync_file_range "
	"truncate64 ftruncate64 fcntl64 io_pgetevents_time64 "
	/* names and attributes */
	"stat fstat lstat newfstatat statx statfs fstatfs ustat access faccessat faccessat2 chmod "
	"fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes utimensat "
	"futimesat readlink readlinkat getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir "
	"link linkat unlink unlinkat symlink symlinkat rename renameat renameat2 mknod mknodat "
	"getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr "
	"llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat "
	"file_getattr file_setattr name_to_handle_at statmount listmount inotify_init inotify_init1 "
	"inotify_add_watch inotify_rm_watch fanotify_mark "
	"oldstat oldfstat oldlstat stat64 fstat64 lstat64 fstatat64 statfs64 fstatfs64 chown32 "
	"fchown32 lchown32 utimensat_time64 readdir "
	/* memory */
	"brk mmap munmap mremap mprotect madvise process_madvise process_mrelease mincore msync mlock "
	"mlock2 munlock mlockall munlockall memfd_create memfd_secret remap_file_pages membarrier "
	"pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal get_mempolicy "
	"mmap2 cacheflush riscv_flush_icache "
	/* processes and threads */
	"fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill getpid getppid "
	"gettid pidfd_open pidfd_send_signal prctl arch_prctl set_thread_area get_thread_area "
	"set_tid_address set_robust_list get_robust_list rseq futex futex_waitv futex_wake "
	"futex_wait futex_requeue restart_syscall seccomp landlock_create_ruleset landlock_add_rule "
	"landlock_restrict_self ptrace process_vm_readv process_vm_writev uretprobe riscv_hwprobe "
	"waitpid futex_time64 set_tls get_tls breakpoint "
	/* identity */
	"getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid "
	"setresuid setresgid setfsuid setfsgid setgroups capget capset getpgid getpgrp setpgid getsid "
	"setsid "
	"getuid32 geteuid32 getgid32 getegid32 getresuid32 getresgid32 getgroups32 setuid32 setgid32 "
	"setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32 setgroups32 "
	/* signals */
	"rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause alarm "
	"signal sigaction sigprocmask sigpending sigreturn sigsuspend rt_sigtimedwait_time64 "
	/* scheduling, limits, the machine */
	"sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam "
	"sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max "
	"sched_get_priority_min sched_rr_get_interval getpriority setpriority nice ioprio_get "
	"ioprio_set getrlimit setrlimit prlimit64 getrusage times sysinfo uname getcpu getrandom "
	"ugetrlimit sched_rr_get_interval_time64 "
	/* time; adjtimex and its like without CAP_SYS_TIME only read */
	"time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer "
	"timer_create timer_delete timer_settime timer_gettime timer_getoverrun timerfd_create "
	"timerfd_settime timerfd_gettime adjtimex clock_adjtime "
	"clock_gettime64 clock_getres_time64 clock_nanosleep_time64 timer_settime64 timer_gettime64 "
	"timerfd_settime64 timerfd_gettime64 clock_adjtime64 "
	/* waiting */
	"poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait "
	"epoll_pwait2 eventfd eventfd2 epoll_ctl_old epoll_wait_old "
	"_newselect ppoll_time64 pselect6_time64 "
	/* network */
	"socket socketpair bind connect listen accept accept4 getsockname getpeername getsockopt "
	"setsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown "
	"send recv recvmmsg_time64 "
	/* System V and POSIX queues */
	"shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open "
	"mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr "
	"semtimedop_time64 mq_timedsend_time64 mq_timedreceive_time64";

/* Programs have another way, and take it if these are not there. */
static const char optional[] = "clone3 io_uring_setup io_uring_enter io_uring_register";

/* What goes with a capability. */
static const struct {
	uint64_t caps; /* any of them */
	const char *names;
} privileged[] = {
	{BIT(CAP_SYS_ADMIN),
	 "mount umount umount2 pivot_root fsopen fspick fsconfig fsmount open_tree open_tree_attr "
	 "move_mount mount_setattr clone clone3 unshare setns sethostname setdomainname quotactl "
	 "quotactl_fd swapon swapoff fanotify_init keyctl add_key request_key lsm_get_self_attr "
	 "lsm_set_self_attr lsm_list_modules io_uring_setup io_uring_enter io_uring_register "
	 "lookup_dcookie modify_ldt personality"},
	{BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF), "bpf"},
	{BIT(CAP_SYS_ADMIN) | BIT(CAP_PERFMON), "perf_event_open"},
	{BIT(CAP_SYS_ADMIN) | BIT(CAP_SYSLOG), "syslog"},
	{BIT(CAP_SYS_PTRACE), "kcmp pidfd_getfd userfaultfd"},
	{BIT(CAP_SYS_CHROOT), "chroot"},
	{BIT(CAP_DAC_READ_SEARCH), "open_by_handle_at"},
	{BIT(CAP_SYS_NICE), "mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages"},
	{BIT(CAP_SYS_TIME), "settimeofday clock_settime stime clock_settime64"},
	{BIT(CAP_SYS_TTY_CONFIG), "vhangup"},
	{BIT(CAP_SYS_MODULE), "init_module finit_module delete_module"},
	{BIT(CAP_SYS_BOOT), "reboot kexec_load kexec_file_load"},
	{BIT(CAP_SYS_PACCT), "acct"},
	{BIT(CAP_SYS_RAWIO), "iopl ioperm"},
};

/* A rule with one condition; without those of `unless`. Arguments that the kernel takes for 32 bits
 * are compared as such: what stands above would make another number of them (CVE-2019-10063). */
struct narrow {
	const char *name;
	uint64_t unless;
	uint32_t errno_ret; /* 0: lets through */
	uint32_t index;
	enum config_syscall_arg_op op;
	uint64_t value, value_two;
};

#define INT UINT32_MAX
#define EQUAL CONFIG_SYSCALL_ARG_OP_EQ
#define ABOVE CONFIG_SYSCALL_ARG_OP_GT
#define MASKED CONFIG_SYSCALL_ARG_OP_MASKED_EQ

enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET,
	TIOCSTI = 0x5412,   /* types into the terminal that the operator sits at */
	TIOCLINUX = 0x541c, /* the same by pasting, on a virtual console */
};

static const struct narrow narrows[] = {
	{"clone", BIT(CAP_SYS_ADMIN), 0, 0, MASKED, NAMESPACES, 0},
	{"unshare", BIT(CAP_SYS_ADMIN), 0, 0, MASKED, NAMESPACES | CLONE_NEWTIME, 0},
	{"ioctl", BIT(CAP_SYS_ADMIN), EPERM, 1, MASKED, INT, TIOCSTI},
	{"ioctl", BIT(CAP_SYS_ADMIN), EPERM, 1, MASKED, INT, TIOCLINUX},
	/* PER_LINUX and PER_LINUX32, with UNAME26 or without, and the question for the present one */
	{"personality", BIT(CAP_SYS_ADMIN), 0, 0, MASKED, INT & ~0x20008U, 0},
	{"personality", BIT(CAP_SYS_ADMIN), 0, 0, MASKED, INT, INT},
	/* Families that nearly nobody uses, whose modules the kernel would load on demand. The others
	 * up to AF_PACKET are AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK. */
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, ABOVE, AF_PACKET, 0},
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, EQUAL, 3, 0},
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, MASKED, ~3ULL, 4},
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, MASKED, ~1ULL, 8},
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, EQUAL, 11, 0},
	{"socket", BIT(CAP_NET_ADMIN), EAFNOSUPPORT, 0, MASKED, ~3ULL, 12},
	{"socket", 0, EAFNOSUPPORT, 0, MASKED, INT, AF_ALG},
	{"socket", 0, EAFNOSUPPORT, 0, MASKED, INT, AF_VSOCK},
};

static void add_names(struct config_syscall *s, const char *text, struct arena *mem)
{
	char *save = NULL, *copy = arena_str(mem, text);

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		s->names[s->n_names++] = w;
}

static struct config_syscall plain_rule(const char *action, struct arena *mem)
{
	enum { NAMES_MAX = 512 };

	return (struct config_syscall){.action = action,
				       .names = arena_zalloc(mem, NAMES_MAX, sizeof(const char *))};
}

static struct config_syscall narrow_rule(const struct narrow *n, struct arena *mem)
{
	struct config_syscall s =
		plain_rule(n->errno_ret ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW", mem);

	s.has_errno_ret = n->errno_ret != 0;
	s.errno_ret = n->errno_ret;
	s.names[s.n_names++] = n->name;
	s.n_args = 1;
	s.args = arena_zalloc(mem, 1, sizeof(*s.args));
	s.args[0] = (struct config_syscall_arg){n->index,     true, n->value, true,
						n->value_two, true, n->op};
	return s;
}

struct config_seccomp *seccomp_default(uint64_t bounding, struct arena *mem)
{
	struct config_seccomp *p = arena_zalloc(mem, 1, sizeof(*p));
	struct config_syscall allowed = plain_rule("SCMP_ACT_ALLOW", mem);
	struct config_syscall missing = plain_rule("SCMP_ACT_ERRNO", mem);

	p->default_action = "SCMP_ACT_ERRNO";
	p->default_errno_ret = EPERM;
	p->has_default_errno_ret = true;
	p->syscalls = arena_zalloc(mem, 2 + LENGTH(narrows), sizeof(*p->syscalls));
	add_names(&allowed, ordinary, mem);
	for (size_t i = 0; i < LENGTH(privileged); i++)
		if (bounding & privileged[i].caps)
			add_names(&allowed, privileged[i].names, mem);
	p->syscalls[p->n_syscalls++] = allowed;
	missing.has_errno_ret = true;
	missing.errno_ret = ENOSYS;
	add_names(&missing, optional, mem);
	if (!(bounding & BIT(CAP_SYS_ADMIN)))
		p->syscalls[p->n_syscalls++] = missing;
	for (size_t i = 0; i < LENGTH(narrows); i++)
		if (!(bounding & narrows[i].unless))
			p->syscalls[p->n_syscalls++] = narrow_rule(&narrows[i], mem);
	return p;
}
