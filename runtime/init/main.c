/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init carries out a list of operations and becomes the container's program. It is executed
 * from a sealed memory file with its first descriptor's number as the only argument. It knows no
 * JSON, allocates nothing and has no words: what fails is reported as an index and an errno.
 * With two arguments it is a monitor instead. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "runtime/init/exec.h"
#include "runtime/init/monitor.h"

static int op_nop(struct exec *x, const struct op *op)
{
	(void)x;
	(void)op;
	return 0;
}

static op_fn *const run[OP_KINDS] = {
	[OP_NOP] = op_nop,
	[OP_SYNC] = op_sync,
	[OP_READY] = op_ready,
	[OP_START] = op_start,
	[OP_FORK] = op_fork,
	[OP_UNSHARE] = op_unshare,
	[OP_SETNS] = op_setns,
	[OP_HOSTNAME] = op_hostname,
	[OP_DOMAINNAME] = op_domainname,
	[OP_LOOPBACK] = op_loopback,
	[OP_SETIDS] = op_setids,
	[OP_PRCTL] = op_prctl,
	[OP_SETSID] = op_setsid,
	[OP_SIGNALS] = op_signals,
	[OP_UMASK] = op_umask,
	[OP_RLIMIT] = op_rlimit,
	[OP_CAPS] = op_caps,
	[OP_SECCOMP] = op_seccomp,
	[OP_KEYRING] = op_keyring,
	[OP_SCHED] = op_sched,
	[OP_IOPRIO] = op_ioprio,
	[OP_PERSONALITY] = op_personality,
	[OP_AFFINITY] = op_affinity,
	[OP_MEMPOLICY] = op_mempolicy,
	[OP_OPEN] = op_open,
	[OP_WRITE] = op_write,
	[OP_CLOSE] = op_close,
	[OP_MKDIR] = op_mkdir,
	[OP_MKNOD] = op_mknod,
	[OP_SYMLINK] = op_symlink,
	[OP_OPEN_TREE] = op_open_tree,
	[OP_FSMOUNT] = op_fsmount,
	[OP_SETATTR] = op_setattr,
	[OP_TARGET] = op_target,
	[OP_MOVE_MOUNT] = op_move_mount,
	[OP_MASK] = op_mask,
	[OP_READONLY] = op_readonly,
	[OP_PIVOT] = op_pivot,
	[OP_COPY_UP] = op_copy_up,
	[OP_CONSOLE] = op_console,
	[OP_STDIO_OWNER] = op_stdio_owner,
	[OP_CHDIR] = op_chdir,
	[OP_HOME] = op_home,
	[OP_FIND] = op_find,
	[OP_HOOK] = op_hook,
	[OP_PRESERVE] = op_preserve,
	[OP_EXEC] = op_exec,
};

int exec_fd(const struct exec *x, int slot)
{
	if (slot == SLOT_CWD)
		return AT_FDCWD;
	return slot >= 0 && slot < OP_SLOTS && x->slot[slot] >= 0 ? x->slot[slot] : -1;
}

int exec_put(struct exec *x, int slot, int fd)
{
	if (fd < 0)
		return -errno;
	if (slot < 0) {
		exec_done(fd);
		return 0;
	}
	exec_drop(x, slot);
	x->slot[slot] = fd;
	return 0;
}

void exec_done(int fd)
{
	enum { ENOUGH = 64 };

	if (fd >= ENOUGH)
		close(fd);
}

void exec_drop(struct exec *x, int slot)
{
	if (slot < 0)
		return;
	exec_done(x->slot[slot]);
	x->slot[slot] = SLOT_EMPTY;
}

const char *exec_str(const struct exec *x, const struct op *op)
{
	return op->str ? op_str(x->image, op->str) : "";
}

char *exec_data(const struct exec *x, const struct op *op)
{
	return op->size ? (char *)x->image + op->data : NULL;
}

/* What an operation that did not happen would have given is missing, too. */
static void mark_missing(struct exec *x, const struct op *op)
{
	if (op->ret < 0)
		return;
	exec_drop(x, op->ret);
	x->slot[op->ret] = SLOT_MISSING;
}

static bool is_missing(const struct exec *x, int slot)
{
	return slot >= 0 && x->slot[slot] == SLOT_MISSING;
}

/* Where it is decided whose failure is no failure. A mask is never left out for want of something
 * to cover the path with, and to close what is missing is to close the others behind it. */
static int run_one(struct exec *x, const struct op *op)
{
	bool can_skip = op->kind != OP_MASK && op->kind != OP_CLOSE;

	if (can_skip && (is_missing(x, op->fd) || is_missing(x, op->fd2))) {
		mark_missing(x, op);
		return 0;
	}
	int r = run[op->kind](x, op);
	if (r < 0 &&
	    ((op->flags & OPF_OPTIONAL) || (r == -ENOENT && (op->flags & OPF_MISSING_OK)))) {
		mark_missing(x, op);
		return 0;
	}
	return r;
}

static int parse_number(const char *s)
{
	int n = 0;

	for (; *s >= '0' && *s <= '9' && n < 1 << 20; s++)
		n = n * 10 + (*s - '0');
	return *s ? -1 : n;
}

/* Gives the image, or an errno and the operation that is to blame. */
static int map_image(struct exec *x, int fd)
{
	struct stat st;

	x->at = UINT32_MAX;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > OP_IMAGE_MAX)
		return -EBADMSG;
	/* Private and writable: OP_EXEC builds its pointers in place. */
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	x->image = p;
	long bad = op_check(p, (size_t)st.st_size);
	if (bad > 0)
		x->at = (uint32_t)bad - 1;
	return bad ? -EBADMSG : 0;
}

static int run_all(struct exec *x, int first)
{
	x->slot[SLOT_CHAN] = first + SLOT_CHAN;
	int r = map_image(x, first + SLOT_PLAN);
	if (r < 0 || !x->image)
		return r;
	if (x->image->first_fd != (uint32_t)first)
		return -EBADMSG;
	int n_fds = (int)x->image->n_fds;
	for (int i = 0; i < OP_SLOTS; i++)
		x->slot[i] = i < n_fds ? first + i : SLOT_EMPTY;
	close(x->slot[SLOT_PLAN]);
	x->slot[SLOT_PLAN] = SLOT_EMPTY;
	/* What the caller of ctr left open is no business of the container's. */
	sys_close_range((unsigned)(first + n_fds), ~0U, 0);
	const struct op *ops = op_list(x->image);
	for (x->at = 0; x->at < x->image->n_ops; x->at++) {
		r = run_one(x, &ops[x->at]);
		if (r < 0)
			return r;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct exec x;
	int first = argc == 2 ? parse_number(argv[1]) : -1;

	if (argc == 3)
		return monitor_main(argv[2]);

	if (first < 3)
		return 1;
	sys_close_range((unsigned)first, ~0U, SYS_CLOSE_RANGE_CLOEXEC);
	x.image = NULL;
	x.program = NULL;
	x.preserve = 0;
	x.hook_status = 0;
	x.chdir_failed = x.is_sealed = false;
	*x.home = 0;
	int r = run_all(&x, first);
	if (r < 0)
		talk_fail(&x, -r);
	return r < 0;
}
