/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "image/http.h"
#include "runtime/base/str.h"

enum { HANDLES_MAX = 8, REDIRECTS_MAX = 8, CONNECT_S = 30, STALL_S = 60, STALL_BYTES = 16 };

struct http {
	pthread_mutex_t lock;
	CURL *idle[HANDLES_MAX];
	size_t n;
};

/* One exchange with one host. */
struct exchange {
	const struct http_request *q;
	struct http_response *r;
	CURL *curl;
	struct err *err;
	bool body_failed;
	uint64_t skip; /* of a body that begins at its beginning though the rest was asked for */
	uint64_t sent;
};

struct http *http_new(void)
{
	struct http *h = mem_zalloc(1, sizeof(*h));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		curl_easy_cleanup(h->idle[i]);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static CURL *take(struct http *h)
{
	CURL *curl = NULL;

	pthread_mutex_lock(&h->lock);
	if (h->n)
		curl = h->idle[--h->n];
	pthread_mutex_unlock(&h->lock);
	return curl ? curl : curl_easy_init();
}

static void give_back(struct http *h, CURL *curl)
{
	curl_easy_reset(curl);
	pthread_mutex_lock(&h->lock);
	if (h->n < HANDLES_MAX) {
		h->idle[h->n++] = curl;
		curl = NULL;
	}
	pthread_mutex_unlock(&h->lock);
	if (curl)
		curl_easy_cleanup(curl);
}

void http_response_clear(struct http_response *r)
{
	str_clear(&r->body);
	free(r->challenge);
	free(r->type);
	free(r->location);
	*r = (struct http_response){0};
}

/* ---- what comes -------------------------------------------------------------------------------*/

static void drop(char **at)
{
	free(*at);
	*at = NULL;
}

static void set(char **at, const char *p, size_t n, bool adds)
{
	char *old = *at;

	*at = old && adds ? mem_printf("%s\n%.*s", old, (int)n, p) : mem_copy(p, n);
	free(old);
}

/* The value of "Name: value", or NULL. */
static const char *value_of(const char *line, size_t len, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t');)
		n++;
	while (len > n && isspace((unsigned char)line[len - 1]))
		len--;
	*ret_len = len - n;
	return line + n;
}

static size_t on_header(char *line, size_t one, size_t len, void *ctx)
{
	struct exchange *x = ctx;
	size_t n = 0;
	const char *v;

	(void)one;
	if (len > 5 &&
	    strncmp(line, "HTTP/", 5) == 0) { /* what came before was an interim answer */
		drop(&x->r->challenge);
		drop(&x->r->type);
		drop(&x->r->location);
	}
	if ((v = value_of(line, len, "WWW-Authenticate", &n)))
		set(&x->r->challenge, v, n, true);
	else if ((v = value_of(line, len, "Content-Type", &n)))
		set(&x->r->type, v, strcspn(v, ";\r\n ") < n ? strcspn(v, ";\r\n ") : n, false);
	else if ((v = value_of(line, len, "Location", &n)))
		set(&x->r->location, v, n, false);
	else if ((v = value_of(line, len, "Retry-After", &n)) && isdigit((unsigned char)*v))
		x->r->retry_after = (unsigned)strtoul(v, NULL, 10);
	return len;
}

static size_t to_caller(struct exchange *x, const char *p, size_t n)
{
	size_t skipped = x->skip < n ? (size_t)x->skip : n;

	x->skip -= skipped;
	if (n > skipped && x->q->body(x->q->body_ctx, p + skipped, n - skipped, x->err) < 0) {
		x->body_failed = true;
		return 0;
	}
	return n;
}

static size_t on_body(char *p, size_t one, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	long status = 0;

	(void)one;
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300 && x->q->body) {
		if (!x->r->status) { /* the first bytes */
			x->r->status = status;
			x->skip = status == 206 ? 0 : x->q->from;
		}
		return to_caller(x, p, n);
	}
	if (x->r->body.len + n > HTTP_TEXT_MAX) {
		x->body_failed = true;
		err_say(x->err, EFBIG, "an answer of more than %d bytes", HTTP_TEXT_MAX);
		return 0;
	}
	str_add_mem(&x->r->body, p, n);
	return n;
}

static size_t on_send(char *p, size_t one, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	uint64_t left = x->q->send_size - x->sent;
	size_t want = n * one < left ? n * one : (size_t)left;
	ssize_t r = (ssize_t)want;

	if (x->q->send_text)
		memcpy(p, x->q->send_text + x->sent, want);
	else
		r = pread(x->q->send_fd, p, want, (off_t)x->sent);
	if (r < 0)
		return CURL_READFUNC_ABORT;
	x->sent += (uint64_t)r;
	return (size_t)r;
}

/* To send the same again after a connection that was kept turned out to be closed. */
static int on_seek(void *ctx, curl_off_t at, int whence)
{
	struct exchange *x = ctx;

	if (whence != SEEK_SET || at < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	x->sent = (uint64_t)at;
	return CURL_SEEKFUNC_OK;
}

/* ---- one exchange -----------------------------------------------------------------------------*/

static void set_tls(CURL *curl, const struct http_tls *tls)
{
	if (!tls)
		return;
	if (tls->is_blind) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (tls->authorities) {
		char *text = mem_copy(tls->authorities, strlen(tls->authorities));
		struct curl_blob blob = {text, strlen(text), CURL_BLOB_COPY};
		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
		free(text);
	}
	if (tls->cert)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, tls->cert);
	if (tls->key)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, tls->key);
}

static void set_body(struct exchange *x)
{
	const struct http_request *q = x->q;
	bool is_get = !q->method || str_eq(q->method, "GET");

	if (q->method && str_eq(q->method, "HEAD"))
		curl_easy_setopt(x->curl, CURLOPT_NOBODY, 1L);
	else if (!is_get)
		curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (is_get || (q->send_fd < 0 && !q->send_text))
		return;
	curl_easy_setopt(x->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(x->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->send_size);
	curl_easy_setopt(x->curl, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(x->curl, CURLOPT_READDATA, x);
	curl_easy_setopt(x->curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(x->curl, CURLOPT_SEEKDATA, x);
}

static struct curl_slist *headers_of(const struct http_request *q, bool with_credentials)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; i < q->headers.n; i++)
		list = curl_slist_append(list, q->headers.v[i]);
	if (q->from) { /* not curl's own way: that takes an answer from the beginning for a failure */
		auto_free char *line =
			mem_printf("Range: bytes=%llu-", (unsigned long long)q->from);
		list = curl_slist_append(list, line);
	}
	if (q->authorization && with_credentials) {
		auto_free char *line = mem_printf("Authorization: %s", q->authorization);
		list = curl_slist_append(list, line);
	}
	return list;
}

static void set_options(struct exchange *x, const char *url, struct curl_slist *headers)
{
	CURL *c = x->curl;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "ctr/" CTR_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 128L << 10);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	set_tls(c, x->q->tls);
	set_body(x);
}

static int errno_of(CURLcode code)
{
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		return ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
		return EKEYREJECTED;
	default:
		return EIO;
	}
}

static bool may_go_on(CURLcode code)
{
	return code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE ||
	       code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
	       code == CURLE_OPERATION_TIMEDOUT || code == CURLE_HTTP2_STREAM ||
	       code == CURLE_HTTP2;
}

/* A location that names no host is on the one that was asked. */
static void complete(struct http_response *r, const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
	char *whole = mem_printf("%.*s%s", (int)n, url, r->location);

	free(r->location);
	r->location = whole;
}

static int exchange(struct exchange *x, const char *url, bool with_credentials)
{
	struct curl_slist *headers = headers_of(x->q, with_credentials);
	char *location = NULL;

	x->sent = 0;
	set_options(x, url, headers);
	CURLcode code = curl_easy_perform(x->curl);
	curl_slist_free_all(headers);
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->r->status);
	x->r->is_partial = x->r->status == 206;
	if (x->body_failed)
		return -x->err->num;
	if (code != CURLE_OK) {
		x->r->broke_off = may_go_on(code);
		return err_say(x->err, errno_of(code), "%s: %s", url, curl_easy_strerror(code));
	}
	if (x->r->status == 416 && x->q->from) /* there was no more */
		return 0;
	curl_easy_getinfo(x->curl, CURLINFO_REDIRECT_URL, &location);
	if (location)
		set(&x->r->location, location, strlen(location), false);
	else if (x->r->location && *x->r->location == '/')
		complete(x->r, url);
	return 0;
}

static bool is_redirect(const struct http_request *q, const struct http_response *r)
{
	bool reads = !q->method || str_eq(q->method, "GET") || str_eq(q->method, "HEAD");

	return reads && r->location &&
	       (r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 ||
		r->status == 308);
}

const char *http_authority(const char *url, struct arena *mem)
{
	bool is_tls = str_starts(url, "https://");

	if (!is_tls && !str_starts(url, "http://"))
		return NULL;
	const char *host = url + (is_tls ? 8 : 7);
	size_t n = strcspn(host, "/?#");
	if (memchr(host, '@', n) || memchr(host, '\\', n))
		return NULL;
	char *text = arena_copy(mem, host, n);
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	const char *port = is_tls ? ":443" : ":80";
	if (str_ends(text, port))
		text[strlen(text) - strlen(port)] = 0;
	return text;
}

static int follow(struct exchange *x, struct arena *mem, bool *trusted, const char **url)
{
	const char *to = arena_str(mem, x->r->location);
	const char *from = http_authority(*url, mem), *there = http_authority(to, mem);

	if (!there)
		return err_say(x->err, EPERM, "%s leads to %.100s: refused", *url, to);
	if (str_starts(*url, "https://") && !str_starts(to, "https://"))
		return err_say(x->err, EPERM, "%s leads to %.100s, which is not https: refused",
			       *url, to);
	*trusted = *trusted && from && str_eq(from, there);
	*url = to;
	return 0;
}

int http_do(struct http *h, const struct http_request *q, struct http_response *ret,
	    struct err *err)
{
	auto_(arena) struct arena mem = {0};
	bool trusted = true; /* the credentials are for whom was asked first */
	const char *url = q->url;
	int r = -ELOOP;

	for (int i = 0; i < REDIRECTS_MAX; i++) {
		struct exchange x = {.q = q, .r = ret, .err = err, .curl = take(h)};
		if (!x.curl)
			return err_set(err, ENOMEM, "prepare a request");
		http_response_clear(ret);
		r = exchange(&x, url, trusted);
		give_back(h, x.curl);
		if (r < 0 || !is_redirect(q, ret))
			return r;
		if ((r = follow(&x, &mem, &trusted, &url)) < 0)
			return r;
	}
	return err_say(err, ELOOP, "%s: too many redirections", q->url);
}
