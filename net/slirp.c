/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "net/slirp.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"

enum { ANSWER_MAX = 4096 };

static void request(const struct wire_publish *p, unsigned i, struct str *ret)
{
	struct json_out o = {.s = ret};

	json_open(&o, NULL, '{');
	json_text(&o, "execute", "add_hostfwd");
	json_open(&o, "arguments", '{');
	json_text(&o, "proto", p->protocol);
	json_text(&o, "host_addr", p->address ? p->address : "0.0.0.0");
	json_uint(&o, "host_port", p->port + i);
	json_text(&o, "guest_addr", SLIRP_ADDRESS);
	json_uint(&o, "guest_port", p->to + i);
	json_close(&o, '}');
	json_close(&o, '}');
}

static int connect_to(int dir, struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	auto_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" SLIRP_SOCKET, dir);
	if (sock < 0 || connect(sock, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(err, errno, "talk to slirp4netns");
	return steal_fd(&sock);
}

/* One request for each connection. */
static int ask(int dir, const struct wire_publish *p, unsigned i, struct err *err)
{
	auto_(str) struct str text = {0}, answer = {0};
	auto_fd int sock = connect_to(dir, err);

	if (sock < 0)
		return sock;
	request(p, i, &text);
	int r = fd_write_all(sock, text.p, text.len);
	if (r == 0)
		r = fd_read_all(sock, ANSWER_MAX, &answer);
	if (r < 0)
		return err_set(err, r, "talk to slirp4netns");
	if (answer.p && strstr(answer.p, "\"return\""))
		return 0;
	return err_say(err, EADDRINUSE, "publish port %u: slirp4netns refuses: %.200s", p->port + i,
		       answer.p ? answer.p : "no answer");
}

int slirp_publish(int dir, const struct wire_end *e, struct err *err)
{
	for (size_t i = 0; i < e->n_publish; i++) {
		const struct wire_publish *p = &e->publish[i];
		for (unsigned k = 0; k < (p->has_count ? p->count : 1U); k++)
			if (ask(dir, p, k, err) < 0)
				return -err->num;
	}
	return 0;
}
