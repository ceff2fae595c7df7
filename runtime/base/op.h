/* SPDX-License-Identifier: Apache-2.0 */
/* The language between the planner (host side) and ctr-init (the executor): operations, the image
 * they travel in, and the messages the two exchange meanwhile. ctr-init includes this and sys.h,
 * nothing else of ours.
 *
 * An image is one contiguous, position-independent buffer:
 *
 *     struct op_image | struct op [n_ops] | data (strings and blobs, up to size)
 *
 * Operations run in order; the first one that fails ends the run and is reported by its index.
 * Strings are offsets from the start of the image, 0 meaning "none", and end with a NUL inside it.
 *
 * Descriptors are named by slot. Slots 0 … n_fds-1 are inherited: slot i is descriptor
 * first_fd + i. The others are empty until an operation fills them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { OP_SLOTS = 512, OP_MAX = 65536, OP_IMAGE_MAX = 16 << 20 };

enum op_slot {
	SLOT_NONE = -1,
	SLOT_CWD = -2, /* AT_FDCWD: only before the pivot, for paths that the operator gave */
	SLOT_CHAN = 0, /* the socket to the parent; OP_START replaces it */
	SLOT_PLAN = 1, /* the image itself; closed once mapped */
	SLOT_FIRST = 2,
};

enum op_kind {
	OP_NOP,
	/* -- talking to the parent ------------------------------------------------------------- */
	OP_SYNC,  /* a = enum sync_point: send MSG_SYNC, wait for MSG_OK. Its b descriptors fill the
		   * slots ret, ret+1, … */
	OP_READY, /* set-up is complete: send MSG_READY and go on without an answer */
	OP_START, /* wait to be started. fd = SLOT_NONE: MSG_START comes over SLOT_CHAN. fd =
		   * listening socket: MSG_OK comes over SLOT_CHAN when whoever is to start us can find
		   * us, whatever becomes of the parent; then accept: the connection becomes SLOT_CHAN
		   * and brings MSG_START */
	OP_FORK,  /* go on in a child made with CLONE_PARENT (so it is in the pid and time namespace
		   * just joined); MSG_FORKED carries its pid and pidfd; this process ends */
	/* -- namespaces and identity ------------------------------------------------------------ */
	OP_UNSHARE,    /* a = CLONE_NEW* */
	OP_SETNS,      /* fd = namespace file or pidfd, a = CLONE_NEW* */
	OP_HOSTNAME,   /* str */
	OP_DOMAINNAME, /* str */
	OP_LOOPBACK,   /* bring lo up in the current network namespace */
	OP_SETIDS,     /* a = uid, b = gid: setresgid, setresuid; with data, setgroups to its
			* uint32_t[] first (size 0: none, and OPF_GROUPS set: to the empty list).
			* OPF_DENIED_OK: where the user namespace denies setgroups, that is success.
			* OPF_KEEPCAPS: permitted capabilities survive */
	OP_PRCTL,      /* a = option, b and c = its arguments */
	OP_SETSID,
	OP_SIGNALS, /* a = set, bit n - 1 for signal n: their actions become the default ones. Handlers
		     * end with an exec, what is ignored stays so */
	OP_UMASK,  /* a = mask */
	OP_RLIMIT, /* a = resource, b = soft, c = hard; RLIM_INFINITY is ~0 */
	OP_CAPS,   /* data = struct op_caps: the bounding set first, then the rest. OPF_KEEPCAPS (no
		    * data): what is permitted becomes effective, nothing else */
	OP_SECCOMP, /* data = struct sock_filter[], a = SECCOMP_FILTER_FLAG_*; the listener, if asked
		     * for, is sent in MSG_FD with a = MSG_FD_SECCOMP. The signal
		     * mask is emptied first: from here on OP_EXEC calls nothing but execve(2) */
	OP_KEYRING,     /* str = name: join a new session keyring; ENOSYS is success */
	OP_SCHED,       /* data = struct sched_attr: sched_setattr on this process */
	OP_IOPRIO,      /* a = ioprio value for this process */
	OP_PERSONALITY, /* a = persona */
	OP_AFFINITY,    /* data = CPU mask (unsigned long[]) */
	OP_MEMPOLICY,   /* a = mode | flags, data = node mask (unsigned long[]), b = its bits */
	/* -- files ------------------------------------------------------------------------------- */
	OP_OPEN,  /* fd = directory slot, str = path, a = open flags, b = RESOLVE_*; -> ret */
	OP_WRITE, /* data in one write(2): to fd itself when str is none, else to the existing file
		    * str below the directory fd (BENEATH, NO_XDEV, NO_MAGICLINKS, and on the same
		    * mount as fd: SECURITY-CASES D3) */
	OP_CLOSE, /* fd and the a slots behind it */
	OP_MKDIR, /* fd, str (may have several components, made as needed), a = mode */
	OP_MKNOD, /* fd = directory slot, str = path below it, a = S_IF* | mode, b = dev_t,
		    * c = uid << 32 | gid. What exists is right if it is the same node */
	OP_SYMLINK, /* fd, str = link path, data = target (NUL-terminated); replaces a non-directory */
	/* -- mounts ------------------------------------------------------------------------------ */
	OP_OPEN_TREE, /* fd, str (none: fd itself), a = OPEN_TREE_* | AT_* flags; -> ret. Here and in
		       * OP_SETATTR, str is resolved as in OP_TARGET unless fd is SLOT_CWD */
	OP_FSMOUNT, /* str = type, data = "key\0value\0" … ("key\0\0" sets a flag), a = MOUNT_ATTR_*;
		       * fsopen, fsconfig, fsmount; -> ret. OPF_DENIED_OK: EPERM leaves in ret what
		       * is there */
	OP_SETATTR, /* fd (and str below it, if any), data = struct op_attr: mount_setattr.
		     * a != 0: of the mount that fd, any directory, lies on */
	OP_TARGET,  /* resolve str in the root fd to an O_PATH descriptor -> ret, making a missing
		       * mount point: a = S_IFDIR or S_IFREG | mode, or 0 to make nothing;
		       * fd2 = the mount whose root decides (a file or a directory?) when a is a mode only.
		       * OPF_NOPROC: refuse (EPERM) what resolves into a procfs;
		       * OPF_REALDIR: the last component must be a real directory (ENOTDIR) */
	OP_MOVE_MOUNT, /* mount fd -> onto fd2; fd2 is closed */
	OP_MASK,       /* str in root fd: cover it with a clone of fd2 (file) or of ret (directory),
		      * both slots of detached mounts; missing is success */
	OP_READONLY, /* str in root fd: cover it with a read-only bind of itself; missing is success */
	OP_PIVOT,    /* fd becomes /, the old root is detached, the working directory is / */
	OP_COPY_UP, /* tmpcopyup: copy the tree at str in root fd into the detached mount fd2 and,
		      * when a is 0, the owner and mode of its top; missing is success.
		      * b != 0: only into an empty one */
	/* -- terminal ---------------------------------------------------------------------------- */
	OP_CONSOLE, /* str = ptmx in root fd (or current root with SLOT_CWD): new pty, its terminal on
		     * 0, 1, 2 and as controlling terminal; a = rows << 16 | columns or 0; b = the uid
		     * to own it; the master goes to the parent in MSG_FD, a = MSG_FD_CONSOLE. With
		     * data (a path in root fd): bind the terminal there */
	OP_STDIO_OWNER, /* a = uid: fchown 0, 1 and 2 if they are pipes, sockets or terminals; one
			 * that refuses is left alone */
	/* -- the program ------------------------------------------------------------------------- */
	OP_CHDIR, /* str none: to the directory fd. Else str: in the container, after the pivot; a != 0: make it when missing (mode 0755).
		   * The result must be reachable from /, and not through a magic link
		   * (CVE-2024-21626). OPF_LATE: EACCES is success, and a second OP_CHDIR with b != 0,
		   * which else does nothing, tries again with the user's identity */
	OP_HOME, /* a = uid: HOME from /etc/passwd (regular file, at most 1 MiB) for OP_EXEC; "/" if
		   * there is none */
	OP_FIND, /* data = candidate paths, a = their number: remember the first that may be executed.
		   * None: ENOENT, or EACCES when one was there */
	OP_HOOK, /* run a program and wait for it: a, b, str as OP_EXEC; data = args, env, the path and
		  * what it reads on 0, to which `PID}` is added, NUL after NUL; c = milliseconds it may
		  * take, or 0; fd2 = file for its 1 and 2. OPF_LATE: with the privileges that the
		  * operations between here and OP_EXEC give the program */
	OP_PRESERVE, /* a = number of descriptors from 3 on that the program keeps */
	OP_EXEC,     /* a = argc, b = envc; str = room for a + b + 3 pointers, 8-byte aligned;
		   * data = the strings, NUL after NUL. The path is OP_FIND's, else argv[0].
		   * c != 0: by a child; this process stays with it, as its init */
	OP_KINDS
};

enum op_flag {
	OPF_OPTIONAL = 1, /* failing is success */
	OPF_GROUPS = 2,
	OPF_KEEPCAPS = 4,
	OPF_NOPROC = 8,
	OPF_REALDIR = 16,
	OPF_LATE = 32,
	OPF_MISSING_OK = 64, /* ENOENT is success: slots stay empty, and later users of them skip */
	OPF_DENIED_OK = 128,
};

struct op {
	uint8_t kind;
	uint8_t flags;
	int16_t fd, fd2, ret; /* slots */
	uint32_t str;         /* offset of a string */
	uint32_t data, size;  /* offset and size of a blob */
	uint32_t zero;
	uint64_t a, b, c;
};

struct op_image {
	uint32_t magic;
	uint32_t size; /* of the whole image, in bytes */
	uint32_t n_ops;
	uint32_t first_fd; /* slot 0's descriptor number */
	uint32_t n_fds;
	uint32_t zero;
};

#define OP_MAGIC 0x31727463U /* "ctr1" */

struct op_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

struct op_attr {
	uint64_t set, clr;    /* MOUNT_ATTR_* */
	uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE or 0 */
	int32_t userns;       /* slot of a user namespace for MOUNT_ATTR_IDMAP, or SLOT_NONE */
	uint32_t recursive;   /* AT_RECURSIVE */
};

/* ---- messages ---------------------------------------------------------------------------------
 * One packet is one struct op_msg; descriptors ride along (SCM_RIGHTS). runtime/proto.c has the
 * table of which is legal when. End-of-file is legal only after MSG_START: then it says that the
 * exec succeeded, since the socket is close-on-exec. */

enum op_msg_type {
	/* from the executor */
	MSG_SYNC = 1, /* a = enum sync_point */
	MSG_FORKED,   /* a = pid in the parent's pid namespace; 1 descriptor: the pidfd */
	MSG_FD,       /* a = enum op_msg_fd; 1 descriptor */
	MSG_READY,
	MSG_FAIL, /* a = errno; op = which operation; for OP_FIND and OP_EXEC 1 descriptor: the root;
		   * for OP_HOOK whose program failed: wait status << 32 */
	/* from the parent */
	MSG_OK,    /* answers MSG_SYNC, with descriptors if the operation asks for them, MSG_FORKED,
		    * and MSG_READY before OP_START on a socket */
	MSG_START, /* answers MSG_READY, or comes over the start socket */
};

enum op_msg_fd { MSG_FD_CONSOLE = 1, MSG_FD_SECCOMP };

enum sync_point {
	SYNC_IDS = 1,  /* write the id maps */
	SYNC_CGROUP,   /* put the process into a cgroup that only the parent can (systemd) */
	SYNC_MOUNTS,   /* hand over mounts that only the parent can make (idmapped) */
	SYNC_RUNTIME,  /* prestart and createRuntime hooks, network devices */
	SYNC_HOOKS,    /* hand over a file for what hooks print */
	SYNC_LISTENER, /* no operation asks for it: MSG_FD_SECCOMP is there to be handed on */
	SYNC_LIMITS,   /* rlimits and the like that need the host's privilege */
};

struct op_msg {
	uint32_t type;
	uint32_t op;
	uint64_t a;
};

enum { MSG_FDS_MAX = 64 };

/* ---- looking into an image ------------------------------------------------------------------- */

static inline struct op *op_list(struct op_image *im)
{
	return (struct op *)(void *)(im + 1);
}

static inline char *op_str(struct op_image *im, uint32_t at)
{
	return at ? (char *)im + at : NULL;
}

static inline int op_slot_ok(int slot)
{
	return slot >= SLOT_CWD && slot < OP_SLOTS;
}

/* Whether the image may be walked without leaving it: every offset, size and slot is in range,
 * every string ends inside. What an operation makes of its numbers is the kernel's to judge.
 * Returns 0, or 1 + the index of the first bad operation, or -1 for a bad header. */
static inline long op_check(const struct op_image *im, size_t size)
{
	if (size < sizeof(*im) || size > OP_IMAGE_MAX || im->magic != OP_MAGIC ||
	    im->size != size || im->n_ops > OP_MAX || im->n_fds < SLOT_FIRST ||
	    im->n_fds > OP_SLOTS || im->first_fd < 3 || im->first_fd > 1U << 20 ||
	    im->n_ops > (size - sizeof(*im)) / sizeof(struct op))
		return -1;
	const char *base = (const char *)im;
	const struct op *ops = (const struct op *)(const void *)(im + 1);
	size_t data = sizeof(*im) + im->n_ops * sizeof(struct op);

	if (size > data && base[size - 1] != 0) /* so that every string ends */
		return -1;
	for (uint32_t i = 0; i < im->n_ops; i++) {
		const struct op *op = &ops[i];
		if (op->kind >= OP_KINDS || op->zero || !op_slot_ok(op->fd) ||
		    !op_slot_ok(op->fd2) || !op_slot_ok(op->ret) ||
		    (op->str && (op->str < data || op->str >= size)) ||
		    (op->size &&
		     (op->data < data || op->data > size || op->size > size - op->data)))
			return 1 + (long)i;
		if ((op->kind == OP_EXEC || op->kind == OP_HOOK) &&
		    (op->a > size || op->b > size || op->str % sizeof(char *) || !op->str ||
		     (op->a + op->b + 3) * sizeof(char *) > size - op->str))
			return 1 + (long)i;
	}
	return 0;
}
