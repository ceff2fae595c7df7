/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of floor: one start, its cgroups, its root. Everything dies on failure. */
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };
enum { GROUPS_MAX = 16 };

struct floor {
	enum cgroup_kind cgroup;
	pid_t join; /* exec into this process's namespaces; 0: a container of our own */
	const char *root;
	char **argv;
	struct sock_fprog filter;
	unsigned bridge; /* index; 0: no network but lo */
	int host_sock;   /* rtnetlink, of the host's namespace */
	char name[32];   /* of our cgroups and our state */
	char state[64];
	/* v1: one for each hierarchy, with its tasks file open; v2: one, open itself */
	const char *hierarchy[GROUPS_MAX];
	char group[GROUPS_MAX][64];
	int group_fd[GROUPS_MAX];
	int n_groups;
};

_Noreturn void floor_die(const char *what);

void cgroup_make(struct floor *f);
/* The v2 cgroup that pid is in, as if cgroup_make had made it. */
void cgroup_of(struct floor *f, pid_t pid);
/* In the child: v1 only, v2 children are born in their group. */
void cgroup_enter(const struct floor *f);
void cgroup_remove(const struct floor *f);

/* Before the child there is a socket; in the child: a link on the bridge, its address and route. */
void net_prepare(struct floor *f, const char *bridge);
void net_enter(const struct floor *f);

/* In the child: all mounts, then pivot_root. */
void rootfs_enter(const struct floor *f);
