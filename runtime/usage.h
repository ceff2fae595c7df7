/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has used: struct usage, from runtime/usage.schema.json. */
#pragma once

#include "gen/usage.h"
