/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done with a container; each is one command of the OCI command line, and `ctr run
 * IMAGE` goes through the same ones. cmd/ fills the requests, nothing here prints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroups/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/container.h"

struct config;
struct config_process;
struct config_resources;
struct host;
struct rootfs_overlay; /* namespaces/rootfs.h */
struct wire_want;      /* net/wire_plan.h */
struct state_options;  /* runtime/state.h */

/* How a process is attached to the world: shared by create, run and exec. */
struct stdio_opts {
	const char *console_socket; /* receives the terminal's master; NULL: none */
	const char *pidfd_socket;
	const char *pid_file;  /* absolute */
	unsigned preserve_fds; /* 3 … 3+n-1 are the program's */
	const int *streams;    /* what the program gets as 0, 1 and 2; NULL: ctr's own */
	bool detach;
};

struct create_opts {
	const char *root, *id;
	const char *bundle;      /* absolute, cleaned */
	const char *config_text; /* what is kept as config.json; NULL: it is there */
	size_t config_len;
	struct stdio_opts io;
	/* NOTIFY_SOCKET of ctr's own: where the program's READY=1 goes; or NULL */
	const char *notify;
	const char *image;
	const char *tenant;                   /* NULL: nobody's */
	struct state_options *options;        /* for the record; NULL: the OCI command line */
	int *until_recorded[2];               /* closed when the record is there: locks; or NULL */
	const struct wire_want *wire;         /* networks of ctr's to be in; NULL: none */
	const struct rootfs_overlay *overlay; /* an image's; NULL: root.path as it is */
	const char *scratch;                  /* its directory on disk, which is deleted with it */
	enum cg_manager manager;
	bool no_new_keyring;
	bool engine;         /* ctr run IMAGE: soft defaults warn instead of failing */
	bool auto_remove;    /* run: delete on exit */
	bool again;          /* the container is there, and does not run */
	bool has_monitor;    /* which holds the terminal and knows when it ends */
	bool wait_for_start; /* create: leave it waiting on its start socket */
	bool proxy_terminal; /* run -t in the foreground: ctr carries the bytes */
};

/* OCI create (wait_for_start) or the first half of run. On failure nothing is left. */
int ctr_create(const struct create_opts *o, const struct config *cfg, const struct host *host,
	       struct err *err);
/* The engine's create: a record and a config, which ctr_detach with `again` can start. */
int ctr_keep(const struct create_opts *o, const struct config *cfg, const struct host *host,
	     struct err *err);
/* OCI start. With `notify`, ctr's own NOTIFY_SOCKET, it waits until the program is ready. */
int ctr_start(const char *root, const char *id, const char *notify, struct err *err);
/* create, start and, unless o->io.detach, supervise: returns the exit status in *ret_status
 * (0…255, 128 + n when signal n ended it). */
int ctr_run(const struct create_opts *o, const struct config *cfg, const struct host *host,
	    int *ret_status, struct err *err);

struct exec_opts {
	const struct container *container; /* open; it need not be locked */
	const struct config *config;       /* what the container was created from (load_config) */
	const struct config_process *process; /* complete: args, cwd, env, user, capabilities … */
	struct stdio_opts io;
	const char *cgroup; /* --cgroup: path below the container's, or NULL */
	bool ignore_paused;
	int timeout_ms; /* then it is killed; 0: never */
	bool proxy_terminal;
};

/* exec. *ret_status as ctr_run; 255 is the caller's word for "could not be started". */
int ctr_exec(const struct exec_opts *o, const struct host *host, int *ret_status, struct err *err);

/* kill: sig to the first process, or to all when `all` (or when the container shares its pid
 * namespace and sig is SIGKILL). */
int ctr_kill(const char *root, const char *id, int sig, bool all, struct err *err);
enum { STOP_TIMEOUT_DEFAULT = 10, STOP_TIMEOUT_OWN = -2 };
struct stop_opts {
	int sig;     /* 0: the container's own */
	int timeout; /* seconds until SIGKILL; -1: none; STOP_TIMEOUT_OWN */
};
/* Ends it, and keeps its monitor from starting it again. One that does not run is a success. */
int ctr_stop(const char *root, const char *id, const struct stop_opts *o, struct err *err);
/* What is left to do for one that has ended and stays: its addresses are free again, what it used is
 * noted. */
int ctr_note_end(const char *root, const char *id, struct err *err);
/* As stop does it, without the end. One that is not there is not started again either. */
void ctr_halt(const char *root, const char *id);
/* Gives it another id; its groups and host name stay. */
int ctr_rename(const char *root, const char *id, const char *to, struct err *err);
int ctr_delete(const char *root, const char *id, bool force, struct err *err);
/* Ends the first process, paused or not, and all others if they need it; waits until it is gone. */
int ctr_end(struct container *c, struct err *err);
/* The last part of delete, for one that is open and locked: ends its processes, */
int ctr_destroy(struct container *c, struct err *err);
/* and when they have ended: groups, poststop hooks, the record. */
int ctr_dismantle(struct container *c, struct err *err);
int ctr_pause(const char *root, const char *id, struct err *err);
int ctr_resume(const char *root, const char *id, struct err *err);
/* Other limits, now and for its next start (runtime/keep.h). */
int ctr_update(const char *root, const char *id, const struct config_resources *r, struct err *err);
/* A line for the schemata of its resctrl group. */
int ctr_update_rdt(const char *root, const char *id, const char *line, struct err *err);
/* Host pids of the whole cgroup subtree, malloc'ed. Returns how many. */
int ctr_pids(const char *root, const char *id, pid_t **ret, struct err *err);

/* The JSON of `ctr state` (contract 2.4), indented by two blanks when pretty. */
int ctr_state_json(const struct container *c, bool with_owner_name, bool pretty, struct str *ret,
		   struct err *err);

/* The login name of a host uid by the host's /etc/passwd; without one, the number. */
void ctr_owner_name(uint32_t uid, char *buf, size_t size);
