/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's plain functions: the newer interface would bring all of its library into a static
 * program. They are deprecated, not slower. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <string.h>

#include "image/digest.h"
#include "runtime/base/str.h"

static const struct {
	const char *name; /* with the colon */
	size_t bytes;
} kinds[] = {
	[DIGEST_SHA256] = {"sha256:", SHA256_DIGEST_LENGTH},
	[DIGEST_SHA512] = {"sha512:", SHA512_DIGEST_LENGTH},
};

static int kind_of(const char *text)
{
	for (int i = 0; i <= DIGEST_SHA512; i++)
		if (str_starts(text, kinds[i].name))
			return i;
	return -1;
}

bool digest_ok(const char *text)
{
	int kind = text ? kind_of(text) : -1;

	if (kind < 0)
		return false;
	const char *hex = text + strlen(kinds[kind].name);
	size_t n = strspn(hex, "0123456789abcdef");
	return n == 2 * kinds[kind].bytes && !hex[n];
}

int digest_check(const char *text, const char *what, struct err *err)
{
	if (digest_ok(text))
		return 0;
	return err_say(err, EINVAL,
		       "%s: \"%.80s\" is no digest (sha256: or sha512: and their digits)", what,
		       text ? text : "");
}

const char *digest_hex(const char *digest)
{
	return strchr(digest, ':') + 1;
}

const char *digest_algorithm(const char *digest)
{
	return kind_of(digest) == DIGEST_SHA512 ? "sha512" : "sha256";
}

void digest_begin(struct digest *d, enum digest_kind kind)
{
	d->kind = kind;
	if (kind == DIGEST_SHA512)
		SHA512_Init(&d->u.sha512);
	else
		SHA256_Init(&d->u.sha256);
}

void digest_begin_like(struct digest *d, const char *like)
{
	digest_begin(d, (enum digest_kind)kind_of(like));
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	if (d->kind == DIGEST_SHA512)
		SHA512_Update(&d->u.sha512, p, n);
	else
		SHA256_Update(&d->u.sha256, p, n);
}

void digest_end(struct digest *d, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[DIGEST_BYTES_MAX];

	if (d->kind == DIGEST_SHA512)
		SHA512_Final(sum, &d->u.sha512);
	else
		SHA256_Final(sum, &d->u.sha256);
	size_t at = strlen(kinds[d->kind].name);
	memcpy(ret, kinds[d->kind].name, at);
	for (size_t i = 0; i < kinds[d->kind].bytes; i++) {
		ret[at++] = digits[sum[i] >> 4];
		ret[at++] = digits[sum[i] & 15];
	}
	ret[at] = 0;
}

void digest_of(const void *p, size_t n, char *ret)
{
	struct digest d;

	digest_begin(&d, DIGEST_SHA256);
	digest_add(&d, p, n);
	digest_end(&d, ret);
}

int digest_verify(const char *digest, const void *p, size_t n, const char *what, struct err *err)
{
	char found[DIGEST_TEXT_MAX];
	struct digest d;
	int r = digest_check(digest, what, err);

	if (r < 0)
		return r;
	digest_begin_like(&d, digest);
	digest_add(&d, p, n);
	digest_end(&d, found);
	if (str_eq(found, digest))
		return 0;
	return err_say(err, EBADMSG, "%s: expected %s, its bytes are %s", what, digest, found);
}

const char *digest_chain(const char *below, const char *diff_id, struct arena *mem)
{
	char text[DIGEST_TEXT_MAX];

	if (!below)
		return diff_id;
	const char *both = arena_printf(mem, "%s %s", below, diff_id);
	digest_of(both, strlen(both), text);
	return arena_str(mem, text);
}
