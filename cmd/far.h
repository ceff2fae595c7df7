/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ctr-image, and what ctr has to know of them: it shows them in its help, and becomes
 * ctr-image for them. */
#pragma once

#include "cmd/command.h"

extern const struct command cmd_load;
#define FAR_LOAD                                                                                   \
	.name = "load", .usage = "[flags]", .about = "take images from an archive or a directory"

#define FAR_COMMANDS &cmd_load
/* clang-format off */
#define FAR_ROW(texts) {texts, .flags = CMD_ENGINE | CMD_FAR}
#define FAR_ROWS FAR_ROW(FAR_LOAD)
#define FAR_POINTERS &far[0]
/* clang-format on */
