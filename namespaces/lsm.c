/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "namespaces/lsm.h"
#include "runtime/base/str.h"

static bool is_set(const char *s)
{
	return s && *s;
}

static int refuse(struct err *err, const char *property, const char *label, const char *module)
{
	err_say(err, ENOTSUP, "%s: \"%s\" cannot be applied: %s is not enabled on this host",
		property, label, module);
	err_hint(err, "remove the property to run without that protection");
	err_code(err, "lsm-missing");
	return -ENOTSUP;
}

/* The text is one word to the kernel; a line end would make it another one. */
static int check_text(const char *property, const char *label, struct err *err)
{
	for (const char *p = label; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_say(err, EINVAL, "%s: has a control character", property);
	return 0;
}

int lsm_exec_label(const struct config_process *process, const struct host *host, struct arena *mem,
		   struct lsm_label *ret, struct err *err)
{
	const char *profile = process->apparmor_profile, *selinux = process->selinux_label;
	bool wants_apparmor = is_set(profile) && !str_eq(profile, "unconfined");
	int r = 0;

	/* On a host with AppArmor "unconfined" has to be said: ctr's own profile would be inherited. */
	if (is_set(profile) && host->has_apparmor)
		wants_apparmor = true;
	if (wants_apparmor && is_set(selinux))
		return err_say(err, EINVAL,
			       "process: apparmorProfile and selinuxLabel exclude one another");
	if (wants_apparmor && !host->has_apparmor)
		return refuse(err, "process.apparmorProfile", profile, "AppArmor");
	if (is_set(selinux) && !host->has_selinux)
		return refuse(err, "process.selinuxLabel", selinux, "SELinux");
	if (wants_apparmor)
		r = check_text("process.apparmorProfile", profile, err);
	else if (is_set(selinux))
		r = check_text("process.selinuxLabel", selinux, err);
	if (r < 0)
		return r;
	*ret = (struct lsm_label){0};
	if (wants_apparmor)
		*ret = (struct lsm_label){"self/attr/apparmor/exec", "self/attr/exec",
					  arena_printf(mem, "exec %s", profile)};
	else if (is_set(selinux))
		*ret = (struct lsm_label){"self/attr/exec", NULL, selinux};
	return 0;
}

int lsm_mount_label(const struct config_linux *l, const struct host *host, const char **ret,
		    struct err *err)
{
	*ret = NULL;
	if (!is_set(l->mount_label))
		return 0;
	if (!host->has_selinux)
		return refuse(err, "linux.mountLabel", l->mount_label, "SELinux");
	*ret = l->mount_label;
	return check_text("linux.mountLabel", l->mount_label, err);
}
