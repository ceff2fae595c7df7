/* SPDX-License-Identifier: Apache-2.0 */
/* op_check: what ctr-init takes for a list of operations. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/oplist.h"
#include "tests/lib/test.h"

/* Two operations, strings and an exec: offsets 24, 72 and 120 are ops 0 to 2, data is at 168. */
static struct op_image *make(size_t *size)
{
	struct oplist l;
	struct str image = {0};
	struct err err;

	oplist_init(&l);
	oplist_add(&l, OP_HOSTNAME)->str = oplist_str(&l, "name");
	struct op *op = oplist_add(&l, OP_WRITE);
	op->fd = SLOT_CHAN;
	op->data = oplist_blob(&l, "content", 7);
	op->size = 7;
	uint32_t room = oplist_room(&l, 4 * sizeof(char *));
	uint32_t data = oplist_blob(&l, "/bin/true", 10);
	op = oplist_add(&l, OP_EXEC);
	op->a = 1;
	op->str = room;
	op->data = data;
	op->size = 10;
	CHECK_INT(oplist_pack(&l, 3, &image, &err), 0);
	oplist_clear(&l);
	*size = image.len;
	return (struct op_image *)(void *)image.p;
}

TEST(op_check_takes_what_pack_makes)
{
	size_t size;
	auto_free struct op_image *im = make(&size);

	CHECK_INT(op_check(im, size), 0);
	CHECK_STR(op_str(im, op_list(im)[0].str), "name");
	CHECK(memcmp((char *)im + op_list(im)[1].data, "content", 7) == 0);
	CHECK_INT(op_list(im)[2].str % sizeof(char *), 0);
}

TEST(op_check_wants_the_whole_image)
{
	size_t size;
	auto_free struct op_image *im = make(&size);

	for (size_t n = 0; n < size; n++) {
		auto_free struct op_image *cut = mem_zalloc(n + 1, 1);
		memcpy(cut, im, n);
		CHECK_INT(op_check(cut, n), -1); /* the size that it says is not the one it has */
		if (n >= sizeof(*im)) {
			cut->size = (uint32_t)n;
			CHECK(op_check(cut, n) != 0 || ((char *)cut)[n - 1] == 0);
		}
	}
}

TEST(op_check_refuses_bad_headers)
{
	size_t size;
	auto_free struct op_image *im = make(&size);
	const struct op_image good = *im;

#define BAD_HEADER(field, value)                                                                   \
	do {                                                                                       \
		im->field = (value);                                                               \
		CHECK_INT(op_check(im, size), -1);                                                 \
		*im = good;                                                                        \
	} while (0)
	BAD_HEADER(magic, 0);
	BAD_HEADER(size, good.size + 1);
	BAD_HEADER(n_ops, UINT32_MAX);
	BAD_HEADER(n_ops, 8); /* into the data and beyond */
	BAD_HEADER(first_fd, 2);
	BAD_HEADER(first_fd, 1U << 21);
	BAD_HEADER(n_fds, OP_SLOTS + 1);
	BAD_HEADER(n_fds, 1);
	((char *)im)[size - 1] = 'x';
	CHECK_INT(op_check(im, size), -1);
}

TEST(op_check_says_which_operation_is_bad)
{
	size_t size;
	auto_free struct op_image *im = make(&size);

#define BAD_OP(i, field, value)                                                                    \
	do {                                                                                       \
		const struct op good = op_list(im)[i];                                             \
		op_list(im)[i].field = (value);                                                    \
		CHECK_INT(op_check(im, size), 1 + (i));                                            \
		op_list(im)[i] = good;                                                             \
		CHECK_INT(op_check(im, size), 0);                                                  \
	} while (0)
	BAD_OP(0, kind, OP_KINDS);
	BAD_OP(1, kind, 255);
	BAD_OP(1, zero, 1);
	BAD_OP(0, fd, -3);
	BAD_OP(0, fd, OP_SLOTS);
	BAD_OP(0, fd2, INT16_MIN);
	BAD_OP(2, ret, INT16_MAX);
	BAD_OP(0, str, 8); /* in the header */
	BAD_OP(0, str, (uint32_t)size);
	BAD_OP(1, data, 24); /* in the operations */
	BAD_OP(1, data, (uint32_t)size - 6);
	BAD_OP(1, size, UINT32_MAX);
	BAD_OP(2, a, UINT64_MAX); /* more pointers than there is room */
	BAD_OP(2, b, UINT64_MAX - 1);
	BAD_OP(2, a, size);
	BAD_OP(2, str, 0);
	BAD_OP(2, str, op_list(im)[2].str + 1);
}
