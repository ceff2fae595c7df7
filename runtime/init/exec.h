/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init: the state of one run, and the functions that carry out operations (runtime/base/op.h
 * says what each means). Every function returns 0, or a descriptor, or -errno. */
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>

#include "runtime/base/op.h"
#include "runtime/base/sys.h"

/* What a slot without a descriptor holds: nothing yet, or what was allowed to be missing. */
enum { SLOT_EMPTY = -1, SLOT_MISSING = -2 };

struct exec {
	struct op_image *image;
	uint32_t at; /* index of the running operation */
	int slot[OP_SLOTS];
	const char *program; /* OP_FIND's choice, in the image */
	unsigned preserve;   /* descriptors from 3 on that the program gets */
	bool chdir_failed;   /* OP_CHDIR is to be tried again with the user's identity */
	bool is_sealed;      /* seal() was called */
	int hook_status;     /* how the program of a failed OP_HOOK ended (wait(2)); else 0 */
	_Alignas(16) char stack[16384];        /* of the thread that hands over a listener */
	char home[sizeof("HOME=") + PATH_MAX]; /* what to put into the environment, if not empty */
};

typedef int op_fn(struct exec *x, const struct op *op);

/* main.c */
/* The descriptor of a slot (AT_FDCWD for SLOT_CWD); -1, which the kernel refuses, without one. */
int exec_fd(const struct exec *x, int slot);
/* Puts a new descriptor into a slot (SLOT_NONE: closes it). fd is the result of a system call: -1
 * is turned into -errno. */
int exec_put(struct exec *x, int slot, int fd);
void exec_drop(struct exec *x, int slot);
/* No operation needs this descriptor any more. One close_range takes them all when the root is complete
 * (OP_CLOSE); only a high number, where the limit may be near, is closed at once. */
void exec_done(int fd);
/* The string and the blob of an operation; "" and NULL without one. */
const char *exec_str(const struct exec *x, const struct op *op);
char *exec_data(const struct exec *x, const struct op *op);

/* talk.c */
int op_sync(struct exec *x, const struct op *op);
int op_ready(struct exec *x, const struct op *op);
int op_start(struct exec *x, const struct op *op);
int op_fork(struct exec *x, const struct op *op);
/* Sends a message, with a descriptor unless that is -1. */
int talk_send(const struct exec *x, const struct op_msg *msg, int fd);
/* Reports errno `num` of operation x->at and waits until the parent has seen to it. */
void talk_fail(struct exec *x, int num);

/* ns.c */
int op_unshare(struct exec *x, const struct op *op);
int op_setns(struct exec *x, const struct op *op);
int op_hostname(struct exec *x, const struct op *op);
int op_domainname(struct exec *x, const struct op *op);
int op_loopback(struct exec *x, const struct op *op);
int op_prctl(struct exec *x, const struct op *op);
int op_setsid(struct exec *x, const struct op *op);
int op_signals(struct exec *x, const struct op *op);
int op_umask(struct exec *x, const struct op *op);
int op_rlimit(struct exec *x, const struct op *op);
int op_keyring(struct exec *x, const struct op *op);
int op_sched(struct exec *x, const struct op *op);
int op_ioprio(struct exec *x, const struct op *op);
int op_personality(struct exec *x, const struct op *op);
int op_affinity(struct exec *x, const struct op *op);
int op_mempolicy(struct exec *x, const struct op *op);

/* cred.c */
int op_setids(struct exec *x, const struct op *op);
int op_caps(struct exec *x, const struct op *op);
int op_seccomp(struct exec *x, const struct op *op);

/* listener.c */
/* seccomp(2) with NEW_LISTENER, which is sent in MSG_FD. */
int listener_install(struct exec *x, unsigned flags, void *prog);

/* file.c */
int op_open(struct exec *x, const struct op *op);
int op_write(struct exec *x, const struct op *op);
int op_close(struct exec *x, const struct op *op);
int op_mkdir(struct exec *x, const struct op *op);
int op_mknod(struct exec *x, const struct op *op);
int op_symlink(struct exec *x, const struct op *op);
/* The identity of the mount that fd is on. */
int file_mount_id(int fd, uint64_t *ret);

/* mount.c */
int op_open_tree(struct exec *x, const struct op *op);
int op_fsmount(struct exec *x, const struct op *op);
int op_setattr(struct exec *x, const struct op *op);
int op_target(struct exec *x, const struct op *op);
int op_move_mount(struct exec *x, const struct op *op);
int op_mask(struct exec *x, const struct op *op);
int op_readonly(struct exec *x, const struct op *op);
int op_pivot(struct exec *x, const struct op *op);
/* Attaches a detached mount to the O_PATH descriptor of its mount point. */
int mount_attach(int mount, int target);

/* copyup.c */
int op_copy_up(struct exec *x, const struct op *op);

/* tty.c */
int op_console(struct exec *x, const struct op *op);
int op_stdio_owner(struct exec *x, const struct op *op);

/* program.c */
int op_chdir(struct exec *x, const struct op *op);
int op_home(struct exec *x, const struct op *op);
int op_find(struct exec *x, const struct op *op);
int op_preserve(struct exec *x, const struct op *op);
int op_exec(struct exec *x, const struct op *op);
/* Points argv, which has room for it, and the environment behind it to the operation's strings;
 * home, unless it is NULL, takes the place of an empty HOME or comes last. *ret_rest: what follows
 * the strings. */
int exec_vectors(const struct exec *x, const struct op *op, char *home, char **argv,
		 char **ret_rest);
/* Leaves nothing to do between here and execve(2): a seccomp filter that is about to be installed
 * need not allow it. */
void exec_seal(struct exec *x);

/* hook.c */
int op_hook(struct exec *x, const struct op *op);
/* Waits for a child's exec: the pipe, which that closes, says nothing but why it failed (-errno). */
int exec_wait(int pipe);

/* reap.c */
/* Has the program executed by a child and stays until that ends: OP_EXEC with c. Returns only when
 * it cannot be executed. */
int reap_exec(struct exec *x, char **argv, char **env);

/* walk.c: paths inside a root file system that belongs to the container's owner, who may be
 * changing it right now. The root may be AT_FDCWD: the process's own, for absolute paths. */

/* openat2(2), given up after so many EAGAINs that somebody must be causing them. Close-on-exec. */
int walk_openat2(int dir, const char *path, uint64_t flags, uint64_t resolve);
/* Opens path as a process chrooted to root would see it; magic links are refused. */
int walk_open(int root, const char *path, uint64_t flags);

enum walk {
	WALK_MAKE = 1,   /* missing directories on the way are made, mode 0755 */
	WALK_FOLLOW = 2, /* the last component, too, may be a symbolic link */
};

/* Walks to the directory that holds the last component of path, or to path itself where that ends
 * in "/", "." or "..": then name is empty. Returns an O_PATH descriptor, which is root itself where
 * there was nothing to walk: walk_done closes it in the right way. */
int walk_to(int root, const char *path, enum walk how, char name[NAME_MAX + 1]);
void walk_done(int root, int dir);
/* Opens path, O_PATH; if type is S_IFDIR or S_IFREG, what is missing of it is made. Without
 * WALK_FOLLOW a link in the last place is -ELOOP. */
int walk_make(int root, const char *path, uint32_t type, uint32_t mode, enum walk how);
