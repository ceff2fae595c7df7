/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/load.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/config/decode.h"
#include "runtime/state.h"

int load_config(const struct container *c, struct arena *mem, struct config **ret, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(c->dir_fd, "config.json", JSON_SIZE_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s/config.json", c->dir);
	r = config_decode(text.p ? text.p : "", text.len, mem, ret, err);
	return r < 0 ? err_wrap(err, "%s/config.json", c->dir) : 0;
}

enum cg_manager load_manager(const struct container *c)
{
	if (c->state && str_eq(c->state->manager, "systemd"))
		return CG_SYSTEMD;
	return c->state && str_eq(c->state->manager, "disabled") ? CG_DISABLED : CG_FS;
}
