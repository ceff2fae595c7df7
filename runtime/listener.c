/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/base/json.h"
#include "runtime/config/config.h"
#include "runtime/handoff.h"
#include "runtime/hooks.h"
#include "runtime/listener.h"
#include "runtime/state.h"

const char *listener_path(const struct config *cfg)
{
	const struct config_seccomp *s = cfg->linux_ ? cfg->linux_->seccomp : NULL;

	if (s && s->listener_path && *s->listener_path)
		return s->listener_path;
	return config_annotation(cfg, "run.oci.seccomp.receiver");
}

static void write_message(struct str *out, const struct state *s, pid_t pid, pid_t init)
{
	const struct hook_subject subject = hooks_subject(s);
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "ociVersion", s->oci_version);
	json_open(&o, "fds", '[');
	json_text(&o, NULL, "seccompFd");
	json_close(&o, ']');
	json_int(&o, "pid", pid);
	if (s->seccomp_metadata)
		json_text(&o, "metadata", s->seccomp_metadata);
	str_add(out, ",\"state\":");
	hooks_state(out, &subject, pid == init ? "creating" : "running", init);
	str_add_char(out, '}');
}

int listener_send(const struct state *s, int listener, pid_t pid, pid_t init, struct err *err)
{
	auto_(str) struct str text = {0};

	if (!s->seccomp_listener)
		return err_say(err, EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	write_message(&text, s, pid, init);
	int r = handoff_fd(s->seccomp_listener, listener, text.p, err);
	return r < 0 ? err_wrap(err, "linux.seccomp.listenerPath") : 0;
}
