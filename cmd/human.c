/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "cmd/human.h"

const char *human_size(struct arena *mem, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	unsigned unit = 0;

	if (bytes == UINT64_MAX)
		return "-";
	/* What would be printed as 1024.0 is the next unit's 1.0. */
	for (; value >= 1023.95 && unit < 6; unit++)
		value /= 1024;
	return arena_printf(mem, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

const char *human_limit(struct arena *mem, uint64_t bytes)
{
	return bytes == UINT64_MAX ? "max" : human_size(mem, bytes);
}

const char *human_seconds(struct arena *mem, double seconds)
{
	unsigned long s = (unsigned long)seconds;

	if (seconds < 60)
		return arena_printf(mem, "%.3f s", seconds);
	if (s < 3600)
		return arena_printf(mem, "%lu m %lu s", s / 60, s % 60);
	if (s < 86400)
		return arena_printf(mem, "%lu h %lu m", s / 3600, s / 60 % 60);
	return arena_printf(mem, "%lu d %lu h", s / 86400, s / 3600 % 24);
}

const char *human_cpus(struct arena *mem, uint64_t thousandths)
{
	if (thousandths == UINT64_MAX)
		return "max";
	return arena_printf(mem, "%.3g", (double)thousandths / 1000);
}
