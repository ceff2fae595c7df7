/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-init's other mode: inside. All state is one struct on main's stack; of its buffers only what
 * is used is ever touched, which keeps a monitor at a few pages. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/monitor.h"
#include "runtime/base/sys.h"

enum { READ_SIZE = 8192, LOG_BUFFER = 16384 };

struct client {
	int fd;          /* -1: free */
	uint32_t wanted; /* enum monitor_stream */
};

/* The container's log. Records are as Kubernetes has them:
 *
 *	2026-01-02T03:04:05.012345678Z stdout F a line
 *
 * P in place of F: the line goes on in this stream's next record. */
struct mlog {
	int kind; /* enum monitor_log */
	int fd;   /* the open file, or the journal's socket */
	int dir;
	const char *id;
	unsigned n_files;
	uint64_t max, size;
	bool in_line[2]; /* of each stream: the last record was a P */
	char stamp[40];
	int64_t stamp_day; /* of which stamp has the date */
	size_t n;
	char buffer[LOG_BUFFER];
};

/* What ctr is called for now and then, one call at a time. */
enum { CHORE_HEALTH, CHORE_SIZE, CHORES };
struct chore {
	const char *word;  /* for ctr */
	uint32_t every_ms; /* 0: never */
	int pidfd;         /* of the call that runs, or -1 */
	int64_t at_ms;     /* the next one */
};

struct monitor {
	struct monitor_spec spec;
	char id[256]; /* for the journal, and to call ctr with */
	struct mlog log;
	struct client clients[MONITOR_CLIENTS];
	int64_t started_ms;
	struct chore chores[CHORES];
	size_t n_in; /* bytes of `in` that the program has not taken yet */
	struct monitor_packet_full packet;
	char in[MONITOR_DATA];
	char buffer[READ_SIZE];
};

/* monitor.c: argv[2]. Returns the exit code. */
int monitor_main(const char *fd);

/* monitor_log.c. Nothing of it fails: a full disk costs the log, not the container. */
void mlog_open(struct mlog *l, const struct monitor_spec *s, const char *id);
/* stream: 0 or 1 for standard output or error. */
void mlog_take(struct mlog *l, int stream, const char *p, size_t n);
void mlog_flush(struct mlog *l);

/* monitor_attach.c */
void attach_accept(struct monitor *m);
/* Takes one packet of client i. */
void attach_hear(struct monitor *m, int i);
/* To all who want this stream. Who does not take it in 5 s is hung up on. */
void attach_tell(struct monitor *m, uint32_t stream, const char *p, size_t n);
void attach_end(struct monitor *m, uint32_t status);
/* Gives the program what is waiting for it. */
void attach_feed(struct monitor *m);
