/* SPDX-License-Identifier: Apache-2.0 */
/* An image and the flags of `ctr run` to the struct config that an OCI bundle would have held. From
 * there on both take the same way. */
#pragma once

#include "image/compose_network.h"
#include "namespaces/rootfs.h"
#include "runtime/base/words.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

/* What is run: what an image's config says of it, and where its root is. */
struct image {
	const char *name;              /* for the record */
	const char *root;              /* root.path */
	struct rootfs_overlay overlay; /* without anything below: root is used as it is */
	struct words lookup;           /* host directories in which users are looked up, in turn */
	const char *scratch;           /* what is to be deleted with the container */
	struct words env, entrypoint, cmd;
	const char *workdir, *user;    /* NULL: / and root */
	struct words tmpfs;            /* as --tmpfs: directories of its own */
	struct words masked;           /* more masked paths */
	struct words exposed;          /* ports, as "80/tcp": what --publish-all publishes */
	struct config_kv *annotations; /* what there is to know of the image */
	size_t n_annotations;
	bool is_readonly; /* the root is somebody else\'s */
};

/* Whose namespaces it is in: "private", "host", and of --pid "container:ID". */
struct namespace_flags {
	const char *pid, *ipc, *uts, *cgroup;
};

/* The flags as they were written; NULL: not given. */
struct run_flags {
	const char *id;
	const char *hostname, *domainname, *workdir, *user, *entrypoint;
	struct network_flags network;
	struct namespace_flags namespaces;
	const char *cpus, *cpu_period, *cpu_quota, *cpu_shares, *cpuset_cpus;
	const char *memory, *memory_swap, *memory_reservation, *memory_swappiness;
	const char *oom_score_adj, *pids_limit, *shm_size;
	struct words env, volumes, mounts, tmpfs, devices, device_rules, groups;
	struct words cap_add, cap_drop, ulimits, sysctls, security, annotations;
	struct words args;
	bool tty, read_only, privileged, init, systemd;
	bool secrets; /* it has some that are files */
};

struct run_device {
	struct config_device node; /* in the container */
	const char *access;        /* "rwm" */
};

/* What only a look at files tells. */
struct run_facts {
	struct config_user user;
	struct run_device *devices;
	size_t n_devices;
	const char *seccomp_text; /* of --security-opt seccomp=FILE, or NULL */
	size_t seccomp_len;
	bool keeps_limits; /* nobody in a cgroup namespace can lift those of its root */
	bool counts_swap;  /* a limit of memory and swap together can be set */
	struct id_range
		ids; /* the host's for a user namespace; count 0: none, or the caller's own */
	struct run_network network;
	const char *host_name; /* the host's own */
	const char *pid_path;  /* the namespace of --pid container:ID */
};

/* Fills *ret from the image's and the host's files: users by name, devices by path, the seccomp
 * profile; ret->network and ret->pid_path are there already (cmd/run_network.h, cmd/joined.h). All in
 * the arena. */
int run_look(const struct run_flags *flags, const struct image *image, const struct host *host,
	     struct arena *mem, struct run_facts *ret, struct err *err);

struct compose {
	const struct run_flags *flags;
	const struct image *image;
	const struct run_facts *facts;
	const struct host *host;
	struct arena *mem; /* for the result, which may point into all of the above */
};

/* Pure. -EINVAL names the flag and says what it takes; -ENOTSUP: a flag's value that other engines
 * know and ctr does not. */
int compose(const struct compose *in, struct config **ret, struct err *err);
