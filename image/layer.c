/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "image/layer.h"
#include "runtime/base/fd.h"

enum { OUT_BYTES = 64 << 10, GZIP_WINDOW = 15 + 16 }; /* + 16: gzip, without a name and a time */

static const char file_name[] = "layer";

struct layer_stream {
	z_stream z;
	unsigned char out[OUT_BYTES];
};

static int deflate_some(struct layer *l, int flush, struct err *err)
{
	z_stream *z = &l->stream->z;
	int r;

	do {
		z->next_out = l->stream->out;
		z->avail_out = OUT_BYTES;
		r = deflate(z, flush);
		size_t n = OUT_BYTES - z->avail_out;
		if (r == Z_STREAM_ERROR)
			return err_say(err, EIO, "the layer could not be compressed");
		digest_add(&l->packed, l->stream->out, n);
		l->size += n;
		int w = fd_write_all(l->file, l->stream->out, n);
		if (w < 0)
			return err_set(err, w, "write the layer");
	} while (z->avail_out == 0 || (flush == Z_FINISH && r != Z_STREAM_END));
	return 0;
}

static int put(struct tarball *t, const void *p, size_t n, struct err *err)
{
	struct layer *l = (struct layer *)(void *)t; /* its first member */

	digest_add(&l->plain, p, n);
	l->stream->z.next_in = p;
	l->stream->z.avail_in = (uInt)n;
	return deflate_some(l, Z_NO_FLUSH, err);
}

int layer_begin(const struct stage *g, struct layer *ret, struct err *err)
{
	*ret = (struct layer){.tar = {put, -1}, .stage = g, .file = -1};
	ret->stream = mem_zalloc(1, sizeof(*ret->stream));
	digest_begin(&ret->plain, DIGEST_SHA256);
	digest_begin(&ret->packed, DIGEST_SHA256);
	ret->file = openat(g->fd, file_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (ret->file < 0)
		return err_set(err, errno, "make a file for the layer");
	if (deflateInit2(&ret->stream->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
			 MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(err, ENOMEM, "prepare to compress");
	return 0;
}

int layer_finish(struct layer *l, struct arena *mem, struct layer_made *ret, struct err *err)
{
	char digest[DIGEST_TEXT_MAX], diff_id[DIGEST_TEXT_MAX];

	l->stream->z.avail_in = 0;
	int r = deflate_some(l, Z_FINISH, err);
	if (r < 0)
		return r;
	if (fsync(l->file) < 0)
		return err_set(err, errno, "write the layer");
	digest_end(&l->packed, digest);
	digest_end(&l->plain, diff_id);
	if ((r = stage_commit(l->stage, file_name, store_blob_path(digest, mem), err)) < 0)
		return r;
	*ret = (struct layer_made){
		.d = {.media_type = MEDIA_LAYER "+gzip",
		      .digest = arena_str(mem, digest),
		      .size = l->size,
		      .has_size = true},
		.diff_id = arena_str(mem, diff_id),
	};
	return 0;
}

void layer_clear(struct layer *l)
{
	if (l->stream)
		deflateEnd(&l->stream->z);
	free(l->stream);
	auto_close_fd(&l->file);
	*l = (struct layer){.file = -1};
}
