/* SPDX-License-Identifier: Apache-2.0 */
/* Containers on disk, in a directory of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/base/chan.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/container.h"
#include "runtime/state.h"
#include "tests/lib/test.h"

/* A runtime root, removed with all that is in it. */
struct root {
	char dir[64], path[80];
};

static struct root root_make(void)
{
	struct root r = {.dir = "/tmp/ctr-unit-XXXXXX"};

	CHECK(mkdtemp(r.dir) != NULL);
	snprintf(r.path, sizeof(r.path), "%s/run", r.dir);
	return r;
}

static void root_clear(struct root *r)
{
	auto_fd int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(path_remove_tree(tmp, strrchr(r->dir, '/') + 1), 0);
}

static const struct state record = {
	.version = 1,
	.has_version = true,
	.id = "web",
	.bundle = "/b",
	.rootfs = "/b/rootfs",
	.created = "2026-01-02T03:04:05.000000006Z",
	.oci_version = "1.3.0",
	.has_uid = true,
	.manager = "disabled",
};

/* A container with a record and the test itself, or nobody, as its first process. */
static struct container make(const struct root *root, const char *id, pid_t pid)
{
	struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err err = {0};

	CHECK_INT(container_new(root->path, id, &c, &err), 0);
	CHECK_INT(container_write_state(&c, &record, &err), 0);
	if (pid)
		CHECK_INT(container_write_init(&c, pid, false, &err), 0);
	return c;
}

static enum container_status status_of(const struct root *root, const char *id)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err err = {0};

	CHECK_INT(container_open(root->path, id, false, false, &c, &err), 0);
	return container_status(&c);
}

TEST(ids)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/", "a b", "a\n", ".hidden", "ä"};
	static const char *const good[] = {"a", "A-1_+.x", "0", "+", "-"};
	auto_(root) struct root root = root_make();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct container c;
		struct err err = {0};
		char want[100];
		snprintf(want, sizeof(want), "invalid container ID format: \"%s\"", bad[i]);
		CHECK_INT(container_new(root.path, bad[i], &c, &err), -EINVAL);
		CHECK_STR(err.msg, want);
		CHECK_INT(container_open(root.path, bad[i], false, false, &c, &err), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		struct err err = {0};
		CHECK_INT(container_new(root.path, good[i], &c, &err), 0);
		CHECK_STR(c.id, good[i]);
	}
}

TEST(an_id_is_taken_once)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container first = make(&root, "web", 0);
	struct container second;
	struct err err = {0};

	CHECK_INT(container_new(root.path, "web", &second, &err), -EEXIST);
	CHECK_STR(err.msg, "container with given ID already exists");
	CHECK_STR(first.id, "web");
}

TEST(what_does_not_exist)
{
	auto_(root) struct root root = root_make();
	struct container c;
	struct err err = {0};

	CHECK_INT(container_open(root.path, "web", true, false, &c, &err), -ENOENT);
	CHECK_STR(err.msg, "container does not exist");
	CHECK_INT(container_open(root.path, "web", true, true, &c, &err), -ENOENT);
}

TEST(a_record_comes_back)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container made = make(&root, "web", getpid()), c;
	struct err err = {0};

	MUST(container_open(root.path, "web", false, false, &c, &err) == 0 && c.state);
	CHECK_STR(c.state->bundle, "/b");
	CHECK_STR(c.state->created, record.created);
	CHECK_INT(c.pid, getpid());
	CHECK_INT((long long)c.start_time, (long long)process_start_time(getpid(), NULL));
	CHECK(c.pidfd >= 0);
	CHECK_INT(made.pid, getpid());
}

TEST(permissions)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", 0);
	struct stat st;

	CHECK_INT(fstat(c.dir_fd, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0711);
	CHECK_INT(fstatat(c.dir_fd, "state.json", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
}

TEST(a_broken_record)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container made = make(&root, "web", 0),
					  c = {.dir_fd = -1, .pidfd = -1};
	struct err err = {0};

	CHECK_INT(fd_replace(made.dir_fd, "state.json", "{", 1, 0600), 0);
	CHECK_INT(container_open(root.path, "web", false, false, &c, &err), -EINVAL);
	CHECK(strstr(err.msg, "/web/state.json: "));
	MUST(container_open(root.path, "web", false, true, &c, &err) == 0);
	CHECK(c.state == NULL);
	CHECK_INT(container_status(&c), STATUS_CREATING);
}

TEST(states)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container creating = make(&root, "creating", 0);
	auto_(container) struct container running = make(&root, "running", getpid());
	auto_(container) struct container created = make(&root, "created", getpid());
	auto_fd int start = chan_listen(created.dir_fd, "start.sock");

	MUST(start >= 0);
	CHECK_INT(status_of(&root, "creating"), STATUS_CREATING);
	CHECK_INT(status_of(&root, "running"), STATUS_RUNNING);
	CHECK_INT(status_of(&root, "created"), STATUS_CREATED);
	CHECK_INT(creating.pid, 0);
	CHECK_INT(running.pid, getpid());
}

/* The name of the socket stays when the one who would have removed it was killed. */
TEST(a_start_socket_that_nobody_listens_to)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", getpid());
	int start = chan_listen(c.dir_fd, "start.sock");

	MUST(start >= 0);
	close(start);
	CHECK_INT(status_of(&root, "web"), STATUS_RUNNING);
}

TEST(a_pid_of_somebody_else)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", 0);
	char text[64];
	unsigned long long start = process_start_time(getpid(), NULL);
	int n = snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(), start + 1);

	CHECK_INT(fd_replace(c.dir_fd, "init", text, (size_t)n, 0600), 0);
	CHECK_INT(status_of(&root, "web"), STATUS_STOPPED);
}

/* One whose parent has not collected it yet has ended all the same. */
TEST(a_zombie_has_stopped)
{
	auto_(root) struct root root = root_make();
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	MUST(pid > 0);
	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	auto_(container) struct container c = make(&root, "web", pid);
	CHECK_INT(status_of(&root, "web"), STATUS_STOPPED);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(status_of(&root, "web"), STATUS_STOPPED);
}

static const char *const nonsense[] = {"", "x", "-1 5", "0 0", "99999999999 1", "1"};

TEST(a_broken_init_file)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", 0);

	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		CHECK_INT(fd_replace(c.dir_fd, "init", nonsense[i], strlen(nonsense[i]), 0600), 0);
		enum container_status status = status_of(&root, "web");
		CHECK(status == STATUS_CREATING || status == STATUS_STOPPED);
	}
}

TEST(words)
{
	CHECK_STR(container_status_word(STATUS_CREATING), "creating");
	CHECK_STR(container_status_word(STATUS_CREATED), "created");
	CHECK_STR(container_status_word(STATUS_RUNNING), "running");
	CHECK_STR(container_status_word(STATUS_PAUSED), "paused");
	CHECK_STR(container_status_word(STATUS_STOPPED), "stopped");
}

TEST(listing)
{
	auto_(root) struct root root = root_make();
	auto_(arena) struct arena a = {0};
	const char **ids;
	struct err err = {0};

	CHECK_INT(container_ids(root.path, &a, &ids, &err), 0);
	auto_(container) struct container b = make(&root, "b", 0);
	auto_(container) struct container c = make(&root, "a", 0);
	auto_(container) struct container d = make(&root, "Z", 0);
	char path[100];
	snprintf(path, sizeof(path), "%s/.cache", root.path);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/file", root.path);
	auto_fd int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(file >= 0);
	MUST(container_ids(root.path, &a, &ids, &err) == 3);
	CHECK_STR(ids[0], "Z");
	CHECK_STR(ids[1], "a");
	CHECK_STR(ids[2], "b");
	CHECK(ids[3] == NULL);
}

TEST(removing)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", getpid());
	struct container gone;
	struct err err = {0};

	CHECK_INT(container_remove(&c, &err), 0);
	CHECK_INT(container_open(root.path, "web", false, false, &gone, &err), -ENOENT);
	CHECK_INT(container_remove(&c, &err), 0);
}

/* Whoever waited for the lock of a container that was removed meanwhile hears that it is gone. */
TEST(a_lock_on_what_was_removed)
{
	auto_(root) struct root root = root_make();
	auto_(container) struct container c = make(&root, "web", 0);
	struct container late;
	struct err err = {0};
	int status;

	pid_t pid = fork();
	if (pid == 0) {
		struct err other = {0};
		struct container waiter;
		_exit(container_open(root.path, "web", true, false, &waiter, &other) == -ENOENT);
	}
	usleep(100000);
	CHECK_INT(container_remove(&c, &err), 0);
	container_unlock(&c);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), 1);
	CHECK_INT(container_open(root.path, "web", true, false, &late, &err), -ENOENT);
}

TEST(where_containers_are_by_default)
{
	auto_(arena) struct arena a = {0};

	bool was_root = geteuid() == 0;

	if (was_root) {
		setenv("XDG_RUNTIME_DIR", "/somewhere", 1);
		CHECK_STR(container_default_root(&a), "/run/ctr");
		if (seteuid(65534) < 0)
			return;
	}
	setenv("XDG_RUNTIME_DIR", "/somewhere", 1);
	CHECK_STR(container_default_root(&a), "/somewhere/ctr");
	/* podman gives an empty one. */
	setenv("XDG_RUNTIME_DIR", "", 1);
	CHECK_STR(container_default_root(&a), arena_printf(&a, "/run/user/%u/ctr", geteuid()));
	unsetenv("XDG_RUNTIME_DIR");
	CHECK_STR(container_default_root(&a), arena_printf(&a, "/run/user/%u/ctr", geteuid()));
	if (was_root) /* for who looks at this process at its end */
		CHECK_INT(seteuid(0), 0);
}

TEST(start_times)
{
	char state = 0;

	CHECK(process_start_time(getpid(), &state) > 0);
	CHECK_INT(state, 'R');
	CHECK_INT((long long)process_start_time(0x3fffffff, NULL), 0);
}
