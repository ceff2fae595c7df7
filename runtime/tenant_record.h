/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant's record and its shares of the machine, generated from tenant.schema.json. */
#pragma once

#include "gen/tenant.h"
