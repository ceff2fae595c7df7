/* SPDX-License-Identifier: Apache-2.0 */
/* ctr-unpack: the one program that reads layers. It knows neither names nor credentials, only a
 * stream and a directory, and has shut itself in before it looks at the first byte.
 *
 *	ctr-unpack DIR ALGORITHM IDS KIND
 *
 * The layer comes on descriptor 0; descriptor 3 is a seqpacket socket to the parent, which is asked
 * for id maps ("map" -> "ok") and told the end: "done DIGEST SIZE OPAQUE" or "fail ERRNO MESSAGE".
 * DIR gets `tree` or, of a layer that hides all below it, `opaque`; `implied` lists directories
 * without an entry of their own. IDS: "all" to keep owners, "one" when there is only one id. KIND: "layer", or
 * "plain" for a tar in which no name is a sign. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/unpack/jail.h"
#include "image/unpack/tar.h"
#include "runtime/base/fd.h"

enum { CHAN = 3, WORDS = 5 };

static int write_implied(const struct tree *t, struct err *err)
{
	auto_(str) struct str text = {0};

	for (size_t i = 0; i < t->implied.n; i++)
		str_add_mem(&text, t->implied.v[i], strlen(t->implied.v[i]) + 1);
	int r = fd_replace(AT_FDCWD, "implied", text.len ? text.p : "", text.len, 0600);
	return r < 0 ? err_set(err, r, "write the list of directories") : 0;
}

static int unpack(struct inflate *in, struct tree *t, struct err *err)
{
	if (mkdir("tree", 0755) < 0)
		return err_set(err, errno, "make the layer's root");
	t->root = open("tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->root < 0)
		return err_set(err, errno, "open the layer's root");
	int r = tar_unpack(in, t, err);
	if (r < 0 || (r = write_implied(t, err)) < 0)
		return r;
	return t->is_opaque && rename("tree", "opaque") < 0 ? err_set(err, errno, "mark the layer")
							    : 0;
}

static void report(const char *text)
{
	ssize_t n = send(CHAN, text, strlen(text), MSG_NOSIGNAL);

	(void)n;
}

static int fail(const struct err *err)
{
	auto_(str) struct str text = {0};
	char message[600];

	str_addf(&text, "fail %d %s", err->num, err_text(err, message, sizeof(message)));
	report(text.p);
	return 1;
}

int main(int argc, char **argv)
{
	auto_(tree) struct tree tree = TREE_NONE;
	auto_(str) struct str text = {0};
	struct err err = {0};

	if (argc != WORDS || fcntl(CHAN, F_GETFD) < 0) {
		static const char usage[] = "ctr-unpack is started by ctr-image\n";
		fd_write_all(STDERR_FILENO, usage, sizeof(usage) - 1);
		return 2;
	}
	/* Names are bytes; libarchive would rather have characters. */
	setlocale(LC_CTYPE, "C.UTF-8");
	umask(0);
	if (jail_enter(argv[1], CHAN, &err) < 0)
		return fail(&err);
	tree.keeps_ids = str_eq(argv[3], "all");
	tree.is_plain = str_eq(argv[4], "plain");
	struct inflate *in = inflate_new(STDIN_FILENO,
					 str_eq(argv[2], "sha512") ? DIGEST_SHA512 : DIGEST_SHA256);
	int r = unpack(in, &tree, &err);
	if (r == 0) {
		char digest[DIGEST_TEXT_MAX];
		inflate_digest(in, digest);
		str_addf(&text, "done %s %llu", digest, (unsigned long long)inflate_size(in));
		report(text.p);
	}
	inflate_free(in);
	return r < 0 ? fail(&err) : 0;
}
