/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in the making: see builder.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/builder.h"
#include "cgroups/name.h"
#include "cgroups/path.h"

enum { VALUE_MAX = 4096 };

/* Lists in the arena grow by doubling: full at 0 and at each power of two from 8 on. */
static void *grow(struct arena *mem, void *list, size_t n, size_t size)
{
	if (n && (n < 8 || (n & (n - 1))))
		return list;
	void *bigger = arena_zalloc(mem, n ? 2 * n : 8, size);
	if (n)
		memcpy(bigger, list, n * size);
	return bigger;
}

void cg_refuse(struct cg_builder *b, const char *fmt, ...)
{
	char text[sizeof(b->err->msg)];
	va_list ap;

	if (b->r < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	b->r = err_say(b->err, EINVAL, "%s", text);
}

void cg_unsupported(struct cg_builder *b, const char *property, const char *why)
{
	if (b->r < 0)
		return;
	b->r = err_say(b->err, ENOTSUP, "%s cannot be enforced: %s", property, why);
	err_code(b->err, "cgroup-unsupported");
}

void cg_warn(struct cg_builder *b, const char *fmt, ...)
{
	struct cg_plan *plan = b->plan;
	char text[VALUE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	plan->warnings = grow(&plan->mem, plan->warnings, plan->n_warnings, sizeof(char *));
	plan->warnings[plan->n_warnings++] = arena_str(&plan->mem, text);
}

const struct host_cgroup *cg_mounted(const struct host *host, const char *controller)
{
	for (unsigned i = 0; host && i < host->n_cgroups; i++) {
		const char *list = host->cgroups[i].controllers;
		if (*controller ? cg_word_in(list, ',', controller) : !*list)
			return &host->cgroups[i];
	}
	return NULL;
}

int cg_planned(const struct cg_plan *plan, const char *controller)
{
	for (size_t i = 0; i < plan->n_groups; i++) {
		const char *list = plan->groups[i].controllers;
		if (*controller ? cg_word_in(list, ',', controller) : !*list)
			return (int)i;
	}
	return -1;
}

bool cg_is_on_v1(const struct cg_builder *b, const char *controller)
{
	return cg_mounted(b->host, controller) || cg_planned(b->plan, controller) >= 0;
}

int cg_add_group(struct cg_builder *b, const char *mountpoint, const char *path,
		 const char *controllers)
{
	struct cg_plan *plan = b->plan;

	plan->groups = grow(&plan->mem, plan->groups, plan->n_groups, sizeof(*plan->groups));
	plan->groups[plan->n_groups] =
		(struct cg_group){.mountpoint = arena_str(&plan->mem, mountpoint),
				  .path = path,
				  .controllers = arena_str(&plan->mem, controllers)};
	return (int)plan->n_groups++;
}

int cg_group_for(struct cg_builder *b, const char *controller)
{
	const struct host_cgroup *at = cg_mounted(b->host, controller);
	const char *path = NULL;
	int i = cg_planned(b->plan, controller);

	if (i >= 0 || !at || b->r < 0)
		return i;
	const struct cg_whereabouts where = {.id = b->id, .own = at->own, .is_v2 = !*controller};
	if (b->plan->manager == CG_SYSTEMD)
		path = b->path;
	else
		b->r = cg_path_fs(&b->plan->mem, b->path, &where, &path, b->err);
	return b->r < 0 ? -1 : cg_add_group(b, at->mountpoint, path, at->controllers);
}

/* The group whose file it is: on v1, or on v2 if that has the controller. */
static int group_of_file(struct cg_builder *b, const char *controller)
{
	struct cg_plan *plan = b->plan;
	int i = cg_group_for(b, controller);

	if (i >= 0)
		return i;
	if (b->host && !cg_word_in(b->host->v2_controllers, ' ', controller) &&
	    !str_eq(controller, "cgroup"))
		return -1;
	i = cg_planned(plan, "");
	if (i >= 0 && !cg_word_in(plan->enable, ' ', controller) && !str_eq(controller, "cgroup"))
		plan->enable = arena_printf(&plan->mem, "%s%s%s", plan->enable,
					    *plan->enable ? " " : "", controller);
	return i;
}

void cg_put(struct cg_builder *b, const char *property, const char *file, unsigned flags,
	    const char *fmt, ...)
{
	struct cg_plan *plan = b->plan;
	char value[VALUE_MAX], controller[64];
	va_list ap;

	if (b->r < 0)
		return;
	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(file, "."), file);
	int group = group_of_file(b, controller);
	if (b->r < 0)
		return;
	if (group < 0 && flags & CG_OPTIONAL) {
		cg_warn(b, "%s is not enforced: this host has no %s controller", property,
			controller);
		return;
	}
	if (group < 0) {
		cg_unsupported(b, property,
			       arena_printf(&plan->mem, "this host has no %s controller",
					    controller));
		err_hint(b->err, "go without this limit, or turn the controller on "
				 "(/proc/cgroups; cgroup_disable= on the kernel's command line)");
		return;
	}
	va_start(ap, fmt);
	int n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value)) {
		cg_refuse(b, "%s: the value is longer than %d bytes", property, VALUE_MAX);
		return;
	}
	plan->writes = grow(&plan->mem, plan->writes, plan->n_writes, sizeof(*plan->writes));
	plan->writes[plan->n_writes++] =
		(struct cg_write){.group = (unsigned)group,
				  .flags = flags,
				  .file = arena_str(&plan->mem, file),
				  .value = arena_str(&plan->mem, value),
				  .property = arena_str(&plan->mem, property)};
}
