/* SPDX-License-Identifier: Apache-2.0 */
/* exewatch SECONDS: tries to get hold of the executable of every other process that it can see, and
 * to write to it, now or once its process has ended (CVE-2019-5736). Prints
 * {"seen": how many processes, "opened": files opened for reading, "writable": files opened for
 * writing, "written": writes that succeeded}. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

enum { HELD_MAX = 256 };

struct watch {
	struct stat self;
	int held[HELD_MAX]; /* opened for reading, to be opened again when nobody executes it */
	int n_held;
	long seen, opened, writable, written;
};

/* Writes back what is there, so that a success harms nobody. */
static void try_write(struct watch *w, int fd)
{
	char byte;

	w->writable++;
	if (pread(fd, &byte, 1, 0) == 1 && pwrite(fd, &byte, 1, 0) == 1)
		w->written++;
	close(fd);
}

static void try_held(struct watch *w)
{
	char path[32];

	for (int i = 0; i < w->n_held; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", w->held[i]);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			try_write(w, fd);
	}
}

static void try_process(struct watch *w, const char *pid)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if (stat(path, &st) == 0 && st.st_dev == w->self.st_dev && st.st_ino == w->self.st_ino)
		return;
	w->seen++;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		try_write(w, fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	w->opened++;
	if (w->n_held == HELD_MAX)
		close(w->held[--w->n_held]);
	w->held[w->n_held++] = fd;
}

static void look(struct watch *w)
{
	DIR *proc = opendir("/proc");

	for (struct dirent *d; proc && (d = readdir(proc));)
		if (*d->d_name >= '1' && *d->d_name <= '9')
			try_process(w, d->d_name);
	if (proc)
		closedir(proc);
	try_held(w);
}

int main(int argc, char **argv)
{
	struct watch w = {.n_held = 0};
	time_t end = time(NULL) + (argc == 2 ? strtol(argv[1], NULL, 10) : 1);

	if (stat("/proc/self/exe", &w.self) < 0)
		return 1;
	puts("watching");
	fflush(stdout);
	while (time(NULL) < end)
		look(&w);
	json_open(NULL, '{');
	json_number("seen", w.seen);
	json_number("opened", w.opened);
	json_number("writable", w.writable);
	json_number("written", w.written);
	json_close('}');
	putchar('\n');
	return 0;
}
