/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups for floor: v1 hierarchies or one v2 group with the default device policy. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/sys.h"
#include "tests/bench/floor.h"

#define ROOT "/sys/fs/cgroup"

static void put(const char *dir, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		floor_die(path);
	close(fd);
}

/* A new cpuset is empty, and nothing may enter it before it has what its parent has. */
static void inherit(const char *group, const char *file)
{
	char path[128], value[256] = "";

	snprintf(path, sizeof(path), "%s/../%s", group, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, value, sizeof(value) - 1) < 0)
		floor_die(path);
	close(fd);
	put(group, file, value);
}

static void make_v1(struct floor *f)
{
	static const struct {
		const char *hierarchy, *file, *value;
	} limits[] = {
		{"pids", "pids.max", "1000"}, {"memory", "memory.limit_in_bytes", "1073741824"},
		{"cpu", "cpu.shares", "512"}, {"cpuset", NULL, NULL},
		{"devices", NULL, NULL},      {"freezer", NULL, NULL},
		{"blkio", NULL, NULL}};

	for (unsigned i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		char *group = f->group[f->n_groups], tasks[80];
		snprintf(group, sizeof(f->group[0]), ROOT "/%s/%s", limits[i].hierarchy, f->name);
		if (mkdir(group, 0755) < 0)
			floor_die(group);
		if (limits[i].file)
			put(group, limits[i].file, limits[i].value);
		if (strcmp(limits[i].hierarchy, "cpuset") == 0) {
			inherit(group, "cpuset.cpus");
			inherit(group, "cpuset.mems");
		}
		snprintf(tasks, sizeof(tasks), "%s/tasks", group);
		f->hierarchy[f->n_groups] = limits[i].hierarchy;
		f->group_fd[f->n_groups++] = open(tasks, O_WRONLY | O_CLOEXEC);
	}
}

/* The default policy: mknod of anything; read and write of null, zero, full, random, urandom, tty,
 * console, ptmx and the pseudo-terminals. Registers: r2 type, r3 access, r4 major, r5 minor. */
static void device_policy(int group)
{
#define INSN(c, d, s, o, i)                                                                        \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define LOAD(d, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, 1, o, 0)
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define JMP(op, r, v, to) INSN(BPF_JMP | (op) | BPF_K, r, 0, to, v)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
	static const struct bpf_insn policy[] = {
		/*  0 */ LOAD(2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 3, 2, 0, 0),
		/*  2 */ INSN(BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, 0xffff),
		/*  3 */ INSN(BPF_ALU64 | BPF_RSH | BPF_K, 3, 0, 0, 16),
		LOAD(4, 4),
		LOAD(5, 8),
		/*  6 */ JMP(BPF_JEQ, 3, BPF_DEVCG_ACC_MKNOD, 14),
		/*  7 */ JMP(BPF_JNE, 2, BPF_DEVCG_DEV_CHAR, 11),
		JMP(BPF_JEQ, 4, 136, 12),
		/*  9 */ JMP(BPF_JNE, 4, 5, 3),
		JMP(BPF_JLE, 5, 2, 10),
		MOV(0, 0),
		EXIT,
		/* 13 */ JMP(BPF_JNE, 4, 1, 5),
		JMP(BPF_JEQ, 5, 3, 6),
		JMP(BPF_JEQ, 5, 5, 5),
		/* 16 */ JMP(BPF_JEQ, 5, 7, 4),
		JMP(BPF_JEQ, 5, 8, 3),
		JMP(BPF_JEQ, 5, 9, 2),
		/* 19 */ MOV(0, 0),
		EXIT,
		MOV(0, 1),
		EXIT};
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
			       .insns = (uintptr_t)policy,
			       .insn_cnt = sizeof(policy) / sizeof(*policy),
			       .license = (uintptr_t) "GPL"};
	int prog = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	union bpf_attr attach = {.target_fd = (unsigned)group,
				 .attach_bpf_fd = (unsigned)prog,
				 .attach_type = BPF_CGROUP_DEVICE,
				 .attach_flags = BPF_F_ALLOW_MULTI};

	if (prog < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
		floor_die("device policy");
	close(prog);
}

static void open_v2(struct floor *f, const char *group)
{
	f->group_fd[0] = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->group_fd[0] < 0)
		floor_die(group);
	f->n_groups = 1;
}

void cgroup_make(struct floor *f)
{
	if (f->cgroup == CGROUP_V1)
		make_v1(f);
	if (f->cgroup != CGROUP_V2)
		return;
	snprintf(f->group[0], sizeof(f->group[0]), ROOT "/%s", f->name);
	if (mkdir(f->group[0], 0755) < 0)
		floor_die(f->group[0]);
	open_v2(f, f->group[0]);
	device_policy(f->group_fd[0]);
}

void cgroup_of(struct floor *f, pid_t pid)
{
	char path[4096], text[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		floor_die(path);
	close(fd);
	char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return;
	line += strcspn(line, "/");
	snprintf(path, sizeof(path), ROOT "%.*s", (int)strcspn(line, "\n"), line);
	open_v2(f, path);
	f->cgroup = CGROUP_V2;
}

void cgroup_enter(const struct floor *f)
{
	if (f->cgroup != CGROUP_V1)
		return;
	for (int i = 0; i < f->n_groups; i++)
		if (write(f->group_fd[i], "0", 1) < 0)
			floor_die(f->group[i]);
}

void cgroup_remove(const struct floor *f)
{
	for (int i = 0; i < f->n_groups; i++) {
		close(f->group_fd[i]);
		/* The last task may still be on its way out. */
		for (int k = 0; rmdir(f->group[i]) < 0 && errno == EBUSY && k < 1000; k++)
			usleep(100);
	}
}
