/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/embed.h"

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

__asm__(".pushsection .rodata\n"
	".global embed_init\n"
	".global embed_init_end\n"
	"embed_init: .incbin \"build/ctr-init\"\n"
	"embed_init_end: .byte 0\n"
	".popsection\n");

int embed_init_memfd(void)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	auto_fd int fd = sys_memfd_create("ctr-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, embed_init, (size_t)(embed_init_end - embed_init));
	if (r < 0)
		return r;
	/* F_SEAL_EXEC (Linux 6.3) keeps the mode, too; older kernels do without. */
	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	return steal_fd(&fd);
}
