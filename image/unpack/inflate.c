/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <isa-l.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "image/unpack/inflate.h"
#include "runtime/base/mem.h"

enum {
	IN_SIZE = 128 << 10,
	OUT_SIZE = 256 << 10,
	ZSTD_WINDOW_LOG = 27, /* 128 MiB: what zstd --long writes */
	RATIO_MAX = 200,
};

/* A gigabyte of zeros is a megabyte of gzip. Ordinary layers shrink to a third; files of a few hundred
 * megabytes that are empty do exist. */
static const uint64_t ratio_free = 512ULL << 20, size_max = 256ULL << 30;

enum kind { KIND_UNKNOWN, KIND_PLAIN, KIND_GZIP, KIND_ZSTD };

struct inflate {
	int fd;
	enum kind kind;
	bool at_end;    /* of fd */
	bool in_member; /* a gzip member or zstd frame has begun and not ended */
	unsigned char in[IN_SIZE], out[OUT_SIZE];
	size_t at, n; /* of in */
	uint64_t total_in, total_out;
	struct inflate_state gzip;
	ZSTD_DStream *zstd;
	struct digest digest;
};

struct inflate *inflate_new(int fd, enum digest_kind kind)
{
	struct inflate *f = mem_zalloc(1, sizeof(*f));

	f->fd = fd;
	digest_begin(&f->digest, kind);
	return f;
}

void inflate_free(struct inflate *f)
{
	if (f)
		ZSTD_freeDStream(f->zstd);
	free(f);
}

/* Fills the input buffer, all of it while there is something to read. */
static int fill(struct inflate *f, struct err *err)
{
	f->at = f->n = 0;
	while (f->n < IN_SIZE && !f->at_end) {
		ssize_t r = read(f->fd, f->in + f->n, IN_SIZE - f->n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_set(err, errno, "read the layer");
		f->at_end = r == 0;
		f->n += (size_t)r;
	}
	f->total_in += f->n;
	return 0;
}

static int damaged(struct err *err, const char *why)
{
	return err_say(err, EBADMSG, "the layer is damaged: %s", why);
}

/* Of zstd also what may be skipped: a frame for others can stand first (zstd:chunked does so). */
static enum kind kind_of(const unsigned char *p, size_t n)
{
	static const unsigned char gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd},
				   skip[] = {0x2a, 0x4d, 0x18};

	if (n >= sizeof(gzip) && memcmp(p, gzip, sizeof(gzip)) == 0)
		return KIND_GZIP;
	if (n >= sizeof(zstd) && memcmp(p, zstd, sizeof(zstd)) == 0)
		return KIND_ZSTD;
	if (n >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, skip, sizeof(skip)) == 0)
		return KIND_ZSTD;
	return KIND_PLAIN;
}

static int begin(struct inflate *f, struct err *err)
{
	int r = fill(f, err);

	if (r < 0)
		return r;
	f->kind = kind_of(f->in, f->n);
	if (f->kind == KIND_ZSTD) {
		f->zstd = ZSTD_createDStream();
		if (!f->zstd)
			return err_set(err, ENOMEM, "prepare zstd");
		ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	}
	return 0;
}

/* One step of igzip; several members may follow one another. */
static int64_t step_gzip(struct inflate *f, struct err *err)
{
	struct inflate_state *s = &f->gzip;

	if (!f->in_member) {
		isal_inflate_init(s);
		s->crc_flag = ISAL_GZIP;
		f->in_member = true;
	}
	s->next_in = f->in + f->at;
	s->avail_in = (uint32_t)(f->n - f->at);
	s->next_out = f->out;
	s->avail_out = OUT_SIZE;
	int r = isal_inflate(s);
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
		return damaged(err, r == ISAL_INCORRECT_CHECKSUM ? "wrong gzip checksum"
								 : "not valid gzip");
	f->at = f->n - s->avail_in;
	f->in_member = s->block_state != ISAL_BLOCK_FINISH;
	return OUT_SIZE - s->avail_out;
}

static int64_t step_zstd(struct inflate *f, struct err *err)
{
	ZSTD_inBuffer in = {f->in, f->n, f->at};
	ZSTD_outBuffer out = {f->out, OUT_SIZE, 0};
	size_t r = ZSTD_decompressStream(f->zstd, &out, &in);

	if (ZSTD_isError(r))
		return damaged(err, ZSTD_getErrorName(r));
	f->at = in.pos;
	f->in_member = r != 0;
	return (int64_t)out.pos;
}

/* Zeros may follow the last gzip member, as tapes pad them. */
static bool is_padding(const struct inflate *f)
{
	for (size_t i = f->at; i < f->n; i++)
		if (f->in[i])
			return false;
	return true;
}

static int64_t step(struct inflate *f, const void **ret, struct err *err)
{
	*ret = f->out;
	for (;;) {
		if (f->at == f->n && !f->at_end && fill(f, err) < 0)
			return -err->num;
		if (f->kind == KIND_PLAIN) {
			size_t n = f->n - f->at;
			*ret = f->in + f->at;
			f->at = f->n;
			return (int64_t)n;
		}
		bool is_dry = f->at == f->n && f->at_end;
		if (!f->in_member &&
		    (is_dry || (f->kind == KIND_GZIP && f->total_out && is_padding(f)))) {
			f->at = f->n;
			if (is_dry)
				return 0;
			continue;
		}
		int64_t n = f->kind == KIND_GZIP ? step_gzip(f, err) : step_zstd(f, err);
		if (n != 0)
			return n;
		if (is_dry && f->in_member)
			return damaged(err, "it ends too early");
	}
}

int64_t inflate_next(struct inflate *f, const void **ret, struct err *err)
{
	if (f->kind == KIND_UNKNOWN && begin(f, err) < 0)
		return -err->num;
	int64_t n = step(f, ret, err);
	if (n <= 0)
		return n;
	f->total_out += (uint64_t)n;
	if (f->total_out > size_max)
		return err_say(err, EFBIG, "the layer is larger than %llu GiB",
			       (unsigned long long)(size_max >> 30));
	if (f->total_out > ratio_free && f->total_out / RATIO_MAX > f->total_in)
		return err_say(err, EFBIG,
			       "the layer grows to more than %d times its size: refused",
			       RATIO_MAX);
	digest_add(&f->digest, *ret, (size_t)n);
	return n;
}

void inflate_digest(struct inflate *f, char *ret)
{
	digest_end(&f->digest, ret);
}

uint64_t inflate_size(const struct inflate *f)
{
	return f->total_out;
}
