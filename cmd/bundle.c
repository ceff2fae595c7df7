/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "cmd/bundle.h"
#include "cmd/entry.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"
#include "runtime/config/validate.h"
#include "runtime/probe.h"
#include "runtime/shares.h"

enum { PRESERVE_MAX = 1024 };

int absolute_path(const char *path, struct arena *mem, const char **ret, struct err *err)
{
	char cwd[PATH_MAX];

	if (path && *path != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return err_set(err, errno, "find the current directory");
		path = arena_printf(mem, "%s/%s", cwd, path);
	}
	*ret = path ? path_clean(mem, path) : NULL;
	return 0;
}

int bundle_check(const struct config *config, const struct host *host, struct arena *mem,
		 struct err *err)
{
	struct warnings warnings = {.arena = mem};
	const char *shares = NULL;
	int r = config_validate(config, host, &warnings, err);

	if (r == 0)
		r = shares_check(config, &shares, err);
	if (shares)
		log_warning("%s", shares);
	for (size_t i = 0; i < warnings.n; i++)
		log_warning("%s", warnings.texts[i]);
	return r;
}

int bundle_load(const char *dir, const char *file, struct arena *mem, struct bundle *ret,
		struct err *err)
{
	auto_(str) struct str text = {0};
	struct bundle b = {0};

	int r = absolute_path(dir ? dir : ".", mem, &b.dir, err);
	if (r < 0)
		return r;
	if (!file)
		file = arena_printf(mem, "%s/config.json", b.dir);
	r = fd_read_file(AT_FDCWD, file, JSON_SIZE_MAX, &text);
	if (r < 0) {
		err_set(err, r, "read %s", file);
		if (r == -ENOENT)
			err_hint(err, "a bundle is a directory with a config.json: see ctr spec");
		return r;
	}
	b.text = arena_copy(mem, text.p ? text.p : "", text.len);
	b.text_len = text.len;
	r = config_decode(b.text, b.text_len, mem, &b.config, err);
	if (r < 0)
		return err_wrap(err, "%s", file);
	r = host_probe(&b.host, err);
	if (r == 0)
		*ret = b;
	return r;
}

int bundle_read(const char *dir, const char *file, struct arena *mem, struct bundle *ret,
		struct err *err)
{
	struct bundle b = {0};
	int r = bundle_load(dir, file, mem, &b, err);

	if (r < 0)
		return r;
	if (bundle_check(b.config, &b.host, mem, err) < 0)
		return file ? err_wrap(err, "%s", file) : err_wrap(err, "%s/config.json", b.dir);
	*ret = b;
	return 0;
}

int io_opts_read(const struct io_opts *opts, struct arena *mem, struct stdio_opts *ret,
		 unsigned *ret_listen, struct err *err)
{
	struct stdio_opts io = {.detach = opts->detach};
	unsigned listen = entry_listen_fds();

	if (opts->preserve_fds > PRESERVE_MAX)
		return err_say(err, EINVAL, "--preserve-fds: at most %d", PRESERVE_MAX);
	io.preserve_fds = listen + opts->preserve_fds;
	int r = entry_check_fds(io.preserve_fds, err);
	if (r < 0 || (r = absolute_path(opts->console_socket, mem, &io.console_socket, err)) < 0 ||
	    (r = absolute_path(opts->pidfd_socket, mem, &io.pidfd_socket, err)) < 0 ||
	    (r = absolute_path(opts->pid_file, mem, &io.pid_file, err)) < 0)
		return r;
	*ret = io;
	*ret_listen = listen;
	return 0;
}

void io_opts_tell(struct config_process *process, unsigned listen, struct arena *mem)
{
	if (!listen)
		return;
	const char **env = arena_zalloc(mem, process->n_env + 2, sizeof(*env));
	for (size_t i = 0; i < process->n_env; i++)
		env[i] = process->env[i];
	env[process->n_env++] = arena_printf(mem, "LISTEN_FDS=%u", listen);
	env[process->n_env++] = "LISTEN_PID=1";
	process->env = env;
}
