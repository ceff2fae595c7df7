/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "runtime/attach.h"
#include "runtime/base/chan.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"
#include "runtime/container.h"
#include "runtime/supervise.h"
#include "runtime/tty.h"

/* One who is attached. */
struct attached {
	const struct attach_opts *o;
	int sock, pidfd, signals;
	int in;        /* standard input, or -1 from its end on */
	size_t n_keys; /* of the leaving keys that were typed so far */
	bool is_leaving, has_ended;
	int status;
	size_t out; /* bytes of `packet` that the monitor has not taken yet, head included */
	struct monitor_packet_full packet;
};

int attach_connect(const struct container *c, struct err *err)
{
	int sock = chan_connect(c->dir_fd, MONITOR_SOCKET);

	if (sock >= 0)
		return sock;
	if (sock == -ENOENT || sock == -ECONNREFUSED)
		return err_say(err, ESRCH,
			       "it has no monitor: it is not running, or was not started with -d");
	return err_set(err, sock, "connect to %s/%s", c->dir, MONITOR_SOCKET);
}

/* ---- to the monitor -------------------------------------------------------------------------- */

/* Never waits for the monitor, which may be waiting for us to read. */
static int push(struct attached *a, struct err *err)
{
	if (!a->out)
		return 0;
	if (send(a->sock, &a->packet, a->out, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		a->out = 0;
	else if (errno != EAGAIN && errno != EINTR && errno != EPIPE && errno != ECONNRESET)
		return err_set(err, errno, "speak to the monitor");
	return 0;
}

static int say(struct attached *a, uint32_t type, uint32_t value, struct err *err)
{
	struct monitor_packet_head head = {type, value};
	ssize_t n = send(a->sock, &head, sizeof(head), MSG_NOSIGNAL);

	return n < 0 && errno != EPIPE && errno != ECONNRESET
		       ? err_set(err, errno, "speak to the monitor")
		       : 0;
}

/* Adds a byte to the packet. The keys that leave are held back until it is clear that they aren't. */
static void add_byte(struct attached *a, char c)
{
	const struct attach_opts *o = a->o;

	if (o->n_keys && c == o->keys[a->n_keys]) {
		a->is_leaving = ++a->n_keys == o->n_keys;
		return;
	}
	for (size_t i = 0; i < a->n_keys; i++)
		a->packet.data[a->out++] = o->keys[i];
	a->n_keys = o->n_keys && c == o->keys[0];
	if (!a->n_keys)
		a->packet.data[a->out++] = c;
}

static int take_input(struct attached *a, struct err *err)
{
	char buf[MONITOR_DATA - ATTACH_KEYS_MAX];
	ssize_t n = read(a->in, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		a->in = -1;
		return say(a, PACKET_IN_END, 0, err);
	}
	for (ssize_t i = 0; i < n && !a->is_leaving; i++)
		add_byte(a, buf[i]);
	if (!a->out)
		return 0;
	a->packet.head = (struct monitor_packet_head){.type = PACKET_IN};
	a->out += sizeof(a->packet.head);
	return push(a, err);
}

static int take_signals(struct attached *a, struct err *err)
{
	struct signalfd_siginfo info;
	int r = 0;

	while (r == 0 && read(a->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && a->o->is_terminal)
			r = say(a, PACKET_SIZE, tty_size(), err);
		else if (a->pidfd >= 0 && a->o->passes_signals)
			sys_pidfd_send_signal(a->pidfd, (int)info.ssi_signo);
	}
	return r;
}

/* ---- from it ---------------------------------------------------------------------------------- */

/* Before the monitor knows what is wanted it sends everything. */
static int pass_on(const struct attached *a, const struct monitor_packet_full *p, size_t n,
		   struct err *err)
{
	bool is_out = p->head.type == PACKET_OUT;
	int to = is_out ? STDOUT_FILENO : STDERR_FILENO;

	if (!(a->o->streams & (is_out ? STREAM_OUT : STREAM_ERR)))
		return 0;
	int r = fd_write_all(to, p->data, n);
	return r < 0 ? err_set(err, r, "write what the container says") : 0;
}

static int take_packet(struct attached *a, struct err *err)
{
	struct monitor_packet_full p;
	ssize_t n = recv(a->sock, &p, sizeof(p), MSG_DONTWAIT);

	/* A monitor that ends with something of ours unread: the kernel says "reset" once, and then
	 * gives what it has sent before. */
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return 0;
	if (n < (ssize_t)sizeof(p.head))
		return err_say(err, EPIPE,
			       "the monitor hung up: it was killed, or what it says was not read");
	if (p.head.type == PACKET_OUT || p.head.type == PACKET_ERR)
		return pass_on(a, &p, (size_t)n - sizeof(p.head), err);
	if (p.head.type == PACKET_END) {
		a->has_ended = true;
		a->status = (int)p.head.value;
	}
	return 0;
}

static int turn(struct attached *a, struct err *err)
{
	struct pollfd p[] = {
		{.fd = a->sock, .events = (short)(POLLIN | (a->out ? POLLOUT : 0))},
		{.fd = a->out ? -1 : a->in, .events = POLLIN},
		{.fd = a->signals, .events = POLLIN},
	};
	int r = poll(p, 3, -1);

	if (r < 0)
		return errno == EINTR ? 0 : err_set(err, errno, "wait for the container");
	if (p[0].revents & POLLOUT)
		r = push(a, err);
	if (r >= 0 && (p[0].revents & ~POLLOUT))
		r = take_packet(a, err);
	if (r >= 0 && p[1].revents)
		r = take_input(a, err);
	if (r >= 0 && p[2].revents)
		r = take_signals(a, err);
	return r;
}

int attach_run(int sock, int pidfd, const struct attach_opts *o, int *ret_status, struct err *err)
{
	auto_(raw_mode) struct raw_mode mode = {0};
	struct attached a = {
		.o = o,
		.sock = sock,
		.pidfd = pidfd,
		.signals = -1,
		.in = o->has_input ? STDIN_FILENO : -1,
	};
	auto_fd int signals = -1;

	if (o->passes_signals || o->is_terminal) {
		signals = supervise_signals(err);
		if (signals < 0)
			return signals;
		a.signals = signals;
	}
	int r = say(&a, PACKET_ATTACH, o->streams, err);
	if (r == 0 && o->is_terminal && tty_size())
		r = say(&a, PACKET_SIZE, tty_size(), err);
	if (o->is_terminal && o->has_input)
		raw_mode_set(&mode);
	while (r >= 0 && !a.has_ended && !a.is_leaving)
		r = turn(&a, err);
	if (r < 0)
		return r;
	*ret_status = a.status;
	return a.has_ended ? ATTACH_ENDED : ATTACH_LEFT;
}

int attach_keys(const char *text, char ret[ATTACH_KEYS_MAX], struct err *err)
{
	static const char after[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
	int n = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		const char *ctrl =
			len == 6 && str_starts(text, "ctrl-") ? strchr(after, text[5]) : NULL;
		if (n == ATTACH_KEYS_MAX || (len != 1 && !ctrl))
			return err_say(
				err, EINVAL,
				"--detach-keys: expected keys such as ctrl-p,ctrl-q, got \"%.40s\"",
				text);
		ret[n++] = ctrl ? (char)(ctrl - after) : *text;
		text += len + (text[len] == ',');
	}
	return n;
}
