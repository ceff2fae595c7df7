/* SPDX-License-Identifier: Apache-2.0 */
/* Names of kernel parameters to files of a procfs. Which of them a container may set is decided
 * when the config is validated. */
#pragma once

#include "runtime/base/err.h"

enum { SYSCTL_PATH_MAX = 256 };

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward" to "sys/net/ipv4/ip_forward", relative to a
 * procfs's root. The separator that comes first is the separator; the other one of the two is part
 * of a name, and stands for a dot (sysctl.d(5)): "net/ipv4/conf/eth0.1/arp_filter" and
 * "net.ipv4.conf.eth0/1.arp_filter" are the same. -EINVAL: no separator, an empty component, one
 * of dots alone; -ENAMETOOLONG. */
int sysctl_path(const char *key, char ret[SYSCTL_PATH_MAX], struct err *err);
