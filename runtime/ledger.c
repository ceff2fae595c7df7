/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the ledger; reading it is in ledger_read.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/meter.h"
#include "net/usage.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/config/encode.h"
#include "runtime/ledger.h"
#include "runtime/state.h"

enum { USAGE_VERSION = 1, LOOK_MAX = 128 };

const char *ledger_state_dir(const char *root, struct arena *mem)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (!str_eq(root, container_default_root(mem)))
		return arena_printf(mem, "%s/.lib", root);
	if (geteuid() == 0)
		return "/var/lib/ctr";
	if (data && *data == '/')
		return arena_printf(mem, "%s/ctr", data);
	if (home && *home == '/')
		return arena_printf(mem, "%s/.local/share/ctr", home);
	return arena_printf(mem, "%s/.lib", root);
}

static int open_dir(const char *root, struct arena *mem, struct err *err)
{
	const char *path = arena_printf(mem, "%s/usage", ledger_state_dir(root, mem));
	int fd = path_make_dir(path, 0700);

	return fd < 0 ? err_set(err, fd, "make %s", path) : fd;
}

/* ---- the container's own note of the last look ------------------------------------------------ */

static uint64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* When the directory was made, as far as it can be told: the record is written right after. */
static uint64_t made_ns(const struct container *c)
{
	struct stat st;

	if (fstatat(c->dir_fd, "state.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return realtime_ns();
	return (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
}

/* When it ended: whoever waited for it has written that down. */
static uint64_t ended_ns(const struct container *c)
{
	struct stat st;

	if (fstatat(c->dir_fd, "exit", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return realtime_ns();
	return (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
}

static struct ledger_look last_look(const struct container *c)
{
	struct ledger_look look = {.ns = made_ns(c)};
	auto_(str) struct str text = {0};
	uint64_t ns, memory;
	double byte_seconds;
	char state;

	if (fd_read_file(c->dir_fd, "look", LOOK_MAX, &text) < 0 || !text.p ||
	    sscanf(text.p, "%" SCNu64 " %" SCNu64 " %lf %c", &ns, &memory, &byte_seconds, &state) !=
		    4)
		return look;
	return (struct ledger_look){ns, memory, byte_seconds, true, state == 'e'};
}

static void keep_look(const struct container *c, const struct ledger_look *look)
{
	char text[LOOK_MAX];
	int n = snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %.0f %c\n", look->ns,
			 look->memory, look->byte_seconds, look->has_ended ? 'e' : 'r');

	fd_replace(c->dir_fd, "look", text, (size_t)n, 0600);
}

double ledger_byte_seconds(const struct ledger_look *before, uint64_t ns, uint64_t memory,
			   uint64_t peak, bool ended)
{
	double seconds = ns > before->ns ? (double)(ns - before->ns) / 1e9 : 0;
	double mean = ((double)before->memory + (double)memory) / 2;

	if (ended)
		mean = before->has_looked ? (double)before->memory : (double)peak;
	return before->byte_seconds + seconds * mean;
}

/* ---- a record --------------------------------------------------------------------------------- */

static struct usage_death *note_death(const struct state *s, struct arena *mem)
{
	struct usage_death *u = arena_zalloc(mem, 1, sizeof(*u));
	const struct cg_names names = {s->cgroups, s->n_cgroups, s->created};
	struct cg_death d;
	struct err ignored;

	if (cg_death(&names, mem, &d, &ignored) < 0 || !d.kills)
		return NULL;
	u->cause = cg_oom_words[d.cause];
	u->kills = d.kills;
	u->has_kills = true;
	u->group = d.group;
	u->limit = d.limit;
	u->has_limit = d.limit != 0;
	if (!d.is_in_log)
		return u;
	u->when = d.when;
	u->pid = d.pid;
	u->uid = d.uid;
	u->anon_rss = d.anon_rss;
	u->has_pid = u->has_uid = u->has_anon_rss = true;
	u->task = d.task;
	u->stats = arena_zalloc(mem, d.n_stats, sizeof(*u->stats));
	for (size_t i = 0; i < d.n_stats; i++)
		u->stats[u->n_stats++] = (struct usage_stat){
			.key = d.stats[i].key, .value = d.stats[i].value, .has_value = true};
	return u;
}

static void fill(struct usage *u, const struct cg_meter *m)
{
	u->cpu_ns = m->cpu_ns;
	u->user_ns = m->user_ns;
	u->system_ns = m->system_ns;
	u->memory = m->memory;
	u->memory_peak = m->memory_peak;
	u->read_bytes = m->read_bytes;
	u->written_bytes = m->written_bytes;
	u->reads = m->reads;
	u->writes = m->writes;
	u->has_cpu_ns = u->has_user_ns = u->has_system_ns = u->has_memory = u->has_memory_peak =
		u->has_read_bytes = u->has_written_bytes = u->has_reads = u->has_writes = true;
}

/* Behind a line that a power cut has torn, a new one begins. */
static int append(int dir, const char *month, const struct str *line, struct err *err)
{
	char last = '\n';
	auto_fd int fd =
		openat(dir, month, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0)
		return err_set(err, errno, "open the ledger %s", month);
	if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
		return err_set(err, errno, "read the ledger %s", month);
	bool is_torn = last != '\n';
	const char *text = is_torn ? line->p : line->p + 1; /* line begins with a newline */
	int r = fd_write_all(fd, text, line->len - !is_torn);
	return r < 0 ? err_set(err, r, "write to the ledger %s", month) : 0;
}

static int write_record(const char *root, const struct usage *u, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str line = {0};
	struct json_out out = {.s = &line};
	auto_fd int dir = open_dir(root, &mem, err);

	if (dir < 0)
		return dir;
	str_add_char(&line, '\n');
	encode_object(&usage_table, u, &out, NULL);
	str_add_char(&line, '\n');
	return append(dir, arena_printf(&mem, "%.7s.jsonl", u->time), &line, err);
}

static void fill_network(const struct container *c, struct usage *u)
{
	struct net_usage n;
	struct err ignored;

	if (net_usage_read(c->root, c->dir_fd, &n, &ignored) < 0)
		return;
	if (!n.in_packets && !n.out_packets)
		return;
	u->net_received_bytes = n.in_bytes;
	u->net_sent_bytes = n.out_bytes;
	u->net_received_packets = n.in_packets;
	u->net_sent_packets = n.out_packets;
	u->net_outside_received_bytes = n.outside_in_bytes;
	u->net_outside_sent_bytes = n.outside_out_bytes;
	u->net_outside_received_packets = n.outside_in_packets;
	u->net_outside_sent_packets = n.outside_out_packets;
	u->has_net_received_bytes = u->has_net_sent_bytes = u->has_net_received_packets =
		u->has_net_sent_packets = true;
	u->has_net_outside_received_bytes = u->has_net_outside_sent_bytes =
		u->has_net_outside_received_packets = u->has_net_outside_sent_packets = true;
}

int ledger_note(const struct container *c, enum ledger_moment moment, struct err *err)
{
	bool ended = moment != LEDGER_RUNS;
	auto_(arena) struct arena mem = {0};
	const struct state *s = c->state;
	struct ledger_look look = last_look(c);
	char now[CLOCK_TEXT_MAX];
	struct cg_meter m;

	if (!s->n_cgroups || look.has_ended) /* noted when it ended, deleted later */
		return 0;
	uint64_t made = made_ns(c), ns = ended ? ended_ns(c) : realtime_ns();
	int r = cg_meter(s->cgroups, s->n_cgroups, &m, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	look.byte_seconds = ledger_byte_seconds(&look, ns, m.memory, m.memory_peak, ended);
	struct usage u = {
		.version = USAGE_VERSION,
		.has_version = true,
		.time = clock_now(now, true),
		.id = s->id,
		.created = s->created,
		.tenant = s->tenant,
		.image = s->image,
		.ended = ended,
		.has_ended = ended,
		.wall_ns = ns > made ? ns - made : 0,
		.has_wall_ns = true,
		.memory_byte_seconds = (uint64_t)look.byte_seconds,
		.has_memory_byte_seconds = true,
		.death = m.oom_kills ? note_death(s, &mem) : NULL,
	};
	fill(&u, &m);
	fill_network(c, &u);
	r = write_record(c->root, &u, err);
	if (r < 0 || moment == LEDGER_REMOVED)
		return r;
	look.ns = ns;
	look.memory = m.memory;
	look.has_ended = ended;
	keep_look(c, &look);
	return 0;
}

void ledger_note_end(const struct container *c, enum ledger_moment moment)
{
	struct err err = {0};
	char text[600];

	if (c->state && c->pid && ledger_note(c, moment, &err) < 0)
		log_warning("what %s used is not in the ledger: %s", c->id,
			    err_text(&err, text, sizeof(text)));
}

int ledger_sync(const char *root, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char now[CLOCK_TEXT_MAX];
	auto_fd int dir = open_dir(root, &mem, err);

	if (dir < 0)
		return dir;
	clock_now(now, false);
	auto_fd int fd = openat(dir, arena_printf(&mem, "%.7s.jsonl", now),
				O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fdatasync(fd) < 0 || fsync(dir) < 0)
		return err_set(err, errno, "sync the ledger");
	return 0;
}
