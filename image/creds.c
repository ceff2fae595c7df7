/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/oci.h"
#include "image/creds.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"

enum { AUTH_MAX = 4 << 20, ANSWER_MAX = 64 << 10 };

static const char docker_key[] = "https://index.docker.io/v1/";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *p, size_t n, struct str *ret)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)b[i] << 16 | (i + 1 < n ? (unsigned)b[i + 1] << 8 : 0) |
			     (i + 2 < n ? b[i + 2] : 0);
		str_add_char(ret, digits[v >> 18]);
		str_add_char(ret, digits[v >> 12 & 63]);
		str_add_char(ret, i + 1 < n ? digits[v >> 6 & 63] : '=');
		str_add_char(ret, i + 2 < n ? digits[v & 63] : '=');
	}
}

int base64_decode(const char *text, struct str *ret)
{
	unsigned v = 0, bits = 0;
	size_t n = strcspn(text, "=");

	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(digits, text[i]);
		if (!at)
			return -EINVAL;
		v = (v << 6 | (unsigned)(at - digits)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			str_add_char(ret, (char)(v >> bits & 0xff));
		}
	}
	return text[n + strspn(text + n, "=")] ? -EINVAL : 0;
}

/* ---- one file ---------------------------------------------------------------------------------*/

/* Docker's keys may be URLs. */
static const char *bare_key(const char *key, struct arena *mem)
{
	const char *rest = str_starts(key, "https://")  ? key + 8
			   : str_starts(key, "http://") ? key + 7
							: NULL;

	return rest ? arena_copy(mem, rest, strcspn(rest, "/")) : key;
}

static const struct oci_login *find_key(const struct oci_auth *auth, const char *key,
					struct arena *mem)
{
	for (size_t i = 0; i < auth->n_auths; i++)
		if (str_eq(auth->auths[i].key, key) ||
		    str_eq(bare_key(auth->auths[i].key, mem), key))
			return &auth->auths[i];
	return NULL;
}

/* The whole name, each part of it before a slash, the host. */
static const struct oci_login *find_login(const struct oci_auth *auth, const struct ref *ref,
					  struct arena *mem)
{
	char *name = arena_str(mem, ref_repository(ref, mem));

	for (;;) {
		const struct oci_login *login = find_key(auth, name, mem);
		if (login)
			return login;
		char *slash = strrchr(name, '/');
		if (!slash)
			break;
		*slash = 0;
	}
	return str_eq(ref->host, REF_DOCKER) ? find_key(auth, docker_key, mem) : NULL;
}

static int read_login(const struct oci_login *login, struct arena *mem, struct creds *ret,
		      struct err *err)
{
	auto_(str) struct str text = {0};

	*ret = (struct creds){0};
	if (login->auth && *login->auth) {
		if (base64_decode(login->auth, &text) < 0 || !text.p || !strchr(text.p, ':'))
			return err_say(err, EINVAL,
				       "the credentials of %s are no base64 of user:password",
				       login->key);
		char *colon = strchr(text.p, ':');
		ret->user = arena_copy(mem, text.p, (size_t)(colon - text.p));
		ret->password = arena_str(mem, colon + 1);
	}
	if (login->identitytoken && *login->identitytoken)
		ret->identity = arena_str(mem, login->identitytoken);
	return ret->user || ret->identity;
}

int creds_read(const struct str *text, const struct ref *ref, struct arena *mem, struct creds *ret,
	       struct err *err)
{
	void *any = NULL;
	int r = decode_object(&oci_auth_table, text->p ? text->p : "{}", text->p ? text->len : 2,
			      mem, &any, err);

	*ret = (struct creds){0};
	if (r < 0 || !any)
		return r;
	const struct oci_auth *auth = any;
	for (size_t i = 0; i < auth->n_cred_helpers; i++)
		if (str_eq(auth->cred_helpers[i].key, ref->host))
			ret->helper = auth->cred_helpers[i].value;
	if (ret->helper)
		return 0;
	const struct oci_login *login = find_login(auth, ref, mem);
	if (login && (r = read_login(login, mem, ret, err)) != 0)
		return r;
	if (auth->creds_store && *auth->creds_store)
		ret->helper = auth->creds_store;
	return 0;
}

/* ---- helpers ----------------------------------------------------------------------------------*/

static int start_helper(const char *name, int in, int out, pid_t *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	posix_spawn_file_actions_t files;
	char *program = arena_printf(&mem, "docker-credential-%s", name);
	char *argv[] = {program, arena_str(&mem, "get"), NULL};

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		return err_say(err, EINVAL, "\"%.40s\" is not the name of a credential helper",
			       name);
	if (posix_spawn_file_actions_init(&files) != 0)
		return err_set(err, ENOMEM, "start %s", program);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	int num = posix_spawnp(ret, program, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return num ? err_set(err, num, "start %s", program) : 0;
}

static int talk(int to, int from, const char *host, struct str *ret)
{
	int r = fd_write_all(to, host, strlen(host));

	close(to);
	return r < 0 ? r : fd_read_all(from, ANSWER_MAX, ret);
}

static int read_answer(const char *name, int status, const struct str *answer, struct arena *mem,
		       struct creds *ret, struct err *err)
{
	void *any = NULL;

	if (status != 0 && answer->p && strstr(answer->p, "credentials not found"))
		return 0;
	if (status != 0)
		return err_say(err, EACCES, "docker-credential-%s: %.200s", name,
			       answer->p ? answer->p : "failed");
	int r = decode_object(&oci_secret_table, answer->p ? answer->p : "", answer->len, mem, &any,
			      err);
	if (r < 0)
		return err_wrap(err, "docker-credential-%s", name);
	const struct oci_secret *secret = any;
	bool is_token = secret->username && str_eq(secret->username, "<token>");
	*ret = (struct creds){.user = is_token ? NULL : secret->username,
			      .password = is_token ? NULL : secret->secret,
			      .identity = is_token ? secret->secret : NULL};
	return secret->secret != NULL;
}

static int ask_helper(const char *name, const char *host, struct arena *mem, struct creds *ret,
		      struct err *err)
{
	auto_(str) struct str answer = {0};
	int in[2], out[2], status = 0;
	pid_t pid = 0;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return err_set(err, errno, "make a pipe");
	int r = start_helper(name, in[0], out[1], &pid, err);
	close(in[0]);
	close(out[1]);
	if (r < 0) {
		close(in[1]);
		close(out[0]);
		return r;
	}
	const char *key = str_eq(host, REF_DOCKER) ? docker_key : host;
	r = talk(in[1], out[0], key, &answer);
	close(out[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0 && r != -EPIPE)
		return err_set(err, r, "talk to docker-credential-%s", name);
	return read_answer(name, status, &answer, mem, ret, err);
}

/* ---- files ------------------------------------------------------------------------------------*/

static const char *env_path(const char *variable, const char *below, struct arena *mem)
{
	const char *dir = getenv(variable);

	return dir && *dir ? arena_printf(mem, "%s/%s", dir, below) : NULL;
}

const char *creds_file(const char *file, struct arena *mem)
{
	const char *given = getenv("REGISTRY_AUTH_FILE");
	const char *runtime = env_path("XDG_RUNTIME_DIR", "containers/auth.json", mem);

	if (file)
		return file;
	if (given && *given)
		return given;
	return runtime && geteuid() ? runtime
				    : arena_printf(mem, "/run/containers/%u/auth.json", geteuid());
}

static int try_file(const char *path, const struct ref *ref, struct arena *mem, struct creds *ret,
		    struct err *err)
{
	auto_(str) struct str text = {0};
	int r = path ? fd_read_file(AT_FDCWD, path, AUTH_MAX, &text) : -ENOENT;

	if (r == -ENOENT || r == -EACCES || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return err_set(err, r, "read %s", path);
	r = creds_read(&text, ref, mem, ret, err);
	if (r == 0 && ret->helper)
		r = ask_helper(ret->helper, ref->host, mem, ret, err);
	return r < 0 ? err_wrap(err, "%s", path) : r;
}

int creds_find(const char *file, const struct ref *ref, struct arena *mem, struct creds *ret,
	       struct err *err)
{
	const char *config = env_path("XDG_CONFIG_HOME", "containers/auth.json", mem);
	const char *docker = env_path("DOCKER_CONFIG", "config.json", mem);
	const char *paths[] = {
		creds_file(file, mem),
		config ? config : env_path("HOME", ".config/containers/auth.json", mem),
		docker ? docker : env_path("HOME", ".docker/config.json", mem),
	};
	const char *variable = getenv("REGISTRY_AUTH_FILE");
	bool is_given = file || (variable && *variable);

	for (size_t i = 0; i < (is_given ? 1 : sizeof(paths) / sizeof(*paths)); i++) {
		int r = try_file(paths[i], ref, mem, ret, err);
		if (r != 0)
			return r;
	}
	return 0;
}

/* ---- writing ----------------------------------------------------------------------------------*/

static int write_auth(const char *path, const struct oci_auth *auth, struct arena *mem,
		      struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text, .indent = "\t"};
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_copy(mem, path, (size_t)(slash - path)) : ".";

	encode_object(&oci_auth_table, auth, &out, NULL);
	str_add_char(&text, '\n');
	auto_fd int fd = path_make_dir(*dir ? dir : "/", 0700);
	int r = fd < 0 ? fd : fd_replace(fd, slash ? slash + 1 : path, text.p, text.len, 0600);
	return r < 0 ? err_set(err, r, "write %s", path) : 0;
}

int creds_keep(const char *file, const char *host, const struct creds *creds, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str text = {0}, pair = {0}, encoded = {0};
	const char *path = creds_file(file, &mem);
	void *any = NULL;
	size_t n = 0;
	int r = fd_read_file(AT_FDCWD, path, AUTH_MAX, &text);

	if (r < 0 && r != -ENOENT)
		return err_set(err, r, "read %s", path);
	if (!text.len)
		str_add(&text, "{}");
	if (decode_object(&oci_auth_table, text.p, text.len, &mem, &any, err) < 0)
		return err_wrap(err, "%s", path);
	struct oci_auth *auth = any;
	struct oci_login *all = arena_zalloc(&mem, auth->n_auths + 1, sizeof(*all));
	for (size_t i = 0; i < auth->n_auths; i++)
		if (!str_eq(auth->auths[i].key, host))
			all[n++] = auth->auths[i];
	bool was_there = n < auth->n_auths;
	if (creds) {
		str_addf(&pair, "%s:%s", creds->user, creds->password);
		base64_encode(pair.p, pair.len, &encoded);
		all[n++] = (struct oci_login){.key = host, .auth = encoded.p};
	} else if (!was_there) {
		return 0;
	}
	auth->auths = all;
	auth->n_auths = n;
	r = write_auth(path, auth, &mem, err);
	return r < 0 ? r : was_there;
}
