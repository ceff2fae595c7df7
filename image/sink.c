/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/sink.h"
#include "runtime/base/fd.h"

struct sink sink_new(const struct oci_descriptor *d)
{
	struct sink s = {.d = d, .file = -1};

	digest_begin_like(&s.digest, d->digest);
	return s;
}

int sink_write(struct sink *s, const void *p, size_t n, struct err *err)
{
	int r;

	if (s->stop && *s->stop)
		return err_say(err, ECANCELED, "another layer failed");
	if (n > s->d->size - s->size)
		return err_say(err, EFBIG, "%s is longer than the %llu bytes it should have",
			       s->d->digest, (unsigned long long)s->d->size);
	if (s->file >= 0 && (r = fd_write_all(s->file, p, n)) < 0)
		return err_set(err, r, "write %s", s->d->digest);
	if (s->text)
		str_add_mem(s->text, p, n);
	if (s->to && (r = fd_write_all(s->to->feed, p, n)) < 0) {
		/* It has said why. */
		if (r == -EPIPE && unpacker_finish(s->to, NULL, NULL, err) < 0)
			return -err->num;
		return err_set(err, r, "feed ctr-unpack");
	}
	digest_add(&s->digest, p, n);
	s->size += n;
	if (s->done)
		*s->done = s->size;
	return 0;
}

int sink_check(struct sink *s, struct err *err)
{
	char found[DIGEST_TEXT_MAX];

	if (s->size != s->d->size)
		return err_say(err, EBADMSG, "%s has %llu bytes, not %llu", s->d->digest,
			       (unsigned long long)s->size, (unsigned long long)s->d->size);
	digest_end(&s->digest, found);
	if (!str_eq(found, s->d->digest))
		return err_say(err, EBADMSG, "expected %s, got bytes that are %s", s->d->digest,
			       found);
	return 0;
}
