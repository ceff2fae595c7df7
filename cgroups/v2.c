/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup v2: one hierarchy; a group has the controllers that its parents pass down. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

enum { CONTROLLERS_MAX = 256 };

/* Appends "+word" for each word of `wanted` that is not in `present`. */
static void add_missing(struct str *out, const char *wanted, const char *present)
{
	for (const char *at = wanted; *at;) {
		int n = (int)strcspn(at, " ");
		char word[64];
		snprintf(word, sizeof(word), "%.*s", n, at);
		if (n && !cg_word_in(present, ' ', word))
			str_addf(out, "%s+%s", out->len ? " " : "", word);
		at += n + (at[n] == ' ');
	}
}

static int missing(const struct cg_plan *plan, const char *dir, const char *file, struct str *out)
{
	char present[CONTROLLERS_MAX];
	int r = cg_file_read(dir, file, present, sizeof(present));

	out->len = 0;
	if (r < 0)
		return r;
	add_missing(out, plan->enable, present);
	add_missing(out, plan->try_enable, present);
	return 0;
}

/* Passes down what dir does not yet. All at once, or, when one of them is refused, one by one. The
 * last refusal, or 0. */
static int pass_down(const struct cg_plan *plan, const char *dir)
{
	auto_(str) struct str words = {0};
	int r = missing(plan, dir, "cgroup.subtree_control", &words);

	if (r < 0 || !words.len)
		return r;
	r = cg_file_write(dir, "cgroup.subtree_control", words.p);
	if (r == 0)
		return 0;
	for (char *rest = words.p, *word; (word = strsep(&rest, " "));) {
		int one = cg_file_write(dir, "cgroup.subtree_control", word);
		r = one < 0 ? one : r;
	}
	return r;
}

/* The parents of the group from the mount point down. The last refusal, or 0. */
static int pass_down_all(const struct cg_plan *plan, const struct cg_group *g, const char *dir)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t n = strlen(g->mountpoint); dir[n]; n += 1 + strcspn(dir + n + 1, "/")) {
		snprintf(path, sizeof(path), "%.*s", (int)n, dir);
		int one = pass_down(plan, path);
		r = one < 0 ? one : r;
	}
	return r;
}

static int refuse(const struct cg_plan *plan, const char *dir, const char *word, int num,
		  struct err *err)
{
	const char *property = "the container";

	for (size_t i = 0; i < plan->n_writes; i++)
		if (strncmp(plan->writes[i].file, word, strlen(word)) == 0) {
			property = plan->writes[i].property;
			break;
		}
	err_set(err, num ? num : ENOTSUP, "%s: turn on the %s controller for %s", property, word,
		dir);
	if (num == -EBUSY)
		err_hint(err, "a parent group has processes of its own: choose another "
			      "linux.cgroupsPath (--cgroup-parent)");
	else
		err_hint(err,
			 "the group's parents must have it in cgroup.subtree_control; for a user "
			 "systemd hands it over with Delegate=yes");
	return -err->num;
}

/* Usually the parents pass everything down already: one file says so. */
static int prepare(const struct cg_plan *plan, const struct cg_group *g, const char *dir,
		   struct err *err)
{
	auto_(str) struct str words = {0};
	char present[CONTROLLERS_MAX];

	if (!*plan->enable && !*plan->try_enable)
		return 0;
	int r = missing(plan, dir, "cgroup.controllers", &words);
	if (r < 0)
		return err_set(err, r, "read %s/cgroup.controllers", dir);
	if (!words.len)
		return 0;
	int why = pass_down_all(plan, g, dir);
	r = cg_file_read(dir, "cgroup.controllers", present, sizeof(present));
	if (r < 0)
		return err_set(err, r, "read %s/cgroup.controllers", dir);
	words.len = 0;
	add_missing(&words, plan->enable, present);
	if (!words.len)
		return 0;
	words.p[strcspn(words.p, " ")] = '\0';
	return refuse(plan, dir, words.p + 1, why, err);
}

static int open_v2(const char *dir, struct cg_handles *h, struct err *err)
{
	h->v2 = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return h->v2 < 0 ? err_set(err, errno, "open %s", dir) : 0;
}

static int check_idle(const char *dir, struct err *err)
{
	char text[256];
	uint64_t n = 0;
	int r = cg_file_read(dir, "cgroup.events", text, sizeof(text));

	if (r < 0)
		return err_set(err, r, "read %s/cgroup.events", dir);
	if (cg_text_key(text, "populated", &n) == 0 && n)
		return err_say(err, EBUSY, "container's cgroup is not empty: %s", dir);
	if (cg_text_key(text, "frozen", &n) == 0 && n)
		return err_say(err, EBUSY, "container's cgroup unexpectedly frozen: %s", dir);
	return 0;
}

const struct cg_backend cg_v2 = {.prepare = prepare, .open = open_v2, .check_idle = check_idle};
