/* SPDX-License-Identifier: Apache-2.0 */
/* The container's record, generated from state.schema.json. */
#pragma once

#include "gen/state.h"
