/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "image/auth.h"
#include "image/digest.h"
#include "image/registry.h"
#include "runtime/base/fd.h"
#include "runtime/config/decode.h"

enum { TRIES = 5, WAIT_MAX_S = 60, CERTS_MAX = 8 << 20 };

struct registry {
	struct source source;
	struct http *http;
	struct arena mem;
	const char *host;   /* where it answers */
	const char *path;   /* of the repository */
	const char *scheme; /* NULL: not known yet */
	const char *shown;  /* the name's own host, for messages */
	struct http_tls tls;
	struct creds creds;
	bool has_creds, is_blind, may_push, may_be_plain;
	pthread_mutex_t lock;
	char *authorization; /* a header's value; under the lock */
	unsigned generation; /* of the authorization */
	/* The document that was resolved. */
	char digest[DIGEST_TEXT_MAX];
	struct str document;
};

static const char accept_all[] = "Accept: " MEDIA_INDEX ", " MEDIA_MANIFEST ", " MEDIA_DOCKER_INDEX
				 ", " MEDIA_DOCKER_MANIFEST;

static int read_source(struct source *s, const struct oci_descriptor *d, struct sink *to,
		       struct err *err);

/* ---- opening ----------------------------------------------------------------------------------*/

static int add_file(const char *path, struct str *to, struct err *err)
{
	int r = fd_read_file(AT_FDCWD, path, CERTS_MAX, to);

	str_add_char(to, '\n');
	return r < 0 ? err_set(err, r, "read %s", path) : 0;
}

/* *.crt are authorities besides the system's, a *.cert and its *.key the client's own. */
static int read_certs(struct registry *r, const char *dir, struct str *authorities, struct err *err)
{
	DIR *d = opendir(dir);
	int result = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_set(err, errno, "read %s", dir);
	for (struct dirent *e; result == 0 && (e = readdir(d));) {
		const char *path = arena_printf(&r->mem, "%s/%s", dir, e->d_name);
		if (str_ends(e->d_name, ".crt"))
			result = add_file(path, authorities, err);
		else if (str_ends(e->d_name, ".cert"))
			r->tls.cert = path;
		else if (str_ends(e->d_name, ".key"))
			r->tls.key = path;
	}
	closedir(d);
	return result;
}

static int find_certs(struct registry *r, const char *given, struct err *err)
{
	static const char *const places[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};
	auto_(str) struct str authorities = {0};
	struct err ignored = {0};
	int result = 0;

	if (given)
		result = read_certs(r, given, &authorities, err);
	for (size_t i = 0; !given && result == 0 && i < sizeof(places) / sizeof(*places); i++)
		result = read_certs(r, arena_printf(&r->mem, "%s/%s", places[i], r->host),
				    &authorities, err);
	if (result < 0 || !authorities.len)
		return result;
	add_file("/etc/ssl/certs/ca-certificates.crt", &authorities, &ignored);
	r->tls.authorities = arena_copy(&r->mem, authorities.p, authorities.len);
	return 0;
}

static bool is_loopback(const char *host)
{
	return str_eq(host, "localhost") || str_starts(host, "localhost:") ||
	       str_starts(host, "127.") || str_starts(host, "[::1]");
}

int registry_open(const struct ref *ref, const struct regconf_place *place,
		  const struct registry_opts *opts, struct registry **ret, struct err *err)
{
	struct registry *r = mem_zalloc(1, sizeof(*r));
	int found = 0;

	pthread_mutex_init(&r->lock, NULL);
	r->http = http_new();
	r->source = (struct source){read_source};
	r->host = arena_str(&r->mem,
			    str_eq(place->host, REF_DOCKER) ? "registry-1.docker.io" : place->host);
	r->path = arena_str(&r->mem, place->path);
	r->shown = arena_str(&r->mem, place->host);
	r->is_blind = r->tls.is_blind = opts->is_blind || place->is_insecure;
	r->may_be_plain = r->is_blind || is_loopback(r->host);
	r->may_push = opts->may_push;
	if (opts->creds) {
		r->creds = *opts->creds;
		found = 1;
	} else if (str_eq(place->host, ref->host)) { /* a mirror gets nobody's */
		found = creds_find(opts->authfile, ref, &r->mem, &r->creds, err);
	}
	r->has_creds = found > 0;
	if (found < 0 || find_certs(r, opts->cert_dir, err) < 0) {
		registry_free(r);
		return -err->num;
	}
	*ret = r;
	return 0;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	http_free(r->http);
	pthread_mutex_destroy(&r->lock);
	free(r->authorization);
	str_clear(&r->document);
	arena_clear(&r->mem);
	free(r);
}

/* ---- authorization ----------------------------------------------------------------------------*/

static char *basic_value(const struct creds *c)
{
	auto_(str) struct str pair = {0}, value = {0};

	str_addf(&pair, "%s:%s", c->user, c->password);
	str_add(&value, "Basic ");
	base64_encode(pair.p, pair.len, &value);
	return mem_copy(value.p, value.len);
}

static int read_token(struct registry *r, const struct str *body, char **ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	void *any = NULL;

	if (decode_object(&oci_token_table, body->p ? body->p : "", body->len, &mem, &any, err) < 0)
		return err_wrap(err, "the token server of %s", r->shown);
	const struct oci_token *t = any;
	const char *token = t->token && *t->token ? t->token : t->access_token;
	if (!token || !*token || strpbrk(token, "\r\n"))
		return err_say(err, EACCES, "the token server of %s gave no token", r->shown);
	*ret = mem_printf("Bearer %s", token);
	return 0;
}

static const char *token_query(const struct registry *r, const struct auth_challenge *c,
			       struct arena *mem)
{
	const char *scope = c->scope   ? c->scope
			    : *r->path ? arena_printf(mem, "repository:%s:pull%s", r->path,
						      r->may_push ? ",push" : "")
				       : NULL;

	return arena_printf(mem, "service=%s%s%s", c->service ? auth_escape(c->service, mem) : "",
			    scope ? "&scope=" : "", scope ? auth_escape(scope, mem) : "");
}

static int get_token(struct registry *r, const struct auth_challenge *c, char **ret,
		     struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(http_response) struct http_response a = {0};
	auto_free char *basic = r->has_creds && r->creds.user ? basic_value(&r->creds) : NULL;
	const char *query = token_query(r, c, &mem);
	struct http_request q = {.tls = &r->tls, .authorization = basic, .send_fd = -1};

	if (r->has_creds && !auth_realm_ok(r->host, str_eq(r->scheme, "https"), c->realm))
		return err_say(err, EPERM, "%s wants its password to be sent to %.100s: refused",
			       r->shown, c->realm);
	q.url = arena_printf(&mem, "%s%s%s", c->realm, strchr(c->realm, '?') ? "&" : "?", query);
	if (r->has_creds && r->creds.identity) {
		q.method = "POST";
		q.url = c->realm;
		q.send_text =
			arena_printf(&mem,
				     "grant_type=refresh_token&client_id=ctr&%s&refresh_token=%s",
				     query, auth_escape(r->creds.identity, &mem));
		q.send_size = strlen(q.send_text);
		words_add(&q.headers, "Content-Type: application/x-www-form-urlencoded", &mem);
	}
	int result = http_do(r->http, &q, &a, err);
	if (result < 0)
		return err_wrap(err, "get a token");
	if (a.status != 200)
		return err_say(err, EACCES, "%s: %s", r->shown,
			       r->has_creds ? "the user name or password is wrong"
					    : "no token without a password");
	return read_token(r, &a.body, ret, err);
}

/* Answers a challenge, unless another thread has done so since `generation`. */
static int authenticate(struct registry *r, const char *challenge, unsigned generation,
			struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct auth_challenge c;
	char *value = NULL;
	int result = 0;

	pthread_mutex_lock(&r->lock);
	if (r->generation == generation) {
		if (!auth_parse(challenge, &mem, &c))
			result = err_say(err, EACCES, "%s wants to be asked in an unknown way",
					 r->shown);
		else if (c.is_bearer)
			result = get_token(r, &c, &value, err);
		else if (!r->has_creds || !r->creds.user)
			result = err_say(err, EACCES, "%s wants a user name and a password",
					 r->shown);
		else
			value = basic_value(&r->creds);
		if (result == 0) {
			free(r->authorization);
			r->authorization = value;
			r->generation++;
		}
	}
	pthread_mutex_unlock(&r->lock);
	if (result < 0)
		err_hint(err, "ctr login %s", r->shown);
	return result;
}

/* ---- requests ---------------------------------------------------------------------------------*/

static int with_scheme(struct registry *r, const char *scheme, const char *path,
		       struct http_request *q, struct http_response *a, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_free char *authorization = NULL;

	pthread_mutex_lock(&r->lock);
	if (r->authorization)
		authorization = mem_copy(r->authorization, strlen(r->authorization));
	pthread_mutex_unlock(&r->lock);
	q->authorization = authorization;
	q->tls = &r->tls;
	q->url = str_starts(path, "http") ? path
					  : arena_printf(&mem, "%s://%s%s", scheme, r->host, path);
	int result = http_do(r->http, q, a, err);
	q->authorization = NULL;
	q->url = NULL;
	return result;
}

/* Who is known to have no TLS is asked again without it; who is not, is not. */
static int one_request(struct registry *r, const char *path, struct http_request *q,
		       struct http_response *a, struct err *err)
{
	struct err first = {0};

	if (r->scheme)
		return with_scheme(r, r->scheme, path, q, a, err);
	int result = with_scheme(r, "https", path, q, a, &first);
	if (result == 0 || !r->may_be_plain || first.num == EKEYREJECTED) {
		r->scheme = "https";
		*err = first;
		return result;
	}
	result = with_scheme(r, "http", path, q, a, err);
	if (result == 0)
		r->scheme = "http";
	else
		*err = first;
	return result;
}

static void wait_for(unsigned seconds, int attempt)
{
	struct timespec t = {.tv_sec = seconds, .tv_nsec = 0};

	if (!seconds) {
		t.tv_sec = attempt < 2 ? 0 : 1 << (attempt - 2);
		t.tv_nsec = attempt < 2 ? 200000000L * (attempt + 1) : 0;
	}
	if (t.tv_sec > WAIT_MAX_S)
		t.tv_sec = WAIT_MAX_S;
	nanosleep(&t, NULL);
}

/* Authenticates when it has to, and asks again when the server is busy. */
static int request(struct registry *r, const char *path, struct http_request *q,
		   struct http_response *a, struct err *err)
{
	bool was_asked = false;

	for (int i = 0;; i++) {
		pthread_mutex_lock(&r->lock);
		unsigned generation = r->generation;
		pthread_mutex_unlock(&r->lock);
		int result = one_request(r, path, q, a, err);
		if (result < 0)
			return result;
		bool is_busy = a->status == 429 || a->status == 500 || a->status == 502 ||
			       a->status == 503 || a->status == 504;
		if (a->status == 401 && a->challenge && !was_asked) {
			was_asked = true;
			if ((result = authenticate(r, a->challenge, generation, err)) < 0)
				return result;
		} else if (is_busy && i + 1 < TRIES) {
			wait_for(a->retry_after, i);
		} else {
			return 0;
		}
	}
}

/* What the registry says in its refusal. */
static int refused(const struct registry *r, const struct http_response *a, const char *what,
		   struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct err ignored = {0};
	void *any = NULL;
	const char *code = "", *message = "";
	int num = a->status == 404                       ? ENOENT
		  : a->status == 401 || a->status == 403 ? EACCES
		  : a->status == 429                     ? EAGAIN
							 : EIO;

	if (a->body.p &&
	    decode_object(&oci_failures_table, a->body.p, a->body.len, &mem, &any, &ignored) == 0) {
		const struct oci_failures *f = any;
		if (f->n_errors) {
			code = f->errors[0].code ? f->errors[0].code : "";
			message = f->errors[0].message ? f->errors[0].message : "";
		}
	}
	err_say(err, num, "%s/%s: %s: %ld %s%s%.150s", r->shown, r->path, what, a->status, code,
		*message ? ": " : "", message);
	if (num == EACCES)
		err_hint(err, "ctr login %s", r->shown);
	return -num;
}

/* ---- reading ----------------------------------------------------------------------------------*/

int registry_ping(struct registry *r, struct err *err)
{
	auto_(http_response) struct http_response a = {0};
	struct http_request q = {.send_fd = -1};
	int result = request(r, "/v2/", &q, &a, err);

	if (result < 0)
		return result;
	return a.status == 200 ? 0 : refused(r, &a, "log in", err);
}

static int get_document(struct registry *r, const char *name, struct http_response *a,
			struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct http_request q = {.send_fd = -1};

	words_add(&q.headers, accept_all, &mem);
	int result =
		request(r, arena_printf(&mem, "/v2/%s/manifests/%s", r->path, name), &q, a, err);
	if (result < 0)
		return result;
	return a->status == 200 ? 0 : refused(r, a, name, err);
}

int registry_resolve(struct registry *r, const char *name, struct arena *mem,
		     struct oci_descriptor *ret, struct err *err)
{
	auto_(http_response) struct http_response a = {0};
	int result = get_document(r, name, &a, err);

	if (result < 0)
		return result;
	digest_of(a.body.p ? a.body.p : "", a.body.len, r->digest);
	if (digest_ok(name)) {
		result = digest_verify(name, a.body.p ? a.body.p : "", a.body.len, r->shown, err);
		if (result < 0)
			return result;
		memcpy(r->digest, name, strlen(name) + 1);
	}
	/* Some servers call everything text; then the document says itself what it is. */
	bool is_known = a.type && (str_starts(a.type, "application/vnd.oci.") ||
				   str_starts(a.type, "application/vnd.docker."));
	if (a.type && strstr(a.type, "docker.distribution.manifest.v1+")) {
		err_say(err, ENOTSUP, "%s/%s has docker's old format (schema 1)", r->shown,
			r->path);
		return -ENOTSUP;
	}
	*ret = (struct oci_descriptor){.media_type = is_known ? arena_str(mem, a.type) : "",
				       .digest = arena_str(mem, r->digest),
				       .size = a.body.len,
				       .has_size = true};
	str_clear(&r->document);
	r->document = a.body;
	a.body = (struct str){0};
	return 0;
}

/* What of a blob has come is in the sink; the connection may break off and be made again. */
static int to_sink(void *ctx, const void *p, size_t n, struct err *err)
{
	return sink_write(ctx, p, n, err);
}

static int get_blob(struct registry *r, const char *path, struct sink *to, struct err *err)
{
	for (int i = 0;; i++) {
		auto_(http_response) struct http_response a = {0};
		struct http_request q = {
			.from = to->size, .body = to_sink, .body_ctx = to, .send_fd = -1};
		uint64_t before = to->size;
		int result = request(r, path, &q, &a, err);
		if (result == 0 && (a.status == 200 || a.status == 206 ||
				    (a.status == 416 && to->size == to->d->size)))
			return 0;
		if (result == 0)
			return refused(r, &a, to->d->digest, err);
		if (!a.broke_off)
			return result;
		/* Progress is a new beginning. */
		if (to->size > before)
			i = 0;
		if (i + 1 >= TRIES)
			return result;
		wait_for(0, i);
	}
}

static int read_source(struct source *s, const struct oci_descriptor *d, struct sink *to,
		       struct err *err)
{
	struct registry *r = (struct registry *)(void *)s;
	auto_(arena) struct arena mem = {0};

	if (r->document.p && str_eq(d->digest, r->digest))
		return sink_write(to, r->document.p, r->document.len, err);
	bool is_document = to->text && (media_is_index(d->media_type) ||
					str_eq(d->media_type, MEDIA_MANIFEST) ||
					str_eq(d->media_type, MEDIA_DOCKER_MANIFEST));
	if (!is_document)
		return get_blob(r, arena_printf(&mem, "/v2/%s/blobs/%s", r->path, d->digest), to,
				err);
	auto_(http_response) struct http_response a = {0};
	int result = get_document(r, d->digest, &a, err);
	return result < 0 ? result : sink_write(to, a.body.p ? a.body.p : "", a.body.len, err);
}

struct source *registry_source(struct registry *r)
{
	return &r->source;
}

/* ---- pushing ----------------------------------------------------------------------------------*/

static int has_blob(struct registry *r, const struct oci_descriptor *d, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(http_response) struct http_response a = {0};
	struct http_request q = {.method = "HEAD", .send_fd = -1};
	int result =
		request(r, arena_printf(&mem, "/v2/%s/blobs/%s", r->path, d->digest), &q, &a, err);

	return result < 0 ? result : a.status == 200;
}

/* Where the upload goes; the answer may name another place on the same host. */
static int begin_upload(struct registry *r, struct arena *mem, const char **ret, struct err *err)
{
	auto_(http_response) struct http_response a = {0};
	struct http_request q = {.method = "POST", .send_text = "", .send_fd = -1};
	int result = request(r, arena_printf(mem, "/v2/%s/blobs/uploads/", r->path), &q, &a, err);

	if (result < 0)
		return result;
	if (a.status != 202 || !a.location)
		return refused(r, &a, "begin an upload", err);
	const char *own = http_authority(arena_printf(mem, "%s://%s", r->scheme, r->host), mem);
	const char *there = http_authority(a.location, mem);
	if (!there || !own || !str_eq(own, there))
		return err_say(err, EPERM, "%s wants the layer to be sent to %.100s: refused",
			       r->shown, a.location);
	*ret = arena_str(mem, a.location);
	return 0;
}

int registry_push_blob(struct registry *r, const struct oci_descriptor *d, int fd, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(http_response) struct http_response a = {0};
	const char *url = NULL;
	int result = has_blob(r, d, err);

	if (result != 0)
		return result < 0 ? result : 0;
	if ((result = begin_upload(r, &mem, &url, err)) < 0 || !url)
		return result;
	struct http_request q = {.method = "PUT", .send_fd = fd, .send_size = d->size};
	words_add(&q.headers, "Content-Type: application/octet-stream", &mem);
	result = request(r,
			 arena_printf(&mem, "%s%sdigest=%s", url, strchr(url, '?') ? "&" : "?",
				      d->digest),
			 &q, &a, err);
	if (result < 0)
		return result;
	return a.status == 201 ? 1 : refused(r, &a, d->digest, err);
}

int registry_push_manifest(struct registry *r, const char *name, const char *type, const char *text,
			   size_t len, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(http_response) struct http_response a = {0};
	struct http_request q = {
		.method = "PUT", .send_text = text, .send_size = len, .send_fd = -1};

	words_add(&q.headers, arena_printf(&mem, "Content-Type: %s", type), &mem);
	int result =
		request(r, arena_printf(&mem, "/v2/%s/manifests/%s", r->path, name), &q, &a, err);
	if (result < 0)
		return result;
	return a.status == 201 ? 0 : refused(r, &a, name, err);
}
