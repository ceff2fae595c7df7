/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/link.h"
#include "net/priority.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

TEST(priority_is_a_word_or_the_kernels_number)
{
	static const struct {
		const char *text;
		uint32_t number;
		bool raises;
	} rows[] = {
		{"bulk", 2, false},       {"filler", 1, false},     {"normal", 0, false},
		{"besteffort", 0, false}, {"interactive", 6, true}, {"interactive-bulk", 4, false},
		{"control", 7, true},     {"0", 0, false},          {"7", 7, true},
		{"5", 5, false},
	};
	static const char *const wrong[] = {
		"", "8", "-1", "6x", "Bulk", "0x6", "18446744073709551616"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = {0};
		uint32_t number = 99;
		CHECK_INT(priority_parse(rows[i].text, &number, &err), 0);
		CHECK_INT(number, rows[i].number);
		CHECK_INT(priority_raises(number), rows[i].raises);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct err err = {0};
		uint32_t number = 99;
		CHECK_INT(priority_parse(wrong[i], &number, &err), -EINVAL);
		CHECK_INT(number, 99);
	}
}

/* The n-th message, or NULL. */
static const struct nlmsghdr *message(const struct nl *l, unsigned n)
{
	size_t at = 0;

	for (; at < l->s.len; n--) {
		const struct nlmsghdr *m = (const void *)(l->s.p + at);
		if (n == 0)
			return m;
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
	return NULL;
}

TEST(queues_that_sort_are_below_the_bucket)
{
	static const struct {
		const char *kind;
		uint32_t parent;
	} rows[] = {
		{"tbf", TC_H_ROOT},    {"prio", 0x10001},     {"fq_codel", 0x20001},
		{"fq_codel", 0x20002}, {"fq_codel", 0x20003},
	};
	auto_(nl) struct nl l = {0};

	link_rate(&l, 7, 1000000, 1500);
	priority_queues(&l, 7);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct nlattr *attrs[TCA_OPTIONS + 1];
		const struct nlmsghdr *m = message(&l, i);
		struct tcmsg head;
		MUST(m != NULL);
		memcpy(&head, NLMSG_DATA(m), sizeof(head));
		nl_msg_attrs(m, sizeof(head), attrs, TCA_OPTIONS);
		CHECK_INT(m->nlmsg_type, RTM_NEWQDISC);
		CHECK_INT(head.tcm_ifindex, 7);
		CHECK_INT(head.tcm_parent, rows[i].parent);
		CHECK_STR(nl_data(attrs[TCA_KIND]), rows[i].kind);
		if (i == 0)
			CHECK_INT(head.tcm_handle, 0x10000);
		if (i == 1) {
			struct tc_prio_qopt bands;
			CHECK_INT(head.tcm_handle, 0x20000);
			MUST(nl_size(attrs[TCA_OPTIONS]) == sizeof(bands));
			memcpy(&bands, nl_data(attrs[TCA_OPTIONS]), sizeof(bands));
			CHECK_INT(bands.bands, 3);
			CHECK_INT(bands.priomap[TC_PRIO_INTERACTIVE], 0);
			CHECK_INT(bands.priomap[TC_PRIO_BESTEFFORT], 1);
			CHECK_INT(bands.priomap[TC_PRIO_BULK], 2);
		}
	}
	CHECK(message(&l, 5) == NULL);
}

/* The kind of the n-th action of a detour, or "". */
static const char *action(const struct nl *l, unsigned n)
{
	const struct nlattr *attrs[TCA_OPTIONS + 1], *u32[TCA_U32_ACT + 1], *list[3],
		*one[TCA_ACT_OPTIONS + 1];

	nl_msg_attrs(message(l, 0), sizeof(struct tcmsg), attrs, TCA_OPTIONS);
	nl_attrs(nl_data(attrs[TCA_OPTIONS]), nl_size(attrs[TCA_OPTIONS]), u32, TCA_U32_ACT);
	nl_attrs(nl_data(u32[TCA_U32_ACT]), nl_size(u32[TCA_U32_ACT]), list, 2);
	if (!list[n])
		return "";
	nl_attrs(nl_data(list[n]), nl_size(list[n]), one, TCA_ACT_OPTIONS);
	return nl_data(one[TCA_ACT_KIND]);
}

TEST(detour_gives_a_priority_on_the_way)
{
	auto_(nl) struct nl plain = {0}, sorted = {0};

	link_detour(&plain, 7, &(struct link_detour){.through = 8});
	CHECK_STR(action(&plain, 1), "mirred");
	CHECK_STR(action(&plain, 2), "");
	link_detour(&sorted, 7, &(struct link_detour){.through = 8, .has_priority = true});
	CHECK_STR(action(&sorted, 1), "skbedit");
	CHECK_STR(action(&sorted, 2), "mirred");
}
