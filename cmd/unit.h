/* SPDX-License-Identifier: Apache-2.0 */
/* What the systemd units of generate and quadlet have in common. */
#pragma once

/* SIGHUP, SIGINT, SIGPIPE and SIGTERM are an orderly end to systemd (systemd.service(5),
 * SuccessExitStatus=); here they arrive as the exit codes that ctr run makes of them. */
#define UNIT_SERVICE "Type=exec\nKillMode=mixed\nSuccessExitStatus=129 130 141 143\n"

/* Seconds that ctr stop has beside the container's own before systemd takes over. */
enum { UNIT_STOP_MORE = 10 };
