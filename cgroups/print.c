/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text: one line for each fact, in the order in which it will be made. */
#include <inttypes.h>

#include "cgroups/cgroup.h"
#include "cgroups/devices.h"

static const char *const manager_words[] = {"fs", "systemd", "disabled"};
static const char *const layout_words[] = {"none", "v2", "v1", "hybrid"};
static const char *const devices_words[] = {"left", "bpf", "v1"};
static const struct {
	unsigned flag;
	const char *word;
} flag_words[] = {
	{CG_OPTIONAL, "optional"}, {CG_ELSE, "else-next"},  {CG_SWAP, "swap"},
	{CG_KEEP, "keep-first"},   {CG_REQUIRE, "require"},
};

static void print_write(struct str *out, const struct cg_plan *plan, const struct cg_write *w)
{
	str_addf(out, "cgroup write %s %s = %s", plan->names[w->group], w->file, w->value);
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(*flag_words); i++)
		if (w->flags & flag_words[i].flag)
			str_addf(out, " [%s]", flag_words[i].word);
	str_addf(out, "  # %s\n", w->property);
}

static void print_property(struct str *out, const struct cg_property *p)
{
	str_addf(out, "cgroup property %s %s ", p->name, p->type);
	for (const char *at = p->value; *at; at++)
		str_add_char(out, *at == '\n' ? ' ' : *at); /* between the strings of a list */
	str_add_char(out, '\n');
}

static void print_devices(struct str *out, const struct cg_plan *plan)
{
	str_addf(out, "cgroup devices %s\n", devices_words[plan->devices_by]);
	for (size_t i = 0; i < plan->n_devices; i++) {
		char text[CG_DEVICE_TEXT];
		cg_device_text(&plan->devices[i], text);
		str_addf(out, "cgroup device %s %s\n", plan->devices[i].allow ? "allow" : "deny",
			 text);
	}
}

void cg_print(struct str *out, const struct cg_plan *plan)
{
	str_addf(out, "cgroup manager %s %s%s\n", manager_words[plan->manager],
		 layout_words[plan->layout], plan->is_optional ? " optional" : "");
	if (plan->manager == CG_DISABLED)
		return;
	for (size_t i = 0; i < plan->n_names; i++)
		str_addf(out, "cgroup name %s\n", plan->names[i]);
	if (*plan->enable || *plan->try_enable)
		str_addf(out, "cgroup enable %s [%s]\n", plan->enable, plan->try_enable);
	for (size_t i = 0; i < plan->n_properties; i++)
		print_property(out, &plan->properties[i]);
	for (size_t i = 0; i < plan->n_writes; i++)
		print_write(out, plan, &plan->writes[i]);
	print_devices(out, plan);
	if (plan->owner >= 0)
		str_addf(out, "cgroup owner %" PRId64 "\n", plan->owner);
	for (size_t i = 0; i < plan->n_warnings; i++)
		str_addf(out, "cgroup warning %s\n", plan->warnings[i]);
}
