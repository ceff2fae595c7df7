/* SPDX-License-Identifier: Apache-2.0 */
/* network: those of CNI, which are shown beside ctr's own, and changed by nobody here. */
#pragma once

#include "cmd/command.h"
#include "runtime/base/json.h"

/* For `ls`: their cells (NAME, DRIVER, LINK, SUBNET, IPV6, MEMBERS), and their objects. None for who is
 * not root, as only root's containers can be in them. Returns how many. */
int network_cni_rows(const struct call *call, struct words *cells, struct json_out *o,
		     struct err *err);

/* One ("cni:NAME") with what describes it, and its members. */
int network_cni_inspect(const struct call *call, const char *network, struct json_out *o,
			struct err *err);

/* -EINVAL if one of the words is one of them, which `verb` can do nothing about. */
int network_cni_refuse(const struct call *call, const char *verb, struct err *err);
