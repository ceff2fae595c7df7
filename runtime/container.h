/* SPDX-License-Identifier: Apache-2.0 */
/* A container on disk: <root>/<id>/ with
 *
 *     state.json  the record (state.schema.json), written once before anything it names exists
 *     config.json the config it was created from; later edits of the bundle do not matter
 *     init        "PID STARTTIME\n" of the first process; with " creating" behind it as long as hooks
 *                 may look while it is being made
 *     start.sock  there while the container waits to be started
 *     exit        the exit code, when the one who waited for it was ctr or a monitor
 *     monitor     "PID STARTTIME RESTARTS\n" of the monitor, if it has one
 *     attach.sock where the monitor listens
 *     health      "WORD FAILURES\n" and what the last check said
 *     halt        there: the monitor is not to start it again
 *
 * Making the directory claims the id; a lock on it is held by whoever changes the container. A
 * directory without `init` is one that is being made, or whose making was cut short. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/auto.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"

struct state; /* "runtime/state.h" */

enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED
};

struct container {
	struct arena arena; /* owns the strings */
	const char *root, *id;
	const char *dir;           /* absolute path of the directory */
	int dir_fd;                /* locked as long as it is open, if so asked */
	const struct state *state; /* NULL while the record was never written */
	pid_t pid;                 /* 0: none recorded */
	uint64_t start_time;       /* field 22 of /proc/PID/stat: tells a reused pid apart */
	bool is_creating;
	int pidfd; /* of pid when it is alive, else -1 */
};

/* The directory of all containers without --root: /run/ctr; for an ordinary user, and for root of his
 * user namespace, $XDG_RUNTIME_DIR/ctr (OCI-CONTRACT 2.8), by default below /run/user, where nobody
 * else can have been before. In the arena. */
const char *container_default_root(struct arena *a);

/* -EINVAL: "invalid container ID format". */
int container_check_id(const char *id, struct err *err);

/* Claims `id` below `root` (made when missing) and locks it. -EEXIST: "container with given ID
 * already exists"; -EINVAL: the id's form. The caller writes the record next. */
int container_new(const char *root, const char *id, struct container *ret, struct err *err);

/* Opens an existing one; lock: wait for the exclusive lock, for commands that change it.
 * -ENOENT: "container does not exist". A record that cannot be read is an error, unless
 * `broken_ok`, when state stays NULL (delete --force). */
int container_open(const char *root, const char *id, bool lock, bool broken_ok,
		   struct container *ret, struct err *err);
void container_clear(struct container *c);
/* Lets others change it while this one is only watched. */
void container_unlock(struct container *c);

int container_write_state(struct container *c, const struct state *state, struct err *err);
int container_write_config(struct container *c, const char *text, size_t len, struct err *err);
/* The same for a container that was made long ago: whoever is killed leaves the old one. */
int container_replace_config(struct container *c, const char *text, size_t len, struct err *err);
int container_write_init(struct container *c, pid_t pid, bool creating, struct err *err);
int container_write_exit(struct container *c, int code, struct err *err);

/* Forgets the process that was: it has no pid, exit code or monitor any more. */
void container_forget_run(struct container *c);
int container_write_monitor(struct container *c, pid_t pid, unsigned restarts, struct err *err);
/* The monitor, when it is alive: its pidfd, else -1. */
int container_monitor(const struct container *c);
/* Whether one was ever recorded; no record is read. */
bool container_had_monitor(const char *root, const char *id);
/* How often it was started again by its monitor. */
unsigned container_restarts(const struct container *c);
/* Whether this process is it. */
bool container_is_monitor(const struct container *c);
/* Tells the monitor, now and later ones, not to start it again; until it is started by somebody. */
void container_halt(const struct container *c);
/* Keeps why it could not be started again, and the exit code that stands for it. */
void container_note_failure(struct container *c, int code, const struct err *why);
/* The exit code, or -ENOENT while there is none. */
int container_exit_code(const struct container *c);

/* What it is doing now, from the process and its cgroup; paused is asked of the kernel. */
enum container_status container_status(const struct container *c);
const char *container_status_word(enum container_status status);

/* Removes the directory. The last step of delete. */
int container_remove(struct container *c, struct err *err);

/* Whether somebody holds the lock on it, or it is not there. */
bool container_is_busy(const char *root, const char *id);

/* Ids below root in byte order, in the arena. A missing root is an empty list. Returns how many. */
int container_ids(const char *root, struct arena *a, const char ***ret, struct err *err);

/* Field 22 of /proc/PID/stat, or 0 when there is no such process. *ret_state (may be NULL): 'R',
 * 'S', 'Z', … */
uint64_t process_start_time(pid_t pid, char *ret_state);
