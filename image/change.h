/* SPDX-License-Identifier: Apache-2.0 */
/* --change of commit and import: an instruction as in a Dockerfile, carried out on an image's config.
 * Pure. */
#pragma once

#include "image/manifest.h"

/* CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR.
 * *config changes; what is new of it is in the arena. -EINVAL. */
int change_apply(const char *text, struct oci_process *config, struct arena *mem, struct err *err);
