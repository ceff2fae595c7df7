/* SPDX-License-Identifier: Apache-2.0 */
/* Block I/O as the kernel counts it, in the form that v1 had. */
#include <stdlib.h>
#include <string.h>

#include "cgroups/file.h"
#include "cgroups/stat.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

enum { TEXT_MAX = 65536 };

/* The first file that is there and has something. */
static const struct {
	enum cg_blkio_kind kind;
	const char *files[3];
} v1_files[] = {
	{CG_BLKIO_SERVICE_BYTES,
	 {"blkio.bfq.io_service_bytes_recursive", "blkio.io_service_bytes_recursive",
	  "blkio.throttle.io_service_bytes_recursive"}},
	{CG_BLKIO_SERVICED,
	 {"blkio.bfq.io_serviced_recursive", "blkio.io_serviced_recursive",
	  "blkio.throttle.io_serviced_recursive"}},
	{CG_BLKIO_QUEUED, {"blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive", NULL}},
	{CG_BLKIO_SERVICE_TIME,
	 {"blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive", NULL}},
	{CG_BLKIO_WAIT_TIME,
	 {"blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive", NULL}},
	{CG_BLKIO_MERGED, {"blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive", NULL}},
	{CG_BLKIO_TIME, {"blkio.bfq.time_recursive", "blkio.time_recursive", NULL}},
	{CG_BLKIO_SECTORS, {"blkio.bfq.sectors_recursive", "blkio.sectors_recursive", NULL}},
};

/* io.stat's words, as v1 called them. */
static const struct {
	const char *key, *op;
	enum cg_blkio_kind kind;
} v2_words[] = {
	{"rbytes", "Read", CG_BLKIO_SERVICE_BYTES},    {"wbytes", "Write", CG_BLKIO_SERVICE_BYTES},
	{"dbytes", "Discard", CG_BLKIO_SERVICE_BYTES}, {"rios", "Read", CG_BLKIO_SERVICED},
	{"wios", "Write", CG_BLKIO_SERVICED},          {"dios", "Discard", CG_BLKIO_SERVICED},
};

static void add(struct cg_stats *s, enum cg_blkio_kind kind, size_t max, struct cg_blkio item)
{
	if (!s->blkio.items[kind])
		s->blkio.items[kind] = arena_zalloc(&s->mem, max, sizeof(item));
	if (s->blkio.n[kind] < max)
		s->blkio.items[kind][s->blkio.n[kind]++] = item;
}

static size_t count(const char *text, char c)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == c;
	return n;
}

/* "8:0 " at the line's beginning; what follows, or NULL. */
static const char *device(const char *line, struct cg_blkio *ret)
{
	char *end;

	ret->major = strtoull(line, &end, 10);
	if (end == line || *end != ':')
		return NULL;
	ret->minor = strtoull(end + 1, &end, 10);
	return *end == ' ' ? end + 1 : NULL;
}

/* "8:0 Read 4096"; "8:0 4096" in the files without operations; "Total 4096" is no device's. */
void cg_blkio_parse_v1(const char *text, enum cg_blkio_kind kind, struct cg_stats *s)
{
	size_t max = count(text, '\n');

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		struct cg_blkio item = {.op = ""};
		const char *at = device(line, &item);
		if (!at)
			continue;
		size_t n = strcspn(at, " \n");
		if (at[n] == ' ') {
			item.op = arena_copy(&s->mem, at, n);
			at += n + 1;
		}
		item.value = strtoull(at, NULL, 10);
		add(s, kind, max, item);
	}
}

static void add_v2(struct cg_stats *s, size_t max, struct cg_blkio item, const char *word)
{
	for (size_t i = 0; i < sizeof(v2_words) / sizeof(*v2_words); i++) {
		size_t n = strlen(v2_words[i].key);
		if (!str_starts(word, v2_words[i].key) || word[n] != '=')
			continue;
		item.op = v2_words[i].op;
		item.value = strtoull(word + n + 1, NULL, 10);
		add(s, v2_words[i].kind, max, item);
	}
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 …" */
void cg_blkio_parse_v2(const char *text, struct cg_stats *s)
{
	size_t max = count(text, '=');

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		struct cg_blkio item = {0};
		const char *at = device(line, &item);
		for (; at && *at && *at != '\n'; at += strcspn(at, " \n"), at += *at == ' ')
			add_v2(s, max, item, at);
	}
}

static void read_v1(const char *dir, char *text, struct cg_stats *s)
{
	for (size_t i = 0; i < sizeof(v1_files) / sizeof(*v1_files); i++)
		for (size_t k = 0; k < 3 && v1_files[i].files[k]; k++) {
			if (cg_file_read(dir, v1_files[i].files[k], text, TEXT_MAX) <= 0)
				continue;
			cg_blkio_parse_v1(text, v1_files[i].kind, s);
			if (s->blkio.n[v1_files[i].kind])
				break;
		}
}

void cg_blkio_read(const char *v1, const char *v2, struct cg_stats *s)
{
	auto_(str) struct str buf = {0};
	char *text = str_grow(&buf, TEXT_MAX);

	if (v1)
		read_v1(v1, text, s);
	else if (v2 && cg_file_read(v2, "io.stat", text, TEXT_MAX) > 0)
		cg_blkio_parse_v2(text, s);
	if (v2)
		cg_psi_read(v2, "io.pressure", &s->blkio.psi);
}
