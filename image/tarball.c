/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/tarball.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"

enum { BLOCK = 512, COPY_SIZE = 256 << 10, SIZE_DIGITS = 11 };

/* POSIX ustar, field by field. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

static int put(int to, const void *p, size_t n, struct err *err)
{
	int r = fd_write_all(to, p, n);

	return r < 0 ? err_set(err, r, "write the archive") : 0;
}

static int put_header(int to, const char *name, char type, uint64_t size, struct err *err)
{
	struct header h = {.type = type, .magic = "ustar", .version = {'0', '0'}};
	const unsigned char *bytes = (const unsigned char *)&h;
	unsigned sum = 0;

	_Static_assert(sizeof(h) == BLOCK, "a header is one block");
	if (strlen(name) >= sizeof(h.name) || size >> (3 * SIZE_DIGITS))
		return err_say(err, EFBIG, "%s is too large for an archive", name);
	memcpy(h.name, name, strlen(name));
	snprintf(h.mode, sizeof(h.mode), "%07o", type == '5' ? 0755 : 0644);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%0*llo", SIZE_DIGITS, (unsigned long long)size);
	snprintf(h.mtime, sizeof(h.mtime), "%0*o", SIZE_DIGITS, 0);
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += bytes[i];
	snprintf(h.checksum, sizeof(h.checksum), "%06o", sum & 0777777);
	return put(to, &h, sizeof(h), err);
}

static int pad(int to, uint64_t n, struct err *err)
{
	static const char zeros[BLOCK];

	return n % BLOCK ? put(to, zeros, BLOCK - n % BLOCK, err) : 0;
}

int tarball_dir(int to, const char *name, struct err *err)
{
	return put_header(to, name, '5', 0, err);
}

int tarball_text(int to, const char *name, const void *p, uint64_t n, struct err *err)
{
	int r = put_header(to, name, '0', n, err);

	return r < 0 || (r = put(to, p, n, err)) < 0 ? r : pad(to, n, err);
}

int tarball_file(int to, const char *name, int from, uint64_t n, struct err *err)
{
	auto_free char *buf = mem_zalloc(1, COPY_SIZE);
	int r = put_header(to, name, '0', n, err);

	for (uint64_t left = n; r == 0 && left;) {
		ssize_t got = read(from, buf, left < COPY_SIZE ? left : COPY_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, got < 0 ? errno : ENODATA, "read %s", name);
		r = put(to, buf, (size_t)got, err);
		left -= (uint64_t)got;
	}
	return r < 0 ? r : pad(to, n, err);
}

int tarball_end(int to, struct err *err)
{
	static const char zeros[2 * BLOCK];

	return put(to, zeros, sizeof(zeros), err);
}
