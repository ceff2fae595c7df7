/* SPDX-License-Identifier: Apache-2.0 */
/* The language between ctr and the monitor, which is ctr-init in its other mode: what the monitor
 * is told at its start, and the packets of its attach socket. ctr-init includes this, op.h and
 * sys.h, nothing else of ours.
 *
 * A monitor lives as long as its container and across upgrades of ctr, so a ctr may meet one that is
 * older: packets keep their meaning, a new one gets a new number. */
#pragma once

#include <stdint.h>

enum { MONITOR_VERSION = 2, MONITOR_TEXT_MAX = 8192, MONITOR_DATA = 4096, MONITOR_CLIENTS = 16 };

enum monitor_log { MONITOR_LOG_NONE, MONITOR_LOG_FILE, MONITOR_LOG_JOURNAL };
enum monitor_restart { MONITOR_RESTART_NO, MONITOR_RESTART_FAILURE, MONITOR_RESTART_ALWAYS };

enum monitor_flag {
	MONITOR_IN_ONCE = 1,  /* the program's input ends with that of who is attached */
	MONITOR_TERMINAL = 2, /* `out` is the master of a terminal, and `in` the same */
};

/* Read from the descriptor that argv[2] names. Descriptors are -1 where there is none. */
struct monitor_spec {
	uint32_t version;
	int32_t dir;   /* the container's directory */
	int32_t pidfd; /* of its first process, a child of the monitor */
	int32_t in, out, err;
	int32_t listener;   /* the attach socket */
	int32_t client;     /* somebody who is attached from the beginning, or -1 */
	int32_t report;     /* where a struct monitor_report is expected when all is well, or -1 */
	int32_t log_fd;     /* directory of the log files, or a socket connected to the journal */
	uint32_t flags;     /* enum monitor_flag */
	uint32_t log;       /* enum monitor_log */
	uint32_t log_files; /* the current one and older ones */
	uint64_t log_size;  /* most bytes in one */
	uint32_t restart;   /* enum monitor_restart */
	uint32_t max_restarts; /* in a row; 0: no bound */
	uint32_t in_a_row;     /* restarts after a short life that led here */
	uint32_t restarts;     /* all of them */
	uint32_t health_ms;    /* between two health checks; 0: none */
	uint32_t size_ms;      /* between two looks at its own size; 0: it is not shown that */
	char text[MONITOR_TEXT_MAX]; /* path of ctr, NUL, the directory of all containers, NUL */
};

enum { MONITOR_NEWS_OK = 1 };

/* ---- files in the container's directory ------------------------------------------------------- */

#define MONITOR_SOCKET "attach.sock"
#define MONITOR_HALT "halt" /* there: it is not to be started again when it ends */
#define MONITOR_EXIT "exit" /* "CODE\n": how the first process ended */

/* ---- packets: SOCK_SEQPACKET, this head and up to MONITOR_DATA bytes ------------------------- */

enum monitor_packet {
	/* to the monitor */
	PACKET_ATTACH =
		1, /* value: enum monitor_stream of what is wanted. Without one, only the end */
	PACKET_IN, /* data for the program's input */
	PACKET_IN_END,
	PACKET_SIZE, /* value: rows << 16 | columns */
	/* from it */
	PACKET_OUT = 64, /* data */
	PACKET_ERR,
	PACKET_END, /* value: exit code, or 128 + signal */
};

enum monitor_stream { STREAM_OUT = 1, STREAM_ERR = 2 };

struct monitor_packet_head {
	uint32_t type, value;
};

struct monitor_packet_full {
	struct monitor_packet_head head;
	char data[MONITOR_DATA];
};
