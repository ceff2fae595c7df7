/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is: a row of the table in main.c. main reads its options, calls it, and alone
 * prints what went wrong and decides on the exit status. */
#pragma once

#include "cgroups/cgroup.h"
#include "cmd/args.h"

/* What stands before the command's name. */
struct globals {
	const char *root;   /* of all containers; absolute */
	bool root_is_given; /* by --root */
	const char *store;  /* of images; absolute */
	bool is_strict;     /* called as *runc or *crun, or with --oci: their command line only */
	enum cg_manager manager;
	const char *program; /* the name that ctr was called by, without directories */
};

struct call {
	const struct globals *g;
	const void *opts;        /* the command's own struct */
	const char *const *argv; /* all that follows the command's name */
	const char **words;      /* what of it is no option, NULL-terminated */
	size_t n_words;
	const char *id;    /* words[0] where the command is about a container, for messages */
	struct arena *mem; /* lives until the command ends */
	int exit_failed;   /* exit status if the command fails */
	bool is_engine;    /* exit statuses are docker's: 125, 126, 127 (cmd/out) */
};

enum {
	CMD_ON_ID = 1,   /* the first word is a container's id */
	CMD_ENGINE = 2,  /* not in the strict command line */
	CMD_FAR = 8,     /* ctr-image does it: it has the libraries for it */
	CMD_HIDDEN = 16, /* not in the help: ctr calls it by itself */
	CMD_IMAGE = 4,   /* outside of the strict command line, exit statuses are docker's */
};

struct command {
	const char *name;
	const char *usage; /* what follows the name: "[flags] ID" */
	const char *about; /* one line */
	const char *examples;
	struct arg_set args, strict_args; /* strict_args.rows NULL: the same */
	size_t opts_size;
	unsigned flags, min_words, max_words;
	/* The exit status, or -errno with err filled. */
	int (*run)(struct call *call, struct err *err);
};

enum { ANY_WORDS = 1 << 20 };

/* In the table: a heading for the rows below it. No command has an empty name. */
#define COMMANDS(TITLE) (&(const struct command){.name = "", .about = TITLE})

/* One a file, named after it. */
extern const struct command cmd_create, cmd_start, cmd_kill, cmd_delete, cmd_pause, cmd_resume;
extern const struct command cmd_run;
extern const struct command cmd_exec;
extern const struct command cmd_state, cmd_list, cmd_ps;
extern const struct command cmd_network, cmd_port;
extern const struct command cmd_update, cmd_events;
extern const struct command cmd_spec, cmd_validate, cmd_plan;
extern const struct command cmd_features;
extern const struct command cmd_stats, cmd_counters, cmd_why, cmd_usage, cmd_tenant, cmd_reclaim,
	cmd_capacity, cmd_metrics;
extern const struct command cmd_images, cmd_rmi, cmd_prune, cmd_tag, cmd_history, cmd_image;
extern const struct command cmd_attach, cmd_wait, cmd_stop, cmd_restart, cmd_rm, cmd_unpause;
extern const struct command cmd_generate, cmd_quadlet;
extern const struct command cmd_logs, cmd_inspect, cmd_rename, cmd_top, cmd_monitor, cmd_volume,
	cmd_secret;

/* Option tables are ended by this. */
#define ARGS_END                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
extern const struct arg cmd_no_args[];
