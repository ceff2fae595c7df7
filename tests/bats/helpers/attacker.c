/* SPDX-License-Identifier: Apache-2.0 */
/* attacker KIND DIR [MIB]: a neighbour that takes all it can get, without end.
 *
 *     idle bomb spin hog cache fsync direct dirty files inodes pipes inotify signals futexes
 *
 * MIB: of the file that `cache` reads; more than the memory that it may have (1024) */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 64, BLOCK = 1 << 20, CACHE_MIB = 1024 };

static const char *dir;
static int cache_mib = CACHE_MIB;

static void forever(void)
{
	for (;;)
		pause();
}

static void bomb(void)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		fork();
}

static void spin(void)
{
	for (volatile uint64_t n = 0;; n++)
		;
}

static void hog(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0)
			for (;;) {
				volatile char *p = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
							MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				for (int i = 0; p != MAP_FAILED && i < BLOCK; i += 512)
					p[i] = 1;
			}
		waitpid(pid, NULL, 0);
	}
}

static int make(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* A file larger than the memory it may have, over and over. */
static void cache(void)
{
	char *buf = calloc(1, BLOCK);
	int fd = make("cache");

	for (int i = 0; i < cache_mib; i++)
		if (pwrite(fd, buf, BLOCK, (off_t)i * BLOCK) < 0)
			break;
	for (;;)
		for (int i = 0; i < cache_mib; i++)
			if (pread(fd, buf, BLOCK, (off_t)i * BLOCK) < 0)
				_exit(1);
}

static void sync_storm(void)
{
	char name[32], block[4096] = "";

	for (int i = 0; i < 8; i++)
		if (fork() == 0)
			break;
	snprintf(name, sizeof(name), "fsync-%d", getpid());
	int fd = make(name);
	for (off_t at = 0;; at = (at + 4096) % (64 << 20))
		if (pwrite(fd, block, sizeof(block), at) < 0 || fsync(fd) < 0)
			_exit(1);
}

/* Past the page cache: what is throttled and ordered is the writer's own. */
static void direct(void)
{
	char name[32];
	void *block = NULL;

	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			break;
	snprintf(name, sizeof(name), "direct-%d", getpid());
	int fd = make(name);
	if (fcntl(fd, F_SETFL, O_DIRECT) < 0 || posix_memalign(&block, 4096, BLOCK) != 0)
		_exit(1);
	memset(block, 0, BLOCK);
	for (off_t at = 0;; at = (at + BLOCK) % (64 << 20))
		if (pwrite(fd, block, BLOCK, at) < 0)
			_exit(1);
}

/* Into the page cache, from where the kernel writes. */
static void dirty(void)
{
	char *block = calloc(1, BLOCK);
	int fd = make("dirty");

	for (off_t at = 0;; at = (at + BLOCK) % ((off_t)cache_mib << 20))
		if (pwrite(fd, block, BLOCK, at) < 0)
			_exit(1);
}

static void files(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0) {
			while (open("/", O_RDONLY | O_CLOEXEC) >= 0)
				;
			usleep(1000);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static void inodes(void)
{
	char name[32];

	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "i%u", i % 20000);
		int fd = make(name);
		if (fd >= 0)
			close(fd);
	}
}

static void pipes(void)
{
	char block[65536] = "";

	for (;;) {
		pid_t pid = fork();
		if (pid == 0) {
			int p[2];
			while (pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0)
				if (write(p[1], block, sizeof(block)) < 0)
					break;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static void watches(void)
{
	for (;;) {
		int fd;
		for (int i = 0; i < 256 && (fd = inotify_init1(IN_CLOEXEC)) >= 0; i++)
			inotify_add_watch(fd, "/", IN_ALL_EVENTS);
		close_range(3, ~0U, 0);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signals(void)
{
	pid_t self = getpid();

	signal(SIGUSR1, on_signal);
	for (int i = 0; i < MANY; i++)
		if (fork() == 0)
			for (;;)
				kill(self, SIGUSR1);
	forever();
}

static void futexes(void)
{
	uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < MANY; i++)
		if (fork() == 0)
			break;
	for (;;) {
		struct timespec soon = {0, 1000};
		syscall(SYS_futex, word, FUTEX_WAIT, 0, &soon, NULL, 0);
		syscall(SYS_futex, word, FUTEX_WAKE, MANY, NULL, NULL, 0);
	}
}

static void spinners(void)
{
	for (int i = 0; i < MANY - 1; i++)
		if (fork() == 0)
			break;
	spin();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} kinds[] = {
		{"idle", forever},    {"bomb", bomb},       {"spin", spinners},
		{"hog", hog},         {"cache", cache},     {"fsync", sync_storm},
		{"direct", direct},   {"dirty", dirty},     {"files", files},
		{"inodes", inodes},   {"pipes", pipes},     {"inotify", watches},
		{"signals", signals}, {"futexes", futexes},
	};

	if (argc < 3)
		return 2;
	dir = argv[2];
	if (argc > 3)
		cache_mib = atoi(argv[3]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			kinds[i].run();
	return 2;
}
