/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of ctr-image, and what ctr has to know of them: it shows them in its help, and becomes
 * ctr-image for them. */
#pragma once

#include "cmd/command.h"

extern const struct command cmd_load, cmd_pull, cmd_push, cmd_unpack, cmd_login, cmd_logout;
extern const struct command cmd_save, cmd_cp;
extern const struct command cmd_diff, cmd_commit, cmd_export, cmd_import, cmd_system, cmd_container;

/* clang-format off */
#define FAR_LOAD .name = "load", .usage = "[flags]", .about = "take images from an archive or a directory"
#define FAR_PULL .name = "pull", .usage = "[flags] NAME...", .about = "fetch images from registries"
#define FAR_PUSH .name = "push", .usage = "[flags] IMAGE [NAME]", .about = "send an image to a registry"
#define FAR_LOGIN .name = "login", .usage = "[flags] HOST", .about = "keep the password for a registry"
#define FAR_LOGOUT .name = "logout", .usage = "[flags] HOST", .about = "forget the password for a registry"
#define FAR_SAVE .name = "save", .usage = "[flags] IMAGE...", .about = "put images into an archive"
#define FAR_CP .name = "cp", .usage = "[flags] SOURCE|- DESTINATION|-", .about = "copy files between containers (ID:PATH) and here"
#define FAR_DIFF .name = "diff", .usage = "[flags] ID", .about = "show what a container has changed of its image"
#define FAR_COMMIT .name = "commit", .usage = "[flags] ID [NAME]", .about = "make an image of a container"
#define FAR_EXPORT .name = "export", .usage = "[flags] ID", .about = "write a container's files as a tar"
#define FAR_IMPORT .name = "import", .usage = "[flags] FILE|- [NAME]", .about = "make an image of a tar"
#define FAR_CONTAINER .name = "container", .usage = "prune [flags] | VERB ...", .about = "remove those that do not run; docker's longer names"
#define FAR_SYSTEM .name = "system", .usage = "df | prune | check | info [flags]", .about = "what it all takes, what is left over, whether it is sound"

#define FAR_COMMANDS &cmd_load, &cmd_pull, &cmd_push, &cmd_login, &cmd_logout, &cmd_save, &cmd_cp, \
	&cmd_diff, &cmd_commit, &cmd_export, &cmd_import, &cmd_system, &cmd_container, &cmd_unpack
#define FAR_ROW(...) {__VA_ARGS__, .flags = CMD_ENGINE | CMD_FAR}
#define FAR_ROWS FAR_ROW(FAR_LOAD), FAR_ROW(FAR_PULL), FAR_ROW(FAR_PUSH), FAR_ROW(FAR_LOGIN), FAR_ROW(FAR_LOGOUT), \
	FAR_ROW(FAR_SAVE), FAR_ROW(FAR_CP), FAR_ROW(FAR_DIFF), FAR_ROW(FAR_COMMIT), FAR_ROW(FAR_EXPORT), FAR_ROW(FAR_IMPORT), \
	FAR_ROW(FAR_SYSTEM), FAR_ROW(FAR_CONTAINER)
#define FAR_OF_IMAGES &far[0], &far[1], &far[2], &far[3], &far[4], &far[5], &far[10]
#define FAR_OF_ALL &far[11]
#define FAR_OF_CONTAINERS &far[6], &far[7], &far[8], &far[9], &far[12]
/* clang-format on */
