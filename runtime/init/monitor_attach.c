/* SPDX-License-Identifier: Apache-2.0 */
/* Those who look on and type: packets from and to the attach socket. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "runtime/init/monitor.h"

enum { PATIENCE_MS = 5000 };

static void hang_up(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

void attach_accept(struct monitor *m)
{
	int fd = accept4(m->spec.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].fd < 0) {
			m->clients[i] = (struct client){.fd = fd};
			return;
		}
	close(fd); /* as many as may be there already */
}

/* A reader who stands still holds up all others: for a while, not for ever. */
static void send_to(struct client *c, const struct monitor_packet_full *p, size_t n)
{
	size_t size = sizeof(p->head) + n;

	for (int i = 0; i < 2; i++) {
		if (send(c->fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
			return;
		struct pollfd room = {.fd = c->fd, .events = POLLOUT};
		if (errno != EAGAIN || poll(&room, 1, PATIENCE_MS) <= 0)
			break;
	}
	hang_up(c);
}

static void send_all(struct monitor *m, uint32_t wanted, size_t n)
{
	for (int i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];
		if (c->fd >= 0 && (!wanted || (c->wanted & wanted)))
			send_to(c, &m->packet, n);
	}
}

void attach_tell(struct monitor *m, uint32_t stream, const char *p, size_t n)
{
	bool is_wanted = false;

	for (int i = 0; i < MONITOR_CLIENTS; i++)
		is_wanted |= m->clients[i].fd >= 0 && (m->clients[i].wanted & stream);
	while (is_wanted && n) {
		size_t part = n < MONITOR_DATA ? n : MONITOR_DATA;
		m->packet.head.type = stream == STREAM_OUT ? PACKET_OUT : PACKET_ERR;
		m->packet.head.value = 0;
		memcpy(m->packet.data, p, part);
		send_all(m, stream, part);
		p += part;
		n -= part;
	}
}

void attach_end(struct monitor *m, uint32_t status)
{
	m->packet.head = (struct monitor_packet_head){PACKET_END, status};
	send_all(m, 0, 0);
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].fd >= 0)
			hang_up(&m->clients[i]);
}

static void close_in(struct monitor *m)
{
	if (m->spec.in >= 0 && !(m->spec.flags & MONITOR_TERMINAL))
		close(m->spec.in);
	m->spec.in = -1;
	m->n_in = 0;
}

void attach_feed(struct monitor *m)
{
	ssize_t n = write(m->spec.in, m->in, m->n_in);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) { /* nobody reads it any more */
		close_in(m);
		return;
	}
	m->n_in -= (size_t)n;
	memmove(m->in, m->in + n, m->n_in);
}

static void resize(const struct monitor *m, uint32_t value)
{
	struct winsize size = {
		.ws_row = (unsigned short)(value >> 16),
		.ws_col = (unsigned short)value,
	};

	if ((m->spec.flags & MONITOR_TERMINAL) && m->spec.out >= 0)
		ioctl(m->spec.out, TIOCSWINSZ, &size);
}

void attach_hear(struct monitor *m, int i)
{
	struct client *c = &m->clients[i];
	struct monitor_packet_full *p = &m->packet;
	ssize_t n = recv(c->fd, p, sizeof(*p), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < (ssize_t)sizeof(p->head)) {
		hang_up(c);
		return;
	}
	size_t size = (size_t)n - sizeof(p->head);
	switch (p->head.type) {
	case PACKET_ATTACH:
		c->wanted = p->head.value;
		break;
	case PACKET_IN: /* is only heard when there is room: see monitor.c */
		if (m->spec.in >= 0) {
			memcpy(m->in, p->data, size);
			m->n_in = size;
			attach_feed(m);
		}
		break;
	case PACKET_IN_END:
		if (m->spec.flags & MONITOR_IN_ONCE)
			close_in(m);
		break;
	case PACKET_SIZE:
		resize(m, p->head.value);
		break;
	default: /* of a later ctr's */
		break;
	}
}
