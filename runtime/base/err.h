/* SPDX-License-Identifier: Apache-2.0 */
/* The error value: made where something fails, wrapped with context on the way up, printed by
 * cmd/ alone. It lives on the caller's stack and owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err {
	int num;          /* errno, positive; 0 is "no error" */
	int words;        /* the words for num belong behind msg */
	const char *code; /* a stable word for programs ("exec-not-found"); static, or NULL */
	char msg[500];    /* what was attempted, on what; cut, never overrun */
	char hint[200];   /* what to do about it; empty when there is nothing to add */
};

/* A call failed with errno `num` (negative values are accepted too): msg says what was attempted,
 * the words for num are added when the error is printed. Returns -num, never 0. */
int err_set(struct err *err, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, for a message that is complete by itself: no errno words are added. */
int err_say(struct err *err, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "fmt: " in front of the message. Returns -err->num. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the advice unless one is there already: the place nearest to the failure knows best. */
void err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What cannot be had, alone or together: the first row that applies becomes the error, "WHAT is not
 * possible", with its cure. */
struct err_conflict {
	bool is_wrong;
	const char *what, *cure;
};
int err_conflicts(const struct err_conflict *rows, size_t n, struct err *err);

/* Sets the stable word. `code` must be static. */
void err_code(struct err *err, const char *code);

/* The words for an errno value in lower case, as Go prints them: callers of OCI runtimes match
 * them case-sensitively ("permission denied", "no such file or directory"). Written to buf, which is returned. */
const char *err_words(int num, char *buf, size_t size);

/* The whole message, errno words included, into buf (always terminated). Returns buf. */
const char *err_text(const struct err *err, char *buf, size_t size);
