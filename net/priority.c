/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>

#include "net/link.h"
#include "net/priority.h"
#include "runtime/base/auto.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- words ------------------------------------------------------------------------------------*/

static const struct {
	const char *word;
	uint32_t number;
} words[] = {
	{"bulk", TC_PRIO_BULK},
	{"filler", TC_PRIO_FILLER},
	{"normal", TC_PRIO_BESTEFFORT},
	{"besteffort", TC_PRIO_BESTEFFORT},
	{"interactive-bulk", TC_PRIO_INTERACTIVE_BULK},
	{"interactive", TC_PRIO_INTERACTIVE},
	{"control", TC_PRIO_CONTROL},
};

int priority_parse(const char *text, uint32_t *ret, struct err *err)
{
	uint64_t number;

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(text, words[i].word)) {
			*ret = words[i].number;
			return 0;
		}
	if (num_max(text, 10, PRIORITY_MAX, &number) == 0) {
		*ret = (uint32_t)number;
		return 0;
	}
	err_say(err, EINVAL,
		"--net-prio: expected bulk, normal, interactive or a number from 0 to %d, got "
		"\"%.60s\"",
		PRIORITY_MAX, text);
	err_hint(err,
		 "the numbers are the kernel's, TC_PRIO_*: bulk is 2, normal 0, interactive 6, "
		 "control 7");
	return -EINVAL;
}

/* ---- queues -----------------------------------------------------------------------------------*/

enum { BANDS = 3, BUCKET = 1, SORTER = 2 /* handles */, FLOWS = 128 };

/* Of pfifo_fast in the kernel: by the lower four bits of the priority. */
static const struct tc_prio_qopt bands = {
	.bands = BANDS,
	.priomap = {1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1},
};

bool priority_raises(uint32_t priority)
{
	return bands.priomap[priority & TC_PRIO_MAX] < bands.priomap[TC_PRIO_BESTEFFORT];
}

void priority_queues(struct nl *l, uint32_t index)
{
	struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = TC_H_MAKE((uint32_t)SORTER << 16, 0),
		.tcm_parent = TC_H_MAKE((uint32_t)BUCKET << 16, 1),
	};

	nl_begin(l, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	nl_why(l, "sort what waits at link %u", index);
	nl_text(l, TCA_KIND, "prio");
	nl_attr(l, TCA_OPTIONS, &bands, sizeof(bands));
	for (unsigned i = 1; i <= BANDS; i++) {
		head.tcm_handle = 0;
		head.tcm_parent = TC_H_MAKE((uint32_t)SORTER << 16, i);
		nl_begin(l, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
		nl_why(l, "make a fair queue at link %u", index);
		nl_text(l, TCA_KIND, "fq_codel");
		size_t options = nl_nest(l, TCA_OPTIONS, NULL, 0);
		nl_u32(l, TCA_FQ_CODEL_FLOWS, FLOWS);
		nl_end(l, options);
	}
}

/* ---- questions --------------------------------------------------------------------------------*/

/* Those that have classes of the administrator's own may sort by whatever he likes. */
static const char *const sorting[] = {"pfifo_fast", "prio", "mqprio", "taprio", "ets", "skbprio",
				      "htb",        "hfsc", "drr",    "qfq",    "cbq", "multiq"};

/* fq has bands since Linux 6.8, and says so in an attribute that older headers don't know. */
enum { FQ_PRIOMAP = 16 };

static bool is_sorting(const char *kind, const struct nlattr *options)
{
	const struct nlattr *attrs[FQ_PRIOMAP + 1];

	for (size_t i = 0; i < COUNT(sorting); i++)
		if (str_eq(kind, sorting[i]))
			return true;
	if (!str_eq(kind, "fq") || !options)
		return false;
	nl_attrs(nl_data(options), nl_size(options), attrs, FQ_PRIOMAP);
	return attrs[FQ_PRIOMAP] != NULL;
}

struct queues {
	int index;
	char first[QUEUE_NAME_MAX];
	bool sorts;
};

static int found_queue(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *attrs[TCA_OPTIONS + 1];
	struct queues *q = ctx;
	struct tcmsg head;

	(void)err;
	memcpy(&head, NLMSG_DATA(m), sizeof(head));
	nl_msg_attrs(m, sizeof(head), attrs, TCA_OPTIONS);
	if (head.tcm_ifindex != q->index || !attrs[TCA_KIND])
		return 0;
	const char *kind = nl_data(attrs[TCA_KIND]);
	if (head.tcm_parent == TC_H_ROOT)
		snprintf(q->first, sizeof(q->first), "%s", kind);
	q->sorts |= is_sorting(kind, attrs[TCA_OPTIONS]);
	return 0;
}

int priority_counts(int sock, uint32_t index, char ret_queue[QUEUE_NAME_MAX], struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct tcmsg head = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index};
	struct queues q = {.index = (int)index, .first = "none"};

	/* The kernel answers with all links' queues; one that several have below mq is theirs too. */
	nl_begin(&l, RTM_GETQDISC, NLM_F_DUMP, &head, sizeof(head));
	nl_why(&l, "look at the queues of link %u", index);
	int r = nl_ask(sock, &l, found_queue, &q, err);
	if (r < 0)
		return r;
	memcpy(ret_queue, q.first, QUEUE_NAME_MAX);
	return q.sorts;
}

/* A VLAN, a bond, a bridge has no queue: what is sent waits at the link below (the first one). */
static bool step_down(char name[IF_NAMESIZE])
{
	static const char lower[] = "lower_";
	auto_free char *path = mem_printf("/sys/class/net/%s", name);
	DIR *dir = opendir(path);
	bool found = false;

	for (struct dirent *d; dir && !found && (d = readdir(dir));)
		if (str_starts(d->d_name, lower) &&
		    strlen(d->d_name) < sizeof(lower) + IF_NAMESIZE - 1) {
			snprintf(name, IF_NAMESIZE, "%s", d->d_name + sizeof(lower) - 1);
			found = if_nametoindex(name) != 0;
		}
	if (dir)
		closedir(dir);
	return found;
}

const char *priority_warning(struct arena *mem)
{
	enum { DEPTH_MAX = 8 };
	char name[IF_NAMESIZE], queue[QUEUE_NAME_MAX];
	struct err ignored;
	auto_fd int sock = nl_open(NETLINK_ROUTE, &ignored);

	if (sock < 0)
		return NULL;
	if (link_of_default_route(sock, name, &ignored) < 0)
		return "--net-prio: the host has no default route of IPv4: which queue sorts by "
		       "priority where packets leave is not known";
	for (int i = 0; i < DEPTH_MAX; i++) {
		char below[IF_NAMESIZE];
		if (priority_counts(sock, if_nametoindex(name), queue, &ignored) != 0)
			return NULL;
		memcpy(below, name, sizeof(below));
		if (!str_eq(queue, "noqueue") || !step_down(below))
			break;
		memcpy(name, below, sizeof(name));
	}
	return arena_printf(mem,
			    "--net-prio does nothing on %s: its queue, %s, does not sort by "
			    "priority (tc qdisc replace dev %s root pfifo_fast; or prio)",
			    name, queue, name);
}
